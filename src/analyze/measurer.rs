//! The third pass: the baseline, and each pulse read off the samples around it.

use std::iter::Peekable;

use crate::measure::Pyramid;
use crate::measure::edge::PhaseEdges;
use crate::measure::sample::Sample;
use crate::measure::window::windowed_sum;

use super::baseline::{Baseline, PLATEAU, Rest};
use super::finder::AROUND;
use super::found::{Bounded, Pair, Segment};
use super::passes::{Stage, View};
use super::row::{self, Levels, Row};
use super::survey::{Kind, Outside, STRETCHES};
use super::voltage::{Electrode, VoltageRow};

/// Part of a pulse's length that a picture shows before and after it.
pub(super) const MARGIN: f64 = 0.35;

/// The third stage.
pub(super) struct Measurer<'a, S, O, P: Iterator<Item = Bounded>> {
    levels: Levels,
    /// Where there is a voltage.
    electrode: Option<Electrode>,
    /// Samples that are read on each side of a pulse: the same for all, so that none begins before the one before it.
    reach: usize,
    pairs: Peekable<P>,
    rest: Rest<'a, O>,
    cycle: Cycle,
    rows: Vec<Row>,
    unread: Vec<Segment>,
    voltages: Vec<VoltageRow>,
    first: Picture<S>,
}

/// What the third pass read.
pub(super) struct Read<S> {
    pub base: Baseline,
    /// A row for each pulse.
    pub rows: Vec<Row>,
    /// The leading phases of pulses that could not be read.
    pub unread: Vec<Segment>,
    /// What was read off the voltage, a row for each pulse; empty without one.
    pub voltages: Vec<VoltageRow>,
    /// The samples around the first pulse.
    pub first: Picture<S>,
}

/// Samples for a picture.
#[derive(Debug)]
pub(super) struct Picture<S> {
    /// Index of the first.
    pub from: usize,
    pub current: Pyramid<S>,
    pub voltage: Pyramid<S>,
}

impl<'a, S: Kind, O: Outside<S>, P: Iterator<Item = Bounded>> Measurer<'a, S, O, P> {
    /// `slowest` is the longest leading edge of `pairs`, `windows` are the samples that are no baseline, `outside` knows every
    /// sample.
    pub(super) fn new(
        levels: Levels,
        electrode: Option<Electrode>,
        (pairs, slowest): (P, f64),
        windows: &'a [(f64, f64)],
        outside: O,
    ) -> Self {
        let empty = || Pyramid::new(1, STRETCHES);
        let reach =
            ((levels.guard + 2.0 * PLATEAU as f64).max(AROUND as f64) + 4.0 * slowest).ceil() as usize;
        Self {
            levels,
            electrode,
            reach: reach + electrode.map_or(0, |electrode| electrode.reach()),
            pairs: pairs.peekable(),
            rest: Rest::new(windows, levels.samples, outside),
            cycle: Cycle::default(),
            rows: Vec::new(),
            unread: Vec::new(),
            voltages: Vec::new(),
            first: Picture { from: 0, current: empty(), voltage: empty() },
        }
    }

    /// What was read, once the stage is through.
    pub(super) fn finish(self) -> Read<S> {
        let base = self.rest.finish::<S>(self.levels.noise, self.levels.step);
        Read { base, rows: self.rows, unread: self.unread, voltages: self.voltages, first: self.first }
    }

    /// The samples that a pulse is read off, [from, to).
    fn around(&self, (leading, recovery): &Pair) -> (usize, usize) {
        let (start, end) = (leading.edges.start, recovery.map_or(leading.edges.end, |last| last.edges.end));
        let mut reach = self.reach;
        if self.rows.is_empty() {
            let shown = self.levels.guard + 64.0 + MARGIN * (end - start + 2.0 * self.levels.guard);
            reach = reach.max(shown.ceil() as usize);
        }
        let from = (start.max(0.0) as usize).saturating_sub(reach);
        (from, (end.ceil() as usize + reach).min(self.levels.samples))
    }

