//! What the programs do to phantom and series capacitor: the largest voltage, and when it settles.

use nalgebra::{DMatrix, DVector};

use crate::phantom::train::{self, Train, TrainPulse};
use crate::phantom::{Circuit, Circuits, Drive, NetworkError, Output, Phantom};
use crate::quantity::{Dimension, engineering};
use crate::rig::Rig;
use crate::signal::{Program, Recovery};
use crate::source::Diagnostic;

use super::super::{Action, Case, Fault, FaultCode, Measurand};
use super::peaks::Peaks;
use super::{Planned, applied, recharge};

/// Pulses run one by one before the rest is taken to repeat the last period.
pub(super) const RUN: u64 = 64;
/// What the plan leaves between the predicted peak and the compliance, V.
pub(super) const MARGIN: f64 = 0.2;

impl Peaks {
    /// Of a train through a circuit, which is left at the end of its last pulse.
    pub(super) fn of(circuit: &mut Circuit, train: &Train<'_>, shares: &[f64]) -> Self {
        let recharge = recharge::peak(circuit, train, shares);
        let volts = train::peaks(circuit, train, shares);
        Self { source: volts.source, phantom: volts.phantom, series: volts.series, recharge }
    }
}

/// The rig's output stage without its compliance, so that a train maps the load linearly; `None` where it is not known.
pub(super) fn unlimited(rig: &Rig) -> Option<Output> {
    rig.output_stage().map(|stage| Output {
        compliance: f64::INFINITY,
        blocking_capacitor: stage.blocking_capacitor,
        recharge: stage.recharge,
        ..Output::default()
    })
}

