//! What the programs do to phantom and series capacitor: the largest voltage, and when it settles.

use nalgebra::{DMatrix, DVector};

use crate::phantom::train::{Train, TrainPulse, peak_voltage};
use crate::phantom::{Circuit, Drive, NetworkError, Output};
use crate::quantity::{Dimension, engineering};
use crate::rig::Rig;
use crate::signal::{Program, Recovery};
use crate::source::Diagnostic;

use super::super::{Action, Case, Fault, FaultCode, Measurand};
use super::{Planned, applied};

/// Pulses run one by one before the rest is taken to repeat the last period.
pub(super) const RUN: u64 = 64;
/// What the plan leaves between the predicted peak and the compliance, V.
pub(super) const MARGIN: f64 = 0.2;

/// Largest predicted voltages over the case, V.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Peaks {
    /// At the output stage, upstream of the series capacitor.
    pub source: f64,
    /// Across the phantom.
    pub phantom: f64,
}

/// Of all programs; `None` on a bench whose output stage is not known.
pub(super) fn peaks(
    case: &Case,
    rig: &Rig,
    programs: &[Planned<'_>],
    problems: &mut Vec<Diagnostic>,
) -> Option<Peaks> {
    let stage = rig.output_stage()?;
    let mut peaks = Peaks { source: 0.0, phantom: 0.0 };
    let step = impedance_steps(case)
        .map(|(_, ohms)| ohms)
        .fold(None, |most: Option<f64>, ohms| Some(most.map_or(ohms, |most| most.max(ohms))));
    for planned in programs {
        let program = applied::quantised(planned.program, rig, &case.phantom);
        let peak = |blocking_capacitor: f64, step: Option<f64>| {
            let output = Output {
                compliance: f64::INFINITY,
                blocking_capacitor,
                recharge: stage.recharge,
                ..Output::default()
            };
            peak_of(case, &program, planned.running, output, step)
        };
        let source = peak(stage.blocking_capacitor, step);
        let same = stage.blocking_capacitor == 0.0 && step.is_none();
        match (source.clone(), if same { source } else { peak(0.0, None) }) {
            (Ok(source), Ok(phantom)) => {
                peaks = Peaks { source: peaks.source.max(source), phantom: peaks.phantom.max(phantom) };
            }
            (Err(error), _) | (_, Err(error)) => {
                problems.push(case.places.find("phantom").error(&error.to_string(), None));
                return None;
            }
        }
    }
    Some(peaks)
}

/// Whether the scenario is about compliance.
pub(super) fn asserts_compliance(case: &Case) -> bool {
    let asserted = |check: &super::super::Check| {
        check.measurand == Measurand::ComplianceHeadroom || check.is == Some(FaultCode::Compliance)
    };
    case.checks.iter().any(asserted)
}

/// The peak must stay below the compliance, unless the scenario is about compliance.
pub(super) fn check_compliance(case: &Case, rig: &Rig, peaks: Option<Peaks>, problems: &mut Vec<Diagnostic>) {
    let (Some(peaks), Some(stage)) = (peaks, rig.output_stage()) else { return };
    let compliance = stage.compliance;
    // An impedance step may be there to drive the output to its compliance: then a check says what follows.
    let named = |index: usize| {
        case.checks.iter().any(|check| {
            check.is.is_some() && check.after.as_deref().and_then(|after| case.step_of(after)) == Some(index)
        })
    };
    if peaks.source + MARGIN <= compliance
        || asserts_compliance(case)
        || impedance_steps(case).any(|(index, _)| named(index))
    {
        return;
    }
    let volts = |value: f64| engineering(value, Dimension::Voltage, 4);
    let what = format!(
        "the output would reach {}, and rig `{}` can deliver {} (with {} to spare)",
        volts(peaks.source),
        rig.name,
        volts(compliance),
        volts(MARGIN)
    );
    if let Some((index, _)) = impedance_steps(case).next() {
        let help = "step to less, or say by `fault_reported` after it what the stimulator is to do";
        problems.push(case.places.find(&format!("steps[{index}].inject.to")).error(&what, Some(help)));
        return;
    }
    let help = if peaks.source - peaks.phantom > 0.5 * peaks.source {
        "charge piles up on the series capacitor: recover it, or run fewer pulses"
    } else {
        "lower the amplitude, or take a phantom of lower resistance"
    };
    problems.push(case.places.find("program.amplitude").error(&what, Some(help)));
}

/// Impedance steps of a case: index of the step, and what to (ohm).
fn impedance_steps(case: &Case) -> impl Iterator<Item = (usize, f64)> + '_ {
    case.steps.iter().enumerate().filter_map(|(index, step)| match step.action {
        Action::Inject(Fault::ImpedanceStep { to }) => Some((index, to)),
        _ => None,
    })
}

