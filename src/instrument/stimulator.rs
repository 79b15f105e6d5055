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

impl std::fmt::Display for StimulatorIdentity {
    /// Model, and what it has of a uid and a firmware.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.model)?;
        for (what, value) in [("uid", &self.uid), ("firmware", &self.firmware)] {
            if !value.is_empty() {
                write!(f, ", {what} {value}")?;
            }
        }
        Ok(())
    }
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
/// What only some stimulators can do is reached through an accessor, so that nobody can ask it of one that cannot.
///
/// # Errors
/// Every call fails with an [`InstrumentError`] when the device does not answer, refuses, or is gone.
#[async_trait]
pub trait Stimulator: Send {
    /// Hello: who is there.
    async fn identify(&mut self) -> Result<StimulatorIdentity, InstrumentError>;
    /// Loads a program; returns what is really applied. While running it takes effect at the next pulse.
    async fn load(&mut self, program: &Program) -> Result<Applied, InstrumentError>;
    /// Starts.
    async fn start(&mut self) -> Result<(), InstrumentError>;
    /// Stops; idempotent, any state, shortest deadline.
    async fn stop(&mut self) -> Result<(), InstrumentError>;
    /// What it says about its output.
    fn reports(&mut self) -> Option<&mut dyn Reports> {
        None
    }
    /// The way past the driver's own cap.
    fn overdrive(&mut self) -> Option<&mut dyn Overdrive> {
        None
    }
    /// Clears a latched fault; one that latches nothing has nothing to clear.
    async fn acknowledge(&mut self) -> Result<(), InstrumentError> {
        Ok(())
    }
    /// Tells it that the host is alive, and sees that it still is; one without a link has nothing to say.
    async fn keepalive(&mut self) -> Result<(), InstrumentError> {
        Ok(())
    }
    /// What the link had to put right, where there is one.
    fn link(&self) -> LinkCounters {
        LinkCounters::default()
    }
}

/// A stimulator that says what it is doing.
#[async_trait]
pub trait Reports: Send {
    /// Its own report.
    ///
    /// # Errors
    /// As those of a [`Stimulator`].
    async fn status(&mut self) -> Result<Status, InstrumentError>;
}

/// A stimulator that judges a command above its cap itself.
#[async_trait]
pub trait Overdrive: Send {
    /// Loads a program without the driver's own cap check: only for an injected over-amplitude.
    ///
    /// # Errors
    /// As those of a [`Stimulator`]: most of all its refusal.
    async fn load_over_cap(&mut self, program: &Program) -> Result<Applied, InstrumentError>;
}
