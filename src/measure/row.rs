//! One pulse: from a stretch of samples to a row of the table.

use super::edge::{PhaseEdges, Slope, crossing};
use super::flanks::Flanks;
use super::level::{central, mean_between, mean_of};
use super::window::windowed_sum;
use super::{Flags, FrontEnd, PhaseRow};

/// A stretch of samples on one side of the baseline, [from, to).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Excursion {
    pub(super) from: u64,
    pub(super) to: u64,
    /// It followed the one before it without touching the baseline.
    pub(super) joined: bool,
}

/// Constants of the front end in samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Constants {
    pub(super) settling: u64,
    early: f64,
    /// By how much the 50 % instant of a step comes later than its centre of area.
    pub(super) late_area: f64,
}

impl Constants {
    pub(super) fn of(front_end: &FrontEnd, sample_rate: f64) -> Self {
        Self {
            settling: (front_end.settling * sample_rate).round().max(1.0) as u64,
            early: front_end.early * sample_rate,
            late_area: (front_end.delay - front_end.area_delay) * sample_rate,
        }
    }
}

/// Where things are in the samples of a pulse.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape<'a> {
    /// Its driven phases.
    pub(super) excursions: &'a [Excursion],
    /// What a passive recharge takes back, if it is seen.
    pub(super) recharge: Option<Excursion>,
    /// Level from which areas are counted.
    pub(super) base: f64,
    /// Quiet samples that belong to the pulse on either side of its outer 50 % instants.
    pub(super) quiet: (f64, f64),
}

/// What the samples of a pulse tell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measured {
    pub(super) phases: [PhaseRow; 3],
    pub(super) count: u8,
    pub(super) recharge: f32,
    pub(super) flags: Flags,
}

/// Measures the phases of a pulse on `samples` (codes, the first at sample `first`), with instants relative to `at`.
pub(super) fn measure(
    samples: &[i16],
    first: u64,
    at: u64,
    pulse: &Shape<'_>,
    constants: &Constants,
) -> Measured {
    let Shape { excursions, recharge, base, .. } = *pulse;
    let mut flags = Flags::default();
    let mut phases = [PhaseRow::default(); 3];
    let mut edges = [PhaseEdges { start: 0.0, end: 0.0 }; 3];
    let count = excursions.len().min(3);
    let settle = constants.settling as f64;
    for ((row, edge), excursion) in phases.iter_mut().zip(&mut edges).zip(excursions) {
        let ends = (excursion.from.saturating_sub(first), excursion.to.saturating_sub(first + 1));
        let found = phase(samples, (ends.0 as u32, ends.1 as u32), base, settle);
        (edge.start, edge.end) = (found.edges.start, found.edges.end);
        row.level = found.level as f32;
        row.settled = found.settled as u32;
        flags.truncated |= found.truncated;
    }
    join(samples, excursions, &phases, &mut edges);
    let recharge = recharge.and_then(|recharge| {
        let from = recharge.from.saturating_sub(first) as f64;
        Some(Recharge { from, joined: recharge.joined, level: initial(samples, from, base, settle)? })
    });
    if let Some((recharge, last)) = recharge.filter(|recharge| recharge.joined).zip(count.checked_sub(1)) {
        touch(samples, phases.get(last), edges.get_mut(last), recharge.level + base);
    }
    let origin = at as f64 - first as f64;
    for (row, edge) in phases.iter_mut().zip(&edges).take(count) {
        row.start = (edge.start - origin) as f32;
        row.end = (edge.end - origin) as f32;
    }
    charge(samples, &mut phases, &edges, pulse, recharge, constants);
    for (row, edge) in phases.iter_mut().zip(&edges).take(count) {
        if row.settled == 0 && edge.width() > 0.0 {
            row.level = (base + f64::from(row.area) / edge.width()) as f32;
        }
    }
    let recharge = recharge.map_or(0.0, |recharge| recharge.level as f32);
    Measured { phases, count: count as u8, recharge, flags }
}

/// One phase.
struct Found {
    edges: PhaseEdges,
    level: f64,
    /// Samples in the mean that the level is; 0 where there are too few.
    settled: usize,
    truncated: bool,
}

