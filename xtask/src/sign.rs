//! `cargo xtask sign KEY`: signs `dist/SHA256SUMS` with an Ed25519 key of the user's, in
//! the form `ssh-keygen -Y verify` reads on any machine with OpenSSH.

use crate::sh::{self, Outcome};
use crate::{sums, workspace};
use std::process::Command;

/// What the signature is for; a signature made for another purpose does not verify.
const PURPOSE: &str = "concord";

/// Writes `dist/SHA256SUMS.sig`. The key may be a file or, by its public half, one an
/// agent holds.
///
/// # Errors
/// There are no sums, or ssh-keygen does not sign.
pub(crate) fn run(key: &str) -> Outcome {
    let list = workspace::root().join("dist").join(sums::NAME);
    if !list.is_file() {
        return Err(format!("{}: build first: cargo xtask dist", list.display()));
    }
    let signature = list.with_extension("sig");
    // ssh-keygen asks before it writes over a signature.
    let _ = std::fs::remove_file(&signature);
    let mut sign = Command::new("ssh-keygen");
    sign.args(["-Y", "sign", "-n", PURPOSE, "-f", key]);
    sh::run(sign.arg(&list))?;
    println!("{}", signature.display());
    println!("ssh-keygen -Y verify -n {PURPOSE} -f SIGNERS -I WHO -s SHA256SUMS.sig < SHA256SUMS");
    Ok(())
}
