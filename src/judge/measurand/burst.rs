//! What a burst consists of.

use crate::measure::{Measured, PulseRow};
use crate::scenario::Nominal;
use crate::signal::Burst;

use super::super::{Cycle, Reason, Unit, Units, View};
use super::count::tall;
use super::time::edges;

/// Bursts that lie wholly inside the window and that neither a stop in it nor the program's own end cuts short.
fn bursts<'a>(view: &View<'a>) -> Result<impl Iterator<Item = Cycle<'a>>, Reason> {
    let window = view.window()?;
    // Pulses that go under in an output that stays on are in no burst, and the bursts beside them look whole.
    view.followed(window)?;
    let delay = view.recording.front_end.delay * view.rate();
    let g = view.settling() as f64;
    let whole = move |cycle: &Cycle<'_>| {
        let program = view.program_at(&cycle.row);
        let Some(burst) = program.burst else { return false };
        let starts = cycle.row.start() - delay;
        let programmed = starts + f64::from(burst.pulses) / burst.rate * view.rate();
        let number = view.placed(&cycle.row).map_or(0, |placed| placed.number);
        let runs_on = program.pulse_limit().is_none_or(|limit| number + u64::from(burst.pulses) <= limit);
        let ends = programmed.max(cycle.last().end() - delay);
        let stopped = view.stops().any(|stop| (starts..programmed).contains(&(stop.sample as f64)));
        starts >= window.from as f64 - g && ends <= window.to as f64 + g && runs_on && !stopped
    };
    let mut found = view.all_cycles().filter(whole).peekable();
    if found.peek().is_some() { Ok(found) } else { Err(view.no_pulse(window)) }
}

/// Pulses of at least half the programmed amplitude in each burst.
pub(super) fn burst_pulses(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    for burst in bursts(view)? {
        let pulses = burst.pulses().filter(|row| tall(view, row)).count();
        let nominal = nominal(view, &burst.row, |burst| f64::from(burst.pulses));
        units.push(Unit { nominal, ..view.unit(&burst.row, Measured::exact(pulses as f64)) });
    }
    Ok(())
}

/// Periods of each burst over the time they take.
pub(super) fn burst_rate(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    for burst in bursts(view)? {
        let first = &burst.row;
        if view.program_at(first).burst.is_none_or(|programmed| programmed.pulses < 2) {
            continue;
        }
        // Pulses so far apart that each is cut from the next are in bursts of one.
        if burst.count < 2 {
            return Err(Reason::SinglePulse { pulse: first.number });
        }
        let seconds = (burst.last().start() - first.start()) / view.rate();
        let periods = burst.count as f64 - 1.0;
        let rate = periods / seconds;
        let level =
            |row: &PulseRow| row.phases().first().map_or(1.0, |phase| f64::from(phase.level) - row.base);
        let budget = edges(view, seconds, level(first), 2.0);
        let budget = budget.into_iter().map(|line| line.scaled(rate / seconds)).collect();
        let nominal = nominal(view, first, |burst| burst.rate);
        units.push(Unit { nominal, ..view.unit(first, Measured::new(rate, budget)) });
    }
    if units.is_empty() { Err(Reason::Missing("bursts of at least two pulses")) } else { Ok(()) }
}

/// What a burst was to be like, as programmed or as applied on the device's grid.
fn nominal(view: &View<'_>, row: &PulseRow, figure: impl Fn(Burst) -> f64) -> Option<f64> {
    let program = match view.nominal() {
        Nominal::Value(value) => return Some(value),
        Nominal::Programmed => view.program_at(row),
        Nominal::Applied => {
            view.placed(row).map_or_else(|| view.program_at(row), |placed| &placed.segment.applied)
        }
    };
    program.burst.map(figure)
}
