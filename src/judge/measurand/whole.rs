//! The pulse in progress at a stop or a fault is whole, or not there.

use crate::measure::{Measured, PulseRow};
use crate::scenario::{Criterion, Measurand, Nominal, Tolerance};
use crate::signal::{Program, Pulse};

use super::super::median::median;
use super::super::{Reason, Unit, Units, View};
use super::event::Event;

/// Tolerance of a phase's width where the case states none: that of `SYS-TI-001`.
const WIDTH: Tolerance = Tolerance { rel: 0.02, abs: 5e-6 };

/// Every pulse that reaches beyond the instant (or each stop of the case) has all its phases, each as wide as
/// programmed, and leaves no more charge than twice the median pulse does. That a pulse was met must be seen at least
/// once.
pub(super) fn no_truncated_pulse(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let events = events(view)?;
    let first = events.first().ok_or_else(|| Reason::NoInstant("stop".to_owned()))?.t0;
    let typical = typical_charge(view, first);
    let mut met = 0;
    for event in &events {
        unbroken(view, event)?;
        for (row, asked) in reaching(view, event) {
            if !whole(view, &row, &asked, typical) {
                units.push(view.unit(&row, Measured::exact(0.0)));
                return Ok(());
            }
            met += u64::from(in_progress(view, &row, &asked, event.t0));
        }
    }
    if met == 0 {
        return Err(Reason::NoPulseMet(events.len()));
    }
    units.push(Unit::exact(1.0));
    Ok(())
}

fn events<'a>(view: &View<'a>) -> Result<Vec<Event<'a>>, Reason> {
    if view.check.after.is_some() {
        return Ok(vec![Event::of(view)?]);
    }
    view.stops().map(|stop| Event::at(view, stop)).collect()
}

/// That no sample is missing of a pulse in progress at an event: what a loss cuts looks like what the stimulator cuts, and of a
/// pulse that began in one nothing may be seen at all. What came behind the event was looked at with it.
fn unbroken(view: &View<'_>, event: &Event<'_>) -> Result<(), Reason> {
    let pulse = Program { ramp: None, ..event.program.clone() }.pulse(0);
    let length = (pulse.end() - pulse.start) * view.rate();
    let from = event.t0.saturating_sub(length.ceil() as u64 + view.settling());
    match view.recording.lost_within(from, event.t0) {
        0 => Ok(()),
        lost => Err(Reason::SamplesLost(lost)),
    }
}

/// Instants of a row without the filter's delay, samples: its start, and the end it has or was to have.
fn span(view: &View<'_>, row: &PulseRow, asked: &Pulse) -> (f64, f64) {
    let delay = view.recording.front_end.delay * view.rate();
    let start = row.start() - delay;
    // The programmed instants count from the first pulse of the train.
    let length = asked.phases().first().map_or(0.0, |leading| asked.end() - leading.start);
    (start, (row.end() - delay).max(start + length * view.rate()))
}

fn in_progress(view: &View<'_>, row: &PulseRow, asked: &Pulse, t0: u64) -> bool {
    let (start, end) = span(view, row, asked);
    start <= t0 as f64 && end > t0 as f64
}

/// No pulse lasts longer than this, s: longer ones outlast what is kept of the samples.
const LONGEST: f64 = 2.0;

/// Pulses that are not over at an event, up to the next start.
fn reaching<'v>(view: &'v View<'_>, event: &'v Event<'_>) -> impl Iterator<Item = (PulseRow, Pulse)> + 'v {
    let table = &view.contact.pulses;
    let over = event.t0 as f64 - LONGEST * view.rate();
    let rows = table.range(table.partition_point(|row| row.start() < over)..table.len());
    let asked =
        |row: &PulseRow| view.asked(row, Nominal::Programmed).or_else(|| view.asked(row, Nominal::Applied));
    rows.take_while(|row| row.at < event.until)
        .filter_map(move |row| asked(&row).map(|asked| (row, asked)))
        .filter(|(row, asked)| span(view, row, asked).1 > event.t0 as f64)
}

fn whole(view: &View<'_>, row: &PulseRow, asked: &Pulse, typical: f64) -> bool {
    let (phases, wanted) = (row.phases(), asked.phases());
    if row.flags.truncated || row.flags.endless || phases.len() < wanted.len() {
        return false;
    }
    let as_wide = phases.iter().zip(wanted).all(|(phase, wanted)| {
        let width = f64::from(phase.end - phase.start) / view.rate();
        (width - wanted.width).abs() <= width_tolerance(view, wanted.width)
    });
    let charge = view.pulse_charge(row);
    let unit = view.calibration.lsb / view.rate();
    let left = Measured::new(charge.area.abs() * unit, charge.budget(view));
    as_wide && left.value <= 2.0 * typical * grown(asked) + left.expanded()
}

/// What the charge of a pulse grows with on a ramp, C: one phase leaves all of its own. What phases that balance leave does not grow
/// with them; any number does for those.
fn grown(asked: &Pulse) -> f64 {
    match asked.phases() {
        [only] => only.current.abs() * only.width,
        _ => 1.0,
    }
}

/// What the case's checks of the width allow about a programmed one, s: the tightest of them.
fn width_tolerance(view: &View<'_>, width: f64) -> f64 {
    let stated = view.case.checks.iter().filter_map(|check| match (check.measurand, check.criterion) {
        (Measurand::Width, Criterion::Within { of: Nominal::Programmed, tolerance }) => {
            Some(tolerance.about(width))
        }
        _ => None,
    });
    stated.min_by(f64::total_cmp).unwrap_or_else(|| WIDTH.about(width))
}

/// Median |net charge| of the whole pulses before a sample, C, over what that grows with.
fn typical_charge(view: &View<'_>, before: u64) -> f64 {
    let of = |row: PulseRow| {
        let asked = view.asked(&row, Nominal::Applied).map_or(1.0, |asked| grown(&asked));
        view.pulse_charge(&row).area.abs() / asked
    };
    let rows = || {
        let ended = view.contact.pulses.iter().take_while(move |row| row.end() < before as f64);
        ended.filter(|row| !row.flags.truncated).map(of)
    };
    median(rows).map_or(0.0, |median| median * view.calibration.lsb / view.rate())
}
