//! When something is active: a contact's current, or the stimulator-side voltage.

use super::Interval;
use super::codes::{Codes, extremes, sum};
use super::history::History;
use super::seek::within;

/// Samples of a mean.
const WINDOW: u64 = 16;

/// Intervals nearer than this many seconds are one: a bounded table at any pulse rate.
const MERGED: f64 = 1e-3;

fn note(intervals: &mut Vec<Interval>, first: u64, last: u64, merged: u64) {
    match intervals.last_mut() {
        Some(open) if first <= open.last + merged => open.last = open.last.max(last),
        _ => intervals.push(Interval { first, last }),
    }
}

/// Activity of a current: any 16-sample mean farther than `safe` from zero.
#[derive(Debug, Clone)]
pub(super) struct CurrentActivity {
    pub(super) intervals: Vec<Interval>,
    merged: u64,
    inactive: Inactive,
    /// Samples [from, to) that are not looked at yet: what is active there belongs to the interval that is open, of which only the end
    /// can change.
    waiting: Option<(u64, u64)>,
}

/// What is not active: a mean no farther than `safe` from `zero`.
#[derive(Debug, Clone, Copy)]
struct Inactive {
    zero: f64,
    safe: f64,
    codes: Codes,
    /// Smallest and largest sum of sixteen codes.
    sums: (i32, i32),
}

impl Inactive {
    fn of((zero, safe): (f64, f64)) -> Self {
        let (lower, upper) = (16.0 * (zero - safe), 16.0 * (zero + safe));
        Self { zero, safe, codes: within(zero, safe), sums: (lower.ceil() as i32, upper.floor() as i32) }
    }

    /// Whether sixteen codes of this sum are active.
    #[inline]
    fn is_left_by(&self, sum: i32) -> bool {
        sum < self.sums.0 || sum > self.sums.1
    }
}

impl CurrentActivity {
    pub(super) fn new(sample_rate: f64) -> Self {
        Self {
            intervals: Vec::new(),
            merged: (MERGED * sample_rate) as u64,
            inactive: Inactive::of((0.0, 0.0)),
            waiting: None,
        }
    }

    /// Looks at samples [from, to), whose smallest and largest are known, none before `since`. The active samples of a
    /// window that exceeds are those beyond `safe` themselves, so that a mean does not blur the end of a pulse by its own length.
    pub(super) fn look(
        &mut self,
        history: &History,
        since: u64,
        (from, to): (u64, u64),
        (low, high): (i16, i16),
        bounds: (f64, f64),
    ) {
        let first = from.saturating_sub(WINDOW - 1).max(since);
        let changed = bounds != (self.inactive.zero, self.inactive.safe);
        if self.waiting.is_some() && (changed || !self.is_open(to)) {
            self.settle(history);
        }
        if changed {
            self.inactive = Inactive::of(bounds);
        }
        let inactive = self.inactive.codes;
        // A mean cannot lie outside the extremes of its samples.
        let quiet = inactive.contain(low) && inactive.contain(high);
        if quiet && inactive.first(history.slice(first, from), false).is_none() {
            return;
        }
        if self.is_open(to) {
            self.waiting = Some((self.waiting.map_or(first, |(from, _)| from), to));
        } else {
            self.look_closely(history.slice(first, to), first);
        }
    }

    /// Whether whatever is active before sample `to` belongs to the interval that is open.
    #[inline]
    fn is_open(&self, to: u64) -> bool {
        self.intervals.last().is_some_and(|open| to <= open.last + self.merged)
    }

    /// The latest interval as far as samples have come, which `history` holds.
    pub(super) fn latest(&self, history: &History) -> Option<Interval> {
        let open = *self.intervals.last()?;
        let Some((from, to)) = self.waiting else { return Some(open) };
        let last = last_active(history.slice(from, to), &self.inactive);
        Some(Interval { last: last.map_or(open.last, |last| open.last.max(from + last as u64)), ..open })
    }

    /// Looks at what is waiting, before it is gone or looked at otherwise.
    #[inline(never)]
    pub(super) fn settle(&mut self, history: &History) {
        if let (Some(latest), Some(open)) = (self.latest(history), self.intervals.last_mut()) {
            *open = latest;
        }
        self.waiting = None;
    }

