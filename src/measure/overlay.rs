//! All pulses of a contact laid over each other: the smallest and the largest code at each instant.

use wide::u16x8;

use super::codes::widen;
use super::history::History;

/// Codes that are compared together.
const LANES: usize = 8;

/// Codes that are compared in one go.
const BLOCK: usize = 4 * LANES;

/// Longest pulse that is laid over others, samples.
const LONGEST: u64 = 4096;

/// The envelope of every pulse of the main contact, aligned on the leading edge to a sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Overlay {
    /// Samples from the first of the envelope to the 50 % instant of the leading edge, less the settling time.
    pub lead: u64,
    /// (smallest, largest) code at each sample; as long as the first pulse with its surroundings.
    pub extremes: Vec<(i16, i16)>,
    /// Pulses in it.
    pub pulses: u64,
}

/// An envelope that grows: the smallest and the largest codes apart, so that eight of a kind are compared at a time.
#[derive(Debug, Default)]
pub(super) struct Laying {
    lead: u64,
    low: Vec<i16>,
    high: Vec<i16>,
    /// Both, as pulses are compared with them: soon hardly any widens them.
    spans: Vec<Span>,
    /// Instants from the first on that some pulse has reached.
    reached: usize,
    pulses: u64,
}

impl Laying {
    /// Lays a pulse, whose windows are [from, to), over those before it. One that is cut off at either end of what is held is
    /// left out.
    #[inline]
    pub(super) fn add(&mut self, history: &History, from: u64, to: u64) {
        if self.pulses == 0 {
            self.make_room(to - from);
        }
        let Some(first) = from.checked_sub(self.lead) else { return };
        let length = self.low.len();
        let codes = history.slice(first, first + length as u64);
        if first < history.start() || codes.len() < length.min((to - first) as usize) {
            return;
        }
        if codes.len() > self.reached || !self.holds(codes) {
            self.widen(codes);
        }
        self.pulses += 1;
    }

    /// For pulses as long as this, in samples.
    #[cold]
    fn make_room(&mut self, length: u64) {
        self.lead = (length / 4).clamp(16, 512);
        // Whole vectors of codes.
        let length = (length + 2 * self.lead).next_multiple_of(16).min(LONGEST);
        self.low = vec![i16::MAX; length as usize];
        self.high = vec![i16::MIN; length as usize];
    }

    /// Whether codes, none of them behind what was reached, lie within the envelope.
    #[inline]
    fn holds(&self, codes: &[i16]) -> bool {
        let (blocks, rest) = codes.as_chunks::<BLOCK>();
        let mut beyond = u16x8::splat(0);
        for (block, spans) in blocks.iter().zip(self.spans.as_chunks().0) {
            beyond |= beyond_spans(block, spans);
        }
        beyond == u16x8::splat(0) && (rest.is_empty() || self.holds_last(codes))
    }

    /// The same of the last block, which lies over the one before it; of less than one, nothing is known to.
    #[inline(never)]
    fn holds_last(&self, codes: &[i16]) -> bool {
        let block = |all: &[i16]| all.get(..codes.len()).and_then(<[i16]>::last_chunk::<BLOCK>).copied();
        let (Some(low), Some(high), Some(codes)) = (block(&self.low), block(&self.high), block(codes)) else {
            return false;
        };
        let groups = low.as_chunks().0.iter().zip(high.as_chunks().0).zip(codes.as_chunks().0);
        let beyond = groups.map(|((low, high), codes)| Span::of(low, high).beyond(codes));
        beyond.fold(u16x8::splat(0), |any, beyond| any | beyond) == u16x8::splat(0)
    }

    #[cold]
    fn widen(&mut self, codes: &[i16]) {
        widen(&mut self.low, &mut self.high, codes);
        self.reached = self.reached.max(codes.len());
        self.spans.clear();
        let groups = self.low.as_chunks().0.iter().zip(self.high.as_chunks().0);
        self.spans.extend(groups.map(|(low, high)| Span::of(low, high)));
    }

    /// What was found, if anything was: without the end that no pulse reached.
    pub(super) fn found(self) -> Option<Overlay> {
        let both = self.low.into_iter().zip(self.high);
        let extremes: Vec<(i16, i16)> = both.take_while(|(low, high)| low <= high).collect();
        let found = self.pulses > 0 && !extremes.is_empty();
        found.then_some(Overlay { lead: self.lead, extremes, pulses: self.pulses })
    }
}

/// Codes at some neighbouring instants, from the smallest at each to the largest.
#[derive(Debug, Clone, Copy)]
struct Span {
    low: u16x8,
    /// The largest less the smallest.
    width: u16x8,
}

impl Span {
    fn of(low: &[i16; LANES], high: &[i16; LANES]) -> Self {
        let low = bits(low);
        Self { low, width: bits(high) - low }
    }

    /// Where a code is not in its span, by how much it lies above; what lies below comes round from above.
    #[inline]
    fn beyond(self, codes: &[i16; LANES]) -> u16x8 {
        (bits(codes) - self.low).saturating_sub(self.width)
    }
}

