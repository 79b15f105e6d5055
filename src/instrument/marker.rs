//! Marker bits by their number in a sample block.

use crate::signal::MarkerBit;

/// In the order of their numbers, which are part of protocol version 1.
const BITS: [MarkerBit; 11] = [
    MarkerBit::Lead,
    MarkerBit::Short,
    MarkerBit::Leakage,
    MarkerBit::Impedance,
    MarkerBit::Interlock,
    MarkerBit::Zero,
    MarkerBit::TestSource,
    MarkerBit::Supply,
    MarkerBit::StartTaken,
    MarkerBit::StopTaken,
    MarkerBit::ProgramTaken,
];

/// The bit with this number; `None` for one a later load may have.
pub fn marker_bit(number: u8) -> Option<MarkerBit> {
    BITS.get(usize::from(number)).copied()
}

/// The number of a bit.
pub fn marker_number(bit: MarkerBit) -> u8 {
    BITS.iter().zip(0..).find(|(known, _)| **known == bit).map_or(u8::MAX, |(_, number)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_bits_agree() {
        assert!((0..11).all(|number| marker_bit(number).map(marker_number) == Some(number)));
        assert_eq!(marker_bit(11), None);
    }
}
