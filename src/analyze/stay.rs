//! How long a trace stays at its extremes.

use crate::measure::sample::{Sample, Side};

/// The longest run of samples on one side of a level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stay {
    side: Side,
    level: f64,
    run: usize,
    /// Samples.
    pub longest: usize,
}

impl Stay {
    /// Samples at most as large as the level.
    pub(super) fn below(level: f64) -> Self {
        Self { side: Side::AtMost, level, run: 0, longest: 0 }
    }

    /// Samples at least as large as the level.
    pub(super) fn above(level: f64) -> Self {
        Self { side: Side::AtLeast, level, run: 0, longest: 0 }
    }

    /// Goes on with consecutive samples.
    pub(super) fn add<S: Sample>(&mut self, samples: &[S]) {
        let off = if self.side == Side::AtMost { Side::Above } else { Side::Below };
        let mut rest = samples;
        while !rest.is_empty() {
            let stays = S::first(rest, off, self.level).unwrap_or(rest.len());
            self.run += stays;
            self.longest = self.longest.max(self.run);
            rest = rest.get(stays..).unwrap_or(&[]);
            if rest.is_empty() {
                return;
            }
            self.run = 0;
            let away = S::first(rest, self.side, self.level).unwrap_or(rest.len());
            rest = rest.get(away..).unwrap_or(&[]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_run_is_found_whatever_the_pieces() {
        let codes: Vec<i16> =
            [vec![0; 30], vec![9; 5], vec![0, 9], vec![9; 20], vec![1; 40], vec![9; 3]].concat();
        for piece in [1, 4, 50, 200] {
            let (mut high, mut low) = (Stay::above(9.0), Stay::below(0.0));
            for part in codes.chunks(piece) {
                high.add(part);
                low.add(part);
            }
            assert_eq!((high.longest, low.longest), (21, 30), "{piece}");
        }
    }
}
