//! What a burst consists of.

use crate::measure::{Measured, PulseRow};
use crate::scenario::Nominal;

use super::super::{Cycle, Reason, Unit, View};
use super::count::tall;
use super::time::edges;

/// Bursts that lie wholly inside the window and that the program does not cut short at its own end.
fn bursts<'a>(view: &View<'a>) -> Result<Vec<Cycle<'a>>, Reason> {
    let window = view.window()?;
    let delay = view.recording.front_end.delay * view.rate();
    let g = view.settling() as f64;
    let whole = |cycle: &Cycle<'_>| {
        let program = view.program_at(&cycle.row);
        let (Some(burst), Some(last)) = (program.burst, cycle.pulses.last()) else { return false };
        let starts = cycle.row.start() - delay;
        let programmed = starts + f64::from(burst.pulses) / burst.rate * view.rate();
        let number = view.placed(&cycle.row).map_or(0, |placed| placed.number);
        let runs_on = program.pulse_limit().is_none_or(|limit| number + u64::from(burst.pulses) <= limit);
        let ends = programmed.max(last.end() - delay);
        starts >= window.from as f64 - g && ends <= window.to as f64 + g && runs_on
    };
    let found: Vec<_> = view.all_cycles().filter(whole).collect();
    let seconds = |sample: u64| sample as f64 / view.rate();
    if found.is_empty() {
        return Err(Reason::NoPulse { from: seconds(window.from), to: seconds(window.to) });
    }
    Ok(found)
}

/// Pulses of at least half the programmed amplitude in each burst.
pub(super) fn burst_pulses(view: &View<'_>) -> Result<Vec<Unit>, Reason> {
    let units = bursts(view)?.into_iter().map(|burst| {
        let pulses = burst.pulses.iter().filter(|row| tall(view, row)).count();
        let programmed = view.program_at(&burst.row).burst.map(|burst| f64::from(burst.pulses));
        Unit { nominal: nominal(view, programmed), ..of_burst(view, &burst, Measured::exact(pulses as f64)) }
    });
    Ok(units.collect())
}

/// Periods of each burst over the time they take.
pub(super) fn burst_rate(view: &View<'_>) -> Result<Vec<Unit>, Reason> {
    let unit = |burst: Cycle<'_>| {
        let (first, last) = (burst.pulses.first()?, burst.pulses.last()?);
        let seconds = (last.start() - first.start()) / view.rate();
        let periods = burst.pulses.len() as f64 - 1.0;
        if periods < 1.0 || seconds <= 0.0 {
            return None;
        }
        let rate = periods / seconds;
        let level =
            |row: &PulseRow| row.phases().first().map_or(1.0, |phase| f64::from(phase.level) - row.base);
        let budget = edges(view, seconds, level(first), 2.0);
        let budget = budget.into_iter().map(|line| line.scaled(rate / seconds)).collect();
        let programmed = view.program_at(&burst.row).burst.map(|burst| burst.rate);
        Some(Unit {
            nominal: nominal(view, programmed),
            ..of_burst(view, &burst, Measured::new(rate, budget))
        })
    };
    let units: Vec<_> = bursts(view)?.into_iter().filter_map(unit).collect();
    if units.is_empty() { Err(Reason::Missing("bursts of at least two pulses")) } else { Ok(units) }
}

fn nominal(view: &View<'_>, programmed: Option<f64>) -> Option<f64> {
    if let Nominal::Value(value) = view.nominal() { Some(value) } else { programmed }
}

fn of_burst(view: &View<'_>, burst: &Cycle<'_>, measured: Measured) -> Unit {
    Unit {
        pulse: Some(burst.index as u64),
        time: Some(view.seconds(burst.row.start())),
        ..Unit::of(measured)
    }
}
