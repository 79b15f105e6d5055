//! From samples to numbers: one pass over the stream, bounded memory, every number with its uncertainty.

pub mod edge;
pub mod level;
pub mod window;

mod front_end;
mod histogram;
mod pyramid;
mod recorder;
mod recording;
mod setup;

pub use front_end::FrontEnd;
pub use histogram::{Histogram, Level};
pub use pyramid::Pyramid;
pub use recorder::{Guard, Recorder};
pub use recording::{
    ContactRecord, Excerpt, Flags, Interval, PhaseRow, PulseRow, Recording, SlowRecord, VoltageRecord, Zero,
};
pub use setup::{ChannelSetup, Setup, SlowSetup};
