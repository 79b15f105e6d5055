//! Where the samples of a case go: they are measured, kept, and watched for what keeps them from showing the output.

use crate::measure::{Recorder, Setup};
use crate::record::CaseArchive;
use crate::signal::{Block, BlockSink, StreamKind};

use super::super::arrival::Arrival;
use super::sight::Sight;

/// What has come from the load.
pub(in crate::run) struct Intake {
    pub recorder: Recorder,
    /// What the recorder was told about the stream.
    pub setup: Setup,
    /// Keeps the raw samples, where they are kept.
    pub archive: Option<Box<dyn CaseArchive>>,
    /// Fast samples per channel that arrived; those that were lost on the way do not count.
    pub received: u64,
    /// Whether the load sees the output.
    pub sight: Sight,
    /// Whether the samples of a load that marks nothing among them keep up with the host's clock.
    pub arrival: Arrival,
}

impl Intake {
    /// Nothing has come yet.
    pub(super) fn new(setup: Setup, recorder: Recorder) -> Self {
        Self {
            recorder,
            setup,
            archive: None,
            received: 0,
            sight: Sight::default(),
            arrival: Arrival::default(),
        }
    }

    /// Takes blocks and hands each on to `also`.
    pub(super) fn and<'a>(&'a mut self, also: &'a mut dyn BlockSink) -> Shared<'a> {
        Shared { intake: self, also }
    }

    /// How much time the samples that arrived stand for, s.
    pub(super) fn sampled(&self) -> f64 {
        self.received as f64 / self.setup.sample_rate
    }
}

impl BlockSink for Intake {
    fn block(&mut self, block: &Block<'_>) {
        if let Some(archive) = &mut self.archive {
            archive.block(block);
        }
        self.recorder.block(block);
        self.sight.heed(block);
        if block.stream == StreamKind::Fast {
            self.received += block.count as u64;
        }
    }
}

/// Blocks that the case takes and somebody else looks at too.
pub(super) struct Shared<'a> {
    intake: &'a mut Intake,
    also: &'a mut dyn BlockSink,
}

impl BlockSink for Shared<'_> {
    fn block(&mut self, block: &Block<'_>) {
        self.intake.block(block);
        self.also.block(block);
    }
}

/// Nobody else looks.
pub(in crate::run) struct Nowhere;

impl BlockSink for Nowhere {
    fn block(&mut self, _: &Block<'_>) {}
}
