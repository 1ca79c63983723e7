//! Each offset of `layout` against the list the compiler made from the public headers.

use solaris::layout::*;
use std::collections::BTreeMap;

/// One structure as compiled: its size, and its fields' offsets.
type Compiled = (usize, BTreeMap<String, usize>);

/// Every compiled form of a structure, one for each era and ABI.
fn compiled(name: &str) -> Vec<Compiled> {
    let text = include_str!("fixtures/layouts.txt");
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (head, body) in lines.iter().zip(lines.iter().skip(1)) {
        let Some((word, size)) = head.split_once("sizeof=") else {
            continue;
        };
        if word.trim() == name {
            let fields = body.split_whitespace().map(|field| {
                let (name, at) = field.split_once('@').expect("field@offset:size");
                let (at, _) = at.split_once(':').expect("field@offset:size");
                (name.to_owned(), at.parse().expect("an offset"))
            });
            found.push((size.parse().expect("a size"), fields.collect()));
        }
    }
    assert!(!found.is_empty(), "{name} is in the list");
    found
}

#[track_caller]
fn same(compiled: &Compiled, expected: &[(&str, usize)]) {
    for (name, at) in expected {
        assert_eq!(compiled.1.get(*name), Some(at), "{name}");
    }
}

fn tcp(name: &str, head: &TcpHead, entries: &[TcpEntry], six: &str) {
    for found in compiled(name) {
        let entry = entries
            .iter()
            .find(|entry| entry.stride == found.0)
            .unwrap_or_else(|| panic!("{name} of {} bytes", found.0));
        let field = |tail: &str| format!("tcp{six}Conn{tail}");
        let info = |tail: &str| field(&format!("EntryInfo.{tail}"));
        let mut expected = vec![
            (field("State"), head.state),
            (field("LocalAddress"), head.local),
            (field("LocalPort"), head.port),
            (field("RemAddress"), head.remote),
            (field("RemPort"), head.remote_port),
            (info("ce_snxt"), entry.info.snxt),
            (info("ce_suna"), entry.info.suna),
            (info("ce_swnd"), entry.info.swnd),
            (info("ce_rnxt"), entry.info.rnxt),
            (info("ce_rack"), entry.info.rack),
            (info("ce_rwnd"), entry.info.rwnd),
            (info("ce_state"), entry.info.state),
        ];
        expected.extend(head.device.map(|at| (field("IfIndex"), at)));
        expected.extend(entry.creator.map(|at| (field("CreationProcess"), at)));
        expected.extend(entry.created.map(|at| (field("CreationTime"), at)));
        for (name, at) in expected {
            assert_eq!(found.1.get(&name), Some(&at), "{name} of {} bytes", found.0);
        }
        let timed = found.1.contains_key(&field("CreationTime"));
        assert_eq!(timed, entry.created.is_some());
    }
}

#[test]
fn tcp_tables_of_every_era() {
    tcp("mib2_tcpConnEntry_t", &TCP4, TCP4_ENTRIES, "");
    tcp("mib2_tcp6ConnEntry_t", &TCP6, TCP6_ENTRIES, "6");
}

/// The list has SmartOS, not upstream illumos, whose entries lack the one gauge
/// `ce_rtt_sd` (4 bytes) behind the windows and are 172 and 200 bytes long.
#[test]
fn upstream_is_smartos_less_one_gauge() {
    for (entries, upstream, smartos) in [(TCP4_ENTRIES, 172, 176), (TCP6_ENTRIES, 200, 204)] {
        let find = |stride| entries.iter().find(|entry| entry.stride == stride).unwrap();
        let (upstream, smartos) = (find(upstream), find(smartos));
        assert_eq!(upstream.info.rwnd, smartos.info.rwnd);
        assert_eq!(upstream.info.state + 4, smartos.info.state);
        assert_eq!(upstream.creator.map(|at| at + 4), smartos.creator);
        assert_eq!(upstream.created.map(|at| at + 4), smartos.created);
    }
}

