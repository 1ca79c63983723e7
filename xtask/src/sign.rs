//! `cargo xtask sign KEY`: signs `dist/SHA256SUMS`, and the image where there is one, with an
//! Ed25519 key of the user's, in the form `ssh-keygen -Y verify` reads on any machine with
//! OpenSSH.

use crate::sh::{self, Outcome};
use crate::{dist, iso, sums, workspace};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the signature is for; a signature made for another purpose does not verify.
const PURPOSE: &str = "concord";

/// Writes the signatures beside what they sign. The key may be a file or, by its public
/// half, one an agent holds.
///
/// # Errors
/// There are no sums, or ssh-keygen does not sign.
pub(crate) fn run(key: &str) -> Outcome {
    if !sh::installed("ssh-keygen") {
        return Err("ssh-keygen is not installed: apt-get install openssh-client".into());
    }
    let list = workspace::root().join("dist").join(sums::NAME);
    if !list.is_file() {
        return Err(format!("{}: build first: cargo xtask dist", list.display()));
    }
    signed(&list, key)?;
    if iso::path().is_file() {
        signed(&iso::path(), key)?;
    }
    Ok(())
}

/// Signs one file, and says how that is checked. A signature that is there stays until there
/// is another.
fn signed(file: &Path, key: &str) -> Outcome {
    let open = std::fs::File::open(file).map_err(|why| format!("{}: {why}", file.display()))?;
    let mut sign = Command::new("ssh-keygen");
    sign.args(["-Y", "sign", "-n", PURPOSE, "-f", key]);
    let text = sh::output(sign.stdin(open))?;
    let signature = beside(file);
    dist::place(&signature, text.as_bytes(), 0o644)?;
    let (name, signature) = (file.display(), signature.display());
    println!("ssh-keygen -Y verify -n {PURPOSE} -f SIGNERS -I WHO -s {signature} < {name}");
    Ok(())
}

/// Takes away the signature of what lay here before: it fits no more.
pub(crate) fn outdated(file: &Path) {
    // Most files never had one.
    let _ = std::fs::remove_file(beside(file));
}

/// The name ssh-keygen gives a signature.
fn beside(file: &Path) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(".sig");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As somebody with OpenSSH and nothing else would check it.
    #[test]
    fn a_signature_holds_for_its_file_and_no_other() {
        if !sh::installed("ssh-keygen") {
            crate::test::skipped("sign: ssh-keygen is not installed");
            return;
        }
        let here = std::env::temp_dir().join(format!("concord-sign-{}", std::process::id()));
        std::fs::create_dir_all(&here).unwrap();
        let (key, file) = (here.join("key"), here.join("SHA256SUMS"));
        std::fs::write(&file, b"a list\n").unwrap();
        let mut make = Command::new("ssh-keygen");
        make.args(["-q", "-t", "ed25519", "-N", "", "-C", "me", "-f"]);
        sh::run(make.arg(&key)).unwrap();
        signed(&file, &key.display().to_string()).unwrap();
        // A second time writes over the first.
        signed(&file, &key.display().to_string()).unwrap();
        let public = std::fs::read_to_string(here.join("key.pub")).unwrap();
        std::fs::write(here.join("signers"), format!("me {public}")).unwrap();
        let check = |of: &Path| {
            let mut check = Command::new("ssh-keygen");
            check.args(["-Y", "verify", "-n", PURPOSE, "-I", "me", "-f"]);
            check.arg(here.join("signers")).arg("-s").arg(beside(&file));
            check.stdin(std::fs::File::open(of).unwrap());
            sh::run(&mut check)
        };
        assert_eq!(check(&file), Ok(()));
        assert!(check(&here.join("signers")).is_err());
        // What cannot be signed with leaves the signature that was made before.
        std::fs::write(here.join("bad"), b"no key\n").unwrap();
        for other in ["bad", "no-such-key"] {
            let told = signed(&file, &here.join(other).display().to_string());
            assert!(told.unwrap_err().contains("ssh-keygen -Y sign"));
            assert_eq!(check(&file), Ok(()));
        }
        outdated(&file);
        assert!(file.is_file() && !beside(&file).exists());
        std::fs::remove_dir_all(&here).unwrap();
    }
}
