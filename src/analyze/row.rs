//! A pulse as it is kept: what was read off the samples, in their own units, without its uncertainties. Those follow from
//! it and from what all pulses share ([`super::pulse`]), so that a record may hold a million pulses.

use crate::measure::edge::{PhaseEdges, Slope, crossing, last_crossing};
use crate::measure::level::{central_mean, mean_between};
use crate::measure::sample::Sample;
use crate::measure::window::windowed_sum;

/// One phase.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PhaseRow {
    /// 50 % instants, samples from the first of the record.
    pub edges: PhaseEdges,
    /// Level about the baseline.
    pub level: f64,
    /// Sum of the samples of its window about the baseline.
    pub charge: f64,
    /// 10–90 % of the leading edge, samples.
    pub transition: f64,
    /// Distance of the parts of its top beyond what noise does.
    pub unsettled: f32,
    /// Samples of its top.
    pub top: u32,
}

/// One pulse.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Row {
    pub leading: PhaseRow,
    pub recovery: Option<PhaseRow>,
    /// 10–90 % of the edge that the phases share, samples; `None` where each has its own.
    pub joined: Option<f32>,
    /// Sum of the samples of the pulse window about the baseline.
    pub net: f64,
    /// Sum of the samples from the window's beginning of the pulse before to that of this one, not about the baseline.
    pub before: f64,
}

impl Row {
    /// Bounds of the pulse window, samples.
    pub(super) fn window(&self, guard: f64) -> (f64, f64) {
        let end = self.recovery.map_or(self.leading.edges.end, |recovery| recovery.edges.end);
        (self.leading.edges.start - guard, end + guard)
    }

    /// Where the leading phase's window ends: in the middle of the gap, or with the pulse.
    pub(super) fn between(&self, guard: f64) -> f64 {
        let middle = |recovery: PhaseRow| (self.leading.edges.end + recovery.edges.start) / 2.0;
        self.recovery.map_or(self.window(guard).1, middle)
    }

    /// The longest rest that phases which share an edge may have had between them, samples: as it grows, that edge becomes longer than
    /// one of a single phase. By exponential edges a rest adds the less the shorter it is, so half a transition goes unseen. Edges
    /// within one sample have their place in it as their own uncertainty.
    pub(super) fn closed(&self) -> Option<f64> {
        let one = self.leading.transition;
        let steep = self.joined.filter(|_| one > 1.0)?;
        Some((f64::from(steep) - 0.5 * one).max(0.5 * one))
    }

    /// The same about a baseline that is higher by a difference too small to move an edge.
    pub(super) fn about(mut self, higher: f64, guard: f64) -> Self {
        let ((start, end), between) = (self.window(guard), self.between(guard));
        self.leading.level -= higher;
        self.leading.charge -= higher * (between - start);
        if let Some(recovery) = &mut self.recovery {
            recovery.level -= higher;
            recovery.charge -= higher * (end - between);
        }
        self.net -= higher * (end - start);
        self
    }

    /// Its instants counted from a sample `origin` before.
    pub(super) fn moved(mut self, origin: usize) -> Self {
        for phase in [Some(&mut self.leading), self.recovery.as_mut()].into_iter().flatten() {
            phase.edges.start += origin as f64;
            phase.edges.end += origin as f64;
        }
        self
    }
}

/// What the rows of a record share, in units of its samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Levels {
    /// Rest level.
    pub base: f64,
    /// White noise.
    pub noise: f64,
    /// Resolution of the file.
    pub step: f64,
    /// Samples around a pulse.
    pub guard: f64,
    /// Samples of the record.
    pub samples: usize,
}

/// 10–90 % duration of the transition that crosses 50 % at `instant`, samples; edges within one interval give < 1. Half of
/// the record's samples or more is no edge.
pub(super) fn transition<S: Sample>(samples: &[S], of: usize, instant: f64, from: f64, to: f64) -> f64 {
    let slope = if to > from { Slope::Rising } else { Slope::Falling };
    let level = |part: f64| from + part * (to - from);
    let before = last_crossing(samples, instant.floor() as usize + 2, level(0.1), slope);
    let after = crossing(samples, instant.floor() as usize, level(0.9), slope);
    match (before, after) {
        (Some(before), Some(after)) if after > before && after - before < 0.5 * of as f64 => after - before,
        _ => 0.0,
    }
}

/// Reads a pulse off the samples around it; its phases are counted from the first of them. `None` if a phase has no
/// samples in its middle or no 50 % instants.
pub(super) fn read<S: Sample>(
    set: &Levels,
    samples: &[S],
    leading: &PhaseEdges,
    recovery: Option<&PhaseEdges>,
) -> Option<Row> {
    let first = phase_edges(set, samples, leading)?;
    let second = match recovery {
        Some(recovery) => Some(phase_edges(set, samples, recovery)?),
        None => None,
    };
    let (first, second, joined) = join(set, samples, first, second);
    let end = second.map_or(first.0.end, |(edges, _)| edges.end);
    let window = (first.0.start - set.guard, end + set.guard);
    let between = second.map_or(window.1, |(edges, _)| (first.0.end + edges.start) / 2.0);
    Some(Row {
        leading: phase(set, samples, first, (window.0, between)),
        recovery: second.map(|second| phase(set, samples, second, (between, window.1))),
        joined,
        net: charge(set, samples, window),
        before: 0.0,
    })
}

fn charge<S: Sample>(set: &Levels, samples: &[S], (from, to): (f64, f64)) -> f64 {
    windowed_sum(samples, from, to) - set.base * (to - from)
}

