//! Names of well-known ports, from a table of our own made from the IANA registry: the
//! suspect's `/etc/services` is not asked.

use crate::Proto;

/// The registered name of a port; the TCP and UDP lists know only their own protocol.
#[must_use]
pub fn name(proto: Proto, port: u16) -> Option<&'static str> {
    let table = table(proto)?;
    let at = table.binary_search_by_key(&port, |row| row.0).ok()?;
    table.get(at).map(|row| row.1)
}

/// The name of a protocol carried by IP, as raw sockets name theirs; only those that are met.
#[must_use]
pub fn protocol(number: u16) -> Option<&'static str> {
    PROTOCOLS
        .iter()
        .find(|row| row.0 == number)
        .map(|row| row.1)
}

/// Protocols carried by IP, named as the IANA registry and everybody's list of them do.
#[rustfmt::skip]
const PROTOCOLS: &[(u16, &str)] = &[
    (1, "icmp"), (2, "igmp"), (6, "tcp"), (8, "egp"), (9, "igp"), (17, "udp"), (33, "dccp"),
    (41, "ipv6"), (43, "ipv6-route"), (44, "ipv6-frag"), (46, "rsvp"), (47, "gre"), (50, "esp"),
    (51, "ah"), (58, "ipv6-icmp"), (59, "ipv6-nonxt"), (60, "ipv6-opts"), (89, "ospf"),
    (103, "pim"), (112, "vrrp"), (115, "l2tp"), (132, "sctp"), (136, "udplite"),
];

/// The ports of a protocol with a given registered or customary name, lowest first.
pub fn ports(proto: Proto, name: &str) -> impl Iterator<Item = u16> {
    let alias = ALIASES.iter().find(|row| row.0 == name).map(|row| row.1);
    named(proto)
        .filter(move |row| row.1 == name || Some(row.0) == alias)
        .map(|row| row.0)
}

/// The lowest port with a given name, TCP's where both protocols have one.
#[must_use]
pub fn port(name: &str) -> Option<u16> {
    let alias = ALIASES.iter().find(|row| row.0 == name).map(|row| row.1);
    ports(Proto::Tcp, name)
        .next()
        .or_else(|| ports(Proto::Udp, name).next())
        .or(alias)
}

/// Every named port of a protocol with its name, by port.
pub fn named(proto: Proto) -> impl Iterator<Item = (u16, &'static str)> {
    table(proto).unwrap_or_default().iter().copied()
}

fn table(proto: Proto) -> Option<&'static [(u16, &'static str)]> {
    match proto {
        Proto::Tcp | Proto::Mptcp | Proto::Sctp | Proto::Dccp => Some(TCP),
        Proto::Udp | Proto::UdpLite => Some(UDP),
        Proto::Raw | Proto::Icmp => None,
    }
}

