//! Is the time uniform, as far as its digits can tell?

use super::dialect::TimeSource;
use super::error::CaptureFault;
use super::table::{Digits, Numbers};

/// When the samples were taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimeBase {
    /// Time of the first sample on the file's own axis, s.
    pub t0: f64,
    /// Interval, s: (last − first) / (n − 1).
    pub dt: f64,
    /// Standard uncertainty of the interval, as a fraction of it: what the digits leave open with which the first and the last
    /// time were written; 0 where it is stated or the times are as exact as a number holds.
    pub dt_u: f64,
    /// Where the time column strays furthest from that grid, beyond what its digits explain: line, and by how much, s.
    pub worst_deviation: Option<(u64, f64)>,
}

impl TimeBase {
    /// Of times that were stored as numbers; times this factor they are seconds.
    pub(super) fn of(times: &[f64], factor: f64) -> Result<Self, CaptureFault> {
        let seconds: Vec<f64> = times.iter().map(|time| time * factor).collect();
        let falls =
            seconds.iter().zip(seconds.iter().skip(1)).find(|(a, b)| a > b || a.is_nan() || b.is_nan());
        match falls {
            Some((before, after)) => Err(CaptureFault::TimeNotGrowing { before: *before, after: *after }),
            // What a double holds; rows are counted like lines.
            None => grid(&seconds, Digits { most: 15, fixed: false }, 1),
        }
    }

    /// Whether sums over samples are integrals.
    pub fn is_uniform(&self) -> bool {
        self.worst_deviation.is_none()
    }
}

/// Largest deviation from a uniform grid that is taken for rounding in the scope, in sample intervals, beyond what
/// the digits of the file explain.
const JITTER: f64 = 0.05;

/// The grid through the first and the last sample, and how far the others stray from it.
pub(super) fn time_base(source: TimeSource, numbers: &Numbers) -> Result<TimeBase, CaptureFault> {
    let count = numbers.values.first().map_or(0, Vec::len);
    if count < 2 {
        return Err(CaptureFault::OneSample);
    }
    if let TimeSource::Stated { t0, dt } = source {
        return Ok(TimeBase { t0, dt, dt_u: 0.0, worst_deviation: None });
    }
    grid(&numbers.time, numbers.time_digits, numbers.first_line)
}

/// A smaller part of the interval than any clock is good for: what a double leaves open.
const EXACT: f64 = 1e-9;

/// The grid through the first and the last of some times that were written with so many digits.
fn grid(times: &[f64], digits: Digits, first_line: u64) -> Result<TimeBase, CaptureFault> {
    let (Some(first), Some(last)) = (times.first(), times.last()) else {
        return Err(CaptureFault::NoTimeBase);
    };
    let count = times.len();
    if count < 2 {
        return Err(CaptureFault::OneSample);
    }
    let (t0, dt) = (*first, (last - first) / (count - 1) as f64);
    if dt <= 0.0 {
        return Err(CaptureFault::TimeNotGrowing { before: *first, after: *last });
    }
    // Half a unit of the last digit at the largest time, both at this sample and at the ends that define the grid.
    let largest = first.abs().max(last.abs());
    let rounding = 10_f64.powf((largest.log10() + 1e-9).floor() - digits.most as f64 + 1.0);
    // More digits than a double holds, as of seconds since 1970, are rounded when they are read.
    let rounding = rounding.max(largest * f64::EPSILON);
    let allowed = JITTER * dt + rounding;
    let mut worst = (0_usize, 0.0_f64);
    for (n, time) in times.iter().enumerate() {
        let off = (time - (t0 + n as f64 * dt)).abs();
        if off > worst.1 {
            worst = (n, off);
        }
    }
    // One lost row shifts all that follow by less than an interval each way; look at single steps too.
    let step = times.iter().zip(times.iter().skip(1)).enumerate();
    let odd = step.map(|(n, (before, after))| (n + 1, (after - before - dt).abs()));
    let worst_step =
        odd.fold((0_usize, 0.0_f64), |so_far, next| if next.1 > so_far.1 { next } else { so_far });
    let found =
        if worst_step.1 > 2.0 * allowed { Some(worst_step) } else { (worst.1 > allowed).then_some(worst) };
    let worst_deviation = found.map(|(n, off)| (first_line + n as u64, off));
    // A writer that drops its last zeros writes all digits there are, unless the times stray from their grid.
    let rounded = digits.fixed || worst.1 > 0.01 * rounding;
    // Either end lies within half a unit of its last digit.
    let dt_u = rounding / (6_f64.sqrt() * (last - first));
    let dt_u = if rounded && dt_u > EXACT { dt_u } else { 0.0 };
    Ok(TimeBase { t0, dt, dt_u, worst_deviation })
}
