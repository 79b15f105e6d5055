//! After a fault or a stop: how long, how much, and whether it stays off.

use crate::measure::{Input, Interval, Measured, PulseRow};
use crate::scenario::{Action, Criterion, Fault, Measurand};

use super::super::{Instant, Reason, Unit, View};

/// The event a check is `after:`.
fn event<'a>(view: &View<'a>) -> Result<&'a Instant, Reason> {
    let after = view.check.after.as_deref().ok_or(Reason::Missing("after"))?;
    let sample = view.named(after)?;
    let named = |at: &&Instant| at.sample == sample;
    view.facts.instants.iter().find(named).ok_or_else(|| Reason::NoInstant(after.to_owned()))
}

/// Activity of every contact and of the stimulator's side, in order of time.
fn activity(view: &View<'_>, event: &Instant) -> Result<Vec<Interval>, Reason> {
    let step = view.case.steps.get(event.step).map(|step| &step.action);
    let interrupts = matches!(step, Some(Action::Inject(Fault::OpenLead { .. })));
    if interrupts && view.recording.setup.vout.is_none() {
        return Err(Reason::NotObservable);
    }
    let contacts = view.recording.contacts.iter().flat_map(|contact| &contact.activity);
    let moved = view.recording.voltages.iter().flat_map(|voltage| &voltage.activity);
    let mut all: Vec<Interval> = contacts.chain(moved).copied().collect();
    all.sort_by_key(|interval| interval.first);
    Ok(all)
}

/// Quiet that shows it is off: 100 ms, or three periods behind an off-time, samples.
fn quiet_length(view: &View<'_>) -> u64 {
    (view.case.longest_silence().max(0.1) * view.rate()) as u64
}

/// Last active sample at or after `t0` before the first quiet interval; `None` if nothing was active.
fn last_active(view: &View<'_>, all: &[Interval], t0: u64) -> Result<Option<u64>, Reason> {
    let quiet = quiet_length(view);
    let mut last: Option<u64> = None;
    for interval in all.iter().filter(|interval| interval.last >= t0) {
        if interval.first > last.unwrap_or(t0) + quiet {
            break;
        }
        last = Some(last.unwrap_or(0).max(interval.last));
    }
    if last.unwrap_or(t0) + quiet > view.recording.samples {
        return Err(Reason::NeverQuiet(quiet as f64 / view.rate()));
    }
    Ok(last)
}

fn lost_after(view: &View<'_>, t0: u64) -> Result<(), Reason> {
    let lost: u64 = view.recording.lost.iter().filter(|(at, _)| *at >= t0).map(|(_, lost)| lost).sum();
    if lost > 0 { Err(Reason::SamplesLost(lost)) } else { Ok(()) }
}

/// When the next pulse after the last was due, s after `t0`; the train is taken up from the last pulse before.
fn next_due(view: &View<'_>, t0: u64, last: u64) -> Option<f64> {
    let row = view.contact.pulses.iter().rfind(|row| row.at <= last.max(t0))?;
    let period = view.case.program.period() * view.rate();
    let since = (last.max(t0) as f64 - row.start()).max(0.0);
    let due = row.start() + ((since / period).floor() + 1.0) * period;
    Some((due - t0 as f64) / view.rate())
}

