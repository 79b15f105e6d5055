//! One pulse as it was measured, as it was programmed, and what the difference carries.

use crate::measure::{Excerpt, PulseRow};
use crate::record::{CheckRecord, PhaseFigure, PulseFigure, Trace};
use crate::scenario::{Action, Measurand, Nominal};
use crate::signal::Pulse;

use super::super::View;
use super::super::expected::around_pulse;

/// Pulses up to which the train before one is gone through for its prediction.
const LONGEST_TRAIN: usize = 20_000;
/// Pulses with a picture of their own in one case.
const MOST: usize = 4;

/// Whether a check is about charge: what its pulse looks like is then in an integral, not in the current.
pub fn is_charge(measurand: Measurand) -> bool {
    matches!(
        measurand,
        Measurand::ChargeImbalance
            | Measurand::NetCharge
            | Measurand::MeanDcCurrent
            | Measurand::AccumulatedCharge
            | Measurand::ChargePerPhase
    )
}

/// The kept pulse that is, or is most like, the one that decided a check: the same, or the nearest in what the check is about.
pub fn chosen<'a>(view: &View<'a>, pulse: Option<u64>, time: Option<f64>) -> Option<(&'a Excerpt, PulseRow)> {
    let rows = &view.contact.pulses;
    let of = |excerpt: &Excerpt| row_at(view, excerpt);
    let about = |row: &PulseRow| {
        let level = |k: usize| row.phases().get(k).map_or(0.0, |phase| f64::from(phase.level) - row.base);
        let width = |k: usize| row.phases().get(k).map_or(0.0, |phase| f64::from(phase.end - phase.start));
        match view.check.measurand {
            measurand if is_charge(measurand) => [row.pulse_area, 0.0],
            Measurand::Width | Measurand::Gap => [width(0), width(1)],
            _ => [level(0), level(1)],
        }
    };
    // Of a row of which only the instants are kept, those tell.
    let decided = pulse.and_then(|pulse| rows.get(usize::try_from(pulse).ok()?));
    let decided = decided.filter(|row| !row.pulse_area.is_nan());
    let far = |row: &PulseRow| match (decided, time) {
        (Some(decided), _) => {
            let (a, b) = (about(row), about(&decided));
            let apart = (a[0] - b[0]).abs() + (a[1] - b[1]).abs();
            if row.at == decided.at { -1.0 } else { apart }
        }
        (None, Some(time)) => (view.seconds(row.start()) - time).abs(),
        // Nothing decided: the one that strays most.
        (None, None) => -row.pulse_area.abs(),
    };
    let kept = view.recording.excerpts.iter().filter_map(|excerpt| Some((excerpt, of(excerpt)?)));
    kept.min_by(|(_, a), (_, b)| far(a).total_cmp(&far(b)))
}

/// The contact's own row of a kept pulse, which is of the main contact's table.
fn row_at(view: &View<'_>, excerpt: &Excerpt) -> Option<PulseRow> {
    let rows = &view.contact.pulses;
    if view.contact.channel == view.recording.setup.main {
        return rows.get(usize::try_from(excerpt.pulse).ok()?);
    }
    let end = excerpt.first + excerpt.codes.first().map_or(0, |plane| plane.len() as u64);
    rows.get(rows.partition_point(|row| row.from < excerpt.first)).filter(|row| row.from < end)
}

/// Adds the picture of the pulse that decided a check, if it is not there yet; where it is.
pub(super) fn figure(
    view: &View<'_>,
    record: &CheckRecord,
    columns: usize,
    pulses: &mut Vec<PulseFigure>,
) -> Option<usize> {
    let worst = record.worst.as_ref();
    let decided = worst.and_then(|worst| worst.pulse);
    let (excerpt, row) = chosen(view, decided, worst.and_then(|worst| worst.time))?;
    let index = row.number;
    let why = match decided {
        Some(pulse) if pulse == index as u64 => "decided".to_owned(),
        // Other checks that other pulses decided share the picture.
        Some(_) => format!("{}; most like the one that decided", excerpt.why),
        None => excerpt.why.to_owned(),
    };
    let same = |known: &PulseFigure| known.pulse == index as u64 && known.contact == view.contact.name;
    if let Some(known) = pulses.iter().position(same) {
        if let Some(known) = pulses.get_mut(known).filter(|_| why == "decided") {
            known.why = why;
        }
        return Some(known);
    }
    if pulses.len() >= MOST {
        return None;
    }
    pulses.push(drawn(view, excerpt, &row, why, columns)?);
    Some(pulses.len() - 1)
}

/// The picture of the first pulse that was kept.
pub(super) fn first(view: &View<'_>, columns: usize) -> Option<PulseFigure> {
    let excerpt = view.recording.excerpts.first()?;
    let row = row_at(view, excerpt)?;
    drawn(view, excerpt, &row, excerpt.why.to_owned(), columns)
}

