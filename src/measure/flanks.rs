//! The edges of a phase whose extent is roughly known: found from its ends inwards instead of from its middle outwards.

use super::codes::extremes;
use super::edge::{PhaseEdges, instant};
use super::sample::{Side, codes_on};

/// Between which codes the edges of a phase cross its half level, and its top between them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flanks {
    /// The last sample before the first edge.
    before: usize,
    /// The last sample of the top.
    last: usize,
    /// The code of the top that is nearest to the base.
    nearest: i16,
}

/// A level that a phase reaches beyond.
#[derive(Debug, Clone, Copy)]
struct Half {
    level: f64,
    rising: bool,
    /// The codes beyond it.
    codes: (i16, i16),
}

impl Half {
    fn new(level: f64, rising: bool) -> Self {
        let side = if rising { Side::Above } else { Side::Below };
        Self { level, rising, codes: codes_on(side, level).unwrap_or((1, 0)) }
    }

    fn beyond(self, code: i16) -> bool {
        (self.codes.0 <= code) & (code <= self.codes.1)
    }

    fn on(self, code: i16) -> bool {
        f64::from(code) == self.level
    }
}

impl Flanks {
    /// 50 % instants of the phase in samples `ends` (first and last): [`PhaseEdges::at`] in its middle. `known` flanks
    /// are used where they still hold.
    #[inline]
    pub(super) fn edges(
        known: &mut Option<Self>,
        samples: &[i16],
        ends: (usize, usize),
        base: f64,
        level: f64,
    ) -> Option<PhaseEdges> {
        let half = Half::new(base + 0.5 * (level - base), level > base);
        let middle = (ends.0 + ends.1) / 2;
        let flanks =
            known.filter(|flanks| flanks.hold(samples, half)).or_else(|| Self::find(samples, ends, half));
        *known = flanks;
        match flanks.filter(|flanks| flanks.before < middle && middle <= flanks.last) {
            Some(flanks) => Some(PhaseEdges {
                start: instant(samples, flanks.before, half.level)?,
                end: instant(samples, flanks.last, half.level)?,
            }),
            None => PhaseEdges::at(samples, middle, base, level, 0.5),
        }
    }

    /// From the ends inwards. `None` where the way from edge to edge touches the level: then the edges are those nearest
    /// to the middle, and it takes a search to find them.
    fn find(samples: &[i16], (first, last): (usize, usize), half: Half) -> Option<Self> {
        let from = first.saturating_sub(1);
        let reached = samples.get(from..=last)?.iter().position(|code| half.beyond(*code))?;
        let top = samples.get(from + reached..(last + 2).min(samples.len()))?;
        let length = top.iter().rposition(|code| half.beyond(*code))? + 1;
        let (low, high) = extremes(top.get(..length)?);
        let nearest = if half.rising { low } else { high };
        let flanks =
            Self { before: (from + reached).checked_sub(1)?, last: from + reached + length - 1, nearest };
        flanks.hold(samples, half).then_some(flanks)
    }

    /// Whether these are the flanks at a level: the whole top lies beyond it, and the samples on either side do not.
    fn hold(&self, samples: &[i16], half: Half) -> bool {
        let sides = samples.get(self.before).zip(samples.get(self.last + 1));
        half.beyond(self.nearest)
            && sides.is_some_and(|(before, after)| {
                !half.beyond(*before) && !half.on(*before) && !half.beyond(*after)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_edges_are_those_of_a_search_from_the_middle() {
        let mut state = 7_u32;
        let mut random = |n: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % n
        };
        for trial in 0..2000 {
            let sign = if trial % 2 == 0 { 1 } else { -1 };
            let (from, length) = (4 + random(6) as usize, 3 + random(40) as usize);
            // Slow edges, dips and a coarse scale, so that samples lie on the level and cross it more than once.
            let samples: Vec<i16> = (0..from + length + 8)
                .map(|k| {
                    let within = k.saturating_sub(from).min((from + length).saturating_sub(k));
                    let height = (within.min(4) * 3) as i16 - (random(8) == 0) as i16 * 7;
                    sign * (height + random(2) as i16)
                })
                .collect();
            let ends = (from, from + length);
            let mut known = None;
            for level in [12.0, 11.5, 13.0, 12.0].map(|level| level * f64::from(sign)) {
                let middle = (ends.0 + ends.1) / 2;
                let expected = PhaseEdges::at(&samples, middle, 0.0, level, 0.5);
                assert_eq!(Flanks::edges(&mut known, &samples, ends, 0.0, level), expected, "{samples:?}");
            }
        }
    }
}
