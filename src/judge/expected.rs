//! The voltage that a program must leave on the phantom, pulse by pulse from rest.

use std::collections::VecDeque;

use crate::measure::PulseRow;
use crate::phantom::{Circuit, Drive, Element, NetworkError, Output, Phantom, Probe};
use crate::scenario::{Action, Nominal};
use crate::signal::{Phase, Program, Pulse};

use super::{Reason, Segment, View, Window};

/// A predicted voltage, V.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expected {
    /// With the stated values.
    pub volts: f64,
    /// Standard uncertainty from the phantom's tolerances.
    pub u: f64,
}

/// What is to be between two nodes before each pulse of the view's contact: the mean over the last samples before the pulse's
/// window, as many as `counts` says for each row of the table.
///
/// The pulses are those the stimulator said it applies, at the instants at which they were measured; the network is the phantom's
/// with the stimulator's series capacitor and recharge switch, at rest before the first of them. Nothing limits.
///
/// # Errors
/// [`Reason::SamplesLost`] when some are missing since the first start, [`Reason::UnknownStage`] when a recharge acts and the
/// output stage is not known, [`Reason::Network`] when the phantom cannot be solved.
pub fn before_pulses<'v>(
    view: &'v View<'_>,
    nodes: (usize, usize),
    counts: impl Iterator<Item = u32> + 'v,
) -> Result<impl Iterator<Item = Expected> + 'v, Reason> {
    let (output, mut shares) = (output(view)?, Shares::of(view)?);
    let mut benches = variants(&view.case.phantom)
        .iter()
        .map(|variant| Bench::new(variant, output.clone(), Probe::Nodes(nodes.0, nodes.1)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| Reason::Network(error.to_string()))?;
    let seconds = |sample: f64| view.seconds(sample);
    let expected = view.contact.pulses.iter().zip(counts).map(move |(row, count)| {
        let (from, to) = (seconds(row.from as f64 - f64::from(count)), seconds(row.from as f64));
        let means: Vec<f64> = benches.iter_mut().map(|bench| bench.mean(from, to)).collect();
        let volts = means.first().copied().unwrap_or(0.0);
        let u = means.iter().map(|mean| (mean - volts).powi(2)).sum::<f64>().sqrt();
        if let Some(pulse) = view.asked(&row, Nominal::Applied) {
            let start = seconds(row.start());
            let shares = shares.at(view, &row);
            benches.iter_mut().for_each(|bench| bench.emit(&pulse, start, shares));
        }
        Expected { volts, u }
    });
    Ok(expected)
}

/// What is to be between two nodes around pulse `index` of the view's contact: `count` values from `from` seconds on, `step`
/// seconds apart, with the stated values of the phantom. As for [`before_pulses`], the train before it is gone through.
///
/// # Errors
/// As [`before_pulses`].
pub fn around_pulse(
    view: &View<'_>,
    nodes: (usize, usize),
    index: usize,
    (from, step, count): (f64, f64, usize),
) -> Result<Vec<f64>, Reason> {
    let mut shares = Shares::of(view)?;
    let mut bench = Bench::new(&view.case.phantom, output(view)?, Probe::Nodes(nodes.0, nodes.1))
        .map_err(|error| Reason::Network(error.to_string()))?;
    let mut emit = |bench: &mut Bench, row: &PulseRow| {
        if let Some(pulse) = view.asked(row, Nominal::Applied) {
            bench.emit(&pulse, view.seconds(row.start()), shares.at(view, row));
        }
    };
    let rows = &view.contact.pulses;
    rows.range(0..index).for_each(|row| emit(&mut bench, &row));
    let mut next = rows.get(index).into_iter().peekable();
    let values = (0..count).map(|k| {
        let at = from + k as f64 * step;
        if let Some(row) = next.next_if(|row| view.seconds(row.start()) <= at) {
            emit(&mut bench, &row);
        }
        bench.pass(at);
        bench.circuit.value(bench.probe)
    });
    Ok(values.collect())
}

/// What each pulse of the view's contact finds between two nodes and loses by itself over its leading phase: where it begins,
/// samples, and the change, V. The pulses are those of [`before_pulses`], with the stated values of the phantom.
///
/// # Errors
/// As [`before_pulses`].
pub fn left_over<'v>(
    view: &'v View<'_>,
    nodes: (usize, usize),
) -> Result<impl Iterator<Item = (f64, f64)> + 'v, Reason> {
    let mut shares = Shares::of(view)?;
    let mut bench = Bench::new(&view.case.phantom, output(view)?, Probe::Nodes(nodes.0, nodes.1))
        .map_err(|error| Reason::Network(error.to_string()))?;
    let found = view.contact.pulses.iter().map(move |row| {
        let start = view.seconds(row.start());
        bench.pass(start);
        let Some(pulse) = view.asked(&row, Nominal::Applied) else { return (row.start(), 0.0) };
        let mut free = bench.circuit.clone();
        free.set_drive(&Drive::Off);
        let begins = free.value(bench.probe);
        free.advance(pulse.width);
        let change = free.value(bench.probe) - begins;
        bench.emit(&pulse, start, shares.at(view, &row));
        (row.start(), change)
    });
    Ok(found)
}

