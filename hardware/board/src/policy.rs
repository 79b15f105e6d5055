//! Where a simulator may make a board misbehave.

use stimrig_protocol::stimulator::FaultCode;

use crate::Pulse;

/// The decisions of a board that a simulator may bend. Every method as provided is the right behaviour.
pub trait Policy {
    /// The period of the train, ps.
    fn period(&self, period: u64) -> u64 {
        period
    }

    /// The pulse about to be emitted, number `n` since the start, from 0.
    fn shape(&mut self, n: u64, pulse: &mut Pulse) {
        let _ = (n, pulse);
    }

    /// The code a detected fault is declared as; `None` lets it pass.
    fn declare(&mut self, detected: FaultCode) -> Option<FaultCode> {
        Some(detected)
    }

    /// Patience without a frame, ticks; `None` is endless.
    fn watchdog(&self, ticks: u64) -> Option<u64> {
        Some(ticks)
    }

    /// From declaring a fault to output off, ticks.
    fn shutdown(&self, ticks: u64) -> u64 {
        ticks
    }

    /// Whether a stop that was acknowledged ends the train.
    fn obeys_stop(&self) -> bool {
        true
    }
}

/// The only policy of a firmware.
#[derive(Debug, Clone, Copy, Default)]
pub struct AsDesigned;

impl Policy for AsDesigned {}
