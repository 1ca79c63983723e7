//! Ports the kernel itself holds, for a service it can name.

use crate::{Foreign, Proto};
use serde::{Deserialize, Serialize};

/// A port that a tunnel device or a server inside the kernel holds without any process.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KernelPort {
    /// Transport.
    pub proto: Proto,
    /// The port.
    pub port: u16,
    /// What it is for: `vxlan`, `geneve`, `bareudp`, `nfsd`.
    pub kind: Foreign,
    /// The device, where it belongs to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Foreign>,
}
