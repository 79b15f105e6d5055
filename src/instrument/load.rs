//! The load's port.

use async_trait::async_trait;

use crate::scenario::Fault;
use crate::signal::{BlockSink, Calibration, Sensed};

use super::{InstrumentError, InstrumentFault, LinkCounters};

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
}

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

/// What one record is to hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RecordRequest {
    /// Before the trigger, s.
    pub before: f64,
    /// From the trigger on, s.
    pub after: f64,
    /// What starts it; `None` starts it at once.
    pub trigger: Option<Trigger>,
}

/// What starts a record: a channel that passes a level, in the direction of the level's sign.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trigger {
    /// Index of the channel in the stream's setup.
    pub channel: usize,
    /// Level, A or V.
    pub level: f64,
}

/// What a complete record was taken with.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RecordHead {
    /// Samples per second and channel, Hz.
    pub sample_rate: f64,
    /// Samples per channel.
    pub samples: u64,
    /// Calibration of each channel.
    pub calibrations: Vec<Calibration>,
    /// Where its first sample lies, s after [`Load::arm`] returned.
    pub began: f64,
    /// How well that is known, s.
    pub began_u: f64,
    /// What a person should know about it.
    pub notes: Vec<String>,
}

/// What reading a record brought.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading {
    /// It is not complete yet.
    Waiting,
    /// It is complete, and this is what it was taken with; its samples follow.
    Head(RecordHead),
    /// So many of its samples have been handed over.
    Part(u64),
    /// All have.
    End,
}

/// A load: connects a phantom, switches faults, samples. One owner; every call has its own deadline.
///
/// # Errors
/// Every call fails with an [`InstrumentError`] when the device does not answer, refuses, or is gone.
#[async_trait]
pub trait Load: Send {
    /// Hello: who is there.
    async fn identify(&mut self) -> Result<LoadIdentity, InstrumentError>;
    /// Starts streaming; returns the calibration of each fast channel, then of the slow ones.
    async fn stream(&mut self, setup: &StreamSetup) -> Result<Vec<Calibration>, InstrumentError>;
    /// Ends streaming.
    async fn end_stream(&mut self) -> Result<(), InstrumentError>;
    /// Hands every block that has arrived to `sink`; returns how many.
    async fn drain(&mut self, sink: &mut dyn BlockSink) -> Result<usize, InstrumentError>;
    /// Closes (connects stimulator and phantom) or opens the interlock.
    async fn interlock(&mut self, closed: bool) -> Result<(), InstrumentError>;
    /// Injects a fault with its relays.
    async fn inject(&mut self, fault: &Fault) -> Result<(), InstrumentError>;
    /// Clears every fault of this name (`all` clears everything).
    async fn clear(&mut self, fault: &str) -> Result<(), InstrumentError>;
    /// Shorts the inputs for a zero (true) or ends it (false).
    async fn zero(&mut self, on: bool) -> Result<(), InstrumentError>;
    /// Drives the phantom from the load's own test source between a contact and its return; 0 A switches it off.
    async fn test_source(&mut self, contact: &str, amplitude: f64) -> Result<(), InstrumentError>;
    /// Tells it that the host is alive (its dead-man opens the interlock).
    async fn keepalive(&mut self) -> Result<(), InstrumentError>;
    /// Arms one record; for a load that takes records instead of a stream, whose `stream` only sets its channels up.
    async fn arm(&mut self, _request: &RecordRequest) -> Result<(), InstrumentError> {
        Err(streams())
    }
    /// One step of reading the record that was armed: asks whether it is complete, or hands its next part to `sink`.
    async fn read(&mut self, _sink: &mut dyn BlockSink) -> Result<Reading, InstrumentError> {
        Err(streams())
    }
    /// What the link had to put right.
    fn link(&self) -> LinkCounters;
}

fn streams() -> InstrumentError {
    InstrumentError {
        device: "load".to_owned(),
        doing: "take a record".to_owned(),
        fault: InstrumentFault::Refused("it streams".to_owned()),
        next: "drain its stream instead".to_owned(),
    }
}
