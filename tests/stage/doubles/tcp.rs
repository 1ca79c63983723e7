//! TCP sockets in every state they can be left in.

use super::words::Words;
use super::{Double, hold_of};
use crate::sys;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::io::{self, Read};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsFd;
use std::time::Duration;

/// A TCP socket of the address's family.
pub(crate) fn fresh(addr: SocketAddr) -> io::Result<Socket> {
    Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))
}

/// Sets what the flags ask for.
pub(super) fn prepare(socket: &Socket, words: &Words<'_>) -> io::Result<()> {
    if words.has("v6only") {
        socket.set_only_v6(true)?;
    }
    if words.has("reuseport") {
        socket.set_reuse_port(true)?;
    }
    if words.has("reuseaddr") {
        socket.set_reuse_address(true)?;
    }
    if words.has("transparent") {
        socket.set_ip_transparent_v4(true)?;
    }
    if let Some(device) = words.value("device") {
        socket.bind_device(Some(device.as_bytes()))?;
    }
    Ok(())
}

/// A listening socket.
pub(crate) fn listening(addr: SocketAddr, words: &Words<'_>) -> io::Result<Socket> {
    let socket = fresh(addr)?;
    prepare(&socket, words)?;
    socket.bind(&addr.into())?;
    let queue = words.value("backlog").map_or(Ok(5), str::parse);
    socket.listen(queue.map_err(io::Error::other)?)?;
    Ok(socket)
}

/// A connection to an address, from the port after `from=` where there is one.
fn connected(addr: SocketAddr, words: &Words<'_>) -> io::Result<Socket> {
    let client = fresh(addr)?;
    if let Some(port) = words.value("from") {
        let port = port.parse().map_err(io::Error::other)?;
        client.bind(&SockAddr::from(SocketAddr::new(addr.ip(), port)))?;
    }
    client.connect(&addr.into())?;
    Ok(client)
}

/// `tcp ADDR:PORT [v6only] [reuseport] [reuseaddr] [transparent] [device=NAME] [backlog=N]`
pub(super) fn listener(words: &Words<'_>) -> io::Result<Double> {
    let mut double = Double::default();
    double.socket("listener", listening(words.addr(0)?, words)?)?;
    Ok(double)
}

/// `mptcp ADDR:PORT`
pub(super) fn mptcp(words: &Words<'_>) -> io::Result<Double> {
    let addr = words.addr(0)?;
    let mut double = Double::default();
    let socket = Socket::new(
        Domain::for_address(addr),
        Type::STREAM,
        Some(Protocol::MPTCP),
    )?;
    socket.bind(&addr.into())?;
    socket.listen(5)?;
    double.socket("listener", socket)?;
    Ok(double)
}

/// `bound ADDR:PORT [flags of tcp]`: a port taken, and nothing done with it.
pub(super) fn bound(words: &Words<'_>) -> io::Result<Double> {
    let addr = words.addr(0)?;
    let socket = fresh(addr)?;
    prepare(&socket, words)?;
    socket.bind(&addr.into())?;
    let mut double = Double::default();
    double.socket("bound", socket)?;
    Ok(double)
}

/// `unbound`: a TCP socket that was never named.
pub(super) fn unbound() -> io::Result<Double> {
    let mut double = Double::default();
    double.socket("unbound", fresh((Ipv4Addr::LOCALHOST, 0).into())?)?;
    double.socket("unbound6", fresh((Ipv6Addr::LOCALHOST, 0).into())?)?;
    Ok(double)
}

/// `pair ADDR:PORT [from=PORT]`: a listener and a connection to it, both ends held.
pub(super) fn pair(words: &Words<'_>) -> io::Result<Double> {
    let addr = words.addr(0)?;
    let listener = listening(addr, words)?;
    let client = connected(addr, words)?;
    let (accepted, _) = listener.accept()?;
    let mut double = Double::default();
    double.socket("listener", listener)?;
    double.socket("client", client)?;
    double.socket("accepted", accepted)?;
    Ok(double)
}

/// `timewait ADDR:PORT [from=PORT]`: a connection the server closed first; nothing is held.
pub(super) fn time_wait(words: &Words<'_>) -> io::Result<Double> {
    let addr = words.addr(0)?;
    let listener = listening(addr, words)?;
    let client = connected(addr, words)?;
    let (accepted, _) = listener.accept()?;
    drop(accepted);
    // The client must have seen the end before it closes, or both sides would be waiting.
    let mut byte = [std::mem::MaybeUninit::uninit(); 1];
    client.recv(&mut byte)?;
    drop(client);
    Ok(Double::default())
}

/// `halfopen ADDR:PORT [from=PORT]`: a server that defers accepting, and a client that says
/// nothing: SYN_RECV on one side, ESTABLISHED on the other.
pub(super) fn half_open(words: &Words<'_>) -> io::Result<Double> {
    let addr = words.addr(0)?;
    let listener = listening(addr, words)?;
    // TCP_DEFER_ACCEPT, in seconds.
    sys::set_option(
        listener.as_fd(),
        libc::IPPROTO_TCP,
        9,
        &600u32.to_ne_bytes(),
    )?;
    let client = connected(addr, words)?;
    let mut double = Double::default();
    double.socket("listener", listener)?;
    double.socket("client", client)?;
    Ok(double)
}

