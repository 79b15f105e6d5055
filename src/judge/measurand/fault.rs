//! After a fault or a stop: how long, how much, and whether it stays off.

use crate::measure::{Input, Interval, Measured};
use crate::scenario::{Check, Criterion, Measurand};

use super::super::{Reason, Unit, Units, View, Window};
use super::due::{Due, FEWEST};
use super::event::{Event, one_sided};

/// When the next pulse after the last was due, s after the event; the train is taken up from the last pulse before. Off-times and
/// the rest behind a burst have none.
fn next_due<'a>(view: &View<'a>, event: &Event<'a>, last: u64) -> Option<f64> {
    let last = last.max(event.t0);
    let due = Due::behind(view, event, last)?.next(last as f64)?;
    Some((due - event.t0 as f64) / view.rate())
}

/// t_last − t0 with its one-sided uncertainty: one sample, the tail of the filter, and how well t0 is known.
fn latency<'a>(view: &View<'a>, event: &Event<'a>) -> Result<Unit, Reason> {
    event.running(view)?;
    let t0 = event.t0;
    let front_end = &view.recording.front_end;
    let since = |last: u64| (last + 1).saturating_sub(t0) as f64 / view.rate() - front_end.delay;
    let tail = (front_end.settling - front_end.delay).max(0.0);
    let bounds = [("sample period", 1.0 / view.rate()), ("filter tail", tail), ("marker", event.skew(view))];
    let last = event.last_active(view).or_else(|reason| {
        // What was active beyond every limit was, whatever came of it.
        let least = |last: u64| since(last) - bounds.iter().map(|(_, bound)| bound).sum::<f64>();
        let beyond = |last: &u64| highest(view).is_some_and(|limit| least(*last) > limit);
        event.went_on(view).filter(beyond).map(Some).ok_or(reason)
    })?;
    let value = last.map_or(0.0, since).max(0.0);
    if let Some(limit) = highest(view).filter(|limit| value <= *limit) {
        let late = t0 + (limit * view.rate()).ceil() as u64;
        event.seen(view, last.unwrap_or(t0).max(late) + event.quiet(view))?;
        event.shown(view, (t0 as f64 + limit * view.rate(), event.until as f64), FEWEST)?;
    }
    let measured = Measured::new(value, one_sided(&bounds));
    let upper_bound = next_due(view, event, last.unwrap_or(t0));
    Ok(Unit { time: last.map(|last| view.seconds(last as f64)), upper_bound, ..Unit::of(measured) })
}

/// The highest value that the criterion allows.
pub(super) fn highest(view: &View<'_>) -> Option<f64> {
    match view.check.criterion {
        Criterion::AtMost(limit)
        | Criterion::Magnitude(limit)
        | Criterion::Between(_, limit)
        | Criterion::Equals(limit) => Some(limit),
        _ => None,
    }
}

pub(super) fn shutdown_latency(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    units.push(latency(view, &Event::of(view)?)?);
    Ok(())
}

/// Of the stop that is named, else of each that found something running.
pub(super) fn stop_latency(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    if view.check.after.is_some() {
        units.push(latency(view, &Event::of(view)?)?);
        return Ok(());
    }
    let mut none = Reason::NoInstant("stop".to_owned());
    for stop in view.stops() {
        match latency(view, &Event::at(view, stop)?) {
            Ok(unit) => units.push(unit),
            // A fault, or the program itself, may have ended it before.
            Err(Reason::NotRunning) => none = Reason::NotRunning,
            Err(reason) => return Err(reason),
        }
    }
    if units.is_empty() { Err(none) } else { Ok(()) }
}

