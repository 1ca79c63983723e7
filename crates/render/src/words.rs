//! Numbers as words a person can say, write into a notebook and compare.

/// The consonants and vowels of a word, by four and by two bits. Source: D. S. Wilkerson,
/// "A Proposal for Proquints", arXiv:0901.4016.
const CONSONANTS: &[u8; 16] = b"bdfghjklmnprstvz";
const VOWELS: &[u8; 4] = b"aiou";

/// Each two bytes as one word of five letters, the words joined by `-`. The words of a hash
/// are 16 bits each: eight of them are half of a SHA-256.
#[must_use]
pub fn words(bytes: &[u8]) -> String {
    let words: Vec<String> = bytes.chunks(2).map(word).collect();
    words.join("-")
}

fn word(pair: &[u8]) -> String {
    let number = pair
        .iter()
        .chain([0].iter().cycle())
        .take(2)
        .fold(0_usize, |number, byte| number << 8 | usize::from(*byte));
    let letter = |table: &[u8], at: usize| {
        let letter = table.get(number >> at & (table.len() - 1));
        letter.map_or('?', |letter| char::from(*letter))
    };
    let (c, v) = (CONSONANTS.as_slice(), VOWELS.as_slice());
    [(c, 12), (v, 10), (c, 6), (v, 4), (c, 0)]
        .map(|(table, at)| letter(table, at))
        .iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addresses_of_the_proposal_are_spelled_as_there() {
        assert_eq!(words(&[127, 0, 0, 1]), "lusab-babad");
        assert_eq!(words(&[63, 84, 220, 193]), "gutih-tugad");
        assert_eq!(words(&[216, 35, 68, 215]), "tobog-higil");
    }

    #[test]
    fn nothing_and_half_a_word_are_words_too() {
        assert_eq!(words(&[]), "");
        assert_eq!(words(&[127]), "lusab");
        assert_eq!(words(&[0xff; 16]).split('-').count(), 8);
    }
}
