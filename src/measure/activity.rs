//! When something is active: a contact's current, or the stimulator-side voltage.

use super::Interval;
use super::codes::{Codes, extremes, sum};
use super::history::History;
use super::seek::Band;

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
    /// Codes that are not active.
    safe: Band,
}

impl CurrentActivity {
    pub(super) fn new(sample_rate: f64) -> Self {
        Self { intervals: Vec::new(), merged: (MERGED * sample_rate) as u64, safe: Band::new() }
    }

    /// Looks at samples [from, to), whose smallest and largest are known, none before `since`. The active samples of a
    /// window that exceeds are those beyond `safe` themselves, so that a mean does not blur the end of a pulse by its own length.
    pub(super) fn look(
        &mut self,
        history: &History,
        since: u64,
        (from, to): (u64, u64),
        (low, high): (i16, i16),
        (zero, safe): (f64, f64),
    ) {
        let first = from.saturating_sub(WINDOW - 1).max(since);
        let inactive = self.safe.codes(zero, safe);
        let quiet = |(low, high): (i16, i16)| inactive.contain(low) && inactive.contain(high);
        // A mean cannot lie outside the extremes of its samples.
        if quiet((low, high)) && inactive.first(history.slice(first, from), false).is_none() {
            return;
        }
        let codes = history.slice(first, to);
        let (lower, upper) = (16.0 * (zero - safe), 16.0 * (zero + safe));
        let beyond = |code: i16| !inactive.contain(code);
        if let Some(open) = self.intervals.last_mut().filter(|open| to <= open.last + self.merged) {
            // Whatever is active here belongs to the interval that is open: only its end can change.
            if let Some(last) = last_active(codes, (lower, upper), inactive) {
                open.last = open.last.max(first + last as u64);
            }
            return;
        }
        let mut sum: i32 = codes.iter().take(WINDOW as usize - 1).map(|code| i32::from(*code)).sum();
        let mut last_beyond = codes.iter().take(WINDOW as usize - 1).rposition(|code| beyond(*code));
        let entering = codes.iter().enumerate().skip(WINDOW as usize - 1);
        for ((k, newest), oldest) in entering.zip(codes) {
            sum += i32::from(*newest);
            if beyond(*newest) {
                last_beyond = Some(k);
            }
            if f64::from(sum) < lower || f64::from(sum) > upper {
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
fn last_active(codes: &[i16], (lower, upper): (f64, f64), inactive: Codes) -> Option<usize> {
    let (lower, upper) = (lower.ceil() as i64, upper.floor() as i64);
    let window = WINDOW as usize;
    // A window of inactive codes has a mean among them.
    let mut end = (inactive.last(codes, false)? + window).min(codes.len());
    let mut total = sum(codes.get(end.checked_sub(window)?..end)?);
    while (lower..=upper).contains(&total) {
        end -= 1;
        let entering = codes.get(end.checked_sub(window)?)?;
        total += i64::from(*entering) - i64::from(*codes.get(end)?);
    }
    inactive.last(codes.get(..end)?, false)
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
