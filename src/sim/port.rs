//! Byte pipes to the simulated devices.

use std::sync::{Arc, Mutex};

use super::world::{End, SimWorld};

/// One end of an in-memory wire.
pub struct MemoryPort {
    world: Arc<Mutex<SimWorld>>,
    end: End,
}

impl MemoryPort {
    pub(super) fn new(world: Arc<Mutex<SimWorld>>, end: End) -> Self {
        Self { world, end }
    }
}
