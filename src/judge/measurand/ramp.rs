//! Ramps: how long, how faithful, and from where after a fault.

use crate::measure::{Measured, PulseRow};
use crate::scenario::{Action, Nominal};
use crate::signal::{Law, Program, Pulse};

use super::super::median::median;
use super::super::view::Window;
use super::super::{Reason, Unit, Units, View};
use super::interval::resolved;
use super::time::edges;

/// The plateau begins at the first pulse of at least this part of it.
const PLATEAU: f64 = 0.98;

/// What the ramp's law makes grow, and its budget: the leading phase's amplitude, A, or its width, s.
fn grown(view: &View<'_>, row: &PulseRow, asked: &Pulse, law: Law) -> Option<Measured> {
    let Some(phase) = view.leading(row, asked) else { return Some(Measured::exact(0.0)) };
    if law == Law::Width {
        let seconds = f64::from(phase.end - phase.start) / view.rate();
        let level = f64::from(phase.level) - row.base;
        return seconds.is_finite().then(|| Measured::new(seconds, edges(view, seconds, level, 2.0)));
    }
    let (value, budget) = view.phase_level(row, phase);
    Some(Measured::new(value.abs(), budget))
}

/// The same of the programmed pulse `n` of a train that took effect `into` seconds into an on-time, and of the plateau.
fn asked(view: &View<'_>, program: &Program, law: Law, pulse: &Pulse) -> (f64, f64) {
    match law {
        Law::Width => (pulse.width, program.width),
        Law::Linear | Law::QuarterSine => {
            let share = program.share_of(&view.contact.name).abs();
            (pulse.amplitude * share, program.amplitude * share)
        }
    }
}

/// Pulses of the ramps in the window: measured less programmed, over the plateau.
pub(super) fn ramp_error(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let window = view.whole_run()?;
    for row in view.pulses(window)? {
        let Some((placed, ramp)) =
            view.placed(&row).and_then(|placed| Some((placed, placed.segment.programmed.ramp?)))
        else {
            continue;
        };
        let program = &placed.segment.programmed;
        let Some(pulse) = view.asked(&row, Nominal::Programmed) else { continue };
        let (programmed, plateau) = asked(view, program, ramp.law, &pulse);
        if programmed >= plateau {
            continue;
        }
        let Some(measured) = grown(view, &row, &pulse, ramp.law) else { continue };
        let error = (measured.value - programmed) / plateau;
        let budget = measured.budget.into_iter().map(|line| line.scaled(1.0 / plateau)).collect();
        let clipped = row.flags.clipped;
        units.push(Unit { clipped, ..view.unit(&row, Measured::new(error, budget)) });
    }
    if units.is_empty() { Err(view.no_pulse(window)) } else { Ok(()) }
}

/// From the first pulse of each train to the first of at least 98 % of its plateau. `programmed` is the same definition
/// applied to the programmed pulses.
pub(super) fn ramp_duration(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let window = view.whole_run()?;
    for train in view.trains() {
        let rows = &view.contact.pulses;
        let inside = |row: &PulseRow| row.at >= window.from && row.at < window.to;
        let Some(first) = rows.get(train.start).filter(|row| !train.is_empty() && inside(row)) else {
            continue;
        };
        let Some(placed) = view.placed(&first) else { continue };
        let program = &placed.segment.programmed;
        let Some(ramp) = program.ramp else { continue };
        // A change of program before the plateau leaves nothing to compare with.
        let since = |row: &PulseRow| (row.start() - first.start()) / view.rate();
        let same = |row: &PulseRow| {
            view.placed(row).is_some_and(|other| std::ptr::eq(other.segment, placed.segment))
        };
        let pulse = program.pulse(0);
        let mut place = rows.iter();
        let backwards = train.clone().rev().filter_map(|index| place.at(index));
        let reached: Vec<f64> = backwards
            .take_while(|row| since(row) >= ramp.up)
            .filter(|row| inside(row) && same(row))
            .take(SETTLED)
            .filter_map(|row| Some(grown(view, &row, &pulse, ramp.law)?.value))
            .collect();
        let Some(plateau) = median(|| reached.iter().copied()) else { continue };
        let high = |row: &PulseRow| {
            grown(view, row, &pulse, ramp.law).is_some_and(|grown| grown.value >= PLATEAU * plateau)
        };
        let arrived = rows.range(train.clone()).find(high);
        let Some(arrived) = arrived else { continue };
        let seconds = since(&arrived);
        let budget = resolved(view, seconds, &first, program.period());
        let nominal = match view.nominal() {
            Nominal::Value(value) => value,
            Nominal::Applied => programmed(view, &placed.segment.applied, ramp.law),
            Nominal::Programmed => programmed(view, program, ramp.law),
        };
        units.push(Unit { nominal: Some(nominal), ..view.unit(&first, Measured::new(seconds, budget)) });
    }
    if units.is_empty() { Err(Reason::NoPlateau) } else { Ok(()) }
}

/// The last pulses behind the ramp, of which the median is the plateau.
const SETTLED: usize = 64;

/// Seconds from the first programmed pulse to the first of at least 98 % of the plateau.
fn programmed(view: &View<'_>, program: &Program, law: Law) -> f64 {
    let short = |n: u64| {
        let (value, plateau) = asked(view, program, law, &program.pulse(n));
        value < PLATEAU * plateau
    };
    (0..)
        .step_by(program.pulses_per_period() as usize)
        .find(|n| !short(*n))
        .map_or(0.0, |n| program.start_of(n))
}

/// Amplitude of the first pulse after the first start that follows an acknowledged fault.
pub(super) fn restart_amplitude(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let from = view.check.after.as_deref().map_or(Ok(0), |after| view.recorded(after))?;
    let first = |wanted: Action, from: u64| {
        let found = view.instants_of(|action| *action == wanted).find(|at| at.sample >= from);
        found.map(|at| at.sample).ok_or_else(|| Reason::NoInstant(format!("{wanted:?}").to_lowercase()))
    };
    // `after:` may name the restart itself.
    let start = match first(Action::Acknowledge, from) {
        Ok(acknowledged) => first(Action::Start, acknowledged)?,
        Err(missing) if from == 0 => return Err(missing),
        Err(_) => first(Action::Start, from)?,
    };
    let rows = &view.contact.pulses;
    let index = rows.partition_point(|row| row.at < start);
    let end = view.default_record_end(start);
    let row = rows.get(index).filter(|row| row.at < end);
    // Of what was lost before it nobody knows that it was not the first.
    let seen = row.as_ref().map_or(end, |row| row.at);
    match view.recording.lost_within(start, seen) {
        0 => {}
        lost => return Err(Reason::SamplesLost(lost)),
    }
    if let Some(row) = row.as_ref().filter(|row| row.flags.endless) {
        return Err(Reason::StayedOn { at: view.seconds(row.start()) });
    }
    let (row, phase) = row
        .and_then(|row| Some((row, *row.phases().first()?)))
        .ok_or_else(|| view.no_pulse(Window { from: start, to: end }))?;
    let (value, budget) = view.phase_level(&row, &phase);
    let unit = view.unit(&row, Measured::new(value.abs(), budget));
    units.push(Unit { clipped: row.flags.clipped, ..unit });
    Ok(())
}
