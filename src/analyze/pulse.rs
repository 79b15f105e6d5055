//! The numbers of one pulse, each with its budget.

use crate::measure::edge::PhaseEdges;
use crate::measure::{Input, Measured};

use super::passes::Scaled;
use super::row::{PhaseRow, Row};
use super::voltage::{Electrode, VoltageRow};
use super::wander::Wander;

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
    /// The range of the instrument cut off its top: amplitude and charge are at least what was read, and U is unknown.
    pub clipped: bool,
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
    /// The range of the instrument cut off the voltage, or the current that it is divided by: these have no U that is known.
    pub voltage_clipped: bool,
}

impl Pulse {
    /// The top of one of its phases is cut off: what is made of both phases has no U that is known.
    pub fn is_clipped(&self) -> bool {
        self.phases.iter().any(|phase| phase.clipped)
    }
}

/// What all pulses of a record share.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Setting {
    /// Of the current's samples.
    pub scale: Scaled,
    /// Sample interval, s.
    pub dt: f64,
    /// Standard uncertainty of the interval as it was read from the file, as a fraction of it.
    pub dt_u: f64,
    /// First sample's time, s.
    pub t0: f64,
    /// White noise, A.
    pub noise: f64,
    /// Resolution of the file, A.
    pub step: f64,
    /// What the baseline contributes to a level.
    pub rest: Input,
    /// What it does besides white noise, in units of the samples.
    pub wander: Wander,
    /// Limit of error of the instrument, as a fraction of the reading.
    pub max_error: Option<f64>,
    /// How far from the rest level a phase begins, A: what is smaller is not found.
    pub enter: f64,
    /// How far a level may be off because the tops are not flat, as a fraction of it: leading phases, recoveries.
    pub slant: [f64; 2],
    /// Of the voltage, where there is one.
    pub electrode: Option<Electrode>,
}

/// The lines that grow with a charge and with nothing else: both charges of a ratio have them in common, and they cancel.
const INSTRUMENT: &str = "instrument limit of error";
pub(super) const INTERVAL: &str = "sample interval of the file";

/// What finite sampling leaves open: where edges lie between samples.
const EDGES: &str = "edges";

/// A rest between two phases that their edges close: it reads 0, and as parts of their widths.
const CLOSED: &str = "rest within the edges";

/// What still flows where the window of a pulse ends, for another transition.
pub(super) const TAIL: &str = "tail behind the window";

/// A baseline that is not one level.
pub(super) const NOT_QUIET: &str = "baseline not quiet";

/// What is slower than a pulse. Each pulse meets another part of it, unless the two keep step, as a train at the rate of the mains does.
const WANDER: &str = "baseline wander";
/// Noise that is alike from sample to sample.
const ALIKE: &str = "correlated noise";

/// An estimate as it enters a mean, where edges share that part of the variance of their errors ([`super::Pulses::in_step`]): what
/// they share does not become smaller. Nor does what may keep step with the pulses, as nothing tells whether it does.
pub(super) fn in_step(mut estimate: Measured, share: f64) -> Measured {
    let mut free = Vec::new();
    estimate.budget.iter_mut().filter(|line| line.name == WANDER).for_each(|line| line.common = true);
    for line in estimate.budget.iter_mut().filter(|line| line.name == EDGES) {
        free.push(Input::noise("edges at a free phase", line.u * (1.0 - share).max(0.0).sqrt()));
        *line = Input::common(EDGES, line.u * share.sqrt());
    }
    estimate.budget.extend(free);
    estimate
}

/// Whether a line grows with the value alone.
pub(super) fn is_factor(line: &Input) -> bool {
    line.name == INSTRUMENT || line.name == INTERVAL
}

/// Whether a line is what the baseline does besides white noise, which depends on how long it is looked at.
pub(super) fn is_wander(line: &Input) -> bool {
    line.name == WANDER || line.name == ALIKE
}

/// Whether noise of that size is too small to carry a level across the steps of the file: rounding then errs by the same in
/// every sample of a plateau, and no mean makes it smaller.
pub(super) fn rounds_alike(noise: f64, step: f64) -> bool {
    noise < 0.5 * step
}

impl Setting {
    /// Samples of that many by which an error of rounding grows when they are summed.
    pub(super) fn rounded(&self, length: f64) -> f64 {
        if rounds_alike(self.noise, self.step) { length } else { length.sqrt() }
    }

