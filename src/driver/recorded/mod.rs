//! A capture file as a load: what was recorded is judged as if it were being measured.

mod clock;
mod column;
mod file;

use async_trait::async_trait;

use crate::capture::{Capture, CaptureError};
use crate::instrument::{
    InstrumentError, InstrumentFault, LoadIdentity, Reading, Record, RecordHead, RecordRequest, Sampling,
    StreamChannel,
};
use crate::rig::Channel;
use crate::signal::{Block, BlockSink, Calibration, StreamKind};

pub use clock::Clock;
use column::Column;
pub use file::bytes;

/// Samples handed over at a time.
const PART: usize = 1 << 16;

/// A recording's clock is the scope's that made it: at most 100 ppm off, uniformly.
const CLOCK_U: f64 = 1e-4 / 1.732;

/// A recording.
pub struct Load {
    capture: Capture,
    uid: String,
    stated: Vec<Channel>,
    columns: Vec<Column>,
    /// Samples handed over; `None` before the head.
    read: Option<usize>,
    block: Vec<i16>,
}

impl Load {
    /// Reads a capture file's bytes; `file` is its name in messages, `uid` its SHA-256, `channels` what its columns are.
    ///
    /// # Errors
    /// What is wrong with the file, with its line.
    pub fn new(file: &str, bytes: &[u8], uid: String, channels: &[Channel]) -> Result<Self, CaptureError> {
        let capture = crate::capture::read(file, bytes)?;
        Ok(Self {
            capture,
            uid,
            stated: channels.to_vec(),
            columns: Vec::new(),
            read: None,
            block: Vec::new(),
        })
    }

    fn refused(&self, doing: &str, reason: String, next: &str) -> InstrumentError {
        InstrumentError {
            device: format!("recording `{}`", self.capture.file),
            doing: doing.to_owned(),
            fault: InstrumentFault::Refused(reason),
            next: next.to_owned(),
        }
    }

    /// The column of a channel as codes.
    fn column(&self, name: &str) -> Result<Column, InstrumentError> {
        let doing = format!("find the channel {name}");
        let stated = self.stated.iter().find(|stated| stated.name == name);
        let named = stated.and_then(|stated| stated.terminal.as_deref().map(|column| (stated, column)));
        let Some((stated, column)) = named else {
            return Err(self.refused(
                &doing,
                "the rig file has no column for it".to_owned(),
                "state its `input`",
            ));
        };
        let Some(trace) = self.capture.trace(column) else {
            let columns: Vec<&str> = self.capture.traces.iter().map(|trace| trace.name.as_str()).collect();
            let reason = format!("there is no column `{column}`; the file has {}", columns.join(", "));
            return Err(self.refused(&doing, reason, "correct `input` in the rig file"));
        };
        Column::of(trace, stated).map_err(|reason| {
            self.refused(&doing, reason, "state what a displayed unit stands for, such as `scale: 1 mA/A`")
        })
    }
}

#[async_trait]
impl crate::instrument::Load for Load {
    async fn identify(&mut self) -> Result<LoadIdentity, InstrumentError> {
        if let Some((line, off)) = self.capture.time.worst_deviation {
            let reason =
                format!("its samples are missing or unevenly spaced: off by {off:.3e} s at line {line}");
            return Err(self.refused("look at its time base", reason, "export the record again, whole"));
        }
        Ok(LoadIdentity {
            model: format!("{} ({})", self.capture.file, self.capture.dialect.name()),
            uid: self.uid.clone(),
            firmware: String::new(),
            calibration: "as stated in the rig file".to_owned(),
            sample_rate: self.capture.time.dt.recip(),
            clock_u: CLOCK_U,
            filter: (0, 0.0),
            slow_rate: 0.0,
            slow_filter: (0, 0.0),
            contacts: None,
        })
    }

    fn sampling(&mut self) -> Sampling<'_> {
        Sampling::Record(self)
    }
}

#[async_trait]
impl Record for Load {
    async fn set_up(&mut self, channels: &[StreamChannel]) -> Result<Vec<Calibration>, InstrumentError> {
        let columns = channels.iter().map(|channel| self.column(&channel.name));
        self.columns = columns.collect::<Result<_, _>>()?;
        self.read = None;
        Ok(self.columns.iter().map(|column| column.calibration).collect())
    }

    async fn arm(&mut self, _request: &RecordRequest) -> Result<(), InstrumentError> {
        self.read = None;
        Ok(())
    }

    async fn read(&mut self, sink: &mut dyn BlockSink) -> Result<Reading, InstrumentError> {
        let samples = self.capture.samples();
        let Some(from) = self.read else {
            self.read = Some(0);
            return Ok(Reading::Head(RecordHead {
                sample_rate: self.capture.time.dt.recip(),
                samples: samples as u64,
                calibrations: self.columns.iter().map(|column| column.calibration).collect(),
                notes: self.columns.iter().flat_map(|column| column.notes.iter().cloned()).collect(),
                ..RecordHead::default()
            }));
        };
        let count = PART.min(samples.saturating_sub(from));
        if count == 0 {
            return Ok(Reading::End);
        }
        self.block.clear();
        for column in &self.columns {
            self.block.extend_from_slice(column.codes.get(from..from + count).unwrap_or(&[]));
        }
        let (first, codes) = (from as u64, self.block.as_slice());
        sink.block(&Block { stream: StreamKind::Fast, first, count, codes, markers: &[], lost: 0 });
        self.read = Some(from + count);
        Ok(Reading::Part((from + count) as u64))
    }
}
