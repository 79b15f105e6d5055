//! The device ends of the same wires, and the world they act on.

pub mod analog;
