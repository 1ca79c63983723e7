//! Expected bytes kept in files: compared, or rewritten when `UPDATE=1` asks for it.

use std::path::{Path, PathBuf};

/// A path below the repository's top.
#[must_use]
pub fn repository(path: &str) -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).join(path)
}

/// Compares bytes with a file, or writes them there; tells the first line that differs.
///
/// # Errors
/// The file is absent or differs.
///
/// # Panics
/// The file cannot be written.
#[expect(
    clippy::disallowed_methods,
    reason = "expected bytes are files, and a variable says when to rewrite them"
)]
pub fn same(path: &Path, told: &[u8]) -> Result<(), String> {
    let kept = std::fs::read(path);
    if kept.as_deref().is_ok_and(|kept| kept == told) {
        return Ok(());
    }
    if std::env::var_os("UPDATE").is_some() {
        let parent = path.parent().expect("a file is in a directory");
        std::fs::create_dir_all(parent).expect("the directory can be made");
        std::fs::write(path, told).expect("the file can be written");
        return Ok(());
    }
    let name = path.display();
    let kept = kept.map_err(|why| format!("{name}: {why}; UPDATE=1 makes it"))?;
    let lines = |bytes: &[u8]| -> Vec<String> {
        let lines = bytes.split(|&byte| byte == b'\n');
        lines.map(|line| line.escape_ascii().to_string()).collect()
    };
    let (kept, told) = (lines(&kept), lines(told));
    let same = kept.iter().zip(&told).take_while(|(a, b)| a == b).count();
    let line = |lines: &[String]| lines.get(same).cloned().unwrap_or("(end)".to_owned());
    Err(format!(
        "{name}, line {}:\n  kept: {}\n  told: {}",
        same + 1,
        line(&kept),
        line(&told)
    ))
}
