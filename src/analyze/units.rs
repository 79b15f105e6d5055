//! The values of a check: one per pulse, phase or cycle of the record, each with its nominal.

use crate::judge::Mean;
use crate::measure::{Input, Measured};
use crate::scenario::{Check, Measurand, PhaseChoice, WindowKind};
use crate::signal::Program;

use super::summary::rate;
use super::{Analysis, FindingCode, Phase, Pulse};

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
    if of_the_whole_train(check.measurand)
        && let Some(reason) = left_out(analysis)
    {
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
        return Ok(one(exact(pulses.len() as f64), None));
    }
    if pulses.is_empty() {
        return Err("no pulse found in the record".to_owned());
    }
    let each = |value: &dyn Fn(&Pulse) -> Option<Measured>, nominal: Option<f64>| -> Vec<Unit> {
        let unit = |pulse: &Pulse| Some(at(analysis, pulse, value(pulse)?, nominal));
        pulses.iter().filter_map(|pulse| unit(&pulse)).collect()
    };
    let units = match check.measurand {
        Measurand::Amplitude => {
            phases(analysis, &program, check, |phase| phase.amplitude.clone(), |asked| asked.current.abs())
        }
        Measurand::Width => {
            phases(analysis, &program, check, |phase| phase.width.clone(), |asked| asked.width)
        }
        Measurand::ChargePerPhase => phases(
            analysis,
            &program,
            check,
            |phase| Measured { value: phase.charge.value.abs(), ..phase.charge.clone() },
            |asked| (asked.current * asked.width).abs(),
        ),
        Measurand::Gap => each(&|pulse| pulse.gap.clone(), Some(program.gap)),
        Measurand::Polarity => each(&|pulse| Some(exact(f64::from(pulse.phases.first()?.polarity))), None),
        Measurand::AccessResistance => each(&|pulse| pulse.access_resistance.clone(), None),
        Measurand::Polarization => each(&|pulse| pulse.polarization.clone(), None),
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
        Measurand::NetCharge => each(&|pulse| Some(pulse.net_charge.clone()), None),
        Measurand::ChargeImbalance => each(&|pulse| Some(pulse.charge_imbalance.clone()), None),
        Measurand::MeanDcCurrent => return mean_dc(analysis).map(|estimate| one(estimate, None)),
        other => return Err(not_in_a_capture(other)),
    };
    if units.is_empty() {
        return Err(format!("the record holds no `{}`", check.measurand.name()));
    }
    Ok(units)
}

fn at(analysis: &Analysis, pulse: &Pulse, estimate: Measured, nominal: Option<f64>) -> Unit {
    Unit { pulse: Some(pulse.index as u64), time: Some(pulse.time - analysis.t0), estimate, nominal }
}

/// One value per phase that the check means.
fn phases(
    analysis: &Analysis,
    program: &Program,
    check: &Check,
    value: impl Fn(&Phase) -> Measured,
    asked: impl Fn(&crate::signal::Phase) -> f64,
) -> Vec<Unit> {
    let wanted: &[usize] = match check.phase {
        PhaseChoice::Leading => &[0],
        PhaseChoice::Recovery => &[1],
        PhaseChoice::Each => &[0, 1],
    };
    let programmed = program.pulse(0);
    let mut units = Vec::new();
    for pulse in analysis.pulses.iter() {
        for index in wanted {
            let nominal = programmed.phases().get(*index).map(&asked);
            units.extend(pulse.phases.get(*index).map(|phase| at(analysis, &pulse, value(phase), nominal)));
        }
    }
    units
}

/// Net charge of each whole cycle, or its ratio to the leading phase's.
fn cycles(analysis: &Analysis, ratio: bool) -> Vec<Unit> {
    let setting = analysis.pulses.setting.as_ref();
    let cycle = |pulse: Pulse| {
        let (value, length) = analysis.pulses.cycle(pulse.index)?;
        // The baseline counts over the whole cycle, noise with the root of its length; edges are those of the pulse.
        let longer = length / (pulse.window.1 - pulse.window.0);
        let grown = |line: &Input| match line.name {
            "baseline" | "baseline not quiet" => longer,
            "noise" => longer.sqrt(),
            "quantisation of the file" => setting.map_or(longer, |setting| setting.rounded(longer)),
            "instrument limit of error" => (value / pulse.net_charge.value).abs(),
            _ => 1.0,
        };
        let lead = pulse.phases.first()?.charge.value.abs();
        let scale = if ratio { 1.0 / lead } else { 1.0 };
        let lines =
            pulse.net_charge.budget.iter().filter(|line| !ratio || line.name != "instrument limit of error");
        let lines = lines.map(|line| line.scaled(grown(line) * scale)).collect();
        Some(at(analysis, &pulse, Measured::new(value * scale, lines), None))
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
    charges.iter().for_each(|unit| mean.add(&unit.estimate));
    let (mean, count) = mean.finish().ok_or("no whole cycle in the record")?;
    let per_cycle = seconds / count as f64;
    let lines = mean.budget.iter().map(|line| line.scaled(1.0 / per_cycle)).collect();
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
            | M::ChargeImbalance
            | M::Polarity
            | M::PulseCount
            | M::Rate
    )
}

/// What of the stimulus was not measured, for people: the rest must not pass for the whole.
fn left_out(analysis: &Analysis) -> Option<String> {
    let unlike = analysis.findings.iter().filter(|finding| finding.code == FindingCode::UnlikeTheTrain);
    let messages: Vec<&str> = unlike.map(|finding| finding.message.as_str()).collect();
    (!messages.is_empty()).then(|| messages.join("; "))
}

/// Why a capture cannot answer a check.
pub(super) fn not_in_a_capture(measurand: Measurand) -> String {
    format!("`{}` cannot be measured in a capture: it needs a run on a rig", measurand.name())
}
