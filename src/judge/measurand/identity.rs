//! Is the phantom the one its file describes, as the stimulator's own pulses show it?

use crate::measure::{Input, Measured, StepRow};
use crate::phantom::{Circuit, Drive, Element, ElementKind, Output, Probe};
use crate::signal::Program;

use super::super::expected::left_over;
use super::super::{Reason, Unit, Units, View};
use super::leak::leak;
use super::share::rows;
use super::voltage::Steps;

/// Ohms at a contact: at the leading edge, and by how much they have grown at the end of the phase.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Ohms {
    access: f64,
    rise: f64,
}

/// The worst of |fitted − stated| over (stated tolerance + U): the resistance by the access step, the capacitance by what
/// the voltage gains along the phase, the resistors across capacitors by what the pulses leave on them where the record is
/// long enough to show it. A phantom without capacitors must not gain anything.
pub(super) fn phantom_identity(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let mut steps = Steps::of(view)?;
    let window = view.window()?;
    let rows = rows(view, steps.joint, window)?;
    let (mut access, mut rise) = (Mean::default(), Mean::default());
    let (mut width, mut none) = (0.0, true);
    // A pulse of a burst, or of a fast train, finds the interface as the one before has left it: what is stated begins at rest.
    let nodes = nodes(view).ok_or(Reason::NoVoltage)?;
    let (mut left, mut taken) = (left_over(view, nodes).ok().into_iter().flatten().peekable(), 0.0);
    // What is stated is worked out for the shares of the case's program: of pulses under others it says nothing.
    for (index, row) in rows.filter(|(_, row)| as_stated(view, view.programs_at(row.leading.0 as u64))) {
        none = false;
        let Some(step) = steps.at(index) else { continue };
        let Some(found) = steps.resistance(&step).zip(growth(&steps, &step)) else { continue };
        // Both tables are in the order of time.
        while left.next_if(|(start, _)| *start < row.leading.0 - 2.0).is_some() {}
        let lost =
            left.peek().filter(|(start, _)| *start < row.leading.0 + 2.0).map_or(0.0, |(_, lost)| *lost);
        let amperes = f64::from(step.current.last.value - step.current.before.value);
        let lost = lost / (amperes * steps.current.calibration.lsb);
        let (growth, lines) = found.1;
        taken += lost;
        access.add(found.0);
        rise.add((growth - lost, lines));
        width += row.leading.1 - row.leading.0;
    }
    if none {
        return Err(Reason::Missing("pulses with the contacts of the case's program"));
    }
    if access.count == 0 {
        return Err(Reason::NoTop);
    }
    let stated = stated(view, width / access.count as f64).ok_or(Reason::NoVoltage)?;
    let (r, c) = (tolerance(view, ElementKind::Resistor), tolerance(view, ElementKind::Capacitor));
    let off = |found: &Mean, stated: f64, room: f64| {
        let measured = found.measured();
        (measured.value - stated).abs() / (room + measured.expanded())
    };
    let by_access = off(&access, stated.access, r * stated.access.abs());
    // What the voltage gains along a resistor is judged by the resistor's own tolerance: less is no capacitor that matters.
    let taken = (taken / access.count as f64).abs();
    let by_rise = off(&rise, stated.rise, (r + c) * (stated.rise.abs() + taken) + r * stated.access.abs());
    // What pulses leave is followed from the first one on: those of other contacts leave it elsewhere.
    let before = view.facts.segments.iter().filter(|segment| segment.from < window.to);
    let leak = match as_stated(view, before.map(|segment| &segment.programmed)) {
        true => leak(view, element_tolerance)?,
        false => None,
    };
    let by_leak = leak.map_or(0.0, |leak| leak.deviation.abs() / (leak.tolerance + leak.u));
    units.push(Unit::exact(by_access.max(by_rise).max(by_leak)));
    Ok(())
}

/// Between which the voltage of the check's contact is sensed.
fn nodes(view: &View<'_>) -> Option<(usize, usize)> {
    let phantom = &view.case.phantom;
    let sense = phantom.sense_of(&view.contact.name)?;
    let (_, plus, minus) = phantom.senses.iter().find(|(name, ..)| name == sense)?;
    Some((*plus, *minus))
}

