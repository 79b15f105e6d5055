//! Counts: exact, with their evidence threshold in the definition.

use crate::measure::{Measured, PulseRow};
use crate::scenario::Nominal;

use super::super::view::Window;
use super::super::{Reason, Unit, Units, View};
use super::grid::{Grid, grid};

/// A pulse is a leading phase of at least half the programmed amplitude; what is less is a part of one.
pub(super) fn tall(view: &View<'_>, row: &PulseRow) -> bool {
    let asked = view
        .placed(row)
        .map_or_else(|| view.case.program.pulse(0), |placed| placed.pulse(&placed.segment.programmed));
    let current = asked.phases().first().map_or(0.0, |phase| phase.current.abs());
    view.leading(row, &asked).is_some_and(|phase| {
        (f64::from(phase.level) - row.base).abs() * view.calibration.lsb
            >= 0.5 * current * view.share(row, Nominal::Programmed)
    })
}

/// Pulses of a window: leading 50 % instants t with from − g ≤ t < to − g.
fn counted(view: &View<'_>, window: Window) -> impl Iterator<Item = PulseRow> {
    let g = view.settling() as f64;
    let delay = view.recording.front_end.delay * view.rate();
    let (from, to) = (window.from as f64 - g, window.to as f64 - g);
    let inside = move |row: &PulseRow| (from..to).contains(&(row.start() - delay));
    view.contact.pulses.iter().filter(move |row| inside(row) && tall(view, row))
}

pub(super) fn pulse_count(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let window = view.window()?;
    // What an output that stays on swallows is not counted, and fewer is what a limit from above asks for.
    view.followed(window)?;
    // Nor are those that may have gone under in the noise as a ramp began.
    view.begun_unseen(window)?;
    units.push(Unit::exact(counted(view, window).count() as f64));
    Ok(())
}

/// The programmed instants of the window against its pulses.
fn against_grid(view: &View<'_>) -> Result<Grid, Reason> {
    let window = view.window()?;
    // Of what goes under in an output that stays on nobody knows whether it came, or what came besides.
    view.ended(window)?;
    if counted(view, window).next().is_none() {
        return Err(view.no_pulse(window));
    }
    grid(view, window, |row| tall(view, row))
}

/// How many programmed instants of the window no pulse came at, and how many pulses came at none.
pub(super) fn unmatched(view: &View<'_>) -> Result<(u64, u64), Reason> {
    let Grid { missing, extra, .. } = against_grid(view)?;
    Ok((missing, extra))
}

pub(super) fn missing_pulses(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    units.push(Unit::exact(against_grid(view)?.missing as f64));
    Ok(())
}

pub(super) fn extra_pulses(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let Grid { extra, first, .. } = against_grid(view)?;
    let count = Measured::exact(extra as f64);
    units.push(match first {
        Some(row) => view.unit(&row, count),
        None => Unit::of(count),
    });
    Ok(())
}

/// Sign of the leading phase; all pulses must agree. Of a pair of alternating pulses the first leads, and the second is to
/// have the other sign.
pub(super) fn polarity(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let window = view.window()?;
    let leading = |row: &PulseRow, sign: f64| {
        if view.placed(row).is_some_and(|placed| placed.is_second()) { -sign } else { sign }
    };
    let sign = |row: &PulseRow| {
        row.phases().first().map_or(0.0, |phase| (f64::from(phase.level) - row.base).signum())
    };
    for row in view.pulses(window)? {
        // Which of a pair it is says which sign leads.
        if view.placed(&row).is_some_and(|placed| placed.hidden > 0.0 && placed.alternates()) {
            return Err(Reason::NotPlaced { pulse: row.number });
        }
        let nominal = view.asked(&row, view.nominal()).and_then(|pulse| {
            let share = view.case.program.scale_of(&view.contact.name);
            pulse.phases().first().map(|phase| leading(&row, (phase.current * share).signum()))
        });
        units.push(Unit { nominal, ..view.unit(&row, Measured::exact(leading(&row, sign(&row)))) });
    }
    Ok(())
}
