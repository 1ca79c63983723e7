//! `seeds DIR`: writes the seeds of every target into a directory of its name, for a fuzzer.
#![expect(clippy::print_stderr, reason = "a chore's tool speaks to a developer")]

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(dir) = std::env::args_os().nth(1) else {
        eprintln!("seeds: name a directory");
        return ExitCode::from(2);
    };
    match write(Path::new(&dir)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("seeds: {why}");
            ExitCode::from(2)
        }
    }
}

fn write(dir: &Path) -> std::io::Result<()> {
    for (target, inputs) in foreign::seeds::gather()? {
        let dir = dir.join(target);
        std::fs::create_dir_all(&dir)?;
        for (index, bytes) in inputs.iter().enumerate() {
            std::fs::write(dir.join(format!("seed-{index}")), bytes)?;
        }
    }
    Ok(())
}
