//! Runs of samples on one side of the rest level that wait for the samples after them, and which of them are one phase.

use std::collections::VecDeque;

use super::finder::FEWEST;

/// A run on one side of the rest level.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    /// First sample.
    pub first: usize,
    /// Last sample.
    pub last: usize,
    /// Which side.
    pub above: bool,
    /// The largest distance of its samples from the rest level.
    pub peak: f64,
    /// It was two, with fewer samples between them than a phase has.
    pub broken: bool,
}

impl Run {
    /// Whether a run goes on with this one: as a phase does behind a glitch, but not as noise does where a slow edge begins.
    fn goes_on(&self, next: &Self) -> bool {
        let (low, high) = (self.peak.min(next.peak), self.peak.max(next.peak));
        self.above == next.above && next.first <= self.last + FEWEST && low >= 0.5 * high
    }
}

/// Runs in order of time.
#[derive(Debug, Default)]
pub(super) struct Runs {
    waiting: VecDeque<Run>,
}

impl Runs {
    /// A run that ended. It may go on with the one before, or with that before a sliver of the other polarity.
    pub(super) fn push(&mut self, run: Run) {
        let count = self.waiting.len();
        let before = [1, 2].into_iter().filter_map(|back| count.checked_sub(back));
        let goes_on = |at: &usize| self.waiting.get(*at).is_some_and(|before| before.goes_on(&run));
        match before.into_iter().find(goes_on) {
            Some(at) => {
                self.waiting.truncate(at + 1);
                if let Some(before) = self.waiting.back_mut() {
                    *before =
                        Run { last: run.last, peak: before.peak.max(run.peak), broken: true, ..*before };
                }
            }
            None => self.waiting.push_back(run),
        }
    }

    /// The one that has waited longest.
    pub(super) fn first(&self) -> Option<Run> {
        self.waiting.front().copied()
    }

    /// It waits no more.
    pub(super) fn take(&mut self) {
        self.waiting.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(runs: &[(usize, usize, f64)]) -> Vec<(usize, usize, bool)> {
        let mut all = Runs::default();
        for (first, last, peak) in runs {
            let (first, last, above) = (*first, *last, *peak > 0.0);
            all.push(Run { first, last, above, peak: peak.abs(), broken: false });
        }
        all.waiting.iter().map(|run| (run.first, run.last, run.broken)).collect()
    }

    #[test]
    fn a_phase_goes_on_behind_a_glitch_and_noise_before_an_edge_is_none_of_it() {
        // Two samples at rest; two of the other polarity; three at rest.
        assert_eq!(joined(&[(10, 40, -1.0), (43, 90, -1.1)]), [(10, 90, true)]);
        assert_eq!(joined(&[(10, 40, -1.0), (41, 42, 0.7), (43, 90, -1.0)]), [(10, 90, true)]);
        assert_eq!(joined(&[(10, 40, -1.0), (44, 90, -1.0)]), [(10, 40, false), (44, 90, false)]);
        assert_eq!(joined(&[(10, 11, -0.1), (13, 90, -1.0)]), [(10, 11, false), (13, 90, false)]);
        assert_eq!(joined(&[(10, 40, -1.0), (41, 80, 1.0)]), [(10, 40, false), (41, 80, false)]);
    }
}