/// Peak at the output; `step` is the access resistance after an impedance step, which can only raise it in series.
fn peak_of(
    case: &Case,
    program: &Program,
    running: f64,
    output: Output,
    step: Option<f64>,
) -> Result<f64, NetworkError> {
    let mut circuit = Circuit::new(&case.phantom, output)?;
    circuit.set_drive(&Drive::Currents(shares(case, program)));
    let driven = circuit.driven().next();
    circuit.set_drive(&Drive::Off);
    if let (Some(contact), Some(to)) = (driven, step) {
        let added = to - circuit.access_resistance(contact);
        circuit.insert((added > 0.0).then_some((contact, added)))?;
    }
    let total = program.pulse_limit().unwrap_or_else(|| program.pulses_before(running).max(1));
    // The ramp must have ended before a period can repeat; its amplitude only grows.
    let ramp = program.pulses_before(program.ramp_end()).min(4096);
    let group = program.pulses_per_period();
    let stepped = (ramp + RUN.max(2 * group)).div_ceil(group) * group;
    let pulses: Vec<TrainPulse> = (0..total.min(stepped)).map(|n| train_pulse(program, n)).collect();
    let train = Train { pulses: &pulses, group: usize::try_from(group).unwrap_or(usize::MAX), total };
    Ok(peak_voltage(&mut circuit, &train, &shares(case, program)))
}

fn train_pulse(program: &Program, n: u64) -> TrainPulse {
    let pulse = program.pulse(n);
    let phases = pulse.phases().iter().map(|phase| (phase.start, phase.width, phase.current)).collect();
    TrainPulse { phases, recharge: pulse.recharge }
}

pub(super) fn shares(case: &Case, program: &Program) -> Vec<f64> {
    case.phantom.contacts.iter().map(|(name, _)| program.share_of(name)).collect()
}

/// The first cycle after the ramp by which what is left of a start has decayed to 1 %, s after the first leading edge.
///
/// One cycle without drive maps the capacitors' voltages linearly; the slowest mode of that map decides. A series
/// capacitor that nothing discharges has a mode that never decays.
pub(super) fn settled(case: &Case, rig: &Rig) -> Option<f64> {
    let program = applied::quantised(&case.program, rig, &case.phantom);
    // Where the stage is not known, a window that begins at `settled` needs one without a recharge.
    let (blocking_capacitor, recharge) =
        rig.output_stage().map_or((0.0, 200.0), |stage| (stage.blocking_capacitor, stage.recharge));
    // The `vout` input only loads a floating output and has no part in this.
    let output = Output {
        compliance: f64::INFINITY,
        blocking_capacitor,
        recharge,
        sense_input: None,
        ..Output::default()
    };
    let mut circuit = Circuit::new(&case.phantom, output).ok()?;
    let shares = shares(case, &program);
    // Which contacts the recharge reaches is decided by which were driven.
    circuit.set_drive(&Drive::Currents(shares.clone()));
    circuit.set_drive(&Drive::Off);
    let closed = match (program.recovery, program.recharge) {
        (Recovery::Passive { duration, per_burst: true }, _) => duration,
        (Recovery::Passive { duration, .. }, _) | (_, Some(duration)) => {
            duration * program.pulses_per_period() as f64
        }
        _ => 0.0,
    };
    let period = program.period();
    let size = circuit.capacitor_voltages().len();
    let columns: Vec<DVector<f64>> = (0..size)
        .map(|k| {
            let trial = &mut circuit;
            let mut start = vec![0.0; size];
            start.iter_mut().skip(k).take(1).for_each(|voltage| *voltage = 1.0);
            trial.set_capacitor_voltages(&start);
            if closed > 0.0 {
                trial.set_drive(&Drive::Recharge);
                trial.advance(closed.min(period));
                trial.set_drive(&Drive::Off);
            }
            trial.advance((period - closed).max(0.0));
            DVector::from_vec(trial.capacitor_voltages())
        })
        .collect();
    let decay = slowest(&columns, case, &program, blocking_capacitor);
    if decay >= 1.0 - 1e-9 {
        return None;
    }
    let cycles = if decay > 0.0 { (0.01_f64.ln() / decay.ln() - 1e-9).ceil().max(0.0) } else { 0.0 };
    let first = (program.ramp_end() * program.rate - 1e-9).ceil().max(0.0);
    Some((cycles + first) * period)
}

/// Largest magnitude among the eigenvalues of the map, of the capacitors that a driven contact can charge.
fn slowest(columns: &[DVector<f64>], case: &Case, program: &Program, blocking: f64) -> f64 {
    if columns.is_empty() {
        return 0.0;
    }
    // Layout of a circuit's capacitors: the phantom's, the series ones per contact, the `vout` inputs per contact.
    let contacts = case.phantom.contacts.len();
    let own = columns.len().saturating_sub(2 * contacts);
    let back = case.phantom.return_contact();
    let takes_part = |k: usize| {
        let driven = |at: usize| {
            case.phantom
                .contacts
                .get(at)
                .is_some_and(|(name, _)| name != back && program.share_of(name) != 0.0)
        };
        k < own || (blocking > 0.0 && k < own + contacts && driven(k - own))
    };
    let kept: Vec<usize> = (0..columns.len()).filter(|k| takes_part(*k)).collect();
    if kept.is_empty() {
        return 0.0;
    }
    let entry = |row: usize, column: usize| {
        let found = kept.get(column).and_then(|column| columns.get(*column)).zip(kept.get(row));
        found.and_then(|(column, row)| column.get(*row)).copied().unwrap_or(0.0)
    };
    let map = DMatrix::from_fn(kept.len(), kept.len(), entry);
    map.complex_eigenvalues().iter().map(|value| value.norm()).fold(0.0, f64::max)
}
