//! What the world asks of the device end of a stimulator's wire.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::rig::{DefectKind, SimBench};

use super::analog::Analog;
use super::defects;
#[cfg(feature = "probe")]
use super::stimulator::StimulatorDevice;

/// A stimulator as seen from its wire. Instants in true nanoseconds.
pub(super) trait DeviceEnd: Send {
    /// When something happens next if nothing is said to it.
    fn next_deadline(&self) -> Option<u64>;
    /// Does what is due at `now`.
    fn on_deadline(&mut self, now: u64, analog: &mut Analog);
    /// Bytes from the host.
    fn receive(&mut self, bytes: &[u8], now: u64, analog: &mut Analog);
    /// Its supply is cut or returns.
    fn supplied(&mut self, on: bool, now: u64, analog: &mut Analog);
    /// Moves queued bytes out; returns how many.
    fn transmit(&mut self, into: &mut [u8]) -> usize;
    /// The reference board, where it is one: what a debug probe attaches to.
    #[cfg(feature = "probe")]
    fn board(&mut self) -> Option<&mut StimulatorDevice> {
        None
    }
}

/// How many true seconds one second of the device's clock takes: one draw per bench, and the defect `clock_error`. A clock
/// that is fast makes rates higher and widths shorter.
pub(super) fn clock(bench: &SimBench) -> f64 {
    let mut draws = ChaCha8Rng::seed_from_u64(bench.seed ^ 0x0073_7469_6d5f_636c);
    let normal: f64 = StandardNormal.sample(&mut draws);
    let wrong = defects::amount(&bench.defects, DefectKind::ClockError).unwrap_or(0.0);
    1.0 / (1.0 + bench.stimulator.clock_error * normal + wrong)
}
