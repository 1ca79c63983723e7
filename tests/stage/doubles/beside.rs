//! Sockets beside TCP and UDP: between machines, and SCTP.

use super::Double;
use super::words::Words;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::io;

/// `vsock PORT [pair]`: a listener for every machine; with `pair` and a connection to it
/// through this machine itself.
pub(super) fn vsock(words: &Words<'_>) -> io::Result<Double> {
    let port = words.number(0)?;
    let own = libc::VMADDR_CID_LOCAL;
    let fresh = || Socket::new(Domain::from(libc::AF_VSOCK), Type::STREAM, None);
    let every = SockAddr::vsock(libc::VMADDR_CID_ANY, port);
    ends(&fresh, &every, &SockAddr::vsock(own, port), words)
}

/// `sctp ADDR:PORT [pair]`: a listener, and with `pair` a connection to it.
pub(super) fn sctp(words: &Words<'_>) -> io::Result<Double> {
    let addr = words.addr(0)?;
    let proto = Some(Protocol::from(libc::IPPROTO_SCTP));
    let fresh = || Socket::new(Domain::for_address(addr), Type::STREAM, proto);
    ends(&fresh, &addr.into(), &addr.into(), words)
}

fn ends(
    fresh: &dyn Fn() -> io::Result<Socket>,
    own: &SockAddr,
    reached: &SockAddr,
    words: &Words<'_>,
) -> io::Result<Double> {
    let mut double = Double::default();
    let listener = fresh()?;
    listener.bind(own)?;
    listener.listen(5)?;
    if words.has("pair") {
        let client = fresh()?;
        client.connect(reached)?;
        let (server, _) = listener.accept()?;
        double.socket("client", client)?;
        double.socket("server", server)?;
    }
    double.socket("listener", listener)?;
    Ok(double)
}
