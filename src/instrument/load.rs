//! The load's port: what every load can do, and ways to what only some can.

use async_trait::async_trait;

use super::{InstrumentError, LinkCounters, Record, Stream, Switches};

/// Who a load says it is, and what it can do.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadIdentity {
    /// Product name.
    pub model: String,
    /// Unique id, hexadecimal.
    pub uid: String,
    /// Firmware hash, hexadecimal.
    pub firmware: String,
    /// Stated calibration (id, date, due).
    pub calibration: String,
    /// Samples per second and channel, Hz.
    pub sample_rate: f64,
    /// Standard uncertainty of the sample clock, as a fraction.
    pub clock_u: f64,
    /// Anti-alias filter: number of Bessel poles and −3 dB frequency, Hz.
    pub filter: (u32, f64),
    /// Samples per second and channel of the slow stream, Hz.
    pub slow_rate: f64,
    /// Filter of the slow stream: number of Bessel poles and −3 dB frequency, Hz.
    pub slow_filter: (u32, f64),
    /// Contacts whose currents it senses, where it says so.
    pub contacts: Option<usize>,
}

/// How a load samples.
pub enum Sampling<'a> {
    /// Samples come while they are taken.
    Stream(&'a mut dyn Stream),
    /// A record is armed, and read when it is complete.
    Record(&'a mut dyn Record),
}

/// A load: it samples what a stimulator does to a phantom. One owner; every call has its own deadline.
///
/// What only some loads can do is reached through an accessor, so that nobody can ask it of one that cannot.
///
/// # Errors
/// Every call fails with an [`InstrumentError`] when the device does not answer, refuses, or is gone.
#[async_trait]
pub trait Load: Send {
    /// Hello: who is there.
    async fn identify(&mut self) -> Result<LoadIdentity, InstrumentError>;
    /// How it samples.
    fn sampling(&mut self) -> Sampling<'_>;
    /// Its relays and its source.
    fn switches(&mut self) -> Option<&mut dyn Switches> {
        None
    }
    /// Tells it that the host is alive, and sees that it still is; between its samples there may be nothing to say.
    async fn keepalive(&mut self) -> Result<(), InstrumentError> {
        Ok(())
    }
    /// What the link had to put right, where there is one.
    fn link(&self) -> LinkCounters {
        LinkCounters::default()
    }
}
