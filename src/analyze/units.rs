//! The values of a check: one per pulse, phase or cycle of the record, each with its nominal.

use crate::judge::Mean;
use crate::measure::{Input, Measured};
use crate::quantity::{Dimension, engineering};
use crate::scenario::{Check, Measurand, WindowKind};
use crate::signal::{Program, Waveform};

use super::phases::{phases, share};
use super::pulse::{INTERVAL, NOT_QUIET, TAIL, in_step, is_factor, is_wander};
use super::summary::rate;
use super::{Analysis, FindingCode, Pulse};

/// One value to judge.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Unit {
    /// Index of the pulse.
    pub pulse: Option<u64>,
    /// Seconds since the first sample.
    pub time: Option<f64>,
    /// The value.
    pub estimate: Measured,
    /// What the program asks for.
    pub nominal: Option<f64>,
}

/// The values of a check, at least one.
///
/// # Errors
/// Why there are none, for people.
pub(super) fn units(analysis: &Analysis, program: &Program, check: &Check) -> Result<Vec<Unit>, String> {
    if analysis.has(FindingCode::NonUniformTime) {
        return Err("the time column is not uniform".to_owned());
    }
    let unanswerable = unanswerable(program, check).or_else(|| of_another(analysis, program, check));
    if let Some(reason) = unanswerable.or_else(|| incomplete(analysis, check.measurand)) {
        return Err(reason);
    }
    // (n - 1)/(tₙ - t₁) of all pulses is neither the rate of the bursts nor that within them.
    if check.measurand == Measurand::Rate && program.burst.is_some() {
        return Err("`rate` of a program with bursts cannot be measured in a capture".to_owned());
    }
    let program = Program { ramp: None, ..program.clone() };
    let pulses = &analysis.pulses;
    let dt = 1.0 / analysis.sample_rate;
    let one = |estimate, nominal| vec![Unit { pulse: None, time: None, estimate, nominal }];
    let exact = |value: f64| Measured::new(value, Vec::new());
    if check.measurand == Measurand::PulseCount {
        let excursion = |(_, current): &(f64, f64)| (current - analysis.rest).abs();
        let largest = analysis.channels.current.whole.iter().map(excursion).fold(0.0, f64::max);
        // Half the programmed amplitude makes a pulse, whatever its shape.
        if pulses.is_empty() && largest >= 0.5 * program.amplitude * share(&program, check) {
            let reached = engineering(largest, Dimension::Current, 3);
            return Err(format!("no pulse found in the record, although its current reaches {reached}"));
        }
        return Ok(one(exact(pulses.len() as f64), None));
    }
    if pulses.is_empty() {
        return Err("no pulse found in the record".to_owned());
    }
    // What cannot be read makes the check invalid, not its sample smaller; but the first and the last pulse may lack what lies
    // beyond the record.
    let each = |value: &dyn Fn(&Pulse) -> Option<Measured>, nominal: Option<f64>| {
        let mut units = Vec::with_capacity(pulses.len());
        for pulse in pulses.iter() {
            match value(&pulse) {
                Some(estimate) => units.push(at(analysis, &pulse, estimate, nominal)),
                None if pulse.index == 0 || pulse.index + 1 == pulses.len() => {}
                None => {
                    let name = check.measurand.name();
                    return Err(format!("`{name}` could not be read at pulse {}", pulse.index));
                }
            }
        }
        Ok(units)
    };
    let units = match check.measurand {
        Measurand::Amplitude | Measurand::Width | Measurand::ChargePerPhase => {
            phases(analysis, &program, check)?
        }
        Measurand::Gap => each(&|pulse| pulse.gap.clone(), Some(program.gap))?,
        Measurand::Polarity => each(&|pulse| Some(exact(f64::from(pulse.phases.first()?.polarity))), None)?,
        Measurand::AccessResistance => each(&|pulse| pulse.access_resistance.clone(), None)?,
        Measurand::Polarization => each(&|pulse| pulse.polarization.clone(), None)?,
        Measurand::Rate => rate(pulses, dt).map_or_else(Vec::new, |(rate, _)| one(rate, Some(program.rate))),
        Measurand::NetCharge | Measurand::ChargeImbalance if check.window_kind == WindowKind::Cycle => {
            let cycles = cycles(analysis, check.measurand == Measurand::ChargeImbalance);
            if cycles.is_empty() {
                return Err(
                    "the record holds no whole cycle (it needs two pulses): state `window: pulse`".to_owned()
                );
            }
            cycles
        }
        Measurand::NetCharge => each(&|pulse| Some(pulse.net_charge.clone()), None)?,
        Measurand::ChargeImbalance => each(&|pulse| Some(pulse.charge_imbalance.clone()), None)?,
        Measurand::MeanDcCurrent => return mean_dc(analysis).map(|estimate| one(estimate, None)),
        other => return Err(not_in_a_capture(other)),
    };
    if units.is_empty() {
        return Err(format!("the record holds no `{}`", check.measurand.name()));
    }
    Ok(units)
}

