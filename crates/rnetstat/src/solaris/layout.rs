//! The headings of each release, and the room of its columns.

/// How wide what is, and what stands above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) era: Era,
    /// Room of a window.
    pub(crate) window: usize,
    /// Room of a command name.
    pub(crate) command: usize,
}

/// Releases whose tables differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Era {
    /// Solaris 10.
    Ten,
    /// OpenSolaris, Solaris 11.0 to 11.3.
    Eleven,
    /// illumos.
    Illumos,
    /// Solaris 11.4.
    Eleven4,
}

impl Layout {
    /// By what the kernel calls itself: release, blank, version.
    pub(crate) fn of(kernel: &[u8]) -> Layout {
        let (era, window, command) = match kernel {
            [b'5', b'.', b'1', b'0', b' ', ..] => (Era::Ten, 5, 14),
            _ if kernel.starts_with(b"5.11 11.4") => (Era::Eleven4, 7, 13),
            _ if kernel.starts_with(b"5.11 11.") => (Era::Eleven, 5, 14),
            _ => (Era::Illumos, 6, 14),
        };
        Layout {
            era,
            window,
            command,
        }
    }

    /// The two lines above a table of TCP.
    pub(crate) fn tcp(self, six: bool, users: bool) -> String {
        let windows = match self.era {
            Era::Ten | Era::Eleven => "Swind Send-Q Rwind Recv-Q",
            Era::Illumos => "Swind  Send-Q Rwind  Recv-Q",
            Era::Eleven4 => " Swind  Send-Q  Rwind  Recv-Q",
        };
        let state = match (self.era, six) {
            (Era::Ten, false) => " State",
            (_, false) => "   State",
            (_, true) => "   State      If",
        };
        let room = match (self.era, six) {
            (Era::Ten, false) => 7,
            _ => 11,
        };
        let mut rooms = self.addresses(six, users);
        rooms.extend([self.window, 6, self.window, 6, room]);
        rooms.extend(six.then_some(5));
        let head = format!("{}{windows} {state}", self.head(six, users));
        lines(&head, &rooms)
    }

    /// The two lines above a table of UDP.
    pub(crate) fn udp(self, six: bool, users: bool) -> String {
        let state = if six { "  State      If" } else { "  State" };
        let mut rooms = self.addresses(six, users);
        rooms.push(10);
        rooms.extend(six.then_some(5));
        lines(&format!("{}{state}", self.head(six, users)), &rooms)
    }

    /// The line above the unix sockets.
    pub(crate) fn unix(self) -> String {
        match self.era {
            Era::Ten | Era::Eleven => {
                "Address  Type          Vnode     Conn  Local Addr      Remote Addr\n".to_owned()
            }
            Era::Illumos => {
                let rooms = [("Address", 16), ("Type", 10), ("Vnode", 16), ("Conn", 16)];
                let mut line: String = rooms
                    .iter()
                    .map(|(word, room)| format!("{word:<room$} "))
                    .collect();
                line.push_str("Local Address                           Remote Address\n");
                line
            }
            Era::Eleven4 => format!("{:<10} {:<39} Remote Address\n", "Type", "Local Address"),
        }
    }

    /// Room of an address.
    pub(crate) fn address(six: bool) -> usize {
        if six { 33 } else { 20 }
    }

    fn addresses(self, six: bool, users: bool) -> Vec<usize> {
        let mut rooms = vec![Layout::address(six); 2];
        if users {
            rooms.extend([8, 6, self.command]);
        }
        rooms
    }

    fn head(self, six: bool, users: bool) -> String {
        let (local, remote) = ("   Local Address", "   Remote Address");
        let room = Layout::address(six);
        let mut head = format!("{local:<room$} {remote:<room$} ");
        if users {
            let room = self.command;
            head.push_str(&format!("  User    Pid   {:<room$} ", "   Command"));
        }
        head
    }
}

/// A heading, and under it a rule as wide as each column.
fn lines(head: &str, rooms: &[usize]) -> String {
    let rules: Vec<String> = rooms.iter().map(|room| "-".repeat(*room)).collect();
    format!("{head}\n{}\n", rules.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_names_the_layout() {
        for (kernel, era) in [
            ("5.10 Generic_147148-26", Era::Ten),
            ("5.11 11.0", Era::Eleven),
            ("5.11 11.3.36.10.0", Era::Eleven),
            ("5.11 11.4.86.201.2", Era::Eleven4),
            ("5.11 omnios-r151054-0123456789", Era::Illumos),
            ("5.11 joyent_20210701T000000Z", Era::Illumos),
            ("", Era::Illumos),
        ] {
            assert_eq!(Layout::of(kernel.as_bytes()).era, era, "{kernel}");
        }
    }

    /// The headings as the public sources and a real 11.4 have them.
    #[test]
    fn headings_are_the_originals() {
        let first = |kernel: &str| {
            let text = Layout::of(kernel.as_bytes()).tcp(false, false);
            text.lines().next().unwrap_or_default().to_owned()
        };
        let head = "   Local Address        Remote Address    ";
        for (kernel, tail) in [
            ("5.10 x", "Swind Send-Q Rwind Recv-Q  State"),
            ("5.11 11.0", "Swind Send-Q Rwind Recv-Q    State"),
            ("5.11 omnios", "Swind  Send-Q Rwind  Recv-Q    State"),
            ("5.11 11.4.1", " Swind  Send-Q  Rwind  Recv-Q    State"),
        ] {
            assert_eq!(first(kernel), format!("{head}{tail}"));
        }
        let users = Layout::of(b"5.11 11.4.1").tcp(false, true);
        assert!(users.contains("User    Pid      Command"), "{users}");
    }
}
