//! The two checksums.

/// CRC-16/IBM-3740 ("CCITT-FALSE"): polynomial 0x1021, initial 0xFFFF. Detects every burst of up to 16 bits, so no
/// single damaged byte in a header goes unseen. Bitwise: a header is six bytes.
pub(crate) fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

/// CRC-32/ISO-HDLC over the header (after the sync word) and the payload.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of the CRC catalogue (reveng.sourceforge.io) for "123456789".
    #[test]
    fn both_are_the_catalogued_ones() {
        assert_eq!(crc16(b"123456789"), 0x29B1);
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }
}
