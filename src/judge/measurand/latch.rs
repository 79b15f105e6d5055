//! What a stimulator does that has a fault: how many pulses still come, and whether it can be started.

use crate::measure::Interval;

use super::super::{Reason, Unit, Units, View};
use super::event::Event;

/// Leading edges in (t0, t0 + `for`], else to the next start or the end of the record; on the contact with most. Where
/// the fault opens the way of the current, the activity of the voltage at the stimulator is counted by its programmed
/// instants.
pub(super) fn pulses_after_fault(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let event = Event::of(view)?;
    let end = match view.check.hold {
        Some(hold) => event.t0 + (hold * view.rate()).round() as u64,
        None => event.until,
    };
    if end > event.until {
        let have = (event.until - event.t0.min(event.until)) as f64 / view.rate();
        let need = (end - event.t0) as f64 / view.rate();
        return Err(Reason::TooShort { have, cycles: 0, need, fewest: 0 });
    }
    let delay = view.recording.front_end.delay * view.rate();
    let mut worst = Unit::exact(0.0);
    for contact in &view.recording.contacts {
        let view = view.at(contact)?;
        let rows = &view.contact.pulses;
        let by = |sample: u64| rows.partition_point(|row| row.start() - delay <= sample as f64);
        let (from, to) = (by(event.t0), by(end));
        let last = rows.get(to.saturating_sub(1)).map(|row| view.seconds(row.start()));
        let count = to.saturating_sub(from) as f64;
        if count > worst.measured.value {
            worst = Unit { time: last, ..Unit::exact(count) };
        }
    }
    if event.interrupts_current(view) {
        let (count, last) = unseen(view, &event, end);
        if count > worst.measured.value {
            worst = Unit { time: last.map(|last| view.seconds(last as f64)), ..Unit::exact(count) };
        }
    }
    units.push(worst);
    Ok(())
}

/// Pulses that the activity after an event stands for, and the last active sample. An activity that begins after the
/// event is at least one pulse; one that lasts holds one more for each period.
fn unseen(view: &View<'_>, event: &Event<'_>, end: u64) -> (f64, Option<u64>) {
    let period = event.period(view);
    let rows = &view.contact.pulses;
    let begun = rows.partition_point(|row| row.start() <= event.t0 as f64);
    let before = begun.checked_sub(1).and_then(|last| rows.get(last));
    let pulses = |interval: &Interval| {
        let last = interval.last.min(end) as f64;
        match before.as_ref().filter(|_| interval.first <= event.t0) {
            // The pulse in progress began before.
            Some(row) => ((last - row.start()) / period).floor().max(0.0),
            None => 1.0 + ((last - interval.first as f64) / period).floor().max(0.0),
        }
    };
    let after = event.activity.iter().filter(|interval| interval.last > event.t0 && interval.first <= end);
    let last = after.clone().map(|interval| interval.last).max();
    (after.map(pulses).sum(), last)
}

/// Whether the start that was sent after the fault was refused, and nothing was active from there on for 100 ms or three
/// periods.
pub(super) fn restart_refused(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let step = view.case.refusing_fault(view.check).ok_or(Reason::Missing("after"))?;
    let at = view.facts.instants.iter().find(|at| at.step == step);
    let at =
        at.ok_or_else(|| Reason::NoInstant(view.check.after.clone().unwrap_or_else(|| "fault".to_owned())))?;
    let event = Event::at(view, at)?;
    let sent = view.facts.restarts.iter().find(|restart| restart.step == step);
    let sent = sent.ok_or(Reason::NoRestart)?;
    let to = sent.sample + event.quiet(view);
    let broken = event.active_in(sent.sample, to).map(|interval| interval.first.max(sent.sample));
    let (holds, at) = match (sent.refused, broken) {
        (true, None) if to > event.until => {
            return Err(Reason::NeverQuiet(event.quiet(view) as f64 / view.rate()));
        }
        (true, None) => (1.0, sent.sample),
        (_, at) => (0.0, at.unwrap_or(sent.sample)),
    };
    units.push(Unit { time: Some(view.seconds(at as f64)), ..Unit::exact(holds) });
    Ok(())
}
