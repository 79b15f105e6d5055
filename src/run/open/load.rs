//! The load's driver, one arm each.

use crate::driver::native;
use crate::driver::port::Line;
use crate::instrument::Load;
use crate::rig::{Driver, Rig};
use crate::scenario::Plan;

use super::wire::Wire;

/// Opens the load. The host reads the bench through the phantom the scenario names, whatever is plugged in.
///
/// # Errors
/// A lowercase fragment that says what could not be opened and what to do.
pub(super) fn open(rig: &Rig, plan: &Plan, wire: Wire<'_>) -> Result<Box<dyn Load>, String> {
    match rig.load {
        Driver::Simulated | Driver::Native => {
            Ok(Box::new(native::Load::new(wire.open(Line::default())?, &plan.case.phantom)))
        }
        driver => Err(format!("the load driver `{}` cannot be opened yet", driver.name())),
    }
}
