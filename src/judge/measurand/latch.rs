//! What a stimulator does that has a fault: how many pulses still come, and whether it can be started.

use crate::measure::Interval;
use crate::signal::Program;

use super::super::{Reason, Unit, Units, View};
use super::due::{Due, FEWEST};
use super::event::Event;
use super::fault::highest;

/// Pulses in (t0, t0 + `for`], else to the next start or the end of the record: leading edges on the contact with most, or what
/// was active by the programmed instants, whichever are more. Pulses too small for a row are pulses, and where the fault opens the
/// way of the current only the voltage at the stimulator tells.
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
    let (count, last) = unseen(view, &event, end);
    if count > worst.measured.value {
        worst = Unit { time: last.map(|last| view.seconds(last as f64)), ..Unit::exact(count) };
    }
    // That few came shows nothing where few were due.
    if highest(view).is_none_or(|limit| worst.measured.value <= limit) {
        event.seen(view, end)?;
        if view.check.hold.is_some() {
            event.unstopped(view, end)?;
        }
        let need = if event.program.cycle.is_some() { FEWEST } else { 1 };
        event.shown(view, (event.t0 as f64, end as f64), need)?;
    }
    units.push(worst);
    Ok(())
}

/// Pulses that the activity after an event stands for, and the last active sample. What is active from before the event on holds
/// the pulses that were due meanwhile; an activity that begins after it is at least one, and as many more as a train that began
/// with it had delivered by its end.
fn unseen(view: &View<'_>, event: &Event<'_>, end: u64) -> (f64, Option<u64>) {
    let due = Due::of(view, event);
    let pulses = |active: &Interval| {
        let last = active.last.min(end);
        if active.first <= event.t0 {
            return due.pulses(event.t0 as f64, last as f64);
        }
        event.program.pulses_before((last - active.first) as f64 / view.rate()).max(1)
    };
    let together = together(view, event);
    let after = together.iter().filter(|active| active.last > event.t0 && active.first <= end);
    let last = after.clone().map(|active| active.last).max();
    (after.map(pulses).sum::<u64>() as f64, last)
}

/// The activity of all contacts and of the stimulator's side as one: what lies no farther apart than the phases of a pulse, or
/// within a pulse's length, is one pulse's. At its compliance the voltage stands still for as long as a phase lasts.
///
/// Where the current has its way it tells alone: a relay that shorts a charged load moves the voltage as well.
fn together(view: &View<'_>, event: &Event<'_>) -> Vec<Interval> {
    const APART: f64 = 1e-3;
    let apart = ((1.1 * event.program.gap).max(APART) * view.rate()) as u64;
    let (driven, recharged) = lengths(event.program);
    let samples = |seconds: f64| (seconds * view.rate()).ceil() as u64 + view.settling();
    // What flows back from before the event on is no pulse, and may hide none.
    let length = |open: &Interval| samples(if open.first > event.t0 { recharged } else { driven });
    let mut activity: Vec<Interval> = match event.interrupts_current(view) {
        true => event.activity.clone(),
        false => {
            let contacts = view.recording.contacts.iter().flat_map(|contact| &contact.activity);
            contacts.copied().filter(|active| active.first < event.until).collect()
        }
    };
    activity.sort_by_key(|active| active.first);
    let mut all: Vec<Interval> = Vec::new();
    for active in activity {
        let of_pulse =
            |open: &&mut Interval| active.first <= (open.last + apart).max(open.first + length(open));
        match all.last_mut().filter(of_pulse) {
            Some(open) => open.last = open.last.max(active.last),
            None => all.push(active),
        }
    }
    all
}

/// From the leading edge of a pulse on the plateau to the end of its phases, and to the opening of its recharge switch, s.
fn lengths(program: &Program) -> (f64, f64) {
    let plateau = Program { ramp: None, ..program.clone() };
    let pulse = plateau.pulse(plateau.pulses_per_period() - 1);
    let driven = pulse.end() - pulse.start;
    let opens = pulse.recharge.map_or(driven, |(start, duration)| start + duration - pulse.start);
    (driven, driven.max(opens))
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
        (true, None) => {
            event.seen(view, to)?;
            // What would have come of it a stop may have ended before it came.
            let stopped = event.stops(view).filter(|stop| (sent.sample..to).contains(stop)).min();
            if let Some(stop) = stopped {
                return Err(Reason::Stopped { at: stop as f64 / view.rate() });
            }
            (1.0, sent.sample)
        }
        (_, at) => (0.0, at.unwrap_or(sent.sample)),
    };
    units.push(Unit { time: Some(view.seconds(at as f64)), ..Unit::exact(holds) });
    Ok(())
}
