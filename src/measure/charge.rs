//! Rows of the phases of a pulse, with their charges.

use wide::f32x4;

use super::PhaseRow;
use super::excursion::{Excursion, Top};
use super::level::mean_between;
use super::row::{Constants, Shape};
use super::sums::sum_within;
use super::whole::nearest;
use super::window::{Bound, sum_between};

/// A passive recharge, in samples and codes from the baseline.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recharge {
    from: f64,
    /// It follows the last phase without a gap.
    pub(super) joined: bool,
    /// Where its exponential begins.
    pub(super) level: f64,
}

impl Recharge {
    /// What a recharge looks like in these samples, the first at sample `first`; `None` where too few of it are in hand.
    #[inline(never)]
    pub(super) fn of(samples: &[i16], seen: Excursion, first: u64, base: f64, settle: f64) -> Option<Self> {
        let from = seen.from.saturating_sub(first) as f64;
        Some(Self { from, joined: seen.joined, level: initial(samples, from, base, settle)? })
    }
}

/// Where an exponential that begins at sample `from` begins: from its means over the first and the second settling time
/// after the filter has settled, carried back by their ratio. Behind the filter an exponential is the same one, late.
fn initial(samples: &[i16], from: f64, base: f64, settle: f64) -> Option<f64> {
    let mean = |k: f64| mean_between(samples, from + k * settle, from + (k + 1.0) * settle - 1.0);
    let (first, second) = (mean(1.0)?.0 - base, mean(2.0).map_or(0.0, |mean| mean.0 - base));
    let ratio = if second * first > 0.0 { (first / second).clamp(1.0, 4.0) } else { 1.0 };
    Some(first * ratio.powf(1.5))
}

/// Rows of phases, with their charges: the first phase from its quiet foreground, the last to its quiet end, inner
/// bounds in the middle of the gap. Where two phases share an edge the bound is the shared instant, and what the filter
/// has let through early (and late) there is put back. Instants are told from `origin`.
pub(super) fn rows(
    samples: &[i16],
    (tops, joined): (&[Top], [bool; 3]),
    pulse: &Shape<'_>,
    recharge: Option<Recharge>,
    (constants, origin): (&Constants, f64),
) -> [PhaseRow; 3] {
    let base = pulse.base;
    let mut rows = [PhaseRow::default(); 3];
    let mut from = Bound::of(samples, tops.first().map_or(0.0, |top| top.start - pulse.before(top.start)));
    let mut carried = 0.0;
    for (k, (top, row)) in tops.iter().zip(&mut rows).enumerate() {
        let next = tops.get(k + 1);
        let to = match (next, recharge) {
            (Some(next), _) => 0.5 * (top.end + next.start),
            // After the last phase the recharge, if there is one, is what comes next.
            (None, Some(Recharge { joined: true, .. })) => top.end,
            (None, Some(Recharge { from, .. })) => {
                (0.5 * (top.end + from)).min(top.end + pulse.behind(top.end))
            }
            (None, None) => top.end + pulse.behind(top.end),
        };
        let to = Bound::of(samples, to);
        let touching = match (next, recharge) {
            (Some(next), _) if joined.get(k + 1).is_some_and(|joined| *joined) => {
                Some(f64::from(next.level) - base)
            }
            (None, Some(Recharge { joined: true, level, .. })) => Some(level),
            _ => None,
        };
        let passed = touching.map_or(0.0, |b| {
            let a = f64::from(top.level) - base;
            a * constants.late_area + (b - a) * constants.early
        });
        let sum = sum_between(samples, &from, &to) + carried - passed;
        *row = of_phase(top, sum, to.at - from.at, (base, origin));
        (from, carried) = (to, passed);
    }
    rows
}

/// [`rows`] of two phases that rest between each other and behind the second; the third stays as it is. Of the windows that they had
/// before they were moved, if they were, the sums are `known`. These sums, and the instants in the rows.
#[inline(always)]
pub(super) fn rested(
    samples: &[i16],
    [a, b]: &[Top; 2],
    pulse: Shape<'_>,
    origin: f64,
    (known, phases): (Option<Summed>, &mut [PhaseRow; 3]),
) -> (Summed, f32x4) {
    let begins = a.start - pulse.before(a.start);
    let between = 0.5 * (a.end + b.start);
    let ends = b.end + pulse.behind(b.end);
    // Summed before the bounds are cut: while a long window is, fewer numbers have to be kept.
    let places = [nearest(begins).0, nearest(between).0, nearest(ends).0];
    let summed = known.filter(|known| known.places == places).unwrap_or_else(|| Summed::of(samples, places));
    let (from, between, to) =
        (Bound::of(samples, begins), Bound::of(samples, between), Bound::of(samples, ends));
    let of = |top: &Top, sum: i64, from: &Bound, to: &Bound| {
        let sum = if to.at <= from.at { 0.0 } else { sum as f64 + to.part - from.part };
        of_phase(top, sum, to.at - from.at, (pulse.base, origin))
    };
    let [first, second] = summed.sums;
    let [before, behind, _] = phases;
    *before = of(a, first, &from, &between);
    *behind = of(b, second, &between, &to);
    let ([start, end], [next, last]) = (a.instants(origin), b.instants(origin));
    (summed, f32x4::new([start, end, next, last]))
}

/// The whole samples of the charge windows of two phases, with Σ codes of each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Summed {
    /// Where the first window begins, where the second does and where that ends, from the first sample in hand.
    places: [i64; 3],
    sums: [i64; 2],
}

impl Summed {
    /// Of windows that begin and end there.
    #[inline(always)]
    fn of(samples: &[i16], places: [i64; 3]) -> Self {
        let [from, between, to] = places;
        Self { places, sums: [sum_within(samples, from, between), sum_within(samples, between, to)] }
    }

    /// Σ codes from place `from` to the one before `to`, if those are the same samples but for one at either end.
    #[inline]
    pub(super) fn about(&self, samples: &[i16], from: i64, to: i64) -> Option<i64> {
        let [begins, between, ends] = self.places;
        let (before, behind) = (begins.wrapping_sub(from), to.wrapping_sub(ends));
        let ordered = begins <= between && between <= ends;
        if !ordered || (before | behind) as u64 > 1 {
            return None;
        }
        // With the first and the last of them all are in hand.
        let (first, last) = (samples.get(from as usize)?, samples.get(to.wrapping_sub(1) as usize)?);
        Some(self.sums.iter().sum::<i64>() + before * i64::from(*first) + behind * i64::from(*last))
    }
}

/// Row of a phase whose charge window is so long and has this sum of codes.
#[inline(always)]
fn of_phase(top: &Top, sum: f64, span: f64, (base, origin): (f64, f64)) -> PhaseRow {
    let [start, end] = top.instants(origin);
    let area = sum - base * span;
    let width = top.end - top.start;
    let charge_over_width = top.settled == 0 && width > 0.0;
    PhaseRow {
        start,
        end,
        level: if charge_over_width { (base + f64::from(area as f32) / width) as f32 } else { top.level },
        settled: top.settled,
        area: area as f32,
        span: span as f32,
    }
}
