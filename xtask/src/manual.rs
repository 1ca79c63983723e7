//! Turns a manual in Markdown into a man page and into plain text. It knows the Markdown
//! our manuals use: headings, paragraphs, lists, definitions, code and tables.

/// A piece of a manual.
#[derive(Debug, PartialEq, Eq)]
enum Block {
    /// A heading and its depth.
    Heading(usize, String),
    /// Text that flows.
    Paragraph(String),
    /// An item of a list.
    Item(String),
    /// A term, as an option is.
    Term(String),
    /// What a term means.
    Meaning(String),
    /// Lines that stay as they are: code and tables.
    Verbatim(Vec<String>),
}

/// A manual with every option in short at its end, in the very words of `--help`.
pub(crate) fn with_options(manual: &str, help: &str) -> String {
    let mut text = format!(
        "{}\n\n## Every option, as --help tells it\n",
        manual.trim_end()
    );
    let (mut within, mut open) = (false, false);
    for line in help.lines() {
        let words = line.trim();
        let indent = line.len() - line.trim_start().len();
        if indent == 0 && !words.is_empty() {
            within = words == "Options:";
        } else if within && words.starts_with('-') && indent <= 6 {
            let (names, meaning) = words.split_once("  ").unwrap_or((words, ""));
            text.push_str(&format!("\n`{}`\n", names.trim_end_matches('.')));
            open = meaning.is_empty();
            if !open {
                text.push_str(&format!(": {}\n", meaning.trim()));
            }
        } else if within && !words.is_empty() {
            // The first line tells the meaning, the others flow on: values, what is the default.
            text.push_str(if open { ": " } else { "  " });
            text.push_str(&format!("{}\n", words.trim_start_matches("- ")));
            open = false;
        }
    }
    text
}

/// The man page, in the macros of man(7).
pub(crate) fn roff(manual: &str, program: &str, version: &str) -> String {
    let name = program.to_uppercase();
    let mut page = format!(".TH {name} 8 \"\" \"concord {version}\" \"concord\"\n");
    for block in blocks(manual) {
        match block {
            // The title stands in the head already.
            Block::Heading(1, _) => {}
            Block::Heading(2, text) => push(&mut page, ".SH ", &text.to_uppercase()),
            Block::Heading(_, text) => push(&mut page, ".SS ", &text),
            Block::Paragraph(text) => {
                page.push_str(".PP\n");
                push(&mut page, "", &text);
            }
            Block::Item(text) => {
                page.push_str(".IP \\(bu 2\n");
                push(&mut page, "", &text);
            }
            Block::Term(text) => {
                page.push_str(".TP\n");
                push(&mut page, "", &text);
            }
            Block::Meaning(text) => push(&mut page, "", &text),
            Block::Verbatim(lines) => {
                page.push_str(".PP\n.nf\n");
                for line in lines {
                    page.push_str(&guarded(&escaped(&line)));
                    page.push('\n');
                }
                page.push_str(".fi\n");
            }
        }
    }
    page
}

/// The manual as text for a terminal without man.
pub(crate) fn plain(manual: &str) -> String {
    let mut page = String::new();
    for block in blocks(manual) {
        let (indent, hang, text) = match block {
            Block::Heading(depth, text) => (depth.min(3).saturating_sub(2), 0, text.to_uppercase()),
            Block::Paragraph(text) => (4, 0, text),
            Block::Item(text) => (4, 2, format!("- {text}")),
            Block::Term(text) => (4, 0, text),
            Block::Meaning(text) => (8, 0, text),
            Block::Verbatim(lines) => {
                for line in lines {
                    page.push_str(&format!("    {line}\n"));
                }
                page.push('\n');
                continue;
            }
        };
        page.push_str(&wrapped(&unmarked(&text), indent, hang));
        page.push('\n');
    }
    page
}

fn blocks(manual: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut lines = manual.lines();
    // Whether the last block ended with an empty line.
    let mut closed = true;
    while let Some(line) = lines.next() {
        let text = line.trim();
        let opening = closed;
        closed = false;
        if text.starts_with("```") {
            let code = lines
                .by_ref()
                .take_while(|line| !line.trim_start().starts_with("```"));
            found.push(Block::Verbatim(code.map(str::to_owned).collect()));
            closed = true;
        } else if text.is_empty() {
            closed = true;
        } else if let Some(code) = indented(line, opening, found.last()) {
            match found.last_mut() {
                Some(Block::Verbatim(rows)) if !opening => rows.push(code.into()),
                _ => found.push(Block::Verbatim(vec![code.into()])),
            }
        } else if text.starts_with('#') {
            let depth = text.bytes().take_while(|byte| *byte == b'#').count();
            found.push(Block::Heading(depth, text[depth..].trim().into()));
            closed = true;
        } else if text.starts_with('|') {
            match found.last_mut() {
                Some(Block::Verbatim(rows)) if !opening => rows.push(text.into()),
                _ => found.push(Block::Verbatim(vec![text.into()])),
            }
        } else if let Some(meaning) = text.strip_prefix(": ") {
            found.push(Block::Meaning(meaning.trim().into()));
        } else if let Some(item) = text.strip_prefix("* ").or(text.strip_prefix("- ")) {
            found.push(Block::Item(item.into()));
        } else if !opening && let Some(open) = found.last_mut().and_then(flowing) {
            open.push(' ');
            open.push_str(text);
        } else if is_term(text) {
            found.push(Block::Term(text.into()));
        } else if line.starts_with("  ") && matches!(found.last(), Some(Block::Term(_))) {
            found.push(Block::Meaning(text.into()));
        } else {
            found.push(Block::Paragraph(text.into()));
        }
    }
    found
}

