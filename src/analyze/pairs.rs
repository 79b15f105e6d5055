//! Neighbours of a quiet trace, counted together: one count tells of a code and of the step to the next one.

use crate::measure::sample::Sample;

/// Codes that are told apart, a power of two.
const WIDTH: usize = 32;
/// Pairs of them.
const PAIRS: usize = WIDTH * WIDTH;
/// Samples that are looked at together.
pub(super) const PIECE: usize = 512;
/// Tables that are counted in by turns: the next increment need not wait for this one where both hit one bin.
const LANES: usize = 4;

/// How often each pair of neighbours came, of codes near each other.
#[derive(Debug)]
pub(super) struct Pairs {
    /// The lowest of the codes.
    low: i32,
    // Of a size that is known, so that no index needs to be checked against it.
    lanes: [Box<[u32; PAIRS]>; LANES],
    /// Pairs in each lane.
    held: u32,
}

impl Default for Pairs {
    fn default() -> Self {
        Self { low: 0, lanes: std::array::from_fn(|_| Box::new([0; PAIRS])), held: 0 }
    }
}

impl Pairs {
    /// Whether the samples of a piece can be counted: they lie among the codes, which `told` has been told of where they had to
    /// move.
    pub(super) fn reach(&mut self, piece: &[i16], told: impl FnMut(i32, i32, u64)) -> bool {
        let (low, high) = i16::extremes(piece);
        let (low, high) = (low as i32, high as i32);
        let last = self.low + WIDTH as i32 - 1;
        if self.low <= low && high <= last && self.held < u32::MAX - PIECE as u32 {
            return true;
        }
        if high - low >= WIDTH as i32 {
            return false;
        }
        self.tell(told);
        self.low = (low + high + 1) / 2 - WIDTH as i32 / 2;
        true
    }

    /// Counts each sample of a piece with the one behind it, all of them among the codes.
    pub(super) fn add(&mut self, piece: &[i16]) {
        let mut pairs = [0_u16; PIECE];
        let next = piece.get(1..).unwrap_or(&[]);
        let place = |code: i16| code.wrapping_sub(self.low as i16) as u16;
        for (pair, (a, b)) in pairs.iter_mut().zip(piece.iter().zip(next)) {
            *pair = place(*a) * WIDTH as u16 + place(*b);
        }
        let (groups, left) = pairs.get(..next.len()).unwrap_or(&[]).as_chunks::<LANES>();
        for pairs in groups.iter().map(<[u16; LANES]>::as_slice).chain([left]) {
            for (lane, pair) in self.lanes.iter_mut().zip(pairs) {
                if let Some(count) = lane.get_mut(usize::from(*pair) % PAIRS) {
                    *count += 1;
                }
            }
        }
        self.held += piece.len() as u32;
    }

    /// Tells of each pair of codes how often it came, and forgets it.
    pub(super) fn tell(&mut self, mut told: impl FnMut(i32, i32, u64)) {
        for pair in 0..PAIRS {
            let counts = self.lanes.iter_mut().filter_map(|lane| lane.get_mut(pair));
            let count = counts.map(|count| u64::from(std::mem::take(count))).sum::<u64>();
            if count > 0 {
                told(self.low + (pair / WIDTH) as i32, self.low + (pair % WIDTH) as i32, count);
            }
        }
        self.held = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn every_pair_is_told_of_wherever_the_codes_move() {
        let rest = |level: i16, count: i16| (0..count).map(move |k| level + k * 7 % 12);
        let codes: Vec<i16> = rest(0, 700).chain(rest(15, 300)).chain(rest(-900, 65)).collect();
        let ends = [i16::MIN, i16::MIN + 1, i16::MIN, i16::MAX, i16::MAX - 30, i16::MAX];
        let (mut pairs, mut found, mut wide) = (Pairs::default(), BTreeMap::new(), 0);
        let mut expected = BTreeMap::new();
        let mut told = |a: i32, b: i32, count: u64| *found.entry((a, b)).or_insert(0) += count;
        for piece in codes.chunks(90).chain([&ends[..3], &ends[3..], &ends[..], &codes[..1]]) {
            if !pairs.reach(piece, &mut told) {
                wide += 1;
                continue;
            }
            pairs.add(piece);
            for pair in piece.windows(2) {
                *expected.entry((i32::from(pair[0]), i32::from(pair[1]))).or_insert(0) += 1;
            }
        }
        pairs.tell(&mut told);
        pairs.tell(|_, _, _| panic!("it is forgotten"));
        assert_eq!((found, wide), (expected, 2));
    }
}