/// t_last − t0 with its one-sided uncertainty: one sample, the tail of the filter, and how well t0 is known.
fn latency(view: &View<'_>, event: &Instant) -> Result<Unit, Reason> {
    let t0 = event.sample;
    lost_after(view, t0)?;
    let all = activity(view, event)?;
    let last = last_active(view, &all, t0)?;
    let front_end = &view.recording.front_end;
    let raw = last.map_or(0.0, |last| (last + 1).saturating_sub(t0) as f64 / view.rate() - front_end.delay);
    let value = raw.max(0.0);
    let limit = match view.check.criterion {
        Criterion::AtMost(limit) | Criterion::Magnitude(limit) => Some(limit),
        _ => None,
    };
    let period = view.case.program.period();
    if let Some(limit) = limit.filter(|limit| *limit < period && value <= *limit) {
        let end = view.default_record_end(t0);
        let seen = (((end.saturating_sub(t0)) as f64 / view.rate() - limit) / period).floor().max(0.0) as u64;
        if seen < 3 {
            return Err(Reason::FewDue { seen });
        }
    }
    // One-sided bounds, not standard uncertainties: U is their sum, carried as lines of a coverage factor of one.
    let tail = (front_end.settling - front_end.delay).max(0.0);
    let skew = if event.marked { 1.0 / view.rate() } else { view.facts.round_trip };
    let bounds = [("sample period", 1.0 / view.rate()), ("filter tail", tail), ("marker", skew)];
    let total: f64 = bounds.iter().map(|(_, bound)| bound).sum();
    let bounded = |(name, bound): &(&'static str, f64)| Input::common(name, (bound * total).sqrt() / 1.960);
    let measured = Measured::new(value, bounds.iter().map(bounded).collect());
    let upper_bound = next_due(view, t0, last.unwrap_or(t0));
    Ok(Unit { time: last.map(|last| view.seconds(last as f64)), upper_bound, ..Unit::of(measured) })
}

pub(super) fn shutdown_latency(view: &View<'_>) -> Result<Vec<Unit>, Reason> {
    Ok(vec![latency(view, event(view)?)?])
}

pub(super) fn stop_latency(view: &View<'_>) -> Result<Vec<Unit>, Reason> {
    let stop = match &view.check.after {
        Some(_) => event(view)?,
        None => view
            .instant_of(|action| *action == Action::Stop)
            .ok_or_else(|| Reason::NoInstant("stop".to_owned()))?,
    };
    Ok(vec![latency(view, stop)?])
}

/// Σ |Q| of the phases after t0, on the worst contact; of a phase that runs at t0, the part after it.
pub(super) fn charge_after_fault(view: &View<'_>) -> Result<Vec<Unit>, Reason> {
    let event = event(view)?;
    let t0 = event.sample;
    lost_after(view, t0)?;
    let delayed = t0 as f64 + view.recording.front_end.delay * view.rate();
    let mut worst: Option<Unit> = None;
    for contact in &view.recording.contacts {
        let view = View::on(view.case, view.facts, view.recording, view.check, contact)?;
        let unit = view.calibration.lsb / view.rate();
        let (mut sum, mut variance, mut clipped) = (0.0, 0.0, false);
        let mut inl = crate::measure::Nonlinearity::default();
        let after = |row: &&PulseRow| row.end() > delayed;
        for row in contact.pulses.iter().filter(after) {
            for phase in row.phases() {
                let (start, end) =
                    (row.at as f64 + f64::from(phase.start), row.at as f64 + f64::from(phase.end));
                if end <= delayed {
                    continue;
                }
                let part = ((end - delayed.max(start)) / (end - start).max(1e-9)).clamp(0.0, 1.0);
                let charge = view.phase_charge(row, phase);
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
    Ok(worst.into_iter().collect())
}

/// No active sample from t0 plus the shutdown limit of the same case (else from the last active sample) for `for`.
pub(super) fn stays_off(view: &View<'_>) -> Result<Vec<Unit>, Reason> {
    let event = event(view)?;
    let t0 = event.sample;
    lost_after(view, t0)?;
    let hold = view.check.hold.ok_or(Reason::Missing("for"))?;
    // Within an off-time every stimulator is silent.
    let silence = view.case.longest_silence();
    if view.case.program.cycle.is_some() && hold < silence {
        return Err(Reason::TooShort { have: hold, cycles: 0, need: silence, fewest: 3 });
    }
    let all = activity(view, event)?;
    let a_stop = view.case.steps.get(event.step).is_some_and(|step| step.action == Action::Stop);
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
        None => match last_active(view, &all, t0) {
            Ok(last) => last.unwrap_or(t0) + 1,
            Err(_) => return Ok(vec![Unit::exact(0.0)]),
        },
    };
    let to = from + (hold * view.rate()) as u64;
    let broken = all.iter().find(|interval| interval.last >= from && interval.first < to);
    match broken {
        Some(interval) => {
            let at = interval.first.max(from);
            Ok(vec![Unit { time: Some(view.seconds(at as f64)), ..Unit::exact(0.0) }])
        }
        None if to > view.recording.samples => Err(Reason::NeverQuiet(hold)),
        None => Ok(vec![Unit::exact(1.0)]),
    }
}
