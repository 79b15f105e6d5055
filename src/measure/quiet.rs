//! The baseline between two pulses.

use super::creep::{Course, Moved, Rest};
use super::history::History;
use super::{Histogram, Level};

/// Samples of one side of a baseline: at most twice this many.
const HALF: u64 = 32_768;

/// Collects the quiet samples between two pulses: the level of the first 65 536 for the pulse before them, of the last
/// 65 536 for the pulse after.
#[derive(Debug, Clone)]
pub(super) struct Quiet {
    older: Histogram,
    newer: Histogram,
    first: Option<Level>,
    course: Course,
    /// Where levels are looked for, codes.
    around: f64,
    /// The largest scatter of the samples a level rests on, codes, and how many those were.
    scatter: (f64, u64),
    origin: u64,
    /// Samples [from, to) that are quiet and not counted yet.
    waiting: (u64, u64),
}

/// Samples are counted in batches of at least this many: between fast pulses there are too few for a baseline, and
/// none is ever counted.
const BATCH: u64 = 1024;

/// Fewer quiet samples than this are no baseline.
pub(super) const FEWEST: u64 = 16;

impl Quiet {
    pub(super) fn new(around: i32, reach: i32) -> Self {
        let empty = Histogram::around(around, reach);
        Self {
            older: empty.clone(),
            newer: empty,
            first: None,
            course: Course::new(),
            around: f64::from(around),
            scatter: (0.0, 0),
            origin: 0,
            waiting: (0, 0),
        }
    }

    /// Forgets everything; levels will be relative to sample `origin`, and are looked for about the code `level`: of a baseline that
    /// has crept far from where it was first, all samples would lie in the outermost bin.
    pub(super) fn restart(&mut self, origin: u64, level: f64) {
        self.clear();
        self.around = level;
        self.origin = origin;
    }

    /// Forgets what was quiet so far; levels stay relative to the sample they were.
    pub(super) fn clear(&mut self) {
        self.older.clear();
        self.newer.clear();
        self.first = None;
        self.course.clear();
        self.scatter = (0.0, 0);
        self.waiting = (0, 0);
    }

    /// Adds the quiet samples [from, to), which `history` holds.
    pub(super) fn add(&mut self, history: &History, from: u64, to: u64) {
        if self.waiting.1 != from {
            self.count(history);
            self.waiting.0 = from;
        }
        self.waiting.1 = to;
        if to - self.waiting.0 >= BATCH {
            self.count(history);
        }
    }

    /// Counts what is waiting.
    fn count(&mut self, history: &History) {
        let (mut at, to) = self.waiting;
        let mut codes = history.slice(at, to);
        self.course.add(codes, at);
        self.waiting = (to, to);
        // Between fast pulses there is nothing to count, and the bins stay where they are.
        if self.older.count() + self.newer.count() == 0 {
            self.older.centre_on(self.around);
            self.newer.centre_on(self.around);
        }
        while !codes.is_empty() {
            let room = (HALF - self.newer.count()).min(codes.len() as u64) as usize;
            let (now, later) = codes.split_at_checked(room).unwrap_or((codes, &[]));
            self.newer.add(now, at);
            at += now.len() as u64;
            codes = later;
            if self.newer.count() >= HALF {
                if self.first.is_none() && self.older.count() > 0 {
                    self.first = self.whole();
                }
                std::mem::swap(&mut self.older, &mut self.newer);
                self.newer.clear();
            }
        }
    }

    fn whole(&mut self) -> Option<Level> {
        if self.older.count() + self.newer.count() < FEWEST {
            return None;
        }
        let scatter = self.older.joint_scatter(&self.newer);
        if scatter.0 >= self.scatter.0 {
            self.scatter = scatter;
        }
        self.older.joint_median(&self.newer, self.origin)
    }

    /// Whether what [`Quiet::levels`] told of rests on samples that scatter by more than twice as much as `noise`, the deviation
    /// of a sample at rest, in codes. One code more, and what few samples may do, is allowed.
    pub(super) fn is_restless(&self, noise: f64) -> bool {
        let (scatter, count) = self.scatter;
        scatter > 1.0 && scatter > 1.0 + noise * (2.0 + 8.0 / (count.max(1) as f64).sqrt())
    }

    /// How what [`Quiet::levels`] told of moved about the level for the pulse before it, besides a line from the level of the rest
    /// before; with this one's.
    pub(super) fn moved(&self, level: &Level, rest: Option<Rest>) -> (Option<Moved>, Rest) {
        let centre = f64::from(level.centre) + self.origin as f64;
        let variance = f64::from(level.spread) / f64::from(level.count.max(1));
        let own = Rest { value: f64::from(level.value), centre, variance };
        (self.course.moved(level, centre, rest), own)
    }