/// Whether programs have the shares of the case's.
fn as_stated<'p>(view: &View<'_>, mut programs: impl Iterator<Item = &'p Program>) -> bool {
    let (case, contacts) = (&view.case.program, &view.case.phantom.contacts);
    programs.all(|program| contacts.iter().all(|(name, _)| program.share_of(name) == case.share_of(name)))
}

/// A mean of readings that share what is systematic.
#[derive(Debug, Default)]
struct Mean {
    sum: f64,
    count: usize,
    lines: Vec<Input>,
}

impl Mean {
    fn add(&mut self, (value, lines): (f64, Vec<Input>)) {
        self.sum += value;
        self.count += 1;
        if self.lines.is_empty() {
            self.lines = lines;
        }
    }

    fn measured(&self) -> Measured {
        let n = self.count.max(1) as f64;
        let lines = self.lines.iter();
        let averaged = lines.map(|line| if line.common { *line } else { line.scaled(n.sqrt().recip()) });
        Measured::new(self.sum / n, averaged.collect())
    }
}

/// v/i at the end of the phase less v/i at its beginning, ohm.
fn growth(steps: &Steps<'_>, step: &StepRow) -> Option<(f64, Vec<Input>)> {
    let (voltage, current) = (&step.voltage, &step.current);
    let amperes = |at: crate::measure::Reading| {
        f64::from(at.value - current.before.value) * steps.current.calibration.lsb
    };
    let (first, last) = (amperes(current.after), amperes(current.last));
    let terms = [
        (voltage.last, last.recip()),
        (voltage.after, -first.recip()),
        (voltage.before, first.recip() - last.recip()),
    ];
    let (value, lines) = steps.voltage.combine("gain", &terms);
    // The two currents are read on the same plateau: what they have of their own is noise.
    let (access, _) = steps.resistance(step)?;
    let (_, [_, _, noise]) = steps.current.combine("shunt", &[(current.last, 1.0), (current.after, -1.0)]);
    let noise = Input { name: "noise of the current", ..noise.scaled(access / first) };
    let shunt = Input::common("shunt", steps.current.calibration.gain_u * value);
    value.is_finite().then(|| (value, lines.into_iter().chain([noise, shunt]).collect()))
}

/// Largest stated tolerance of a kind.
fn tolerance(view: &View<'_>, kind: ElementKind) -> f64 {
    let elements = &view.case.phantom.elements;
    elements.iter().filter(|element| element.kind == kind).map(element_tolerance).fold(0.0, f64::max)
}

/// Stated tolerance of an element: of what was measured, its expanded uncertainty.
fn element_tolerance(element: &Element) -> f64 {
    element.measured_u.map_or(element.tolerance, |u| 1.96 * u / element.value)
}

/// What the file makes the same lines read, for a phase of `width` samples.
fn stated(view: &View<'_>, width: f64) -> Option<Ohms> {
    let (phantom, program) = (&view.case.phantom, &view.case.program);
    let (plus, minus) = nodes(view)?;
    let output =
        Output { compliance: f64::INFINITY, blocking_capacitor: 0.0, sense_input: None, ..Output::default() };
    let mut circuit = Circuit::new(phantom, output).ok()?;
    let shares: Vec<f64> = phantom.contacts.iter().map(|(name, _)| program.share_of(name)).collect();
    circuit.set_drive(&Drive::Currents(shares));
    let mut wave = crate::phantom::Waveform::default();
    circuit.waveform(Probe::Nodes(plus, minus), &mut wave);
    let own = program.share_of(&view.contact.name);
    let settling = view.settling() as f64;
    let part = (0.4 * width).min(1e-4 * view.rate());
    let line = |from: f64, to: f64, at: f64| {
        let points = (from as u64..to.max(from + 2.0) as u64).map(|k| k as f64);
        let n = points.clone().count() as f64;
        let middle = points.clone().sum::<f64>() / n;
        let ohms = |k: f64| wave.at(k / view.rate()) / own;
        let mean = points.clone().map(ohms).sum::<f64>() / n;
        let slope = points.clone().map(|k| (k - middle) * ohms(k)).sum::<f64>()
            / points.map(|k| (k - middle).powi(2)).sum::<f64>();
        mean + slope * (at - middle)
    };
    let access = line(settling, settling + part, 0.0);
    let last = line((width - part).max(settling), width - 5.0, width);
    Some(Ohms { access, rise: last - access })
}