/// Σ |Q| of the phases after t0, on the worst contact; of a phase that runs at t0, the part after it.
pub(super) fn charge_after_fault(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let event = Event::of(view)?;
    let (t0, until) = (event.t0, event.until);
    let delayed = t0 as f64 + view.recording.front_end.delay * view.rate();
    let mut worst: Option<Unit> = None;
    for contact in &view.recording.contacts {
        let view = view.at(contact)?;
        view.followed(Window { from: t0, to: until })?;
        let unit = view.calibration.lsb / view.rate();
        let (mut sum, mut variance, mut clipped) = (0.0, 0.0, false);
        let mut inl = crate::measure::Nonlinearity::default();
        let over = contact.pulses.partition_point(|row| row.end() <= delayed);
        let after = contact.pulses.range(over..contact.pulses.len());
        for row in after.take_while(|row| row.at < until) {
            for phase in row.phases() {
                let (start, end) =
                    (row.at as f64 + f64::from(phase.start), row.at as f64 + f64::from(phase.end));
                if end <= delayed {
                    continue;
                }
                let part = ((end - delayed.max(start)) / (end - start).max(1e-9)).clamp(0.0, 1.0);
                let charge = view.phase_charge(&row, phase);
                sum += part * charge.area.abs();
                variance += (part * charge.noise).powi(2);
                inl.add_scaled(&charge.inl, part * charge.area.signum());
                clipped |= row.flags.clipped;
            }
        }
        // Currents too small for a phase are active all the same: less than what begins one, for as long as they were.
        let small = 0.5 * unnoticed(&view, (t0, until)) * contact.begins_codes * unit;
        let value = sum * unit + small;
        let mut budget = vec![
            Input::common("gain", view.calibration.gain_u * value),
            Input::common("clock", view.recording.setup.clock_u * value),
            inl.input(view.calibration.inl, unit),
            Input::noise("noise", f64::sqrt(variance) * unit),
        ];
        if small > 0.0 {
            budget.push(Input::rectangular("currents below a phase", small));
        }
        let found = Unit { clipped, ..Unit::of(Measured::new(value, budget)) };
        if worst.as_ref().is_none_or(|so_far| found.measured.value > so_far.measured.value) {
            worst = Some(found);
        }
    }
    if let Some(worst) = worst {
        if highest(view).is_none_or(|limit| worst.measured.value <= limit) {
            event.seen(view, until)?;
            event.shown(view, (t0 as f64, until as f64), FEWEST)?;
        }
        units.push(worst);
    }
    Ok(())
}

/// Samples after `from` and before `to` at which a contact was active and none of its rows says why.
fn unnoticed(view: &View<'_>, (from, to): (u64, u64)) -> f64 {
    let rows = &view.contact.pulses;
    let told = |active: &Interval| {
        let next = rows.partition_point(|row| row.from <= active.last);
        let row = next.checked_sub(1).and_then(|last| rows.get(last));
        row.is_some_and(|row| row.from + u64::from(row.pulse_span) + view.settling() >= active.first)
    };
    let after = view.contact.activity.iter().filter(|active| active.last > from && active.first < to);
    let lengths = after.filter(|active| !told(active)).map(|active| active.last + 1 - active.first.max(from));
    lengths.sum::<u64>() as f64
}

/// No active sample from t0 plus the shutdown limit of the same case (else from the last active sample) for `for`.
pub(super) fn stays_off(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let event = Event::of(view)?;
    let t0 = event.t0;
    let hold = view.check.hold.ok_or(Reason::Missing("for"))?;
    // Within an off-time every stimulator is silent.
    let silence = event.longest_rest();
    if event.program.cycle.is_some() && hold < silence {
        return Err(Reason::TooShort { have: hold, cycles: 0, need: silence, fewest: 3 });
    }
    let a_stop = event.is_stop(view);
    // What is after a stop has the limit of the stop too.
    let stop = |check: &Check| match (check.measurand, check.criterion) {
        (Measurand::StopLatency, Criterion::AtMost(limit)) if a_stop => Some(limit),
        _ => None,
    };
    let limits = view.case.shutdown_limit(view.check.after.as_deref());
    let limit = limits.into_iter().chain(view.case.checks.iter().filter_map(stop)).min_by(f64::total_cmp);
    // The tail of the filter is not output.
    let tail = view.settling();
    let from = match limit {
        Some(limit) => t0 + (limit * view.rate()).ceil() as u64 + tail,
        None => match event.last_active(view) {
            Ok(last) => {
                // In the time it had it never went off: that the host ended it is no merit of its own.
                let last = last.unwrap_or(t0);
                let long = |stop: u64| (stop - t0) as f64 >= hold * view.rate();
                if event.ran_until(view, last).is_some_and(long) {
                    units.push(Unit { time: Some(view.seconds(last as f64)), ..Unit::exact(0.0) });
                    return Ok(());
                }
                last + 1
            }
            Err(_) => {
                units.push(Unit::exact(0.0));
                return Ok(());
            }
        },
    };
    let to = from + (hold * view.rate()) as u64;
    units.push(match event.active_in(from, to) {
        Some(interval) => {
            let at = interval.first.max(from);
            Unit { time: Some(view.seconds(at as f64)), ..Unit::exact(0.0) }
        }
        None if to > event.until => return Err(Reason::NeverQuiet(hold)),
        None => {
            event.seen(view, to)?;
            event.unstopped(view, to)?;
            event.shown(view, (from as f64, to as f64), FEWEST)?;
            Unit::exact(1.0)
        }
    });
    Ok(())
}