    /// Looks at all windows within `codes`, the first of which is sample `first`.
    fn look_closely(&mut self, codes: &[i16], first: u64) {
        let inactive = self.inactive;
        // A window of inactive codes has a mean among them.
        let ends = inactive.codes.first(codes, false).zip(inactive.codes.last(codes, false));
        let Some((begin, last)) = ends.map(|(begin, last)| (begin.saturating_sub(WINDOW as usize - 1), last))
        else {
            return;
        };
        let (codes, first) = (codes.get(begin..).unwrap_or(&[]), first + begin as u64);
        let codes = codes.get(..last - begin + WINDOW as usize).unwrap_or(codes);
        let beyond = |code: i16| !inactive.codes.contain(code);
        let mut sum: i32 = codes.iter().take(WINDOW as usize - 1).map(|code| i32::from(*code)).sum();
        let mut last_beyond = codes.iter().take(WINDOW as usize - 1).rposition(|code| beyond(*code));
        let entering = codes.iter().enumerate().skip(WINDOW as usize - 1);
        for ((k, newest), oldest) in entering.zip(codes) {
            sum += i32::from(*newest);
            if beyond(*newest) {
                last_beyond = Some(k);
            }
            if inactive.is_left_by(sum) {
                let start = k + 1 - WINDOW as usize;
                let inside = codes.get(start..=k).unwrap_or(&[]);
                let begin = inside.iter().position(|code| beyond(*code)).map_or(k - 8, |at| start + at);
                let end = last_beyond.filter(|last| *last >= start).unwrap_or(k - 8);
                note(&mut self.intervals, first + begin as u64, first + end as u64, self.merged);
            }
            sum -= i32::from(*oldest);
        }
    }
}

/// The last active code: not an `inactive` one itself, in the last window whose sum is not within the bounds.
fn last_active(codes: &[i16], inactive: &Inactive) -> Option<usize> {
    let window = WINDOW as usize;
    // A window of inactive codes has a mean among them.
    let last = inactive.codes.last(codes, false)?;
    let mut end = (last + window).min(codes.len());
    let mut total = sum(codes.get(end.checked_sub(window)?..end)?) as i32;
    while !inactive.is_left_by(total) {
        end -= 1;
        let entering = codes.get(end.checked_sub(window)?)?;
        total += i32::from(*entering) - i32::from(*codes.get(end)?);
    }
    if end > last { Some(last) } else { inactive.codes.last(codes.get(..end)?, false) }
}

/// Activity of the stimulator-side voltage: it moves by more than `step` within 100 µs.
#[derive(Debug, Clone)]
pub(super) struct VoltageActivity {
    pub(super) intervals: Vec<Interval>,
    merged: u64,
    /// Windows in 100 µs.
    lag: u64,
    means: Vec<f64>,
}

impl VoltageActivity {
    pub(super) fn new(sample_rate: f64) -> Self {
        let lag = ((1e-4 * sample_rate) as u64 / WINDOW).max(1);
        Self { intervals: Vec::new(), merged: (MERGED * sample_rate) as u64, lag, means: Vec::new() }
    }

