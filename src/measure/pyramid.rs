//! Minimum and maximum of stretches of a channel, for plots of any length.

/// Smallest and largest code of equal stretches. When the table is full, neighbours merge and stretches double, so
/// memory stays the same however long the record.
#[derive(Debug, Clone, PartialEq)]
pub struct Pyramid {
    /// Samples in one stretch.
    pub stretch: u64,
    /// (smallest, largest) code of each stretch; the last may still be filling.
    pub extremes: Vec<(i16, i16)>,
    filled: u64,
    capacity: usize,
}

impl Pyramid {
    /// Holds at most `capacity` stretches (rounded up to an even number, at least two), of `stretch` samples at first.
    pub fn new(stretch: u64, capacity: usize) -> Self {
        let capacity = capacity.max(2).next_multiple_of(2);
        Self { stretch: stretch.max(1), extremes: Vec::with_capacity(capacity), filled: stretch, capacity }
    }

    /// Adds `count` samples that lie between `low` and `high`. They must not reach beyond a multiple of the first
    /// stretch, which is how they are handed out.
    pub fn push(&mut self, low: i16, high: i16, count: u64) {
        if count == 0 {
            return;
        }
        if self.filled >= self.stretch {
            if self.extremes.len() == self.capacity {
                self.merge();
            }
            if self.filled >= self.stretch {
                self.extremes.push((i16::MAX, i16::MIN));
                self.filled = 0;
            }
        }
        if let Some(last) = self.extremes.last_mut() {
            *last = (last.0.min(low), last.1.max(high));
        }
        self.filled += count;
    }

    /// Smallest and largest code of all; `None` of nothing.
    pub fn range(&self) -> Option<(i16, i16)> {
        self.extremes.iter().copied().reduce(|(low, high), (a, b)| (low.min(a), high.max(b)))
    }

    fn merge(&mut self) {
        let merged = self.extremes.len().div_ceil(2);
        for k in 0..merged {
            let pair = self.extremes.get(2 * k).zip(self.extremes.get(2 * k + 1)).map(|(a, b)| (*a, *b));
            if let (Some((a, b)), Some(slot)) = (pair, self.extremes.get_mut(k)) {
                *slot = (a.0.min(b.0), a.1.max(b.1));
            }
        }
        self.extremes.truncate(merged);
        self.stretch *= 2;
        // Every stretch was full, so every merged one is.
        self.filled = self.stretch;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_table_halves_and_forgets_no_extreme() {
        let mut pyramid = Pyramid::new(4, 8);
        for k in 0..37_i16 {
            pyramid.push(-k, k, 4);
        }
        assert!(pyramid.extremes.len() <= 8);
        assert_eq!(pyramid.stretch, 32);
        assert_eq!(pyramid.extremes.len(), 37_usize.div_ceil(8));
        assert_eq!(pyramid.range(), Some((-36, 36)));
        assert_eq!(pyramid.extremes[0], (-7, 7));
        assert_eq!(pyramid.extremes.last(), Some(&(-36, 36)));
    }
}