/// Refined 50 % instants about the measured baseline, and the level.
fn phase_edges<S: Sample>(set: &Levels, samples: &[S], segment: &PhaseEdges) -> Option<Held> {
    let level = |edges: &PhaseEdges| {
        let central = central_mean(samples, edges.start, edges.end, 0.0);
        central.or_else(|| mean_between(samples, edges.start, edges.end)).map(|(level, _)| level)
    };
    let middle = (segment.start + segment.end) / 2.0;
    let edges = PhaseEdges::at(samples, middle.round() as usize, set.base, level(segment)?, 0.5)?;
    Some((edges, level(&edges)?))
}

type Held = (PhaseEdges, f64);

/// How far apart the 50 % instants of two phases are on one edge between their levels, in 10–90 % transitions of it: a straight one
/// has a half of 0.8 between them, which is 0.625, and an exponential one 0.5.
const ONE_EDGE: f64 = 0.65;

/// With no gap the phases share one edge: where the trace crosses the middle between their levels.
fn join<S: Sample>(
    set: &Levels,
    samples: &[S],
    first: Held,
    second: Option<Held>,
) -> (Held, Option<Held>, Option<f32>) {
    let Some((mut edges, level)) = second else { return (first, None, None) };
    let (mut lead, top) = first;
    let slope = if level > top { Slope::Rising } else { Slope::Falling };
    let shared = crossing(samples, lead.end.floor() as usize, (top + level) / 2.0, slope);
    let steep = transition(samples, set.samples, (lead.end + edges.start) / 2.0, top, level);
    match shared {
        // Apart by less than the transition between the levels takes: there is no rest between them.
        Some(shared) if edges.start - lead.end <= ONE_EDGE * steep.max(1.0) => {
            lead.end = shared;
            edges.start = shared;
            ((lead, top), Some((edges, level)), Some(steep as f32))
        }
        _ => (first, Some((edges, level)), None),
    }
}

fn phase<S: Sample>(set: &Levels, samples: &[S], (edges, level): Held, window: (f64, f64)) -> PhaseRow {
    let (from, to) = (edges.start + 0.2 * edges.width(), edges.end - 0.2 * edges.width());
    let top = samples.get(from.ceil().max(0.0) as usize..=to.floor().max(0.0) as usize).unwrap_or(&[]);
    PhaseRow {
        edges,
        level: level - set.base,
        charge: charge(set, samples, window),
        transition: transition(samples, set.samples, edges.start, set.base, level),
        unsettled: unsettled(top, set.noise, set.step) as f32,
        top: u32::try_from(top.len()).unwrap_or(u32::MAX),
    }
}

/// How far the parts of a top lie apart beyond what noise does; a top that steps has no one level.
fn unsettled<S: Sample>(top: &[S], noise: f64, step: f64) -> f64 {
    const PARTS: usize = 8;
    let size = top.len().div_ceil(PARTS);
    if size < 2 {
        return 0.0;
    }
    let means = top.chunks_exact(size).map(|part| S::sum(part) / size as f64);
    let (low, high) =
        means.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(y), high.max(y)));
    let by_noise = 2.0 * 3.0 * noise / (size as f64).sqrt() + 2.0 * step;
    if high - low > by_noise { high - low } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pulse of 100 samples a phase on straight edges of `length` samples whose 50 % instants are `rest` apart.
    fn ramped(length: f64, rest: f64) -> Row {
        let edge = |at: f64, time: f64| ((time - at) / length + 0.5).clamp(0.0, 1.0);
        let phase = |at: f64, time: f64| edge(at, time) - edge(at + 100.0, time);
        let value = |time: f64| phase(200.0 + rest, time) - phase(100.0, time);
        let samples: Vec<f64> = (0..500).map(|at| value(f64::from(at))).collect();
        let set = Levels { base: 0.0, noise: 0.0, step: 0.0, guard: 20.0, samples: 500 };
        let leading = PhaseEdges { start: 100.0, end: 200.0 };
        let recovery = PhaseEdges { start: 200.0 + rest, end: 300.0 + rest };
        read(&set, &samples, &leading, Some(&recovery)).unwrap()
    }

    #[test]
    fn straight_edges_without_a_rest_are_one_edge() {
        for length in [8.0, 20.0] {
            let row = ramped(length, 0.0);
            let recovery = row.recovery.unwrap();
            assert!((row.leading.edges.end - 200.0).abs() < 1e-9, "{row:?}");
            assert_eq!(row.leading.edges.end, recovery.edges.start);
            // From −0.8 to 0.8 on a slope of 2 a length.
            let steep = f64::from(row.joined.unwrap());
            assert!((steep - 0.8 * length).abs() < 1e-5, "{length}: {steep}");
        }
        for (length, part) in [(8.0, 0.4), (8.0, 0.9), (20.0, 0.6)] {
            // A rest that reads 0 is within what the edge leaves open: it is longer by 0.6 lengths, and half of one of 0.8 is taken off.
            let rest = part * length;
            let closed = ramped(length, rest).closed().unwrap();
            assert!((closed - rest - 0.2 * length).abs() < 1e-4, "{length} {rest}: {closed}");
        }
        let apart = ramped(8.0, 30.0);
        let rest = apart.recovery.unwrap().edges.start - apart.leading.edges.end;
        assert!(apart.joined.is_none() && (rest - 30.0).abs() < 1e-9, "{apart:?}");
    }
}
