//! What a change of program while running, or another start, does to the load: charge that is carried over, and when it
//! settles.

use crate::phantom::train::{self, TrainPulse};
use crate::phantom::{Circuit, Circuits};
use crate::quantity::{Dimension, engineering};
use crate::rig::Rig;
use crate::signal::{Part, Program};
use crate::source::Diagnostic;

use super::super::{Case, Train};
use super::applied;
use super::drive::{MARGIN, RUN, asserts_compliance, settled as settled_from_rest, shares, unlimited};
use super::peaks::Peaks;

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
pub(super) fn settled(case: &Case, rig: &Rig, circuits: &Circuits) -> Option<Settled> {
    let trains = case.trains();
    let train = trains.first()?;
    let programs = train.written();
    let (first, last) = (programs.first()?, programs.last()?);
    let steady = Program { ramp: None, ..last.clone() };
    let takes = settled_from_rest(&case.phantom, &steady, rig, circuits)?;
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
    circuits: &Circuits,
    problems: &mut Vec<Diagnostic>,
) -> Option<Peaks> {
    let (peaks, compliance) = (peaks?, rig.output_stage()?.compliance);
    let trains = case.trains();
    if trains.len() < 2 && trains.iter().all(|train| train.programs.len() < 2) {
        return Some(peaks);
    }
    // What cannot be solved has been said of the first program.
    let Ok(circuit) = circuits.at_rest(&case.phantom, &unlimited(rig)?) else { return Some(peaks) };
    let found = along(case, rig, &trains, circuit);
    let volts = |value: f64| engineering(value, Dimension::Voltage, 4);
    let mut told: Vec<&str> = Vec::new();
    for (path, peak) in found.iter().map(|(path, peaks)| (path, peaks.source)) {
        if peak + MARGIN <= compliance || asserts_compliance(case) || told.contains(&path.as_str()) {
            continue;
        }
        told.push(path);
        let what = format!(
            "with this the output would reach {}, and rig `{}` can deliver {} (with {} to spare)",
            volts(peak),
            rig.name,
            volts(compliance),
            volts(MARGIN)
        );
        let help = "what the pulses before it leave on the load is counted: lower the amplitude, or recover the charge";
        problems.push(case.places.find(&format!("{path}.amplitude")).error(&what, Some(help)));
    }
    Some(found.iter().fold(peaks, |most, (_, peaks)| most.max(*peaks)))
}

/// Largest voltages under each program in turn, with the load as the one before left it.
fn along(case: &Case, rig: &Rig, trains: &[Train<'_>], mut circuit: Circuit) -> Vec<(String, Peaks)> {
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
            let peaks = peaks_of(case, &mut circuit, part, total);
            let last = part.program.pulse_from(last, part.into);
            let open = last.recharge.map_or(last.end(), |(start, duration)| start + duration);
            now = train.start + part.origin + last.end().max(open);
            found.push((in_force.path.clone(), peaks));
        }
    }
    found
}

/// Largest voltages while `total` pulses of a part pass; the circuit is left at the end of the last.
fn peaks_of(case: &Case, circuit: &mut Circuit, part: &Part<'_>, total: u64) -> Peaks {
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
    let repeated =
        train::Train { pulses: &pulses, group: usize::try_from(group).unwrap_or(usize::MAX), total };
    Peaks::of(circuit, &repeated, &shares(&case.phantom, program))
}
