//! From a rig file to open instruments. The only place that knows both the drivers and the simulator.

mod load;
pub(super) mod probe;
mod selector;
mod served;
mod stimulator;
mod wire;

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::driver::port::RealClock;
use crate::driver::recorded;
use crate::instrument::{Clock, Disturbance, Load, Operator, Port, Stimulator};
use crate::phantom::Phantom;
use crate::rig::{Driver, Rig, Transport};
use crate::scenario::Plan;
use crate::sim;

use super::instruments::Instruments;
use wire::Wire;

/// Lays hands on the wires of a simulated bench before the drivers have them: for drills of what the runner does then.
pub trait Tamper: Send + Sync + std::fmt::Debug {
    /// Takes the wires to stimulator and load and gives them back, changed or not. `witness` sees what really happens.
    fn wires(&self, witness: sim::Witness, wires: [Box<dyn Port>; 2]) -> [Box<dyn Port>; 2];
}

/// What a bench is opened with besides its rig and its plan.
#[derive(Default)]
pub(super) struct With<'a> {
    /// The phantom that a simulated load plugs in instead of the scenario's.
    pub plugged: Option<&'a Phantom>,
    /// Lays hands on the wires of a simulated bench.
    pub tamper: Option<&'a dyn Tamper>,
    /// The person at the bench.
    pub person: Option<&'a Arc<dyn Operator>>,
    /// Cores that a simulated bench may use.
    pub spare: sim::Spare,
}

/// Opens what a plan runs on. Within the case's runtime, because real ports belong to one.
///
/// # Errors
/// A lowercase fragment that says what could not be opened and what to do; nothing has been energised.
pub(super) async fn open(rig: &Rig, plan: &Plan, with: &With<'_>) -> Result<Instruments, String> {
    let bench = wired(rig, plan, with).await?;
    // The load first: without it nothing can be seen.
    let load = load::open(rig, plan, bench.load)?;
    let stimulator = stimulator::open(rig, plan, bench.stimulator, with.person)?;
    #[cfg(feature = "probe")]
    let probe = super::probe::wanted(rig, &plan.case).then(|| probe::open(rig, bench.probe)).transpose()?;
    #[cfg(not(feature = "probe"))]
    let probe = None;
    let (clock, disturbance) = (bench.clock, Some(bench.disturbance));
    let mut instruments = Instruments { stimulator, load, clock, disturbance, probe };
    instruments.fit(&rig.capabilities)?;
    Ok(instruments)
}

/// A bench of which each instrument was opened by itself, without its debug probe.
pub(super) struct Each {
    /// The stimulator, or why it could not be opened.
    pub stimulator: Result<Box<dyn Stimulator>, String>,
    /// The load, or why it could not be opened.
    pub load: Result<Box<dyn Load>, String>,
    /// The bench's time.
    pub clock: Box<dyn Clock>,
}

/// As [`open`], but what cannot be opened does not keep the rest of the bench from being told to be safe.
///
/// # Errors
/// When a bench that this process simulates cannot be made.
pub(super) async fn each(rig: &Rig, plan: &Plan, person: Option<&Arc<dyn Operator>>) -> Result<Each, String> {
    let bench = wired(rig, plan, &With::default()).await?;
    let load = load::open(rig, plan, bench.load);
    let stimulator = stimulator::open(rig, plan, bench.stimulator, person);
    Ok(Each { stimulator, load, clock: bench.clock })
}

/// The ways to the instruments of a bench, before anything is opened.
struct Wired<'a> {
    stimulator: Wire<'a>,
    load: Wire<'a>,
    clock: Box<dyn Clock>,
    disturbance: Arc<Disturbance>,
    /// On the core of a simulated stimulator.
    #[cfg(feature = "probe")]
    probe: Option<sim::probe::SimulatedProbe>,
}

async fn wired<'a>(rig: &'a Rig, plan: &Plan, with: &With<'_>) -> Result<Wired<'a>, String> {
    let seed = seed_of(&plan.case.name, plan.attempt);
    let disturbance = Arc::new(Disturbance::default());
    // A simulated load plugs in what the scenario names, unless the rig says otherwise.
    let plugged = with.plugged.unwrap_or(&plan.case.phantom);
    #[cfg(feature = "probe")]
    let mut simulated_probe = None;
    let (to_stimulator, to_load, clock): (_, _, Box<dyn Clock>) = match &rig.sim {
        Some(bench) if bench.transport == Transport::Pty => {
            let served = served::open(rig, bench, plugged, seed)?;
            #[cfg(feature = "probe")]
            {
                simulated_probe = Some(served.probe);
            }
            (served.stimulator, served.load, served.clock)
        }
        Some(bench) => {
            let bench = sim::open_rig(rig, bench, plugged, seed).map_err(|error| error.to_string())?;
            bench.share(&with.spare);
            #[cfg(feature = "probe")]
            {
                simulated_probe = Some(bench.probe);
            }
            let wires: [Box<dyn Port>; 2] = [Box::new(bench.stimulator), Box::new(bench.load)];
            let [stimulator, load] = match with.tamper {
                Some(tamper) => tamper.wires(bench.witness, wires),
                None => wires,
            };
            (Wire::simulated(stimulator), Wire::simulated(load), Box::new(bench.clock))
        }
        None => {
            let connected = selector::connect(rig, &plan.case.phantom.name).await;
            connected.map_err(|error| error.to_string())?;
            let stimulator = Wire::real("stimulator", rig.wiring.stimulator.as_ref());
            (stimulator, Wire::real("load", rig.wiring.load.as_ref()), clock(rig))
        }
    };
    Ok(Wired {
        stimulator: to_stimulator.disturbed(Arc::clone(&disturbance), seed),
        load: to_load,
        clock,
        disturbance,
        #[cfg(feature = "probe")]
        probe: simulated_probe,
    })
}

/// Real time, except beside a recording: there nothing happens that one would have to wait for.
fn clock(rig: &Rig) -> Box<dyn Clock> {
    if rig.load == Driver::Recorded {
        Box::new(recorded::Clock::default())
    } else {
        Box::new(RealClock::new())
    }
}

/// A case's own noise: from its name, so that it does not depend on which cases run beside it. A repetition has noise of
/// its own; the first has that of the case run once.
fn seed_of(name: &str, attempt: u32) -> u64 {
    let mut hash = Sha256::new().chain_update(name.as_bytes());
    if attempt > 1 {
        hash.update(attempt.to_le_bytes());
    }
    let digest: [u8; 32] = hash.finalize().into();
    digest.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
