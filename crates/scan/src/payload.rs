//! What to say to a UDP port so that the service that usually lives there answers. Written
//! from the protocols' own documents; none changes anything at the other end.

/// The first datagram for a port; empty where no protocol is known.
#[must_use]
pub fn payload(port: u16) -> &'static [u8] {
    let found = PAYLOADS.iter().find(|row| row.0.contains(&port));
    found.map_or(&[], |row| row.1)
}

/// Ports and what is said to them.
#[rustfmt::skip]
const PAYLOADS: &[(&[u16], &[u8])] = &[
    // Echo, chargen and quote of the day answer anything.
    (&[7, 17, 19], b"\r\n"),
    // DNS: server status request (RFC 1035 §4.1.1, opcode 2).
    (&[53], b"\0\0\x10\0\0\0\0\0\0\0\0\0"),
    // TFTP: read request for a name nobody has, octet mode (RFC 1350 §5).
    (&[69], b"\0\x01rnmap-no-such-file\0octet\0"),
    // Sun RPC: call of procedure 0 of the portmapper, version 2 (RFC 5531 §9).
    (&[111, 2049], b"\x72\x6e\x6d\x70\0\0\0\0\0\0\0\x02\0\x01\x86\xa0\0\0\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
    // NTP: version 4, client (RFC 5905 §7.3).
    (&[123], b"\xe3\0\x04\xfa\0\x01\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xc5\x4f\x23\x4b\x71\xb1\x52\xf3"),
    // NetBIOS names: node status of * (RFC 1002 §4.2.17).
    (&[137], b"\x72\x6e\0\0\0\x01\0\0\0\0\0\0\x20CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\0\0\x21\0\x01"),
    // SNMP: version 1, community "public", get sysDescr.0 (RFC 1157 §4).
    (&[161], b"\x30\x26\x02\x01\0\x04\x06public\xa0\x19\x02\x01\x01\x02\x01\0\x02\x01\0\x30\x0e\x30\x0c\x06\x08\x2b\x06\x01\x02\x01\x01\x01\0\x05\0"),
    // XDMCP: query without authentication names (X.Org protocol text, §5).
    (&[177], b"\0\x01\0\x02\0\x01\0"),
    // CLDAP: search of the root for nothing but its existence (RFC 4511 §4.5).
    (&[389], b"\x30\x25\x02\x01\x01\x63\x20\x04\0\x0a\x01\0\x0a\x01\0\x02\x01\0\x02\x01\0\x01\x01\0\x87\x0bobjectclass\x30\0"),
    // IKE version 1: main mode with one proposal (RFC 2408 §3.1).
    (&[500], b"\x72\x6e\x6d\x61\x70\0\0\x01\0\0\0\0\0\0\0\0\x01\x10\x02\0\0\0\0\0\0\0\0\x50\0\0\0\x34\0\0\0\x01\0\0\0\x01\0\0\0\x28\x01\x01\0\x01\0\0\0\x20\x01\x01\0\0\x80\x01\0\x05\x80\x02\0\x02\x80\x03\0\x01\x80\x04\0\x02\x80\x0b\0\x01\x80\x0c\x70\x80"),
    // RIP: request for the whole table (RFC 2453 §3.9.1).
    (&[520], b"\x01\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x10"),
    // ASF presence ping of a management controller (DSP0136 §3.2.4.3).
    (&[623], b"\x06\0\xff\x06\0\0\x11\xbe\x80\0\0\0"),
    // OpenVPN: hard reset from a client, version 2 (protocol text in its sources).
    (&[1194], b"\x38\x72\x6e\x6d\x61\x70\0\0\x01\0\0\0\0\0"),
    // SQL Server browser: list of instances (MC-SQLR §2.2.2).
    (&[1434], b"\x02"),
    // L2TP: start of a control connection (RFC 2661 §6.1).
    (&[1701], b"\xc8\x02\0\x40\0\0\0\0\0\0\0\0\x80\x08\0\0\0\0\0\x01\x80\x08\0\0\0\x02\x01\0\x80\x0a\0\0\0\x03\0\0\0\x03\x80\x0b\0\0\0\x07rnmap\x80\x08\0\0\0\x09\0\x01\x80\x07\0\0\0\x08\0"),
    // RADIUS: status request without its secret (RFC 5997 §3).
    (&[1645, 1812, 1813], b"\x0c\x01\0\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
    // SSDP: search for everything (UPnP Device Architecture 1.1 §1.3.2).
    (&[1900], b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n"),
    // STUN: binding request (RFC 8489 §5).
    (&[3478], b"\0\x01\0\0\x21\x12\xa4\x42rnmap-scan-1"),
    // SIP: OPTIONS (RFC 3261 §11).
    (&[5060], b"OPTIONS sip:rnmap SIP/2.0\r\nVia: SIP/2.0/UDP rnmap;branch=z9hG4bKrnmap\r\nFrom: <sip:rnmap@rnmap>;tag=1\r\nTo: <sip:rnmap@rnmap>\r\nCall-ID: 1@rnmap\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"),
    // Multicast DNS: which services are there (RFC 6763 §9).
    (&[5353], b"\0\0\0\0\0\x01\0\0\0\0\0\0\x09_services\x07_dns-sd\x04_udp\x05local\0\0\x0c\0\x01"),
    // CoAP: GET /.well-known/core (RFC 7252 §3, RFC 6690).
    (&[5683], b"\x40\x01\x72\x6e\xbb.well-known\x04core"),
    // Memcached: version, in its UDP frame (protocol.txt).
    (&[11211], b"\0\x01\0\0\0\x01\0\0version\r\n"),
    // BACnet: read property of the device, wildcard instance (ASHRAE 135 annex J).
    (&[47808], b"\x81\x0a\0\x11\x01\x04\0\x05\x01\x0c\x0c\x02\x3f\xff\xff\x19\x4b"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_port_is_told_once() {
        let all: Vec<u16> = PAYLOADS
            .iter()
            .flat_map(|row| row.0.iter().copied())
            .collect();
        let once: BTreeSet<u16> = all.iter().copied().collect();
        assert_eq!(all.len(), once.len());
        assert!(PAYLOADS.iter().all(|row| row.1.len() <= 512));
        assert_eq!(payload(9), b"");
        assert!(payload(53).len() == 12 && payload(123).len() == 48);
    }

    #[test]
    fn lengths_told_inside_are_right() {
        assert_eq!(payload(161)[1] as usize, payload(161).len() - 2);
        assert_eq!(payload(389)[1] as usize, payload(389).len() - 2);
        assert_eq!(payload(500)[27] as usize, payload(500).len());
        assert_eq!(payload(1701)[3] as usize, payload(1701).len());
        assert_eq!(payload(1812)[3] as usize, payload(1812).len());
        assert_eq!(payload(47808)[3] as usize, payload(47808).len());
        assert_eq!(payload(111).len(), 40);
        assert_eq!(payload(3478).len(), 20);
    }
}