/// Where one of the codes of a block is not in its span.
#[inline]
fn beyond_spans(block: &[i16; BLOCK], spans: &[Span; BLOCK / LANES]) -> u16x8 {
    let groups = block.as_chunks().0.iter().zip(spans);
    groups.fold(u16x8::splat(0), |any, (codes, span)| any | span.beyond(codes))
}

/// Codes without their sign: differences of two of them are the same.
#[inline]
fn bits(codes: &[i16; LANES]) -> u16x8 {
    u16x8::new(codes.map(i16::cast_unsigned))
}

#[cfg(test)]
mod tests {
    use super::super::draw::draw;
    use super::*;

    #[test]
    fn the_envelope_holds_the_extremes_of_all_pulses_and_no_other_samples() {
        let mut history = History::new();
        let pulse = |top: i16| [vec![0; 100], vec![-top; 50], vec![top; 50], vec![0; 100]].concat();
        for top in [10, 12, 9] {
            history.push(&pulse(top));
        }
        let mut overlay = Laying::default();
        for k in 0..3 {
            overlay.add(&history, 300 * k + 100, 300 * k + 200);
        }
        let overlay = overlay.found().unwrap();
        assert_eq!((overlay.lead, overlay.pulses, overlay.extremes.len()), (25, 3, 160));
        assert_eq!(overlay.extremes[24], (0, 0));
        assert_eq!(overlay.extremes[25], (-12, -9));
        assert_eq!(overlay.extremes[75], (9, 12));
        assert_eq!(overlay.extremes[125], (0, 0));
    }

    #[test]
    fn a_pulse_before_the_first_sample_is_left_out() {
        let mut history = History::new();
        history.push(&[1; 64]);
        let mut overlay = Laying::default();
        overlay.add(&history, 4, 44);
        assert_eq!(overlay.found(), None);
    }

    #[test]
    fn a_pulse_is_laid_with_what_is_held_of_its_surroundings() {
        // Its windows are held to the last sample, of its surroundings only the part before.
        let mut history = History::new();
        history.push(&[1; 200]);
        let mut overlay = Laying::default();
        overlay.add(&history, 16, 80);
        assert_eq!(overlay.found().map(|found| (found.lead, found.extremes.len())), Some((16, 96)));
        // One of which a sample is missing is left out.
        let mut overlay = Laying::default();
        overlay.add(&history, 137, 201);
        assert_eq!(overlay.found(), None);
        let mut overlay = Laying::default();
        overlay.add(&history, 136, 200);
        assert_eq!(overlay.found().map(|found| (found.pulses, found.extremes.len())), Some((1, 80)));
        // So is one that begins before what is held, and one that begins with it is not.
        let mut late = History::new();
        late.restart(1000);
        late.push(&[1; 200]);
        for (from, kept) in [(1015, false), (1016, true)] {
            let mut overlay = Laying::default();
            overlay.add(&late, from, from + 64);
            assert_eq!(overlay.found().is_some(), kept, "{from}");
        }
    }

    #[test]
    fn the_last_codes_of_a_record_are_compared_too() {
        for (low, high) in [(-5, 0), (0, 5)] {
            let mut history = History::new();
            history.push(&[0; 300]);
            let mut overlay = Laying::default();
            overlay.add(&history, 20, 84);
            overlay.add(&history, 120, 184);
            // Held up to the fifth code behind whole vectors.
            let mut codes = [0; 85];
            codes[82] = low + high;
            history.push(&codes);
            overlay.add(&history, 316, 380);
            let found = overlay.found().unwrap();
            assert_eq!((found.pulses, found.extremes[82], found.extremes[81]), (3, (low, high), (0, 0)));
        }
    }

    #[test]
    fn comparing_first_finds_what_widening_finds() {
        let mut random = 1_u64;
        let mut below = |limit: u64| draw(&mut random, limit);
        for round in 0..20 {
            let reach = [3, 40, 65_536][round % 3];
            let about = [0, 3000, -3000][round / 3 % 3];
            let mut history = History::new();
            let codes: Vec<i16> =
                (0..20_200).map(|_| (below(reach) as i64 - reach as i64 / 2 + about) as i16).collect();
            // The last pulses are held to different lengths, and longer than the first.
            let mut overlay = Laying::default();
            let (mut low, mut high) = (vec![i16::MAX; 96], vec![i16::MIN; 96]);
            for k in 0..200_u64 {
                let (from, seen) = (100 * k + 20 + below(9), 100 * k + 20 + 73 + below(60));
                history.push(&codes[history.end() as usize..seen as usize]);
                overlay.add(&history, from, from + 64);
                let first = from as usize - 16;
                let laid = &codes[first..(seen as usize).min(first + 96)];
                if laid.len() >= 80 {
                    widen(&mut low, &mut high, laid);
                }
            }
            let expected: Vec<_> = low.into_iter().zip(high).take_while(|(low, high)| low <= high).collect();
            assert_eq!(overlay.found().unwrap().extremes, expected, "{round}");
        }
    }
}
