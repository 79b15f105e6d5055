//! What the reference stimulator board does, without any hardware: commands, quantisation, the sequence of phases,
//! supervision of the output, the fault latch and the dead-man.
//!
//! Only right behaviour lives here. A firmware gives the board timers, a DAC and a serial port; the simulator gives it a
//! simulated output stage. Both drive the same event-driven state machine: [`Board::next_deadline`] says when it wants
//! to be called, [`Board::on_deadline`] does what is due then, in ticks of the board's own timer. A [`Policy`] is the
//! one seam through which the simulator makes a board misbehave; firmware uses [`AsDesigned`].
#![no_std]

#[cfg(test)]
extern crate std;

mod board;
mod endpoint;
mod hal;
mod plan;
mod policy;
mod pulse;
mod spec;
mod supervision;
mod train;

pub use board::Board;
pub use endpoint::Endpoint;
pub use hal::{Codes, Hal, Line, Output, Reading};
pub use plan::Plan;
pub use policy::{AsDesigned, Policy};
pub use pulse::{Phase, Pulse, Window};
pub use spec::Spec;