/// `backlog ADDR:PORT COUNT`: clients nobody accepts.
pub(super) fn backlog(words: &Words<'_>) -> io::Result<Double> {
    let addr = words.addr(0)?;
    let listener = listening(addr, words)?;
    let mut double = Double::default();
    double.socket("listener", listener)?;
    for _ in 0..words.number::<usize>(1)? {
        double.socket("client", connected(addr, words)?)?;
    }
    Ok(double)
}

/// `orphan ADDR:PORT [from=PORT]`: the client is closed, the server is not: FIN_WAIT2 without
/// an inode on one side, CLOSE_WAIT on the other.
pub(super) fn orphan(words: &Words<'_>) -> io::Result<Double> {
    let addr = words.addr(0)?;
    let listener = listening(addr, words)?;
    let client = connected(addr, words)?;
    let (accepted, _) = listener.accept()?;
    let port = client
        .local_addr()?
        .as_socket()
        .map_or(0, |addr| addr.port());
    drop(client);
    let mut byte = [std::mem::MaybeUninit::uninit(); 1];
    accepted.recv(&mut byte)?;
    // Until the other side has said that it heard, which it may put off for 40 ms.
    while !is_in_state(port, "05")? {
        std::thread::sleep(Duration::from_millis(1));
    }
    let mut double = Double::default();
    double.socket("listener", listener)?;
    double.socket("accepted", accepted)?;
    Ok(double)
}

/// Whether an IPv4 socket with this local port is in a state, by the kernel's number.
fn is_in_state(port: u16, state: &str) -> io::Result<bool> {
    let mut text = String::new();
    super::open("/proc/net/tcp")?.read_to_string(&mut text)?;
    let ending = format!(":{port:04X}");
    Ok(text.lines().any(|line| {
        let mut words = line.split_whitespace().skip(1);
        let local = words.next().unwrap_or_default();
        local.ends_with(&ending) && words.nth(1) == Some(state)
    }))
}

/// `full ADDR:PORT`: an accept queue of one, filled; a further client is left in SYN_SENT.
pub(super) fn full(words: &Words<'_>) -> io::Result<Double> {
    let addr = words.addr(0)?;
    let listener = fresh(addr)?;
    listener.bind(&addr.into())?;
    listener.listen(0)?;
    let mut double = Double::default();
    double.socket("listener", listener)?;
    double.socket("client", connected(addr, words)?)?;
    let waiting = fresh(addr)?;
    waiting.set_nonblocking(true)?;
    match waiting.connect(&addr.into()) {
        Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => {}
        other => {
            return Err(io::Error::other(format!(
                "the queue is not full: {other:?}"
            )));
        }
    }
    double.socket("waiting", waiting)?;
    Ok(double)
}

/// `deaf filter|minttl ADDR:PORT`: a listener that answers nobody.
pub(super) fn deaf(words: &Words<'_>) -> io::Result<Double> {
    let listener = listening(words.addr(1)?, words)?;
    match words.at(0)? {
        // One instruction: return 0, take no byte of any packet.
        "filter" => listener.attach_filter(&[socket2::SockFilter::new(0x06, 0, 0, 0)])?,
        "minttl" => {
            let option = 21; // IP_MINTTL
            sys::set_option(
                listener.as_fd(),
                libc::IPPROTO_IP,
                option,
                &255u32.to_ne_bytes(),
            )?;
        }
        other => return Err(io::Error::other(format!("deaf how? {other}"))),
    }
    let mut double = Double::default();
    double.socket("listener", listener)?;
    Ok(double)
}

/// `shared ADDR:PORT CHILDREN`: one listener, held by this process and so many children.
pub(super) fn shared(words: &Words<'_>) -> io::Result<Double> {
    let mut double = Double::default();
    let listener = listening(words.addr(0)?, words)?;
    for _ in 0..words.number::<usize>(1)? {
        let mut hold = hold_of("listener", &listener)?;
        match sys::fork()? {
            Some(child) => {
                hold.pid = child;
                double.holds.push(hold);
            }
            None => {
                nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL)?;
                super::silence()?;
                loop {
                    std::thread::sleep(Duration::from_secs(3600));
                    std::hint::black_box(&listener);
                }
            }
        }
    }
    double.socket("listener", listener)?;
    Ok(double)
}

/// `many ADDR:PORT COUNT`: listeners on so many ports in a row.
pub(super) fn many(words: &Words<'_>) -> io::Result<Double> {
    let first = words.addr(0)?;
    let count: u16 = words.number(1)?;
    raise_limit(count)?;
    let mut double = Double::default();
    for port in (first.port()..).take(count.into()) {
        let addr = SocketAddr::new(first.ip(), port);
        double.socket("listener", listening(addr, words)?)?;
    }
    Ok(double)
}

/// Lets this process hold so many descriptors, and a few more.
pub(super) fn raise_limit(count: u16) -> io::Result<()> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let wanted = u64::from(count) + 64;
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if soft < wanted {
        // Root may go beyond the limit it was given.
        setrlimit(Resource::RLIMIT_NOFILE, wanted, hard.max(wanted))
            .or_else(|_| setrlimit(Resource::RLIMIT_NOFILE, wanted.min(hard), hard))?;
    }
    Ok(())
}
