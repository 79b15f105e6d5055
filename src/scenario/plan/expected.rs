//! Limits that the bench could not resolve.

use crate::quantity::{Dimension, engineering};
use crate::rig::{AdcSpec, Driver, Rig};
use crate::signal::{Sensed, code_noise};
use crate::source::{Diagnostic, Severity};

use super::super::{Case, Check, Criterion, Decision, Measurand, Nominal, PhaseChoice, Tolerance};
use super::PlannedChannel;
use crate::signal::{Recovery, Waveform};

/// Coverage factor of a normal distribution at 95 %.
const K: f64 = 1.960;

/// Warns of every check whose limit is smaller than the uncertainty to expect: it could only be inconclusive, or, where the
/// uncertainty is left out of the decision, decided by the bench's own errors.
pub(super) fn check(case: &Case, rig: &Rig, channels: &[PlannedChannel], problems: &mut Vec<Diagnostic>) {
    for check in &case.checks {
        let (Some(limit), Some(expected)) = (limit(case, check), expected(case, rig, channels, check)) else {
            continue;
        };
        // A limit of zero asks for a count of zero, never for an exact quantity; it is as unreachable as a small one.
        if limit < expected {
            let text = |value| engineering(value, check.measurand.dimension(), 3);
            let then = match case.decision {
                Decision::Simple => "with `decision: simple` the bench's own error decides it",
                Decision::Guarded => "it can only be inconclusive",
            };
            let what = format!(
                "a limit of {} is below the {} of uncertainty to expect here: {then}",
                text(limit),
                text(expected)
            );
            let help = Some("state the limit as physics, not as small as possible");
            problems.push(case.problem(check, "", Severity::Warning, &what, help));
        }
    }
}

/// Warns of a ramp that begins with pulses which cannot be told from noise: the first of them would not be found.
pub(super) fn ramps(case: &Case, rig: &Rig, channels: &[PlannedChannel], problems: &mut Vec<Diagnostic>) {
    // Pulses are looked for above eight standard deviations of a sample; half as much again makes an edge.
    const SEEN: f64 = 12.0;
    let Some(adc) = converter(rig) else { return };
    let Some(channel) = channels.iter().find(|channel| channel.quantity == Sensed::Current) else { return };
    let program = &case.program;
    let lsb = channel.range / 2_f64.powi(adc.bits as i32 - 1);
    let seen = SEEN * code_noise(adc.noise) * lsb;
    // Its leading phase is what is to be found: of three phases that is half of the amplitude.
    let leading = program.pulse(0).phases().first().map_or(0.0, |phase| phase.current.abs());
    let first = leading * program.share_of(program.main_contact()).abs();
    if program.ramp.is_some() && first < seen {
        let text = |value| engineering(value, Dimension::Current, 3);
        let what = format!(
            "the ramp begins with pulses of {}, and this bench finds pulses of {}",
            text(first),
            text(seen)
        );
        let help = "a shorter ramp or a lower rate begins with a larger pulse";
        problems.push(case.places.find("program.ramp").warning(&what, Some(help)));
    }
}

/// Distance of the limit from its nominal or from zero.
fn limit(case: &Case, check: &Check) -> Option<f64> {
    match check.criterion {
        Criterion::Within { of, tolerance } => {
            let Tolerance { rel, abs } = tolerance;
            let nominal = match of {
                Nominal::Value(value) => value,
                Nominal::Programmed | Nominal::Applied => programmed(case, check)?,
            };
            Some((rel * nominal.abs()).max(abs))
        }
        Criterion::Magnitude(limit) | Criterion::AtMost(limit) => Some(limit),
        Criterion::Between(low, high) => Some((high - low) / 2.0),
        Criterion::AtLeast(_) | Criterion::Equals(_) | Criterion::Holds => None,
    }
}

