//! Probes that left by a socket each and wait for its word.

use crate::poller::{Interest, Poller};
use crate::schedule::Ask;
use std::collections::HashMap;
use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

/// Sockets under way, each with what it asks.
pub(crate) struct Flights<S> {
    poller: Poller,
    under_way: HashMap<u64, (Ask, S)>,
    by_port: HashMap<(u32, u32), u64>,
    next_key: u64,
    told: Vec<u64>,
}

impl<S: AsFd> Flights<S> {
    /// None yet.
    ///
    /// # Errors
    /// The system has no descriptor left.
    pub(crate) fn new(interest: Interest) -> io::Result<Flights<S>> {
        Ok(Flights {
            poller: Poller::new(interest)?,
            under_way: HashMap::new(),
            by_port: HashMap::new(),
            next_key: 0,
            told: Vec::new(),
        })
    }

    /// Adds one.
    ///
    /// # Errors
    /// The system has no room to watch it.
    pub(crate) fn add(&mut self, ask: Ask, socket: S) -> io::Result<()> {
        let key = self.next_key;
        self.next_key += 1;
        self.poller.arm(socket.as_fd(), key)?;
        self.by_port.insert((ask.host, ask.index), key);
        self.under_way.insert(key, (ask, socket));
        Ok(())
    }

    /// Waits at most this long, and takes out those that have something to tell.
    ///
    /// # Errors
    /// The means of waiting are broken.
    pub(crate) fn wait(&mut self, timeout: Duration) -> io::Result<Vec<(Ask, S)>> {
        let armed = self
            .under_way
            .iter()
            .map(|(key, (_, socket))| (*key, socket.as_fd()));
        self.poller.wait(armed, timeout, &mut self.told)?;
        let mut landed = Vec::with_capacity(self.told.len());
        for key in self.told.drain(..) {
            if let Some((ask, socket)) = self.under_way.remove(&key) {
                self.by_port.remove(&(ask.host, ask.index));
                landed.push((ask, socket));
            }
        }
        Ok(landed)
    }

    /// Takes out the one that asks this.
    pub(crate) fn take(&mut self, ask: &Ask) -> Option<S> {
        let key = self.by_port.remove(&(ask.host, ask.index))?;
        self.under_way.remove(&key).map(|(_, socket)| socket)
    }
}
