//! Active questions: the only crate that sends.
//!
//! A [`Plan`] (targets, ports, technique, pace) is run by [`scan`]: a [`schedule`] says what
//! to send next, a technique ([`connect`], …) sends it and notices the answer, [`engine`]
//! brings the two together. Schedule, [`pace`], [`ports`] are arithmetic on values and
//! need no network. One thread does it all; further ones only make it faster.
//!
//! * A port that could not be asked because our own system had no room (`EMFILE`,
//!   `ENOBUFS`, …) is asked again, never called closed.
//! * One whose very connection somebody here holds (`EADDRNOTAVAIL`, …) is asked again for a
//!   while, and no other waits for it.
//! * A port our own system would not ask for any other reason (`EPERM`, no route, …) has no
//!   answer.
//! * A probe that met itself is asked again, never called open; see [`sources`].
#![forbid(unsafe_code)]

pub mod answer;
pub mod bind;
pub mod connect;
pub mod discover;
pub mod dns;
pub mod engine;
mod flights;
pub mod limits;
pub mod origin;
pub mod pace;
pub mod packet;
pub mod payload;
mod peer;
pub mod plan;
pub mod poller;
pub mod ports;
pub mod route;
mod run;
pub mod schedule;
pub mod shards;
pub mod sources;
#[cfg(target_os = "linux")]
pub mod syn;
pub mod target;
pub mod udp;
pub mod version;

pub use answer::{Answer, Reason};
pub use origin::Origin;
pub use pace::Pace;
pub use plan::{Plan, Report};
pub use ports::{PortSet, Ports};
pub use run::{Listener, can_send_raw, scan};
