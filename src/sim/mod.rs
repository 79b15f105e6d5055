//! The device end of the same wires: a simulated stimulator, a simulated load, and the world between them.
//!
//! The wire is faked, not the drivers: framing, checksums, retries and quantisation are those of a bench. The devices are
//! synchronous state machines on one event queue in integer nanoseconds; in memory, virtual time passes only when the
//! host sleeps or waits.

pub mod analog;

mod clock;
mod defects;
mod devices;
mod end;
mod load;
mod load_end;
mod oscilloscope;
mod outbox;
mod player;
mod port;
#[cfg(feature = "probe")]
pub mod probe;
mod program;
mod pulse_pal;
#[cfg(test)]
mod samples;
mod science_mode;
mod serve;
mod stimjim;
mod stimulator;
mod template;
mod terminals;
mod truth;
mod witness;
mod world;

pub use analog::Spare;
pub use clock::VirtualClock;
pub use port::MemoryPort;
pub use serve::{Look, News, Rack, Served, Tell, serve};
pub use truth::Truth;
pub use witness::Witness;

use std::sync::{Arc, Mutex};

use crate::phantom::Phantom;
use crate::rig::{Rig, SimBench};

use world::{End, SimWorld};

/// Why a simulated bench cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SimError {
    /// The phantom or the output stage cannot be solved.
    #[error("{0}")]
    Network(String),
    /// It cannot be served.
    #[error("no pseudo-terminal can be had: {0}: close some programs")]
    Terminal(String),
    /// Its oscilloscope cannot listen.
    #[error("the oscilloscope cannot listen on {0}")]
    Socket(String),
}

/// Both wires of a simulated bench, and its clock.
pub struct Bench {
    /// To the stimulator.
    pub stimulator: MemoryPort,
    /// To the load.
    pub load: MemoryPort,
    /// Virtual time.
    pub clock: VirtualClock,
    /// To the stimulator's core.
    #[cfg(feature = "probe")]
    pub probe: probe::SimulatedProbe,
    /// What really happens.
    pub witness: Witness,
}

impl Bench {
    /// Lets it use cores on which no case runs; it does the same, sooner.
    pub fn share(&self, spare: &Spare) {
        self.clock.share(spare);
    }
}

/// Opens a simulated bench at rest with a phantom plugged in.
///
/// What is systematic (gains, offsets, clocks) is drawn from the bench's own seed, so all cases of a run share one bench;
/// noise comes from that and `case_seed`.
///
/// # Errors
/// As [`SimError`] says; nothing has been energised.
pub fn open(bench: &SimBench, phantom: &Phantom, case_seed: u64) -> Result<Bench, SimError> {
    SimWorld::new(bench, None, phantom, case_seed).map(|world| wires(world, bench))
}

/// As [`open`], with the device ends of the protocols that the rig's drivers speak.
///
/// # Errors
/// As [`SimError`] says; nothing has been energised.
pub fn open_rig(rig: &Rig, bench: &SimBench, phantom: &Phantom, case_seed: u64) -> Result<Bench, SimError> {
    SimWorld::new(bench, Some(rig), phantom, case_seed).map(|world| wires(world, bench))
}

#[cfg_attr(not(feature = "probe"), expect(unused_variables, reason = "only its probe is asked for"))]
fn wires(world: SimWorld, bench: &SimBench) -> Bench {
    let world = Arc::new(Mutex::new(world));
    Bench {
        stimulator: MemoryPort::new(Arc::clone(&world), End::Stimulator),
        load: MemoryPort::new(Arc::clone(&world), End::Load),
        #[cfg(feature = "probe")]
        probe: probe::SimulatedProbe::new(Arc::clone(&world), bench.probe),
        clock: VirtualClock::new(Arc::clone(&world)),
        witness: Witness::new(world),
    }
}