    /// Whether there are enough quiet samples for a baseline.
    #[inline]
    pub(super) fn is_baseline(&self) -> bool {
        self.older.count() + self.newer.count() + self.waiting.1 - self.waiting.0 >= FEWEST
    }

    /// Level for the pulse before this interval and for the pulse after it (relative to sample `next`).
    pub(super) fn levels(&mut self, history: &History, next: u64) -> (Option<Level>, Option<Level>) {
        if !self.is_baseline() {
            return (None, None);
        }
        self.count(history);
        let last = self.whole();
        let shift = next as f64 - self.origin as f64;
        let before = last.map(|level| Level { centre: (f64::from(level.centre) - shift) as f32, ..level });
        (self.first.or(last), before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_quiet_samples_are_a_baseline_and_fewer_are_none() {
        let mut history = History::new();
        history.push(&[3; 4000]);
        let levels = |from: u64, to: u64| {
            let mut quiet = Quiet::new(0, 24);
            quiet.restart(10, 0.0);
            quiet.add(&history, from, to);
            quiet.levels(&history, to)
        };
        let is_baseline = |from: u64, to: u64| {
            let mut quiet = Quiet::new(0, 24);
            quiet.add(&history, from, to);
            quiet.is_baseline()
        };
        assert!(!is_baseline(100, 115) && is_baseline(100, 116) && is_baseline(100, 3100));
        assert_eq!(levels(100, 115), (None, None));
        let (after, before) = levels(100, 116);
        assert_eq!((after.map(|level| level.value), after.map(|level| level.count)), (Some(3.0), Some(16)));
        // The middle of samples 100 to 115, from the pulse before (10) and from the one after (116).
        assert_eq!(
            (after.map(|level| level.centre), before.map(|level| level.centre)),
            (Some(97.5), Some(-8.5))
        );
        let (after, _) = levels(100, 3100);
        assert_eq!(after.map(|level| level.count), Some(3000));
    }

    #[test]
    fn a_level_far_from_the_first_one_is_found_where_it_is() {
        let mut history = History::new();
        history.push(&[1; 1000]);
        history.push(&[-300; 1000]);
        let mut quiet = Quiet::new(0, 24);
        for (from, level) in [(0, 1.0), (1000, -300.0)] {
            quiet.restart(from, level);
            quiet.add(&history, from, from + 1000);
            let (after, before) = quiet.levels(&history, from + 1000);
            let found = [after, before].map(|found| found.map(|found| f64::from(found.value)));
            assert_eq!(found, [Some(level); 2]);
        }
    }

    #[test]
    fn what_scatters_by_far_more_than_noise_is_not_quiet() {
        let restless = |half: i16, samples: usize, noise: f64| {
            let codes: Vec<i16> = (0..samples).map(|k| if k % 2 == 0 { half } else { -half }).collect();
            let mut history = History::new();
            history.push(&codes);
            let mut quiet = Quiet::new(0, 900);
            quiet.restart(0, 0.0);
            quiet.add(&history, 0, samples as u64);
            quiet.levels(&history, samples as u64);
            let is = quiet.is_restless(noise);
            quiet.restart(0, 0.0);
            assert!(!quiet.is_restless(noise), "it is forgotten");
            is
        };
        assert!(restless(4, 10_000, 1.0) && !restless(3, 10_000, 1.0) && !restless(4, 10_000, 2.0));
        // Sixteen samples may scatter by more.
        assert!(!restless(4, 16, 1.0) && restless(6, 16, 1.0));
    }

    /// It is the first part that swings, which the last 65 536 do not show.
    #[test]
    fn of_a_long_rest_both_levels_are_looked_at() {
        let mut quiet = Quiet::new(0, 900);
        let mut history = History::new();
        quiet.restart(0, 0.0);
        for at in (0..6 * HALF).step_by(1024) {
            let half = if at < 2 * HALF { 200 } else { 0 };
            let codes: Vec<i16> = (0..1024).map(|k| if k % 2 == 0 { half } else { -half }).collect();
            history.push(&codes);
            quiet.add(&history, at, at + 1024);
        }
        quiet.levels(&history, 6 * HALF);
        assert!(quiet.is_restless(1.0));
    }

    #[test]
    fn of_a_long_rest_the_first_part_is_the_pulse_befores_and_the_last_the_next_ones() {
        let mut quiet = Quiet::new(0, 24);
        let mut history = History::new();
        quiet.restart(0, 0.0);
        let length = 5 * HALF;
        for at in (0..length).step_by(1024) {
            history.push(&[if at < length / 2 { 2 } else { 6 }; 1024]);
            quiet.add(&history, at, at + 1024);
        }
        let (after, before) = quiet.levels(&history, length);
        assert_eq!((after.map(|level| level.value), before.map(|level| level.value)), (Some(2.0), Some(6.0)));
        assert_eq!(after.map(|level| u64::from(level.count)), Some(2 * HALF));
    }

    #[test]
    fn what_was_quiet_is_forgotten_and_what_lies_apart_is_counted_apart() {
        let mut history = History::new();
        history.push(&[2; 40_000]);
        history.push(&[6; 60_000]);
        let mut quiet = Quiet::new(0, 24);
        quiet.restart(10, 0.0);
        // More than one side of a baseline holds, so that both sides have something to forget.
        quiet.add(&history, 0, 40_000);
        let (after, _) = quiet.levels(&history, 50_000);
        assert_eq!(
            after.map(|level| (level.value, level.count, level.centre)),
            Some((2.0, 40_000, 19_989.5))
        );
        quiet.clear();
        assert_eq!(quiet.levels(&history, 50_000), (None, None));
        // Two pieces with 5000 samples between them that were not quiet, the first too short to be counted at once.
        quiet.add(&history, 40_000, 40_600);
        quiet.add(&history, 45_600, 46_000);
        let (after, before) = quiet.levels(&history, 50_000);
        let centre = 0.5 * (40_000.0 + 45_999.0);
        assert_eq!(after.map(|level| (level.value, level.count)), Some((6.0, 1000)));
        // From sample 10 still, and from the next pulse.
        assert_eq!(after.map(|level| level.centre), Some((centre - 10.0) as f32));
        assert_eq!(before.map(|level| level.centre), Some((centre - 50_000.0) as f32));
    }

    #[test]
    fn how_a_rest_moves_is_told_by_its_own_samples_whatever_their_pieces() {
        let codes: Vec<i16> = (0..3000).map(|k| k / 250).collect();
        let mut history = History::new();
        history.push(&[-9; 1000]);
        history.push(&codes);
        let mut quiet = Quiet::new(0, 24);
        quiet.restart(10, 0.0);
        quiet.add(&history, 0, 1000);
        quiet.levels(&history, 1000);
        quiet.clear();
        (1000..4000).step_by(100).for_each(|at| quiet.add(&history, at, at + 100));
        let level = quiet.levels(&history, 4500).0.unwrap();
        let mut course = Course::new();
        course.add(&codes, 1000);
        // Of samples 1000 to 3999; a level's centre counts from sample 10.
        let centre = 2499.5;
        let before = Rest { value: -2.0, centre: 500.0, variance: 1e-3 };
        let own = Rest {
            value: f64::from(level.value),
            centre,
            variance: f64::from(level.spread) / f64::from(level.count),
        };
        assert_eq!((level.count, f64::from(level.centre)), (3000, centre - 10.0));
        for before in [None, Some(before)] {
            let moved = course.moved(&level, centre, before);
            assert!(moved.is_some());
            assert_eq!(quiet.moved(&level, before), (moved, own));
        }
    }

    /// Of a rest that is longer than the history, in pieces that are longer than a batch.
    #[test]
    fn long_pieces_are_counted_before_they_are_forgotten() {
        let (mut quiet, mut history) = (Quiet::new(0, 24), History::new());
        quiet.restart(0, 0.0);
        for at in (0..6 * HALF).step_by(4096) {
            history.push(&[if at < 2 * HALF { 2 } else { 6 }; 4096]);
            quiet.add(&history, at, at + 4096);
        }
        let (after, before) = quiet.levels(&history, 6 * HALF);
        assert_eq!([after, before].map(|found| found.map(|found| found.value)), [Some(2.0), Some(6.0)]);
    }

    #[test]
    fn a_long_rest_far_from_the_first_level_is_found_where_it_is() {
        let (mut quiet, mut history) = (Quiet::new(0, 24), History::new());
        quiet.restart(0, -300.0);
        for at in (0..3 * HALF).step_by(1024) {
            history.push(&[-300; 1024]);
            quiet.add(&history, at, at + 1024);
        }
        let (after, before) = quiet.levels(&history, 3 * HALF);
        assert_eq!([after, before].map(|found| found.map(|found| found.value)), [Some(-300.0); 2]);
    }
}
