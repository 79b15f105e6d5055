//! Whether what counts as quiet between two pulses still moves towards somewhere else.

use super::Level;
use super::codes::sum;

/// Blocks of one rest, and samples of a block at first.
const BLOCKS: usize = 48;
const EACH: usize = 8;

/// Sums of the quiet samples of one rest, in at most [`BLOCKS`] blocks of equal length: where they are full, two become one.
#[derive(Debug, Clone)]
pub(super) struct Course {
    sums: [i64; BLOCKS],
    full: usize,
    each: usize,
    /// Σ and number of samples of the block that is not full.
    open: (i64, usize),
    /// First sample.
    from: u64,
}

impl Course {
    pub(super) fn new() -> Self {
        Self { sums: [0; BLOCKS], full: 0, each: EACH, open: (0, 0), from: 0 }
    }

    /// Forgets what was added.
    pub(super) fn clear(&mut self) {
        (self.full, self.each, self.open) = (0, EACH, (0, 0));
    }

    /// Adds samples, the first at `at`.
    pub(super) fn add(&mut self, mut codes: &[i16], at: u64) {
        if self.full == 0 && self.open.1 == 0 {
            self.from = at;
        }
        while !codes.is_empty() {
            let room = (self.each - self.open.1).min(codes.len());
            let (now, later) = codes.split_at_checked(room).unwrap_or((codes, &[]));
            self.open = (self.open.0 + sum(now), self.open.1 + now.len());
            codes = later;
            if self.open.1 == self.each {
                self.close();
            }
        }
    }

    /// The open block is full.
    fn close(&mut self) {
        if let Some(slot) = self.sums.get_mut(self.full) {
            *slot = self.open.0;
            self.full += 1;
        }
        self.open = (0, 0);
        if self.full < BLOCKS {
            return;
        }
        for k in 0..BLOCKS / 2 {
            let pair = self.sums.get(2 * k..2 * k + 2).map_or(0, |pair| pair.iter().sum());
            if let Some(slot) = self.sums.get_mut(k) {
                *slot = pair;
            }
        }
        self.full = BLOCKS / 2;
        self.each *= 2;
    }

    /// How the rest moved about its `level`, whose centre is sample `centre`, besides a straight line from the level of the `rest`
    /// before. `None` where it is too short to tell.
    pub(super) fn moved(&self, level: &Level, centre: f64, rest: Option<Rest>) -> Option<Moved> {
        let third = self.full / 3;
        if third == 0 {
            return None;
        }
        let mean = |from: usize, to: usize| {
            let blocks = self.sums.get(from..to).unwrap_or_default();
            blocks.iter().sum::<i64>() as f64 / ((to - from) * self.each) as f64
        };
        let (first, middle) = (mean(0, third), mean(third, self.full - third));
        let last = mean(self.full - third, self.full);
        let (samples, apart) = ((self.full * self.each) as f64, ((self.full - third) * self.each) as f64);
        let end = self.from as f64 + samples - 0.5 * (third * self.each) as f64 - 0.5;
        let own = f64::from(level.spread) / f64::from(level.count.max(1));
        let rest = rest.filter(|rest| rest.centre < centre);
        let slope = rest.map_or(0.0, |rest| (f64::from(level.value) - rest.value) / (centre - rest.centre));
        // A line through two levels is as uncertain behind them as they are, times how far it is carried on.
        let (ahead, other) =
            rest.map_or((0.0, 0.0), |rest| ((end - centre).abs() / (centre - rest.centre), rest.variance));
        Some(Moved {
            above: f64::from(level.value) - last + slope * (end - centre),
            early: first - middle + 0.5 * slope * apart,
            late: middle - last + 0.5 * slope * apart,
            weight: f64::from(level.count),
            // Of a median and of the last third; what they have in common is left out.
            variance: (1.0 + ahead).powi(2) * own + ahead * ahead * other + 3.0 / samples,
        })
    }
}

/// The level of a rest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rest {
    /// Codes.
    pub(super) value: f64,
    /// Sample in its middle.
    pub(super) centre: f64,
    /// Variance of its value in units of that of a sample.
    pub(super) variance: f64,
}

