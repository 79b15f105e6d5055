//! Numbers one behind the other in as few bits as they need, the lowest bit first.
//!
//! A number is written as Rice's code of some parameter k: its part above the lowest k bits in ones and noughts, so many noughts and a one,
//! and the k bits behind it. Where numbers scatter about nought that takes a fifth of a bit more than the least that any code could.
//! One that would need more noughts than [`ESCAPE`] has that many, and its 64 bits behind them.

use wide::{f32x4, i32x4};

/// Noughts behind which a number follows as it is.
const ESCAPE: u32 = 20;
/// The largest parameter: with the noughts before it a number fits into what is read at once.
pub(super) const WIDEST: u32 = 32;
/// Bits of a number that follows as it is.
const WHOLE: usize = (ESCAPE + u64::BITS) as usize;

/// Numbers below this can be told in lanes of 32 bits, four pairs at a time ([`pairs`]).
const PAIRED: u64 = 1 << 29;

/// Pairs of numbers by the code of parameter `k`, of each its bits and how many, where none fills a word. A shift to the left is a product
/// with a power of two here, which is exact: what is shifted has less than 24 bits.
#[inline]
fn pairs(first: [i32; 4], second: [i32; 4], k: u32) -> Option<[(u32, u32); 4]> {
    let (mask, shortest) = (i32x4::splat((1 << k) - 1), i32x4::splat(k as i32 + 1));
    let parts = |numbers: [i32; 4]| {
        let numbers = i32x4::new(numbers);
        let low = numbers & mask;
        (f32x4::from_i32x4(low + low + i32x4::splat(1)), numbers >> k)
    };
    let ((first, noughts), (second, others)) = (parts(first), parts(second));
    let before = noughts + shortest;
    let lengths = before + others + shortest;
    // Bit by bit: of numbers of which none has more, nothing has together.
    let long = lengths.simd_gt(i32x4::splat(31)) | (noughts | others).simd_gt(i32x4::splat(15));
    if long.any() {
        return None;
    }
    let bits = (first * power(noughts)).fast_trunc_int() | (second * power(before + others)).fast_trunc_int();
    let (bits, lengths) = (bits.to_array(), lengths.to_array());
    let [a, b, c, d] = bits;
    let [to_a, to_b, to_c, to_d] = lengths;
    Some([(a, to_a), (b, to_b), (c, to_c), (d, to_d)].map(|(bits, length)| (bits as u32, length as u32)))
}

/// Powers of two.
#[inline]
fn power(exponents: i32x4) -> f32x4 {
    let bits: i32x4 = (exponents + i32x4::splat(127)) << 23_u32;
    f32x4::new(bits.to_array().map(|bits| f32::from_bits(bits as u32)))
}

/// Writes numbers.
#[derive(Debug)]
pub(super) struct Pen<'o> {
    out: &'o mut Vec<u8>,
    /// Bits that are not written yet, and how many: fewer than a word has.
    held: u64,
    count: u32,
}

impl<'o> Pen<'o> {
    /// Behind these bytes.
    pub(super) fn new(out: &'o mut Vec<u8>) -> Self {
        Self { out, held: 0, count: 0 }
    }

    /// So many bits, at most 32.
    #[inline]
    fn put(&mut self, bits: u32, count: u32) {
        self.held |= u64::from(bits) << self.count;
        self.count += count;
        if self.count >= u32::BITS {
            self.out.extend_from_slice(&(self.held as u32).to_le_bytes());
            self.held >>= u32::BITS;
            self.count -= u32::BITS;
        }
    }

    /// A number by the code of parameter `k`.
    #[inline]
    pub(super) fn number(&mut self, number: u64, k: u32) {
        let noughts = number >> k;
        if noughts < u64::from(ESCAPE.min(u32::BITS - k)) {
            let low = number as u32 & ((1_u64 << k) - 1) as u32;
            self.put(((u64::from(low) << 1 | 1) << noughts) as u32, noughts as u32 + 1 + k);
        } else {
            let Self { out, held, count } = self;
            (*held, *count) = long(Pen { out, held: *held, count: *count }, number, k);
        }
    }

