//! Pulse programs and what they ask for, pulse by pulse.
//!
//! A [`Program`] is what a scenario programs; [`Program::pulse`] is the exact pulse it asks for, unquantised. The
//! simulator, the prediction and the checks `of: programmed` all read the same pulses.

mod block;
mod course;
mod program;
mod pulse;
mod shares;
mod words;

pub use block::{Block, BlockSink, Calibration, Marker, MarkerBit, Sensed, StreamKind, code_noise};
pub use course::{Part, course, pulses};
pub use program::{Burst, Cycle, Law, Polarity, Program, Ramp, Recovery, Run, Share, Waveform};
pub use pulse::{Kind, Phase, Pulse};
pub use shares::quantised_shares;
