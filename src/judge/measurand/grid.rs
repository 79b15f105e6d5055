//! Programmed instants and the pulses that came at them.

use std::ops::Range;

use crate::measure::PulseRow;
use crate::scenario::{Action, interrupts};
use crate::signal::Run;

use super::super::train::Placed;
use super::super::view::{View, Window};
use super::super::{Instant, Reason, Segment};
use super::owed::{late, undelivered};
use super::walk::{Walk, goes_under};

/// What became of the programmed instants of a window.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Grid {
    /// Instants without a pulse.
    pub(super) missing: u64,
    /// Pulses without an instant: too early, too late, or too many.
    pub(super) extra: u64,
    /// The first of them.
    pub(super) first: Option<PulseRow>,
}

impl Grid {
    fn surplus(&mut self, row: PulseRow) {
        self.extra += 1;
        self.first.get_or_insert(row);
    }
}

/// Matches the rows of a window with the programmed instants of their trains. `counts` says which of the rows in the window
/// are pulses; the others, being partial, belong to no instant.
///
/// Between neighbours two clocks do not drift apart, over a long train by whole periods: each pulse is looked for from the
/// one before it, and the first behind an off-time from where it is.
///
/// # Errors
/// [`Reason::Interrupted`] where a train goes on behind what may have ended it; [`Reason::NotPlaced`] where what came late may have
/// begun unseen.
pub(super) fn grid(
    view: &View<'_>,
    window: Window,
    counts: impl Fn(&PulseRow) -> bool,
) -> Result<Grid, Reason> {
    let mut matching = Matching::new(view, window);
    matching.unasked();
    for (rows, start) in view.trains().iter().zip(view.begins()) {
        let first = view.contact.pulses.get(rows.start).filter(|_| !rows.is_empty());
        let Some(first) = first else {
            // Whatever may have ended the train did so, wherever the window begins.
            let closes = closes(view, Window { from: start.sample, ..window }, start, start.sample).at;
            matching.grid.missing += undelivered(view, window, start, closes);
            continue;
        };
        let train = Train::new(view, window, start, (rows.clone(), first));
        matching.late(&train, start)?;
        let found = (matching.grid.missing, matching.grid.extra);
        matching.behind(&train)?;
        matching.walk(&train, &counts)?;
        if (matching.grid.missing, matching.grid.extra) != found && ends_unseen(view, &first) {
            return Err(Reason::NotPlaced { pulse: first.number });
        }
    }
    Ok(matching.grid)
}

/// A train that has rows.
struct Train<'a> {
    rows: Range<usize>,
    first: PulseRow,
    ends: Ends,
    /// The program from which on it gives the contact nothing.
    left_out: Option<&'a Segment>,
    /// Until when its pulses are due, samples.
    closes: f64,
}

impl<'a> Train<'a> {
    fn new(
        view: &View<'a>,
        window: Window,
        start: &Instant,
        (rows, first): (Range<usize>, PulseRow),
    ) -> Self {
        let ends = closes(view, window, start, first.at);
        let left_out = left_out(view, window.from.max(first.at));
        let closes = left_out.map_or(ends.at, |silent| ends.at.min(silent.requested as f64));
        Self { rows, first, ends, left_out, closes }
    }
}

/// A window of a contact, and what became of its instants so far.
struct Matching<'v, 'a> {
    view: &'v View<'a>,
    window: Window,
    /// What the front end delays, and its settling, samples.
    delay: f64,
    settling: f64,
    /// From when to when pulses may begin, s.
    opens: f64,
    shuts: f64,
    grid: Grid,
}

impl<'v, 'a> Matching<'v, 'a> {
    fn new(view: &'v View<'a>, window: Window) -> Self {
        let settling = view.settling() as f64;
        Self {
            view,
            window,
            delay: view.recording.front_end.delay * view.rate(),
            settling,
            opens: (window.from as f64 - settling) / view.rate(),
            shuts: (window.to as f64 - settling) / view.rate(),
            grid: Grid::default(),
        }
    }

    /// When a sample was, s, without the delay of the front end.
    fn seconds(&self, sample: f64) -> f64 {
        (sample - self.delay) / self.view.rate()
    }

    /// The same of an instant at which the settling is counted from.
    fn settled(&self, sample: f64) -> f64 {
        (sample - self.settling) / self.view.rate()
    }

