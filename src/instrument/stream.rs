//! Samples that come while they are taken.

use async_trait::async_trait;

use crate::signal::{BlockSink, Calibration, Sensed};

use super::InstrumentError;

/// One channel of a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamChannel {
    /// Contact, sense, or `vout`.
    pub name: String,
    /// What it senses.
    pub quantity: Sensed,
    /// ± full scale, A or V.
    pub range: f64,
}

/// What to stream.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamSetup {
    /// Fast channels, in the order of the planes of a block.
    pub channels: Vec<StreamChannel>,
    /// Whether the slow stream runs too (one plane per contact, in the phantom's order).
    pub slow: bool,
}

/// What streams.
///
/// # Errors
/// Every call fails with an [`InstrumentError`] when the device does not answer, refuses, or is gone.
#[async_trait]
pub trait Stream: Send {
    /// Starts; returns the calibration of each fast channel, then of the slow ones.
    async fn start(&mut self, setup: &StreamSetup) -> Result<Vec<Calibration>, InstrumentError>;
    /// Hands every block that has arrived to `sink`; returns how many.
    async fn drain(&mut self, sink: &mut dyn BlockSink) -> Result<usize, InstrumentError>;
    /// Ends.
    async fn end(&mut self) -> Result<(), InstrumentError>;
}
