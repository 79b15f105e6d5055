//! Ramps: how long, how faithful, and from where after a fault.

use crate::measure::{Measured, PulseRow};
use crate::scenario::{Action, Criterion, Nominal};
use crate::signal::{Law, Program, Pulse, Ramp, Waveform};

use super::super::median::median;
use super::super::view::Window;
use super::super::{Instant, Reason, Segment, Unit, Units, View};
use super::grid::closes;
use super::interval::resolved;
use super::owed::undelivered;
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
            // What is measured is the leading phase, and the first of a triphasic pulse's has half of its amplitude.
            let part = if program.waveform == Waveform::Triphasic { 0.5 } else { 1.0 };
            (pulse.amplitude * part * share, program.amplitude * part * share)
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
        view.known(&row, |pulse| if ramp.law == Law::Width { pulse.width } else { pulse.amplitude })?;
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
/// applied to the programmed pulses. A train that ends by itself on its ramp, or never begins, has no such pulse however long one
/// waits.
pub(super) fn ramp_duration(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let window = view.whole_run()?;
    for (train, start) in view.trains().iter().zip(view.begins()) {
        let rows = &view.contact.pulses;
        let inside = |row: &PulseRow| row.at >= window.from && row.at < window.to;
        let Some(first) = rows.get(train.start).filter(|_| !train.is_empty()) else {
            if let Some((segment, ramp)) = never_came(view, window, start) {
                let nominal = Some(about(view, segment, ramp.law));
                never(view, units, start.sample as f64, Unit { nominal, ..Unit::exact(f64::INFINITY) })?;
            }
            continue;
        };
        let Some(placed) = view.placed(&first).filter(|_| inside(&first)) else { continue };
        let program = &placed.segment.programmed;
        let Some(ramp) = program.ramp else { continue };
        if placed.hidden > 0.0 {
            return Err(Reason::NotPlaced { pulse: first.number });
        }
        let since = |row: &PulseRow| (row.start() - first.start()) / view.rate();
        // A change of program before the plateau leaves nothing to compare with, and each on-time begins the ramp anew.
        let settled = |row: &PulseRow| {
            view.placed(row).is_some_and(|other| {
                let (value, plateau) = asked(view, program, ramp.law, &other.pulse(program));
                std::ptr::eq(other.segment, placed.segment) && value >= plateau
            })
        };
        let pulse = program.pulse(0);
        let mut place = rows.iter();
        let backwards = train.clone().rev().filter_map(|index| place.at(index));
        let reached: Vec<f64> = backwards
            .filter(|row| inside(row) && settled(row))
            .take(SETTLED)
            .filter_map(|row| Some(grown(view, &row, &pulse, ramp.law)?.value))
            .collect();
        let Some(plateau) = median(|| reached.iter().copied()) else {
            if was_due(view, window, start, &first, placed.segment) {
                let nominal = Some(about(view, placed.segment, ramp.law));
                let unit = view.unit(&first, Measured::exact(f64::INFINITY));
                never(view, units, first.start(), Unit { nominal, ..unit })?;
            }
            continue;
        };
        let high = |row: &PulseRow| {
            grown(view, row, &pulse, ramp.law).is_some_and(|grown| grown.value >= PLATEAU * plateau)
        };
        let arrived = rows.range(train.clone()).find(high);
        let Some(arrived) = arrived else { continue };
        let seconds = since(&arrived);
        let budget = resolved(view, seconds, &first, program.period());
        let nominal = Some(about(view, placed.segment, ramp.law));
        units.push(Unit { nominal, ..view.unit(&first, Measured::new(seconds, budget)) });
    }
    if units.is_empty() { Err(Reason::NoPlateau) } else { Ok(()) }
}

/// What a ramp's duration is to be about, s.
fn about(view: &View<'_>, segment: &Segment, law: Law) -> f64 {
    match view.nominal() {
        Nominal::Value(value) => value,
        Nominal::Applied => programmed(view, &segment.applied, law),
        Nominal::Programmed => programmed(view, &segment.programmed, law),
    }
}

/// What a train is that does not come to its plateau: longer than any limit. That it takes long enough it does not show.
fn never(view: &View<'_>, units: &mut Units<'_>, at: f64, unit: Unit) -> Result<(), Reason> {
    if matches!(view.check.criterion, Criterion::AtLeast(_)) {
        return Err(Reason::EndedOnRamp { at: view.seconds(at) });
    }
    units.push(unit);
    Ok(())
}

/// Whether a train that began with `first` was to come to its plateau before anything but the stimulator itself ended it.
fn was_due(view: &View<'_>, window: Window, start: &Instant, first: &PulseRow, segment: &Segment) -> bool {
    let program = &segment.programmed;
    let Some(n) = on_plateau(view, program) else { return false };
    let changes = view.facts.segments.iter().filter(|other| other.from > first.at);
    let change = changes.map(|other| if other.requested > 0 { other.requested } else { other.from }).min();
    let ends = closes(view, window, start, first.at).at.min(change.unwrap_or(u64::MAX) as f64);
    // One that runs freely may come a little late, and is seen to its end.
    first.start() + (program.start_of(n) + program.period()) * view.rate() < ends
}

/// The program and its ramp, where nothing came of a start behind which its plateau was due.
fn never_came<'a>(view: &View<'a>, window: Window, start: &Instant) -> Option<(&'a Segment, Ramp)> {
    let (segment, _) = view.segment_at(start.sample)?;
    let program = &segment.programmed;
    let inside = start.sample >= window.from && start.sample < window.to;
    // What a later program makes of a start is not said by this one's ramp.
    let changes = view.facts.segments.iter().any(|other| other.from > start.sample);
    let n = on_plateau(view, program).filter(|_| inside && !changes)?;
    let ends = closes(view, window, start, start.sample).at;
    let owed = program.share_of(&view.contact.name) != 0.0 && undelivered(view, window, start, ends) > n;
    Some((segment, program.ramp?)).filter(|_| owed)
}

/// The first pulse of a train that its ramp gives all of the plateau; `None` where it ends by itself, or turns, before that.
fn on_plateau(view: &View<'_>, program: &Program) -> Option<u64> {
    let ramp = program.ramp?;
    // The ramp counts from half a period before the first group.
    let group = (ramp.up * program.rate - 0.5).max(0.0) as u64;
    let whole = |n: &u64| {
        let (value, plateau) = asked(view, program, ramp.law, &program.pulse(*n));
        value >= plateau
    };
    let found = (group..group + 3).map(|group| group * program.pulses_per_period()).find(whole)?;
    (found < program.pulse_limit().unwrap_or(u64::MAX)).then_some(found)
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
    // Nor, on a ramp, of what may have come unseen.
    if let Some(row) = row.as_ref().filter(|row| view.placed(row).is_some_and(|placed| placed.hidden > 0.0)) {
        return Err(Reason::NotPlaced { pulse: row.number });
    }
    let (row, phase) = row
        .and_then(|row| Some((row, *row.phases().first()?)))
        .ok_or_else(|| view.no_pulse(Window { from: start, to: end }))?;
    let (value, budget) = view.phase_level(&row, &phase);
    let unit = view.unit(&row, Measured::new(value.abs(), budget));
    units.push(Unit { clipped: row.flags.clipped, ..unit });
    Ok(())
}
