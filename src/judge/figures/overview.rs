//! The case as a whole: channels from beginning to end, what happened when, all pulses over each other, their charges.

use crate::measure::{Pyramid, Recording};
use crate::record::{CheckRecord, MarkFigure, OverlayFigure, Points, Trace};
use crate::scenario::{Case, FaultCode};
use crate::signal::{Calibration, Sensed};

use super::super::{Facts, Seen, View};
use super::{gap, step_name};

/// Marks that are kept: more than these cannot be read.
const MARKS: usize = 40;

/// The main contact's current, and with `voltage` what the stimulator puts out, from shortly before the first step to the end.
pub(super) fn traces(
    case: &Case,
    facts: &Facts,
    recording: &Recording,
    columns: usize,
    voltage: bool,
) -> Vec<Trace> {
    let setup = &recording.setup;
    let ended = facts.ended.min(recording.samples).max(1);
    let first = facts.instants.first().map_or(0, |instant| instant.sample).min(ended);
    let from = first.saturating_sub((ended - first) / 40);
    let channels = [Some(setup.main), setup.vout.filter(|_| voltage)];
    let traces = channels.into_iter().flatten().filter_map(|channel| {
        let (overview, channel_setup) = (recording.overview.get(channel)?, setup.channels.get(channel)?);
        let rest = zero(recording, channel, &channel_setup.calibration);
        let unit = if channel_setup.sensed == Sensed::Current { "A" } else { "V" };
        let volts = (rest, channel_setup.calibration.lsb);
        stretch(overview, (from, ended), columns, &channel_setup.name, unit, volts, recording.period())
    });
    // Without steps there is nothing to see.
    if case.steps.is_empty() { Vec::new() } else { traces.collect() }
}

/// Code that stands for nothing.
fn zero(recording: &Recording, channel: usize, calibration: &Calibration) -> f64 {
    let measured = recording.zeros.get(channel).and_then(|zeros| zeros.last());
    measured.map_or(calibration.offset, |zero| f64::from(zero.level.value))
}

/// Samples [from, to) of an overview, in at most so many columns.
fn stretch(
    overview: &Pyramid,
    (from, to): (u64, u64),
    columns: usize,
    name: &str,
    unit: &str,
    (rest, lsb): (f64, f64),
    period: f64,
) -> Option<Trace> {
    let wide = overview.stretch.max(1);
    let (first, last) = ((from / wide) as usize, to.div_ceil(wide) as usize);
    let held =
        overview.extremes.get(first.min(overview.extremes.len())..last.min(overview.extremes.len()))?;
    let group = held.len().div_ceil(columns).max(1);
    let value = |code: i16| (f64::from(code) - rest) * lsb;
    let spans: Vec<(f64, f64)> = held
        .chunks(group)
        .map(|part| {
            let (low, high) = part
                .iter()
                .fold((i16::MAX, i16::MIN), |(low, high), span| (low.min(span.0), high.max(span.1)));
            (value(low), value(high))
        })
        .collect();
    let step = (wide * group as u64) as f64 * period;
    (spans.len() > 1).then(|| Trace::spread(name, unit, (first as f64 * wide as f64 * period, step), &spans))
}

/// The current around the instant that decided a check which is about no pulse, or around the first pulse that a count lacks.
pub(super) fn around(view: &View<'_>, record: &CheckRecord, columns: usize) -> Option<Trace> {
    let decided = record.worst.as_ref().and_then(|worst| worst.time);
    let time = decided.or_else(|| gap::first(view, record))?;
    let named = view.check.after.as_deref().and_then(|name| {
        let step = view.case.step_of(name)?;
        view.facts.instants.iter().find(|instant| instant.step == step)
    });
    let rate = view.rate();
    let since = named.map_or(time, |instant| instant.sample as f64 / rate);
    // A time that is judged is in the picture, and its limit.
    let long = [record.value, record.limit.upper].into_iter().flatten().filter(|_| record.unit == "s");
    let long = long.filter(|value| value.is_finite()).fold(0.0_f64, |a, b| a.max(b.abs()));
    let reach = (3.0 * view.case.program.period()).max(0.3 * long);
    let from = ((since.min(time) - reach).max(0.0) * rate) as u64;
    let to = (((since + long).max(time) + reach) * rate) as u64;
    let overview = view.recording.overview.get(view.contact.channel)?;
    let values = (view.rest_level().value, view.calibration.lsb);
    let to = to.min(view.recording.samples);
    stretch(overview, (from, to), columns, &view.contact.name, "A", values, view.recording.period())
}

/// Steps as they were reached, and faults as they were declared.
pub(super) fn marks(case: &Case, facts: &Facts, recording: &Recording) -> Vec<MarkFigure> {
    let seconds = |sample: u64| sample as f64 * recording.period();
    let steps = facts.instants.iter().filter_map(|instant| {
        let step = case.steps.get(instant.step)?;
        let (name, fault) = step_name(&step.action, step.name.as_deref())?;
        Some(MarkFigure { time: seconds(instant.sample), name, fault })
    });
    let changed = facts.statuses.windows(2).filter_map(|pair| match pair {
        [before, after] if before.fault != after.fault && after.fault != FaultCode::None => Some(after),
        _ => None,
    });
    let first = facts.statuses.first().filter(|status| status.fault != FaultCode::None);
    let declared = first.into_iter().chain(changed).map(|status| MarkFigure {
        time: seconds(status.sample),
        name: format!("{} declared", status.fault.name()),
        fault: true,
    });
    let mut marks: Vec<MarkFigure> = steps.chain(declared).take(MARKS).collect();
    marks.sort_by(|a, b| a.time.total_cmp(&b.time));
    marks
}

/// All pulses over each other.
pub(super) fn overlay(view: &View<'_>, columns: usize) -> Option<OverlayFigure> {
    let overlay = view.recording.overlay.as_ref()?;
    let lsb = view.calibration.lsb;
    let rest = view.rest_level().value;
    let group = overlay.extremes.len().div_ceil(columns).max(1);
    let spans: Vec<(f64, f64)> = overlay
        .extremes
        .chunks(group)
        .map(|part| {
            let low = part.iter().map(|span| span.0).min().unwrap_or(0);
            let high = part.iter().map(|span| span.1).max().unwrap_or(0);
            ((f64::from(low) - rest) * lsb, (f64::from(high) - rest) * lsb)
        })
        .collect();
    // The windows of a pulse begin a settling time before its leading edge.
    let start = -((overlay.lead + view.settling()) as f64) / view.rate();
    let step = group as f64 / view.rate();
    let envelope = Trace::spread(&view.contact.name, "A", (start, step), &spans);
    Some(OverlayFigure { envelope, pulses: overlay.pulses })
}

/// Net charge of each pulse, recharge included.
pub(super) fn charges(view: &View<'_>, most: usize) -> Option<Points> {
    let unit = view.calibration.lsb / view.rate();
    let rows = view.contact.pulses.iter().filter(|row| !row.flags.truncated && !row.flags.endless);
    let mut seen = Seen::default();
    rows.for_each(|row| seen.add(view.seconds(row.start()), view.pulse_charge(&row).area * unit));
    seen.points("C", most).filter(|points| points.count > 1)
}
