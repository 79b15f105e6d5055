//! All pulses of a contact laid over each other: the smallest and the largest code at each instant.

use super::codes::widen;
use super::history::History;

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
    pulses: u64,
}

impl Laying {
    /// Lays a pulse, whose windows are [from, to), over those before it. One that is cut off at either end of what is held is
    /// left out.
    pub(super) fn add(&mut self, history: &History, from: u64, to: u64) {
        if self.pulses == 0 {
            self.lead = ((to - from) / 4).clamp(16, 512);
            // Whole vectors of codes.
            let length = (to - from + 2 * self.lead).next_multiple_of(16).min(LONGEST);
            self.low = vec![i16::MAX; length as usize];
            self.high = vec![i16::MIN; length as usize];
        }
        let Some(first) = from.checked_sub(self.lead) else { return };
        let length = self.low.len();
        let codes = history.slice(first, first + length as u64);
        if first < history.start() || codes.len() < length.min((to - first) as usize) {
            return;
        }
        widen(&mut self.low, &mut self.high, codes);
        self.pulses += 1;
    }

    /// What was found, if anything was: without the end that no pulse reached.
    pub(super) fn found(self) -> Option<Overlay> {
        let both = self.low.into_iter().zip(self.high);
        let extremes: Vec<(i16, i16)> = both.take_while(|(low, high)| low <= high).collect();
        let found = self.pulses > 0 && !extremes.is_empty();
        found.then_some(Overlay { lead: self.lead, extremes, pulses: self.pulses })
    }
}

#[cfg(test)]
mod tests {
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
}
