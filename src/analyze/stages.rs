//! The passes in their order, and what follows from them.

use crate::capture::{CaptureError, CaptureFault};
use crate::measure::{Input, Pyramid};
use crate::quantity::{Dimension, engineering};

use super::Analysis;
use super::ambiguous::ambiguous;
use super::baseline::Baseline;
use super::channels::{self, Channels, Chosen, Trace};
use super::faint;
use super::finder::Finder;
use super::finding::{self, Finding, FindingCode, Seen};
use super::found::Found;
use super::measurer::{Measurer, Read};
use super::passes::{Recording, Scaled};
use super::pulse::{NOT_QUIET, Setting, rounds_alike};
use super::pulses::Pulses;
use super::row::{Levels, PhaseRow, Row};
use super::summary::summary;
use super::survey::{Kind, Survey, Surveyor, Tally};
use super::unequal::unequal;
use super::voltage::Electrode;
use super::wander::Wander;

/// What moves as far as the baseline does may be the baseline: a phase is at least so many times as high …
const APART: f64 = 2.0;
/// … but what is higher than this part of the largest excursion is looked for whatever the baseline does.
const HIGHEST: f64 = 0.5;
/// How often phases are looked for again, as what was taken for one is the baseline's.
const RAISED: usize = 4;

/// What is known of a record beside its samples.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a> {
    pub file: &'a str,
    pub dialect: &'static str,
    /// First sample, s.
    pub t0: f64,
    /// Sample interval, s.
    pub dt: f64,
    /// Standard uncertainty of the interval as it was read from the file, as a fraction of it.
    pub dt_u: f64,
    pub max_error: Option<f64>,
}

/// Measures the chosen channels.
///
/// # Errors
/// When the samples cannot be read, or there are fewer than two.
pub(super) fn measure<R: Recording>(
    record: &Record<'_>,
    chosen: Chosen,
    samples: &mut R,
) -> Result<Analysis, CaptureError> {
    let (amperes, volts) = samples.scales();
    let mut surveyor = Surveyor::new();
    samples.pass(&mut surveyor)?;
    let (tally, overview) = surveyor.current;
    let (survey, outside) = tally.finish();
    let (voltage_tally, voltage_overview) = surveyor.voltage;
    if survey.count < 2 {
        let fault = CaptureFault::OneSample;
        return Err(CaptureError { file: record.file.to_owned(), line: None, column: None, fault });
    }
    let trace = |name, overview: &Pyramid<_>, scale| Trace {
        name,
        whole: record.points(overview, 0, scale),
        first: Vec::new(),
    };
    let mut analysis = Analysis {
        file: record.file.to_owned(),
        dialect: record.dialect,
        sample_rate: 1.0 / record.dt,
        samples: survey.count,
        t0: record.t0,
        channels: Channels {
            current: trace(chosen.current_name, &overview, amperes),
            voltage: chosen.voltage_name.map(|name| trace(name, &voltage_overview, volts)),
            scaled: chosen.scaled,
        },
        rest: 0.0,
        pulses: Pulses::default(),
        summary: Vec::new(),
        findings: Vec::new(),
        max_error: record.max_error,
    };
    if let Some((line, off)) = samples.stray(record.dt) {
        analysis.findings.push(finding::not_uniform(line, off));
        return Ok(analysis);
    }
    let [rails, voltage_rails] = samples.rails();
    let mut current = Seen::new(survey, amperes, rails);
    let voltage = analysis.channels.voltage.as_ref();
    let mut voltage = voltage.map(|_| Seen::new(voltage_tally.finish().0, volts, voltage_rails));
    let mut found = find(samples, &mut current, voltage.as_mut())?;
    let electrode = voltage.as_ref().map(|seen| Electrode::new(seen, record.dt));
    let excursion = current.survey.excursion(current.survey.rest);
    let mut transition = found.transition();
    let mut shared = Shared {
        survey: current.survey,
        limits: current.limits(),
        electrode,
        guard: found.guard(transition),
        enter: found.enter,
    };
    let mut pulses = read(samples, &found, &shared, &outside)?;
    if faint::look(samples, &shared.survey, &pulses.base, &mut found, shared.guard)? {
        transition = found.transition();
        (shared.guard, shared.enter) = (found.guard(transition), found.enter);
        pulses = read(samples, &found, &shared, &outside)?;
    }
    for _ in 0..RAISED {
        let floor = APART * pulses.base.reach();
        if pulses.base.quiet || floor <= found.enter || found.enter >= HIGHEST * excursion {
            break;
        }
        let mut finder = Finder::new(&shared.survey, floor.min(HIGHEST * excursion), [None, None]);
        samples.pass(&mut finder)?;
        let faint = std::mem::take(&mut found.faint);
        found = finder.finish();
        transition = found.transition();
        (shared.guard, shared.enter) = (found.guard(transition), found.enter);
        found.faint = faint::phases(faint, &found, shared.guard, 0.0);
        pulses = read(samples, &found, &shared, &outside)?;
    }
    let Read { base, rows, unread, voltages, first } = pulses;
    found.others.extend(unread);
    analysis.channels.current.first = record.points(&first.current, first.from, amperes);
    if let Some(trace) = &mut analysis.channels.voltage {
        trace.first = record.points(&first.voltage, first.from, volts);
    }
    let setting = shared.setting(record, amperes, &base, &rows);
    analysis.rest = amperes.value(base.level);
    analysis.pulses = Pulses { rows, voltages, setting: Some(setting), base: base.level };
    analysis.summary = summary(&analysis.pulses, record.dt);
    let channels = &analysis.channels;
    analysis.findings.extend(samples.is_cut().then(finding::cut_off));
    analysis.findings.extend(findings(
        record,
        channels,
        (&found, transition),
        (&current, voltage.as_ref()),
        &analysis.pulses,
        &base,
    ));
    Ok(analysis)
}