pub(super) fn at(analysis: &Analysis, pulse: &Pulse, estimate: Measured, nominal: Option<f64>) -> Unit {
    Unit { pulse: Some(pulse.index as u64), time: Some(pulse.time - analysis.t0), estimate, nominal }
}

/// Net charge of each whole cycle, or its ratio to the leading phase's.
fn cycles(analysis: &Analysis, ratio: bool) -> Vec<Unit> {
    let setting = analysis.pulses.setting.as_ref();
    let cycle = |pulse: Pulse| {
        let (value, length) = analysis.pulses.cycle(pulse.index)?;
        // The baseline counts over the whole cycle, noise with the root of its length; edges are those of the pulse.
        let longer = length / (pulse.window.1 - pulse.window.0);
        let grown = |line: &Input| match line.name {
            "baseline" | NOT_QUIET => longer,
            "noise" => longer.sqrt(),
            "quantisation of the file" => setting.map_or(longer, |setting| setting.rounded(longer)),
            _ => 1.0,
        };
        let lead = pulse.phases.first()?.charge.value.abs();
        let scale = if ratio { 1.0 / lead } else { 1.0 };
        let own = pulse.net_charge.budget.iter().filter(|line| !is_factor(line) && !is_wander(line));
        // It is in the cycle.
        let own = own.filter(|line| line.name != TAIL);
        let own = own.map(|line| line.scaled(grown(line) * scale));
        let seconds = setting.map_or(0.0, |setting| length * setting.dt);
        let wander = setting.into_iter().flat_map(|setting| setting.wandered(length));
        let own = own.chain(wander.map(|line| line.scaled(seconds * scale)));
        let factors = setting.filter(|_| !ratio).into_iter().flat_map(|setting| setting.factors(value));
        let estimate = Measured::new(value * scale, own.chain(factors).collect());
        Some(at(analysis, &pulse, estimate, None))
    };
    analysis.pulses.iter().filter_map(cycle).collect()
}

/// Balance DC: the charge of the whole cycles over their duration.
fn mean_dc(analysis: &Analysis) -> Result<Measured, String> {
    let charges = cycles(analysis, false);
    let (Some(first), Some(last)) = (analysis.pulses.first(), analysis.pulses.last()) else {
        return Err("no pulse found in the record".to_owned());
    };
    let seconds = last.time - first.time;
    if charges.len() < 10 || seconds < 1.0 {
        return Err(format!(
            "`mean_dc_current` needs at least 10 cycles and 1 s; the record holds {} in {seconds:.3} s",
            charges.len()
        ));
    }
    let mut mean = Mean::default();
    let share = analysis.pulses.in_step();
    charges.into_iter().for_each(|unit| mean.add(&in_step(unit.estimate, share)));
    let (mean, count) = mean.finish().ok_or("no whole cycle in the record")?;
    let per_cycle = seconds / count as f64;
    // Charge and duration have the sample interval in common.
    let lines = mean.budget.iter().filter(|line| line.name != INTERVAL);
    let lines = lines.map(|line| line.scaled(1.0 / per_cycle)).collect();
    Ok(Measured::new(mean.value / per_cycle, lines))
}

