//! The median of more values than should be held, by passes over them.

/// Values that are held at once.
const HELD: usize = 65_536;
/// Bits of a value that one pass tells apart.
const DIGIT: u32 = 16;

/// The value of rank ⌊N/2⌋, counted from 0, of what `values` gives each time it is asked; `None` of nothing.
///
/// Exact. Each pass counts the next sixteen bits of the values in question, until those that share the bits of the median are few
/// enough to be held and sorted: two passes over a long train, at most five.
pub(super) fn median<I: Iterator<Item = f64>>(values: impl Fn() -> I) -> Option<f64> {
    let mut rank = values().count() / 2;
    // Bits that are known of the median, and how many of them.
    let (mut known, mut bits) = (0_u64, 0_u32);
    let shares = |key: u64, known: u64, bits: u32| bits == 0 || key >> (u64::BITS - bits) == known;
    let mut left = 2 * rank + 1;
    while left > HELD && bits < u64::BITS {
        let mut counts = vec![0_usize; 1 << DIGIT];
        for key in values().map(key).filter(|key| shares(*key, known, bits)) {
            let digit = (key << bits) >> (u64::BITS - DIGIT);
            if let Some(count) = counts.get_mut(digit as usize) {
                *count += 1;
            }
        }
        let digit = counts.iter().position(|count| {
            let here = rank < *count;
            if !here {
                rank -= count;
            }
            here
        })?;
        left = counts.get(digit).copied()?;
        known = (known << DIGIT) | digit as u64;
        bits += DIGIT;
    }
    if bits == u64::BITS {
        return Some(value(known));
    }
    let mut held: Vec<f64> = values().filter(|value| shares(key(*value), known, bits)).collect();
    held.sort_by(f64::total_cmp);
    held.get(rank).copied()
}

/// A whole number in the order of [`f64::total_cmp`].
fn key(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// The value of such a number.
fn value(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key & !(1 << 63) } else { !key })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};

    #[test]
    fn it_is_the_middle_one_of_all_that_are_sorted() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(4);
        for count in [0, 1, 2, 65_536, 65_539, 300_001] {
            for scale in [1e-12, 1.0, 1e300] {
                let values: Vec<f64> = (0..count).map(|_| (rng.random::<f64>() - 0.3) * scale).collect();
                let mut sorted = values.clone();
                sorted.sort_by(f64::total_cmp);
                assert_eq!(median(|| values.iter().copied()), sorted.get(count / 2).copied());
            }
        }
        // Nothing but the last bits tells them apart, or nothing at all.
        let near = || (0..200_000_u64).map(|k| f64::from_bits(1.0_f64.to_bits() + k % 3));
        assert_eq!(median(near).map(f64::to_bits), Some(1.0_f64.to_bits() + 1));
        assert_eq!(median(|| std::iter::repeat_n(-7.5, 200_000)), Some(-7.5));
    }
}
