//! A host at the other end of a cable: a network namespace of its own, where nothing listens,
//! with a whole /24 of addresses. It goes away with the value.

use crate::sh::{self, Outcome};
use std::process::{Child, Command, Stdio};

/// The other host, kept by a process that sleeps there.
pub(super) struct Cable {
    holder: Child,
}

impl Drop for Cable {
    fn drop(&mut self) {
        // With its last process the namespace goes, and with that our end of the cable.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

impl Cable {
    /// Lays it: here 10.77.0.2, there 10.77.0.1 and all of 10.78.0.0/24.
    ///
    /// # Errors
    /// A command fails.
    pub(super) fn laid() -> Outcome<Cable> {
        let mut hold = Command::new("unshare");
        hold.args(["--net", "sh", "-c", "echo; exec sleep infinity"]);
        let mut holder = hold
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|why| format!("unshare: {why}"))?;
        // It speaks once it is there.
        let spoken = holder.stdout.take();
        let cable = Cable { holder };
        if let Some(mut spoken) = spoken {
            let mut byte = [0u8; 1];
            std::io::Read::read_exact(&mut spoken, &mut byte)
                .map_err(|why| format!("the other end of the cable: {why}"))?;
        }
        let there = cable.holder.id().to_string();
        let lay = "ip link add cable type veth peer name cable netns $1
            ip addr add 10.77.0.2/24 dev cable
            ip link set cable up
            there='nsenter --target '$1' --net ip'
            $there link set lo up
            $there addr add 10.77.0.1/24 dev cable
            $there link set cable up
            $there route add local 10.78.0.0/24 dev lo
            ip route add 10.78.0.0/24 via 10.77.0.1";
        sh::run(Command::new("sh").args(["-ec", lay, "sh", &there]))?;
        Ok(cable)
    }
}