fn drawn(
    view: &View<'_>,
    excerpt: &Excerpt,
    row: &PulseRow,
    why: String,
    columns: usize,
) -> Option<PulseFigure> {
    let codes = excerpt.codes.get(view.contact.channel)?;
    let edge = view.seconds(row.start());
    let start = view.seconds(excerpt.first as f64) - edge;
    let group = codes.len().div_ceil(columns).max(1);
    let at = (start, group as f64 / view.rate());
    let asked = view.asked(row, Nominal::Programmed);
    let program = view.program_at(row);
    let programmed =
        asked.as_ref().map_or_else(Vec::new, |asked| phases(asked, program.scale_of(&view.contact.name)));
    let amperes: Vec<f64> = amperes(view, row, codes);
    let error = integral(view, &amperes, start, &programmed);
    let (voltage, predicted) = voltages(view, excerpt, row, (start, group)).unzip();
    Some(PulseFigure {
        pulse: row.number as u64,
        contact: view.contact.name.clone(),
        time: edge,
        why,
        measured: thinned(&view.contact.name, "A", at, &amperes, group),
        recharge: asked.and_then(|asked| asked.recharge.map(|(from, long)| (from - asked.start, long))),
        charge_error: thinned(&view.contact.name, "C", at, &error, group),
        programmed,
        voltage,
        predicted: predicted.flatten(),
    })
}

/// Single values where they are few, else stretches.
fn thinned(name: &str, unit: &str, at: (f64, f64), values: &[f64], group: usize) -> Trace {
    if group == 1 {
        return Trace::of(name, unit, at, values);
    }
    let bounds = |part: &[f64]| {
        part.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)))
    };
    let spans: Vec<(f64, f64)> = values.chunks(group).map(bounds).collect();
    Trace::spread(name, unit, at, &spans)
}

/// Phases from the leading edge, at a contact.
fn phases(pulse: &Pulse, share: f64) -> Vec<PhaseFigure> {
    let phases = pulse.phases().iter();
    let of = |phase: &crate::signal::Phase| PhaseFigure {
        start: phase.start - pulse.start,
        width: phase.width,
        current: phase.current * share,
    };
    phases.map(of).collect()
}

fn amperes(view: &View<'_>, row: &PulseRow, codes: &[i16]) -> Vec<f64> {
    let middle = 0.5 * (row.end() - row.start());
    let base = view.baseline(row, middle).value;
    codes.iter().map(|code| (f64::from(*code) - base) * view.calibration.lsb).collect()
}

/// Integral of measured less programmed current from the first sample on. Charge comes through the filter later than the middle
/// of an edge does.
fn integral(view: &View<'_>, amperes: &[f64], start: f64, programmed: &[PhaseFigure]) -> Vec<f64> {
    let front_end = &view.recording.front_end;
    let period = view.recording.period();
    let late = front_end.area_delay - front_end.delay;
    let mut carried = 0.0;
    let errors = amperes.iter().enumerate().map(|(k, current)| {
        carried += current * period;
        // A sample stands for the time to half a period on either side of it.
        let now = start + (k as f64 + 0.5) * period - late;
        let asked = |phase: &PhaseFigure| phase.current * (now - phase.start).clamp(0.0, phase.width);
        carried - programmed.iter().map(asked).sum::<f64>()
    });
    errors.collect()
}

/// Charge measured beyond what was programmed, over the pulse that decided a check: start and step in seconds since the first
/// sample of the case, and the values, C.
pub fn charge_error(view: &View<'_>, excerpt: &Excerpt, row: &PulseRow) -> Option<(f64, f64, Vec<f64>)> {
    let codes = excerpt.codes.get(view.contact.channel)?;
    let asked = view.asked(row, Nominal::Programmed)?;
    let programmed = phases(&asked, view.program_at(row).scale_of(&view.contact.name));
    let first = view.seconds(excerpt.first as f64);
    let amperes = amperes(view, row, codes);
    let values = integral(view, &amperes, first - view.seconds(row.start()), &programmed);
    Some((first, view.recording.period(), values))
}

/// The voltage at the contact's sense, and what the phantom is to show there as long as nothing was done to it.
fn voltages(
    view: &View<'_>,
    excerpt: &Excerpt,
    row: &PulseRow,
    (start, group): (f64, usize),
) -> Option<(Trace, Option<Trace>)> {
    let name = view.case.phantom.sense_of(&view.contact.name)?;
    let channel = view.recording.voltages.iter().find(|voltage| voltage.name == name)?.channel;
    let codes = excerpt.codes.get(channel)?;
    let calibration = view.recording.setup.channels.get(channel)?.calibration;
    let zero = view.recording.zeros.get(channel).and_then(|zeros| zeros.last());
    let rest = zero.map_or(calibration.offset, |zero| f64::from(zero.level.value));
    let volts: Vec<f64> = codes.iter().map(|code| (f64::from(*code) - rest) * calibration.lsb).collect();
    let step = group as f64 / view.rate();
    let measured = thinned(name, "V", (start, step), &volts, group);
    let touched = view.instant_of(|action| matches!(action, Action::Inject(_)));
    let untouched = view.facts.relaxed && touched.is_none_or(|at| row.at < at.sample);
    let (_, plus, minus) = view.case.phantom.senses.iter().find(|(sense, ..)| sense == name)?;
    let predicted = (untouched && row.number < LONGEST_TRAIN)
        .then(|| {
            let from = start + view.seconds(row.start());
            around_pulse(view, (*plus, *minus), row.number, (from, step, codes.len().div_ceil(group))).ok()
        })
        .flatten();
    Some((measured, predicted.map(|values| Trace::of("predicted", "V", (start, step), &values))))
}