fn udp(name: &str, head: &UdpHead, tails: &[UdpTail], six: &str) {
    for found in compiled(name) {
        let field = |tail: &str| format!("udp{six}{tail}");
        let mut expected = vec![
            (field("LocalAddress"), head.local),
            (field("LocalPort"), head.port),
            (field("EntryInfo.ue_state"), head.state),
            (field("EntryInfo.ue_RemoteAddress"), head.remote),
            (field("EntryInfo.ue_RemotePort"), head.remote_port),
        ];
        expected.extend(head.device.map(|at| (field("IfIndex"), at)));
        match tails.iter().find(|tail| tail.stride == found.0) {
            Some(tail) => {
                expected.push((field("CreationProcess"), tail.creator));
                expected.push((field("CreationTime"), tail.created));
            }
            None => assert_eq!(found.0, head.end),
        }
        for (name, at) in expected {
            assert_eq!(found.1.get(&name), Some(&at), "{name} of {} bytes", found.0);
        }
    }
}

#[test]
fn udp_tables_of_every_era() {
    udp("mib2_udpEntry_t", &UDP4, UDP4_TAILS, "");
    udp("mib2_udp6Entry_t", &UDP6, UDP6_TAILS, "6");
}

#[test]
fn the_other_mib_structures() {
    for found in compiled("mib2_sctpConnEntry_t") {
        assert_eq!(found.0, sctp::STRIDE);
        same(
            &found,
            &[
                ("sctpAssocLocalPort", sctp::PORT),
                ("sctpAssocRemPort", sctp::REMOTE_PORT),
                ("sctpAssocRemPrimAddrType", sctp::TYPE),
                ("sctpAssocRemPrimAddr", sctp::REMOTE),
                ("sctpAssocLocPrimAddr", sctp::LOCAL),
                ("sctpAssocState", sctp::STATE),
                ("sctpAssocPrimProcess", sctp::CREATOR),
                ("sctpAssocStartTime", sctp::CREATED),
                ("sctpConnEntryInfo.ce_sendq", sctp::SEND_QUEUE),
                ("sctpConnEntryInfo.ce_recvq", sctp::RECV_QUEUE),
                ("sctpConnEntryInfo.ce_swnd", sctp::SEND_WINDOW),
                ("sctpConnEntryInfo.ce_rwnd", sctp::RECV_WINDOW),
            ],
        );
    }
    for found in compiled("mib2_socketInfoEntry_t") {
        assert_eq!(found.0, sockinfo::STRIDE);
        same(
            &found,
            &[
                ("sie_connidx", sockinfo::ROW),
                ("sie_inode", sockinfo::INODE),
                ("sie_flags", sockinfo::FLAGS),
                ("sie_dev", sockinfo::DEVICE),
            ],
        );
    }
    for found in compiled("mib2_tcp_t") {
        same(
            &found,
            &[
                ("tcpConnTableSize", scalars::TCP4),
                ("tcp6ConnTableSize", scalars::TCP6),
            ],
        );
    }
    for found in compiled("mib2_udp_t") {
        same(
            &found,
            &[
                ("udpEntrySize", scalars::UDP4),
                ("udp6EntrySize", scalars::UDP6),
            ],
        );
    }
}

#[test]
fn proc_structures_in_both_models() {
    for found in compiled("psinfo_t") {
        let layout = match found.0 {
            336 => &PSINFO_ILP32,
            _ => &PSINFO_LP64,
        };
        assert_eq!(found.0, layout.size);
        same(
            &found,
            &[
                ("pr_flag", psinfo::FLAG),
                ("pr_nlwp", psinfo::NLWP),
                ("pr_pid", psinfo::PID),
                ("pr_ppid", psinfo::PPID),
                ("pr_pgid", psinfo::PGID),
                ("pr_uid", psinfo::UID),
                ("pr_start.tv_sec", layout.start),
                ("pr_fname", layout.fname),
                ("pr_psargs", layout.psargs),
                ("pr_dmodel", layout.dmodel),
                ("pr_zoneid", layout.zoneid),
            ],
        );
    }
    for found in compiled("prmap_t") {
        let layout = match found.0 {
            96 => &PRMAP_ILP32,
            _ => &PRMAP_LP64,
        };
        assert_eq!(found.0, layout.stride);
        same(
            &found,
            &[
                ("pr_size", layout.size),
                ("pr_mapname", layout.name),
                ("pr_offset", layout.offset),
                ("pr_mflags", layout.flags),
            ],
        );
    }
    for found in compiled("prfdinfo_t") {
        same(
            &found,
            &[
                ("pr_fd", fdinfo::FD),
                ("pr_mode", fdinfo::MODE),
                ("pr_ino", fdinfo::INODE),
                ("pr_size", fdinfo::SIZE),
                ("pr_offset", fdinfo::OFFSET),
                ("pr_uid", fdinfo::UID),
                ("pr_gid", fdinfo::GID),
                ("pr_major", fdinfo::DEVICE),
                ("pr_minor", fdinfo::DEVICE + 4),
                ("pr_rmajor", fdinfo::RDEV),
                ("pr_rminor", fdinfo::RDEV + 4),
                ("pr_fileflags", fdinfo::FLAGS),
                ("pr_fdflags", fdinfo::FD_FLAGS),
                ("pr_locktype", fdinfo::LOCK),
                ("pr_lockpid", fdinfo::LOCK_PID),
                ("pr_peerpid", fdinfo::PEER_PID),
                ("pr_peername", fdinfo::PEER_NAME),
                ("pr_misc", fdinfo::ITEMS),
            ],
        );
    }
}

