//! One column of a block: whole numbers near each other in as few bits as hold their differences from a common reference, and
//! the few that are far from it by themselves.
//!
//! Layout: width (1 byte), reference (variable length), number of strays (variable length), the groups, the strays (place
//! 2 bytes, number 8 bytes).

use bitpacking::{BitPacker, BitPacker4x};

/// Numbers that are packed together.
pub(super) const GROUP: usize = BitPacker4x::BLOCK_LEN;
/// Widths above this are not packed: each number takes its eight bytes.
const WIDEST: u8 = 32;
/// The width of numbers that are not packed.
const PLAIN: u8 = 64;
/// Bytes of a stray.
const STRAY: usize = 10;
/// Of so many numbers one is looked at where a width is chosen.
const SAMPLED: usize = 4;
/// Numbers of a column that are looked at to see whether it goes on from one to the next.
const LOOKED_AT: usize = 64;

/// How a column is stored.
#[derive(Debug, Clone, Copy)]
struct Plan {
    width: u8,
    reference: i64,
    cost: usize,
    /// Some numbers do not fit.
    strays: bool,
}

/// Appends a column of at most 65 535 numbers, a multiple of [`GROUP`].
pub(super) fn pack(numbers: &[i64], out: &mut Vec<u8>) {
    let Plan { width, reference, strays, .. } = plan(numbers);
    out.push(width);
    put_signed(reference, out);
    if width == PLAIN {
        put_unsigned(0, out);
        numbers.iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
        return;
    }
    let looked_at = if strays { numbers } else { &[] };
    let strays = || looked_at.iter().enumerate().filter(|(_, number)| !fits(**number, reference, width));
    put_unsigned(strays().count() as u64, out);
    if width > 0 {
        pack_groups(numbers, reference, width, out);
    }
    for (place, number) in strays() {
        out.extend_from_slice(&(place as u16).to_le_bytes());
        out.extend_from_slice(&number.to_le_bytes());
    }
}

/// Appends the groups of a column: of a stray, some bits that nobody reads.
fn pack_groups(numbers: &[i64], reference: i64, width: u8, out: &mut Vec<u8>) {
    let packer = BitPacker4x::new();
    let mask = u32::MAX >> (WIDEST - width);
    for group in numbers.chunks(GROUP) {
        let mut words = [0_u32; GROUP];
        for (word, number) in words.iter_mut().zip(group) {
            *word = number.wrapping_sub(reference) as u32 & mask;
        }
        let start = out.len();
        out.resize(start + packed(width), 0);
        if let Some(place) = out.get_mut(start..) {
            packer.compress(&words, place, width);
        }
    }
}

/// Whether a column goes on from number to number, and takes less room as differences: of some spread over it, whether the step to
/// each from the one before is nearer to the middle step than the number itself is to the middle number, by half a bit and more.
pub(super) fn goes_on(numbers: &[i64]) -> bool {
    let (mut steps, mut values) = ([0; LOOKED_AT], [0; LOOKED_AT]);
    let pairs = numbers.chunks_exact((numbers.len() / LOOKED_AT).max(2));
    let mut other = 0;
    for ((step, value), some) in steps.iter_mut().zip(&mut values).zip(pairs) {
        if let ([before, number, ..], Some(first)) = (some, numbers.first()) {
            (*step, *value) = (number.wrapping_sub(*before), *number);
            other |= number ^ first;
        }
    }
    other != 0 && about_middle(&steps) + LOOKED_AT as u32 / 2 < about_middle(&values)
}

/// Bits that some numbers take, each as its difference from the middle one of them.
fn about_middle(numbers: &[i64]) -> u32 {
    let middle = middle(numbers);
    numbers.iter().map(|number| bits(number.wrapping_sub(middle))).sum()
}

/// Bits of a number, sign included; none of 0.
fn bits(number: i64) -> u32 {
    u64::BITS - ((number ^ (number >> 63)) as u64).leading_zeros() + u32::from(number != 0)
}

/// Bytes of a group.
fn packed(width: u8) -> usize {
    usize::from(width) * GROUP / 8
}

fn fits(number: i64, reference: i64, width: u8) -> bool {
    number.wrapping_sub(reference) as u64 >> width == 0
}

/// The cheaper of two ways: a width that holds all, or one around the middle that leaves some out.
fn plan(numbers: &[i64]) -> Plan {
    let first = numbers.first().copied().unwrap_or(0);
    if numbers.iter().fold(0, |other, number| other | (number ^ first)) == 0 {
        return Plan { width: 0, reference: first, cost: 0, strays: false };
    }
    let (low, high) = numbers
        .iter()
        .fold((i64::MAX, i64::MIN), |(low, high), number| (low.min(*number), high.max(*number)));
    let width = (u64::BITS - (high.wrapping_sub(low) as u64).leading_zeros()) as u8;
    let all = if width > WIDEST {
        Plan { width: PLAIN, reference: 0, cost: 8 * numbers.len(), strays: false }
    } else {
        let cost = numbers.len() * usize::from(width) / 8;
        Plan { width, reference: low, cost, strays: false }
    };
    let middle = middle(numbers);
    // How many numbers need so many bits about the middle, sign included: of every fourth, which is enough to choose by.
    let mut needing = [0_usize; 65];
    for number in numbers.iter().step_by(SAMPLED) {
        let off = number.wrapping_sub(middle);
        if let Some(count) = needing.get_mut(bits(off).min(64) as usize) {
            *count += SAMPLED;
        }
    }
    let mut left = needing.iter().sum::<usize>();
    let mut best = all;
    for (width, count) in (0..=WIDEST).zip(needing) {
        left -= count;
        let cost = numbers.len() * usize::from(width) / 8 + STRAY * left;
        if cost < best.cost {
            let reach = if width == 0 { 0 } else { 1_i64 << (width - 1) };
            best = Plan { width, reference: middle.wrapping_sub(reach), cost, strays: true };
        }
    }
    best
}