/// Largest predicted voltages of all programs; `None` on a bench whose output stage is not known.
pub(super) fn peaks(
    case: &Case,
    rig: &Rig,
    programs: &[Planned<'_>],
    circuits: &Circuits,
    problems: &mut Vec<Diagnostic>,
) -> Option<Peaks> {
    let output = unlimited(rig)?;
    // Without a step the most flows back, with one the voltage is highest; one that lowers the resistance lets still more flow back.
    let ohms = || impedance_steps(case).map(|(_, ohms)| ohms);
    let mut steps = vec![None];
    steps.extend(ohms().reduce(f64::max).map(Some));
    steps.extend(ohms().reduce(f64::min).map(Some));
    steps.dedup();
    let found = programs.iter().try_fold(Peaks::default(), |most, planned| {
        let program = applied::quantised(planned.program, rig, &case.phantom);
        steps.iter().try_fold(most, |most, step| {
            let circuit = circuits.at_rest(&case.phantom, &output)?;
            Ok(most.max(peaks_of(case, &program, planned.running, circuit, *step)?))
        })
    });
    let unsolved =
        |error: NetworkError| problems.push(case.places.find("phantom").error(&error.to_string(), None));
    found.map_err(unsolved).ok()
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
    let help = if peaks.series > 0.5 * peaks.source {
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

/// Peaks under one program; `step` is the access resistance after an impedance step, by a resistor in series or in parallel.
fn peaks_of(
    case: &Case,
    program: &Program,
    running: f64,
    mut circuit: Circuit,
    step: Option<f64>,
) -> Result<Peaks, NetworkError> {
    let shares = shares(&case.phantom, program);
    if let Some(to) = step {
        circuit.set_drive(&Drive::Currents(shares.clone()));
        let driven = circuit.driven().next();
        circuit.set_drive(&Drive::Off);
        let access = driven.map_or(0.0, |contact| circuit.access_resistance(contact));
        circuit.insert(driven.map(|contact| (contact, to - access)).filter(|(_, ohms)| *ohms > 0.0))?;
        if let Some(contact) = driven.filter(|_| to > 0.0 && to < access) {
            let back = circuit.reference();
            circuit.leak(contact, back, Some((to.recip() - access.recip()).recip()))?;
        }
    }
    let total = program.pulse_limit().unwrap_or_else(|| program.pulses_before(running).max(1));
    // The ramp must have ended before a period can repeat; its amplitude only grows.
    let ramp = program.pulses_before(program.ramp_end()).min(4096);
    let group = program.pulses_per_period();
    let stepped = (ramp + RUN.max(2 * group)).div_ceil(group) * group;
    let pulses: Vec<TrainPulse> = (0..total.min(stepped)).map(|n| train_pulse(program, n)).collect();
    let train = Train { pulses: &pulses, group: usize::try_from(group).unwrap_or(usize::MAX), total };
    Ok(Peaks::of(&mut circuit, &train, &shares))
}

fn train_pulse(program: &Program, n: u64) -> TrainPulse {
    let pulse = program.pulse(n);
    let phases = pulse.phases().iter().map(|phase| (phase.start, phase.width, phase.current)).collect();
    TrainPulse { phases, recharge: pulse.recharge }
}

pub(super) fn shares(phantom: &Phantom, program: &Program) -> Vec<f64> {
    phantom.contacts.iter().map(|(name, _)| program.share_of(name)).collect()
}

/// The first cycle after the ramp by which what is left of a start has decayed to 1 %, s after the first leading edge.
///
/// One cycle without drive maps the capacitors' voltages linearly; the slowest mode of that map decides. A series
/// capacitor that nothing discharges has a mode that never decays.
pub(super) fn settled(phantom: &Phantom, program: &Program, rig: &Rig, circuits: &Circuits) -> Option<f64> {
    let program = applied::quantised(program, rig, phantom);
    // Where the stage is not known, a window that begins at `settled` needs one without a recharge.
    let unknown = || Output { compliance: f64::INFINITY, blocking_capacitor: 0.0, ..Output::default() };
    let output = unlimited(rig).unwrap_or_else(unknown);
    let mut circuit = circuits.at_rest(phantom, &output).ok()?;
    // Which contacts the recharge reaches is decided by which were driven.
    circuit.set_drive(&Drive::Currents(shares(phantom, &program)));
    let driven: Vec<usize> = circuit.driven().collect();
    circuit.set_drive(&Drive::Off);
    let closed = match (program.recovery, program.recharge) {
        (Recovery::Passive { duration, per_burst: true }, _) => duration,
        (Recovery::Passive { duration, .. }, _) | (_, Some(duration)) => {
            duration * program.pulses_per_period() as f64
        }
        _ => 0.0,
    };
    let period = program.period();
    let at_rest = circuit.capacitor_voltages();
    let charged = charged(at_rest.len(), phantom.contacts.len(), &driven, output.blocking_capacitor);
    let mut map = DMatrix::zeros(charged.len(), charged.len());
    for (k, mut column) in charged.iter().zip(map.column_iter_mut()) {
        let mut start = at_rest.clone();
        start.iter_mut().skip(*k).take(1).for_each(|voltage| *voltage = 1.0);
        circuit.set_capacitor_voltages(&start);
        if closed > 0.0 {
            circuit.set_drive(&Drive::Recharge);
            circuit.advance(closed.min(period));
            circuit.set_drive(&Drive::Off);
        }
        circuit.advance((period - closed).max(0.0));
        let left = circuit.capacitor_voltages();
        let left = charged.iter().map(|k| left.get(*k).copied().unwrap_or(0.0));
        column.copy_from(&DVector::from_iterator(charged.len(), left));
    }
    let decay = slowest(&map);
    if decay >= 1.0 - 1e-9 {
        return None;
    }
    let cycles = if decay > 0.0 { (0.01_f64.ln() / decay.ln() - 1e-9).ceil().max(0.0) } else { 0.0 };
    let first = (program.ramp_end() * program.rate - 1e-9).ceil().max(0.0);
    Some((cycles + first) * period)
}

/// Numbers of the capacitors that a driven contact can charge, of `count` in a circuit: the contact through which the current
/// returns, which is not among the driven ones, has no series capacitor in its way.
fn charged(count: usize, contacts: usize, driven: &[usize], blocking: f64) -> Vec<usize> {
    // Layout of a circuit's capacitors: the phantom's, the series ones per contact, the `vout` inputs per contact. Those
    // only load a floating output and have no part in this.
    let own = count.saturating_sub(2 * contacts);
    (0..own + contacts).filter(|k| *k < own || (blocking > 0.0 && driven.contains(&(k - own)))).collect()
}

/// How often a map is squared: the size of what 2⁴⁰ cycles leave says what one leaves of the slowest mode, to some 1e-12.
const SQUARINGS: i32 = 40;

/// Largest magnitude among the eigenvalues of a map: the 2⁴⁰th root of the size of its 2⁴⁰th power. A search for the eigenvalues
/// themselves does not end on every map: of several capacitors that nothing discharges some are the same but for rounding.
fn slowest(map: &DMatrix<f64>) -> f64 {
    if map.is_empty() {
        return 0.0;
    }
    let (mut power, mut log) = (map.clone(), 0.0);
    for k in 0..=SQUARINGS {
        if k > 0 {
            power = &power * &power;
            log *= 2.0;
        }
        let size = power.amax();
        if size == 0.0 {
            return 0.0;
        }
        power /= size;
        log += size.ln();
    }
    (log / 2_f64.powi(SQUARINGS)).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_mode_is_that_of_closed_forms() {
        let of = |rows: &[f64]| {
            let size = rows.len().isqrt();
            slowest(&DMatrix::from_row_slice(size, size, rows))
        };
        let cases: [(&[f64], f64); 8] = [
            (&[], 0.0),
            (&[0.25], 0.25),
            (&[0.5, 0.0, 0.0, 0.9], 0.9),
            // Two that never decay, and one that is moved by what they hold.
            (&[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.3, 0.4, 0.2], 1.0),
            // No basis of modes: what is left after n cycles is n/2ⁿ⁻¹.
            (&[0.5, 1.0, 0.0, 0.5], 0.5),
            // A quarter turn, whose modes are not real.
            (&[0.0, -0.8, 0.8, 0.0], 0.8),
            // Gone after two cycles.
            (&[0.0, 1.0, 0.0, 0.0], 0.0),
            (&[0.0, 0.0, 0.0, 0.0], 0.0),
        ];
        for (rows, expected) in cases {
            assert!((of(rows) - expected).abs() < 1e-9, "{rows:?}: {}", of(rows));
        }
    }
}
