//! The words the original has for counters (net-tools 2.10). A counter without words of its
//! own goes by its name; so do those the original has words for and does not find.

use super::statistics::Kind::{self, Always, Hidden, Received, Sent, Unless0};

/// A counter, how it is shown, and what stands before and after its number.
pub(super) type Words = (&'static str, Kind, &'static str, &'static str);

/// IPv4.
#[rustfmt::skip]
pub(super) static IP: &[Words] = &[
    ("DefaultTTL", Hidden, "", ""),
    ("ForwDatagrams", Always, "", " forwarded"),
    ("FragCreates", Unless0, "", " fragments created"),
    ("FragFails", Unless0, "", " outgoing packets failed fragmentation"),
    ("FragOKs", Unless0, "", " outgoing packets fragmented ok"),
    ("InAddrErrors", Unless0, "", " with invalid addresses"),
    ("InDelivers", Always, "", " incoming packets delivered"),
    ("InDiscards", Always, "", " incoming packets discarded"),
    ("InHdrErrors", Unless0, "", " with invalid headers"),
    ("InReceives", Always, "", " total packets received"),
    ("InUnknownProtos", Unless0, "", " with unknown protocol"),
    ("OutDiscards", Unless0, "", " outgoing packets dropped"),
    ("OutNoRoutes", Unless0, "", " dropped because of missing route"),
    ("OutRequests", Always, "", " requests sent out"),
    ("ReasmFails", Unless0, "", " packet reassemblies failed"),
    ("ReasmOKs", Unless0, "", " packets reassembled ok"),
    ("ReasmReqds", Unless0, "", " reassemblies required"),
    ("ReasmTimeout", Unless0, "", " fragments dropped after timeout"),
];

/// IPv6.
#[rustfmt::skip]
pub(super) static IP6: &[Words] = &[
    ("Ip6FragCreates", Unless0, "", " fragments created"),
    ("Ip6FragFails", Unless0, "", " outgoing packets failed fragmentation"),
    ("Ip6FragOKs", Unless0, "", " outgoing packets fragmented ok"),
    ("Ip6InAddrErrors", Unless0, "", " with invalid addresses"),
    ("Ip6InDelivers", Always, "", " incoming packets delivered"),
    ("Ip6InDiscards", Always, "", " incoming packets discarded"),
    ("Ip6InHdrErrors", Unless0, "", " with invalid headers"),
    ("Ip6InMcastPkts", Unless0, "", " incoming multicast packets"),
    ("Ip6InNoRoutes", Unless0, "", " incoming packets with no route"),
    ("Ip6InReceives", Always, "", " total packets received"),
    ("Ip6InTooBigErrors", Unless0, "", " with packets too big"),
    ("Ip6InTruncatedPkts", Unless0, "", " with truncated packets"),
    ("Ip6InUnknownProtos", Unless0, "", " with unknown protocol"),
    ("Ip6OutDiscards", Unless0, "", " outgoing packets dropped"),
    ("Ip6OutForwDatagrams", Always, "", " forwarded"),
    ("Ip6OutMcastPkts", Unless0, "", " outgoing multicast packets"),
    ("Ip6OutNoRoutes", Unless0, "", " dropped because of missing route"),
    ("Ip6OutRequests", Always, "", " requests sent out"),
    ("Ip6ReasmFails", Unless0, "", " packet reassemblies failed"),
    ("Ip6ReasmOKs", Unless0, "", " packets reassembled ok"),
    ("Ip6ReasmReqds", Unless0, "", " reassemblies required"),
    ("Ip6ReasmTimeout", Unless0, "", " fragments dropped after timeout"),
];

/// ICMP.
#[rustfmt::skip]
pub(super) static ICMP: &[Words] = &[
    ("InAddrMaskReps", Received, "address mask replies: ", ""),
    ("InAddrMasks", Received, "address mask request: ", ""),
    ("InDestUnreachs", Received, "destination unreachable: ", ""),
    ("InEchoReps", Received, "echo replies: ", ""),
    ("InEchos", Received, "echo requests: ", ""),
    ("InErrors", Always, "", " input ICMP message failed"),
    ("InMsgs", Always, "", " ICMP messages received"),
    ("InParmProbs", Received, "wrong parameters: ", ""),
    ("InRedirects", Received, "redirects: ", ""),
    ("InSrcQuenchs", Received, "source quenches: ", ""),
    ("InTimeExcds", Received, "timeout in transit: ", ""),
    ("InTimestampReps", Received, "timestamp reply: ", ""),
    ("InTimestamps", Received, "timestamp request: ", ""),
    ("OutAddrMaskReps", Sent, "address mask replies: ", ""),
    ("OutAddrMasks", Sent, "address mask requests: ", ""),
    ("OutDestUnreachs", Sent, "destination unreachable: ", ""),
    ("OutEchoReps", Sent, "echo replies: ", ""),
    ("OutEchos", Sent, "echo requests: ", ""),
    ("OutErrors", Always, "", " ICMP messages failed"),
    ("OutMsgs", Always, "", " ICMP messages sent"),
    ("OutParmProbs", Sent, "wrong parameters: ", ""),
    ("OutRedirects", Sent, "redirect: ", ""),
    ("OutSrcQuenchs", Sent, "source quench: ", ""),
    ("OutTimeExcds", Sent, "time exceeded: ", ""),
    ("OutTimestampReps", Sent, "timestamp replies: ", ""),
    ("OutTimestamps", Sent, "timestamp requests: ", ""),
];

/// ICMPv6.
#[rustfmt::skip]
pub(super) static ICMP6: &[Words] = &[
    ("Icmp6InDestUnreachs", Received, "destination unreachable: ", ""),
    ("Icmp6InEchoReplies", Received, "echo replies: ", ""),
    ("Icmp6InEchos", Received, "echo requests: ", ""),
    ("Icmp6InErrors", Always, "", " input ICMP message failed"),
    ("Icmp6InGroupMembQueries", Received, "group member queries: ", ""),
    ("Icmp6InGroupMembReductions", Received, "group member reductions: ", ""),
    ("Icmp6InGroupMembResponses", Received, "group member responses: ", ""),
    ("Icmp6InMsgs", Always, "", " ICMP messages received"),
    ("Icmp6InNeighborAdvertisements", Received, "neighbour advertisement: ", ""),
    ("Icmp6InNeighborSolicits", Received, "neighbour solicits: ", ""),
    ("Icmp6InParmProblems", Received, "parameter problem: ", ""),
    ("Icmp6InPktTooBigs", Received, "packets too big: ", ""),
    ("Icmp6InRedirects", Received, "redirects: ", ""),
    ("Icmp6InRouterAdvertisements", Received, "router advertisement: ", ""),
    ("Icmp6InRouterSolicits", Received, "router solicits: ", ""),
    ("Icmp6InTimeExcds", Received, "received ICMPv6 time exceeded: ", ""),
    ("Icmp6OutDestUnreachs", Sent, "destination unreachable: ", ""),
    ("Icmp6OutEchoReplies", Sent, "echo replies: ", ""),
    ("Icmp6OutEchos", Sent, "echo requests: ", ""),
    ("Icmp6OutGroupMembQueries", Sent, "group member queries: ", ""),
    ("Icmp6OutGroupMembReductions", Sent, "group member reductions: ", ""),
    ("Icmp6OutGroupMembResponses", Sent, "group member responses: ", ""),
    ("Icmp6OutMsgs", Always, "", " ICMP messages sent"),
    ("Icmp6OutNeighborAdvertisements", Sent, "neighbor advertisements: ", ""),
    ("Icmp6OutNeighborSolicits", Sent, "neighbor solicits: ", ""),
    ("Icmp6OutParmProblems", Sent, "parameter problem: ", ""),
    ("Icmp6OutPktTooBigs", Sent, "packets too big: ", ""),
    ("Icmp6OutRedirects", Sent, "redirects: ", ""),
    ("Icmp6OutRouterAdvertisements ", Sent, "router advertisement: ", ""),
    ("Icmp6OutRouterSolicits", Sent, "router solicits: ", ""),
    ("Icmp6OutTimeExcds", Sent, "sent ICMPv6 time exceeded: ", ""),
];

/// TCP.
#[rustfmt::skip]
pub(super) static TCP: &[Words] = &[
    ("ActiveOpens", Always, "", " active connection openings"),
    ("AttemptFails", Always, "", " failed connection attempts"),
    ("CurrEstab", Always, "", " connections established"),
    ("EstabResets", Always, "", " connection resets received"),
    ("InErrs", Always, "", " bad segments received"),
    ("InSegs", Always, "", " segments received"),
    ("MaxConn", Hidden, "", ""),
    ("OutRsts", Always, "", " resets sent"),
    ("OutSegs", Always, "", " segments sent out"),
    ("PassiveOpens", Always, "", " passive connection openings"),
    ("RetransSegs", Always, "", " segments retransmitted"),
    ("RtoAlgorithm", Hidden, "", ""),
    ("RtoMax", Hidden, "", ""),
    ("RtoMin", Hidden, "", ""),
];

/// UDP over IPv4.
#[rustfmt::skip]
pub(super) static UDP: &[Words] = &[
    ("InDatagrams", Always, "", " packets received"),
    ("InErrors", Always, "", " packet receive errors"),
    ("NoPorts", Always, "", " packets to unknown port received"),
    ("OutDatagrams", Always, "", " packets sent"),
    ("RcvbufErrors", Always, "", " receive buffer errors"),
    ("SndbufErrors", Always, "", " send buffer errors"),
];

/// UDP over IPv6.
#[rustfmt::skip]
pub(super) static UDP6: &[Words] = &[
    ("Udp6InDatagrams", Always, "", " packets received"),
    ("Udp6InErrors", Always, "", " packet receive errors"),
    ("Udp6NoPorts", Always, "", " packets to unknown port received"),
    ("Udp6OutDatagrams", Always, "", " packets sent"),
];

/// TCP beyond the MIB.
#[rustfmt::skip]
pub(super) static TCP_EXT: &[Words] = &[
    ("DelayedACKLocked", Unless0, "", " delayed acks further delayed because of locked socket"),
    ("DelayedACKLost", Unless0, "Quick ack mode was activated ", " times"),
    ("DelayedACKs", Unless0, "", " delayed acks sent"),
    ("EmbryonicRsts", Unless0, "", " resets received for embryonic SYN_RECV sockets"),
    ("ListenDrops", Unless0, "", " SYNs to LISTEN sockets dropped"),
    ("ListenOverflows", Unless0, "", " times the listen queue of a socket overflowed"),
    ("LockDroppedIcmps", Unless0, "", " ICMP packets dropped because socket was locked"),
    ("OfoPruned", Unless0, "", " packets dropped from out-of-order queue because of socket buffer overrun"),
    ("OutOfWindowIcmps", Unless0, "", " ICMP packets dropped because they were out-of-window"),
    ("PAWSActive", Unless0, "", " active connections rejected because of time stamp"),
    ("PAWSEstab", Unless0, "", " packets rejected in established connections because of timestamp"),
    ("PAWSPassive", Unless0, "", " passive connections rejected because of time stamp"),
    ("PruneCalled", Unless0, "", " packets pruned from receive queue because of socket buffer overrun"),
    ("RcvPruned", Unless0, "", " packets pruned from receive queue"),
    ("SockMallocOOM", Unless0, "Ran ", " times out of system memory during packet sending"),
    ("SyncookiesFailed", Unless0, "", " invalid SYN cookies received"),
    ("SyncookiesRecv", Unless0, "", " SYN cookies received"),
    ("SyncookiesSent", Unless0, "", " SYN cookies sent"),
    ("TCPAbortFailed", Unless0, "", " times unable to send RST due to no memory"),
    ("TCPAbortOnClose", Unless0, "", " connections reset due to early user close"),
    ("TCPAbortOnData", Unless0, "", " connections reset due to unexpected data"),
    ("TCPAbortOnLinger", Unless0, "", " connections aborted after user close in linger timeout"),
    ("TCPAbortOnMemory", Unless0, "", " connections aborted due to memory pressure"),
    ("TCPAbortOnSyn", Unless0, "", " connections reset due to unexpected SYN"),
    ("TCPAbortOnTimeout", Unless0, "", " connections aborted due to timeout"),
    ("TCPDirectCopyFromBacklog", Unless0, "", " bytes directly in process context from backlog"),
    ("TCPFACKReorder", Unless0, "Detected reordering ", " times using FACK"),
    ("TCPFastRetrans", Unless0, "", " fast retransmits"),
    ("TCPForwardRetrans", Unless0, "", " forward retransmits"),
    ("TCPFullUndo", Unless0, "", " congestion windows fully recovered without slow start"),
    ("TCPHPAcks", Unless0, "", " predicted acknowledgments"),
    ("TCPHPHits", Always, "", " packet headers predicted"),
    ("TCPHPHitsToUser", Unless0, "", " packet headers predicted and directly queued to user"),
    ("TCPLossFailures", Unless0, "", " timeouts in loss state"),
    ("TCPLossUndo", Unless0, "", " congestion windows recovered without slow start after partial ack"),
    ("TCPLostRetransmits", Unless0, "", " retransmits lost"),
    ("TCPMemoryPressures", Unless0, "TCP ran low on memory ", " times"),
    ("TCPPartialUndo", Unless0, "", " congestion windows partially recovered using Hoe heuristic"),
    ("TCPPrequeued", Unless0, "", " packets directly queued to recvmsg prequeue"),
    ("TCPPureAcks", Unless0, "", " acknowledgments not containing data payload received"),
    ("TCPRcvCollapsed", Unless0, "", " packets collapsed in receive queue due to low socket buffer"),
    ("TCPRenoFailures", Unless0, "", " timeouts after reno fast retransmit"),
    ("TCPRenoRecovery", Unless0, "", " times recovered from packet loss due to fast retransmit"),
    ("TCPRenoReorder", Unless0, "Detected reordering ", " times using reno fast retransmit"),
    ("TCPSACKReorder", Unless0, "Detected reordering ", " times using SACK"),
    ("TCPSchedulerFailed", Unless0, "", " times receiver scheduled too late for direct processing"),
    ("TCPSlowStartRetrans", Unless0, "", " retransmits in slow start"),
    ("TCPTSReorder", Unless0, "Detected reordering ", " times using time stamp"),
    ("TW", Unless0, "", " TCP sockets finished time wait in fast timer"),
    ("TWRecycled", Unless0, "", " time wait sockets recycled by time stamp"),
];

/// SCTP.
#[rustfmt::skip]
pub(super) static SCTP: &[Words] = &[
    ("SctpAborteds", Always, "", " Number of Aborteds "),
    ("SctpActiveEstabs", Always, "", " Active Associations"),
    ("SctpChecksumErrors", Always, "", " Number of Packets with invalid Checksum"),
    ("SctpCurrEstab", Always, "", " Current Associations"),
    ("SctpFragUsrMsgs", Always, "", " Number of messages fragmented"),
    ("SctpInCtrlChunks", Always, "", " Number of control chunks received"),
    ("SctpInOrderChunks", Always, "", " Number of ordered chunks received"),
    ("SctpInSCTPPacks", Always, "", " Number of SCTP packets received"),
    ("SctpInUnorderChunks", Always, "", " Number of Unordered chunks received"),
    ("SctpOutCtrlChunks", Always, "", " Number of control chunks sent"),
    ("SctpOutOfBlues", Always, "", " Number of Out of Blue packets"),
    ("SctpOutOrderChunks", Always, "", " Number of ordered chunks sent"),
    ("SctpOutSCTPPacks", Always, "", " Number of SCTP packets sent"),
    ("SctpOutUnorderChunks", Always, "", " Number of Unordered chunks sent"),
    ("SctpPassiveEstabs", Always, "", " Passive Associations"),
    ("SctpReasmUsrMsgs", Always, "", " Number of messages reassembled "),
    ("SctpShutdowns", Always, "", " Number of Graceful Terminations"),
];
