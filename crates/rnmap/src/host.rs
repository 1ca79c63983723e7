//! What all techniques together learned of one host.

use crate::clock::Moment;
use model::PortState;
use scan::Report;
use std::net::IpAddr;

/// What all techniques together learned of one host.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    /// Its address.
    pub(crate) addr: IpAddr,
    /// A report a technique, in the order run.
    pub(crate) reports: Vec<Report>,
    /// When its group began.
    pub(crate) begun: Moment,
    /// When its group ended.
    pub(crate) ended: Moment,
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
}
