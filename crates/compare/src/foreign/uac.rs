//! Which files of a UAC collection are listings of sockets: those below
//! `live_response/network` that netstat, ss and lsof printed there, in numbers.

/// Where UAC keeps what it asked of the network.
const PLACE: &str = "live_response/network/";

/// Questions of which the answer lists no sockets: routes, interfaces, sums, groups.
const OTHERS: &[&str] = &["-r", "-i", "-s", "-g", "-v"];

/// Whether a file of this name, seen from the top of a collection or from above, is a
/// listing. Those with names in place of numbers (`netstat -a`) are also there in numbers.
#[must_use]
pub fn is_listing(name: &str) -> bool {
    let file = name.rsplit_once(PLACE).map(|(_, file)| file);
    let Some(stem) = file.and_then(|file| file.strip_suffix(".txt")) else {
        return false;
    };
    let mut words = stem.split(['_', ' ']);
    let tool = words.next().unwrap_or_default();
    let options: Vec<&str> = words.filter(|word| word.starts_with('-')).collect();
    let is_other = |word: &&str| OTHERS.iter().any(|other| word.starts_with(other));
    matches!(tool, "netstat" | "ss" | "lsof")
        && options.iter().any(|word| word.contains('n'))
        && !options.iter().any(is_other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listings_are_known_by_name() {
        for name in [
            "live_response/network/netstat_-an.txt",
            "live_response/network/netstat_-lpeanut.txt",
            "uac-host/live_response/network/ss_-anp.txt",
            "live_response/network/lsof_-nPli.txt",
        ] {
            assert!(is_listing(name), "{name}");
        }
        for name in [
            "live_response/network/netstat_-a.txt",
            "live_response/network/netstat_-rn.txt",
            "live_response/network/netstat_-i.txt",
            "live_response/network/arp_-an.txt",
            "live_response/network/ss_-anp.txt.stderr",
            "live_response/process/lsof_-nPl.txt",
            "bodyfile/bodyfile.txt",
        ] {
            assert!(!is_listing(name), "{name}");
        }
    }
}
