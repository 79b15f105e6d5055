//! How long a bench takes to reach its periodic state.

use crate::phantom::{Circuit, Drive, Output};
use crate::rig::Rig;
use crate::scenario::Plan;
use crate::signal::Recovery;

/// Largest time constant of the closed network with the recharge switch closed for its share of the cycle, s.
///
/// `None` where it never settles: a series capacitor that nothing discharges. A real rig states neither its capacitor
/// nor its switch, so it never claims to have settled.
pub(super) fn time_constant(plan: &Plan, rig: &Rig) -> Option<f64> {
    let board = &rig.sim.as_ref()?.stimulator;
    let program = &plan.case.program;
    let output =
        Output { blocking_capacitor: board.blocking_capacitor, recharge: board.recharge, ..Output::default() };
    let mut circuit = Circuit::new(&plan.case.phantom, output).ok()?;
    let contacts = &plan.case.phantom.contacts;
    let currents = contacts.iter().map(|(name, _)| program.scale_of(name) * program.amplitude).collect();
    circuit.set_interlock(true);
    circuit.set_drive(&Drive::Currents(currents));
    let closed = match (program.recovery, program.recharge) {
        (Recovery::Passive { duration, .. }, _) | (_, Some(duration)) => Some(duration * program.rate),
        _ => None,
    };
    let share = match closed {
        Some(share) => share.min(1.0),
        None if board.blocking_capacitor > 0.0 => return None,
        None => 1.0,
    };
    circuit.set_drive(if closed.is_some() { &Drive::Recharge } else { &Drive::Off });
    let longest = circuit.time_constants().filter(|tau| tau.is_finite()).fold(0.0, f64::max);
    Some(longest / share)
}
