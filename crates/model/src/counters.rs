//! What the kernel counts beside its tables, and the exact relations between the two.

use crate::{Family, Foreign, NetNs, Proto, Socket, State};
use serde::{Deserialize, Serialize};

/// Counters of one network namespace (`/proc/net/{sockstat,sockstat6,protocols,snmp}`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// The namespace counted in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub netns: Option<NetNs>,
    /// `sockets: used`: every socket that belongs to userland, bound or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<u64>,
    /// `inuse`, a transport and family each: sockets in the kernel's hash tables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub in_use: Vec<InUse>,
    /// `TCP: tw`: buckets in TIME_WAIT and FIN_WAIT2, of both families.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_wait: Option<u64>,
    /// `Tcp: CurrEstab`: connections in ESTABLISHED and CLOSE_WAIT, of both families.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub established: Option<u64>,
    /// Sockets by the kernel's own names of protocols, in its order (`PACKET`, `XDP`, …).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub protocols: Vec<(Foreign, u64)>,
}

/// One `inuse`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct InUse {
    /// Internet family.
    pub family: Family,
    /// Transport.
    pub proto: Proto,
    /// Sockets.
    pub count: u64,
}

/// A row count of the tables, in the classes the counters have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    /// Full sockets, a transport and family each; a table that was read and had none is 0.
    pub full: Vec<InUse>,
    /// TCP rows that are timewait buckets.
    pub time_wait: u64,
    /// TCP rows in ESTABLISHED or CLOSE_WAIT.
    pub established: u64,
    /// The tables counted to their end.
    pub tables: Vec<(Family, Proto)>,
}

/// A counter that is not what the rows say it must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mismatch {
    /// The counter, as the kernel's file has it: `TCP6 inuse`, `TCP tw`, `CurrEstab`.
    pub counter: String,
    /// What it says.
    pub counted: u64,
    /// What the rows say.
    pub rows: u64,
}

impl Rows {
    /// Takes note of a table that is read to its end.
    pub fn table(&mut self, family: Family, proto: Proto) {
        self.tables.push((family, proto));
        self.count(family, proto, 0);
    }

    /// Counts one row.
    pub fn add(&mut self, socket: &Socket) {
        const TIME_WAIT_TIMER: u8 = 3;
        let Some(inet) = socket.kind.inet() else {
            return;
        };
        // A timewait bucket keeps the state the socket had: FIN_WAIT2 with this timer.
        let bucket = inet.state == State::TimeWait
            || inet
                .timer
                .is_some_and(|timer| timer.kind == TIME_WAIT_TIMER);
        match (inet.proto, inet.state) {
            (Proto::Tcp, _) if bucket => self.time_wait += 1,
            (Proto::Tcp, State::SynRecv | State::NewSynRecv | State::Bound) => {}
            (proto, state) => {
                if proto == Proto::Tcp && matches!(state, State::Established | State::CloseWait) {
                    self.established += 1;
                }
                self.count(socket.kind.family(), proto, 1);
            }
        }
    }

    fn count(&mut self, family: Family, proto: Proto, more: u64) {
        let found = self
            .full
            .iter_mut()
            .find(|row| (row.family, row.proto) == (family, proto));
        match found {
            Some(row) => row.count += more,
            None => self.full.push(InUse {
                family,
                proto,
                count: more,
            }),
        }
    }

    /// The counters that disagree with these rows. Only what was read to its end is compared.
    #[must_use]
    pub fn mismatches(&self, counters: &Counters) -> Vec<Mismatch> {
        let mut all = Vec::new();
        let mut compare = |counter: String, counted: Option<u64>, rows: u64| {
            if let Some(counted) = counted.filter(|&counted| counted != rows) {
                all.push(Mismatch {
                    counter,
                    counted,
                    rows,
                });
            }
        };
        for &(family, proto) in &self.tables {
            let of = |counts: &[InUse]| {
                counts
                    .iter()
                    .find(|row| (row.family, row.proto) == (family, proto))
                    .map(|row| row.count)
            };
            let six = if family == Family::Inet6 { "6" } else { "" };
            let name = format!("{}{six} inuse", proto.name().to_uppercase());
            compare(name, of(&counters.in_use), of(&self.full).unwrap_or(0));
        }
        let both = [Family::Inet, Family::Inet6]
            .iter()
            .all(|&family| self.tables.contains(&(family, Proto::Tcp)));
        if both {
            compare("TCP tw".to_owned(), counters.time_wait, self.time_wait);
            let established = counters.established;
            compare("CurrEstab".to_owned(), established, self.established);
        }
        all
    }
}

