//! What really happens in a simulated bench, asked of the world itself and not of its wires.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::truth::Truth;
use super::world::SimWorld;

/// Somebody who sees a simulated bench from outside, whatever its wires say.
#[derive(Clone)]
pub struct Witness {
    world: Arc<Mutex<SimWorld>>,
}

impl std::fmt::Debug for Witness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Witness")
    }
}

impl Witness {
    pub(super) fn new(world: Arc<Mutex<SimWorld>>) -> Self {
        Self { world }
    }

    /// The world, even after somebody panicked while holding it: what it does then is what is asked here.
    fn world(&self) -> MutexGuard<'_, SimWorld> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Now, ns.
    pub fn now(&self) -> u64 {
        self.world().now()
    }

    /// The output now.
    pub fn truth(&self) -> Truth {
        self.world().truth()
    }

    /// Lets so many nanoseconds pass in which no host says anything. Samples are not kept any more.
    pub fn pass(&self, nanoseconds: u64) {
        let mut world = self.world();
        let to = world.now().saturating_add(nanoseconds);
        world.abandon();
        world.advance(to);
    }

    /// Cuts the stimulator's supply for so many nanoseconds, of which the host is told nothing: a board that resets itself.
    pub fn reset_stimulator(&self, nanoseconds: u64) {
        self.world().cut_supply(nanoseconds);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::SimBench;
    use crate::sim::samples::r1k;

    #[test]
    fn the_truth_is_that_of_the_output_stage_and_the_interlock() {
        use crate::phantom::Drive;
        let bench = super::super::open(&SimBench::default(), &r1k(), 1).unwrap();
        let witness = bench.witness;
        let with = |change: &dyn Fn(&mut SimWorld)| change(&mut witness.world());
        assert_eq!(witness.truth(), Truth::default());
        let on = Drive::Currents(vec![1e-3, -1e-3]);
        with(&|world| world.analog_mut().set_drive(&on));
        witness.pass(1_000);
        // Driven, but into an open interlock.
        let open = Truth { driven: true, last_driven: Some(1_000), ..Truth::default() };
        assert_eq!(witness.truth(), open);
        with(&|world| world.analog_mut().interlock(true));
        witness.pass(1_000);
        let now = Some(2_000);
        let closed = Truth { driven: true, connected: true, last_driven: now, last_reached: now };
        assert_eq!(witness.truth(), closed);
        with(&|world| world.analog_mut().set_drive(&Drive::Off));
        witness.pass(5_000);
        assert_eq!(witness.truth(), Truth { driven: false, ..closed });
    }
}
