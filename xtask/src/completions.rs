//! Completions for bash, zsh and fish, made from what `--help` says.

/// An option as the help tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    /// `-x`, `--long`, and the spelling of the original program.
    pub names: Vec<String>,
    /// It takes a value.
    pub takes: bool,
    /// The values it takes, where they are few.
    pub values: Vec<String>,
    /// What it does.
    pub what: String,
}

/// The options and subcommands of a help text.
pub(crate) fn read(help: &str) -> Vec<Choice> {
    let mut found: Vec<Choice> = Vec::new();
    let mut commands = false;
    for line in help.lines() {
        let text = line.trim_start();
        let indent = line.len() - text.len();
        if indent == 0 {
            commands = line == "Commands:";
        } else if text.starts_with('-') && indent <= 6 {
            found.push(option(text));
        } else if commands && indent == 2 {
            let (name, what) = text.split_once("  ").unwrap_or((text, ""));
            found.push(Choice {
                names: vec![name.to_owned()],
                what: what.trim().to_owned(),
                ..Choice::default()
            });
        } else if let Some(last) = found.last_mut()
            && last.what.is_empty()
        {
            // The long form of help has the text on a line of its own.
            last.what = text.to_owned();
        }
    }
    found
}

/// `-n, --numeric <VALUE>  text [possible values: a, b]`
fn option(line: &str) -> Choice {
    let (head, text) = line.split_once("  ").unwrap_or((line, ""));
    let text = text.trim();
    let mut choice = Choice {
        what: text.to_owned(),
        ..Choice::default()
    };
    for word in head.split([' ', ',']).filter(|word| !word.is_empty()) {
        let (name, value) = word.split_once(['=', '[']).unwrap_or((word, ""));
        if name.starts_with('-') {
            choice.names.push(name.trim_end_matches('.').to_owned());
            choice.takes |= !value.is_empty();
        } else {
            choice.takes = true;
        }
    }
    // The spelling of the program it stands in for: `-sT: full connections`.
    if let Some((word, rest)) = text.split_once(": ")
        && is_spelling(word)
    {
        choice.names.push(word.to_owned());
        choice.what = rest.to_owned();
    }
    if let Some((_, list)) = text.split_once("[possible values: ") {
        let list = list.split(']').next().unwrap_or_default();
        choice.values = list.split(", ").map(str::to_owned).collect();
    }
    choice
}

fn is_spelling(word: &str) -> bool {
    let letters = word.strip_prefix('-').unwrap_or_default();
    (1..=2).contains(&letters.len()) && letters.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// For bash: words where a word is typed, files after an option that takes a value.
pub(crate) fn bash(program: &str, choices: &[Choice]) -> String {
    let words: Vec<&str> = names(choices).collect();
    let mut cases = String::new();
    for choice in choices.iter().filter(|one| one.takes) {
        let values = if choice.values.is_empty() {
            "compgen -f -- \"$word\"".to_owned()
        } else {
            format!("compgen -W '{}' -- \"$word\"", choice.values.join(" "))
        };
        cases.push_str(&format!(
            "        {}) mapfile -t COMPREPLY < <({values}); return ;;\n",
            choice.names.join("|")
        ));
    }
    format!(
        "_concord_{program}() {{\n    local word=${{COMP_WORDS[COMP_CWORD]}}\n    \
         case ${{COMP_WORDS[COMP_CWORD-1]}} in\n{cases}        *) ;;\n    esac\n    \
         mapfile -t COMPREPLY < <(compgen -W '{}' -- \"$word\")\n}}\n\
         complete -o default -F _concord_{program} {program}\n",
        words.join(" ")
    )
}

/// For zsh: the form of `_arguments`.
pub(crate) fn zsh(program: &str, choices: &[Choice]) -> String {
    let mut text = format!("#compdef {program}\n_arguments -s -S \\\n");
    for choice in choices {
        let what = quoted(&choice.what).replace('[', "(").replace(']', ")");
        let what = what.replace(':', "\\:");
        let value = match (choice.takes, choice.values.is_empty()) {
            (false, _) => String::new(),
            (true, true) => ":value:_default".to_owned(),
            (true, false) => format!(":value:({})", choice.values.join(" ")),
        };
        for name in choice.names.iter().filter(|name| name.starts_with('-')) {
            text.push_str(&format!("    '{name}[{what}]{value}' \\\n"));
        }
    }
    let commands: Vec<&str> = names(choices)
        .filter(|name| !name.starts_with('-'))
        .collect();
    let rest = match commands.as_slice() {
        [] => "    '*:argument:_default'\n".to_owned(),
        some => format!(
            "    '1:command:({})' '*:argument:_default'\n",
            some.join(" ")
        ),
    };
    text + &rest
}

/// For fish: a line an option.
pub(crate) fn fish(program: &str, choices: &[Choice]) -> String {
    let mut text = String::new();
    for choice in choices {
        text.push_str(&format!("complete -c {program}"));
        for name in &choice.names {
            text.push_str(&match (name.strip_prefix("--"), name.strip_prefix('-')) {
                (Some(long), _) => format!(" -l {long}"),
                (None, Some(short)) if short.len() == 1 => format!(" -s {short}"),
                (None, Some(old)) => format!(" -o {old}"),
                (None, None) => format!(" -n __fish_use_subcommand -a {name}"),
            });
        }
        if choice.takes {
            text.push_str(" -r");
        }
        if !choice.values.is_empty() {
            text.push_str(&format!(" -f -a '{}'", choice.values.join(" ")));
        }
        text.push_str(&format!(" -d '{}'\n", quoted(&choice.what)));
    }
    text
}

fn names(choices: &[Choice]) -> impl Iterator<Item = &str> {
    choices
        .iter()
        .flat_map(|one| one.names.iter().map(String::as_str))
}

/// Text that may stand between single quotes in any of the three.
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "’")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::process::{Command, Stdio};

    const HELP: &str = "\
Scan ports

