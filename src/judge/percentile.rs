//! The 99th percentile of many units, with the interval that the binomial ranks give.
//!
//! Units are ordered by how much room they leave to the limit, so that `at_least` asks for the smallest and a tolerance for
//! the farthest. The value is the order statistic ⌈0.99 N⌉: one in a hundred may leave less room.

use std::cmp::Ordering;

use statrs::distribution::{Binomial, DiscreteCDF};

use super::Reason;

/// Fewer units than this say nothing about one in a hundred.
pub(super) const FEWEST: u64 = 100;
/// Tail probability of either end of the interval.
const TAIL: f64 = 0.025;
/// A room is kept where it may be that of a rank of the interval: of one in a hundred, five standard deviations more, and some.
const SPARE: usize = 64;

/// The room that a unit leaves, and which unit it is.
type Ranked = (f64, u64);

/// The units with the least room so far.
#[derive(Debug)]
pub(super) struct Percentile {
    count: u64,
    /// So many are kept.
    kept: usize,
    least: Vec<Ranked>,
    /// What leaves more room than this is none of them.
    most_room: f64,
}

/// What the ranks say.
#[derive(Debug)]
pub(super) struct Found {
    /// Which unit, in the order in which they came in and from 0, has rank ⌈0.99 N⌉.
    pub(super) place: u64,
    /// How much less room the upper end of the interval leaves, and how much more the lower end.
    pub(super) worse: f64,
    /// See `worse`.
    pub(super) better: f64,
}

impl Percentile {
    /// Of at most so many units.
    pub(super) fn new(most: usize) -> Self {
        let beyond = most as f64 / 100.0;
        let kept = (beyond + 5.0 * beyond.sqrt()) as usize + SPARE;
        Self { count: 0, kept, least: Vec::new(), most_room: f64::INFINITY }
    }

    /// Takes a unit that leaves `room`.
    pub(super) fn add(&mut self, room: f64) {
        self.count += 1;
        if room.total_cmp(&self.most_room).is_gt() {
            return;
        }
        self.least.push((room, self.count - 1));
        if self.least.len() > self.kept + self.kept / 4 {
            let (_, last, _) = self.least.select_nth_unstable_by(self.kept, in_order);
            self.most_room = last.0;
            self.least.truncate(self.kept + 1);
        }
    }

    /// The percentile of what came in.
    ///
    /// # Errors
    /// [`Reason::FewUnits`] for fewer than a hundred.
    pub(super) fn finish(mut self) -> Result<Found, Reason> {
        if self.count < FEWEST {
            return Err(Reason::FewUnits { have: self.count, need: FEWEST });
        }
        self.least.sort_unstable_by(in_order);
        let (lower, value, upper) = ranks(self.count);
        // Rank N is the unit with the least room, the first here.
        let of_rank = |rank: u64| {
            let last = self.least.len().saturating_sub(1);
            self.least.get(((self.count - rank) as usize).min(last)).ok_or(Reason::Missing("pulses"))
        };
        let (better, found, worse) = (of_rank(lower)?, of_rank(value)?, of_rank(upper)?);
        Ok(Found { worse: found.0 - worse.0, better: better.0 - found.0, place: found.1 })
    }
}

/// By room, and what leaves the same by when it came.
fn in_order(a: &Ranked, b: &Ranked) -> Ordering {
    a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))
}

/// Ranks (from 1) of the lower end, of the percentile itself and of the upper end.
///
/// The count of units below the true percentile is binomial: with B ~ Bin(N, 0.99) the lower rank is the largest l with
/// P(B < l) ≤ 2.5 %, the upper the smallest u with P(B ≥ u) ≤ 2.5 %. Below 368 units there is no such u; the largest
/// unit stands in, and the interval holds less than 95 %.
fn ranks(count: u64) -> (u64, u64, u64) {
    let value = (99 * count).div_ceil(100);
    let Ok(below) = Binomial::new(0.99, count) else { return (1, value, count) };
    let lower = (1..=value).rev().find(|rank| below.cdf(rank - 1) <= TAIL).unwrap_or(1);
    let upper = (value..=count).find(|rank| 1.0 - below.cdf(rank - 1) <= TAIL).unwrap_or(count);
    (lower, value, upper)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ranks_are_those_of_the_binomial_distribution() {
        // Binomial tables: N(1 − 0.99) = 10 of 1000, interval of ranks about ± 6.
        assert_eq!(ranks(100), (97, 99, 100));
        let (lower, value, upper) = ranks(1000);
        assert_eq!(value, 990);
        assert!((982..=984).contains(&lower) && (996..=997).contains(&upper), "{lower} {upper}");
        assert_eq!(ranks(367).2, 367);
        let exact = 1.0 - 0.99_f64.powi(368);
        assert!(exact >= 1.0 - TAIL && ranks(368).2 == 368);
    }

    fn of(values: impl ExactSizeIterator<Item = f64>) -> Result<Found, Reason> {
        let mut all = Percentile::new(values.len());
        values.for_each(|value| all.add(20_000.0 - value));
        all.finish()
    }

    #[test]
    fn one_in_a_hundred_may_stray() {
        let found = of((1..10_001).map(f64::from)).unwrap();
        assert_eq!(found.place, 9899, "the unit of value 9900");
        assert!(found.worse > 15.0 && found.worse < 25.0, "{}", found.worse);
        assert!(matches!(of((1..100).map(f64::from)), Err(Reason::FewUnits { have: 99, .. })));
    }

    #[test]
    fn what_is_kept_holds_the_ranks_in_any_order_of_arrival() {
        for count in [100_u64, 2000, 300_000] {
            // A permutation: the multiplier shares no factor with the count.
            let values: Vec<u64> = (0..count).map(|k| k * 7919 % count).collect();
            let found = of(values.iter().map(|value| *value as f64)).unwrap();
            let (lower, value, upper) = ranks(count);
            assert_eq!(values[found.place as usize], value - 1);
            assert_eq!((found.worse, found.better), ((upper - value) as f64, (value - lower) as f64));
        }
    }
}
