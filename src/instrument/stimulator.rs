//! The stimulator's port.

use async_trait::async_trait;

use crate::scenario::FaultCode;
use crate::signal::Program;

use super::InstrumentError;

/// Who a stimulator says it is.
#[derive(Debug, Clone, PartialEq)]
pub struct StimulatorIdentity {
    /// Product name.
    pub model: String,
    /// Unique id, hexadecimal.
    pub uid: String,
    /// Firmware hash, hexadecimal.
    pub firmware: String,
    /// Stated maximum amplitude, A.
    pub cap: f64,
    /// Stated compliance, V.
    pub compliance: f64,
    /// Its patience without a frame, s.
    pub watchdog: f64,
}

/// What a setter really applied.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// The program as quantised by the device.
    pub program: Program,
}

/// What the output is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Off.
    Idle,
    /// Stimulating.
    Running,
    /// Off after a fault, until acknowledged.
    Latched,
}

/// A stimulator's own report.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Status {
    /// Output.
    pub state: State,
    /// Declared fault.
    pub fault: FaultCode,
    /// Pulses emitted since the start.
    pub pulses: u64,
}

/// What a link had to put right or lost. Each is counted once where it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LinkCounters {
    /// Exchanges sent again.
    pub retried: u64,
    /// Frames rejected (checksum, length, sequence).
    pub rejected: u64,
    /// Exchanges given up.
    pub lost: u64,
    /// Sample blocks missing from a stream.
    pub lost_blocks: u64,
}

impl LinkCounters {
    /// All of them together, the measurand `link_errors`.
    pub fn total(&self) -> u64 {
        self.retried + self.rejected + self.lost + self.lost_blocks
    }
}

/// A stimulator under test. One owner; every call has its own deadline.
///
/// # Errors
/// Every call fails with an [`InstrumentError`] when the device does not answer, refuses, or is gone.
#[async_trait]
pub trait Stimulator: Send {
    /// Hello: who is there.
    async fn identify(&mut self) -> Result<StimulatorIdentity, InstrumentError>;
    /// Loads a program; returns what is really applied. While running it takes effect at the next pulse.
    async fn load(&mut self, program: &Program) -> Result<Applied, InstrumentError>;
    /// As `load`, without the driver's own cap check: only for an injected over-amplitude.
    async fn load_over_cap(&mut self, program: &Program) -> Result<Applied, InstrumentError>;
    /// Starts.
    async fn start(&mut self) -> Result<(), InstrumentError>;
    /// Stops; idempotent, any state, shortest deadline.
    async fn stop(&mut self) -> Result<(), InstrumentError>;
    /// Its own report.
    async fn status(&mut self) -> Result<Status, InstrumentError>;
    /// Clears a latched fault.
    async fn acknowledge(&mut self) -> Result<(), InstrumentError>;
    /// Tells it that the host is alive.
    async fn keepalive(&mut self) -> Result<(), InstrumentError>;
    /// What the link had to put right.
    fn link(&self) -> LinkCounters;
}