    /// Looks at the 16-sample blocks that end in (from, to], with blocks at multiples of 16 since the stream began.
    pub(super) fn look(&mut self, history: &History, since: u64, (from, to): (u64, u64), step: f64) {
        let first = (from / WINDOW).saturating_sub(self.lag + 1).max(since.div_ceil(WINDOW)) * WINDOW;
        let codes = history.slice(first, to / WINDOW * WINDOW);
        let (low, high) = extremes(codes);
        if codes.is_empty() || f64::from(high) - f64::from(low) <= step {
            return;
        }
        self.means.clear();
        self.means.extend(
            codes
                .chunks_exact(WINDOW as usize)
                .map(|block| block.iter().map(|c| f64::from(*c)).sum::<f64>() / 16.0),
        );
        let skipped = (from / WINDOW).saturating_sub(first / WINDOW) as usize;
        for k in skipped.max(1)..self.means.len() {
            let oldest = k.saturating_sub(self.lag as usize);
            let Some((now, before)) = self.means.get(oldest..=k).and_then(|seen| seen.split_last()) else {
                continue;
            };
            let moved = before.iter().any(|mean| (now - mean).abs() > step);
            // A step stays within reach for 100 µs after it is over; only a block that still moves is active.
            let moves = before.last().is_some_and(|mean| (now - mean).abs() > step / self.lag as f64);
            if moved && moves {
                let at = first + k as u64 * WINDOW;
                note(&mut self.intervals, at, at + WINDOW - 1, self.merged);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::draw::draw;
    use super::*;

    /// Rests and pulses of all lengths and of sizes about the bound, under noise.
    fn train(seed: u64, count: usize) -> Vec<i16> {
        let (mut state, mut codes) = (seed, Vec::new());
        while codes.len() < count {
            let (rest, length) = (draw(&mut state, 400), draw(&mut state, 60));
            let size = [4, 6, 9, 30, 200][draw(&mut state, 5) as usize];
            let top = if draw(&mut state, 2) == 0 { size } else { -size };
            for (n, level) in [(rest, 0), (length, top)] {
                codes.extend((0..n).map(|_| level + draw(&mut state, 7) as i16 - 3));
            }
        }
        codes.truncate(count);
        codes
    }

    /// Hands out `codes` as a recorder does: in stretches that end at multiples of 256, or at a marker.
    fn pieces(seed: u64, codes: &[i16], mut look: impl FnMut(&History, (u64, u64))) -> History {
        let (mut history, mut at, mut state) = (History::new(), 0, seed);
        while at < codes.len() {
            let stretch = (at / 256 + 1) * 256;
            let cut = if draw(&mut state, 4) == 0 { at + 1 + draw(&mut state, 90) as usize } else { stretch };
            let to = stretch.min(cut).min(codes.len());
            history.push(&codes[at..to]);
            look(&history, (at as u64, to as u64));
            at = to;
        }
        history
    }

    /// The definition: each window of sixteen samples whose mean lies farther than `safe` from zero is active from the first
    /// to the last of its samples that do.
    fn defined(codes: &[i16], since: usize, (zero, safe): (f64, f64), merged: u64) -> Vec<Interval> {
        let mut found: Vec<Interval> = Vec::new();
        for first in since..(codes.len() + 1).saturating_sub(16) {
            let window = &codes[first..first + 16];
            let mean = window.iter().map(|code| f64::from(*code)).sum::<f64>() / 16.0;
            let beyond = |code: &i16| (f64::from(*code) - zero).abs() > safe;
            if let (true, Some(a), Some(b)) =
                ((mean - zero).abs() > safe, window.iter().position(beyond), window.iter().rposition(beyond))
            {
                let (a, b) = ((first + a) as u64, (first + b) as u64);
                match found.last_mut().filter(|open| a <= open.last + merged) {
                    Some(open) => open.last = open.last.max(b),
                    None => found.push(Interval { first: a, last: b }),
                }
            }
        }
        found
    }

    #[test]
    fn a_current_is_active_where_the_definition_says() {
        let bounds = (0.3, 5.4);
        let mut several = 0;
        for seed in 0..60 {
            let codes = train(seed, 6000);
            let since = [0, 37, 700][seed as usize % 3];
            // 1 ms is a hundred samples.
            let mut activity = CurrentActivity::new(1e5);
            let history = pieces(seed, &codes, |history, (from, to)| {
                let seen = extremes(history.slice(from, to));
                activity.look(history, since, (from, to), seen, bounds);
                // What is told meanwhile is what is known by then.
                let defined = defined(&codes[..to as usize], since as usize, bounds, 100);
                assert!(seed > 9 || activity.latest(history) == defined.last().copied(), "{seed} {to}");
            });
            activity.settle(&history);
            assert_eq!(activity.intervals, defined(&codes, since as usize, bounds, 100), "{seed}");
            several += activity.intervals.len();
        }
        assert!(several > 600, "{several}");
    }

    #[test]
    fn activity_begins_and_ends_with_the_pulse_and_not_with_a_window() {
        let mut codes = vec![0; 4000];
        codes[300..320].fill(1000);
        // What has sunk by its end is active for as long as it is beyond the bound.
        codes[900..960].fill(-12);
        codes[960..990].fill(-10);
        // One sample moves a mean of sixteen by a sixteenth.
        codes[2000] = 160;
        codes[2300] = 161;
        let looked = |merged: f64| {
            let mut activity = CurrentActivity::new(1000.0 * merged);
            let history = pieces(1, &codes, |history, (from, to)| {
                let seen = extremes(history.slice(from, to));
                activity.look(history, 0, (from, to), seen, (0.0, 10.0));
            });
            activity.settle(&history);
            activity.intervals.iter().map(|found| (found.first, found.last)).collect::<Vec<_>>()
        };
        assert_eq!(looked(100.0), [(300, 319), (900, 959), (2300, 2300)]);
        // From 319 to 900 are 581 samples, from 959 to 2300 1341: what is no longer than 1 ms is bridged.
        assert_eq!(looked(580.0).len(), 3);
        assert_eq!(looked(581.0), [(300, 959), (2300, 2300)]);
        assert_eq!(looked(1340.0).len(), 2);
        assert_eq!(looked(1341.0), [(300, 2300)]);
    }

    /// A sample that moves a mean beyond the bound, and one of the other sign behind it that brings it back: in no active window.
    #[test]
    fn what_is_beyond_the_bound_in_no_active_window_is_not_active() {
        let mut codes = vec![0; 1000];
        for at in [300, 340, 600] {
            (codes[at], codes[at + 1]) = (161, -11);
        }
        let mut activity = CurrentActivity::new(1e5);
        pieces(1, &codes, |history, (from, to)| {
            activity.look(history, 0, (from, to), extremes(history.slice(from, to)), (0.0, 10.0));
        });
        let found: Vec<_> = activity.intervals.iter().map(|found| (found.first, found.last)).collect();
        assert_eq!(found, [(300, 340), (600, 600)]);
        assert_eq!(activity.intervals, defined(&codes, 0, (0.0, 10.0), 100));
        // So it is where all of it is seen at once, and where what is open goes on.
        for open in [false, true] {
            let mut activity = CurrentActivity::new(if open { 1e6 } else { 1e5 });
            if open {
                activity.intervals.push(Interval { first: 560, last: 590 });
            }
            let mut history = History::new();
            history.push(&codes[..700]);
            activity.look(&history, 550, (550, 700), (-11, 161), (0.0, 10.0));
            assert_eq!(activity.latest(&history).map(|found| found.last), Some(600), "{open}");
            activity.settle(&history);
            assert_eq!(activity.intervals.last().map(|found| found.last), Some(600), "{open}");
        }
        // The first window of all is active, and the next one is not.
        let mut codes = [0; 200];
        (codes[3], codes[16]) = (161, -11);
        let mut history = History::new();
        history.push(&codes);
        let mut activity = CurrentActivity::new(1e5);
        activity.look(&history, 0, (0, 200), (-11, 161), (0.0, 10.0));
        assert_eq!(activity.intervals, [Interval { first: 3, last: 3 }]);
    }

    /// The definition: a block of sixteen samples is active where it lies more than `step` from one of the `lag` before it
    /// and still moves by more than its part of that.
    fn moved(codes: &[i16], since: usize, step: f64, lag: usize, merged: u64) -> Vec<Interval> {
        let means: Vec<f64> =
            codes.chunks_exact(16).map(|c| c.iter().map(|c| f64::from(*c)).sum::<f64>() / 16.0).collect();
        let mut found: Vec<Interval> = Vec::new();
        let earliest = since.div_ceil(16);
        for k in earliest + 1..means.len() {
            let reach = &means[earliest.max(k.saturating_sub(lag))..k];
            let far = reach.iter().any(|mean| (means[k] - mean).abs() > step);
            if far && (means[k] - means[k - 1]).abs() > step / lag as f64 {
                let (a, b) = (16 * k as u64, 16 * k as u64 + 15);
                match found.last_mut().filter(|open| a <= open.last + merged) {
                    Some(open) => open.last = open.last.max(b),
                    None => found.push(Interval { first: a, last: b }),
                }
            }
        }
        found
    }

    #[test]
    fn a_voltage_is_active_while_it_moves() {
        let mut several = 0;
        for seed in 0..60_u64 {
            // Ramps of all slopes, some with a jump behind, and rests.
            let (mut state, mut level, mut codes) = (seed, 0.0, Vec::new());
            while codes.len() < 6000 {
                let slope = [0.0, 0.2, 0.45, 0.55, 0.7, 3.0][draw(&mut state, 6) as usize];
                let slope = if draw(&mut state, 2) == 0 { slope } else { -slope };
                for _ in 0..40 + draw(&mut state, 300) {
                    codes.push((level + draw(&mut state, 5) as f64 - 2.0) as i16);
                    level += slope;
                }
                level += [0.0, 0.0, 90.0, -250.0][draw(&mut state, 4) as usize];
            }
            let since = [0, 33, 700][seed as usize % 3];
            // At 640 kHz 100 µs are four blocks, and 1 ms is 640 samples.
            let mut activity = VoltageActivity::new(64e4);
            activity.merged = 100;
            let _ = pieces(seed, &codes, |history, range| activity.look(history, since, range, 30.0));
            assert_eq!(activity.intervals, moved(&codes, since as usize, 30.0, 4, 100), "{seed}");
            several += activity.intervals.len();
        }
        assert!(several > 300, "{several}");
        let (fast, slow) = (VoltageActivity::new(64e4), VoltageActivity::new(1e5));
        assert_eq!((fast.lag, fast.merged, slow.lag, slow.merged), (4, 640, 1, 100));
    }

    #[test]
    fn a_step_of_a_voltage_is_active_in_the_blocks_that_move() {
        let mut codes = vec![100; 3000];
        // In the middle of the block from 992 on: it and the next one move.
        codes[1000..].fill(200);
        let intervals = |step: f64| {
            let mut activity = VoltageActivity::new(1e6);
            pieces(3, &codes, |history, range| activity.look(history, 0, range, step));
            activity.intervals
        };
        assert_eq!(intervals(49.0), [Interval { first: 992, last: 1023 }]);
        assert_eq!(intervals(99.0), [Interval { first: 1008, last: 1023 }], "half of it is not beyond");
        assert_eq!(intervals(100.0), []);
    }
}