    /// As [`Pen::number`] of each of the first and of each of the second in turn; two are written at once where they fit into a word.
    #[inline]
    pub(super) fn in_turn<F: Copy + Into<u64>>(&mut self, first: &[F], second: &[F], k: u32) {
        let small = |numbers: &[F]| numbers.iter().fold(0, |all, number| all | (*number).into()) < PAIRED;
        let paired = 2 * (k + 1) < u32::BITS && small(first) && small(second);
        for (first, second) in first.as_chunks().0.iter().zip(second.as_chunks().0) {
            let whole = |number: F| number.into() as i32;
            match if paired { pairs(first.map(whole), second.map(whole), k) } else { None } {
                Some(pairs) => pairs.into_iter().for_each(|(bits, length)| self.put(bits, length)),
                None => {
                    for (first, second) in first.iter().zip(second) {
                        self.number((*first).into(), k);
                        self.number((*second).into(), k);
                    }
                }
            }
        }
    }

    /// The last bits, with what is left of their byte.
    pub(super) fn close(self) {
        self.out.extend(self.held.to_le_bytes().iter().take(self.count.div_ceil(8) as usize));
    }
}

/// A number that does not fit into a word; returns what the pen holds then.
#[cold]
fn long(mut pen: Pen, number: u64, k: u32) -> (u64, u32) {
    let noughts = number >> k;
    if noughts < u64::from(ESCAPE) {
        pen.put(1 << noughts, noughts as u32 + 1);
        pen.put(number as u32 & ((1_u64 << k) - 1) as u32, k);
    } else {
        pen.put(0, ESCAPE);
        pen.put(number as u32, u32::BITS);
        pen.put((number >> u32::BITS) as u32, u32::BITS);
    }
    (pen.held, pen.count)
}

/// Reads numbers.
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

    /// The next bits, 57 of them at least.
    #[inline]
    fn next(&self) -> u64 {
        let from = self.bytes.get(self.bit / 8..).unwrap_or(&[]);
        let bytes = from.first_chunk().copied().unwrap_or_else(|| ending(from));
        u64::from_le_bytes(bytes) >> (self.bit % 8)
    }

    /// A number that [`Pen::number`] has written with this parameter.
    #[inline]
    pub(super) fn number(&mut self, k: u32) -> u64 {
        let bits = self.next();
        let noughts = bits.trailing_zeros();
        if noughts >= ESCAPE {
            self.bit += ESCAPE as usize;
            return self.half() | self.half() << 32;
        }
        self.bit += (noughts + 1 + k) as usize;
        u64::from(noughts) << k | bits >> noughts >> 1 & ((1 << k) - 1)
    }

    fn half(&mut self) -> u64 {
        let bits = self.next();
        self.bit += 32;
        bits & u64::from(u32::MAX)
    }

    /// What follows the byte in which the last number ends.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.bit.div_ceil(8)..).unwrap_or(&[])
    }
}

/// Fewer than eight bytes, and noughts.
#[cold]
fn ending(bytes: &[u8]) -> [u8; 8] {
    let mut eight = [0; 8];
    eight.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = *byte);
    eight
}

/// How many of some numbers have so many bits.
#[derive(Debug)]
pub(super) struct Lengths([u32; 65]);

impl Lengths {
    /// Of none.
    pub(super) fn new() -> Self {
        Self([0; 65])
    }

    /// One more.
    #[inline]
    pub(super) fn add(&mut self, number: u64) {
        if let Some(count) = self.0.get_mut((u64::BITS - number.leading_zeros()) as usize) {
            *count += 1;
        }
    }

