//! Phases too short for a level: what their charge and their edges tell about each other.

use super::PhaseRow;
use super::excursion::Top;
use super::phase::edges;
use super::row::Shape;
use super::whole::floor;

/// A round of [`Refining`] leaves of an error what the charge moves with the edges; where these are no straight lines, more.
const ROUNDS: usize = 8;

/// The level of a phase too short for one is its charge over its width, and its edges are at half of that. What was taken for the level
/// so far was the mean of its middle, into which the edges of the shortest reach.
#[derive(Debug, Default)]
pub(super) struct Refining {
    round: usize,
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
        for ((top, row), excursion) in tops.iter_mut().zip(phases).zip(pulse.excursions) {
            let (told, taken) = (f64::from(row.level), f64::from(top.level));
            let step = told - taken;
            if top.settled > 0 || step.abs() <= 1e-5 * (told - base).abs() {
                continue;
            }
            let narrows = narrows(samples, top, taken - base);
            let leads = (0.0..0.95).contains(&narrows);
            let level = if leads { taken + step / (1.0 - narrows) } else { told };
            if let Some(edges) = edges(samples, excursion.within(first), base, level) {
                *top = Top::new(edges, level, 0);
                moved = true;
            }
        }
        moved
    }
}

/// By what part of its width a phase of this height narrows for each part by which it is taken to be higher: its edges are straight lines
/// from sample to sample, of which the half of its level moves along. By so much more than its charge over its width its level moves
/// (Newton's step to where level times width is the charge).
fn narrows(samples: &[i16], top: &Top, height: f64) -> f64 {
    let edge = |instant: f64| {
        let pair = samples.get(floor(instant) as usize..).and_then(<[i16]>::first_chunk::<2>);
        pair.map_or(0.0, |[before, behind]| 0.5 * height / (f64::from(*behind) - f64::from(*before)))
    };
    (edge(top.start) - edge(top.end)) / (top.end - top.start)
}