fn programmed(case: &Case, check: &Check) -> Option<f64> {
    let program = &case.program;
    let ratio = match (check.phase, program.recovery) {
        (PhaseChoice::Recovery, Recovery::Ratio(ratio)) => ratio,
        // The outer phases of three.
        (PhaseChoice::Leading | PhaseChoice::Each, _) if program.waveform == Waveform::Triphasic => 2.0,
        _ => 1.0,
    };
    match check.measurand {
        Measurand::Amplitude => Some(program.amplitude / ratio),
        Measurand::Width if program.waveform == Waveform::Triphasic => Some(program.width),
        Measurand::Width => Some(program.width * ratio),
        Measurand::ChargePerPhase if program.waveform == Waveform::Triphasic => {
            Some(program.amplitude * program.width / ratio)
        }
        Measurand::ChargePerPhase => Some(program.amplitude * program.width),
        _ => None,
    }
}

/// Expanded uncertainty to expect, from the bench's stated gain and non-linearity; offset and noise are averaged out of
/// pulse measurands.
fn expected(case: &Case, rig: &Rig, channels: &[PlannedChannel], check: &Check) -> Option<f64> {
    let adc = converter(rig)?;
    let range = channels.iter().find(|channel| channel.quantity == Sensed::Current)?.range;
    let lsb = range / 2_f64.powi(adc.bits as i32 - 1);
    let nonlinearity = adc.inl * lsb / 3_f64.sqrt();
    let program = &case.program;
    let charge = program.amplitude * program.width;
    let amplitude = programmed(case, &Check { measurand: Measurand::Amplitude, ..check.clone() })?;
    // Pulses whose charge is summed: all of a burst, one of a pair.
    let in_a_cycle = program.burst.map_or(1.0, |burst| f64::from(burst.pulses));
    // Two levels of independent non-linearity, against the leading phase.
    let imbalance = K * 2_f64.sqrt() * nonlinearity / program.amplitude;
    match check.measurand {
        Measurand::Amplitude => Some(K * (adc.gain_error * amplitude).hypot(nonlinearity)),
        Measurand::ChargePerPhase => Some(K * (adc.gain_error).hypot(nonlinearity / amplitude) * charge),
        Measurand::Width => Some(0.02e-6),
        // A recovery at the same magnitude still meets the curve at another code.
        Measurand::ChargeImbalance => Some(imbalance),
        Measurand::NetCharge => Some(imbalance * charge * in_a_cycle),
        Measurand::MeanDcCurrent => Some(imbalance * charge * in_a_cycle * program.rate),
        Measurand::ResidualVoltage | Measurand::ResidualVoltageError => Some(0.02e-3),
        _ => None,
    }
}

/// The load's converter, where it is known before the load has been asked.
fn converter(rig: &Rig) -> Option<&AdcSpec> {
    rig.sim.as_ref().filter(|_| rig.load == Driver::Simulated).map(|sim| &sim.adc)
}

#[cfg(test)]
mod tests {
    use crate::rig::{DEFAULT_RIG, Rig};
    use crate::scenario::{plan, read_scenario, shipped};
    use crate::source::Source;

    /// 0.5 mA at 50 Hz within 3 s: the first pulse has 1.67 uA, and twelve deviations of a sample of the range of 4 mA are 1.11 uA.
    #[test]
    fn the_ramp_of_three_phases_begins_with_half_of_the_amplitude() {
        let rig = Rig::read(&Source::new(DEFAULT_RIG.0, DEFAULT_RIG.1)).unwrap();
        let told = |waveform: &str, up: &str| {
            let text = format!(
                "version: 1\nname: n\nphantom: r1k\nprogram: {{ waveform: {waveform}, amplitude: 0.5 mA, width: 200 us, rate: 50 Hz, ramp: {{ up: {up} }} }}\nduration: 4 s\nexpect:\n  - amplitude: {{ of: programmed, within: 3 % }}\n"
            );
            let (mut cases, problems) = read_scenario(&Source::new("s", &text), &mut shipped);
            assert_eq!(problems, Vec::new());
            let warnings = plan(cases.remove(0), &rig, false).unwrap().warnings;
            let ramps = warnings.into_iter().filter(|warning| warning.what.starts_with("the ramp begins"));
            ramps.map(|warning| warning.what).collect::<Vec<_>>()
        };
        assert_eq!(told("biphasic", "3 s"), Vec::<String>::new());
        assert_eq!(
            told("triphasic", "3 s"),
            ["the ramp begins with pulses of 833 nA, and this bench finds pulses of 1.11 µA"]
        );
        assert_eq!(told("triphasic", "2 s"), Vec::<String>::new());
    }
}