/// Whether a check speaks for every pulse, also for those that are not measured because they are unlike the others.
fn of_the_whole_train(measurand: Measurand) -> bool {
    use Measurand as M;
    matches!(
        measurand,
        M::Width
            | M::Amplitude
            | M::ChargePerPhase
            | M::Gap
            | M::NetCharge
            | M::ChargeImbalance
            | M::MeanDcCurrent
            | M::Polarity
            | M::PulseCount
            | M::Rate
    )
}

/// Why a capture cannot answer a check as it is asked, whatever is in it, for people.
fn unanswerable(program: &Program, check: &Check) -> Option<String> {
    let name = check.measurand.name();
    // Their phases are not a leading one and its recovery.
    if matches!(program.waveform, Waveform::Triphasic | Waveform::Alternating) {
        return Some(format!("`{name}` of triphasic or alternating pulses cannot be measured in a capture"));
    }
    // Which of two phases leads, the shorter of the rests beside it tells.
    if let Some(rest) = rest(program).filter(|rest| *rest <= program.gap && program.gap > 0.0) {
        return Some(format!(
            "`{name}` of pulses that follow each other after {} cannot be measured in a capture where their phases are {} apart",
            engineering(rest.max(0.0), Dimension::Time, 3),
            engineering(program.gap, Dimension::Time, 3)
        ));
    }
    // The first one is what a capture is measured by.
    let other =
        check.definition.as_deref().filter(|own| check.measurand.traits().definitions.first() != Some(own));
    if let Some(other) = other {
        return Some(format!("`{name}` by `definition: {other}` cannot be measured in a capture"));
    }
    let counted = check.measurand == Measurand::PulseCount && check.window.is_some();
    counted.then(|| {
        "a capture does not know the instants of `in:` between which pulses are to be counted".to_owned()
    })
}

/// The shortest rest between two pulses of a program, s; `None` where a pulse has no second phase.
fn rest(program: &Program) -> Option<f64> {
    let pulse = Program { ramp: None, ..program.clone() }.pulse(0);
    let [_, _, ..] = pulse.phases() else { return None };
    let rate = program.burst.map_or(program.rate, |burst| burst.rate.max(program.rate));
    Some(1.0 / rate - (pulse.phases().last()?.end() - pulse.phases().first()?.start))
}

/// Where the column of the current is called like another contact than the check is about, for people: the current of a return says
/// nothing of how its contacts share it.
fn of_another(analysis: &Analysis, program: &Program, check: &Check) -> Option<String> {
    let column = &analysis.channels.current.name;
    let contact = check.contact.as_deref().unwrap_or_else(|| program.main_contact());
    let named = program.contacts.iter().find(|share| share.contact.eq_ignore_ascii_case(column))?;
    (named.contact != contact).then(|| {
        format!("the current measured is that of `{column}`, and the check is about `{contact}`: name its column with --current")
    })
}

/// What of the record keeps it from speaking for the whole train, for people.
fn incomplete(analysis: &Analysis, measurand: Measurand) -> Option<String> {
    let is_cut = |code| matches!(code, FindingCode::TruncatedPulse | FindingCode::TruncatedRecord);
    let cut = || analysis.findings.iter().find(|finding| is_cut(finding.code));
    match measurand {
        // Whether a pulse that an end of the record cuts counts, nobody can say.
        Measurand::PulseCount => left_out(analysis).or_else(|| cut().map(|finding| finding.message.clone())),
        other if of_the_whole_train(other) => left_out(analysis),
        _ => None,
    }
}

/// What of the stimulus was not measured, for people: the rest must not pass for the whole.
fn left_out(analysis: &Analysis) -> Option<String> {
    let is_out = |code| {
        use FindingCode as F;
        matches!(code, F::UnlikeTheTrain | F::HeldSamples | F::AmbiguousPulses)
    };
    let unlike = analysis.findings.iter().filter(|finding| is_out(finding.code));
    let messages: Vec<&str> = unlike.map(|finding| finding.message.as_str()).collect();
    (!messages.is_empty()).then(|| messages.join("; "))
}

/// Why a capture cannot answer a check.
pub(super) fn not_in_a_capture(measurand: Measurand) -> String {
    format!("`{}` cannot be measured in a capture: it needs a run on a rig", measurand.name())
}
