//! What the world asks of the device end of a load's wire.

use super::analog::Analog;

/// A load as seen from its wire. Instants in true nanoseconds.
pub(super) trait LoadEnd: Send {
    /// When something happens next if nothing is said to it.
    fn next_deadline(&self) -> Option<u64>;
    /// Does what is due at `now`.
    fn on_deadline(&mut self, now: u64, analog: &mut Analog);
    /// Bytes from the host.
    fn receive(&mut self, bytes: &[u8], now: u64, analog: &mut Analog);
    /// Takes the samples that have come; with `all`, those of an unfinished block too.
    fn stream(&mut self, all: bool, analog: &mut Analog);
    /// Moves queued bytes out; returns how many.
    fn transmit(&mut self, into: &mut [u8]) -> usize;
    /// Whether a closed interlock connects stimulator and phantom; false of a load that has none.
    fn is_interlocked(&self) -> bool;
    /// Cuts the stimulator's supply until an instant (ns), without a word to the host.
    fn cut_supply(&mut self, until: u64);
    /// Whether it supplies the stimulator.
    fn supplies(&self) -> bool;
}
