//! Minimum and maximum of stretches of a channel, for plots of any length.

/// Smallest and largest code of equal stretches. When the table is full, neighbours merge and stretches double, so
/// memory stays the same however long the record.
#[derive(Debug, Clone, PartialEq)]
pub struct Pyramid<T = i16> {
    /// Samples in one stretch.
    pub stretch: u64,
    /// (smallest, largest) code of each stretch; the last may still be filling.
    pub extremes: Vec<(T, T)>,
    filled: u64,
    capacity: usize,
}

impl<T: Copy + PartialOrd> Pyramid<T> {
    /// Holds at most `capacity` stretches (rounded up to an even number, at least two), of `stretch` samples at first.
    pub fn new(stretch: u64, capacity: usize) -> Self {
        let capacity = capacity.max(2).next_multiple_of(2);
        Self { stretch: stretch.max(1), extremes: Vec::with_capacity(capacity), filled: stretch, capacity }
    }

    /// Adds `count` samples that lie between `low` and `high`. They must not reach beyond a multiple of the first
    /// stretch, which is how they are handed out.
    pub fn push(&mut self, low: T, high: T, count: u64) {
        if count == 0 {
            return;
        }
        if self.filled >= self.stretch {
            if self.extremes.len() == self.capacity {
                self.merge();
            }
            if self.filled >= self.stretch {
                self.extremes.push((low, high));
                self.filled = 0;
            }
        }
        if let Some(last) = self.extremes.last_mut() {
            *last = joined(*last, (low, high));
        }
        self.filled += count;
    }

    /// Adds `count` samples that were lost: they keep their places, as the one before them, so that an index stays an instant.
    pub fn hold(&mut self, before: T, count: u64) {
        let mut left = count;
        while left > 0 {
            let room = if self.filled < self.stretch { self.stretch - self.filled } else { self.stretch };
            let piece = room.min(left);
            self.push(before, before, piece);
            left -= piece;
        }
    }

    /// Adds consecutive samples.
    pub fn extend(&mut self, samples: &[T]) {
        let mut rest = samples;
        while let Some(first) = rest.first() {
            let room = if self.filled < self.stretch { self.stretch - self.filled } else { self.stretch };
            let (piece, after) = rest.split_at(rest.len().min(usize::try_from(room).unwrap_or(usize::MAX)));
            let (mut low, mut high) = (*first, *first);
            for sample in piece {
                low = if *sample < low { *sample } else { low };
                high = if *sample > high { *sample } else { high };
            }
            self.push(low, high, piece.len() as u64);
            rest = after;
        }
    }

    /// Smallest and largest code of all; `None` of nothing.
    pub fn range(&self) -> Option<(T, T)> {
        self.extremes.iter().copied().reduce(joined)
    }

    fn merge(&mut self) {
        let merged = self.extremes.len().div_ceil(2);
        for k in 0..merged {
            let pair = self.extremes.get(2 * k).zip(self.extremes.get(2 * k + 1)).map(|(a, b)| (*a, *b));
            if let (Some((a, b)), Some(slot)) = (pair, self.extremes.get_mut(k)) {
                *slot = joined(a, b);
            }
        }
        self.extremes.truncate(merged);
        self.stretch *= 2;
        // Every stretch was full, so every merged one is.
        self.filled = self.stretch;
    }
}

fn joined<T: Copy + PartialOrd>(a: (T, T), b: (T, T)) -> (T, T) {
    (if b.0 < a.0 { b.0 } else { a.0 }, if b.1 > a.1 { b.1 } else { a.1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_lost_keeps_its_place() {
        let (mut whole, mut held) = (Pyramid::new(4, 8), Pyramid::new(4, 8));
        let samples: Vec<i16> = (0..200).map(|k| if (37..141).contains(&k) { 36 } else { k }).collect();
        whole.extend(&samples);
        held.extend(&samples[..37]);
        held.hold(36, 104);
        held.extend(&samples[141..]);
        assert_eq!(held, whole);
        // However much it was.
        held.hold(0, u64::from(u32::MAX));
        assert!(held.extremes.len() <= 8 && held.range() == Some((0, 199)));
    }

    #[test]
    fn samples_are_gathered_whatever_the_pieces() {
        let samples: Vec<i16> = (0..1000_i32).map(|k| (k * 7919 % 1009 - 500) as i16).collect();
        for piece in [1, 3, 64, 1000] {
            let mut pyramid = Pyramid::new(1, 16);
            samples.chunks(piece).for_each(|piece| pyramid.extend(piece));
            assert_eq!(pyramid.stretch, 64);
            let expected: Vec<(i16, i16)> = samples
                .chunks(64)
                .map(|part| (*part.iter().min().unwrap(), *part.iter().max().unwrap()))
                .collect();
            assert_eq!(pyramid.extremes, expected, "{piece}");
        }
    }

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
