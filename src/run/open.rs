//! From a rig file to open instruments. The only place that knows both the drivers and the simulator.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::driver::native;
use crate::instrument::{Disturbance, DisturbedPort};
use crate::phantom::Phantom;
use crate::rig::{Driver, Rig};
use crate::scenario::Plan;
use crate::sim;

use super::session::Instruments;

/// Opens what a plan runs on.
///
/// # Errors
/// A lowercase fragment that says what could not be opened and what to do; nothing has been energised.
pub(super) fn open(rig: &Rig, plan: &Plan, plugged: Option<&Phantom>) -> Result<Instruments, String> {
    let (Driver::Simulated, Driver::Simulated, Some(bench)) = (rig.stimulator, rig.load, &rig.sim) else {
        return Err(format!(
            "rig `{}` names drivers that cannot be opened yet: use a simulated rig",
            rig.name
        ));
    };
    // A simulated load plugs in what the scenario names, unless the rig says otherwise.
    let plugged = plugged.unwrap_or(&plan.case.phantom);
    let seed = seed_of(&plan.case.name);
    let bench = sim::open(bench, plugged, seed).map_err(|error| error.to_string())?;
    let disturbance = Arc::new(Disturbance::default());
    let port = DisturbedPort::new(Box::new(bench.stimulator), Arc::clone(&disturbance), seed);
    // The host reads the bench through the phantom the scenario names, whatever is plugged in.
    Ok(Instruments {
        stimulator: Box::new(native::Stimulator::new(Box::new(port), &plan.case.phantom, rig.cap)),
        load: Box::new(native::Load::new(Box::new(bench.load), &plan.case.phantom)),
        clock: Box::new(bench.clock),
        disturbance: Some(disturbance),
    })
}

/// A case's own noise: from its name, so that it does not depend on which cases run beside it.
fn seed_of(name: &str) -> u64 {
    let digest: [u8; 32] = Sha256::digest(name.as_bytes()).into();
    digest.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