/// A line of code, without the four columns that make it one. What follows a term or
/// continues a paragraph is none, however far in it stands.
fn indented<'a>(line: &'a str, opening: bool, last: Option<&Block>) -> Option<&'a str> {
    let follows = match last {
        Some(Block::Term(_)) => false,
        Some(Block::Verbatim(_)) => true,
        _ => opening,
    };
    line.strip_prefix("    ").filter(|_| follows)
}

/// The text of a block that the next line may continue.
fn flowing(block: &mut Block) -> Option<&mut String> {
    match block {
        Block::Paragraph(text) | Block::Item(text) | Block::Meaning(text) => Some(text),
        Block::Heading(..) | Block::Term(_) | Block::Verbatim(_) => None,
    }
}

/// A line that begins with an option in bold or in code, and is no sentence.
fn is_term(text: &str) -> bool {
    let bare = text.trim_start_matches(['*', '`']);
    bare.len() < text.len() && bare.starts_with(['-', '+']) && !text.ends_with('.')
}

/// A line of text in roff, after its macro.
fn push(page: &mut String, macro_: &str, text: &str) {
    let text = marked(&escaped(text));
    page.push_str(macro_);
    page.push_str(&if macro_.is_empty() {
        guarded(&text)
    } else {
        text
    });
    page.push('\n');
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-")
}

/// A line that would be taken for a macro is not.
fn guarded(text: &str) -> String {
    if text.starts_with(['.', '\'']) {
        return format!("\\&{text}");
    }
    text.to_owned()
}

/// Bold and code in bold type, emphasis in italics.
fn marked(text: &str) -> String {
    let text = toggled(text, "**", "\\fB");
    let text = toggled(&text, "`", "\\fB");
    toggled(&text, "*", "\\fI")
}

fn unmarked(text: &str) -> String {
    text.replace("**", "").replace('`', "")
}

/// Every other `mark` starts `font`, the ones between end it. A mark alone stays.
fn toggled(text: &str, mark: &str, font: &str) -> String {
    let count = text.matches(mark).count() / 2 * 2;
    let mut out = String::new();
    for (index, piece) in text.splitn(count + 1, mark).enumerate() {
        match (index, index % 2) {
            (0, _) => {}
            (_, 1) => out.push_str(font),
            _ => out.push_str("\\fR"),
        }
        out.push_str(piece);
    }
    out
}

/// Words in lines of at most 79 columns.
fn wrapped(text: &str, indent: usize, hang: usize) -> String {
    let mut page = String::new();
    let mut line = " ".repeat(indent);
    let mut empty = true;
    for word in text.split_whitespace() {
        if !empty && line.chars().count() + 1 + word.chars().count() > 79 {
            page.push_str(&line);
            page.push('\n');
            line = " ".repeat(indent + hang);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    page.push_str(&line);
    page.push('\n');
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANUAL: &str = "# rx(8)\n\n## Options\n\n**-a**, **--all**\n: show *all* of `it`,\n  \
        and more\n\n* one\n* two\n\n```\n.code -x\n```\n\n.start\n";

    #[test]
    fn each_block_has_its_macro() {
        let page = roff(MANUAL, "rx", "1.0");
        let expected = ".TH RX 8 \"\" \"concord 1.0\" \"concord\"\n.SH OPTIONS\n.TP\n\
            \\fB\\-a\\fR, \\fB\\-\\-all\\fR\nshow \\fIall\\fR of \\fBit\\fR, and more\n\
            .IP \\(bu 2\none\n.IP \\(bu 2\ntwo\n.PP\n.nf\n\\&.code \\-x\n.fi\n.PP\n\\&.start\n";
        assert_eq!(page, expected);
    }

    #[test]
    fn plain_text_is_wrapped_and_without_marks() {
        let page = plain(MANUAL);
        assert!(page.contains("OPTIONS\n"), "{page}");
        assert!(
            page.contains("    -a, --all\n\n        show *all* of it, and more\n"),
            "{page}"
        );
        let long = plain(&"word ".repeat(40));
        assert!(long.lines().all(|line| line.len() <= 79));
    }

    #[test]
    fn every_option_is_told_in_the_words_of_the_help() {
        let help = "About\n\nUsage: rx [OPTIONS]\n\nOptions:\n  -a, --all\n          Show all\n\n      \
            --via <SOURCE>\n          Ask one\n\n          Possible values:\n          - x: The first\n\n      \
            --short <N>  How short [default: 3]\n";
        let page = with_options("# rx(8)\n\nText.\n", help);
        let expected = "\n## Every option, as --help tells it\n\n`-a, --all`\n: Show all\n\n`--via <SOURCE>`\n\
            : Ask one\n  Possible values:\n  x: The first\n\n`--short <N>`\n: How short [default: 3]\n";
        assert!(page.ends_with(expected), "{page}");
        let roff = roff(&page, "rx", "1");
        assert!(
            roff.contains(
                ".TP\n\\fB\\-\\-via <SOURCE>\\fR\nAsk one Possible values: x: The first\n"
            ),
            "{roff}"
        );
    }

    #[test]
    fn indented_lines_are_code() {
        let page = roff("Text\n    flows.\n\n    a -b\n      c\n\nMore.\n", "x", "1");
        let body = ".PP\nText flows.\n.PP\n.nf\na \\-b\n  c\n.fi\n.PP\nMore.\n";
        assert!(page.ends_with(body), "{page}");
    }

    #[test]
    fn a_mark_without_a_partner_stays() {
        assert_eq!(toggled("a*b", "*", "\\fI"), "a*b");
        assert_eq!(toggled("*a* b*c", "*", "\\fI"), "\\fIa\\fR b*c");
    }
}
