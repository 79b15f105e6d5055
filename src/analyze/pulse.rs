//! The numbers of one pulse, each with its budget.

use crate::measure::edge::{PhaseEdges, Slope, crossing, last_crossing};
use crate::measure::level::{central_mean, mean_between};
use crate::measure::window::windowed_sum;

use super::baseline::Baseline;
use super::finder::Segment;
use crate::measure::{Input, Measured};

/// One phase of a pulse.
#[derive(Debug, Clone, PartialEq)]
pub struct Phase {
    /// −1 cathodic, +1 anodic.
    pub polarity: i8,
    /// 50 % instants, samples from the first of the record.
    pub edges: PhaseEdges,
    /// Magnitude of the level, A.
    pub amplitude: Measured,
    /// 50 % duration, s.
    pub width: Measured,
    /// Signed charge up to the middle of the gap, C.
    pub charge: Measured,
    /// Samples in the transition of the leading edge, 10 to 90 %.
    pub transition: f64,
}

/// One pulse of a capture.
#[derive(Debug, Clone, PartialEq)]
pub struct Pulse {
    /// Counting from 0 among the whole pulses of the record.
    pub index: usize,
    /// Leading 50 % instant on the file's time axis, s.
    pub time: f64,
    /// One or two phases.
    pub phases: Vec<Phase>,
    /// Interphase gap, s; `None` with one phase.
    pub gap: Option<Measured>,
    /// Signed charge of the pulse window, C.
    pub net_charge: Measured,
    /// Net charge over the leading phase's, as a fraction; positive is net anodic.
    pub charge_imbalance: Measured,
    /// Bounds of the pulse window, samples.
    pub window: (f64, f64),
    /// Step of the voltage across the leading edge, V.
    pub access_voltage: Option<Measured>,
    /// The same over the step of the current, Ω.
    pub access_resistance: Option<Measured>,
    /// Shift of the electrode's voltage by the leading phase, V.
    pub polarization: Option<Measured>,
}

/// What all pulses of a record share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting<'a> {
    /// Current, A.
    pub samples: &'a [f64],
    /// Sample interval, s.
    pub dt: f64,
    /// First sample's time, s.
    pub t0: f64,
    /// White noise, A.
    pub noise: f64,
    /// Resolution of the file, A.
    pub step: f64,
    pub baseline: &'a Baseline,
    /// Limit of error of the instrument, as a fraction of the reading.
    pub max_error: Option<f64>,
    /// Guard around a pulse, samples.
    pub guard: f64,
}

impl Setting<'_> {
    fn gain(&self, value: f64) -> Option<Input> {
        self.max_error.map(|error| Input::rectangular("instrument limit of error", error * value))
    }

    /// What the baseline contributes to a level.
    fn rest(&self) -> Input {
        if self.baseline.quiet {
            Input::common("baseline", 1.25 * self.noise / (self.baseline.count.max(1) as f64).sqrt())
        } else {
            Input::rectangular("baseline not quiet", self.baseline.span() / 2.0)
        }
    }

    /// What finite sampling leaves open in the instant of an edge, samples. An edge within one interval lies anywhere
    /// in it (1/√12, so 1/√6 for a width); linear interpolation on a transition of n intervals errs by its curvature,
    /// which falls with n².
    fn instant(&self, transition: f64) -> f64 {
        1.0 / (12_f64.sqrt() * transition.max(1.0).powi(2))
    }
}

/// 10–90 % duration of the transition that crosses 50 % at `instant`, samples; edges within one interval give < 1.
pub(super) fn transition(samples: &[f64], instant: f64, from: f64, to: f64) -> f64 {
    let slope = if to > from { Slope::Rising } else { Slope::Falling };
    let level = |part: f64| from + part * (to - from);
    let before = last_crossing(samples, instant.floor() as usize + 2, level(0.1), slope);
    let after = crossing(samples, instant.floor() as usize, level(0.9), slope);
    match (before, after) {
        (Some(before), Some(after)) if after > before && after - before < 0.5 * samples.len() as f64 => {
            after - before
        }
        _ => 0.0,
    }
}

