//! The load the programs are measured under: processes that hold listeners, connections
//! and other descriptors in the network namespace they were started in. They end with
//! whoever started them.
#![expect(
    clippy::disallowed_types,
    reason = "a load is made of sockets; they never leave the loopback of their namespace"
)]

use crate::sh::Outcome;
use std::fs::File;
use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Listening sockets of one process.
pub(crate) const LISTENERS: u16 = 20;
/// Connections of one process to its own listeners; each is two sockets.
pub(crate) const CONNECTIONS: u16 = 100;
/// Pipes of one process; each is two descriptors.
pub(crate) const PIPES: usize = 48;
/// Plain files of one process. With the three standard ones: 420 descriptors in all.
pub(crate) const FILES: usize = 101;
/// The first listening port.
pub(crate) const FIRST_PORT: u16 = 20_000;
/// Processes that share an address; the next ones take the next address of 127.0.0.0/8.
const AN_ADDRESS: u16 = 200;

/// Sockets of one process.
pub(crate) const SOCKETS: usize = LISTENERS as usize + 2 * CONNECTIONS as usize;
/// Descriptors of one process.
pub(crate) const DESCRIPTORS: usize = SOCKETS + 2 * PIPES + FILES + 3;

/// Processes that take their posts at the same time.
const AT_ONCE: usize = 8;

/// Processes at their posts. Each leaves when its standard input ends, so none outlives
/// this value, however we end.
#[derive(Default)]
pub(crate) struct Load {
    holders: Vec<(Child, Option<ChildStdin>)>,
}

impl Load {
    /// Adds processes until there are `count`, and waits until each holds all it should.
    ///
    /// # Errors
    /// One could not be started, or could not get its sockets.
    pub(crate) fn grow(&mut self, count: u16) -> Outcome {
        let present = u16::try_from(self.holders.len()).unwrap_or(u16::MAX);
        let indices: Vec<u16> = (present..count).collect();
        for some in indices.chunks(AT_ONCE) {
            let begun = some.iter().map(|index| self.begin(*index));
            let outputs: Outcome<Vec<ChildStdout>> = begun.collect();
            for (index, out) in some.iter().zip(outputs?) {
                let mut said = String::new();
                let read = BufReader::new(out).read_line(&mut said);
                read.map_err(|why| format!("process {index} of the load: {why}"))?;
                if said != "ready\n" {
                    return Err(format!("process {index} of the load did not get ready"));
                }
            }
        }
        Ok(())
    }

    /// Starts one process; what it says comes back.
    fn begin(&mut self, index: u16) -> Outcome<ChildStdout> {
        let failed = |why: std::io::Error| format!("a process of the load: {why}");
        let own = std::env::current_exe().map_err(failed)?;
        let mut holder = Command::new(&own);
        holder.args(["load-holder", &index.to_string()]);
        let holder = holder.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = holder.spawn().map_err(failed)?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        self.holders.push((child, input));
        output.ok_or_else(|| "a process of the load has no output".to_owned())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        for (_, input) in &mut self.holders {
            input.take();
        }
        for (child, _) in &mut self.holders {
            // One that already left is as good.
            let _ = child.wait();
        }
    }
}

/// What one process holds.
struct Held {
    _listeners: Vec<TcpListener>,
    _streams: Vec<TcpStream>,
    _pipes: Vec<(PipeReader, PipeWriter)>,
    _files: Vec<File>,
}

/// The life of one process of the load: takes its post, says so, and stays until its
/// standard input ends.
///
/// # Errors
/// It cannot get what it should hold.
pub(crate) fn holder(index: &str) -> Outcome {
    let number: u16 = index
        .parse()
        .map_err(|_| format!("{index}: not a number"))?;
    let failed = |why: std::io::Error| format!("process {index} of the load: {why}");
    let _held = take(number).map_err(failed)?;
    println!("ready");
    std::io::stdout().flush().map_err(failed)?;
    std::io::stdin()
        .read_to_end(&mut Vec::new())
        .map_err(failed)?;
    Ok(())
}

fn take(number: u16) -> std::io::Result<Held> {
    let (address, first) = post(number);
    let listeners: Vec<TcpListener> = (first..first + LISTENERS)
        .map(|port| TcpListener::bind((address, port)))
        .collect::<Result<_, _>>()?;
    let mut streams = Vec::new();
    for listener in listeners.iter().cycle().take(CONNECTIONS.into()) {
        streams.push(TcpStream::connect(listener.local_addr()?)?);
        streams.push(listener.accept()?.0);
    }
    let pipes = (0..PIPES).map(|_| std::io::pipe());
    let files = (0..FILES).map(|_| File::open("/dev/null"));
    Ok(Held {
        _listeners: listeners,
        _streams: streams,
        _pipes: pipes.collect::<Result<_, _>>()?,
        _files: files.collect::<Result<_, _>>()?,
    })
}

/// The address and the first port of one process.
fn post(number: u16) -> (Ipv4Addr, u16) {
    let block = u8::try_from(number / AN_ADDRESS).unwrap_or(u8::MAX);
    let address = Ipv4Addr::new(127, 0, 0, block.saturating_add(1));
    (address, FIRST_PORT + number % AN_ADDRESS * LISTENERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_hundred_processes_are_the_load_of_the_table() {
        assert_eq!(200 * SOCKETS, 44_000);
        assert_eq!(200 * DESCRIPTORS, 84_000);
    }

    #[test]
    fn posts_do_not_overlap() {
        assert_eq!(post(0), (Ipv4Addr::new(127, 0, 0, 1), 20_000));
        assert_eq!(post(199), (Ipv4Addr::new(127, 0, 0, 1), 23_980));
        assert_eq!(post(200), (Ipv4Addr::new(127, 0, 0, 2), 20_000));
        assert_eq!(post(1999), (Ipv4Addr::new(127, 0, 0, 10), 23_980));
    }
}