/// How one rest moved, codes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moved {
    /// Its level less the mean of its last third.
    above: f64,
    /// Mean of its first third less that of the second; of the second less that of the last.
    early: f64,
    late: f64,
    weight: f64,
    /// Variance of `above` in units of that of a sample.
    variance: f64,
}

/// Sums over the rests of neighbouring rows.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Pool {
    weight: f64,
    above: f64,
    early: f64,
    late: f64,
    variance: f64,
}

impl From<&Moved> for Pool {
    fn from(moved: &Moved) -> Self {
        let w = moved.weight;
        Self {
            weight: w,
            above: w * moved.above,
            early: w * moved.early,
            late: w * moved.late,
            variance: w * w * moved.variance,
        }
    }
}

impl Pool {
    fn and(self, other: &Self) -> Self {
        Self {
            weight: self.weight + other.weight,
            above: self.above + other.above,
            early: self.early + other.early,
            late: self.late + other.late,
            variance: self.variance + other.variance,
        }
    }

    /// How far a level is from where its rest was going, codes: 0 where the level differs from the end of the rest by no more than
    /// `beyond` deviations. What is left at the end is that of an exponential, which falls from third to third by the same ratio;
    /// where that cannot be told from a straight line, three times what was seen to move.
    fn excess(&self, noise: f64, beyond: f64) -> f64 {
        if self.weight <= 0.0 {
            return 0.0;
        }
        let deviation = noise * self.variance.sqrt() / self.weight;
        let mean = |sum: f64| sum / self.weight;
        let above = mean(self.above);
        if above.abs() <= beyond * deviation {
            return 0.0;
        }
        let (early, late) = (mean(self.early) * above.signum(), mean(self.late) * above.signum());
        let most = 3.0 * (early.abs() + late.abs());
        let (less, more) = (early - 2.0 * deviation, late.max(0.0) + 2.0 * deviation);
        let left = if less > more { (more * more / (less - more)).min(most) } else { most };
        above.abs() + left
    }
}

/// How the rests behind the rows of a table moved: in at most 64 stretches of equally many rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Creep {
    stretches: Vec<Pool>,
    /// Rows of a stretch.
    each: usize,
}

impl Default for Creep {
    fn default() -> Self {
        Self { stretches: Vec::new(), each: 1 }
    }
}

impl Creep {
    const MOST: usize = 64;

    /// So many deviations beyond none are no chance: of all rests together, and of one stretch of many.
    const ALL: f64 = 4.0;
    const ONE: f64 = 5.5;

    /// Adds how the rest behind a row moved.
    pub(super) fn add(&mut self, row: usize, moved: &Moved) {
        while row / self.each >= Self::MOST {
            let pairs = self.stretches.chunks(2).map(|pair| match pair {
                [a, b] => a.and(b),
                [a] => *a,
                _ => Pool::default(),
            });
            self.stretches = pairs.collect();
            self.each *= 2;
        }
        let stretch = row / self.each;
        if self.stretches.len() <= stretch {
            self.stretches.resize(stretch + 1, Pool::default());
        }
        if let Some(pool) = self.stretches.get_mut(stretch) {
            *pool = pool.and(&Pool::from(moved));
        }
    }

    /// By how much the quiet levels beside the pulses may be off what they were going to, in codes of a channel whose samples
    /// deviate by `noise`. Too little to be told from noise counts as none: over the rests that were pooled it is a small part of what
    /// non-linearity leaves uncertain.
    pub fn excess(&self, noise: f64) -> Excess {
        let mut own: Vec<f64> = self.stretches.iter().map(|pool| pool.excess(noise, Self::ONE)).collect();
        // One rest that moves by itself says nothing of those far from it.
        let others = self.stretches.iter().zip(&own).filter(|(_, own)| **own == 0.0).map(|(pool, _)| pool);
        let least = others.fold(Pool::default(), |all, pool| all.and(pool)).excess(noise, Self::ALL);
        own.iter_mut().for_each(|own| *own = own.max(least));
        Excess { own, each: self.each, least }
    }
}

/// By how much the quiet levels beside each pulse may be off, codes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Excess {
    own: Vec<f64>,
    each: usize,
    least: f64,
}

