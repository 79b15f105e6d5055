//! The latest samples of a channel, contiguous.

use super::sums::sum_within;

/// Samples are measured in stretches that end at multiples of this (or at a marker): whatever the blocks, the
/// stretches are the same.
pub(super) const STRETCH: u64 = 256;

/// Samples that stay within reach.
pub(super) const KEPT: usize = 65_536;

/// The last [`KEPT`] samples (or more) of one channel and the running sum of all codes before them.
#[derive(Debug, Clone)]
pub(super) struct History {
    samples: Vec<i16>,
    first: u64,
}

impl History {
    pub(super) fn new() -> Self {
        Self { samples: Vec::with_capacity(2 * KEPT), first: 0 }
    }

    /// One past the last sample.
    pub(super) fn end(&self) -> u64 {
        self.first + self.samples.len() as u64
    }

    /// First sample still held.
    pub(super) fn start(&self) -> u64 {
        self.first
    }

    /// Appends what lies within one stretch, or whole ones; every sample is moved at most once more, when the older half is
    /// dropped. That is done between two stretches only: what is held at a sample must not depend on the pieces that came.
    pub(super) fn push(&mut self, codes: &[i16]) {
        let between = self.end().is_multiple_of(STRETCH);
        if between && self.samples.len() + codes.len().max(STRETCH as usize) > 2 * KEPT {
            let drop = self.samples.len().saturating_sub(KEPT);
            self.samples.drain(..drop);
            self.first += drop as u64;
        }
        self.samples.extend_from_slice(codes);
    }

    /// Starts afresh at sample `at`, after a loss.
    pub(super) fn restart(&mut self, at: u64) {
        self.samples.clear();
        self.first = at;
    }

    /// Samples [from, to) as far as they are held.
    #[inline]
    pub(super) fn slice(&self, from: u64, to: u64) -> &[i16] {
        // What lies before the first sample held wraps round to what lies behind the last.
        let (low, high) = (from.wrapping_sub(self.first) as usize, to.wrapping_sub(self.first) as usize);
        self.samples.get(low..high).unwrap_or_else(|| self.held(from, to))
    }

    /// Samples [from, to) where some of them are not held.
    #[cold]
    fn held(&self, from: u64, to: u64) -> &[i16] {
        let low = from.saturating_sub(self.first).min(self.samples.len() as u64) as usize;
        let high = to.saturating_sub(self.first).min(self.samples.len() as u64) as usize;
        self.samples.get(low..high.max(low)).unwrap_or(&[])
    }

    /// Σ codes of [from, to) as far as they are held.
    #[inline(never)]
    pub(super) fn sum(&self, from: u64, to: u64) -> i64 {
        let place = |sample: u64| sample.wrapping_sub(self.first) as i64;
        sum_within(&self.samples, place(from), place(to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_samples_stay_within_reach() {
        let mut history = History::new();
        for k in 0..1000_u64 {
            history.push(&[(k % 7) as i16; 256]);
        }
        assert_eq!(history.end(), 256_000);
        assert!(history.end() - history.start() >= KEPT as u64);
        assert_eq!(history.slice(255_990, 256_010), &[(999 % 7) as i16; 10]);
        assert_eq!(history.sum(255_744 - 256, 256_000), 256 * i64::from(998 % 7 + 999 % 7));
        assert!(history.slice(0, 10).is_empty());
    }

    #[test]
    fn what_is_held_is_the_same_whatever_the_pieces() {
        // Pieces of stretches, the first of which begins within one, as behind a loss.
        let held = |piece: u64| {
            let mut history = History::new();
            history.restart(100);
            let mut starts = Vec::new();
            while history.end() < 1024 * STRETCH {
                let to = (history.end() / STRETCH + 1) * STRETCH;
                let n = piece.min(to - history.end()) as usize;
                history.push(&[1; 256][..n]);
                if history.end() == to {
                    starts.push(history.start());
                }
            }
            assert!(history.samples.capacity() <= 2 * KEPT, "there is room for what is pushed");
            starts
        };
        let whole = held(256);
        assert_eq!((whole.first(), whole.last()), (Some(&100), Some(&(2 * KEPT as u64))));
        assert!([1, 7, 100].into_iter().all(|piece| held(piece) == whole));
    }

    #[test]
    fn the_older_half_goes_when_there_is_no_room_for_more() {
        let mut history = History::new();
        history.push(&vec![1; KEPT]);
        history.push(&vec![2; KEPT]);
        assert_eq!((history.start(), history.end()), (0, 2 * KEPT as u64));
        history.push(&[3]);
        assert_eq!((history.start(), history.end()), (KEPT as u64, 2 * KEPT as u64 + 1));
        assert_eq!(history.slice(0, KEPT as u64 + 2), [2, 2]);
        history.restart(1_000_000);
        history.push(&[4, 5]);
        assert_eq!((history.start(), history.sum(999_999, 1_000_001)), (1_000_000, 4));
    }
}