/// Finds the edges and the level of the phase in samples `first` to `last`.
#[inline]
fn phase(samples: &[i16], (first, last): (u32, u32), base: f64, settle: f64) -> Found {
    let (from, to) = (f64::from(first), f64::from(last));
    let ends = (first as usize, last as usize);
    let trim = 0.2 * (to - from);
    let rough = mean_between(samples, from + trim, to - trim).map(|mean| mean.0);
    let middle = || samples.get((ends.0 + ends.1) / 2).map_or(base, |code| f64::from(*code));
    let edges = PhaseEdges { start: from, end: to };
    let mut found = Found { edges, level: rough.unwrap_or_else(middle), settled: 0, truncated: false };
    let (mut flanks, mut top) = (None, None);
    // Twice: the level says where the edges are, the edges say which samples are the level's.
    for _ in 0..2 {
        let Some(edges) = Flanks::edges(&mut flanks, samples, ends, base, found.level) else {
            found.truncated = true;
            break;
        };
        found.edges = edges;
        let inside = central(edges.start, edges.end, settle);
        if inside.is_some() && inside == top {
            continue;
        }
        top = inside;
        let mean = inside.and_then(|inside| mean_of(samples, inside)).filter(|(_, n)| *n >= 8);
        found.settled = mean.map_or(0, |(_, n)| n);
        found.level = mean.map_or(found.level, |(level, _)| level);
    }
    found
}

/// Gives joined phases the instant at which the midpoint between their levels is crossed.
fn join(samples: &[i16], excursions: &[Excursion], phases: &[PhaseRow; 3], edges: &mut [PhaseEdges; 3]) {
    for k in 1..excursions.len().min(3) {
        let joined = excursions.get(k).is_some_and(|excursion| excursion.joined);
        let (Some(a), Some(b)) = (phases.get(k - 1), phases.get(k)) else { continue };
        let (Some(left), Some(right)) = (edges.get(k - 1).copied(), edges.get(k).copied()) else { continue };
        if !joined {
            continue;
        }
        let inside = (0.5 * (left.start + left.end)) as usize;
        let slope = if b.level > a.level { Slope::Rising } else { Slope::Falling };
        let shared = crossing(samples, inside, 0.5 * (f64::from(a.level) + f64::from(b.level)), slope)
            .unwrap_or(0.5 * (left.end + right.start));
        if let Some(edge) = edges.get_mut(k - 1) {
            edge.end = shared;
        }
        if let Some(edge) = edges.get_mut(k) {
            edge.start = shared;
        }
    }
}

/// A passive recharge, in samples and codes from the baseline.
#[derive(Debug, Clone, Copy)]
struct Recharge {
    from: f64,
    /// It follows the last phase without a gap.
    joined: bool,
    /// Where its exponential begins.
    level: f64,
}

/// Where an exponential that begins at sample `from` begins: from its means over the first and the second settling time
/// after the filter has settled, carried back by their ratio. Behind the filter an exponential is the same one, late.
fn initial(samples: &[i16], from: f64, base: f64, settle: f64) -> Option<f64> {
    let mean = |k: f64| mean_between(samples, from + k * settle, from + (k + 1.0) * settle - 1.0);
    let (first, second) = (mean(1.0)?.0 - base, mean(2.0).map_or(0.0, |mean| mean.0 - base));
    let ratio = if second * first > 0.0 { (first / second).clamp(1.0, 4.0) } else { 1.0 };
    Some(first * ratio.powf(1.5))
}

/// The end of a phase that a recharge touches: where the midpoint between the two levels is crossed.
fn touch(samples: &[i16], phase: Option<&PhaseRow>, edge: Option<&mut PhaseEdges>, next: f64) {
    let (Some(phase), Some(edge)) = (phase, edge) else { return };
    let level = f64::from(phase.level);
    let slope = if next > level { Slope::Rising } else { Slope::Falling };
    let inside = (0.5 * (edge.start + edge.end)) as usize;
    edge.end = crossing(samples, inside, 0.5 * (level + next), slope).unwrap_or(edge.end);
}

