//! What is written as a kernel writes it is read back the same: every structure, in both byte
//! orders and both data models, whatever its numbers.

use proptest::prelude::*;
use solaris::layout::{
    ADDR4, ADDR6, Abi, Model, Order, PRMAP_ILP32, PRMAP_LP64, PSINFO_ILP32, PSINFO_LP64, TCP4,
    TCP4_ENTRIES, TCP6, TCP6_ENTRIES, UDP4, UDP4_TAILS, UDP6, UDP6_TAILS, UNIX_RECORDS,
    fdinfo as fd, fuser as users, named, psinfo as ps, sctp as assoc, sockinfo as info, unix as ux,
};
use solaris::parse::tcp::Version;
use solaris::parse::{
    addresses, fdinfo, fuser, kstat, map, mnttab, optmgmt, psinfo, sctp, sockinfo, tcp, udp, uname,
    unix,
};
use std::net::{IpAddr, SocketAddr};

const ABIS: [Abi; 4] = [Abi::X86_64, Abi::I386, Abi::SPARCV9, Abi::SPARC];

fn abi() -> impl Strategy<Value = Abi> {
    prop::sample::select(ABIS.to_vec())
}

/// A record under the pen.
struct Record {
    bytes: Vec<u8>,
    abi: Abi,
}

impl Record {
    fn new(length: usize, abi: Abi) -> Record {
        Record {
            bytes: vec![0; length],
            abi,
        }
    }

    fn put(&mut self, at: usize, bytes: &[u8]) -> &mut Record {
        for (slot, byte) in self.bytes.iter_mut().skip(at).zip(bytes) {
            *slot = *byte;
        }
        self
    }

    /// An integer of `width` bytes in this order.
    fn number(&mut self, at: usize, width: usize, value: u64) -> &mut Record {
        let bytes = match self.abi.order {
            Order::Little => value.to_le_bytes().get(..width).map(<[u8]>::to_vec),
            Order::Big => value.to_be_bytes().get(8 - width..).map(<[u8]>::to_vec),
        };
        self.put(at, &bytes.unwrap_or_default())
    }

    fn u32(&mut self, at: usize, value: u32) -> &mut Record {
        self.number(at, 4, value.into())
    }

    /// A `long`, and as much of it as there is room for.
    fn long(&mut self, at: usize, value: u64) -> &mut Record {
        let width = if self.abi.model == Model::Lp64 { 8 } else { 4 };
        self.number(at, width, value)
    }
}

/// A text without NUL that leaves room for one.
fn text(room: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(1..=u8::MAX, 0..room)
}

fn v4() -> impl Strategy<Value = (IpAddr, u16)> {
    (any::<[u8; 4]>(), any::<u16>()).prop_map(|(addr, port)| (IpAddr::from(addr), port))
}

fn v6() -> impl Strategy<Value = (IpAddr, u16)> {
    (any::<[u8; 16]>(), any::<u16>()).prop_map(|(addr, port)| (IpAddr::from(addr), port))
}

fn octets(addr: IpAddr) -> Vec<u8> {
    match addr {
        IpAddr::V4(addr) => addr.octets().to_vec(),
        IpAddr::V6(addr) => addr.octets().to_vec(),
    }
}

/// Both states of a TCP row and what they mean together.
const STATES: [(u32, i32, model::State); 6] = [
    (1, -5, model::State::Idle),
    (1, -4, model::State::Bound),
    (2, -3, model::State::Listen),
    (5, 0, model::State::Established),
    (8, 1, model::State::CloseWait),
    (11, 6, model::State::TimeWait),
];

