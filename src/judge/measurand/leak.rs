//! The resistors across a phantom's capacitors (Rct), by what the pulses leave on them.

use crate::measure::PulseRow;
use crate::phantom::{Element, ElementKind, Output, Phantom, Probe};

use super::super::expected::{Bench, element_u, lost_since_start, recharges};
use super::super::{Reason, Unit, Units, View};
use super::residual::residual_voltage;

/// By how much they are changed to see what they do to the voltage.
const STEP: f64 = 0.01;
/// Pulses from the first that are passed through the network, at most.
const MOST: usize = 2048;
/// Cycles at their end that are looked at, at most: by then the voltage has had the time to show the resistors.
const LAST: usize = 64;

/// A fitted deviation of all of them together, as a fraction of the stated values.
pub(super) struct Leak {
    pub(super) deviation: f64,
    /// Expanded uncertainty of it.
    pub(super) u: f64,
    /// Largest stated tolerance.
    pub(super) tolerance: f64,
}

/// How far the resistors across capacitors are from what is stated, by the voltage before the next pulse: the pulses as they
/// were measured are passed through the network, and what is left over is laid to those resistors.
///
/// `None` where that says nothing: there is none, the largest time constant does not fit in the record, samples are missing
/// among the pulses, the voltage before the first one is unknown, or a recharge switch takes the charge back.
pub(super) fn leak(view: &View<'_>, tolerance: impl Fn(&Element) -> f64) -> Result<Option<Leak>, Reason> {
    let phantom = &view.case.phantom;
    let across: Vec<usize> = (0..phantom.elements.len()).filter(|k| tau(phantom, *k) > 0.0).collect();
    let slowest = across.iter().map(|k| tau(phantom, *k)).fold(0.0, f64::max);
    let rows: Vec<PulseRow> = view.contact.pulses.range(0..MOST).collect();
    let seconds = rows.first().zip(rows.last()).map_or(0.0, |(a, b)| (b.start() - a.start()) / view.rate());
    let torn = lost_since_start(view, view.window()?.to) > 0;
    if across.is_empty() || recharges(view) || !view.facts.relaxed || seconds < slowest || torn {
        return Ok(None);
    }
    // What keeps the voltage before a pulse from being read keeps these from being judged, and nothing else.
    let mut units = Vec::new();
    let first = View { rows: (0, rows.len()), ..view.clone() };
    if residual_voltage(&first, &mut Units::new(&mut |unit| units.push(unit))).is_err() {
        return Ok(None);
    }
    let passed = |unit: &&Unit| unit.pulse.is_some_and(|pulse| pulse + 1 < rows.len() as u64);
    let passed = units.get(..units.iter().take_while(passed).count()).unwrap_or(&[]);
    let last = passed.get(passed.len().saturating_sub(LAST)..).unwrap_or(&[]);
    let course = Course::of(view, &rows, &across)?;
    let at = |unit: &Unit| {
        let cycle = view.cycle_at(usize::try_from(unit.pulse?).ok()?)?;
        course.rows.get(cycle.behind())
    };
    let found: Vec<(&Unit, &Vec<f64>)> = last.iter().filter_map(|unit| Some((unit, at(unit)?))).collect();
    // One factor for all of them, by least squares: a weight for each cycle.
    let effect =
        |row: &[f64], k: usize| row.get(k).zip(row.first()).map_or(0.0, |(other, stated)| other - stated);
    let squares: f64 = found.iter().map(|(_, row)| effect(row, 1).powi(2)).sum();
    if squares <= 0.0 {
        return Ok(None);
    }
    let weighted = |value: &dyn Fn(&Unit, &[f64]) -> f64| -> f64 {
        found.iter().map(|(unit, row)| STEP * effect(row, 1) / squares * value(unit, row)).sum()
    };
    let deviation = weighted(&|unit, row| unit.measured.value - row.first().copied().unwrap_or(0.0));
    // What is uncertain about the reading is taken as common to all cycles; so is what is uncertain about the charge, and
    // each element's tolerance.
    let reading = weighted(&|unit, row| unit.measured.standard() * effect(row, 1).signum());
    let others = (2..course.benches).map(|k| weighted(&|_, row| effect(row, k)));
    let u = 1.960 * others.fold(reading, f64::hypot);
    let tolerance = across.iter().filter_map(|k| phantom.elements.get(*k)).map(tolerance).fold(0.0, f64::max);
    Ok(Some(Leak { deviation, u, tolerance }))
}

