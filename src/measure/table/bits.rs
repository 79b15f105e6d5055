//! Bits one behind the other, the lowest first.

/// Writes bits.
#[derive(Debug)]
pub(super) struct Pen<'o> {
    slots: &'o mut [u8],
    /// The byte to write next, in fewer bits than a place has: so what is behind it is no less.
    at: u32,
    /// Bits of it that are known, and how many: fewer than a byte has.
    held: u64,
    count: u32,
}

impl Pen<'_> {
    /// So many bits, at most [`PUT`], the others nought.
    #[inline]
    pub(super) fn put(&mut self, bits: u64, count: u32) {
        self.held |= bits << self.count;
        self.count += count;
        let at = self.at as usize;
        if let Some(slots) = self.slots.get_mut(at..at + size_of::<u64>()) {
            slots.copy_from_slice(&self.held.to_le_bytes());
        }
        self.at += self.count / 8;
        self.held >>= self.count & !7;
        self.count %= 8;
    }
}

/// Bits that are put, or looked at, at once.
pub(super) const PUT: u32 = 56;

/// Appends what a pen writes, no more than so many bits, from a byte of its own on.
#[inline]
pub(super) fn append(out: &mut Vec<u8>, most: usize, write: impl FnOnce(&mut Pen)) {
    let begin = out.len();
    // Whole words are written, of which the last bits may be the first.
    out.resize(begin + most / 8 + size_of::<u64>(), 0);
    let mut pen = Pen { slots: out.get_mut(begin..).unwrap_or_default(), at: 0, held: 0, count: 0 };
    write(&mut pen);
    let written = pen.at as usize + usize::from(pen.count > 0);
    out.truncate(begin + written);
}

/// Reads bits.
#[derive(Debug)]
pub(super) struct Lens<'a> {
    bytes: &'a [u8],
    bit: usize,
}

impl<'a> Lens<'a> {
    /// From the first of these bytes on. Behind the last there are noughts.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, bit: 0 }
    }

    /// The next bits, [`PUT`] of them at least.
    #[inline]
    pub(super) fn next(&self) -> u64 {
        let from = self.bytes.get(self.bit / 8..).unwrap_or(&[]);
        let bytes = from.first_chunk().copied().unwrap_or_else(|| ending(from));
        u64::from_le_bytes(bytes) >> (self.bit % 8)
    }

    /// Goes on behind so many bits.
    #[inline]
    pub(super) fn skip(&mut self, bits: u32) {
        self.bit += bits as usize;
    }

    /// So many bits, at most [`PUT`].
    #[inline]
    pub(super) fn take(&mut self, count: u32) -> u64 {
        let bits = self.next() & ((1 << count) - 1);
        self.skip(count);
        bits
    }
}

/// Fewer than eight bytes, and noughts.
#[cold]
fn ending(bytes: &[u8]) -> [u8; 8] {
    let mut eight = [0; 8];
    eight.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = *byte);
    eight
}

/// Seven bits a byte, the lowest first; all but the last with the highest bit set.
pub(super) fn put_unsigned(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// A number that [`put_unsigned`] has written, and what follows it.
pub(super) fn unsigned(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0;
    for (k, byte) in bytes.iter().enumerate().take(10) {
        number |= u64::from(byte & 0x7f) << (7 * k);
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(k + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bits_are_read_as_they_were_written(
            numbers in prop::collection::vec((any::<u64>(), 0..=PUT), 0..300),
        ) {
            let numbers: Vec<_> = numbers.iter().map(|(bits, count)| (bits & ((1 << count) - 1), *count)).collect();
            let most = numbers.iter().map(|(_, count)| *count as usize).sum();
            let mut bytes = vec![9];
            append(&mut bytes, most, |pen| numbers.iter().for_each(|(bits, count)| pen.put(*bits, *count)));
            prop_assert_eq!((bytes.remove(0), bytes.len()), (9, most.div_ceil(8)));
            let mut lens = Lens::new(&bytes);
            for (bits, count) in numbers {
                prop_assert_eq!(lens.take(count), bits);
            }
            prop_assert_eq!(lens.next(), 0, "behind the end there are noughts");
        }
    }

    #[test]
    fn a_number_without_sign_takes_seven_bits_a_byte() {
        for (number, length) in
            [(0, 1), (127, 1), (128, 2), (16_383, 2), (16_384, 3), (u64::from(u32::MAX), 5), (u64::MAX, 10)]
        {
            let mut bytes = Vec::new();
            put_unsigned(number, &mut bytes);
            assert_eq!(bytes.len(), length, "{number}");
            bytes.push(7);
            assert_eq!(unsigned(&bytes), Some((number, &[7_u8][..])));
        }
    }
}
