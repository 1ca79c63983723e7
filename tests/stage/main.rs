//! Sets up namespaces and harmless doubles of what the programs must find.
//!
//! `stage hold [hostpids]` makes the namespaces and starts doubles as its standard input asks, a JSON
//! [`e2e::Spec`] a line; the end of its input is the end of all of it. `stage enter PID …`
//! runs a program in the namespaces of a stage. `stage double WORDS` is what `hold` starts:
//! it makes what the words say, tells in one line of JSON what that was, and waits.
#![deny(unsafe_code)]

mod doubles;
mod enter;
mod keeper;
mod namespaces;
mod sys;

use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    // The first word is whatever a double shall be called, and need not be text.
    let args = std::env::args_os().skip(1);
    let mut words: Vec<String> = args.filter_map(|word| word.into_string().ok()).collect();
    let role = if words.is_empty() {
        String::new()
    } else {
        words.remove(0)
    };
    let outcome = sys::close_inherited().and_then(|()| match role.as_str() {
        "hold" => keeper::hold(words.iter().any(|word| word == "hostpids")),
        "enter" => enter::enter(&words),
        "double" => doubles::double(&words),
        other => Err(io::Error::other(format!("no such role: {other:?}"))),
    });
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(why) => {
            // Nowhere else to say it.
            let _ = writeln!(io::stderr(), "stage {role} {}: {why}", words.join(" "));
            ExitCode::from(125)
        }
    }
}
