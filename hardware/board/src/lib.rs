//! What the reference stimulator board does, without any hardware: commands, quantisation, the sequence of phases,
//! supervision of the output, the fault latch and the dead-man.
//!
//! Only right behaviour lives here. A firmware gives the board timers, a DAC and a serial port; the simulator gives it a
//! simulated output stage. Both drive the same event-driven state machine: [`Board::next_deadline`] says when it wants
//! to be called, [`Board::on_deadline`] does what is due then, in ticks of the board's own timer. A [`Policy`] is the
//! one seam through which the simulator makes a board misbehave; firmware uses [`AsDesigned`].
//!
//! # What goes on without the core
//!
//! A board is a core that decides and hardware that does not need it. The *sequencer* is timer hardware: it ends each phase
//! and each pulse on time and begins the next one, so that no phase is held when the core stops. The *independent watchdog*
//! has its own clock and its own switch on the output stage; the core kicks it in every pass of its loop. While the core is
//! stopped ([`Board::halt`]) nobody hears the host and nobody evaluates what the output stage senses; the sequencer goes
//! on, and the watchdog ends it when it has not been kicked for as long as the host may be silent: behind the pulse in
//! progress, so that its charge is taken back. It latches `watchdog`, which the core finds when it runs again. A reset
//! disconnects the output at once.
#![no_std]

#[cfg(test)]
extern crate std;

mod board;
mod endpoint;
mod guarded;
mod hal;
mod plan;
mod policy;
mod pulse;
mod shares;
mod spec;
mod supervision;
mod train;

pub use board::Board;
pub use endpoint::Endpoint;
pub use guarded::Guarded;
pub use hal::{Codes, Hal, Line, Output, Reading};
pub use plan::Plan;
pub use policy::{AsDesigned, Part, Place, Policy};
pub use pulse::{Phase, Pulse, Window};
pub use spec::Spec;
pub use supervision::{SMALLEST_CODE, Steps, is_of_the_lead};