/// Measures one pulse. `None` if a phase has no samples in its middle or no 50 % instants.
pub(super) fn measure(
    set: &Setting<'_>,
    index: usize,
    leading: &Segment,
    recovery: Option<&Segment>,
) -> Option<Pulse> {
    let base = set.baseline.level;
    let first = phase_edges(set, leading)?;
    let second = match recovery {
        Some(recovery) => Some(phase_edges(set, recovery)?),
        None => None,
    };
    let (first, second, joined) = join(set, first, second);
    let end = second.map_or(first.0.end, |(edges, _)| edges.end);
    let window = (first.0.start - set.guard, end + set.guard);
    let between = second.map_or(window.1, |(edges, _)| (first.0.end + edges.start) / 2.0);
    let mut phases = vec![phase(set, first, (window.0, between))?];
    if let Some(second) = second {
        phases.push(phase(set, second, (between, window.1))?);
    }
    let length = window.1 - window.0;
    let sum = |from: f64, to: f64| windowed_sum(set.samples, from, to) - base * (to - from);
    let lead = phases.first()?;
    let (amplitude, transition, lead_charge) =
        (lead.amplitude.value, lead.transition, lead.charge.value.abs());
    let net = sum(window.0, window.1) * set.dt;
    let mut lines = charge_lines(set, length, amplitude, transition, phases.len());
    lines.extend(set.gain(net));
    let net_charge = Measured::new(net, lines);
    let ratio = net / lead_charge;
    // The gain is common to both charges and cancels.
    let own = |line: &&Input| line.name != "instrument limit of error";
    let mut lines: Vec<Input> = net_charge.budget.iter().filter(own).copied().collect();
    for line in &mut lines {
        *line = line.scaled(1.0 / lead_charge);
    }
    let share =
        lead.charge.budget.iter().filter(own).map(|line| line.u * line.u).sum::<f64>().sqrt() / lead_charge;
    lines.push(Input::common("leading charge", ratio * share));
    let gap = second.map(|(edges, _)| {
        let value = if joined { 0.0 } else { (edges.start - first.0.end) * set.dt };
        let edge = set.instant(transition) * std::f64::consts::SQRT_2 * set.dt;
        Measured::new(value, vec![Input::noise("edges", edge)])
    });
    Some(Pulse {
        index,
        time: set.t0 + first.0.start * set.dt,
        gap,
        charge_imbalance: Measured::new(ratio, lines),
        net_charge,
        phases,
        window,
        access_voltage: None,
        access_resistance: None,
        polarization: None,
    })
}

/// Refined 50 % instants about the measured baseline, and the level.
fn phase_edges(set: &Setting<'_>, segment: &Segment) -> Option<(PhaseEdges, f64)> {
    let base = set.baseline.level;
    let (level, _) = central_mean(set.samples, segment.edges.start, segment.edges.end, 0.0)
        .or_else(|| mean_between(set.samples, segment.edges.start, segment.edges.end))?;
    let middle = (segment.edges.start + segment.edges.end) / 2.0;
    let edges = PhaseEdges::at(set.samples, middle.round() as usize, base, level, 0.5)?;
    let (level, _) = central_mean(set.samples, edges.start, edges.end, 0.0)
        .or_else(|| mean_between(set.samples, edges.start, edges.end))?;
    Some((edges, level))
}

type Held = (PhaseEdges, f64);

/// With no gap the phases share one edge: where the trace crosses the middle between their levels.
fn join(set: &Setting<'_>, first: Held, second: Option<Held>) -> (Held, Option<Held>, bool) {
    let Some((mut edges, level)) = second else { return (first, None, false) };
    let (mut lead, top) = first;
    let slope = if level > top { Slope::Rising } else { Slope::Falling };
    let shared = crossing(set.samples, lead.end.floor() as usize, (top + level) / 2.0, slope);
    let steep = transition(set.samples, (lead.end + edges.start) / 2.0, top, level).max(1.0);
    match shared {
        // Apart by less than the transition between the levels takes: there is no rest between them.
        Some(shared) if edges.start - lead.end <= 0.6 * steep => {
            lead.end = shared;
            edges.start = shared;
            ((lead, top), Some((edges, level)), true)
        }
        _ => (first, Some((edges, level)), false),
    }
}