/// The middle one of some numbers spread over all.
fn middle(numbers: &[i64]) -> i64 {
    const SPREAD: usize = 31;
    let mut some = [0; SPREAD];
    for (k, slot) in some.iter_mut().enumerate() {
        *slot = numbers.get((2 * k + 1) * numbers.len() / (2 * SPREAD)).copied().unwrap_or(0);
    }
    some.sort_unstable();
    some.get(SPREAD / 2).copied().unwrap_or(0)
}

/// Reads numbers of a column of `length` of them, from number `from` on, a multiple of [`GROUP`]; returns what follows the column.
pub(super) fn unpack<'a>(
    column: &'a [u8],
    length: usize,
    from: usize,
    numbers: &mut [i64],
) -> Option<&'a [u8]> {
    let (width, rest) = column.split_first()?;
    let (reference, rest) = signed(rest)?;
    let (strays, rest) = unsigned(rest)?;
    if *width == PLAIN {
        let (plain, rest) = rest.split_at_checked(8 * length)?;
        let own = plain.get(8 * from..)?.chunks_exact(8);
        for (number, bytes) in numbers.iter_mut().zip(own) {
            *number = i64::from_le_bytes(*bytes.first_chunk()?);
        }
        return Some(rest);
    }
    let (groups, rest) = rest.split_at_checked(length.div_ceil(GROUP) * packed(*width))?;
    let packer = BitPacker4x::new();
    let mut words = [0_u32; GROUP];
    for (k, group) in numbers.chunks_mut(GROUP).enumerate() {
        if *width > 0 {
            packer.decompress(groups.get((from / GROUP + k) * packed(*width)..)?, &mut words, *width);
        }
        for (number, word) in group.iter_mut().zip(&words) {
            *number = reference.wrapping_add(i64::from(*word));
        }
    }
    let (strays, rest) = rest.split_at_checked(strays as usize * STRAY)?;
    for stray in strays.chunks_exact(STRAY) {
        let place = usize::from(u16::from_le_bytes(*stray.first_chunk()?));
        let number = i64::from_le_bytes(*stray.last_chunk()?);
        if let Some(slot) = place.checked_sub(from).and_then(|place| numbers.get_mut(place)) {
            *slot = number;
        }
    }
    Some(rest)
}

fn put_signed(number: i64, out: &mut Vec<u8>) {
    put_unsigned(((number << 1) ^ (number >> 63)) as u64, out);
}

fn signed(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let (number, rest) = unsigned(bytes)?;
    Some(((number >> 1) as i64 ^ -((number & 1) as i64), rest))
}

/// Seven bits a byte, the lowest first; all but the last with the highest bit set.
fn put_unsigned(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn unsigned(bytes: &[u8]) -> Option<(u64, &[u8])> {
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

    fn read(bytes: &[u8], length: usize) -> Vec<i64> {
        let mut all = vec![0; length];
        for (k, slot) in all.chunks_mut(2 * GROUP).enumerate() {
            assert_eq!(unpack(bytes, length, 2 * GROUP * k, slot), Some(&[7_u8][..]));
        }
        all
    }

    fn round(numbers: &[i64]) -> usize {
        let mut bytes = Vec::new();
        pack(numbers, &mut bytes);
        let size = bytes.len();
        bytes.push(7);
        assert_eq!(read(&bytes, numbers.len()), numbers);
        size
    }

    #[test]
    fn numbers_take_the_bits_of_their_differences_and_strays_their_own() {
        assert!(round(&[-123_456; 1024]) <= 8);
        let noise: Vec<i64> = (0..1024).map(|k| 1_000_000 + k * 37 % 64).collect();
        assert!(round(&noise) <= 1024 * 6 / 8 + 8, "six bits each");
        let mut strayed = noise.clone();
        (0..1024).step_by(100).for_each(|k| strayed[k] = -5);
        assert!(round(&strayed) <= 1024 * 7 / 8 + 11 * STRAY + 8);
        assert!(round(&(0..1024).map(|k| k << 53).collect::<Vec<i64>>()) <= 8 * 1024 + 12);
    }

    #[test]
    fn what_goes_on_is_told_from_what_scatters() {
        use rand::{RngExt, SeedableRng};
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
        let noise: Vec<i64> = (0..1024).map(|_| rng.random_range(0..509)).collect();
        let noise = |k: i64| noise[k as usize];
        let all = |number: &dyn Fn(i64) -> i64| goes_on(&(0..1024).map(number).collect::<Vec<_>>());
        // A drift, a long wave with a little noise, and steps of one size from the ends of the range on.
        assert!(all(&|k| 40_000 + 100 * k));
        assert!(all(&|k| (1e6 * (k as f64 / 300.0).sin()) as i64 + noise(k)));
        assert!(all(&|k| i64::MAX.wrapping_add(1000 * k)));
        // Noise alone doubles the variance of a step; what never changes needs none.
        assert!(!all(&noise) && !all(&|_| 77) && !all(&|k| (k % 2) * 1000));
        assert!(!goes_on(&[]) && !goes_on(&[1, 2, 3]));
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

    proptest! {
        #[test]
        fn whatever_goes_in_comes_out(
            numbers in prop::collection::vec(
                prop_oneof![8 => -50_i64..50, 1 => any::<i64>(), 1 => Just(i64::MIN), 1 => Just(i64::MAX)],
                6 * GROUP,
            ),
        ) {
            round(&numbers);
        }
    }
}
