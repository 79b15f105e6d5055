//! IEEE 488.2 blocks: `#`, one digit, so many digits of a byte count, and the bytes.

/// What the beginning of an answer says about the block in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Head {
    /// Not enough of it has come to tell.
    More,
    /// The payload begins at the first number and is as long as the second.
    Block(usize, usize),
    /// `#0`: as long as it is, which a byte stream cannot say.
    Indefinite,
    /// No block.
    Not,
}

/// Bytes that may stand before the `#`: `C1:WF ALL,` or `DAT2,` of instruments that name what they send.
const PREFIX: usize = 24;

/// Reads the head of a block off the bytes that have come so far.
pub(super) fn head(bytes: &[u8]) -> Head {
    let Some(hash) = bytes.iter().take(PREFIX).position(|byte| *byte == b'#') else {
        let text = bytes.iter().take(PREFIX).all(|byte| byte.is_ascii_graphic() || *byte == b' ');
        return if bytes.len() < PREFIX && text { Head::More } else { Head::Not };
    };
    let Some(digits) = bytes.get(hash + 1) else { return Head::More };
    if *digits == b'0' {
        return Head::Indefinite;
    }
    if !digits.is_ascii_digit() {
        return Head::Not;
    }
    let from = hash + 2;
    let to = from + usize::from(digits - b'0');
    let Some(count) = bytes.get(from..to) else { return Head::More };
    // Some instruments pad the count with blanks.
    let count = std::str::from_utf8(count).ok().and_then(|count| count.trim().parse().ok());
    count.map_or(Head::Not, |count| Head::Block(to, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_by_its_count_and_never_by_its_line() {
        assert_eq!(head(b"#9000002000"), Head::Block(11, 2000));
        assert_eq!(head(b"#14abc\n"), Head::Block(3, 4));
        assert_eq!(head(b"DAT2,#9000000005"), Head::Block(16, 5));
        assert_eq!(head(b"#3 12"), Head::Block(5, 12));
        for more in [&b""[..], b"#", b"#9", b"#900000", b"DAT2,"] {
            assert_eq!(head(more), Head::More, "{more:?}");
        }
        assert_eq!(head(b"#0abc"), Head::Indefinite);
        for bad in [&b"#x12"[..], b"\x80\x7f\x7e", b"#2ab", b"0,2,12000,1,2.000000e-07,"] {
            assert_eq!(head(bad), Head::Not, "{bad:?}");
        }
    }
}