/// TCP: port and registered name, by port.
#[rustfmt::skip]
const TCP: &[(u16, &str)] = &[
    (1, "tcpmux"), (2, "compressnet"), (3, "compressnet"), (5, "rje"), (7, "echo"),
    (9, "discard"), (11, "systat"), (13, "daytime"), (15, "netstat"), (17, "qotd"),
    (19, "chargen"), (20, "ftp-data"), (21, "ftp"), (22, "ssh"), (23, "telnet"), (25, "smtp"),
    (27, "nsw-fe"), (33, "dsp"), (37, "time"), (38, "rap"), (41, "graphics"), (43, "whois"),
    (44, "mpm-flags"), (45, "mpm"), (46, "mpm-snd"), (47, "ni-ftp"), (48, "auditd"),
    (49, "tacacs"), (50, "re-mail-ck"), (52, "xns-time"), (53, "domain"), (54, "xns-ch"),
    (55, "isi-gl"), (56, "xns-auth"), (58, "xns-mail"), (62, "acas"), (63, "whoispp"),
    (64, "covia"), (66, "sql-net"), (69, "tftp"), (70, "gopher"), (71, "netrjs-1"),
    (72, "netrjs-2"), (73, "netrjs-3"), (74, "netrjs-4"), (76, "deos"), (78, "vettcp"),
    (79, "finger"), (80, "http"), (82, "xfer"), (83, "mit-ml-dev"), (84, "ctf"),
    (85, "mit-ml-dev"), (86, "mfcobol"), (88, "kerberos"), (89, "su-mit-tg"), (90, "dnsix"),
    (91, "mit-dov"), (92, "npp"), (93, "dcp"), (94, "objcall"), (96, "dixie"), (97, "swift-rvf"),
    (98, "tacnews"), (99, "metagram"), (102, "iso-tsap"), (104, "acr-nema"), (106, "poppassd"),
    (108, "snagas"), (110, "pop3"), (111, "sunrpc"), (112, "mcidas"), (113, "auth"),
    (114, "audionews"), (118, "sqlserv"), (119, "nntp"), (120, "cfdptkt"), (121, "erpc"),
    (122, "smakynet"), (124, "ansatrader"), (125, "locus-map"), (126, "nxedit"),
    (127, "locus-con"), (128, "gss-xlicen"), (130, "cisco-fna"), (131, "cisco-tna"),
    (132, "cisco-sys"), (133, "statsrv"), (134, "ingres-net"), (135, "epmap"), (136, "profile"),
    (139, "netbios-ssn"), (140, "emfis-data"), (141, "emfis-cntl"), (142, "bl-idm"),
    (143, "imap2"), (144, "uma"), (145, "uaac"), (146, "iso-tp0"), (147, "iso-ip"),
    (148, "jargon"), (149, "aed-512"), (150, "sql-net"), (151, "hems"), (152, "bftp"),
    (153, "sgmp"), (156, "sqlsrv"), (157, "knet-cmp"), (158, "pcmail-srv"), (161, "snmp"),
    (162, "snmp-trap"), (163, "cmip-man"), (164, "cmip-agent"), (174, "mailq"), (179, "bgp"),
    (199, "smux"), (209, "qmtp"), (210, "z3950"), (264, "bgmp"), (280, "http-mgmt"),
    (308, "novastorbakcup"), (311, "asip-webadmin"), (345, "pawserv"), (346, "zserv"),
    (366, "odmr"), (369, "rpc2portmap"), (370, "codaauth2"), (383, "hp-alarm-mgr"), (387, "aurp"),
    (389, "ldap"), (401, "ups"), (407, "timbuktu"), (411, "rmt"), (412, "synoptics-trap"),
    (425, "icad-el"), (427, "svrloc"), (434, "mobileip-agent"), (435, "mobilip-mn"),
    (443, "https"), (444, "snpp"), (445, "microsoft-ds"), (458, "appleqtc"), (464, "kpasswd"),
    (465, "submissions"), (475, "tcpnethaspsrv"), (487, "saft"), (491, "go-login"),
    (496, "pim-rp-disc"), (497, "retrospect"), (500, "isakmp"), (502, "mbap"), (512, "exec"),
    (513, "login"), (514, "shell"), (515, "printer"), (522, "ulp"), (523, "ibm-db2"),
    (524, "ncp"), (538, "gdomap"), (540, "uucp"), (541, "uucp-rlogin"), (543, "klogin"),
    (544, "kshell"), (545, "ekshell"), (546, "dhcpv6-client"), (547, "dhcpv6-server"),
    (548, "afpovertcp"), (554, "rtsp"), (555, "dsf"), (560, "rmonitor"), (563, "nntps"),
    (587, "submission"), (593, "http-rpc-epmap"), (597, "ptcnameservice"), (604, "tunnel"),
    (607, "nqs"), (620, "sco-websrvrmgr"), (623, "oob-ws-http"), (625, "dec-dlm"), (628, "qmqp"),
    (631, "ipp"), (635, "rlzdbase"), (636, "ldaps"), (641, "repcmd"), (646, "ldp"), (648, "rrp"),
    (651, "ieee-mms"), (655, "tinc"), (657, "rmc"), (660, "mac-srvr-admin"),
    (664, "oob-ws-https"), (666, "mdqs"), (674, "acap"), (688, "realm-rusd"), (689, "nmap"),
    (690, "vatp"), (691, "msexch-routing"), (694, "ha-cluster"), (695, "ieee-mms-ssl"),
    (698, "olsr"), (700, "epp"), (701, "lmp"), (702, "iris-beep"), (706, "silc"),
    (709, "entrustmanager"), (711, "cisco-tdp"), (712, "tbrpf"), (729, "netviewdm1"),
    (730, "netviewdm2"), (731, "netviewdm3"), (741, "netgw"), (742, "netrcs"), (744, "flexlm"),
    (747, "fujitsu-dev"), (748, "ris-cm"), (749, "kerberos-adm"), (750, "kerberos4"),
    (751, "kerberos-master"), (754, "krb-prop"), (758, "nlogin"), (759, "con"), (762, "quotad"),
    (763, "cycleserv"), (764, "omserv"), (765, "webster"), (767, "phonebook"), (769, "vid"),
    (770, "cadlock"), (771, "rtip"), (772, "cycleserv2"), (773, "submit"), (774, "rpasswd"),
    (775, "moira-db"), (776, "wpages"), (777, "moira-update"), (780, "wpgs"), (783, "spamd"),
    (800, "mdbs-daemon"), (801, "device"), (802, "mbap-s"), (830, "netconf-ssh"),
    (847, "dhcp-failover2"), (853, "domain-s"), (860, "iscsi"), (861, "owamp-control"),
    (871, "supfilesrv"), (873, "rsync"), (886, "iclcnet-locate"), (888, "accessbuilder"),
    (900, "omginitialrefs"), (901, "smpnameres"), (902, "ideafarm-door"), (903, "ideafarm-panic"),
    (910, "kink"), (911, "xact-backup"), (912, "apex-mesh"), (989, "ftps-data"), (990, "ftps"),
    (991, "nas"), (992, "telnets"), (993, "imaps"), (995, "pop3s"), (996, "vsinet"),
    (997, "maitrd"), (998, "busboy"), (999, "garcon"), (1000, "cadlock2"), (1010, "surf"),
    (1021, "exp1"), (1022, "exp2"), (1025, "blackjack"), (1026, "cap"), (1029, "solid-mux"),
    (1033, "netinfo-local"), (1034, "activesync"), (1044, "dcutility"), (1058, "nim"),
    (1059, "nimreg"), (1080, "socks"), (1083, "ansoft-lm-1"), (1093, "proofd"), (1094, "rootd"),
    (1099, "rmiregistry"), (1110, "webadmstart"), (1111, "lmsocialserver"), (1112, "icp"),
    (1122, "availant-mgr"), (1127, "supfiledbg"), (1167, "cisco-ipsla"), (1169, "tripwire"),
    (1178, "skkserv"), (1186, "mysql-cluster"), (1190, "commlinx-avl"), (1194, "openvpn"),
    (1198, "cajo-discovery"), (1214, "kazaa"), (1217, "hpss-ndapi"), (1218, "aeroflight-ads"),
    (1220, "qt-serveradmin"), (1234, "search-agent"), (1236, "rmtcfg"), (1241, "nessus"),
    (1270, "opsmgr"), (1293, "pkt-krb-ipsec"), (1311, "rxmon"), (1313, "xtel"), (1314, "xtelw"),
    (1337, "menandmice-dns"), (1344, "icap"), (1352, "lotusnote"), (1414, "ibm-mqseries"),
    (1417, "timbuktu-srv1"), (1433, "ms-sql-s"), (1434, "ms-sql-m"), (1443, "ies-lm"),
    (1494, "ica"), (1500, "vlsi-lm"), (1503, "imtc-mcs"), (1512, "wins"), (1521, "ncube-lm"),
    (1524, "ingreslock"), (1526, "pdap-np"), (1533, "virtual-places"), (1556, "veritas-pbx"),
    (1583, "simbaexpress"), (1594, "sixtrak"), (1604, "icabrowser"), (1645, "datametrics"),
    (1646, "sa-msg-port"), (1649, "kermit"), (1666, "netview-aix-6"), (1677, "groupwise"),
    (1688, "nsjtp-data"), (1700, "mps-raft"), (1701, "l2f"), (1717, "fj-hdnet"),
    (1718, "h323gatedisc"), (1719, "h323gatestat"), (1720, "h323hostcall"), (1723, "pptp"),
    (1741, "cisco-net-mgmt"), (1755, "ms-streaming"), (1801, "msmq"), (1812, "radius"),
    (1813, "radius-acct"), (1863, "msnp"), (1883, "mqtt"), (1900, "ssdp"),
    (1935, "macromedia-fcs"), (1972, "intersys-cache"), (1984, "bb"), (1985, "hsrp"),
    (1998, "x25-svc-port"), (1999, "tcp-id-port"), (2000, "cisco-sccp"), (2001, "dc"),
    (2002, "globe"), (2003, "brutus"), (2004, "mailbox"), (2005, "berknet"), (2006, "invokator"),
    (2007, "dectalk"), (2008, "conf"), (2009, "news"), (2010, "search"), (2020, "xinupageserver"),
    (2021, "servexec"), (2022, "down"), (2049, "nfs"), (2065, "dlsrpn"), (2068, "avocentkvm"),
    (2083, "radsec"), (2086, "gnunet"), (2087, "eli"), (2096, "nbx-dir"), (2100, "amiganetfs"),
    (2101, "rtcm-sc104"), (2103, "zephyr-clt"), (2105, "minipay"), (2107, "msmq-mgmt"),
    (2111, "dsatp"), (2119, "gsigatekeeper"), (2121, "iprop"), (2123, "gtp-control"),
    (2126, "pktcable-cops"), (2135, "gris"), (2144, "lv-ffx"), (2152, "gtp-user"),
    (2160, "apc-2160"), (2181, "eforward"), (2190, "tivoconnect"), (2222, "EtherNet-IP-1"),
    (2223, "rockwell-csp2"), (2260, "apc-2260"), (2301, "cpq-wbem"), (2323, "3d-nfsd"),
    (2366, "qip-login"), (2375, "docker"), (2376, "docker-s"), (2377, "swarm"),
    (2379, "etcd-client"), (2380, "etcd-server"), (2381, "compaq-https"), (2393, "ms-olap1"),
    (2394, "ms-olap2"), (2399, "fmpro-fdal"), (2401, "cvspserver"), (2404, "iec-104"),
    (2427, "mgcp-gateway"), (2430, "venus"), (2431, "venus-se"), (2432, "codasrv"),
    (2433, "codasrv-se"), (2483, "ttc"), (2484, "ttc-ssl"), (2492, "groove"), (2500, "rtsserv"),
    (2525, "ms-v-worlds"), (2583, "mon"), (2598, "citriximaclient"), (2600, "zebrasrv"),
    (2601, "zebra"), (2602, "ripd"), (2603, "ripngd"), (2604, "ospfd"), (2605, "bgpd"),
    (2606, "ospf6d"), (2607, "ospfapi"), (2608, "isisd"), (2628, "dict"),
    (2638, "sybaseanywhere"), (2701, "sms-rcinfo"), (2710, "sso-service"), (2717, "pn-requester"),
    (2718, "pn-requester2"), (2725, "msolap-ptp2"), (2792, "f5-globalsite"), (2809, "corbaloc"),
    (2811, "gsiftp"), (2869, "icslap"), (2875, "dxmessagebase2"), (2909, "funk-dialout"),
    (2920, "roboeda"), (2947, "gpsd"), (2967, "ssc-agent"), (2968, "enpp"), (3000, "hbci"),
    (3001, "origo-native"), (3003, "cgms"), (3005, "geniuslm"), (3011, "trusted-web"),
    (3050, "gds-db"), (3128, "ndl-aas"), (3130, "icpv2"), (3168, "poweronnud"), (3205, "isns"),
    (3260, "iscsi-target"), (3268, "msft-gc"), (3269, "msft-gc-ssl"), (3283, "net-assistant"),
    (3299, "pdrncs"), (3300, "ceph"), (3306, "mysql"), (3310, "dyna-access"), (3333, "dec-notes"),
    (3351, "btrieve"), (3367, "satvid-datalnk"), (3372, "tip2"), (3386, "gprs-data"),
    (3389, "ms-wbt-server"), (3456, "vat"), (3476, "nppmp"), (3478, "stun"), (3493, "nut"),
    (3527, "beserver-msg-q"), (3632, "distcc"), (3689, "daap"), (3690, "svn"),
    (3702, "ws-discovery"), (3749, "cimtrak"), (3780, "nnp"), (3784, "bfd-control"),
    (3799, "radius-dynauth"), (3800, "pwgpsi"), (3868, "diameter"), (3871, "avocent-adsap"),
    (3878, "fotogcad"), (3889, "dandv-tester"), (3986, "mapper-ws-ethd"), (3998, "dnx"),
    (4000, "terabase"), (4001, "newoak"), (4031, "suucp"), (4045, "npp"), (4059, "dlms-cosem"),
    (4070, "tripe"), (4094, "sysrqd"), (4125, "opsview-envoy"), (4190, "sieve"),
    (4242, "vrml-multi-use"), (4321, "rwhois"), (4353, "f5-iquery"), (4369, "epmd"),
    (4373, "remctl"), (4433, "vop"), (4443, "pharos"), (4444, "krb524"), (4445, "upnotifyp"),
    (4460, "ntske"), (4500, "ipsec-nat-t"), (4557, "fax"), (4559, "hylafax"), (4567, "tram"),
    (4569, "iax"), (4662, "oms"), (4691, "mtn"), (4739, "ipfix"), (4740, "ipfixs"),
    (4786, "smart-install"), (4789, "vxlan"), (4848, "appserv-http"), (4899, "radmin-port"),
    (4900, "hfcs"), (4949, "munin"), (5000, "commplex-main"), (5001, "commplex-link"),
    (5002, "rfe"), (5003, "fmpro-internal"), (5004, "avt-profile-1"), (5005, "avt-profile-2"),
    (5009, "winfs"), (5030, "surfpass"), (5033, "jtnetd-server"), (5050, "mmcc"),
    (5051, "ita-agent"), (5060, "sip"), (5061, "sip-tls"), (5080, "onscreen"), (5100, "admd"),
    (5101, "admdog"), (5102, "admeng"), (5120, "barracuda-bbs"), (5190, "aol"),
    (5200, "targus-getdata"), (5201, "targus-getdata1"), (5222, "xmpp-client"),
    (5225, "hp-server"), (5226, "hp-status"), (5269, "xmpp-server"), (5298, "presence"),
    (5308, "cfengine"), (5349, "stuns"), (5351, "nat-pmp"), (5353, "mdns"), (5355, "llmnr"),
    (5357, "wsdapi"), (5405, "netsupport"), (5414, "statusd"), (5431, "park-agent"),
    (5432, "postgresql"), (5500, "fcp-addr-srvr1"), (5550, "cbus"), (5555, "personal-agent"),
    (5556, "freeciv"), (5566, "westec-connect"), (5631, "pcanywheredata"),
    (5632, "pcanywherestat"), (5666, "nrpe"), (5667, "nsca"), (5671, "amqps"), (5672, "amqp"),
    (5678, "rrac"), (5679, "dccm"), (5680, "canna"), (5683, "coap"), (5684, "coaps"),
    (5718, "dpm"), (5722, "msdfsr"), (5730, "unieng"), (5859, "wherehoo"), (5900, "rfb"),
    (5910, "cm"), (5911, "cpdlc"), (5963, "indy"), (5984, "couchdb"), (5985, "wsman"),
    (5986, "wsmans"), (5987, "wbem-rmi"), (5988, "wbem-http"), (5989, "wbem-https"),
    (5999, "cvsup"), (6000, "x11"), (6001, "x11-1"), (6002, "x11-2"), (6003, "x11-3"),
    (6004, "x11-4"), (6005, "x11-5"), (6006, "x11-6"), (6007, "x11-7"), (6068, "gsmp-ancp"),
    (6080, "gue"), (6081, "geneve"), (6100, "synchronet-db"), (6101, "synchronet-rtc"),
    (6106, "mpsserver"), (6112, "dtspcd"), (6123, "backup-express"), (6346, "gnutella-svc"),
    (6347, "gnutella-rtr"), (6379, "redis"), (6389, "clariion-evr01"), (6443, "sun-sr-https"),
    (6444, "sge-qmaster"), (6445, "sge-execd"), (6446, "mysql-proxy"), (6481, "servicetags"),
    (6502, "boks-servm"), (6514, "syslog-tls"), (6543, "lds-distrib"), (6547, "apc-6547"),
    (6566, "sane-port"), (6580, "parsec-master"), (6639, "ff-fms"), (6653, "openflow"),
    (6665, "ircu-1"), (6666, "ircu-2"), (6667, "ircd"), (6668, "ircu-4"), (6669, "ircu-5"),
    (6679, "osaut"), (6689, "tsa"), (6697, "ircs-u"), (6771, "plysrv-https"), (6789, "smc-https"),
    (6969, "acmsoda"), (7000, "bbs"), (7001, "afs3-callback"), (7002, "afs3-prserver"),
    (7004, "afs3-kaserver"), (7007, "afs3-bos"), (7025, "vmsvc-2"), (7070, "arcp"),
    (7100, "font-service"), (7200, "fodms"), (7201, "dlip"), (7443, "oracleas-https"),
    (7474, "neo4j"), (7547, "cwmp"), (7627, "soap-http"), (7676, "imqbrokerd"),
    (7680, "pando-pub"), (7741, "scriptview"), (7777, "cbt"), (7778, "interwise"), (7800, "asr"),
    (7999, "irdmi2"), (8000, "irdmi"), (8001, "vcom-tunnel"), (8002, "teradataordbms"),
    (8003, "mcreport"), (8005, "mxi"), (8008, "http-alt"), (8009, "nvme-disc"),
    (8020, "intu-ec-svcdisc"), (8021, "zope-ftp"), (8022, "oa-system"), (8042, "fs-agent"),
    (8053, "senomix02"), (8074, "gadugadu"), (8080, "http-alt"), (8081, "tproxy"),
    (8082, "us-cli"), (8083, "us-srv"), (8086, "d-s-n"), (8087, "simplifymedia"),
    (8088, "omniorb"), (8090, "opsmessaging"), (8091, "jamlink"), (8100, "xprint-server"),
    (8118, "privoxy"), (8140, "puppet"), (8181, "intermapper"), (8192, "sophos"),
    (8193, "sophos"), (8194, "sophos"), (8200, "trivnet1"), (8243, "synapse-nhttps"),
    (8280, "synapse-nhttp"), (8292, "blp3"), (8300, "tmi"), (8383, "m2mservices"), (8400, "cvd"),
    (8402, "abarsd"), (8443, "pcsync-https"), (8444, "pcsync-http"), (8500, "fmtp"),
    (8554, "rtsp-alt"), (8600, "asterix"), (8765, "ultraseek-http"), (8800, "sunwebadmin"),
    (8873, "dxspider"), (8880, "cddbp-alt"), (8883, "secure-mqtt"), (8888, "ddi-tcp-1"),
    (8899, "ospf-lite"), (8990, "clc-build-daemon"), (9000, "cslistener"),
    (9001, "etlservicemgr"), (9002, "dynamid"), (9009, "pichat"), (9010, "sdr"),
    (9050, "versiera"), (9080, "glrpc"), (9081, "cisco-aqos"), (9090, "websm"),
    (9091, "xmltec-xmlmail"), (9092, "XmlIpcRegSvc"), (9093, "copycat"), (9098, "xinetd"),
    (9100, "hp-pdl-datastr"), (9101, "bacula-dir"), (9102, "bacula-fd"), (9103, "bacula-sd"),
    (9104, "peerwire"), (9111, "DragonIDSConsole"), (9119, "mxit"), (9160, "apani1"),
    (9191, "sun-as-jpda"), (9200, "wap-wsp"), (9207, "wap-vcal-s"), (9300, "vrace"),
    (9306, "sphinxql"), (9312, "sphinxapi"), (9389, "adws"), (9418, "git"),
    (9443, "tungsten-https"), (9500, "ismserver"), (9535, "mngsuite"), (9536, "laes-bf"),
    (9594, "msgsys"), (9595, "pds"), (9600, "micromuse-ncpw"), (9618, "condor"), (9666, "zoomcp"),
    (9667, "xmms2"), (9673, "zope"), (9800, "davsrc"), (9875, "sapv1"), (9876, "sd"),
    (9888, "cyborg-systems"), (9898, "monkeycom"), (9900, "iua"), (9987, "dsm-scm-target"),
    (9988, "nsesrvr"), (9998, "distinct32"), (9999, "distinct"), (10000, "webmin"),
    (10001, "scp-config"), (10050, "zabbix-agent"), (10051, "zabbix-trapper"), (10080, "amanda"),
    (10081, "kamanda"), (10082, "amandaidx"), (10083, "amidxtape"), (10809, "nbd"),
    (11111, "vce"), (11112, "dicom"), (11211, "memcache"), (11371, "hkp"), (12000, "entextxid"),
    (13720, "bprd"), (13782, "bpcd"), (13783, "vopied"), (13818, "dsmcc-config"),
    (14000, "scotty-ft"), (15000, "hydap"), (16992, "amt-soap-http"), (16993, "amt-soap-https"),
    (16994, "amt-redir-tcp"), (16995, "amt-redir-tls"), (17004, "sgi-cad"), (17500, "db-lsp"),
    (19283, "keysrvr"), (19315, "keyshadow"), (20000, "dnp"), (20005, "openwebnet"),
    (20048, "mountd"), (22125, "dcap"), (22128, "gsidcap"), (22273, "wnn6"), (24554, "binkp"),
    (25565, "minecraft"), (27000, "flex-lm"), (27001, "flex-lm1"), (27374, "asp"),
    (30000, "ndmps"), (30865, "csync2"), (32768, "filenet-tms"), (33434, "traceroute"),
    (34962, "profinet-rt"), (34963, "profinet-rtm"), (34964, "profinet-cm"),
    (40000, "safetynetp"), (41794, "crestron-cip"), (41795, "crestron-ctp"),
    (44818, "EtherNet-IP-2"), (45054, "invision-ag"), (47001, "winrm"), (47808, "bacnet"),
    (49000, "matahari"), (57000, "dircproxy"), (60177, "tfido"), (60179, "fido"),
];

