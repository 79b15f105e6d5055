//! The stimulator's driver, one arm each.

use crate::driver::port::Line;
use crate::driver::{native, none};
use crate::instrument::Stimulator;
use crate::rig::{Driver, Rig};
use crate::scenario::Plan;

use super::wire::Wire;

/// Opens the stimulator. The host reads the bench through the phantom the scenario names, whatever is plugged in.
///
/// # Errors
/// A lowercase fragment that says what could not be opened and what to do.
pub(super) fn open(rig: &Rig, plan: &Plan, wire: Wire<'_>) -> Result<Box<dyn Stimulator>, String> {
    match rig.stimulator {
        Driver::Simulated | Driver::Native => {
            Ok(Box::new(native::Stimulator::new(wire.open(Line::default())?, &plan.case.phantom, rig.cap)))
        }
        Driver::None => Ok(Box::new(none::Stimulator)),
        driver => Err(format!("the stimulator driver `{}` cannot be opened yet", driver.name())),
    }
}