    fn read(
        &mut self,
        view: &View<'_, S>,
        ((leading, recovery), bounds): &Bounded,
        (from, to): (usize, usize),
    ) {
        let moved =
            |edges: PhaseEdges| PhaseEdges { start: edges.start - from as f64, end: edges.end - from as f64 };
        let phases = (moved(leading.edges), recovery.map(|recovery| moved(recovery.edges)));
        let bounds = (bounds.0 - from as f64, bounds.1 - from as f64);
        let samples = view.current(from, to);
        let Some(mut row) = row::read(&self.levels, samples, (&phases.0, phases.1.as_ref()), bounds) else {
            self.unread.push(*leading);
            return;
        };
        row.before = self.cycle.begin(view, samples, from, row.window.0);
        if self.rows.is_empty() {
            self.first = picture(view, from, row.window);
        }
        let row = row.moved(from);
        if let Some(electrode) = &self.electrode {
            let free = self.rows.last().map_or(f64::NEG_INFINITY, |before| before.end());
            self.voltages.push(electrode.read(&row, (from, view.voltage(from, to)), free));
        }
        self.rows.push(row);
    }
}

impl<S: Kind, O: Outside<S>, P: Iterator<Item = Bounded>> Stage<S> for Measurer<'_, S, O, P> {
    fn take(&mut self, view: &View<'_, S>) -> usize {
        self.rest.take(view);
        let next = loop {
            let Some(pair) = self.pairs.peek() else { break view.end() };
            let pair = *pair;
            let around = self.around(&pair.0);
            if !view.last && around.1 > view.end() {
                break around.0.min(view.end());
            }
            self.pairs.next();
            self.read(view, &pair, around);
        };
        match self.pairs.peek() {
            Some(_) => self.cycle.sum(view, next),
            None => self.cycle.to = view.end(),
        }
        next.min(self.rest.at).min(self.cycle.to)
    }
}

/// The samples of a picture of the pulse whose window is counted from sample `origin`.
fn picture<S: Kind>(view: &View<'_, S>, origin: usize, (start, end): (f64, f64)) -> Picture<S> {
    let margin = MARGIN * (end - start);
    let from = origin + (start - margin - 1.0).max(0.0) as usize;
    let to = origin + (end + margin).ceil().max(0.0) as usize + 2;
    let gathered = |samples: &[S]| {
        let mut pyramid = Pyramid::new(1, STRETCHES);
        pyramid.extend(samples);
        pyramid
    };
    Picture { from, current: gathered(view.current(from, to)), voltage: gathered(view.voltage(from, to)) }
}

/// The sum of the samples since a pulse window began, in whole samples and the part of one at each end.
#[derive(Debug, Default)]
struct Cycle {
    whole: f64,
    part: f64,
    /// Samples before this are summed.
    to: usize,
}

impl Cycle {
    fn sum<S: Sample>(&mut self, view: &View<'_, S>, to: usize) {
        if to > self.to {
            self.whole += S::sum(view.current(self.to, to));
            self.to = to;
        }
    }

    /// A pulse window begins at the instant `at` of `samples`, of which the first has the index `from`: the sum since the one
    /// before did.
    fn begin<S: Sample>(&mut self, view: &View<'_, S>, samples: &[S], from: usize, at: f64) -> f64 {
        // The sample whose interval the instant lies in counts from its left end.
        let cut = (at + 0.5).max(0.0) as usize;
        let part = windowed_sum(samples, cut as f64 - 0.5, at);
        if from + cut < self.to {
            self.whole -= S::sum(view.current(from + cut, self.to));
            self.to = from + cut;
        }
        self.sum(view, from + cut);
        let since = self.whole + part - self.part;
        (self.whole, self.part) = (0.0, part);
        since
    }
}
