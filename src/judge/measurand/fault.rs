//! After a fault or a stop: how long, how much, and whether it stays off.

use crate::measure::{Input, Measured};
use crate::scenario::{Action, Criterion, Measurand};

use super::super::{Reason, Unit, Units, View};
use super::event::{Event, one_sided};

/// When the next pulse after the last was due, s after the event; the train is taken up from the last pulse before.
fn next_due(view: &View<'_>, event: &Event<'_>, last: u64) -> Option<f64> {
    let t0 = event.t0;
    let rows = &view.contact.pulses;
    let row = rows.get(rows.partition_point(|row| row.at <= last.max(t0)).checked_sub(1)?)?;
    let period = event.period(view);
    let since = (last.max(t0) as f64 - row.start()).max(0.0);
    let due = row.start() + ((since / period).floor() + 1.0) * period;
    Some((due - t0 as f64) / view.rate())
}

/// t_last − t0 with its one-sided uncertainty: one sample, the tail of the filter, and how well t0 is known.
fn latency(view: &View<'_>, event: &Event<'_>) -> Result<Unit, Reason> {
    event.running(view)?;
    let t0 = event.t0;
    let last = event.last_active(view)?;
    let front_end = &view.recording.front_end;
    let raw = last.map_or(0.0, |last| (last + 1).saturating_sub(t0) as f64 / view.rate() - front_end.delay);
    let value = raw.max(0.0);
    let limit = match view.check.criterion {
        Criterion::AtMost(limit) | Criterion::Magnitude(limit) => Some(limit),
        _ => None,
    };
    let period = event.program.period();
    if let Some(limit) = limit.filter(|limit| *limit < period && value <= *limit) {
        let end = view.default_record_end(t0).min(event.until);
        let seen = (((end.saturating_sub(t0)) as f64 / view.rate() - limit) / period).floor().max(0.0) as u64;
        if seen < 3 {
            return Err(Reason::FewDue { seen });
        }
    }
    let tail = (front_end.settling - front_end.delay).max(0.0);
    let bounds = [("sample period", 1.0 / view.rate()), ("filter tail", tail), ("marker", event.skew(view))];
    let measured = Measured::new(value, one_sided(&bounds));
    let upper_bound = next_due(view, event, last.unwrap_or(t0));
    Ok(Unit { time: last.map(|last| view.seconds(last as f64)), upper_bound, ..Unit::of(measured) })
}

pub(super) fn shutdown_latency(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    units.push(latency(view, &Event::of(view)?)?);
    Ok(())
}

pub(super) fn stop_latency(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let stop = match &view.check.after {
        Some(_) => Event::of(view)?,
        None => {
            let stop = view.instant_of(|action| *action == Action::Stop);
            Event::at(view, stop.ok_or_else(|| Reason::NoInstant("stop".to_owned()))?)?
        }
    };
    units.push(latency(view, &stop)?);
    Ok(())
}

/// Σ |Q| of the phases after t0, on the worst contact; of a phase that runs at t0, the part after it.
pub(super) fn charge_after_fault(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let Event { t0, until, .. } = Event::of(view)?;
    let delayed = t0 as f64 + view.recording.front_end.delay * view.rate();
    let mut worst: Option<Unit> = None;
    for contact in &view.recording.contacts {
        let view = view.at(contact)?;
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
        let value = sum * unit;
        let budget = vec![
            Input::common("gain", view.calibration.gain_u * value),
            Input::common("clock", view.recording.setup.clock_u * value),
            inl.input(view.calibration.inl, unit),
            Input::noise("noise", f64::sqrt(variance) * unit),
        ];
        let found = Unit { clipped, ..Unit::of(Measured::new(value, budget)) };
        if worst.as_ref().is_none_or(|so_far| found.measured.value > so_far.measured.value) {
            worst = Some(found);
        }
    }
    worst.into_iter().for_each(|worst| units.push(worst));
    Ok(())
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
    let a_stop = view.case.steps.get(event.at.step).is_some_and(|step| step.action == Action::Stop);
    let limit = view.case.checks.iter().find_map(|check| match (check.measurand, check.criterion) {
        (Measurand::ShutdownLatency, Criterion::AtMost(limit)) if check.after == view.check.after => {
            Some(limit)
        }
        // What is after a stop has the limit of the stop.
        (Measurand::StopLatency, Criterion::AtMost(limit)) if a_stop => Some(limit),
        _ => None,
    });
    // The tail of the filter is not output.
    let tail = view.settling();
    let from = match limit {
        Some(limit) => t0 + (limit * view.rate()).ceil() as u64 + tail,
        None => match event.last_active(view) {
            Ok(last) => last.unwrap_or(t0) + 1,
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
        None => Unit::exact(1.0),
    });
    Ok(())
}
