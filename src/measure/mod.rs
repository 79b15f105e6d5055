//! From samples to numbers: one pass over the stream, bounded memory, every number with its uncertainty.

pub mod edge;
pub mod level;
pub mod window;
