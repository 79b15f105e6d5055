//! A pulse as it is kept: what was read off the samples, in their own units, without its uncertainties. Those follow from
//! it and from what all pulses share ([`super::pulse`]), so that a record may hold a million pulses.

use crate::measure::edge::{PhaseEdges, Slope, crossing, last_crossing};
use crate::measure::level::{central_mean, mean_between};
use crate::measure::sample::{Sample, Side};
use crate::measure::window::windowed_sum;

use super::baseline::PLATEAU;
use super::finder::FEWEST;
use super::noise::median;

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
    /// Some of them are at an end of the range.
    pub clipped: bool,
    /// By how much the middle third of its top is further from the baseline than the first one, and the last one than the middle one.
    pub bend: (f32, f32),
}

/// One pulse.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Row {
    pub leading: PhaseRow,
    pub recovery: Option<PhaseRow>,
    /// 10–90 % of the edge that the phases share, samples; `None` where each has its own.
    pub joined: Option<f32>,
    /// Bounds of the pulse window, samples: a guard around its edges, or half way to a pulse that touches it.
    pub window: (f64, f64),
    /// Sum of the samples of the pulse window about the baseline.
    pub net: f64,
    /// How far the rest beside the pulse is from the baseline, before it or behind it, whichever is less; 0 where it is too short to
    /// tell.
    pub beside: f32,
    /// How far the trace is from the baseline where the window ends, beyond noise: what still flows there goes on behind it.
    pub tail: f32,
    /// Sum of the samples from the window's beginning of the pulse before to that of this one, not about the baseline.
    pub before: f64,
}

impl Row {
    /// Where the last phase ends, samples.
    pub(super) fn end(&self) -> f64 {
        self.recovery.map_or(self.leading.edges.end, |recovery| recovery.edges.end)
    }

    /// Where the leading phase's window ends: in the middle of the gap, or with the pulse.
    pub(super) fn between(&self) -> f64 {
        let middle = |recovery: PhaseRow| (self.leading.edges.end + recovery.edges.start) / 2.0;
        self.recovery.map_or(self.window.1, middle)
    }

    /// The longest rest that phases which share an edge may have had between them, samples: as it grows, that edge becomes longer than
    /// one of a single phase. By exponential edges a rest adds the less the shorter it is, so half a transition goes unseen. Edges
    /// within a sample hide what lies between the samples around the rest, 0.8 of which a straight line from level to level shows.
    pub(super) fn closed(&self) -> Option<f64> {
        let (one, steep) = (self.leading.transition, f64::from(self.joined?));
        Some(if one < UNRESOLVED { steep / 0.8 } else { (steep - 0.5 * one).max(0.5 * one) })
    }

    /// The same about a baseline that is higher by a difference too small to move an edge.
    pub(super) fn about(mut self, higher: f64) -> Self {
        let ((start, end), between) = (self.window, self.between());
        self.leading.level -= higher;
        self.leading.charge -= higher * (between - start);
        if let Some(recovery) = &mut self.recovery {
            recovery.level -= higher;
            recovery.charge -= higher * (end - between);
        }
        self.net -= higher * (end - start);
        self.beside -= if self.beside == 0.0 { 0.0 } else { higher as f32 };
        self
    }

