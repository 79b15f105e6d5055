//! Byte pipes to the simulated devices.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::instrument::{InstrumentFault, Port};

use super::world::{End, SimWorld};

/// One end of an in-memory wire. Waiting for a device that has nothing to say passes virtual time, not real.
pub struct MemoryPort {
    world: Arc<Mutex<SimWorld>>,
    end: End,
}

impl MemoryPort {
    pub(super) fn new(world: Arc<Mutex<SimWorld>>, end: End) -> Self {
        Self { world, end }
    }

    fn world(&self) -> MutexGuard<'_, SimWorld> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Port for MemoryPort {
    fn now(&self) -> u64 {
        self.world().now()
    }

    async fn read(&mut self, buffer: &mut [u8], deadline: u64) -> Result<usize, InstrumentFault> {
        let mut world = self.world();
        let mut count = world.read(self.end, buffer);
        if count == 0 && deadline > world.now() {
            world.advance(deadline);
            count = world.read(self.end, buffer);
        }
        if count == 0 { Err(InstrumentFault::Timeout) } else { Ok(count) }
    }

    async fn write_all(&mut self, bytes: &[u8]) -> Result<(), InstrumentFault> {
        self.world().write(self.end, bytes);
        Ok(())
    }
}
