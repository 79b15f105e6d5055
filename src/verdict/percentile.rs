//! The 99th percentile of many units, with the interval that the binomial ranks give.
//!
//! Units are ordered by how much room they leave to the limit, so that `at_least` asks for the smallest and a tolerance for
//! the farthest. The value is the order statistic ⌈0.99 N⌉: one in a hundred may leave less room.

use std::cmp::Ordering;

use statrs::distribution::{Binomial, DiscreteCDF};

use super::Guards;

/// Tail probability of either end of the interval.
const TAIL: f64 = 0.025;
/// A room is kept where it may be that of a rank of the interval: of one in a hundred, five standard deviations more, and some.
const SPARE: usize = 64;

/// The room that a unit leaves, and which unit it is.
type Ranked = (f64, u64);

/// The units with the least room so far.
#[derive(Debug)]
pub struct Percentile {
    count: u64,
    /// So many are kept.
    kept: usize,
    least: Vec<Ranked>,
    /// What leaves more room than this is none of them.
    most_room: f64,
}

/// What the ranks say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// Which unit, in the order in which they came in and from 0, has rank ⌈0.99 N⌉.
    pub place: u64,
    /// How much less room the upper end of the interval leaves, and how much more the lower end.
    pub worse: f64,
    /// See `worse`.
    pub better: f64,
}

impl Found {
    /// To pass, the upper end of the interval clears the guard band of the unit that was found; to fail, the lower end lies
    /// farther beyond the limit than noise brings one of a hundred good units. That unit's expanded uncertainty and the parts
    /// of the standard one are as for [`Guards::of_worst`].
    pub fn guards(&self, single: f64, parts: (f64, f64)) -> Guards {
        let Guards { accept, reject } = Guards::of_worst(single, parts, Percentile::FEWEST);
        Guards { accept: accept + self.worse, reject: reject + self.better }
    }
}

impl Percentile {
    /// Fewer units than this say nothing about one in a hundred.
    pub const FEWEST: u64 = 100;

    /// With what confidence less than 95 % a pass speaks for ninety-nine of a hundred, where that is: in so many units no rank is
    /// beyond the percentile surely enough, and the largest stands in, which is beyond it with 1 − 0.99ⁿ.
    pub fn said(count: u64) -> Option<String> {
        let missed = 0.99_f64.powi(i32::try_from(count).unwrap_or(i32::MAX));
        let most = 100.0 * (1.0 - missed);
        (missed > TAIL).then(|| {
            format!(
                "of {count} values the largest is beyond the 99th percentile with {most:.0} % confidence; 368 have an interval of 95 %"
            )
        })
    }

    /// Of at most so many units.
    pub fn new(most: usize) -> Self {
        let beyond = most as f64 / 100.0;
        let kept = (beyond + 5.0 * beyond.sqrt()) as usize + SPARE;
        Self { count: 0, kept, least: Vec::new(), most_room: f64::INFINITY }
    }

    /// Takes a unit that leaves `room`; what is no number leaves none.
    pub fn add(&mut self, room: f64) {
        let room = if room.is_nan() { f64::NEG_INFINITY } else { room };
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

    /// The percentile of what came in; `None` of fewer than [`Percentile::FEWEST`].
    pub fn finish(mut self) -> Option<Found> {
        if self.count < Self::FEWEST {
            return None;
        }
        self.least.sort_unstable_by(in_order);
        let (lower, value, upper) = ranks(self.count);
        // Rank N is the unit with the least room, the first here.
        let of_rank = |rank: u64| {
            let last = self.least.len().saturating_sub(1);
            self.least.get(((self.count - rank) as usize).min(last))
        };
        let (better, found, worse) = (of_rank(lower)?, of_rank(value)?, of_rank(upper)?);
        Some(Found { worse: found.0 - worse.0, better: better.0 - found.0, place: found.1 })
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

    #[test]
    fn a_pass_of_few_units_says_how_sure_it_is() {
        // 0.99¹⁰⁰ = 0.366, 0.99¹⁵⁰ = 0.221.
        assert!(Percentile::said(100).unwrap().contains("with 63 % confidence"));
        assert!(Percentile::said(150).unwrap().contains("with 78 % confidence"));
        assert!(Percentile::said(367).is_some());
        assert_eq!((Percentile::said(368), Percentile::said(u64::MAX)), (None, None));
    }

    fn of(values: impl ExactSizeIterator<Item = f64>) -> Option<Found> {
        let mut all = Percentile::new(values.len());
        values.for_each(|value| all.add(20_000.0 - value));
        all.finish()
    }

    #[test]
    fn one_in_a_hundred_may_stray() {
        let found = of((1..10_001).map(f64::from)).unwrap();
        assert_eq!(found.place, 9899, "the unit of value 9900");
        assert!(found.worse > 15.0 && found.worse < 25.0, "{}", found.worse);
        assert_eq!(of((1..100).map(f64::from)), None);
    }

    #[test]
    fn the_interval_of_ranks_widens_the_guard_bands() {
        // Of a hundred values in steps of 1 the interval goes from the 97th to the last, about the 99th.
        let found = of((0..100).map(f64::from)).unwrap();
        assert_eq!((found.worse, found.better), (1.0, 2.0));
        let (guards, noise) = (found.guards(0.5, (0.0, 0.25)), super::super::family_expanded(0.0, 0.25, 100));
        assert_eq!(guards, Guards { accept: 1.5, reject: noise + 2.0 });
        assert!(noise > 0.5);
    }

    #[test]
    fn what_is_no_number_leaves_no_room() {
        let found = of((0..100).map(|k| if k < 2 { f64::NAN } else { f64::from(k) })).unwrap();
        assert!(found.place < 2, "{found:?}");
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

    /// The lower end of the interval lies 1.96 standard deviations of the count below the percentile, and one rank at most beside
    /// that by the steps of the count: so many are held, of any number, and not many more.
    #[test]
    fn one_in_a_hundred_is_held_and_what_the_interval_needs() {
        for most in [0, 100, 5000, 1_000_000, 100_000_000, 10_000_000_000_usize] {
            let beyond = most as f64 / 100.0;
            let needed = beyond + 1.96 * (0.99 * beyond).sqrt() + 2.0;
            let kept = Percentile::new(most).kept as f64;
            assert!(kept > needed && kept < needed + 4.0 * beyond.sqrt() + 70.0, "{most}: {kept} {needed}");
        }
    }

    #[test]
    fn what_is_held_is_no_more_than_a_quarter_more() {
        let mut all = Percentile::new(10_000);
        let mut held = 0;
        for k in 0..10_000_u32 {
            all.add(f64::from(k * 7919 % 10_000));
            held = held.max(all.least.len());
        }
        // 100 + 5·10 + 64 are kept.
        assert!((214..=268).contains(&held) && all.least.len() > 214, "{held} {}", all.least.len());
    }
}
