//! What a channel reads with its input shorted.

use super::codes::sum;
use super::{Histogram, Zero};

/// Collects one zero interval of one channel.
#[derive(Debug, Clone)]
pub(super) struct ZeroCollector {
    histogram: Histogram,
    from: u64,
    to: u64,
    blocks: u64,
    total: f64,
    squares: f64,
}

impl ZeroCollector {
    /// Samples count from `from` on.
    pub(super) fn new(around: f64, noise: f64, from: u64) -> Self {
        // The offset is not known yet: many of its standard deviations on either side.
        let reach = (64.0 + 16.0 * noise.max(1.0)) as i32;
        let histogram = Histogram::around(around.round() as i32, reach);
        Self { histogram, from, to: from, blocks: 0, total: 0.0, squares: 0.0 }
    }

    /// Adds samples, the first at `at`; those before the start are left out.
    pub(super) fn add(&mut self, codes: &[i16], at: u64) {
        let skip = self.from.saturating_sub(at).min(codes.len() as u64) as usize;
        let codes = codes.get(skip..).unwrap_or(&[]);
        if codes.is_empty() {
            return;
        }
        self.histogram.add(codes, at + skip as u64);
        self.to = at + (skip + codes.len()) as u64;
        for block in codes.chunks_exact(16) {
            let mean = sum(block) as f64 / 16.0;
            self.blocks += 1;
            self.total += mean;
            self.squares += mean * mean;
        }
    }

    /// The zero, if any sample was taken.
    pub(super) fn finish(&self) -> Option<Zero> {
        let level = self.histogram.median(self.from)?;
        let n = self.blocks as f64;
        let variance = if n < 2.0 { 0.0 } else { (self.squares - self.total * self.total / n) / (n - 1.0) };
        let deviation = self.histogram.deviation();
        let sd16 = if n < 2.0 { deviation / 4.0 } else { variance.max(0.0).sqrt() };
        Some(Zero { from: self.from, to: self.to, level, deviation, sd16 })
    }
}
