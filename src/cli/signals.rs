//! Signals, as every command that touches a rig hears them and answers with its exit code.

use crate::record::{EXIT_INTERNAL, Outcome, exit_code};
use crate::run::{Cause, Interrupt};

/// Listens for signals; says why it cannot. The error is the exit code.
pub(super) fn listen() -> Result<Interrupt, u8> {
    Interrupt::listen().map_err(|error| {
        say!("stimrig: cannot listen for signals: {error}");
        EXIT_INTERNAL
    })
}

/// The exit code of what a signal ended.
pub(super) fn ended(cause: Cause) -> u8 {
    exit_code(Some(Outcome::Aborted), Some(cause.name()))
}