/// Whether a recharge switch closes under the case's program or a later one.
pub(super) fn recharges(view: &View<'_>) -> bool {
    let mut later = view.facts.segments.iter().map(|segment| &segment.programmed);
    view.case.program.is_recharged() || later.any(Program::is_recharged)
}

/// The output stage on which the pulses pass; nothing limits.
fn output(view: &View<'_>) -> Result<Output, Reason> {
    let output = match &view.facts.output {
        Some(output) => output.clone(),
        None if recharges(view) => return Err(Reason::UnknownStage),
        // Between current sources a series capacitor changes nothing.
        None => Output::ideal(),
    };
    Ok(Output { compliance: f64::INFINITY, sense_input: None, ..output })
}

/// What is to be on the series capacitor of each contact, V, as each phase of each pulse of the view's contact begins and as it
/// ends: pulse by pulse from the first. The pulses are those of [`before_pulses`].
///
/// # Errors
/// As [`before_pulses`].
pub fn series_drops<'v>(view: &'v View<'_>) -> Result<impl Iterator<Item = Vec<Drops>> + 'v, Reason> {
    let mut shares = Shares::of(view)?;
    let mut bench = Bench::new(&view.case.phantom, output(view)?, Probe::Vout)
        .map_err(|error| Reason::Network(error.to_string()))?;
    let contacts = view.case.phantom.contacts.len();
    let drops = view.contact.pulses.iter().map(move |row| {
        let mut drops = vec![Drops::default(); contacts];
        let Some(pulse) = view.asked(&row, Nominal::Applied) else { return drops };
        let start = view.seconds(row.start());
        bench.emit(&pulse, start, shares.at(view, &row));
        for (k, phase) in pulse.phases().iter().enumerate() {
            let later = start - pulse.start;
            let [begins, ends] = [phase.start, phase.end()].map(|at| {
                bench.pass(at + later);
                (0..contacts).map(|contact| bench.circuit.series_voltage(contact)).collect::<Vec<f64>>()
            });
            for (drops, both) in drops.iter_mut().zip(begins.into_iter().zip(ends)) {
                if let Some(slot) = drops.get_mut(k) {
                    *slot = both;
                }
            }
        }
        drops
    });
    Ok(drops)
}

/// Of one contact at one pulse: as each phase begins, and as it ends, V.
pub type Drops = [(f64, f64); 3];

/// How many samples were lost from the first start to sample `to`. A pulse among them has left its part on the load and is in no
/// row, so nothing that goes through the train from rest holds behind it.
pub(super) fn lost_since_start(view: &View<'_>, to: u64) -> u64 {
    let start = view.instant_of(|action| *action == Action::Start);
    view.recording.lost_within(start.map_or(0, |start| start.sample), to)
}

/// Of each contact of the phantom, in its order, by the program in force.
struct Shares<'a>(ByProgram<'a, Vec<f64>>);

impl<'a> Shares<'a> {
    /// # Errors
    /// [`Reason::Missing`] where the contact is left out for a while: of what others leave on the phantom then, its pulses do not
    /// tell. [`Reason::SamplesLost`] and [`Reason::NotPlaced`] where pulses may be missing before the window or in it.
    fn of(view: &View<'a>) -> Result<Self, Reason> {
        let to = view.window()?.to;
        let lost = lost_since_start(view, to);
        if lost > 0 {
            return Err(Reason::SamplesLost(lost));
        }
        // Nor does it hold where pulses may have come unseen, and those that were seen are not known to be what they seem to be.
        view.begun_unseen(Window { from: 0, to })?;
        let mut before = view.facts.segments.iter().filter(|segment| segment.from < to);
        if before.any(|segment| segment.applied.share_of(&view.contact.name) == 0.0) {
            return Err(Reason::Missing("programs that all drive the contact"));
        }
        Ok(Self(ByProgram::default()))
    }

    fn at(&mut self, view: &View<'a>, row: &PulseRow) -> &[f64] {
        self.0.at(view, row, |program| of_contacts(&view.case.phantom, program))
    }
}

fn of_contacts(phantom: &Phantom, program: &Program) -> Vec<f64> {
    phantom.contacts.iter().map(|(name, _)| program.share_of(name)).collect()
}

/// What follows from the program as it is applied, kept while that is in force.
struct ByProgram<'a, T> {
    segment: Option<&'a Segment>,
    value: T,
}

impl<T: Default> Default for ByProgram<'_, T> {
    fn default() -> Self {
        Self { segment: None, value: T::default() }
    }
}

impl<'a, T> ByProgram<'a, T> {
    fn at(&mut self, view: &View<'a>, row: &PulseRow, make: impl FnOnce(&Program) -> T) -> &T {
        let segment = view.placed(row).map(|placed| placed.segment);
        let same = self.segment.zip(segment).is_some_and(|(known, segment)| std::ptr::eq(known, segment));
        if !same {
            self.segment = segment;
            self.value = make(segment.map_or(&view.case.program, |segment| &segment.applied));
        }
        &self.value
    }
}

