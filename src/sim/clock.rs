//! Virtual time.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use crate::instrument::Clock;

use super::analog::Spare;
use super::world::SimWorld;

/// The clock of a simulated bench: sleeping runs its event queue forward and takes no longer than that.
pub struct VirtualClock {
    world: Arc<Mutex<SimWorld>>,
}

impl VirtualClock {
    pub(super) fn new(world: Arc<Mutex<SimWorld>>) -> Self {
        Self { world }
    }

    /// See [`Bench::share`](super::Bench::share).
    pub(super) fn share(&self, spare: &Spare) {
        self.world.lock().unwrap_or_else(PoisonError::into_inner).share(spare);
    }
}

#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> u64 {
        self.world.lock().unwrap_or_else(PoisonError::into_inner).now()
    }

    async fn sleep(&mut self, nanoseconds: u64) {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        let to = world.now().saturating_add(nanoseconds);
        world.advance(to);
    }
}