impl Excess {
    /// Beside a row, the rest before it and that behind it.
    pub fn at(&self, row: usize) -> f64 {
        let of = |row: usize| self.own.get(row / self.each.max(1)).copied().unwrap_or(self.least);
        of(row).max(of(row.saturating_sub(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Histogram;
    use rand::SeedableRng;
    use rand_distr::{Distribution, Normal};

    const NOISE: f64 = 0.76;

    /// `rows` rests of `n` samples about `current`, with noise; each is added as the recorder does it.
    fn creep(rows: usize, n: usize, seed: u64, current: impl Fn(usize) -> f64) -> Creep {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let noise = Normal::new(0.0, 0.7).unwrap();
        let mut creep = Creep::default();
        for row in 0..rows {
            let codes: Vec<i16> =
                (0..n).map(|k| (current(k) + noise.sample(&mut rng)).round() as i16).collect();
            let mut histogram = Histogram::around(0, 64);
            histogram.add(&codes, 0);
            let mut course = Course::new();
            let mut at = 0;
            for part in codes.chunks(1 + n / 3) {
                course.add(part, at);
                at += part.len() as u64;
            }
            let level = histogram.median(0).unwrap();
            if let Some(moved) = course.moved(&level, f64::from(level.centre), None) {
                creep.add(row, &moved);
            }
        }
        creep
    }

    /// Two codes that fall by the time constant: the median of an exponential is its value in the middle.
    #[test]
    fn an_exponential_is_followed_to_where_it_goes() {
        for (n, tau) in [(12_000, 2640.0), (12_000, 6000.0), (3000, 1000.0), (200, 60.0)] {
            let found = creep(60, n, 1, |k| 8.0 * (-(k as f64) / tau).exp()).excess(NOISE);
            let median = 8.0 * (-0.5 * n as f64 / tau).exp();
            assert!((0.9..2.0).contains(&(found.at(7) / median)), "{n} {tau}: {} {median}", found.at(7));
        }
        // What is nearly a straight line may go on for as long again, and farther.
        let line = creep(60, 12_000, 2, |k| 8.0 * (-(k as f64) / 24_000.0).exp()).excess(NOISE).at(0);
        assert!(line > 8.0 * f64::exp(-0.25), "{line}");
    }

    #[test]
    fn noise_is_no_creep() {
        let found = (0..200).filter(|seed| creep(30, 1200, *seed, |_| 3.3).excess(NOISE).at(3) > 0.0);
        assert_eq!(found.count(), 0);
        assert_eq!(Creep::default().excess(NOISE).at(5), 0.0);
        assert_eq!(creep(5, 23, 1, |k| k as f64).excess(NOISE).at(0), 0.0, "too short to tell");
    }

    /// The seventh of thirty rests falls by six codes: what is beside it is less certain, and nothing else.
    #[test]
    fn a_rest_that_moves_alone_speaks_for_its_neighbours_only() {
        let mut creep = creep(30, 1200, 3, |_| 0.0);
        let moved = Moved { above: 3.0, early: 2.0, late: 2.0, weight: 1200.0, variance: 4.0 / 1200.0 };
        creep.add(7, &moved);
        let found = creep.excess(NOISE);
        let beside: Vec<usize> = (0..30).filter(|row| found.at(*row) > 0.0).collect();
        assert_eq!(beside, [7, 8]);
    }

    /// A line from rest to rest is what lies between two levels anyway.
    #[test]
    fn what_goes_on_from_rest_to_rest_is_no_creep() {
        let codes: Vec<i16> = (0..3000).map(|k| (k / 250) as i16).collect();
        let course = course(&codes, 500);
        let level = Level { value: 5.5, spread: 1.5, count: 3000, centre: 0.0 };
        let centre = 500.0 + 1499.5;
        let before = Rest { value: 5.5 - 5000.0 / 250.0, centre: centre - 5000.0, variance: 1e-3 };
        let line = course.moved(&level, centre, Some(before)).unwrap();
        assert!([line.above, line.early, line.late].iter().all(|left| left.abs() < 0.05), "{line:?}");
        // Of 2944 samples in blocks of 64, the last 15 blocks are 964 samples behind the middle, and the first 992 before theirs.
        let none = course.moved(&level, centre, None).unwrap();
        assert!((none.above + 964.0 / 250.0).abs() < 0.05, "{none:?}");
        assert!((none.early + 992.0 / 250.0).abs() < 0.05, "{none:?}");
    }

    /// The samples of a rest from `from` on, a hundred at a time.
    fn course(codes: &[i16], from: u64) -> Course {
        let mut course = Course::new();
        for (part, at) in codes.chunks(100).zip((from..).step_by(100)) {
            course.add(part, at);
        }
        course
    }

    #[test]
    fn a_line_is_followed_exactly_and_is_as_uncertain_as_its_levels_are() {
        let codes: Vec<i16> = (0..3000).collect();
        let (course, centre) = (course(&codes, 500), 500.0 + 1499.5);
        let level = Level { value: 1499.5, spread: 1.5, count: 3000, centre: 0.0 };
        let before = Rest { value: 1499.5 - 5000.0, centre: centre - 5000.0, variance: 1e-3 };
        let line = course.moved(&level, centre, Some(before)).unwrap();
        assert_eq!((line.above, line.early, line.late), (0.0, 0.0, 32.0 * 0.5 - 16.0));
        // The middle of the last 15 blocks of 64 of 2944 samples is 964 samples behind the level.
        let ahead: f64 = 964.0 / 5000.0;
        let variance = (1.0 + ahead).powi(2) * 1.5 / 3000.0 + ahead.powi(2) * 1e-3 + 3.0 / 2944.0;
        assert!((line.variance - variance).abs() < 1e-12, "{line:?} {variance}");
        // Through one level alone there is no line.
        let same = Rest { centre, ..before };
        assert_eq!(course.moved(&level, centre, Some(same)), course.moved(&level, centre, None));
    }

    #[test]
    fn what_is_left_falls_on_by_the_same_ratio_as_far_as_noise_lets_it_be_told() {
        let excess = |above: f64, early: f64, late: f64, noise: f64| {
            let moved = Moved { above, early, late, weight: 300.0, variance: 0.25 };
            Pool::from(&moved).excess(noise, 4.0)
        };
        // Half a code deviates: two are no movement.
        assert_eq!((excess(1.99, 8.0, 2.0, 1.0), excess(-1.99, -8.0, -2.0, 1.0)), (0.0, 0.0));
        assert!(excess(2.01, 8.0, 2.0, 1.0) > 2.01);
        // From 8 less two deviations to 2 and two more; the same downwards.
        for sign in [1.0, -1.0] {
            let found = excess(sign * 10.0, sign * 8.0, sign * 2.0, 0.2);
            assert!((found - (10.0 + 2.2 * 2.2 / (7.8 - 2.2))).abs() < 1e-9, "{found}");
            // Nothing is left to fall of what comes back.
            let found = excess(sign * 10.0, sign * 8.0, sign * -2.0, 0.2);
            assert!((found - (10.0 + 0.2 * 0.2 / (7.8 - 0.2))).abs() < 1e-9, "{found}");
        }
        // A straight line: three times what was seen.
        assert!((excess(10.0, 5.0, 5.0, 0.2) - 40.0).abs() < 1e-9);
        assert_eq!(excess(0.0, 1.0, 1.0, 0.0), 0.0);
    }

    /// What no rest shows by itself all of them show together.
    #[test]
    fn what_all_rests_show_together_holds_of_each() {
        let moved = Moved { above: 1.0, early: 2.0, late: 1.0, weight: 1000.0, variance: 0.25 };
        let mut creep = Creep::default();
        (0..30).for_each(|row| creep.add(row, &moved));
        let found = creep.excess(1.0);
        // Two deviations each, 2·√30 together.
        assert!(creep.stretches.iter().all(|pool| pool.excess(1.0, Creep::ONE) == 0.0));
        assert!((0..40).all(|row| found.at(row) == found.at(0)) && found.at(0) > 1.0, "{found:?}");
    }

    #[test]
    fn rows_far_apart_are_in_stretches_of_their_own() {
        let moved = |above: f64| Moved { above, early: 2.0, late: 1.0, weight: 10.0, variance: 0.25 };
        let mut creep = Creep::default();
        creep.add(0, &moved(1.0));
        creep.add(63, &moved(2.0));
        assert_eq!((creep.each, creep.stretches.len()), (1, 64));
        creep.add(64, &moved(3.0));
        assert_eq!((creep.each, creep.stretches.len()), (2, 33));
        // What is 64 times as far takes as many halvings.
        creep.add(64 * 64, &moved(4.0));
        assert_eq!((creep.each, creep.stretches.len()), (128, 33));
        let together = Pool::from(&moved(1.0)).and(&Pool::from(&moved(2.0))).and(&Pool::from(&moved(3.0)));
        assert_eq!((creep.stretches[0], creep.stretches[32]), (together, Pool::from(&moved(4.0))));
        assert!(creep.stretches[1..32].iter().all(|pool| *pool == Pool::default()));
    }

    #[test]
    fn one_rest_that_moves_is_found_among_many_and_the_rows_far_from_it_are_not_blamed() {
        let mut found = creep(1000, 1200, 3, |_| 0.0);
        let one = creep(1, 1200, 4, |k| 10.0 * (-(k as f64) / 400.0).exp());
        let other = one.stretches[0];
        assert_eq!(found.each, 16);
        found.stretches[20] = found.stretches[20].and(&other);
        let excess = found.excess(NOISE);
        // A sixteenth of 10·e^(−1.5).
        let share = 10.0 * f64::exp(-1.5) / 16.0;
        for row in 320..=336 {
            assert!((0.8..4.0).contains(&(excess.at(row) / share)), "{row}: {} {share}", excess.at(row));
        }
        assert!(excess.at(319) < 0.3 * share && excess.at(337) < 0.3 * share);
    }

    #[test]
    fn blocks_that_are_full_are_joined() {
        let mut course = Course::new();
        for at in 0..1000_u64 {
            course.add(&[at as i16; 10], 10 * at);
        }
        // 10 000 samples: of 24 to 47 blocks each has 256.
        assert_eq!((course.each, course.full, course.open.1), (256, 39, 16));
        let level = Level { value: 499.5, spread: 1.0, count: 10_000, centre: 4999.5 };
        let moved = course.moved(&level, 4999.5, None).unwrap();
        // The last 13 blocks of 39, of a line of a tenth of a code per sample.
        let last = 0.1 * (9984.0 - 0.5 * 13.0 * 256.0) - 0.5;
        assert!((moved.above - (499.5 - last)).abs() < 0.1, "{moved:?}");
        assert!((moved.early + 0.1 * 13.0 * 256.0).abs() < 0.1 && (moved.late - moved.early).abs() < 0.1);
        course.clear();
        assert_eq!(course.moved(&level, 0.0, None), None);
    }

    /// Rests of 1000 samples a period of 2000 apart, and after every tenth one of 60 000: a line through two levels of few samples,
    /// carried on for so long, is mostly their noise.
    #[test]
    fn a_line_that_is_carried_far_beyond_short_rests_makes_no_creep() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
        let noise = Normal::new(0.3, 0.7).unwrap();
        let (mut creep, mut before, mut at) = (Creep::default(), None, 0_u64);
        for row in 0..60 {
            let n = if row % 10 == 9 { 60_000 } else { 1000 };
            let codes: Vec<i16> = (0..n).map(|_| f64::round(noise.sample(&mut rng)) as i16).collect();
            let mut histogram = Histogram::around(0, 64);
            // A level rests on the first samples only.
            histogram.add(&codes[..1000], at);
            let mut course = Course::new();
            course.add(&codes, at);
            let level = histogram.median(0).unwrap();
            let centre = f64::from(level.centre);
            if let Some(moved) = course.moved(&level, centre, before) {
                creep.add(row, &moved);
            }
            let variance = f64::from(level.spread) / f64::from(level.count);
            before = Some(Rest { value: f64::from(level.value), centre, variance });
            at += n + 1000;
        }
        assert!(creep.excess(NOISE).own.iter().all(|excess| *excess == 0.0), "{:?}", creep.excess(NOISE));
    }
}
