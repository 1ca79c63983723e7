//! What all techniques together learned of one host.

use crate::clock::Moment;
use crate::session::Tone;
use model::{Foreign, NetNs, PortState, Proto};
use scan::Report;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What all techniques together learned of one host.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    /// Its address.
    pub(crate) addr: IpAddr,
    /// Its name, if it is known by one.
    pub(crate) name: Option<Name>,
    /// The namespace it was asked from, where that is not our own.
    pub(crate) netns: Option<NetNs>,
    /// Whether it is up, and what said so.
    pub(crate) up: Option<&'static str>,
    /// A report a technique, in the order run.
    pub(crate) reports: Vec<Report>,
    /// What open ports said of themselves.
    pub(crate) banners: BTreeMap<(Proto, u16), Banner>,
    /// When its group began.
    pub(crate) begun: Moment,
    /// When its group ended.
    pub(crate) ended: Moment,
}

/// A host's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    /// The name.
    pub(crate) text: String,
    /// nmap's word for where it is from: `user`, who typed it, or `PTR`, the name server.
    pub(crate) kind: &'static str,
}

/// What an open port said of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Banner {
    /// The protocol it speaks, as far as we know it.
    pub(crate) service: Option<&'static str>,
    /// Its own words.
    pub(crate) words: Foreign,
}

impl Host {
    /// Whether any port answers, or may.
    pub(crate) fn answers(&self) -> bool {
        let mut states = self
            .reports
            .iter()
            .flat_map(|report| report.answers.iter().map(|(_, answer)| answer.state));
        states.any(|state| {
            matches!(
                state,
                PortState::Open | PortState::OpenFiltered | PortState::InUse
            )
        })
    }

    /// Whether it is not worth a line: down, where nobody asked for more, or without a port
    /// that answers under `--open`.
    pub(crate) fn is_beneath(&self, tone: Tone) -> bool {
        (self.up.is_none() && tone.verbose == 0) || (tone.only_open && !self.answers())
    }

    /// `localhost (127.0.0.1)`, or the address alone.
    pub(crate) fn title(&self) -> String {
        match &self.name {
            Some(name) => format!("{} ({})", name.text, self.addr),
            None => self.addr.to_string(),
        }
    }
}
