//! Identities of instruments, and dates, as people read them.
//!
//! A board states its unique id and the hash of its firmware as bytes, which a record keeps in hexadecimal. A simulated board states
//! text in them, and so may others: whoever looks at a page is to read `SIM-STIM-001` there, not forty digits.

use crate::quantity::short_hash;

/// Digits below which an identity may be a serial number that only looks like hexadecimal: the unique id of a board has twelve bytes.
const LEAST_DIGITS: usize = 24;

/// The text that an identity in hexadecimal spells, but for zeros at its end; `None` unless every byte of it is printable ASCII.
/// Random bytes do so once in some hundred thousand ids.
pub fn spelled(identity: &str) -> Option<String> {
    if identity.len() < LEAST_DIGITS || !identity.len().is_multiple_of(2) {
        return None;
    }
    let digits: Option<Vec<u32>> = identity.chars().map(|letter| letter.to_digit(16)).collect();
    let bytes = digits?
        .chunks(2)
        .map(|pair| pair.iter().fold(0, |byte, digit| 16 * byte + digit))
        .collect::<Vec<u32>>();
    let end = bytes.iter().rposition(|byte| *byte != 0)? + 1;
    let text: Option<String> = bytes.get(..end)?.iter().map(|byte| char::from_u32(*byte)).collect();
    text.filter(|text| {
        text.chars().all(|letter| letter == ' ' || letter.is_ascii_graphic()) && !text.trim().is_empty()
    })
}

/// A date as people write it, to the second, as far as it is one.
pub fn instant(rfc3339: &str) -> String {
    match rfc3339.split_once('T') {
        Some((date, time)) => {
            let time = time.trim_end_matches('Z');
            format!("{date} {} UTC", time.split('.').next().unwrap_or(time))
        }
        None => rfc3339.to_owned(),
    }
}

/// An identity for people: the text that it spells, or the identity itself.
pub fn readable(identity: &str) -> String {
    spelled(identity).unwrap_or_else(|| identity.to_owned())
}

/// The same, with no more of a hash than tells it from others.
pub fn short_identity(identity: &str) -> String {
    spelled(identity).unwrap_or_else(|| short_hash(identity).to_owned())
}

/// Whether an identity begins as somebody says, who may have read it in either form.
pub fn identity_begins(identity: &str, wanted: &str) -> bool {
    identity.starts_with(wanted) || spelled(identity).is_some_and(|text| text.starts_with(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::hex;

    #[test]
    fn text_in_hexadecimal_is_read_and_everything_else_stays() {
        let id = hex(b"SIM-STIM-001");
        assert_eq!(spelled(&id).as_deref(), Some("SIM-STIM-001"));
        assert_eq!(spelled(&id.to_uppercase()).as_deref(), Some("SIM-STIM-001"));
        assert_eq!(spelled(&hex(b"board 7\0\0\0\0\0")).as_deref(), Some("board 7"));
        // Bytes that are no text, zeros alone, a zero within, blanks alone, an odd number of digits.
        for bytes in
            [&[0xa5_u8; 16][..], &[0; 16], b"a\0bcdefghijkl", &[b' '; 16], b"line\nbreak 12", &[0x7f; 12]]
        {
            assert_eq!(spelled(&hex(bytes)), None, "{bytes:?}");
            assert_eq!(readable(&hex(bytes)), hex(bytes));
        }
        assert_eq!(spelled(&id[1..]), None);
        // A serial number is no text in hexadecimal, whatever its digits spell.
        assert_eq!(readable("20353147"), "20353147");
        assert_eq!(readable("DS1ZA164650000"), "DS1ZA164650000");
        assert_eq!(readable("µ20353147203531472035314"), "µ20353147203531472035314");
    }

    #[test]
    fn short_is_a_hash_and_never_a_name_that_was_cut() {
        assert_eq!(short_identity(&hex(b"simulated-stim-1")), "simulated-stim-1");
        assert_eq!(short_identity(&hex(&[0xa5; 16])), "a5a5a5a5a5a5");
        assert_eq!(short_identity("not stated"), "not stated");
    }

    #[test]
    fn a_firmware_is_found_by_either_form() {
        let firmware = hex(b"simulated-stim-1");
        for wanted in ["7369", "simulated", "", &firmware] {
            assert!(identity_begins(&firmware, wanted), "{wanted}");
        }
        assert!(!identity_begins(&firmware, "ffff") && !identity_begins(&firmware, "stim"));
    }
}
