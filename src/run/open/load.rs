//! The load's driver, one arm each.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::driver::port::{self, Line};
use crate::driver::{native, recorded, scpi, sigrok};
use crate::instrument::Load;
use crate::quantity::hex;
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
        Driver::Recorded => recording(rig),
        Driver::Sigrok => {
            let device = rig.wiring.device.as_deref().unwrap_or_default();
            let rate = rig.wiring.sample_rate.unwrap_or(0.0);
            Ok(Box::new(sigrok::Load::new(device, &rig.wiring.options, rate, &rig.channels)))
        }
        Driver::Scpi => oscilloscope(rig, wire),
        driver => Err(format!("the load driver `{}` cannot be opened yet", driver.name())),
    }
}

/// The capture file that the rig names, relative to the rig's own.
fn recording(rig: &Rig) -> Result<Box<dyn Load>, String> {
    let named = rig.wiring.file.as_deref().unwrap_or_default();
    let path = Path::new(&rig.file).parent().unwrap_or(Path::new("")).join(named);
    let shown = path.display().to_string();
    let next = "`load.file` in the rig file is relative to that file";
    let bytes = recorded::bytes(&path).map_err(|error| format!("recording {error} ({next})"))?;
    let load = recorded::Load::new(&shown, &bytes, hex(&Sha256::digest(&bytes)), &rig.channels)
        .map_err(|error| error.to_string())?;
    Ok(Box::new(load))
}

/// An oscilloscope at its port, which can be opened anew, or the simulated one.
fn oscilloscope(rig: &Rig, wire: Wire<'_>) -> Result<Box<dyn Load>, String> {
    let spec = rig.capabilities.record.ok_or("this load takes no records")?;
    let again = rig.wiring.load.clone().filter(|_| rig.sim.is_none());
    let reopen = again.map(|at| -> scpi::Reopen {
        Box::new(move || port::open(&at, "oscilloscope", Line::default()).map_err(|error| error.fault))
    });
    Ok(Box::new(scpi::Load::new(wire.open(Line::default())?, reopen, &rig.channels, spec)))
}
