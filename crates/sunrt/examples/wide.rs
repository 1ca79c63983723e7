//! Uses most of what std asks of the runtime. It prints the same on Linux as under the
//! stand-in for Solaris, which is how the runtime is tested.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "std itself is what is tried here"
)]

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read, Seek, Write};
use std::net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant, SystemTime};
use std::{env, fs};

use sunrt as _;

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    let Some(scratch) = env::args_os().nth(1) else {
        return Err(io::Error::other("a directory to work in is missing"));
    };
    files(&mut out, Path::new(&scratch))?;
    network(&mut out)?;
    memory(&mut out)?;
    let line = io::stdin().lock().lines().next().transpose()?;
    writeln!(out, "stdin {line:?}")
}

fn files(out: &mut dyn Write, top: &Path) -> io::Result<()> {
    let inner = top.join("a/b/c");
    fs::create_dir_all(&inner)?;
    let (x, y, z) = (top.join("a/x"), top.join("a/y"), top.join("a/z"));
    fs::write(&x, vec![7u8; 300_000])?;
    writeln!(out, "copy {:?}", fs::copy(&x, &y)?)?;
    fs::rename(&y, &z)?;
    let canonical = fs::canonicalize(top.join("a/../a/z"))?;
    writeln!(out, "canonical {}", canonical.ends_with("a/z"))?;
    let mut file = fs::OpenOptions::new().read(true).write(true).open(&z)?;
    file.seek(io::SeekFrom::End(-5))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    writeln!(out, "tail {tail:?} of {}", file.metadata()?.len())?;
    file.set_len(10)?;
    file.sync_all()?;
    fs::set_permissions(&z, fs::Permissions::from_mode(0o600))?;
    let meta = fs::metadata(&z)?;
    writeln!(out, "length {} mode {:o}", meta.len(), meta.mode())?;
    symlink("z", top.join("a/s"))?;
    fs::hard_link(&z, top.join("a/h"))?;
    let link = fs::symlink_metadata(top.join("a/s"))?.file_type();
    let target = fs::read_link(top.join("a/s"))?;
    writeln!(out, "link {} to {target:?}", link.is_symlink())?;
    writeln!(out, "links {}", fs::metadata(&z)?.nlink())?;
    let mut names = Vec::new();
    for entry in fs::read_dir(top.join("a"))? {
        let entry = entry?;
        names.push((entry.file_name(), entry.file_type()?.is_dir()));
    }
    names.sort();
    writeln!(out, "names {names:?}")?;
    let missing = fs::read(top.join("none")).map_err(|error| error.kind());
    writeln!(out, "missing {missing:?}")?;
    writeln!(out, "cwd {}", env::current_dir()?.is_absolute())?;
    fs::remove_dir_all(top.join("a"))?;
    writeln!(out, "removed {}", !x.exists())
}

fn network(out: &mut dyn Write) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    listener.set_nonblocking(true)?;
    let waiting = listener.accept().map(|_| ()).map_err(|error| error.kind());
    writeln!(out, "nobody {waiting:?}")?;
    let mut client = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
    let (mut server, peer) = listener.accept()?;
    writeln!(out, "peer {}", peer == client.local_addr()?)?;
    client.set_nodelay(true)?;
    client.write_all(b"hello")?;
    let mut hello = [0; 5];
    server.read_exact(&mut hello)?;
    writeln!(out, "heard {:?}", hello.escape_ascii().to_string())?;
    drop(listener);
    let refused = TcpStream::connect_timeout(&address, Duration::from_millis(500));
    writeln!(
        out,
        "closed {:?}",
        refused.map(|_| ()).map_err(|error| error.kind())
    )?;
    let udp = UdpSocket::bind("127.0.0.1:0")?;
    udp.send_to(b"x", udp.local_addr()?)?;
    let mut byte = [0; 4];
    let (length, from) = udp.recv_from(&mut byte)?;
    writeln!(out, "udp {length} {}", from == udp.local_addr()?)?;
    let literal = ("::1", 80).to_socket_addrs()?.next();
    writeln!(out, "literal {literal:?}")
}

fn memory(out: &mut dyn Write) -> io::Result<()> {
    let map = Mutex::new(BTreeMap::from([(1, 2)]));
    let guard = map.lock().map_err(|_| io::Error::other("poisoned"))?;
    writeln!(out, "while held {}", map.try_lock().is_ok())?;
    drop(guard);
    let (to, from) = mpsc::channel();
    to.send(5).map_err(io::Error::other)?;
    let waited = from.recv_timeout(Duration::from_millis(3));
    writeln!(out, "received {waited:?}")?;
    let nothing = from.recv_timeout(Duration::from_millis(3)).is_err();
    writeln!(out, "nothing {nothing}")?;
    let before = Instant::now();
    std::thread::sleep(Duration::from_millis(2));
    let slept = before.elapsed() >= Duration::from_millis(2);
    writeln!(out, "slept {slept}")?;
    writeln!(out, "later {}", SystemTime::now() > SystemTime::UNIX_EPOCH)?;
    let words = (0..200_000u32).map(|n| format!("{:08x}", n.wrapping_mul(2_654_435_761)));
    let mut words: Vec<String> = words.collect();
    words.sort_unstable();
    writeln!(out, "heap {:?} {:?}", words.first(), words.last())
}
