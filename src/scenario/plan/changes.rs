//! What a change of program while running, or another start, does to the load: charge that is carried over, and when it
//! settles.

use crate::phantom::train::{TrainPulse, peak_voltage};
use crate::phantom::{Circuit, NetworkError, Output};
use crate::quantity::{Dimension, engineering};
use crate::rig::Rig;
use crate::signal::{Part, Program};
use crate::source::Diagnostic;

use super::super::{Case, Train};
use super::applied;
use super::drive::{MARGIN, Peaks, RUN, asserts_compliance, settled as settled_from_rest, shares};

/// When a case settles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Settled {
    /// After the first leading edge, s.
    pub(super) at: f64,
    /// After the end of the ramp or the last change, s.
    pub(super) takes: f64,
}

/// The first cycle by which what is left of the start, of its ramp and of the last change in the first train has decayed to
/// 1 %.
pub(super) fn settled(case: &Case, rig: &Rig) -> Option<Settled> {
    let trains = case.trains();
    let train = trains.first()?;
    let programs = train.written();
    let (first, last) = (programs.first()?, programs.last()?);
    let steady = Case { program: Program { ramp: None, ..last.clone() }, ..case.clone() };
    let takes = settled_from_rest(&steady, rig)?;
    let ramp = (first.ramp_end() * first.rate - 1e-9).ceil().max(0.0) * first.period();
    let changed = train.parts(&programs).last().map_or(0.0, |part| part.origin);
    Some(Settled { at: ramp.max(changed) + takes, takes })
}

/// Reports every change and every later start at which the output would need more than the compliance, with what the
/// programs before it have left on the load; the peaks with those in them.
pub(super) fn check(
    case: &Case,
    rig: &Rig,
    peaks: Option<Peaks>,
    problems: &mut Vec<Diagnostic>,
) -> Option<Peaks> {
    let (peaks, stage) = (peaks?, rig.output_stage()?);
    let trains = case.trains();
    if trains.len() < 2 && trains.iter().all(|train| train.programs.len() < 2) {
        return Some(peaks);
    }
    let output = |blocking_capacitor: f64| Output {
        compliance: f64::INFINITY,
        blocking_capacitor,
        recharge: stage.recharge,
        ..Output::default()
    };
    let (Ok(source), Ok(phantom)) =
        (along(case, rig, &trains, output(stage.blocking_capacitor)), along(case, rig, &trains, output(0.0)))
    else {
        // What cannot be solved has been said of the first program.
        return Some(peaks);
    };
    let volts = |value: f64| engineering(value, Dimension::Voltage, 4);
    let mut told: Vec<&str> = Vec::new();
    for (path, peak) in &source {
        if peak + MARGIN <= stage.compliance || asserts_compliance(case) || told.contains(&path.as_str()) {
            continue;
        }
        told.push(path);
        let what = format!(
            "with this the output would reach {}, and rig `{}` can deliver {} (with {} to spare)",
            volts(*peak),
            rig.name,
            volts(stage.compliance),
            volts(MARGIN)
        );
        let help = "what the pulses before it leave on the load is counted: lower the amplitude, or recover the charge";
        problems.push(case.places.find(&format!("{path}.amplitude")).error(&what, Some(help)));
    }
    let largest = |found: &[(String, f64)]| found.iter().map(|(_, peak)| *peak).fold(0.0, f64::max);
    Some(Peaks { source: peaks.source.max(largest(&source)), phantom: peaks.phantom.max(largest(&phantom)) })
}

/// Largest voltage at the output under each program in turn, V, with the load as the one before left it.
fn along(
    case: &Case,
    rig: &Rig,
    trains: &[Train<'_>],
    output: Output,
) -> Result<Vec<(String, f64)>, NetworkError> {
    let mut circuit = Circuit::new(&case.phantom, output)?;
    let mut found = Vec::new();
    let mut now = 0.0;
    for train in trains {
        let programs: Vec<Program> =
            train.written().iter().map(|program| applied::quantised(program, rig, &case.phantom)).collect();
        let parts = train.parts(&programs);
        let ends = parts.iter().skip(1).map(|next| next.origin).chain([train.length]);
        for ((part, end), in_force) in parts.iter().zip(ends).zip(&train.programs) {
            let before = part.program.pulses_before_from(end - part.origin, part.into);
            let own = part.program.pulse_limit().map_or(u64::MAX, |limit| limit.saturating_sub(part.base));
            let total = before.min(own);
            let Some(last) = total.checked_sub(1) else { continue };
            circuit.advance((train.start + part.origin - now).max(0.0));
            let peak = peak_of(case, &mut circuit, part, total);
            let last = part.program.pulse_from(last, part.into);
            let open = last.recharge.map_or(last.end(), |(start, duration)| start + duration);
            now = train.start + part.origin + last.end().max(open);
            found.push((in_force.path.clone(), peak));
        }
    }
    Ok(found)
}

/// Largest voltage while `total` pulses of a part pass; the circuit is left at the end of the last.
fn peak_of(case: &Case, circuit: &mut Circuit, part: &Part<'_>, total: u64) -> f64 {
    // Without its off-times, in which the load only recovers, the last period repeats for ever.
    let program = &Program { cycle: None, ..part.program.clone() };
    // The ramp must have ended before that.
    let ramp = program.pulses_before_from(program.ramp_end() - part.into, part.into).min(4096);
    let group = program.pulses_per_period();
    let stepped = (ramp + RUN.max(2 * group)).div_ceil(group) * group;
    let train_pulse = |n: u64| {
        let pulse = program.pulse_from(n, part.into);
        let phases = pulse.phases().iter().map(|phase| (phase.start, phase.width, phase.current)).collect();
        TrainPulse { phases, recharge: pulse.recharge }
    };
    let pulses: Vec<TrainPulse> = (0..total.min(stepped)).map(train_pulse).collect();
    let repeated = crate::phantom::train::Train {
        pulses: &pulses,
        group: usize::try_from(group).unwrap_or(usize::MAX),
        total,
    };
    peak_voltage(circuit, &repeated, &shares(case, program))
}
