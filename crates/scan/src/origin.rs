//! What probes leave from, where the user has a wish: an address of ours, a port, a device.
//! An address that is not ours is refused: nobody else is made to look like the asker.

use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What probes of other machines leave from; what is not set, the system chooses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// `-S`
    pub addr: Option<IpAddr>,
    /// `-g`; probes of this machine keep their own ports, see [`crate::sources`].
    pub port: Option<u16>,
    /// `-e`
    pub device: Option<String>,
}

impl Origin {
    /// The same without its port.
    #[must_use]
    pub fn any_port(&self) -> Origin {
        Origin {
            port: None,
            ..self.clone()
        }
    }

    /// Whether it can be had, for targets of a family. Sends nothing.
    ///
    /// # Errors
    /// No such device, not an address of ours or of that family, or the port is taken.
    pub fn check(&self, to: IpAddr) -> io::Result<()> {
        if self.addr.is_some_and(|own| own.is_ipv4() != to.is_ipv4()) {
            return Err(io::Error::from(io::ErrorKind::AddrNotAvailable));
        }
        for (kind, protocol) in [(Type::STREAM, Protocol::TCP), (Type::DGRAM, Protocol::UDP)] {
            let socket = Socket::new(domain(to), kind, Some(protocol))?;
            self.apply(&socket, to)?;
        }
        Ok(())
    }

    /// Binds a socket that is to reach `to`.
    ///
    /// # Errors
    /// As [`Origin::check`].
    pub(crate) fn apply(&self, socket: &Socket, to: IpAddr) -> io::Result<()> {
        self.bind_device(socket)?;
        if self.addr.is_none() && self.port.is_none() {
            return Ok(());
        }
        let any = match to {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        if self.port.is_some() {
            // All probes share the port; what they are connected to tells them apart.
            socket.set_reuse_address(true)?;
        }
        let from = SocketAddr::new(self.addr.unwrap_or(any), self.port.unwrap_or(0));
        socket.bind(&SockAddr::from(from))
    }

    /// Our address towards a target. Connecting a datagram socket only looks up the route.
    ///
    /// # Errors
    /// No route, or no such family here.
    #[cfg(target_os = "linux")]
    pub(crate) fn source(&self, to: IpAddr) -> io::Result<IpAddr> {
        let socket = Socket::new(domain(to), Type::DGRAM, None)?;
        self.any_port().apply(&socket, to)?;
        socket.connect(&SockAddr::from(SocketAddr::new(to, 9)))?;
        let own = socket.local_addr()?.as_socket();
        own.map(|own| own.ip())
            .ok_or_else(|| io::Error::from(io::ErrorKind::AddrNotAvailable))
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn bind_device(&self, socket: &Socket) -> io::Result<()> {
        match &self.device {
            Some(name) => socket.bind_device(Some(name.as_bytes())),
            None => Ok(()),
        }
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn bind_device(&self, _socket: &Socket) -> io::Result<()> {
        match &self.device {
            Some(_) => Err(io::Error::from(io::ErrorKind::Unsupported)),
            None => Ok(()),
        }
    }
}

fn domain(to: IpAddr) -> Domain {
    Domain::for_address(SocketAddr::new(to, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_ours_can_be_sent_from() {
        let to = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let from = |text: &str| Origin {
            addr: text.parse().ok(),
            ..Origin::default()
        };
        assert!(Origin::default().check(to).is_ok());
        assert!(from("127.0.0.9").check(to).is_ok());
        assert!(from("192.0.2.1").check(to).is_err());
        assert!(from("::1").check(to).is_err());
        assert_eq!(
            from("127.0.0.9").source(to).unwrap(),
            IpAddr::V4(Ipv4Addr::new(127, 0, 0, 9))
        );
        let nowhere = Origin {
            device: Some("no-such-dev".to_owned()),
            ..Origin::default()
        };
        assert!(nowhere.check(to).is_err());
    }
}
