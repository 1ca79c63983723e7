//! The policy of re-asking: from one pass to a round, from rounds to a standing.
//!
//! One pass proves nothing: on a busy host the tables change while they are read. A
//! difference stands only if one source keeps showing the same socket before and after the
//! other denies it, in every one of the last [`ENOUGH`] rounds.

/// Rounds a difference must outlive.
pub const ENOUGH: usize = 3;

/// Rounds a port must be taken or answer in, unlisted before and after. A listener that comes
/// and goes is met by the probe and missed by both listings far more often than a table
/// misses a socket: after three rounds churn has been seen to produce one such port.
pub const ENOUGH_PROBED: usize = 6;

/// Passes of the text tables a UDP socket must be missing from. `/proc/net/udp` is walked
/// hash slot by hash slot, and under churn loses its place: stable sockets are missing from
/// most passes (`udp_get_idx` in `net/ipv4/udp.c`).
pub const ENOUGH_UDP: usize = 5;

/// What one source says of one thing in one pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Testimony {
    /// It is there.
    Seen,
    /// It is not there, and I looked.
    Absent,
    /// I could not have seen it: outside my coverage, or behind a gap.
    Blind,
}

/// The ways socket tables are told. The first two are judged; the others only bear witness
/// against them, and their own silence accuses nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The text tables of `/proc/net`.
    Text,
    /// sock_diag.
    Diag,
    /// The text tables through a procfs that nothing can be mounted over.
    Private,
    /// sock_diag received by another call.
    Reread,
}

impl Side {
    /// The two that are judged.
    const JUDGED: [Side; 2] = [Side::Text, Side::Diag];

    /// All of them.
    const ALL: [Side; 4] = [Side::Text, Side::Diag, Side::Private, Side::Reread];

    /// Whether its silence can be an accusation, and a table it could not read a blank.
    #[must_use]
    pub fn is_judged(self) -> bool {
        Side::JUDGED.contains(&self)
    }
}

/// What one round amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    /// Both showed it.
    Both,
    /// This side denied it between two passes of the other that showed it.
    Denied(Side),
    /// This side showed it; the other could not have.
    Only(Side),
    /// Nobody showed it, and somebody looked.
    Gone,
    /// Nobody looked.
    Blind,
    /// It came or went within the round.
    Unsettled,
}

/// What all rounds amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Both sides show it, and it was there to the end.
    Agrees,
    /// Only this side can see such a thing, and shows it.
    Alone(Side),
    /// This side denies it, in every one of the rounds that are needed.
    Hidden(Side),
    /// This side denies it so far; more rounds are needed.
    Doubted(Side),
    /// It came or went.
    Transient,
}

/// Judges one round from its passes in the order of asking.
#[must_use]
pub fn round(passes: &[(Side, Testimony)]) -> Round {
    let of = |side| {
        passes
            .iter()
            .filter(move |pass| pass.0 == side)
            .map(|pass| pass.1)
    };
    let saw = |side: &Side| of(*side).any(|testimony| testimony == Testimony::Seen);
    let looked = |side: &Side| of(*side).any(|testimony| testimony != Testimony::Blind);
    let seers: Vec<Side> = Side::ALL.into_iter().filter(saw).collect();
    if seers.is_empty() {
        return match Side::ALL.iter().any(looked) {
            true => Round::Gone,
            false => Round::Blind,
        };
    }
    let silent: Vec<Side> = Side::JUDGED.into_iter().filter(|side| !saw(side)).collect();
    let Some(&first) = silent.first() else {
        return Round::Both;
    };
    if !silent.iter().any(looked) {
        return Round::Only(seers.first().copied().unwrap_or(first));
    }
    let denied = |side: &&Side| seers.iter().any(|sees| is_denied(passes, *sees, **side));
    match silent.iter().find(denied) {
        Some(side) => Round::Denied(*side),
        None => Round::Unsettled,
    }
}

/// Whether `sees` never failed to show it, and `denies` failed to between two of its passes.
fn is_denied(passes: &[(Side, Testimony)], sees: Side, denies: Side) -> bool {
    if passes.contains(&(sees, Testimony::Absent)) {
        return false;
    }
    let seen = |pass: &(Side, Testimony)| *pass == (sees, Testimony::Seen);
    let first = passes.iter().position(seen).unwrap_or(passes.len());
    let last = passes.iter().rposition(seen).unwrap_or(0);
    passes
        .iter()
        .take(last)
        .skip(first)
        .any(|pass| *pass == (denies, Testimony::Absent))
}