/// The numbers that are missing from the `sl` column of a TCP text table, as first and last
/// of each run. The kernel's iterator numbers the rows from 0 and skips none; a row dropped
/// while it is printed leaves a hole, unless it was the last.
#[must_use]
pub fn missing_slots(slots: impl IntoIterator<Item = u32>) -> Vec<(u32, u32)> {
    let mut missing = Vec::new();
    let mut next = 0u32;
    for slot in slots {
        if slot > next {
            missing.push((next, slot - 1));
        }
        next = next.max(slot.saturating_add(1));
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Inet, Inode, Kind, Timer};

    fn row(address: &str, proto: Proto, state: State, timer: u8) -> Socket {
        let timer = (timer != 0).then_some(Timer {
            kind: timer,
            expires_ms: 0,
            retransmits: 0,
            probes: 0,
        });
        let address = address.parse().unwrap();
        Socket::new(
            Kind::of(Inet {
                proto,
                local: address,
                port: 1,
                remote: address,
                remote_port: 0,
                state,
                device: None,
                v6only: None,
                timer,
            }),
            Inode(0),
        )
    }

    /// Step 6 of the staged measurement: three listeners, five half-closed connections whose
    /// other ends are timewait buckets in FIN_WAIT2.
    fn staged() -> Rows {
        let mut rows = Rows::default();
        rows.table(Family::Inet, Proto::Tcp);
        rows.table(Family::Inet6, Proto::Tcp);
        for _ in 0..3 {
            rows.add(&row("0.0.0.0", Proto::Tcp, State::Listen, 0));
        }
        for _ in 0..5 {
            rows.add(&row("127.0.0.1", Proto::Tcp, State::CloseWait, 0));
            rows.add(&row("127.0.0.1", Proto::Tcp, State::FinWait2, 3));
        }
        rows.add(&row("127.0.0.1", Proto::Tcp, State::SynRecv, 1));
        rows.add(&row("127.0.0.1", Proto::Tcp, State::Bound, 0));
        rows
    }

    fn counters() -> Counters {
        let count = |family, count| InUse {
            family,
            proto: Proto::Tcp,
            count,
        };
        Counters {
            in_use: vec![count(Family::Inet, 8), count(Family::Inet6, 0)],
            time_wait: Some(5),
            established: Some(5),
            ..Counters::default()
        }
    }

    #[test]
    fn a_quiet_namespace_adds_up() {
        assert_eq!(staged().mismatches(&counters()), []);
    }

    #[test]
    fn a_row_nobody_shows_is_counted_all_the_same() {
        let mut more = counters();
        more.in_use[0].count = 9;
        more.established = Some(6);
        let said: Vec<_> = staged()
            .mismatches(&more)
            .into_iter()
            .map(|it| (it.counter, it.counted, it.rows))
            .collect();
        assert_eq!(
            said,
            [
                ("TCP inuse".to_owned(), 9, 8),
                ("CurrEstab".to_owned(), 6, 5)
            ]
        );
    }

    #[test]
    fn what_was_not_read_is_not_compared() {
        let mut more = counters();
        more.established = Some(99);
        let mut rows = staged();
        rows.tables.pop();
        assert_eq!(rows.mismatches(&more), []);
        assert_eq!(staged().mismatches(&Counters::default()), []);
    }

    #[test]
    fn holes_in_the_numbering() {
        assert_eq!(missing_slots([0, 1, 2]), []);
        assert_eq!(missing_slots([]), []);
        assert_eq!(missing_slots([0, 2, 3, 6]), [(1, 1), (4, 5)]);
        assert_eq!(missing_slots([1]), [(0, 0)]);
        assert_eq!(missing_slots([0, u32::MAX, u32::MAX]), [(1, u32::MAX - 1)]);
    }
}