/// By how much the load's voltage rises over the phases of the program in force, by its stated values.
#[derive(Default)]
pub struct Rises<'a>(ByProgram<'a, Vec<Vec<f64>>>);

impl<'a> Rises<'a> {
    /// Of a contact over a phase, V.
    pub fn of(&mut self, view: &View<'a>, row: &PulseRow, (contact, phase): (usize, usize)) -> f64 {
        let rises = self.0.at(view, row, |program| rises(&view.case.phantom, program));
        rises.get(phase).and_then(|rises| rises.get(contact)).copied().unwrap_or(0.0)
    }
}

/// Phase by phase, of each contact of the phantom, V.
fn rises(phantom: &Phantom, program: &Program) -> Vec<Vec<f64>> {
    let Ok(rested) = Circuit::new(phantom, Output::ideal()) else { return Vec::new() };
    let shares = of_contacts(phantom, program);
    let plateau = Program { ramp: None, ..program.clone() };
    let of = |phase: &Phase| {
        let mut circuit = rested.clone();
        circuit.set_drive(&Drive::Currents(shares.iter().map(|share| -share * phase.current).collect()));
        let volts = |circuit: &Circuit| -> Vec<f64> {
            (0..shares.len()).map(|contact| circuit.value(Probe::Contact(contact))).collect()
        };
        let begins = volts(&circuit);
        circuit.advance(phase.width);
        volts(&circuit).iter().zip(begins).map(|(ends, begins)| ends - begins).collect()
    };
    plateau.pulse(0).phases().iter().map(of).collect()
}

/// The phantom as stated, then once for each element that is not known exactly, with that one a standard uncertainty off.
fn variants(phantom: &Phantom) -> Vec<Phantom> {
    let mut variants = vec![phantom.clone()];
    for (k, element) in phantom.elements.iter().enumerate() {
        let u = element_u(element);
        let mut other = phantom.clone();
        if let Some(element) = other.elements.get_mut(k).filter(|_| u > 0.0) {
            element.value += u;
            variants.push(other);
        }
    }
    variants
}

/// Standard uncertainty of an element's value, in its unit.
pub(super) fn element_u(element: &Element) -> f64 {
    element.measured_u.unwrap_or(element.tolerance * element.value / 3_f64.sqrt())
}

/// A circuit on which a train passes.
pub(super) struct Bench {
    circuit: Circuit,
    probe: Probe,
    now: f64,
    /// Changes of drive still to come, in order of time.
    pending: VecDeque<(f64, Drive)>,
}

impl Bench {
    pub(super) fn new(phantom: &Phantom, output: Output, probe: Probe) -> Result<Self, NetworkError> {
        let circuit = Circuit::new(phantom, output)?;
        Ok(Self { circuit, probe, now: f64::NEG_INFINITY, pending: VecDeque::new() })
    }

    /// What a pulse that begins at `start` does from there on; what the one before it still had to do is over.
    fn emit(&mut self, pulse: &Pulse, start: f64, shares: &[f64]) {
        let later = start - pulse.start;
        let phase = |phase: &Phase| (phase.start + later, phase.end() + later, -phase.current);
        self.drive(pulse.phases().iter().map(phase), shares);
        if let Some((from, duration)) = pulse.recharge {
            self.put(from + later, Drive::Recharge);
            self.put(from + later + duration, Drive::Off);
        }
    }

    /// Phases (from, to, current at a share of 100 %) of a pulse that begins with the first of them.
    pub(super) fn drive(&mut self, phases: impl Iterator<Item = (f64, f64, f64)>, shares: &[f64]) {
        for (k, (from, to, current)) in phases.enumerate() {
            if k == 0 {
                self.pass(from);
                self.pending.clear();
            }
            self.put(from, Drive::Currents(shares.iter().map(|share| share * current).collect()));
            self.put(to, Drive::Off);
        }
    }

    /// A change that coincides with the one before it replaces it.
    fn put(&mut self, at: f64, drive: Drive) {
        const TOGETHER: f64 = 1e-10;
        if self.pending.back().is_some_and(|(last, _)| *last > at - TOGETHER) {
            self.pending.pop_back();
        }
        self.pending.push_back((at, drive));
    }

    /// Lets time pass up to `to`.
    fn pass(&mut self, to: f64) {
        while let Some((at, drive)) = self.pending.pop_front() {
            if at > to {
                self.pending.push_front((at, drive));
                break;
            }
            self.advance(at);
            self.circuit.set_drive(&drive);
        }
        self.advance(to);
    }

    fn advance(&mut self, to: f64) {
        // Before the first pulse everything is at rest.
        if self.now.is_finite() && to > self.now {
            self.circuit.advance(to - self.now);
        }
        self.now = self.now.max(to);
    }

    /// Mean of the voltage over [from, to], by Simpson's rule: a rest is long against its last twentieth.
    pub(super) fn mean(&mut self, from: f64, to: f64) -> f64 {
        let values = [from, 0.5 * (from + to), to].map(|at| {
            self.pass(at);
            self.circuit.value(self.probe)
        });
        (values[0] + 4.0 * values[1] + values[2]) / 6.0
    }
}