    /// Those of some rows that begin within some seconds.
    fn within(
        &self,
        rows: Range<usize>,
        seconds: Range<f64>,
    ) -> impl Iterator<Item = PulseRow> + use<'v, 'a> {
        let (view, delay) = (self.view, self.delay);
        let begins = move |row: &PulseRow| (row.start() - delay) / view.rate();
        view.contact.pulses.range(rows).filter(move |row| seconds.contains(&begins(row)))
    }

    fn surplus(&mut self, rows: impl Iterator<Item = PulseRow>) {
        rows.for_each(|row| self.grid.surplus(row));
    }

    /// Before the first start nothing is due.
    fn unasked(&mut self) {
        let view = self.view;
        let led = view.trains().first().map_or(view.contact.pulses.len(), |train| train.start);
        let starts = view.begins().next().map_or(f64::INFINITY, |start| self.settled(start.sample as f64));
        self.surplus(self.within(0..led, self.opens..self.shuts.min(starts)));
    }

    /// What a train lacks that began late.
    fn late(&mut self, train: &Train<'a>, start: &Instant) -> Result<(), Reason> {
        let late = late(self.view, self.window, start, &train.first, train.closes);
        let hidden = || self.view.placed(&train.first).is_some_and(|placed| placed.hidden > 0.0);
        if late > 0 && hidden() {
            return Err(Reason::NotPlaced { pulse: train.first.number });
        }
        self.grid.missing += late;
        Ok(())
    }

    /// What comes behind the end of a train, or where the contact is to give nothing any more.
    fn behind(&mut self, train: &Train<'a>) -> Result<(), Reason> {
        let view = self.view;
        let rows =
            |from: f64, to: f64| self.within(train.rows.clone(), from.max(self.opens)..self.shuts.min(to));
        // A group that had begun is still brought to its end.
        let period = view
            .segment_at(train.first.at)
            .map_or(view.case.program.period(), |(s, _)| s.programmed.period());
        let still = train.left_out.map(|silent| {
            let from = self.seconds(silent.from as f64) + view.case.program.period();
            rows(from, self.settled(train.ends.at))
        });
        let stopped = train.ends.stop.map(|stop| rows(stop + period, f64::INFINITY));
        if let Some(at) = train.ends.interrupted {
            let rest = view.case.program.longest_rest().max(0.1);
            if rows(at + rest, train.ends.stop.unwrap_or(f64::INFINITY)).next().is_some() {
                return Err(Reason::Interrupted { at });
            }
        }
        self.surplus(still.into_iter().flatten().chain(stopped.into_iter().flatten()));
        Ok(())
    }