/// UDP: port and registered name, by port.
#[rustfmt::skip]
const UDP: &[(u16, &str)] = &[
    (7, "echo"), (9, "discard"), (13, "daytime"), (19, "chargen"), (21, "fsp"), (37, "time"),
    (49, "tacacs"), (53, "domain"), (67, "bootps"), (68, "bootpc"), (69, "tftp"),
    (88, "kerberos"), (111, "sunrpc"), (123, "ntp"), (135, "epmap"), (137, "netbios-ns"),
    (138, "netbios-dgm"), (139, "netbios-ssn"), (161, "snmp"), (162, "snmp-trap"),
    (163, "cmip-man"), (164, "cmip-agent"), (177, "xdmcp"), (213, "ipx"), (319, "ptp-event"),
    (320, "ptp-general"), (369, "rpc2portmap"), (370, "codaauth2"), (371, "clearcase"),
    (389, "ldap"), (427, "svrloc"), (443, "https"), (445, "microsoft-ds"), (464, "kpasswd"),
    (500, "isakmp"), (512, "biff"), (513, "who"), (514, "syslog"), (517, "talk"), (518, "ntalk"),
    (520, "route"), (521, "ripng"), (538, "gdomap"), (546, "dhcpv6-client"),
    (547, "dhcpv6-server"), (554, "rtsp"), (593, "http-rpc-epmap"), (623, "asf-rmcp"),
    (631, "ipp"), (636, "ldaps"), (646, "ldp"), (655, "tinc"), (750, "kerberos4"),
    (751, "kerberos-master"), (752, "passwd-server"), (779, "moira-ureg"), (853, "domain-s"),
    (996, "vsinet"), (997, "maitrd"), (998, "puparp"), (999, "applix"), (1025, "blackjack"),
    (1026, "cap"), (1194, "openvpn"), (1210, "predict"), (1433, "ms-sql-s"), (1434, "ms-sql-m"),
    (1645, "datametrics"), (1646, "sa-msg-port"), (1701, "l2f"), (1718, "h323gatedisc"),
    (1719, "h323gatestat"), (1812, "radius"), (1813, "radius-acct"), (1900, "ssdp"),
    (2000, "cisco-sccp"), (2048, "dls-monitor"), (2049, "nfs"), (2086, "gnunet"),
    (2101, "rtcm-sc104"), (2102, "zephyr-srv"), (2103, "zephyr-clt"), (2104, "zephyr-hm"),
    (2123, "gtp-control"), (2152, "gtp-user"), (2222, "EtherNet-IP-1"), (2223, "rockwell-csp2"),
    (2430, "venus"), (2431, "venus-se"), (2432, "codasrv"), (2433, "codasrv-se"), (2583, "mon"),
    (3130, "icpv2"), (3205, "isns"), (3283, "net-assistant"), (3386, "gprs-sig"),
    (3389, "ms-wbt-server"), (3456, "vat"), (3478, "stun"), (3479, "twrpc"), (3493, "nut"),
    (3544, "teredo"), (3702, "ws-discovery"), (3784, "bfd-control"), (3785, "bfd-echo"),
    (3799, "radius-dynauth"), (4500, "ipsec-nat-t"), (4569, "iax"), (4739, "ipfix"),
    (4789, "vxlan"), (4790, "vxlan-gpe"), (5000, "commplex-main"), (5001, "commplex-link"),
    (5004, "avt-profile-1"), (5005, "avt-profile-2"), (5060, "sip"), (5061, "sip-tls"),
    (5093, "sentinel-lm"), (5349, "stuns"), (5351, "nat-pmp"), (5353, "mdns"), (5355, "llmnr"),
    (5405, "netsupport"), (5500, "fcp-addr-srvr1"), (5555, "rplay"), (5632, "pcanywherestat"),
    (5683, "coap"), (5684, "coaps"), (6081, "geneve"), (6343, "sflow"), (6346, "gnutella-svc"),
    (6347, "gnutella-rtr"), (6696, "babel"), (7000, "afs3-fileserver"), (7001, "afs3-callback"),
    (7002, "afs3-prserver"), (7003, "afs3-vlserver"), (7004, "afs3-kaserver"),
    (7005, "afs3-volser"), (7007, "afs3-bos"), (7008, "afs3-update"), (7009, "afs3-rmtsys"),
    (8000, "irdmi"), (9200, "wap-wsp"), (10000, "ndmp"), (10080, "amanda"), (11211, "memcache"),
    (17001, "sgi-cmsd"), (17002, "sgi-crsd"), (17003, "sgi-gcd"), (17185, "soundsvirtual"),
    (20000, "dnp"), (27374, "asp"), (33434, "traceroute"), (34962, "profinet-rt"),
    (34963, "profinet-rtm"), (34964, "profinet-cm"), (41794, "crestron-cip"),
    (44818, "EtherNet-IP-2"), (47808, "bacnet"),
];

