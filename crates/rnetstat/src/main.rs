//! rnetstat: the kernel's socket tables, as netstat shows them.
#![forbid(unsafe_code)]

mod columns;
mod exact;
mod facts;
mod guarded;
mod listing;
mod options;
mod owners;
mod query;
mod solaris;
mod sources;

use cli::{Error, Exit};
use listing::{Asked, Outcome};
use model::{Gaps, Source};
use options::Options;
use query::Query;
use std::io::Write;
use std::process::ExitCode;
use sysroot::Sysroot;

fn main() -> ExitCode {
    cli::main("rnetstat", |argv, out| {
        if solaris::speaks(&argv) {
            return solaris::run(&argv, out);
        }
        let options = cli::parse::<Options>(&argv)?;
        let query = Query::new(&options)?;
        if query.columns.iter().any(|key| key == "help") {
            return Err(Error::Said(columns::help()));
        }
        let root = options.common.root()?;
        let mut round = 0;
        loop {
            round += 1;
            let outcome = answer(&root, &query, &options, out)?;
            if !outcome.missing.is_empty() {
                let names = outcome.missing.join(", ");
                let who = match query.via {
                    Some(Source::Procfs | Source::PrivateProcfs) => "procfs",
                    _ => "this kernel",
                };
                cli::note("rnetstat", &format!("{who} has no tables of: {names}"));
            }
            out.flush()?;
            options.common.finish("rnetstat", &root, &outcome.gaps)?;
            if query.rounds == Some(round) {
                return Ok(outcome.exit);
            }
            std::thread::sleep(query.pause);
        }
    })
}

/// One round.
fn answer(
    root: &Sysroot,
    query: &Query,
    options: &Options,
    out: &mut dyn Write,
) -> Result<Outcome, Error> {
    if !options.exact.is_empty() {
        return exact::answer(root, &options.exact, out);
    }
    if query.via == Some(Source::NetlinkRead) {
        return guarded::answer(root, query, options, out);
    }
    let mut gaps = Gaps::new();
    let private =
        (query.via == Some(Source::PrivateProcfs)).then(|| host::read::private::private(root));
    let root = match &private {
        None => root,
        Some(Ok(private)) => &private.root,
        Some(Err(gap)) => {
            let gaps = vec![gap.clone()];
            if options.common.json {
                cli::Answer::begin(out, "rnetstat", query.via)?
                    .end(&gaps, model::Coverage::default())?;
            }
            return Ok(Outcome {
                exit: Exit::Blind,
                gaps,
                missing: Vec::new(),
            });
        }
    };
    let others = if query.all_netns {
        let (others, mut more) = host::read::netns::namespaces(root);
        gaps.append(&mut more);
        others
    } else {
        Vec::new()
    };
    let asked = Asked {
        root,
        query,
        others: &others,
        gaps,
    };
    if options.common.json {
        listing::json(asked, out)
    } else {
        listing::tables(asked, out)
    }
}