/// Judges all rounds, in order. `denials` is how many passes of the text tables denied it:
/// for UDP, [`ENOUGH_UDP`] of them are needed too.
#[must_use]
pub fn standing(rounds: &[Round], is_udp: bool, denials: usize) -> Standing {
    let Some(latest) = rounds.last().copied() else {
        return Standing::Transient;
    };
    // A thing last seen in a round long past is gone, whatever was thought of it then.
    if matches!(latest, Round::Gone) {
        return Standing::Transient;
    }
    if rounds.contains(&Round::Both) {
        return Standing::Agrees;
    }
    let since = rounds
        .iter()
        .rev()
        .take_while(|round| **round == latest)
        .count();
    match latest {
        Round::Only(side) => Standing::Alone(side),
        Round::Denied(Side::Text) if is_udp && denials < ENOUGH_UDP => {
            Standing::Doubted(Side::Text)
        }
        Round::Denied(side) if since >= ENOUGH => Standing::Hidden(side),
        Round::Denied(side) if since == rounds.len() => Standing::Doubted(side),
        Round::Denied(_) | Round::Both | Round::Gone | Round::Blind | Round::Unsettled => {
            Standing::Transient
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A word is a round, a sign a pass: netlink and procfs in turn, as `N P N P N P`.
    #[track_caller]
    fn check(story: &str, expected: Standing) {
        check_as(story, false, expected);
    }

    #[track_caller]
    fn check_as(story: &str, is_udp: bool, expected: Standing) {
        let mut denials = 0;
        let rounds: Vec<Round> = story
            .split_whitespace()
            .map(|word| {
                let passes: Vec<(Side, Testimony)> = word
                    .chars()
                    .zip([Side::Diag, Side::Text].into_iter().cycle())
                    .map(|(sign, side)| (side, testimony(sign)))
                    .collect();
                denials += passes
                    .iter()
                    .filter(|pass| **pass == (Side::Text, Testimony::Absent))
                    .count();
                round(&passes)
            })
            .collect();
        assert_eq!(standing(&rounds, is_udp, denials), expected, "{story}");
    }

    fn testimony(sign: char) -> Testimony {
        match sign {
            '+' => Testimony::Seen,
            '-' => Testimony::Absent,
            _ => Testimony::Blind,
        }
    }

    #[test]
    fn who_agrees() {
        check("++++++ ++++++ ++++++", Standing::Agrees);
        check("++++++", Standing::Agrees);
        check("+-++++ +-+-+- +-+-+-", Standing::Agrees);
    }

    #[test]
    fn denied_every_time() {
        check("+-+-+- +-+-+- +-+-+-", Standing::Hidden(Side::Text));
        check("-+-+-+ -+-+-+ -+-+-+", Standing::Hidden(Side::Diag));
        check("+-+?+- +-+-+? +-+-+-", Standing::Hidden(Side::Text));
    }

    #[test]
    fn one_or_two_rounds_are_not_enough() {
        check("+-+-+-", Standing::Doubted(Side::Text));
        check("+-+-+- +-+-+-", Standing::Doubted(Side::Text));
        check("-+-+-+ -+-+-+", Standing::Doubted(Side::Diag));
    }

    #[test]
    fn what_came_or_went_is_no_difference() {
        check("+-----", Standing::Transient);
        check("+-+-+- ------ ------", Standing::Transient);
        check("------ --+-+- +-+-+-", Standing::Transient);
        check("+-+--- +-+-+- +-+-+-", Standing::Transient);
        check("++++++ ++++++ ------", Standing::Transient);
        check("-----+ -----+ -----+", Standing::Transient);
    }

    #[test]
    fn who_could_not_look_denies_nothing() {
        check("?+?+?+ ?+?+?+ ?+?+?+", Standing::Alone(Side::Text));
        check("+?+?+?", Standing::Alone(Side::Diag));
        check("??????", Standing::Transient);
    }

    #[test]
    fn no_side_is_denied_before_or_after_but_only_in_between() {
        // Absent only after the last sight of it: it may have been closed by then.
        check("+? +- +?", Standing::Alone(Side::Diag));
        check("++ +- +-", Standing::Agrees);
        check("+?+- +?+- +?+-", Standing::Transient);
    }

    #[test]
    fn udp_needs_five_denials() {
        check_as("+-+ +-+ +-+", true, Standing::Doubted(Side::Text));
        check_as("+-+-+ +-+-+ +-+-+", true, Standing::Hidden(Side::Text));
        check_as("+-+-+- +-+-+- +-+++-", true, Standing::Agrees);
    }
}