impl Record<'_> {
    /// The extremes of stretches, of which the first begins at sample `from`, as points of a picture.
    fn points<S: Kind>(&self, pyramid: &Pyramid<S>, from: usize, scale: Scaled) -> Vec<(f64, f64)> {
        let at = |sample: f64| self.t0 + (from as f64 + sample) * self.dt;
        let one = |(index, (low, high)): (usize, &(S, S))| {
            let begin = (index as u64 * pyramid.stretch) as f64;
            let end = begin + (pyramid.stretch - 1) as f64;
            let second = (pyramid.stretch > 1).then(|| (at(end), scale.value(high.value())));
            [Some((at(begin), scale.value(low.value()))), second]
        };
        pyramid.extremes.iter().enumerate().flat_map(one).flatten().collect()
    }
}

/// The second pass.
fn find<R: Recording>(
    samples: &mut R,
    current: &mut Seen,
    voltage: Option<&mut Seen>,
) -> Result<Found, CaptureError> {
    let watches = [Some(&mut current.watch), voltage.map(|voltage| &mut voltage.watch)];
    let mut finder = Finder::new(&current.survey, 0.0, watches);
    samples.pass(&mut finder)?;
    Ok(finder.finish())
}

/// What all pulses of a record are read with.
struct Shared {
    survey: Survey,
    /// The ends of the range that the record ran into.
    limits: [Option<f64>; 2],
    /// Where there is a voltage.
    electrode: Option<Electrode>,
    /// Samples around a pulse.
    guard: f64,
    /// A phase begins at least so far from the rest level.
    enter: f64,
}

impl Shared {
    fn setting(&self, record: &Record<'_>, scale: Scaled, base: &Baseline, rows: &[Row]) -> Setting {
        let (noise, step) = (scale.size(self.survey.noise), scale.size(self.survey.step));
        let rest = match base.quiet {
            true if rounds_alike(noise, step) => Input::rectangular("baseline", step / 2.0),
            true => Input::common("baseline", 1.25 * noise / (base.count.max(1) as f64).sqrt()),
            false => Input::rectangular(NOT_QUIET, scale.size(base.span()) / 2.0),
        };
        Setting {
            scale,
            dt: record.dt,
            dt_u: record.dt_u,
            t0: record.t0,
            noise,
            step,
            rest,
            // Where the baseline is not quiet, the span of its plateaus holds that too.
            wander: if base.quiet { base.wander.clone() } else { Wander::default() },
            max_error: record.max_error,
            enter: scale.size(self.enter),
            slant: [slant(rows, |row| Some(&row.leading)), slant(rows, |row| row.recovery.as_ref())],
            electrode: self.electrode,
        }
    }
}

/// How far a level may be off because the tops of the record are not flat, as a fraction of it: half of what their thirds differ by,
/// which for a slant smaller than the noise of one top is in their mean. Thirds that approach a level by part after part, as a top
/// does that still settles when it ends, are further from it.
fn slant<'a>(rows: &'a [Row], phase: impl Fn(&'a Row) -> Option<&'a PhaseRow>) -> f64 {
    let (mut level, mut first, mut second) = (0.0, 0.0, 0.0);
    for row in rows.iter().filter_map(phase) {
        level += row.level.abs();
        first += f64::from(row.bend.0);
        second += f64::from(row.bend.1);
    }
    // e^−x/3 for a top of x time constants, whose mean is off by (1 − e^−x)/x of what the first instant of it is.
    let part = if first > 0.0 && second > 0.0 { second / first } else { 0.0 };
    let off = if part < 1.0 { (1.0 + part + part * part) / (3.0 * (1.0 - part * part)) } else { 0.0 };
    let thirds = [0.0, first, first + second];
    let most = thirds.into_iter().fold(f64::NEG_INFINITY, f64::max);
    let least = thirds.into_iter().fold(f64::INFINITY, f64::min);
    // A rectangle holds 0.95 of its half in 95 of 100.
    if level > 0.0 { (1.05 * off).clamp(0.5, 0.9) * (most - least) / level } else { 0.0 }
}