Usage: probe [OPTIONS] [TARGET]...

Commands:
  verify  Hold a case against its sums

Arguments:
  [TARGET]...  Addresses

Options:
      --connect        -sT: full connections
  -p, --ports <PORTS>  the target's ports
      --style <S>      The words [default: modern] [possible values: modern, 2005]
      --verify-media[=<DIR>]  A medium
      --verbose...
          tell more
  -h, --help           Print help
";

    #[test]
    fn the_help_is_read() {
        let choices = read(HELP);
        let names: Vec<String> = choices.iter().map(|one| one.names.join(" ")).collect();
        let all = [
            "verify",
            "--connect -sT",
            "-p --ports",
            "--style",
            "--verify-media",
            "--verbose",
            "-h --help",
        ];
        assert_eq!(names, all);
        let takes: Vec<bool> = choices.iter().map(|one| one.takes).collect();
        assert_eq!(takes, [false, false, true, true, true, false, false]);
        assert_eq!(choices[3].values, ["modern", "2005"]);
        assert_eq!(choices[5].what, "tell more");
        assert_eq!(choices[1].what, "full connections");
    }

    #[test]
    fn bash_takes_what_is_written_and_completes_with_it() {
        let script = bash("probe", &read(HELP));
        let ask = "COMP_WORDS=(probe --style 20) COMP_CWORD=2; _concord_probe; echo \"${COMPREPLY[@]}\"\n\
                   COMP_WORDS=(probe --ver) COMP_CWORD=1; _concord_probe; echo \"${COMPREPLY[@]}\"\n";
        let mut shell = Command::new("bash")
            .arg("-s")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut typed = shell.stdin.take().unwrap();
        typed.write_all((script + ask).as_bytes()).unwrap();
        drop(typed);
        let told = shell.wait_with_output().unwrap();
        let told = String::from_utf8(told.stdout).unwrap();
        assert_eq!(told, "2005\n--verify-media --verbose\n");
    }

    #[test]
    fn zsh_and_fish_name_every_option_and_quote_what_they_say() {
        let choices = read(HELP);
        let (zsh, fish) = (zsh("probe", &choices), fish("probe", &choices));
        assert!(
            zsh.contains("'--style[The words (default\\: modern)"),
            "{zsh}"
        );
        assert!(zsh.contains(":value:(modern 2005)'"), "{zsh}");
        assert!(fish.contains("complete -c probe -s p -l ports -r -d 'the target’s ports'"));
        assert!(
            fish.contains("-n __fish_use_subcommand -a verify"),
            "{fish}"
        );
        assert!(fish.contains("-l connect -o sT"), "{fish}");
        let quotes = |text: &str| text.matches('\'').count() % 2;
        assert_eq!((quotes(&zsh), quotes(&fish)), (0, 0));
    }
}