    /// What the baseline does besides white noise to a mean over so many samples, A.
    pub(super) fn wandered(&self, length: f64) -> impl Iterator<Item = Input> + use<> {
        let (own, slow) = self.wander.of(length);
        let lines = [(ALIKE, self.scale.size(own)), (WANDER, self.scale.size(slow))];
        lines.into_iter().filter(|(_, u)| *u > 0.0).map(|(name, u)| Input::noise(name, u))
    }

    fn gain(&self, value: f64) -> Option<Input> {
        self.max_error.map(|error| Input::rectangular(INSTRUMENT, error * value))
    }

    /// What a time column of few digits leaves open in a duration or a rate: the rounding of its first and of its last time,
    /// two equal rectangles.
    pub(super) fn interval(&self, value: f64) -> Option<Input> {
        let line = Input::common(INTERVAL, self.dt_u * value);
        (self.dt_u > 0.0).then(|| Input { bounded: line.u.powi(4) / 2.0, ..line })
    }

    /// The lines that grow with a charge.
    pub(super) fn factors(&self, charge: f64) -> impl Iterator<Item = Input> + use<> {
        self.gain(charge).into_iter().chain(self.interval(charge))
    }

    /// What finite sampling leaves open in the instant of an edge, samples. An edge within one interval lies anywhere
    /// in it (1/√12, so 1/√6 for a width); linear interpolation on a transition of n intervals errs by its curvature,
    /// which falls with n².
    fn instant(&self, transition: f64) -> f64 {
        1.0 / (12_f64.sqrt() * transition.max(1.0).powi(2))
    }

    /// What noise and a wrong level leave open in a 50 % instant of a phase, samples. Between two samples that straddle it noise
    /// counts with √(2/3) in the mean. A level that is wrong by δ moves it by δ/2; the slope is 0.8 of the level per transition.
    pub(super) fn open_edge(&self, row: &PhaseRow, amplitude: &Measured) -> (f64, f64) {
        let tilt = row.transition.max(1.0) / (0.8 * amplitude.value.max(f64::MIN_POSITIVE));
        ((2.0_f64 / 3.0).sqrt() * self.noise * tilt, own(amplitude) / 2.0 * tilt)
    }

    /// What the baseline contributes to a level of this pulse: where it is not quiet, as much as the rest beside the pulse is off by.
    fn rest_of(&self, row: &Row) -> Input {
        // A rectangle holds 0.95 of its half in 95 of 100, and a hum goes on growing up to the pulse.
        let beside = Input::rectangular(NOT_QUIET, 1.3 * self.scale.size(f64::from(row.beside.abs())));
        if self.rest.name == NOT_QUIET && beside.u > self.rest.u { beside } else { self.rest }
    }

    /// A pulse with its budgets.
    pub(super) fn pulse(&self, index: usize, row: &Row, voltage: Option<&VoltageRow>) -> Pulse {
        let (window, between) = (row.window, row.between());
        let mut phases = Vec::with_capacity(2);
        let [leading, recovery] = self.slant;
        let rest = self.rest_of(row);
        let lead = self.phase(&row.leading, between - window.0, leading, rest);
        let (amplitude, transition, lead_charge) =
            (lead.amplitude.value, lead.transition, lead.charge.value.abs());
        let share = own(&lead.charge) / lead_charge;
        phases.push(lead);
        phases.extend(row.recovery.as_ref().map(|row| self.phase(row, window.1 - between, recovery, rest)));
        if let Some((closed, recovery)) = row.closed().zip(row.recovery) {
            // Where exponential edges meet, the trace crosses the middle near the end of the rest.
            let most = Input::rectangular(CLOSED, 0.7 * closed * self.dt);
            // What the trace shows there counts for one phase instead of the other.
            let (lead, second) = (row.leading.level, recovery.level);
            let between = 0.4 * (lead + second).abs() + 0.03 * lead.abs().max(second.abs());
            let charge = Input::rectangular(CLOSED, self.scale.size(between) * closed * self.dt);
            for phase in &mut phases {
                phase.width.budget.push(most);
                phase.charge.budget.push(charge);
            }
        }
        let net = row.net * self.scale.gain * self.dt;
        let mut lines = self.charge_lines(window.1 - window.0, amplitude, transition, phases.len(), rest);
        if row.tail > 0.0 {
            let tail = self.scale.size(f64::from(row.tail)) * transition.max(1.0) * self.dt;
            let tail = Input::rectangular(TAIL, tail);
            lines.push(tail);
            phases.last_mut().into_iter().for_each(|last| last.charge.budget.push(tail));
        }
        let ratio = net / lead_charge;
        let mut relative: Vec<Input> = lines.iter().map(|line| line.scaled(1.0 / lead_charge)).collect();
        relative.push(Input::common("leading charge", ratio * share));
        let gap = row.recovery.zip(phases.first()).zip(phases.get(1)).map(|((recovery, lead), second)| {
            let rest = recovery.edges.start - row.leading.edges.end;
            let value = if row.joined.is_some() { 0.0 } else { rest * self.dt };
            let edge = self.instant(transition) * std::f64::consts::SQRT_2 * self.dt;
            let ends = [(&row.leading, &lead.amplitude), (&recovery, &second.amplitude)];
            let [first, last] = ends.map(|(row, amplitude)| self.open_edge(row, amplitude));
            let mut lines = vec![
                Input::noise(EDGES, edge),
                Input::noise("noise", first.0.hypot(last.0) * self.dt),
                Input::common("level", (first.1 + last.1) * self.dt),
            ];
            lines.extend(row.closed().map(|closed| Input::rectangular(CLOSED, closed * self.dt)));
            lines.extend(self.interval(value));
            Measured::new(value, lines)
        });
        let mut pulse = Pulse {
            index,
            time: self.t0 + row.leading.edges.start * self.dt,
            gap,
            charge_imbalance: Measured::new(ratio, relative),
            net_charge: Measured::new(net, lines.into_iter().chain(self.factors(net)).collect()),
            phases,
            window,
            access_voltage: None,
            access_resistance: None,
            polarization: None,
            voltage_clipped: false,
        };
        if let Some((electrode, voltage)) = self.electrode.zip(voltage) {
            electrode.add(&mut pulse, voltage, |value| self.gain(value));
        }
        pulse
    }