    /// Goes along the pulses of a train.
    fn walk(&mut self, train: &Train<'a>, counts: &impl Fn(&PulseRow) -> bool) -> Result<(), Reason> {
        let view = self.view;
        let closes = self.settled(train.closes);
        let zero = self.seconds(train.first.start());
        let mut walk: Option<Walk<'a>> = None;
        for row in self.within(train.rows.clone(), self.opens..closes) {
            let at = self.seconds(row.start());
            let placed = view.placed(&row);
            if !counts(&row) {
                // What is found of one at the foot of a ramp need not be all of it.
                let low = |placed: Placed<'_>| {
                    goes_under(view, &placed.segment.programmed, (placed.n, placed.into))
                };
                if placed.is_some_and(low) {
                    return Err(Reason::Unseen { pulse: row.number });
                }
                self.grid.surplus(row);
                continue;
            }
            let Some(placed) = placed else { continue };
            match &mut walk {
                Some(walk) if std::ptr::eq(walk.segment, placed.segment) => {
                    let from = walk.n + 1;
                    match walk.take(at) {
                        Some(_) if walk.passes_unseen(view, from) => {
                            return Err(Reason::NotPlaced { pulse: row.number });
                        }
                        Some(skipped) => self.grid.missing += skipped,
                        None => self.grid.surplus(row),
                    }
                }
                Some(other) => {
                    self.grid.missing += other.missing_before(&placed);
                    *other = Walk::new(&placed, at, zero);
                }
                None => {
                    let first = Walk::new(&placed, at, zero);
                    if first.is_over() {
                        self.grid.surplus(row);
                        continue;
                    }
                    self.grid.missing += self.before_first(train, (&row, &placed), &first);
                    walk = Some(first);
                }
            }
        }
        self.grid.missing += match walk {
            Some(walk) => walk.missing_until(closes),
            // It had broken off before the window.
            None if closes > self.opens => {
                let opens = |row: &PulseRow| self.seconds(row.start()) < self.opens;
                let behind = view.contact.pulses.partition_point(opens);
                let last = self.before(train, behind.min(train.rows.end));
                last.map_or(0, |last| last.missing_until(closes).saturating_sub(last.missing_by(self.opens)))
            }
            None => 0,
        };
        Ok(())
    }

    /// Instants in the window that are left out before the first pulse there. A train begins with its first pulse; what a late one lacks
    /// is counted already.
    fn before_first(
        &self,
        train: &Train<'a>,
        (row, placed): (&PulseRow, &Placed<'a>),
        first: &Walk<'a>,
    ) -> u64 {
        if row.number <= train.rows.start {
            return 0;
        }
        let own = first.missing_after(self.opens);
        let last = self.before(train, row.number).filter(|last| !std::ptr::eq(last.segment, placed.segment));
        let earlier =
            |last: Walk<'_>| last.missing_before(placed).saturating_sub(last.missing_by(self.opens));
        own.max(last.map_or(0, earlier))
    }

    /// The pulse before a row of a train, where nothing may have ended the train before the window.
    fn before(&self, train: &Train<'a>, number: usize) -> Option<Walk<'a>> {
        let view = self.view;
        let last = number.checked_sub(1).filter(|last| *last >= train.rows.start)?;
        let ends = |action: &Action| action.is_fault() || matches!(action, Action::Probe(_));
        let early =
            |at: &Instant| at.sample >= train.first.at && (at.sample as f64) < self.opens * view.rate();
        let row = view.contact.pulses.get(last).filter(|_| !view.instants_of(ends).any(early))?;
        Some(Walk::new(&view.placed(&row)?, self.seconds(row.start()), self.seconds(train.first.start())))
    }
}

/// Whether pulses may have come unseen before the first row of a train that counts them: its on-times, or itself, then end so many rows
/// earlier.
fn ends_unseen(view: &View<'_>, first: &PulseRow) -> bool {
    view.placed(first).is_some_and(|placed| {
        let program = &placed.segment.programmed;
        placed.hidden > 0.0 && (program.cycle.is_some() || program.run != Run::UntilStopped)
    })
}

/// Where a train ends within a window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    /// Its stop, what interrupts it, the next start, or the window's end, samples.
    pub(super) at: f64,
    /// Its stop, or the next start, at the latest, s: what comes behind that is none of its own.
    stop: Option<f64>,
    /// What interrupts it in the window, s.
    interrupted: Option<f64>,
}

/// Where the train of a start, which began at sample `began`, ends within a window. A step that the load did not mark may have been
/// taken earlier by as much as its instant is uncertain: what was due in that time is not missed. What interrupted it before the
/// window has not ended it, if it goes on there.
pub(super) fn closes(view: &View<'_>, window: Window, start: &Instant, began: u64) -> Ends {
    let from = window.from.max(began);
    let doubt = |at: &Instant| if at.marked { 0.0 } else { view.facts.round_trip * view.rate() };
    let within = |at: &Instant| at.sample <= window.to;
    // A stop ends it though its first pulse comes later. What no step stops, the end of the case does.
    let ending = |sample| Instant { step: usize::MAX, sample, ahead: 0, marked: false };
    let stops = view.begins().chain(view.stops()).cloned().chain(view.facts.ending.map(ending));
    let stop = stops.filter(|at| within(at) && at.step > start.step).min_by_key(|at| at.sample);
    let interrupted = view.instants_of(interrupts).filter(|at| within(at) && at.sample >= from);
    let interrupted = interrupted.min_by_key(|at| at.sample);
    let earliest = |at: &Instant| (at.sample as f64 - doubt(at)).max(start.sample as f64);
    let ends = [stop.as_ref(), interrupted].into_iter().flatten().map(earliest);
    let seconds = |at: Instant| (at.sample as f64 + doubt(&at)) / view.rate();
    let at = ends.fold(window.to as f64, f64::min);
    Ends { at, stop: stop.map(seconds), interrupted: interrupted.map(|at| at.sample as f64 / view.rate()) }
}

/// The program, sent behind sample `from`, that gives the contact nothing, as does every one after it: none of its pulses is due.
fn left_out<'a>(view: &View<'a>, from: u64) -> Option<&'a Segment> {
    let idle = |segment: &&Segment| segment.programmed.share_of(&view.contact.name) == 0.0;
    let silent = view.facts.segments.iter().rev().take_while(idle).last();
    silent.filter(|segment| segment.requested > from)
}
