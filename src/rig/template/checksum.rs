//! Checksums of binary frames, by their names in the catalogue of parametrised CRC algorithms.

use crc::{Algorithm, Crc};

/// A checksum that a frame ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksum {
    /// Sum of the bytes modulo 256.
    Sum8,
    /// Exclusive or of the bytes.
    Xor8,
    /// One of the catalogue, by its name there.
    Crc(&'static str),
}

type Named8 = (&'static str, &'static Algorithm<u8>);
type Named16 = (&'static str, &'static Algorithm<u16>);
type Named32 = (&'static str, &'static Algorithm<u32>);

const CRC_8: &[Named8] = &[
    ("CRC-8/SMBUS", &crc::CRC_8_SMBUS),
    ("CRC-8/MAXIM-DOW", &crc::CRC_8_MAXIM_DOW),
    ("CRC-8/AUTOSAR", &crc::CRC_8_AUTOSAR),
    ("CRC-8/BLUETOOTH", &crc::CRC_8_BLUETOOTH),
];
const CRC_16: &[Named16] = &[
    ("CRC-16/ARC", &crc::CRC_16_ARC),
    ("CRC-16/IBM-3740", &crc::CRC_16_IBM_3740),
    ("CRC-16/IBM-SDLC", &crc::CRC_16_IBM_SDLC),
    ("CRC-16/KERMIT", &crc::CRC_16_KERMIT),
    ("CRC-16/MODBUS", &crc::CRC_16_MODBUS),
    ("CRC-16/USB", &crc::CRC_16_USB),
    ("CRC-16/XMODEM", &crc::CRC_16_XMODEM),
];
const CRC_32: &[Named32] = &[
    ("CRC-32/ISO-HDLC", &crc::CRC_32_ISO_HDLC),
    ("CRC-32/MPEG-2", &crc::CRC_32_MPEG_2),
    ("CRC-32/ISCSI", &crc::CRC_32_ISCSI),
];

impl Checksum {
    /// All, with their names in rig files.
    pub fn all() -> Vec<(&'static str, Self)> {
        let of_catalogue = CRC_8
            .iter()
            .map(|(name, _)| *name)
            .chain(CRC_16.iter().map(|(name, _)| *name))
            .chain(CRC_32.iter().map(|(name, _)| *name));
        [("sum8", Self::Sum8), ("xor8", Self::Xor8)]
            .into_iter()
            .chain(of_catalogue.map(|name| (name, Self::Crc(name))))
            .collect()
    }

    /// Of some bytes, low byte first.
    pub fn of(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sum8 => vec![bytes.iter().fold(0, |sum: u8, byte| sum.wrapping_add(*byte))],
            Self::Xor8 => vec![bytes.iter().fold(0, |sum, byte| sum ^ byte)],
            Self::Crc(name) => {
                if let Some((_, algorithm)) = CRC_8.iter().find(|(own, _)| *own == name) {
                    return vec![Crc::<u8>::new(algorithm).checksum(bytes)];
                }
                if let Some((_, algorithm)) = CRC_16.iter().find(|(own, _)| *own == name) {
                    return Crc::<u16>::new(algorithm).checksum(bytes).to_le_bytes().to_vec();
                }
                let found = CRC_32.iter().find(|(own, _)| *own == name);
                found.map_or_else(Vec::new, |(_, algorithm)| {
                    Crc::<u32>::new(algorithm).checksum(bytes).to_le_bytes().to_vec()
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_the_check_value_of_the_catalogue() {
        // The catalogue's check is the checksum of the nine digits.
        let check = |name: &str| {
            let (_, checksum) = Checksum::all().into_iter().find(|(own, _)| *own == name).unwrap();
            checksum.of(b"123456789").iter().rev().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte))
        };
        for (name, value) in [
            ("CRC-8/SMBUS", 0xF4),
            ("CRC-16/ARC", 0xBB3D),
            ("CRC-16/IBM-3740", 0x29B1),
            ("CRC-16/KERMIT", 0x2189),
            ("CRC-16/MODBUS", 0x4B37),
            ("CRC-16/XMODEM", 0x31C3),
            ("CRC-32/ISO-HDLC", 0xCBF4_3926),
            ("sum8", 0xDD),
            ("xor8", 0x31),
        ] {
            assert_eq!(check(name), value, "{name}");
        }
    }
}