/// Charges: the first phase from its quiet foreground, the last to its quiet end, inner bounds in the middle of the
/// gap. Where two phases share an edge the bound is the shared instant, and what the filter has let through early
/// (and late) there is put back.
fn charge(
    samples: &[i16],
    phases: &mut [PhaseRow; 3],
    edges: &[PhaseEdges; 3],
    pulse: &Shape<'_>,
    recharge: Option<Recharge>,
    constants: &Constants,
) {
    let Shape { excursions, base, quiet, .. } = *pulse;
    let count = excursions.len().min(3);
    let mut from = edges.first().map_or(0.0, |edge| edge.start) - quiet.0;
    let mut carried = 0.0;
    for k in 0..count {
        let (Some(edge), next) = (edges.get(k), edges.get(k + 1).filter(|_| k + 1 < count)) else { break };
        // After the last phase the recharge, if there is one, is what comes next.
        let after = recharge.filter(|_| next.is_none());
        let to = match (next, after) {
            (Some(next), _) => 0.5 * (edge.end + next.start),
            (None, Some(Recharge { joined: true, .. })) => edge.end,
            (None, Some(Recharge { from, .. })) => (0.5 * (edge.end + from)).min(edge.end + quiet.1),
            (None, None) => edge.end + quiet.1,
        };
        let mut area = windowed_sum(samples, from, to) - base * (to - from) + carried;
        carried = 0.0;
        let level = |k: usize| phases.get(k).map_or(0.0, |row| f64::from(row.level) - base);
        let touching = match after {
            Some(recharge) => recharge.joined.then_some(recharge.level),
            None => excursions.get(k + 1).filter(|next| next.joined).map(|_| level(k + 1)),
        };
        if let Some(b) = touching {
            let a = level(k);
            carried = a * constants.late_area + (b - a) * constants.early;
            area -= carried;
        }
        if let Some(row) = phases.get_mut(k) {
            row.area = area as f32;
            row.span = (to - from) as f32;
        }
        from = to;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONSTANTS: Constants = Constants { settling: 4, early: 0.0, late_area: 0.0 };

    /// One phase between samples 20 and 20 + length of a record that rests at zero.
    fn one(samples: &[i16], length: u64) -> PhaseRow {
        let excursions = [Excursion { from: 20, to: 20 + length, joined: false }];
        let pulse = Shape { excursions: &excursions, recharge: None, base: 0.0, quiet: (4.0, 4.0) };
        let found = measure(samples, 0, 20, &pulse, &CONSTANTS);
        assert_eq!((found.count, found.flags), (1, Flags::default()));
        found.phases[0]
    }

    #[test]
    fn the_level_is_that_of_the_settled_top_or_where_there_is_none_charge_over_width() {
        let mut samples = vec![0_i16; 120];
        samples[20..60].fill(1000);
        samples[20] = 1200;
        let long = one(&samples, 40);
        // From 0 to 1200 half the level is crossed after 5/12 of a sample, and half-way down behind the last one.
        assert!((f64::from(long.start) - (-1.0 + 500.0 / 1200.0)).abs() < 1e-6, "{long:?}");
        assert!((f64::from(long.end) - 39.5).abs() < 1e-6, "{long:?}");
        assert_eq!((long.level, long.area), (1000.0, 40_200.0));
        assert!(long.settled >= 8);
        samples[26..].fill(0);
        let short = one(&samples, 6);
        let width = f64::from(short.end) - f64::from(short.start);
        assert_eq!((short.settled, short.area), (0, 6200.0));
        assert!((f64::from(short.level) - 6200.0 / width).abs() < 1e-3, "{short:?}");
    }

    #[test]
    fn joined_phases_share_their_edge_and_the_charge_on_either_side_of_it() {
        let mut samples = vec![0_i16; 120];
        samples[20..50].fill(-1000);
        samples[50..80].fill(500);
        let excursions =
            [Excursion { from: 20, to: 50, joined: false }, Excursion { from: 50, to: 80, joined: true }];
        let pulse = Shape { excursions: &excursions, recharge: None, base: 0.0, quiet: (4.0, 4.0) };
        let found = measure(&samples, 0, 20, &pulse, &CONSTANTS);
        let [first, second, _] = found.phases;
        // The middle between −1000 and 500 lies half-way from sample 49 to sample 50.
        assert_eq!((first.end, second.start), (29.5, 29.5));
        assert_eq!((first.level, second.level), (-1000.0, 500.0));
        assert!((first.area + 30_000.0).abs() < 200.0 && (second.area - 15_000.0).abs() < 200.0, "{found:?}");
        assert!((first.area + second.area + 15_000.0).abs() < 1e-2, "{found:?}");
    }
}