/// Time constant of a resistor with the capacitors across it, s; 0 where there is none.
fn tau(phantom: &Phantom, index: usize) -> f64 {
    let Some(own) = phantom.elements.get(index).filter(|own| own.kind == ElementKind::Resistor) else {
        return 0.0;
    };
    let ends = |element: &Element| (element.from.min(element.to), element.from.max(element.to));
    let beside = phantom.elements.iter().filter(|other| ends(other) == ends(own));
    let farads = beside.filter(|other| other.kind == ElementKind::Capacitor).map(|other| other.value);
    own.value * farads.sum::<f64>()
}

/// The voltage before each pulse on several benches: as stated, with the resistors across capacitors changed by [`STEP`], with
/// each other element a standard uncertainty off, and with the charge of each phase so.
struct Course {
    benches: usize,
    rows: Vec<Vec<f64>>,
}

impl Course {
    fn of(view: &View<'_>, pulses: &[PulseRow], across: &[usize]) -> Result<Self, Reason> {
        let (phantom, program) = (&view.case.phantom, &view.case.program);
        let sense = phantom.sense_of(&view.contact.name).ok_or(Reason::NoVoltage)?;
        let nodes = phantom.senses.iter().find(|(name, ..)| name == sense).ok_or(Reason::NoVoltage)?;
        let voltage = view.recording.voltages.iter().find(|voltage| voltage.name == nodes.0);
        let voltage = voltage.ok_or(Reason::NoVoltage)?;
        let own = program.share_of(&view.contact.name);
        let shares: Vec<f64> =
            phantom.contacts.iter().map(|(name, _)| program.share_of(name) / own).collect();
        let changed = |change: &dyn Fn(usize, &Element) -> f64| {
            let mut other = phantom.clone();
            for (k, element) in other.elements.iter_mut().enumerate() {
                element.value += change(k, element);
            }
            other
        };
        let leaks =
            |k: usize, element: &Element| if across.contains(&k) { STEP * element.value } else { 0.0 };
        let mut phantoms = vec![phantom.clone(), changed(&leaks)];
        for (index, element) in phantom.elements.iter().enumerate() {
            let u = if across.contains(&index) { 0.0 } else { element_u(element) };
            if u > 0.0 {
                phantoms.push(changed(&|k, _| if k == index { u } else { 0.0 }));
            }
        }
        let by_tolerance = phantoms.len();
        phantoms.extend([phantom.clone(), phantom.clone()]);
        let output = Output::ideal();
        let mut benches = phantoms
            .iter()
            .map(|phantom| Bench::new(phantom, output.clone(), Probe::Nodes(nodes.1, nodes.2)))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| Reason::Network(error.to_string()))?;
        let mut rows = Vec::with_capacity(pulses.len());
        for (row, (_, count)) in pulses.iter().zip(&voltage.before_pulse) {
            let at = |sample: f64| view.seconds(sample);
            let (from, to) = (at(row.from as f64 - f64::from(count)), at(row.from as f64));
            rows.push(benches.iter_mut().map(|bench| bench.mean(from, to)).collect());
            // What a pulse leaves that is not whole is not known, and nothing is said of those behind it.
            let Some(phases) = phases(view, row) else { break };
            for (k, bench) in benches.iter_mut().enumerate() {
                // Leading and recovery phases have errors of their own in their charge.
                let shift = |phase: usize, u: f64| {
                    if k == by_tolerance + phase.min(1) && k >= by_tolerance { u } else { 0.0 }
                };
                let all = phases.iter().enumerate();
                bench.drive(
                    all.map(|(n, (from, to, current, u))| (*from, *to, current + shift(n, *u))),
                    &shares,
                );
            }
        }
        Ok(Self { benches: benches.len(), rows })
    }
}

/// Phases of a row as measured: from, to, current that carries the charge, and its standard uncertainty.
fn phases(view: &View<'_>, row: &PulseRow) -> Option<Vec<(f64, f64, f64, f64)>> {
    let unit = view.calibration.lsb / view.rate();
    let sound = !row.flags.clipped && !row.flags.truncated && !row.flags.endless;
    let phase = |phase: &crate::measure::PhaseRow| {
        let (from, to) = (f64::from(phase.start) + row.at as f64, f64::from(phase.end) + row.at as f64);
        let (from, to) = (view.seconds(from), view.seconds(to));
        let charge = view.phase_charge(row, phase);
        let u = charge.budget(view).iter().map(|line| line.u * line.u).sum::<f64>().sqrt();
        (from, to, charge.area * unit / (to - from), u / (to - from))
    };
    sound.then(|| row.phases().iter().map(phase).collect())
}
