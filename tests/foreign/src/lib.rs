//! One function for each parser of foreign bytes: it takes any bytes, and fails where the
//! parser panics or breaks what it promises (rows and gaps are the lines; what is printed is
//! read back the same; chunks change nothing).
//!
//! Three drivers share them: the fuzzer (`fuzz/`), the replay of every fixture with damage
//! (`tests/replay.rs`), and that replay on a big-endian machine.
#![forbid(unsafe_code)]
#![expect(
    clippy::unwrap_used,
    reason = "what does not hold must end the run that shows it"
)]

mod files;
mod linux_binary;
mod linux_text;
mod network;
mod others;
pub mod parsers;
mod programs;
mod recording;
pub mod seeds;
mod solaris_records;
mod typed;

/// A parser under question, by the name of its fuzz target.
pub type Target = (&'static str, fn(&[u8]));

/// Every target. The first bytes of an input choose family, byte order or layout.
pub const TARGETS: &[Target] = &[
    ("argv", others::argv),
    ("argv_rfuser", typed::rfuser),
    ("argv_rlsof", typed::rlsof),
    ("argv_rnetstat", typed::rnetstat),
    ("argv_rnmap", typed::rnmap),
    ("bpf", linux_binary::bpf),
    ("case_json", files::facts),
    ("case_lines", others::lines),
    ("case_sealed", files::sealed),
    ("case_tar", files::tape),
    ("dirent", solaris_records::dirent),
    ("dns", network::answer),
    ("fdinfo", linux_text::fdinfo),
    ("getdents", linux_binary::getdents),
    ("kstat", solaris_records::kstat),
    ("listing", files::listing),
    ("maps", linux_text::maps),
    ("mib2", solaris_records::mib2),
    ("mnttab", solaris_records::mnttab),
    ("mountinfo", linux_text::mountinfo),
    ("nft", linux_binary::nft),
    ("nmap", others::nmap),
    ("packets", others::packets),
    ("prfdinfo", solaris_records::prfdinfo),
    ("prmap", solaris_records::prmap),
    ("proc_counters", linux_text::counters),
    ("proc_net", linux_text::tables),
    ("proc_pid", linux_text::process),
    ("psinfo", solaris_records::psinfo),
    ("record_json", others::record),
    ("recording", recording::recording),
    ("resume", files::earlier),
    ("rtnetlink", linux_binary::rtnetlink),
    ("service", network::service),
    ("sock_diag", linux_binary::sock_diag),
    ("statmount", linux_binary::statmount),
    ("sums", files::sums),
    ("unix_list", solaris_records::unix_list),
    ("utsname", solaris_records::utsname),
    ("utssys", solaris_records::utssys),
    ("xtables", linux_binary::xtables),
];

/// Runs the target of this name.
///
/// # Panics
/// There is none of this name, or the parser fails.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|target| target.0 == name).unwrap();
    (target.1)(bytes);
}

/// The first byte, and what is behind it.
fn choice(bytes: &[u8]) -> (usize, &[u8]) {
    match bytes.split_first() {
        Some((first, rest)) => (usize::from(*first), rest),
        None => (0, bytes),
    }
}

/// How many lines a text has; a newline at its end begins no other.
fn lines(text: &[u8]) -> usize {
    let whole = text.strip_suffix(b"\n").unwrap_or(text);
    if text.is_empty() {
        return 0;
    }
    whole.split(|&byte| byte == b'\n').count()
}
