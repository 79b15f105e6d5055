//! How some numbers take the fewest bits.

use super::apart::PLACE;
use super::rice::{FAR, WIDEST};

/// How numbers of a column are written, each as it is off their reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    /// Only those that are off it, each with its place.
    Rare,
    /// By Rice's code of this parameter; those that are far, with their places.
    Dense(u32),
    /// With eight bytes each.
    Plain,
}

/// Twice the noughts of a number whose highest bit is the first, second or third above the lowest k: 1; 2 and 3; 4 to 7.
const NOUGHTS: [u32; FAR.ilog2() as usize + 1] = [2, 5, 11];

/// How many of some numbers have so many bits.
#[derive(Debug)]
pub(super) struct Lengths {
    counts: [u32; 65 + NOUGHTS.len()],
    numbers: u32,
}

impl Lengths {
    /// Of some numbers.
    pub(super) fn of(numbers: impl Iterator<Item = u64>) -> Self {
        let mut lengths = Self { counts: [0; 65 + NOUGHTS.len()], numbers: 0 };
        for number in numbers {
            lengths.numbers += 1;
            if let Some(count) = lengths.counts.get_mut((u64::BITS - number.leading_zeros()) as usize) {
                *count += 1;
            }
        }
        lengths
    }

    /// Whether seven of eight are nought.
    pub(super) fn are_mostly_noughts(&self) -> bool {
        let [noughts, ..] = self.counts;
        8 * noughts >= 7 * self.numbers
    }

    /// By which code they take the fewest bits, and how many, as far as that can be told: those of as many bits are taken as
    /// evenly spread. Where most would be far whatever the parameter, all take eight bytes.
    pub(super) fn code(&self) -> (Code, u32) {
        let Self { counts, numbers } = self;
        let [noughts, ..] = *counts;
        let mut left = numbers - noughts;
        let longest = counts.iter().rposition(|count| *count > 0).unwrap_or(0) as u32;
        let mut best = (Code::Rare, left * (PLACE + longest));
        // Of those that have more than k bits, the first are so many longer.
        for (k, [_, above @ ..]) in (0..=WIDEST).zip(counts.array_windows::<{ NOUGHTS.len() + 1 }>()) {
            let (near, noughts) = (above.iter().sum::<u32>(), above.iter().zip(NOUGHTS));
            let doubled: u32 = noughts.map(|(count, noughts)| count * noughts).sum();
            let far = (left - near) * (PLACE + longest.saturating_sub(k));
            let cost = numbers * (1 + k) + doubled / 2 + far;
            if cost < best.1 {
                best = (Code::Dense(k), cost);
            }
            if left == 0 {
                break;
            }
            let [next, ..] = above;
            left -= next;
        }
        if 2 * left > *numbers { (Code::Plain, u64::BITS * numbers) } else { best }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_that_of_the_fewest_bits() {
        let code = |numbers: &[u64]| Lengths::of(numbers.iter().copied()).code();
        let some = |of: fn(u64) -> u64| -> Vec<u64> { (0..96).map(of).collect() };
        assert_eq!(code(&[]), (Code::Rare, 0));
        assert_eq!(code(&some(|_| 0)), (Code::Rare, 0));
        assert_eq!(code(&some(|k| u64::from(k % 16 == 0))), (Code::Rare, 6 * (PLACE + 1)));
        assert_eq!(code(&some(|k| 900 * u64::from(k % 48 == 0))), (Code::Rare, 2 * (PLACE + 10)));
        // A bit for each, and a nought for every second.
        assert_eq!(code(&some(|k| k % 2)), (Code::Dense(0), 96 + 48));
        assert_eq!(code(&some(|_| 1023)), (Code::Dense(9), 96 * 11));
        let some_far = some(|k| if k == 5 { 1 << 40 } else { 64 + k % 64 });
        assert_eq!(code(&some_far), (Code::Dense(6), 96 * 7 + 95 + PLACE + 41 - 6));
        assert_eq!(code(&some(|k| u64::MAX - k)), (Code::Plain, 96 * 64));
    }
}