    /// A phase whose window is so many samples long.
    fn phase(&self, row: &PhaseRow, length: f64, slant: f64, rest: Input) -> Phase {
        let level = row.level * self.scale.gain;
        let count = f64::from(row.top.max(1));
        let mut lines = vec![
            rest,
            Input::rectangular("quantisation of the file", self.step / 2.0),
            Input::noise("noise", self.noise / count.sqrt()),
        ];
        let unsettled = self.scale.size(f64::from(row.unsettled)) / 2.0;
        lines.push(Input::rectangular("step within the top", unsettled.max(slant * level.abs())));
        lines.extend(self.wandered(count));
        lines.extend(self.gain(level));
        let amplitude = Measured::new(level.abs(), lines);

        let (noise, moved) = self.open_edge(row, &amplitude);
        let edges = self.instant(row.transition) * std::f64::consts::SQRT_2 * self.dt;
        let width = row.edges.width() * self.dt;
        let lines = [
            Input::noise(EDGES, edges),
            Input::noise("noise", std::f64::consts::SQRT_2 * noise * self.dt),
            Input::common("level", 2.0 * moved * self.dt),
        ];
        let width = Measured::new(width, lines.into_iter().chain(self.interval(width)).collect());
        let charge = row.charge * self.scale.gain * self.dt;
        let lines = self.charge_lines(length, level.abs(), row.transition, 1, rest);
        Phase {
            polarity: if level < 0.0 { -1 } else { 1 },
            edges: row.edges,
            amplitude,
            width,
            charge: Measured::new(charge, lines.into_iter().chain(self.factors(charge)).collect()),
            transition: row.transition,
            clipped: row.clipped,
        }
    }

    /// Inputs of a charge over a window of `length` samples that holds `phases` phases of `amplitude`, but for the gain.
    fn charge_lines(
        &self,
        length: f64,
        amplitude: f64,
        transition: f64,
        phases: usize,
        rest: Input,
    ) -> Vec<Input> {
        // Each phase's width is open by √2 instants; leading and recovery phases are so independently.
        let edges = amplitude * self.instant(transition) * (2.0 * phases as f64).sqrt() * self.dt;
        let mut lines = vec![
            rest.scaled(length * self.dt),
            Input::rectangular("quantisation of the file", self.step / 2.0 * self.rounded(length) * self.dt),
            Input::noise("noise", self.noise * length.sqrt() * self.dt),
            Input::noise(EDGES, edges),
        ];
        lines.extend(self.wandered(length).map(|line| line.scaled(length * self.dt)));
        lines
    }
}

/// Standard uncertainty without what grows with the value.
fn own(estimate: &Measured) -> f64 {
    let lines = estimate.budget.iter().filter(|line| !is_factor(line));
    lines.map(|line| line.u * line.u).sum::<f64>().sqrt()
}