type OutsideOf<S> = <<S as Kind>::Tally as Tally<S>>::Outside;

/// The third pass. Pulses are measured about the baseline, which is known at its end only; but the median of all samples nearly
/// always lies within a step of it, which moves no edge, and the rows are corrected. Where it does not, the pass is done once more.
fn read<R: Recording>(
    samples: &mut R,
    found: &Found,
    shared: &Shared,
    outside: &OutsideOf<R::Sample>,
) -> Result<Read<R::Sample>, CaptureError> {
    let Shared { survey, limits, electrode, guard, .. } = *shared;
    let room = found.rest() - 2.0 * guard;
    let windows = found.windows(guard);
    let slowest = found.whole().map(|(leading, _)| leading.transition).fold(0.0, f64::max);
    let mut pass = |base: f64| -> Result<Read<R::Sample>, CaptureError> {
        let Survey { noise, step, count: samples_in_all, .. } = survey;
        let levels = Levels { base, noise, step, guard, room, samples: samples_in_all, limits };
        let mut stage =
            Measurer::new(levels, electrode, (found.bounded(), slowest), &windows, outside.clone());
        samples.pass(&mut stage)?;
        Ok(stage.finish())
    };
    let mut first = pass(survey.rest)?;
    let higher = first.base.level - survey.rest;
    if higher.abs() > survey.step {
        return pass(first.base.level);
    }
    first.rows.iter_mut().for_each(|row| *row = row.about(higher));
    Ok(first)
}

fn findings(
    record: &Record<'_>,
    channels: &Channels,
    (found, transition): (&Found, f64),
    (current, voltage): (&Seen, Option<&Seen>),
    pulses: &Pulses,
    base: &Baseline,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let excursion = current.scale.size(current.survey.excursion(base.level));
    let largest = pulses.largest();
    findings.extend(channels::suspect_units(channels, if pulses.is_empty() { excursion } else { largest }));
    findings
        .extend(pulses.first().and_then(|pulse| channels::suspect_time(pulse.phases.first()?.width.value)));
    let voltage = channels.voltage.as_ref().zip(voltage);
    if pulses.is_empty() {
        findings.push(finding::nothing_found(
            &channels.current.name,
            found,
            excursion,
            current.scale,
            record.dt,
        ));
        findings.extend(voltage.and_then(|(trace, seen)| finding::at_compliance(&trace.name, seen)));
    }
    let cut = found.cut();
    if cut > 0 {
        let many = if cut == 1 { "1 pulse is".to_owned() } else { format!("{cut} pulses are") };
        let message = format!("{many} cut off by an end of the record and not measured");
        findings.push(Finding { code: FindingCode::TruncatedPulse, message });
    }
    findings.extend(finding::unlike(found, current.scale, record.t0, record.dt));
    if !pulses.is_empty() {
        findings.extend(finding::too_short(found, current.scale, record.t0, record.dt));
        findings.extend(finding::small(found, found.guard(transition), current.scale, record.t0, record.dt));
    }
    findings.extend(finding::broken(found, record.t0, record.dt));
    findings.extend(finding::held(&channels.current.name, current, record.t0, record.dt));
    findings.extend(ambiguous(pulses, current.scale.value(base.level)));
    findings.extend(unequal(pulses));
    findings.extend(finding::clipped(&channels.current.name, current, Dimension::Current));
    if let Some((trace, seen)) = voltage.filter(|_| !pulses.is_empty()) {
        findings.extend(finding::clipped(&trace.name, seen, Dimension::Voltage));
    }
    if !pulses.is_empty() && transition < 1.0 {
        let message = format!(
            "the edges are shorter than the sample interval of {}: widths and charges carry that in their U",
            engineering(record.dt, Dimension::Time, 3)
        );
        findings.push(Finding { code: FindingCode::EdgesUnresolved, message });
    }
    let span = current.scale.size(base.span());
    if !pulses.is_empty() && !base.quiet && span > 1e-3 * largest {
        let ampere =
            |plateau: f64| engineering((plateau - base.level) * current.scale.gain, Dimension::Current, 3);
        let (low, high) = match current.scale.gain < 0.0 {
            true => (base.plateaus.1, base.plateaus.0),
            false => base.plateaus,
        };
        let message = format!(
            "the baseline is not quiet: its plateaus outside the pulses span {} ({} to {} about their median), {:.1} % of the amplitude; U includes it",
            engineering(span, Dimension::Current, 3),
            ampere(low),
            ampere(high),
            100.0 * span / largest,
        );
        findings.push(Finding { code: FindingCode::BaselineNotQuiet, message });
    }
    findings
}
