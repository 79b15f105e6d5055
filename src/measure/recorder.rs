//! The one pass over the stream.

use crate::signal::{Block, BlockSink, Program};

use super::{FrontEnd, Interval, Recording, Setup, SlowRecord};

/// What the output guard watches, in SI units.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Guard {
    /// Largest 3-sample median of |i| on any contact so far, A.
    pub peak_current: f64,
    /// Largest charge of one phase so far, a running one included, C.
    pub charge_per_phase: f64,
    /// Largest |mean current| over the last second on any contact, A; 0 during the first second.
    pub mean_dc: f64,
}

/// Measures a stream as it arrives.
///
/// Results do not depend on how the stream is split into blocks. Zeros, the test source and taken starts are read off
/// the marker bits.
#[derive(Debug)]
pub struct Recorder {
    setup: Setup,
}

impl Recorder {
    /// Ready for the first block.
    pub fn new(setup: Setup) -> Self {
        Self { setup }
    }

    /// The stimulator runs another program from sample `from` on (known when it has taken it).
    pub fn program_changed(&mut self, from: u64, program: &Program) {
        let _ = from;
        self.setup.program = program.clone();
    }

    /// Fast samples per channel seen so far.
    pub fn samples_seen(&self) -> u64 {
        0
    }

    /// What the output guard watches. During zero and test source nothing counts.
    pub fn guard(&self) -> Guard {
        Guard::default()
    }

    /// Whether anything (a contact's current, or the stimulator-side voltage) was active at or after sample `since`.
    pub fn active_since(&self, since: u64) -> bool {
        self.last_activity().is_some_and(|interval| interval.last >= since)
    }

    /// The latest activity on any contact or on the stimulator-side voltage.
    pub fn last_activity(&self) -> Option<Interval> {
        None
    }

    /// Ends the stream.
    pub fn finish(self) -> Recording {
        let period = 1.0 / self.setup.sample_rate;
        let front_end = FrontEnd::bessel(self.setup.filter.0, self.setup.filter.1, period);
        Recording {
            setup: self.setup,
            front_end,
            samples: 0,
            contacts: Vec::new(),
            voltages: Vec::new(),
            zeros: Vec::new(),
            markers: Vec::new(),
            lost: Vec::new(),
            overview: Vec::new(),
            excerpts: Vec::new(),
            slow: SlowRecord::default(),
        }
    }
}

impl BlockSink for Recorder {
    fn block(&mut self, block: &Block<'_>) {
        let _ = block;
    }
}
