//! A record: armed before what it is to hold, read when it is complete.

use async_trait::async_trait;

use crate::signal::{BlockSink, Calibration};

use super::{InstrumentError, StreamChannel};

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
    /// Where its first sample lies, s after [`Record::arm`] returned.
    pub began: f64,
    /// How well that is known, s.
    pub began_u: f64,
    /// Where it was triggered, s from its first sample: an instrument may hold more, or less, before its trigger than was asked for.
    pub trigger: f64,
    /// It was begun by the host and not by its trigger.
    pub forced: bool,
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

/// What takes records.
///
/// # Errors
/// Every call fails with an [`InstrumentError`] when the device does not answer, refuses, or is gone.
#[async_trait]
pub trait Record: Send {
    /// Sets its channels up; returns the calibration of each as far as it is known before a record is taken.
    async fn set_up(&mut self, channels: &[StreamChannel]) -> Result<Vec<Calibration>, InstrumentError>;
    /// Arms one record; afterwards the samples before its trigger are held, and the trigger is heeded.
    async fn arm(&mut self, request: &RecordRequest) -> Result<(), InstrumentError>;
    /// One step of reading the record that was armed: asks whether it is complete, or hands its next part to `sink`.
    async fn read(&mut self, sink: &mut dyn BlockSink) -> Result<Reading, InstrumentError>;
}