    /// Its instants counted from a sample `origin` before.
    pub(super) fn moved(mut self, origin: usize) -> Self {
        for phase in [Some(&mut self.leading), self.recovery.as_mut()].into_iter().flatten() {
            phase.edges.start += origin as f64;
            phase.edges.end += origin as f64;
        }
        self.window.0 += origin as f64;
        self.window.1 += origin as f64;
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
    /// Samples between the windows of two pulses, at least.
    pub room: f64,
    /// Samples of the record.
    pub samples: usize,
    /// The ends of the range that the record ran into, lowest and highest.
    pub limits: [Option<f64>; 2],
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

/// Reads a pulse off the samples around it; its phases are counted from the first of them, and so are the instants between which
/// nothing of another pulse flows. `None` if a phase has no samples in its middle or no 50 % instants.
pub(super) fn read<S: Sample>(
    set: &Levels,
    samples: &[S],
    (leading, recovery): (&PhaseEdges, Option<&PhaseEdges>),
    (from, to): (f64, f64),
) -> Option<Row> {
    let first = phase_edges(set, samples, leading)?;
    let second = match recovery {
        Some(recovery) => Some(phase_edges(set, samples, recovery)?),
        None => None,
    };
    let (first, second, joined) = join(set, samples, first, second);
    let end = second.map_or(first.0.end, |(edges, _)| edges.end);
    let window = ((first.0.start - set.guard).max(from), (end + set.guard).min(to));
    let between = second.map_or(window.1, |(edges, _)| (first.0.end + edges.start) / 2.0);
    Some(Row {
        leading: phase(set, samples, first, (window.0, between)),
        recovery: second.map(|second| phase(set, samples, second, (between, window.1))),
        joined,
        window,
        net: charge(set, samples, window),
        beside: beside(set, samples, window) as f32,
        tail: tail(set, samples, (end, window.1)) as f32,
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
    let level = level(&edges)?;
    Some((outer(samples, edges, set.base, level).unwrap_or(edges), level))
}

/// Noise crosses a level several times on a slow edge, and the crossing nearest to the top is late: the middle between the first and
/// the last one is not. Where the trace has been at the top in between, the later crossing is of a top that noise brings so low.
fn outer<S: Sample>(samples: &[S], edges: PhaseEdges, base: f64, level: f64) -> Option<PhaseEdges> {
    let (up, down) =
        if level > base { (Slope::Rising, Slope::Falling) } else { (Slope::Falling, Slope::Rising) };
    let [tenth, half, most] = [0.1, 0.5, 0.9].map(|part| base + part * (level - base));
    let before = last_crossing(samples, edges.start.floor() as usize + 2, tenth, up)?;
    let first = crossing(samples, before.floor() as usize, half, up)?;
    let after = crossing(samples, edges.end.floor() as usize, tenth, down)?;
    let last = last_crossing(samples, after.floor() as usize + 2, half, down)?;
    let (first, last) = (first.min(edges.start), last.max(edges.end));
    let there = crossing(samples, first.floor() as usize, most, up);
    let back = last_crossing(samples, last.floor() as usize + 2, most, down);
    let start = if there.is_some_and(|there| there < edges.start) { first } else { edges.start };
    let end = if back.is_some_and(|back| back > edges.end) { last } else { edges.end };
    Some(PhaseEdges { start: (first + start) / 2.0, end: (last + end) / 2.0 })
}

type Held = (PhaseEdges, f64);

/// Standard deviations beyond which what flows at the end of a window is no noise.
const TAIL: f64 = 4.0;

/// Edges whose transition is shorter, in samples, are as good as steps.
const UNRESOLVED: f64 = 1.3;

/// How far apart the 50 % instants of two phases are on one edge between their levels, in 10–90 % transitions of it: a straight one
/// has a half of 0.8 between them, which is 0.625, and an exponential one of equal levels 0.5.
const ONE_EDGE: f64 = 0.65;

/// The same for an exponential edge to a level of which the first one is so many times as high, in transitions of the leading edge;
/// with what noise makes of them.
fn exponential(times: f64) -> f64 {
    1.25 * (2.0 + times).ln() / 9_f64.ln()
}

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
    let middle = (top + level) / 2.0;
    let early = crossing(samples, lead.end.floor() as usize, middle, slope);
    let late = last_crossing(samples, edges.start.floor() as usize + 2, middle, slope);
    let shared = early.map(|early| (early + late.unwrap_or(early).max(early)) / 2.0);
    let steep = transition(samples, set.samples, (lead.end + edges.start) / 2.0, top, level);
    let apart = edges.start - lead.end;
    // Apart by less than the transition between the levels takes: there is no rest between them.
    let one = apart <= ONE_EDGE * steep.max(1.0);
    // Nor by more, where the second level is low; but there what lies between the 50 % instants may all be a rest.
    let times = ((top - set.base) / (level - set.base)).abs();
    let lead_edge = transition(samples, set.samples, lead.start, set.base, top);
    let low = lead_edge >= UNRESOLVED && apart <= exponential(times) * lead_edge;
    match shared.filter(|_| one || low) {
        Some(shared) => {
            lead.end = shared;
            edges.start = shared;
            let steep = if one { steep } else { steep.max(1.1 * apart + 0.5 * lead_edge) };
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
        clipped: clipped(top, set.limits),
        bend: bend(samples, edges, top, level < set.base),
    }
}

/// Whether a top lies at an end of the range, beyond what noise alone brings there.
pub(super) fn clipped<S: Sample>(top: &[S], [low, high]: [Option<f64>; 2]) -> bool {
    let ends = [low.map(|low| (Side::AtMost, low)), high.map(|high| (Side::AtLeast, high))];
    let few = FEWEST.min(top.len().max(1));
    ends.into_iter().flatten().any(|(side, end)| S::count(top, side, end) >= few)
}

/// How the thirds of a top follow each other; of a top of two samples or one, those of the whole phase.
fn bend<S: Sample>(samples: &[S], edges: PhaseEdges, top: &[S], below: bool) -> (f32, f32) {
    let phase = || samples.get(edges.start.ceil().max(0.0) as usize..=edges.end.floor().max(0.0) as usize);
    let part = if top.len() < 3 { phase().unwrap_or(top) } else { top };
    let third = part.len() / 3;
    if third == 0 {
        return (0.0, 0.0);
    }
    let mean = |part: &[S]| S::sum(part) / part.len() as f64;
    let ((first, rest), sign) = (part.split_at(third), if below { -1.0 } else { 1.0 });
    let (middle, last) = rest.split_at(rest.len() - third);
    let [first, middle, last] = [first, middle, last].map(mean);
    ((sign * (middle - first)) as f32, (sign * (last - middle)) as f32)
}

/// The distance from the baseline of the plateau before a window or behind it, whichever is nearer: of a pulse on another plateau
/// both are far from it.
fn beside<S: Sample>(set: &Levels, samples: &[S], (start, end): (f64, f64)) -> f64 {
    let length = set.room.min(PLATEAU as f64) as usize;
    if length < PLATEAU / 4 {
        return 0.0;
    }
    let before = (start.floor().max(0.0) as usize).min(samples.len());
    let behind = end.ceil().max(0.0) as usize;
    let parts = [samples.get(before.saturating_sub(length)..before), samples.get(behind..behind + length)];
    let off = parts.into_iter().flatten().filter(|part| part.len() == length).map(|part| {
        let mut values: Vec<f64> = part.iter().map(|sample| sample.value()).collect();
        median(&mut values) - set.base
    });
    off.min_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(0.0)
}

/// The largest distance from the baseline in the last third of the window behind a pulse, between these instants; 0 where noise makes
/// it.
fn tail<S: Sample>(set: &Levels, samples: &[S], (end, last): (f64, f64)) -> f64 {
    let index = |part: f64| (end + part * (last - end)).ceil().max(0.0) as usize;
    let part = samples.get(index(2.0 / 3.0)..index(1.0).min(samples.len())).unwrap_or(&[]);
    if part.is_empty() {
        return 0.0;
    }
    let (low, high) = S::extremes(part);
    let most = (high - set.base).max(set.base - low);
    if most > TAIL * set.noise + set.step { most } else { 0.0 }
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
        let set = Levels {
            base: 0.0,
            noise: 0.0,
            step: 0.0,
            guard: 20.0,
            room: 0.0,
            samples: 500,
            limits: [None, None],
        };
        let leading = PhaseEdges { start: 100.0, end: 200.0 };
        let recovery = PhaseEdges { start: 200.0 + rest, end: 300.0 + rest };
        read(&set, &samples, (&leading, Some(&recovery)), (f64::NEG_INFINITY, f64::INFINITY)).unwrap()
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