/// Other names people type, by name.
#[rustfmt::skip]
const ALIASES: &[(&str, u16)] = &[
    ("Clearcase", 371), ("authentication", 113), ("cmd", 514), ("comsat", 512), ("dns", 53),
    ("fspd", 21), ("gds_db", 3050), ("hprop", 754), ("ident", 113), ("imap", 143),
    ("jabber-client", 5222), ("jabber-server", 5269), ("kdc", 750), ("kerberos-iv", 750),
    ("kerberos-sec", 88), ("kerberos5", 88), ("kerberos_master", 751), ("krb5", 88),
    ("krb5_prop", 754), ("krb_prop", 754), ("krcmd", 544), ("l2tp", 1701), ("loc-srv", 135),
    ("lotusnotes", 1352), ("lrrd", 4949), ("mail", 25), ("moira_db", 775), ("moira_update", 777),
    ("moira_ureg", 779), ("nicname", 43), ("null", 9), ("old-radacct", 1646),
    ("old-radius", 1645), ("passwd_server", 752), ("pop-3", 110), ("portmapper", 111),
    ("postgres", 5432), ("quote", 17), ("radacct", 1813), ("rdp", 3389), ("readnews", 119),
    ("routed", 520), ("router", 520), ("rpcbind", 111), ("rptp", 5556), ("sane", 6566),
    ("saned", 6566), ("sge_execd", 6445), ("sge_qmaster", 6444), ("sink", 9), ("smb", 445),
    ("smtps", 465), ("snmptrap", 162), ("snntp", 563), ("source", 19), ("spooler", 515),
    ("ssmtp", 465), ("subversion", 3690), ("tap", 113), ("timserver", 37), ("tsap", 102),
    ("ttytst", 19), ("untp", 119), ("urd", 465), ("users", 11), ("uucpd", 540), ("vnc", 5900),
    ("wais", 210), ("webcache", 8080), ("whod", 513), ("www", 80), ("x11-0", 6000), ("xfs", 7100),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted_and_plain() {
        for table in [TCP, UDP] {
            assert!(table.is_sorted_by(|a, b| a.0 < b.0));
            for (_, name) in table {
                assert!(name.bytes().all(|b| b.is_ascii_graphic()), "{name}");
            }
        }
        assert!(ALIASES.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn names_and_ports_find_each_other() {
        assert_eq!(name(Proto::Tcp, 22), Some("ssh"));
        assert_eq!(name(Proto::Udp, 53), Some("domain"));
        assert_eq!(name(Proto::Tcp, 65_535), None);
        assert_eq!(name(Proto::Raw, 6), None);
        assert_eq!((protocol(1), protocol(132)), (Some("icmp"), Some("sctp")));
        assert_eq!(protocol(255), None);
        assert_eq!(port("ssh"), Some(22));
        assert_eq!(port("snmp-trap"), Some(162));
        assert_eq!(port("rpcbind"), Some(111));
        assert_eq!(port("no-such-service"), None);
        assert_eq!(
            ports(Proto::Tcp, "http-alt").collect::<Vec<_>>(),
            [8008, 8080]
        );
    }
}
