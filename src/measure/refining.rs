//! Phases too short for a level: what their charge and their edges tell about each other.

use super::PhaseRow;
use super::excursion::Top;
use super::phase::edges;
use super::row::Shape;

/// A round of [`Refining`] leaves of an error what an edge is of the width, so that two tell where all that follow lead: Aitken's Δ².
/// Edges that are no straight lines need another two or four.
const ROUNDS: usize = 8;

/// The level of a phase too short for one is its charge over its width, and its edges are at half of that. What was taken for the level
/// so far was the mean of its middle, into which the edges of the shortest reach.
#[derive(Debug, Default)]
pub(super) struct Refining {
    round: usize,
    /// By how much the level of each phase moved in the last round; 0 behind a round that told where they lead.
    steps: [f64; 3],
}

impl Refining {
    /// Gives such phases the level that their charge tells and the edges at half of it; whether any has moved by more than matters.
    #[inline(never)]
    pub(super) fn refine(
        &mut self,
        samples: &[i16],
        first: u64,
        pulse: &Shape<'_>,
        tops: &mut [Top],
        phases: &[PhaseRow; 3],
    ) -> bool {
        if self.round == ROUNDS {
            return false;
        }
        self.round += 1;
        let base = pulse.base;
        let mut moved = false;
        for (((top, row), last), excursion) in
            tops.iter_mut().zip(phases).zip(&mut self.steps).zip(pulse.excursions)
        {
            let (told, taken) = (f64::from(row.level), f64::from(top.level));
            let step = told - taken;
            if top.settled > 0 || step.abs() <= 1e-5 * (told - base).abs() {
                continue;
            }
            let ratio = step / *last;
            let leads = (0.0..0.95).contains(&ratio);
            let level = if leads { taken + step / (1.0 - ratio) } else { told };
            *last = if leads { 0.0 } else { step };
            if let Some(edges) = edges(samples, excursion.within(first), base, level) {
                *top = Top::new(edges, level, 0);
                moved = true;
            }
        }
        moved
    }
}