fn phase(set: &Setting<'_>, (edges, level): Held, window: (f64, f64)) -> Option<Phase> {
    let base = set.baseline.level;
    let level = level - base;
    let transition = transition(set.samples, edges.start, base, base + level);
    let (from, to) = (edges.start + 0.2 * edges.width(), edges.end - 0.2 * edges.width());
    let top = set.samples.get(from.ceil().max(0.0) as usize..=to.floor().max(0.0) as usize).unwrap_or(&[]);
    let count = top.len().max(1) as f64;
    let mut lines = vec![
        set.rest(),
        Input::rectangular("quantisation of the file", set.step / 2.0),
        Input::noise("noise", set.noise / count.sqrt()),
    ];
    let unsettled = top_step(top, set.noise, set.step);
    if unsettled > 0.0 {
        lines.push(Input::rectangular("step within the top", unsettled / 2.0));
    }
    lines.extend(set.gain(level));
    let amplitude = Measured::new(level.abs(), lines);

    // A level that is wrong by δ moves the 50 % points by δ/2 on edges whose slope is 0.8 of the level per transition.
    let tilt = transition.max(1.0) / (0.8 * level.abs().max(f64::MIN_POSITIVE));
    let own = |line: &&Input| line.name != "instrument limit of error";
    let level_u = amplitude.budget.iter().filter(own).map(|line| line.u * line.u).sum::<f64>().sqrt();
    let width = Measured::new(
        edges.width() * set.dt,
        vec![
            Input::noise("edges", set.instant(transition) * std::f64::consts::SQRT_2 * set.dt),
            Input::noise("noise", (4.0_f64 / 3.0).sqrt() * set.noise * tilt * set.dt),
            Input::common("level", level_u * tilt * set.dt),
        ],
    );
    let length = window.1 - window.0;
    let charge = (windowed_sum(set.samples, window.0, window.1) - base * length) * set.dt;
    let mut lines = charge_lines(set, length, level.abs(), transition, 1);
    lines.extend(set.gain(charge));
    Some(Phase {
        polarity: if level < 0.0 { -1 } else { 1 },
        edges,
        amplitude,
        width,
        charge: Measured::new(charge, lines),
        transition,
    })
}

/// Inputs of a charge over a window of `length` samples that holds `phases` phases of `amplitude`.
fn charge_lines(
    set: &Setting<'_>,
    length: f64,
    amplitude: f64,
    transition: f64,
    phases: usize,
) -> Vec<Input> {
    let rest = set.rest();
    // Each phase's width is open by √2 instants; leading and recovery phases are so independently.
    let edges = amplitude * set.instant(transition) * (2.0 * phases as f64).sqrt() * set.dt;
    vec![
        rest.scaled(length * set.dt),
        Input::rectangular("quantisation of the file", set.step / 2.0 * length.sqrt() * set.dt),
        Input::noise("noise", set.noise * length.sqrt() * set.dt),
        Input::noise("edges", edges),
    ]
}

/// How far the parts of a top lie apart beyond what noise does; a top that steps has no one level.
fn top_step(top: &[f64], noise: f64, step: f64) -> f64 {
    const PARTS: usize = 8;
    let size = top.len().div_ceil(PARTS);
    if size < 2 {
        return 0.0;
    }
    let means =
        top.chunks(size).filter(|part| part.len() == size).map(|part| part.iter().sum::<f64>() / size as f64);
    let (low, high) =
        means.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(y), high.max(y)));
    let by_noise = 2.0 * 3.0 * noise / (size as f64).sqrt() + 2.0 * step;
    if high - low > by_noise { high - low } else { 0.0 }
}
