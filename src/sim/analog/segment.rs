//! A stretch of time between two changes, as the channels sample it.

/// Sample instants of one segment: sample k of the segment lies at `first` + k·`period` seconds from its start.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Instants {
    pub first: f64,
    pub period: f64,
}

/// A segment that waits to be rendered, or what is left of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    pub at: Instants,
    /// Number in the stream of its first sample.
    pub first: u64,
    /// Samples of it that are rendered.
    pub done: u64,
    /// Samples of it so far.
    pub wanted: u64,
    /// Whether the channels know its closed form already.
    pub begun: bool,
    /// Its length, s, once it has ended.
    pub end: Option<f64>,
}

impl Segment {
    /// One that begins, with sample `first` of the stream.
    pub(super) fn new(at: Instants, first: u64) -> Self {
        Self { at, first, done: 0, wanted: 0, begun: false, end: None }
    }

    /// What is left of it once the channels have rendered what was wanted.
    pub(super) fn rest(self) -> Self {
        Self { done: self.wanted, begun: true, ..self }
    }
}
