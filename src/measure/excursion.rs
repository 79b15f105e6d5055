//! Where a phase lies in the samples: the stretch beyond the baseline, then its edges and its level.

use super::edge::PhaseEdges;

/// A stretch of samples on one side of the baseline, [from, to).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Excursion {
    pub(super) from: u64,
    pub(super) to: u64,
    /// It followed the one before it without touching the baseline, as far as single samples show: at most one of them does not
    /// belong to either.
    pub(super) joined: bool,
}

impl Excursion {
    /// Its first and its last sample, from sample `first`.
    #[inline]
    pub(super) fn within(&self, first: u64) -> (usize, usize) {
        (self.from.saturating_sub(first) as usize, self.to.saturating_sub(first + 1) as usize)
    }
}

/// Where a phase is and how high. Instants in samples from the first in hand.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Top {
    pub(super) start: f64,
    pub(super) end: f64,
    pub(super) level: f32,
    /// Samples in the mean that the level is; 0 where there are too few.
    pub(super) settled: u32,
}

impl Top {
    #[inline]
    pub(super) fn new(edges: PhaseEdges, level: f64, settled: usize) -> Self {
        Self { start: edges.start, end: edges.end, level: level as f32, settled: settled as u32 }
    }

    /// Its instants as a row tells them, from `origin`.
    #[inline(always)]
    pub(super) fn instants(&self, origin: f64) -> [f32; 2] {
        [(self.start - origin) as f32, (self.end - origin) as f32]
    }
}
