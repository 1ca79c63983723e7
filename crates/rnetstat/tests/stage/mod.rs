//! A network namespace with links, routes, groups and sockets to be found, and programs run
//! in it. All that lives there dies with the shell that made it.

use std::process::{Command, Output, Stdio};

/// Links, addresses, routes of every kind and a joined group.
pub(crate) const NETWORK: &str = "
ip link set lo up
ip link add v10 type veth peer name v9
ip link set v9 up
ip link set v10 up mtu 9000
ip addr add 10.9.0.1/24 brd + dev v10
ip addr add 10.9.0.7/24 dev v10 label v10:1
ip addr add 239.1.2.3/32 dev v9 autojoin
ip -6 addr add 2001:db8:1234:5678:9abc:def0:1234:5678/64 dev v10 nodad
ip tuntap add t0 mode tun
ip link set t0 up
ip addr add 10.50.0.1 peer 10.50.0.2 dev t0
ip route add 192.168.5.0/24 via 10.9.0.9
ip route add default via 10.9.0.254 metric 5
ip route add unreachable 10.7.7.0/24
ip route add blackhole 10.99.0.0/16
ip route add 1.2.3.4/32 dev v10 mtu 1400 window 100 rtt 5ms
ip -6 route add 2001:db8:5::/48 via 2001:db8:1234:5678::9
ip -6 route add unreachable 2001:db8:77::/48
";

/// Sockets of odd kinds: a filtered packet socket, a name that forges a row, MPTCP, a bound
/// one, one in a message, one in a namespace that no task is in, and that namespace's twin
/// that only a descriptor keeps.
pub(crate) const SOCKETS: &str = r#"
import ctypes, os, socket, struct, time
keep = []
insns = [(0x28,0,0,12),(0x15,0,6,0x800),(0x30,0,0,23),(0x15,0,4,17),(0xb1,0,0,14),
         (0x48,0,0,16),(0x15,0,1,53),(6,0,0,65535),(6,0,0,0)]
code = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *i) for i in insns))
p = socket.socket(17, socket.SOCK_RAW, socket.htons(3)); p.bind(('lo', 3))
p.setsockopt(1, 26, struct.pack('HL', len(insns), ctypes.addressof(code)))
u = socket.socket(socket.AF_UNIX)
u.bind(b'\0inj\n0000000000000000: 00000002 00000000 00010000 0001 01 424242 /run/fake.sock')
u.listen()
b = socket.socket(); b.bind(('127.0.0.1', 7001))
six = socket.socket(socket.AF_INET6); six.bind(('2001:db8:1234:5678:9abc:def0:1234:5678', 443)); six.listen()
near, far = socket.socketpair()
l = socket.socket(); l.bind(('127.0.0.1', 7004)); l.listen()
socket.send_fds(near, [b'x'], [l.fileno()]); l.close()
try:
    m = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262); m.bind(('127.0.0.1', 7100)); m.listen()
except OSError:
    pass
libc = ctypes.CDLL(None)
own = os.open('/proc/self/ns/net', os.O_RDONLY)
libc.unshare(0x40000000)
o = socket.socket(); o.bind(('0.0.0.0', 7013)); o.listen()
libc.unshare(0x40000000)
held = os.open('/proc/self/ns/net', os.O_RDONLY)
libc.setns(own, 0)
print('held', os.fstat(held).st_ino, flush=True)
time.sleep(30)
"#;

/// Runs a shell script in network and mount namespaces of its own; `$R` is rnetstat and
/// `$SOCKETS` makes the sockets. None where no namespaces can be made or a program is missing.
#[track_caller]
pub(crate) fn on_stage(test: &str, needs: &[&str], script: &str) -> Option<String> {
    for program in needs.iter().chain(&["unshare", "ip"]) {
        if !have(program) {
            println!("SKIPPED: {test}: {program} is not installed");
            return None;
        }
    }
    if !unshare("true").is_ok_and(|output| output.status.success()) {
        println!("SKIPPED: {test}: no namespaces of our own (not root)");
        return None;
    }
    let output = unshare(script).expect("unshare runs");
    let said = |bytes: &[u8]| bytes.escape_ascii().to_string().replace("\\n", "\n");
    assert!(
        output.status.success(),
        "{test}: {}{}",
        said(&output.stdout),
        said(&output.stderr)
    );
    Some(String::from_utf8(output.stdout).expect("text"))
}

pub(crate) fn have(program: &str) -> bool {
    let dirs = ["/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin"];
    dirs.iter()
        .any(|dir| std::path::Path::new(dir).join(program).exists())
}

fn unshare(script: &str) -> std::io::Result<Output> {
    Command::new("unshare")
        .args(["--net", "--mount", "--propagation", "private", "sh", "-c"])
        .arg(script)
        .env("R", env!("CARGO_BIN_EXE_rnetstat"))
        .env("NETWORK", NETWORK)
        .env("SOCKETS", SOCKETS)
        .stdin(Stdio::null())
        .output()
}