proptest! {
    #[test]
    fn psinfo_of_a_process(
        abi in abi(), pid in 0u32..1 << 31, ppid in 0u32..1 << 31, uid: u32, zone in 0u32..1 << 31,
        seconds in 0u32..1 << 31, nanoseconds in 0u32..1_000_000_000, lwps in 1u32..99,
        name in text(16), arguments in text(80),
    ) {
        let layout = match abi.model {
            Model::Lp64 => &PSINFO_LP64,
            Model::Ilp32 => &PSINFO_ILP32,
        };
        let width = if abi.model == Model::Lp64 { 8 } else { 4 };
        let mut record = Record::new(layout.size, abi);
        record
            .u32(ps::NLWP, lwps).u32(ps::PID, pid).u32(ps::PPID, ppid).u32(ps::UID, uid)
            .u32(layout.zoneid, zone)
            .long(layout.start, seconds.into()).long(layout.start + width, nanoseconds.into())
            .put(layout.fname, &name).put(layout.psargs, &arguments);
        let told = psinfo::psinfo(&record.bytes, abi).unwrap();
        let process = told.process;
        prop_assert!(!told.zombie);
        prop_assert_eq!(process.id.pid.0, pid);
        prop_assert_eq!(process.id.start, u64::from(seconds) * 1_000_000_000 + u64::from(nanoseconds));
        prop_assert_eq!(process.ppid.map(|pid| pid.0), Some(ppid));
        prop_assert_eq!(process.uid.map(|uid| uid.0), Some(uid));
        prop_assert_eq!(process.zone.map(|zone| zone.0), Some(zone));
        prop_assert_eq!(process.comm.as_bytes(), name);
        prop_assert_eq!(process.cmdline, Some(model::Foreign::from(arguments)));
    }

    #[test]
    fn a_map(abi in abi(), rows in prop::collection::vec((any::<u32>(), any::<u32>(), any::<u32>(), text(64)), 0..5)) {
        let layout = match abi.model {
            Model::Lp64 => &PRMAP_LP64,
            Model::Ilp32 => &PRMAP_ILP32,
        };
        let mut bytes = Vec::new();
        for (address, size, flags, name) in &rows {
            let mut record = Record::new(layout.stride, abi);
            record.long(0, (*address).into()).long(layout.size, (*size).into());
            record.u32(layout.flags, *flags).put(layout.name, name);
            bytes.extend(record.bytes);
        }
        let parsed = map::table(&bytes, abi, "x");
        prop_assert!(parsed.lost.is_empty());
        let found: Vec<_> = parsed.rows.iter()
            .map(|it| (it.address, it.size, it.flags, it.name.to_vec())).collect();
        let expected: Vec<_> = rows.into_iter()
            .map(|(address, size, flags, name)| (address.into(), size.into(), flags, name)).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn inodes_of_rows(abi in abi(), slots in prop::collection::vec(prop::option::of((any::<u64>(), 0u64..4, any::<u64>())), 0..9)) {
        let mut bytes = Vec::new();
        for (row, slot) in (0u64..).zip(&slots) {
            let Some((inode, flags, device)) = slot else { continue };
            let mut record = Record::new(info::STRIDE, abi);
            record.number(info::ROW, 8, row).number(info::INODE, 8, *inode);
            record.number(info::FLAGS, 8, *flags).number(info::DEVICE, 8, *device);
            bytes.extend(record.bytes);
        }
        let found = sockinfo::table(&bytes, slots.len(), abi).unwrap();
        let found: Vec<_> = found.into_iter().map(|slot| slot.map(|it| {
            (it.inode, u64::from(it.stream) + 2 * u64::from(it.ipv6), it.device)
        })).collect();
        prop_assert_eq!(found, slots);
    }

    #[test]
    fn users_of_a_file(abi in abi(), processes in prop::collection::vec((0u32..256, 0u32..1 << 31, any::<u32>()), 0..6)) {
        let mut record = Record::new(users::USERS + users::STRIDE * processes.len(), abi);
        record.u32(users::COUNT, u32::try_from(processes.len()).unwrap());
        for (number, (uses, pid, uid)) in processes.iter().enumerate() {
            let at = users::USERS + users::STRIDE * number;
            record.u32(at, *uses).u32(at + 4, *pid).u32(at + 8, *uid);
        }
        let parsed = fuser::users(&record.bytes, abi, "x");
        prop_assert!(parsed.lost.is_empty() && parsed.notes.is_empty());
        let found: Vec<_> = parsed.rows.iter().map(|user| match user {
            fuser::User::Process { uses, pid, uid } => (*uses, pid.0, uid.0),
            fuser::User::Kernel { .. } => (0, 0, 0),
        }).collect();
        prop_assert_eq!(found, processes);
    }

    /// The name of a recorded answer is a plain file name, and no other path has it.
    #[test]
    fn the_name_of_an_answer_leads_back_to_its_path(path in prop::collection::vec(any::<u8>(), 0..40), flags: u32) {
        let name = fuser::recorded_name(&path, flags);
        prop_assert!(!name.contains('/') && !name.contains('\0') && name.is_ascii());
        let escaped = name.strip_prefix(&format!("users-{flags:x}-")).unwrap();
        let mut back = Vec::new();
        let mut rest = escaped.as_bytes();
        while let Some((&byte, behind)) = rest.split_first() {
            rest = behind;
            if byte == b'%' {
                let (digits, behind) = rest.split_at(2);
                back.push(u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap());
                rest = behind;
            } else {
                back.push(byte);
            }
        }
        prop_assert_eq!(back, path);
    }

    /// What a recording keeps of the dialogue is the dialogue.
    #[test]
    fn messages_of_the_modules(items in prop::collection::vec((any::<u32>(), any::<u32>(), prop::collection::vec(any::<u8>(), 0..50)), 0..6)) {
        let mut kept = Vec::new();
        for (level, name, data) in &items {
            let length = u32::try_from(data.len()).unwrap();
            let control: Vec<u8> = [22, 12, 16, 0x20, *level, *name, length]
                .iter().flat_map(|word: &u32| word.to_ne_bytes()).collect();
            optmgmt::keep(&control, data, &mut |part| kept.extend_from_slice(part));
        }
        let answer = optmgmt::answer(&kept, "x");
        prop_assert!(answer.gaps.is_empty(), "{:?}", answer.gaps);
        let found: Vec<_> = answer.items.iter()
            .map(|it| (it.level, it.name, it.data.to_vec())).collect();
        prop_assert_eq!(found, items);
    }

    #[test]
    fn a_chain_of_statistics(abi in abi(), rows in prop::collection::vec((any::<u32>(), any::<u32>(), text(31), text(31), text(31)), 0..4)) {
        let layout = kstat::layout(abi);
        let mut bytes = Vec::new();
        for (kid, instance, module, name, class) in &rows {
            let mut record = Record::new(layout.stride, abi);
            record.u32(layout.kid, *kid).u32(layout.instance, *instance);
            record.put(layout.module, module).put(layout.name, name).put(layout.class, class);
            bytes.extend(record.bytes);
        }
        let parsed = kstat::chain(&bytes, abi, "x");
        prop_assert!(parsed.lost.is_empty());
        let found: Vec<_> = parsed.rows.iter().map(|it| {
            let (kid, instance) = (it.kid.cast_unsigned(), it.instance.cast_unsigned());
            (kid, instance, it.module.to_vec(), it.name.to_vec(), it.class.to_vec())
        }).collect();
        prop_assert_eq!(found, rows);
    }

    #[test]
    fn named_numbers(abi in abi(), rows in prop::collection::vec((text(31), any::<i32>(), any::<u64>(), any::<bool>()), 0..5)) {
        const INT32: u8 = 1;
        const UINT64: u8 = 4;
        let mut bytes = Vec::new();
        for (name, small, large, is_large) in &rows {
            let mut record = Record::new(named::STRIDE, abi);
            record.put(0, name).put(named::KIND, &[if *is_large { UINT64 } else { INT32 }]);
            match is_large {
                true => record.number(named::VALUE, 8, *large),
                false => record.u32(named::VALUE, small.cast_unsigned()),
            };
            bytes.extend(record.bytes);
        }
        let count = u32::try_from(rows.len()).unwrap();
        let parsed = kstat::named(&bytes, count, None, abi, "x");
        prop_assert!(parsed.lost.is_empty());
        for ((name, value), (wrote, small, large, is_large)) in parsed.rows.iter().zip(&rows) {
            let number = if *is_large { i128::from(*large) } else { i128::from(*small) };
            prop_assert_eq!((*name, *value), (wrote.as_slice(), kstat::Value::Number(number)));
        }
        prop_assert_eq!(parsed.rows.len(), rows.len());
    }

    /// Every size of a row there is, in either order.
    #[test]
    fn rows_of_tcp(
        abi in abi(), four in (v4(), v4()), six in (v6(), v6()), state in 0..STATES.len(),
        creator in 1u32..1 << 31, inode in 1u64..,
    ) {
        let (mib, tcp, expected) = STATES[state];
        let tables = TCP4_ENTRIES.iter().map(|entry| (entry, &TCP4, Version::V4, four));
        let tables = tables.chain(TCP6_ENTRIES.iter().map(|entry| (entry, &TCP6, Version::V6, six)));
        for (entry, head, version, ((local, port), (remote, remote_port))) in tables {
            let mut record = Record::new(entry.stride, abi);
            record
                .u32(head.state, mib).u32(entry.info.state, tcp.cast_unsigned())
                .put(head.local, &octets(local)).u32(head.port, port.into())
                .put(head.remote, &octets(remote)).u32(head.remote_port, remote_port.into());
            if let Some(at) = entry.creator {
                record.u32(at, creator);
            }
            let slot = sockinfo::SockInfo { inode, stream: false, ipv6: false, device: 0 };
            let parsed = tcp::table(&record.bytes, entry.stride, version, abi, &[Some(slot)], "x");
            prop_assert!(parsed.lost.is_empty() && parsed.notes.is_empty(), "{}", entry.stride);
            let socket = &parsed.rows[0];
            let inet = socket.kind.inet().unwrap();
            prop_assert_eq!((inet.local, inet.port), (local, port));
            prop_assert_eq!((inet.remote, inet.remote_port), (remote, remote_port));
            prop_assert_eq!((inet.state, socket.inode.0), (expected, inode));
            let told = socket.streams.as_ref().unwrap().creator.map(|pid| pid.0);
            prop_assert_eq!(told, entry.creator.map(|_| creator));
        }
    }

    #[test]
    fn rows_of_udp(abi in abi(), four in (v4(), v4()), six in (v6(), v6()), creator in 1u32..1 << 31) {
        let tables = UDP4_TAILS.iter().map(|tail| (tail, &UDP4, Version::V4, four));
        let tables = tables.chain(UDP6_TAILS.iter().map(|tail| (tail, &UDP6, Version::V6, six)));
        for (tail, head, version, ((local, port), (remote, remote_port))) in tables {
            let mut record = Record::new(tail.stride, abi);
            record
                .u32(head.state, 3).u32(tail.creator, creator)
                .put(head.local, &octets(local)).u32(head.port, port.into())
                .put(head.remote, &octets(remote)).u32(head.remote_port, remote_port.into());
            let parsed = udp::table(&record.bytes, tail.stride, version, abi, &[], "x");
            prop_assert!(parsed.lost.is_empty(), "{}: {:?}", tail.stride, parsed.lost);
            let inet = parsed.rows[0].kind.inet().unwrap();
            prop_assert_eq!((inet.local, inet.port), (local, port));
            prop_assert_eq!((inet.remote, inet.remote_port), (remote, remote_port));
            let told = parsed.rows[0].streams.as_ref().unwrap().creator;
            prop_assert_eq!(told.map(|pid| pid.0), Some(creator));
        }
    }

    /// Two addresses and a type among items nobody knows.
    #[test]
    fn the_addresses_of_a_descriptor(
        abi in abi(), four in (v4(), v4()), six in (v6(), v6()), is_six: bool, kind in 1u32..7,
        strange in prop::collection::vec((100u32..200, 0usize..9), 0..3), inode: u64, number in 0u32..1 << 31,
    ) {
        let mut record = Record::new(fd::ITEMS, abi);
        record.u32(fd::FD, number).u32(fd::MODE, 0xc000).number(fd::INODE, 8, inode);
        record.u32(fd::FLAGS, 2).number(fd::OFFSET, 8, u64::MAX);
        let mut bytes = record.bytes;
        let item = |kind: u32, data: &[u8]| {
            let length = 8 + data.len().next_multiple_of(4);
            let mut record = Record::new(length, abi);
            record.u32(0, u32::try_from(length).unwrap()).u32(4, kind).put(8, data);
            record.bytes
        };
        let name = |(addr, port): (IpAddr, u16)| {
            let mut record = Record::new(if addr.is_ipv4() { 16 } else { 32 }, abi);
            let (family, at) = if addr.is_ipv4() { (2, 4) } else { (26, 8) };
            record.number(0, 2, family).put(2, &port.to_be_bytes()).put(at, &octets(addr));
            record.bytes
        };
        let (local, peer) = if is_six { six } else { four };
        for (kind, length) in strange {
            bytes.extend(item(kind, &vec![7; length]));
        }
        bytes.extend(item(1, &name(local)));
        bytes.extend(item(2, &name(peer)));
        let mut word = Record::new(4, abi);
        word.u32(0, kind);
        bytes.extend(item(9, &word.bytes));
        let mut end = Record::new(8, abi);
        end.u32(4, u32::MAX);
        bytes.extend(end.bytes);
        let (file, gaps) = fdinfo::fdinfo(&bytes, abi, "x").unwrap();
        prop_assert!(gaps.is_empty(), "{:?}", gaps);
        let detail = file.detail.unwrap();
        let inet = |(addr, port)| Some(model::SockName::Inet(SocketAddr::new(addr, port)));
        prop_assert_eq!((detail.local, detail.peer), (inet(local), inet(peer)));
        prop_assert_eq!(detail.socket_type, Some(kind));
        prop_assert_eq!((file.inode.unwrap().0, file.slot), (inode, model::Slot::Fd(number)));
    }

    #[test]
    fn the_names_of_a_kernel(texts in prop::collection::vec(text(uname::FIELD), 5)) {
        let mut bytes = Vec::new();
        for (number, text) in (1..).zip(&texts) {
            bytes.extend_from_slice(text);
            bytes.resize(number * uname::FIELD, 0);
        }
        let names = uname::uname(&bytes);
        let found = [names.sysname, names.nodename, names.release, names.version, names.machine];
        prop_assert_eq!(found.map(<[u8]>::to_vec).to_vec(), texts);
    }

    #[test]
    fn lines_of_mnttab(mounts in prop::collection::vec(("[a-z0-9/]{1,12}", "/[a-z0-9/ ]{0,12}", "[a-z]{1,6}", 0u64..1 << 14, 0u64..1 << 18), 0..5)) {
        let mut text = String::new();
        for (source, point, kind, major, minor) in &mounts {
            let device = major << 18 | minor;
            text.push_str(&format!("{source}\t{point}\t{kind}\trw,dev={device:x}\t1600000000\n"));
        }
        let parsed = mnttab::table(text.as_bytes(), "x");
        prop_assert!(parsed.lost.is_empty());
        let found: Vec<_> = parsed.rows.iter().map(|it| {
            (it.source.clone(), it.point.clone(), it.kind.clone(), it.device)
        }).collect();
        let expected: Vec<_> = mounts.into_iter().map(|(source, point, kind, major, minor)| {
            (source.into_bytes(), point.into_bytes(), kind.into_bytes(), major << 32 | minor)
        }).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn associations_of_sctp(abi in abi(), four in (v4(), v4()), six in (v6(), v6()), is_six: bool, creator in 1u32..1 << 31, queues: (u32, u32)) {
        let ((local, port), (remote, remote_port)) = if is_six { six } else { four };
        let mut record = Record::new(assoc::STRIDE, abi);
        record
            .u32(assoc::TYPE, if is_six { 2 } else { 1 }).u32(assoc::STATE, 4)
            .put(assoc::LOCAL, &octets(local)).u32(assoc::PORT, port.into())
            .put(assoc::REMOTE, &octets(remote)).u32(assoc::REMOTE_PORT, remote_port.into())
            .u32(assoc::CREATOR, creator)
            .u32(assoc::SEND_QUEUE, queues.0).u32(assoc::RECV_QUEUE, queues.1);
        let parsed = sctp::table(&record.bytes, abi, "x");
        prop_assert!(parsed.lost.is_empty());
        let socket = &parsed.rows[0];
        let inet = socket.kind.inet().unwrap();
        prop_assert_eq!((inet.local, inet.port), (local, port));
        prop_assert_eq!((inet.remote, inet.remote_port), (remote, remote_port));
        prop_assert_eq!((socket.send_queue, socket.recv_queue), queues);
        prop_assert_eq!(socket.streams.as_ref().unwrap().creator.map(|pid| pid.0), Some(creator));
    }

    /// Every size of a record there is; a 32-bit reader sees what a 64-bit one does.
    #[test]
    fn records_of_unix_sockets(abi in abi(), path in "[a-z/]{1,40}", peer in "[a-z/]{1,40}", zone in 0u32..1 << 31, inode: u64) {
        const EXPLICIT: u32 = 0x7578_7670;
        for layout in UNIX_RECORDS {
            let mut record = Record::new(layout.stride, abi);
            record
                .u32(ux::SIZE, u32::try_from(layout.stride).unwrap()).u32(ux::SERVICE, 2)
                .u32(ux::LOCAL_MAGIC, EXPLICIT).u32(ux::LOCAL_LENGTH, 110).u32(ux::PEER_LENGTH, 110)
                .put(ux::LOCAL_PATH, path.as_bytes()).put(ux::PEER_PATH, peer.as_bytes())
                .u32(layout.zone, zone);
            if let Some(at) = layout.inode {
                record.number(at, 8, inode);
            }
            let parsed = unix::table(&record.bytes, abi, "x");
            prop_assert!(parsed.lost.is_empty() && parsed.notes.is_empty());
            let socket = &parsed.rows[0];
            let streams = socket.streams.as_ref().unwrap();
            let model::Kind::Unix(found) = &socket.kind else {
                return Err(TestCaseError::fail("a unix socket"));
            };
            prop_assert_eq!(found.path.as_ref(), Some(&model::Foreign::from(path.as_str())));
            prop_assert_eq!(streams.peer_path.as_ref(), Some(&model::Foreign::from(peer.as_str())));
            prop_assert_eq!(streams.zone.map(|zone| zone.0), Some(zone));
            prop_assert_eq!(socket.inode.0, layout.inode.map_or(0, |_| inode));
        }
    }

    #[test]
    fn addresses_of_the_host(abi in abi(), four: [u8; 4], six: [u8; 16], name in "[a-z0-9:]{1,30}", up: bool, more in 0usize..60) {
        for (head, version, octets) in [(&ADDR4, Version::V4, &four[..]), (&ADDR6, Version::V6, &six[..])] {
            let stride = head.end + more;
            let mut record = Record::new(stride, abi);
            record
                .put(head.addr, octets).u32(head.name, u32::try_from(name.len()).unwrap())
                .put(head.name + 4, name.as_bytes()).u32(head.flags, 0x840 | u32::from(up));
            let parsed = addresses::table(&record.bytes, stride, version, abi, "x");
            prop_assert!(parsed.lost.is_empty());
            let found = &parsed.rows[0];
            let written = match version {
                Version::V4 => IpAddr::from(four),
                Version::V6 => IpAddr::from(six),
            };
            prop_assert_eq!((found.addr, found.interface, found.up), (written, name.as_bytes(), up));
        }
    }
}