    /// How many of them are nought.
    pub(super) fn of_noughts(&self) -> usize {
        let Self([noughts, ..]) = self;
        *noughts as usize
    }

    /// The parameter by which they take the fewest bits, and how many, as far as that can be told: those of as many bits are taken as
    /// evenly spread.
    pub(super) fn parameter(&self) -> (u32, usize) {
        let Self(counts) = self;
        let numbers: u32 = counts.iter().sum();
        let longest = counts.iter().rposition(|count| *count > 0).unwrap_or(0);
        let cost = |k: u32| {
            let beyond = counts.iter().take(longest + 1).skip(k as usize + 1);
            let noughts: usize =
                (0..).zip(beyond).map(|(above, count)| *count as usize * doubled_noughts(above)).sum();
            numbers as usize * (1 + k) as usize + noughts / 2
        };
        (0..=WIDEST.min(longest as u32)).map(|k| (k, cost(k))).min_by_key(|(_, cost)| *cost).unwrap_or((0, 0))
    }
}

/// Twice the noughts of a number whose highest bit is so far above the lowest that is not below the parameter: of
/// 2^above up to 2^(above + 1), less one.
fn doubled_noughts(above: usize) -> usize {
    if above < 5 { (3 << above) - 1 } else { 2 * WHOLE }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(numbers: &[u64], k: u32) -> Vec<u8> {
        let mut bytes = vec![9];
        let mut pen = Pen::new(&mut bytes);
        numbers.iter().for_each(|number| pen.number(*number, k));
        pen.close();
        assert_eq!(bytes.remove(0), 9);
        bytes
    }

    fn lengths(numbers: &[u64]) -> Lengths {
        let mut lengths = Lengths::new();
        numbers.iter().for_each(|number| lengths.add(*number));
        lengths
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_whatever_the_parameter(
            numbers in prop::collection::vec(
                (any::<u64>(), 0..64_u32).prop_map(|(bits, shift)| bits >> shift), 0..300),
            k in 0..=WIDEST,
        ) {
            let mut bytes = written(&numbers, k);
            bytes.push(7);
            let mut lens = Lens::new(&bytes);
            for number in &numbers {
                prop_assert_eq!(lens.number(k), *number);
            }
            prop_assert_eq!(lens.rest(), &[7]);
        }
    }

    #[test]
    fn a_number_takes_its_noughts_a_one_and_its_lowest_bits() {
        // 13 is 3·4 + 1: three noughts, a one, and 01 with the lowest bit first.
        assert_eq!(written(&[13], 2), [0b01_1000]);
        assert_eq!(written(&[], 2), [0_u8; 0]);
        for (number, k, bits) in [(0, 0, 1), (19, 0, 20), (20, 0, 84), (79, 2, 22), (80, 2, 84), (255, 8, 9)]
        {
            let eight = written(&[number; 8], k).len();
            assert_eq!(eight, bits, "{number} {k}");
        }
        assert_eq!(Lens::new(&[]).number(5), 0, "behind the end there are noughts");
    }

    #[test]
    fn the_parameter_is_that_of_the_fewest_bits() {
        use rand::{RngExt, SeedableRng};
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(2);
        for spread in [1_u64, 2, 3, 7, 40, 700, 1 << 20, 1 << 32] {
            let numbers: Vec<u64> =
                (0..4000).map(|_| rng.random_range(0..spread).min(rng.random_range(0..spread))).collect();
            let (k, cost) = lengths(&numbers).parameter();
            let bits = |k: u32| 8 * written(&numbers, k).len();
            let least = (0..=WIDEST).map(bits).min().unwrap();
            assert!(bits(k) as f64 <= 1.02 * least as f64 + 8.0, "{spread}: {k} {} {least}", bits(k));
            assert!((cost as f64 / bits(k) as f64 - 1.0).abs() < 0.05, "{spread}: {cost} {}", bits(k));
        }
        assert_eq!(Lengths::new().parameter(), (0, 0));
    }
}
