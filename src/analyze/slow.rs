//! The means of a few samples each, gone through as the samples are: what is as low as the noise of a sample stands out of them.

use crate::measure::edge::PhaseEdges;
use crate::measure::sample::Sample;

use super::finder::Finder;
use super::found::Segment;
use super::noise::{median, of_median};
use super::passes::{Stage, View};
use super::survey::Survey;

/// Samples of a mean.
pub(super) const MANY: usize = 8;
/// Means whose noise is looked at.
const LOOKED: usize = 1 << 16;

/// Means of consecutive samples, as they come.
#[derive(Debug, Default)]
struct Means {
    /// Samples before this are in one.
    at: usize,
}

impl Means {
    fn next<S: Sample>(&mut self, view: &View<'_, S>, into: &mut Vec<f64>) {
        let (whole, _) = view.current(self.at, view.end()).as_chunks::<MANY>();
        into.extend(whole.iter().map(|samples| S::sum(samples) / MANY as f64));
        self.at += MANY * whole.len();
    }
}

/// A stage that looks at the noise of the means.
#[derive(Debug, Default)]
pub(super) struct Noise {
    means: Means,
    first: Vec<f64>,
}

impl Noise {
    /// Standard deviation, by what neighbours differ by: neither levels nor slow drift count.
    pub(super) fn finish(self) -> f64 {
        let steps = self.first.iter().zip(self.first.iter().skip(1)).map(|(a, b)| (b - a).abs());
        of_median(median(&mut steps.collect::<Vec<_>>()))
    }
}

impl<S: Sample> Stage<S> for Noise {
    fn take(&mut self, view: &View<'_, S>) -> usize {
        if self.first.len() < LOOKED {
            self.means.next(view, &mut self.first);
            return self.means.at;
        }
        view.end()
    }
}

/// A stage that finds the phases in the means.
pub(super) struct Slow<'a> {
    means: Means,
    finder: Finder<'a>,
    /// The means in reach of the finder, of which the first has this index.
    held: Vec<f64>,
    first: usize,
}

impl Slow<'_> {
    /// Whatever reaches that far from the rest level is looked at; `noise` is that of the means.
    pub(super) fn beyond(survey: &Survey, noise: f64, enter: f64) -> Self {
        let survey = Survey { count: survey.count / MANY, noise, step: 0.0, ..*survey };
        Self { means: Means::default(), finder: Finder::beyond(&survey, enter), held: Vec::new(), first: 0 }
    }

    /// The segments that have a top, in samples, to within a mean.
    pub(super) fn tops(self) -> Vec<Segment> {
        let many = MANY as f64;
        // The samples of a mean lie about its middle.
        let at = |instant: f64| many * (instant + 0.5) - 0.5;
        let moved = |segment: Segment| Segment {
            edges: PhaseEdges { start: at(segment.edges.start), end: at(segment.edges.end) },
            transition: many * segment.transition,
            ..segment
        };
        self.finder.tops().into_iter().map(moved).collect()
    }
}

impl<S: Sample> Stage<S> for Slow<'_> {
    fn take(&mut self, view: &View<'_, S>) -> usize {
        let fresh = self.first + self.held.len();
        self.means.next(view, &mut self.held);
        let (first, current) = (self.first, self.held.as_slice());
        let needed = self.finder.take(&View { first, fresh, current, voltage: &[], last: view.last });
        let done = needed.saturating_sub(first).min(self.held.len());
        self.held.drain(..done);
        self.first += done;
        self.means.at
    }
}