#[test]
fn kstat_and_utssys_structures() {
    for found in compiled("kstat_t") {
        let layout = match found.0 {
            152 => &KSTAT_ILP32,
            _ => &KSTAT_LP64,
        };
        assert_eq!(found.0, layout.stride);
        same(
            &found,
            &[
                ("ks_kid", layout.kid),
                ("ks_module", layout.module),
                ("ks_instance", layout.instance),
                ("ks_name", layout.name),
                ("ks_type", layout.kind),
                ("ks_class", layout.class),
                ("ks_data", layout.data),
                ("ks_ndata", layout.ndata),
                ("ks_data_size", layout.data_size),
            ],
        );
    }
    for found in compiled("kstat_named_t") {
        assert_eq!(found.0, named::STRIDE);
        same(
            &found,
            &[("data_type", named::KIND), ("value.ui64", named::VALUE)],
        );
    }
    for found in compiled("fu_data_t") {
        same(
            &found,
            &[("fud_user_count", fuser::COUNT), ("fud_user", fuser::USERS)],
        );
    }
    for found in compiled("f_user_t") {
        assert_eq!(found.0, fuser::STRIDE);
        same(
            &found,
            &[
                ("fu_info.u_info.u_pid", 4),
                ("fu_info.u_info.u_uid", 8),
                ("fu_info.k_info.k_minor", 12),
            ],
        );
    }
}

#[test]
fn unix_records_of_every_era() {
    let prefixed = |prefix: &str, found: &Compiled, layout: &UnixRecord| {
        let field = |name: &str| found.1.get(&format!("{prefix}{name}")).copied();
        assert_eq!(field("si_size"), Some(unix::SIZE));
        assert_eq!(field("si_state"), Some(unix::STATE));
        assert_eq!(field("si_ux_laddr_sou_magic"), Some(unix::LOCAL_MAGIC));
        assert_eq!(field("si_serv_type"), Some(unix::SERVICE));
        assert_eq!(field("si_laddr_soa_len"), Some(unix::LOCAL_LENGTH));
        assert_eq!(field("si_faddr_soa_len"), Some(unix::PEER_LENGTH));
        assert_eq!(field("si_laddr_sun_path"), Some(unix::LOCAL_PATH));
        assert_eq!(field("si_faddr_sun_path"), Some(unix::PEER_PATH));
        assert_eq!(field("si_faddr_noxlate"), layout.noxlate);
        assert_eq!(field("si_szoneid"), Some(layout.zone));
        assert_eq!(field("si_inode"), layout.inode);
    };
    let record = |size| {
        UNIX_RECORDS
            .iter()
            .find(|record| record.stride == size)
            .unwrap()
    };
    for found in compiled("k_sockinfo") {
        let layout = record(found.0);
        prefixed("ks_si.", &found, layout);
        same(&found, &[("ks_straddr", layout.addresses)]);
    }
    for found in compiled("sockinfo").iter().filter(|found| found.0 == 2160) {
        let layout = record(2160);
        prefixed("", found, layout);
        same(found, &[("si_son_straddr", layout.addresses)]);
    }
}
