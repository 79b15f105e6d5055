//! The endless WAV that `sigrok-cli -O wav` writes: a header with no lengths, then 32-bit floats, channel by channel.

/// What the header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) channels: usize,
    pub(super) sample_rate: u32,
}

/// Bytes before the first sample.
pub(super) const HEAD: usize = 46;
/// IEEE float.
const FLOAT: u16 = 3;

/// Reads the header; the reason when it is another file.
pub(super) fn head(bytes: &[u8; HEAD]) -> Result<Head, String> {
    let tag = |at: usize, tag: &[u8]| bytes.get(at..at + tag.len()) == Some(tag);
    let short = |at: usize| {
        bytes.get(at..).and_then(|rest| rest.first_chunk::<2>()).map_or(0, |b| u16::from_le_bytes(*b))
    };
    let long = |at: usize| {
        bytes.get(at..).and_then(|rest| rest.first_chunk::<4>()).map_or(0, |b| u32::from_le_bytes(*b))
    };
    if !(tag(0, b"RIFF") && tag(8, b"WAVEfmt ") && tag(38, b"data")) {
        return Err("what it sends is no WAV of the version that is known".to_owned());
    }
    if short(20) != FLOAT || short(34) != 32 {
        return Err(format!(
            "its samples are of format {} with {} bits, not 32-bit floats",
            short(20),
            short(34)
        ));
    }
    Ok(Head { channels: usize::from(short(22)), sample_rate: long(24) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_of_sigrok_is_read_and_another_refused() {
        // As sigrok-cli 0.7.2 wrote it for two channels at 10 kHz.
        let text = b"RIFF\xff\xff\xff\xffWAVEfmt \x12\x00\x00\x00\x03\x00\x02\x00\x10\x27\x00\x00\x808\x01\x00\x08\x00 \x00\x00\x00data\xff\xff\xff\xff";
        assert_eq!(head(text), Ok(Head { channels: 2, sample_rate: 10_000 }));
        let mut pcm = *text;
        pcm[20] = 1;
        assert!(head(&pcm).unwrap_err().contains("format 1"));
        assert!(head(&[0; HEAD]).is_err());
    }
}
