//! The 99th percentile of many units, with the interval that the binomial ranks give.
//!
//! Units are ordered by how much room they leave to the limit, so that `at_least` asks for the smallest and a tolerance for
//! the farthest. The value is the order statistic ⌈0.99 N⌉: one in a hundred may leave less room.

use statrs::distribution::{Binomial, DiscreteCDF};

use super::limits::Limit;
use super::{Reason, Unit};

/// Fewer units than this say nothing about one in a hundred.
pub(super) const FEWEST: u64 = 100;
/// Tail probability of either end of the interval.
const TAIL: f64 = 0.025;
/// Of more units than a table of pulses has phases, this many with the least room always hold the interval.
const KEPT: usize = 4096;

/// A unit with its limit and the room it leaves.
#[derive(Debug, Clone)]
struct Ranked {
    room: f64,
    unit: Unit,
    limit: Limit,
}

/// The units with the least room so far.
#[derive(Debug, Default)]
pub(super) struct Percentile {
    count: u64,
    least: Vec<Ranked>,
}

/// What the ranks say.
#[derive(Debug)]
pub(super) struct Found {
    /// The unit of rank ⌈0.99 N⌉.
    pub(super) unit: Unit,
    /// Its limit.
    pub(super) limit: Limit,
    /// How much less room the upper end of the interval leaves, and how much more the lower end.
    pub(super) worse: f64,
    /// See `worse`.
    pub(super) better: f64,
}

impl Percentile {
    /// Takes a unit that leaves `room`.
    pub(super) fn add(&mut self, room: f64, unit: &Unit, limit: Limit) {
        self.count += 1;
        self.least.push(Ranked { room, unit: unit.clone(), limit });
        if self.least.len() >= 2 * KEPT {
            self.least.select_nth_unstable_by(KEPT, |a, b| a.room.total_cmp(&b.room));
            self.least.truncate(KEPT);
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
        self.least.sort_by(|a, b| a.room.total_cmp(&b.room));
        let (lower, value, upper) = ranks(self.count);
        // Rank N is the unit with the least room, the first here.
        let of_rank = |rank: u64| {
            let last = self.least.len().saturating_sub(1);
            self.least.get(((self.count - rank) as usize).min(last)).ok_or(Reason::Missing("pulses"))
        };
        let (better, found, worse) = (of_rank(lower)?, of_rank(value)?, of_rank(upper)?);
        Ok(Found {
            worse: found.room - worse.room,
            better: better.room - found.room,
            unit: found.unit.clone(),
            limit: found.limit,
        })
    }
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
    use crate::measure::Measured;
    use crate::verdict::Bounds;

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

    #[test]
    fn one_in_a_hundred_may_stray() {
        let limit = |bounds| Limit { bounds, magnitude: false, nominal: None };
        let of = |values: &mut dyn Iterator<Item = f64>| {
            let mut all = Percentile::default();
            for value in values {
                let bounds = Bounds { lower: None, upper: Some(20_000.0) };
                all.add(20_000.0 - value, &Unit::of(Measured::exact(value)), limit(bounds));
            }
            all.finish()
        };
        let found = of(&mut (1..=10_000).map(f64::from)).unwrap();
        assert_eq!(found.unit.measured.value, 9900.0);
        assert!(found.worse > 15.0 && found.worse < 25.0, "{}", found.worse);
        assert!(matches!(of(&mut (1..=99).map(f64::from)), Err(Reason::FewUnits { have: 99, .. })));
    }
}
