//! Programmed instants and the pulses that came at them.

use crate::measure::PulseRow;
use crate::scenario::{Action, interrupts};
use crate::signal::{Part, Program, Run};

use super::super::train::{Placed, REACH, group_span, slot};
use super::super::view::{View, Window};
use super::super::{Instant, Reason, Segment};
use super::due::{own_pulses, own_seconds};
use super::interval::off_gap;
use super::owed::{late, undelivered};

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
    let mut grid = Grid::default();
    let delay = view.recording.front_end.delay * view.rate();
    let g = view.settling() as f64;
    let seconds = |sample: f64| (sample - delay) / view.rate();
    let opens = (window.from as f64 - g) / view.rate();
    let shuts = (window.to as f64 - g) / view.rate();
    // Before the first start nothing is due.
    let led = view.trains().first().map_or(view.contact.pulses.len(), |train| train.start);
    let starts = view.begins().next().map_or(f64::INFINITY, |start| (start.sample as f64 - g) / view.rate());
    let before = opens..shuts.min(starts);
    let unasked = view.contact.pulses.range(0..led).filter(|row| before.contains(&seconds(row.start())));
    unasked.for_each(|row| grid.surplus(row));
    for (train, start) in view.trains().iter().zip(view.begins()) {
        let Some(first) = view.contact.pulses.get(train.start).filter(|_| !train.is_empty()) else {
            // Whatever may have ended the train did so, wherever the window begins.
            let closes = closes(view, Window { from: start.sample, ..window }, start, start.sample).at;
            grid.missing += undelivered(view, window, start, closes);
            continue;
        };
        let began = first.at;
        let ends = closes(view, window, start, began);
        let left_out = left_out(view, window.from.max(began));
        let closes = left_out.map_or(ends.at, |silent| ends.at.min(silent.requested as f64));
        let late = late(view, window, start, &first, closes);
        if late > 0 && view.placed(&first).is_some_and(|placed| placed.hidden > 0.0) {
            return Err(Reason::NotPlaced { pulse: first.number });
        }
        grid.missing += late;
        let found = (grid.missing, grid.extra);
        let closes = (closes - g) / view.rate();
        let rows = || view.contact.pulses.range(train.clone());
        let behind = |from: f64| {
            let behind = from.max(opens)..shuts;
            rows().filter(move |row| behind.contains(&seconds(row.start())))
        };
        // A group that had begun is still brought to its end.
        let period =
            view.segment_at(began).map_or(view.case.program.period(), |(s, _)| s.programmed.period());
        if let Some(silent) = left_out {
            let to = (ends.at - g) / view.rate();
            let still = seconds(silent.from as f64) + view.case.program.period();
            behind(still).filter(|row| seconds(row.start()) < to).for_each(|row| grid.surplus(row));
        }
        if let Some(stop) = ends.stop {
            behind(stop + period).for_each(|row| grid.surplus(row));
        }
        if let Some(at) = ends.interrupted {
            let rest = view.case.program.longest_rest().max(0.1);
            let until = ends.stop.unwrap_or(f64::INFINITY);
            if behind(at + rest).any(|row| seconds(row.start()) < until) {
                return Err(Reason::Interrupted { at });
            }
        }
        let inside = |row: &PulseRow| (opens..closes).contains(&seconds(row.start()));
        let zero = seconds(first.start());
        // The pulse before a row, where nothing may have ended the train before the window.
        let before = |number: usize| {
            let last = number.checked_sub(1).filter(|last| *last >= train.start)?;
            let ends = |action: &Action| action.is_fault() || matches!(action, Action::Probe(_));
            let early = |at: &Instant| at.sample >= began && (at.sample as f64) < opens * view.rate();
            let row = view.contact.pulses.get(last).filter(|_| !view.instants_of(ends).any(early))?;
            Some(Walk::new(&view.placed(&row)?, seconds(row.start()), zero))
        };
        let mut walk: Option<Walk<'_>> = None;
        for row in rows().filter(inside) {
            let at = seconds(row.start());
            let placed = view.placed(&row);
            if !counts(&row) {
                // What is found of one at the foot of a ramp need not be all of it.
                if placed.is_some_and(|placed| {
                    goes_under(view, &placed.segment.programmed, (placed.n, placed.into))
                }) {
                    return Err(Reason::Unseen { pulse: row.number });
                }
                grid.surplus(row);
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
                        Some(skipped) => grid.missing += skipped,
                        None => grid.surplus(row),
                    }
                }
                Some(other) => {
                    grid.missing += other.missing_before(&placed);
                    *other = Walk::new(&placed, at, zero);
                }
                None => {
                    let first = Walk::new(&placed, at, zero);
                    if first.is_over() {
                        grid.surplus(row);
                        continue;
                    }
                    // A train begins with its first pulse; what a late one lacks is counted already.
                    if row.number > train.start {
                        let own = first.missing_after(opens);
                        let last =
                            before(row.number).filter(|last| !std::ptr::eq(last.segment, placed.segment));
                        let earlier = last.map_or(0, |last| {
                            last.missing_before(&placed).saturating_sub(last.missing_by(opens))
                        });
                        grid.missing += own.max(earlier);
                    }
                    walk = Some(first);
                }
            }
        }
        grid.missing += match walk {
            Some(walk) => walk.missing_until(closes),
            // It had broken off before the window.
            None if closes > opens => {
                let behind = view.contact.pulses.partition_point(|row| seconds(row.start()) < opens);
                let last = before(behind.min(train.end));
                last.map_or(0, |last| last.missing_until(closes).saturating_sub(last.missing_by(opens)))
            }
            None => 0,
        };
        if (grid.missing, grid.extra) != found && ends_unseen(view, &first) {
            return Err(Reason::NotPlaced { pulse: first.number });
        }
    }
    Ok(grid)
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

/// Whether pulse `n` of a program that took effect `into` seconds into an on-time lies so low on a ramp that it need not be found.
fn goes_under(view: &View<'_>, program: &Program, (n, into): (u64, f64)) -> bool {
    let finds = || view.sight().finds(&program.pulse_from(n, into), program.share_of(&view.contact.name));
    program.ramp.is_some() && !finds()
}

/// A walk along the pulses of one program.
struct Walk<'a> {
    segment: &'a Segment,
    part: Part<'a>,
    /// The last pulse that came at its instant: when, s of the sample clock, and its number.
    at: f64,
    n: u64,
    /// The last pulse at all, s.
    last: f64,
    /// The last one that came at its instant was taken for the first of an on-time though a later one was due where it came.
    due_later: bool,
    /// From when to when the program's duration ends, s, as two clocks may differ; never where its count of pulses tells, or a stop.
    ends: (f64, f64),
}

impl<'a> Walk<'a> {
    /// From a pulse at `at` on, of a train whose first came at `zero`.
    fn new(placed: &Placed<'a>, at: f64, zero: f64) -> Self {
        let program = &placed.segment.programmed;
        let part = Part { program, origin: 0.0, base: placed.number - placed.n, into: placed.into };
        let ends = own_seconds(&part).map_or((f64::INFINITY, f64::INFINITY), |(least, most)| {
            (zero + least, zero + (most + group_span(program) + REACH * slot(program)))
        });
        Self { segment: placed.segment, part, at, n: placed.n, last: at, due_later: false, ends }
    }

    /// Takes the pulse at `at`; the number of instants skipped since the one before, or `None` if it belongs to none.
    fn take(&mut self, at: f64) -> Option<u64> {
        let rest = at - std::mem::replace(&mut self.last, at);
        let due = self.part.start_of(self.n) + at - self.at;
        let near = self.nearest(due);
        let goes_on = near.is_some_and(|n| !(self.n + 1..=n).any(|n| self.part.begins_on_time(n)));
        let n = match rest > off_gap(self.part.program) && !goes_on {
            true => self.turn(due).or(near),
            false => near,
        }?;
        if self.beyond(n, at) {
            return None;
        }
        let skipped = n - self.n - 1;
        self.due_later = near.is_some_and(|near| near > n);
        (self.at, self.n) = (at, n);
        Some(skipped)
    }

    /// Whether pulses may have come unseen before the last one, from pulse `from` on: they lie at the foot of a ramp, be it that they were
    /// skipped, or that the first that is seen of an on-time lies where a later one is due.
    fn passes_unseen(&self, view: &View<'_>, from: u64) -> bool {
        let unseen = |n: u64| goes_under(view, self.part.program, (n, self.part.into));
        (from..self.n).any(unseen) || (self.due_later && unseen(self.n))
    }

    /// The pulse behind an off-time, whatever that was: of those that begin an on-time the one that is nearest.
    fn turn(&self, due: f64) -> Option<u64> {
        let cycle = self.part.program.cycle?;
        let nearest = due + 0.5 * (cycle.on_time + cycle.off_time);
        let ahead = self.part.program.pulses_before_from(nearest, self.part.into).saturating_sub(1);
        (self.n + 1..=ahead).rev().find(|n| self.part.begins_on_time(*n))
    }

    /// The pulse behind the last whose instant is `due`.
    fn nearest(&self, due: f64) -> Option<u64> {
        let reach = REACH * slot(self.part.program);
        let n = self.part.program.pulses_before_from(due + reach, self.part.into).saturating_sub(1);
        (n > self.n && (self.part.start_of(n) - due).abs() <= reach).then_some(n)
    }

    /// Whether the program has ended by itself before pulse `n`, which came at `at`.
    fn beyond(&self, n: u64, at: f64) -> bool {
        n >= own_pulses(&self.part) || at > self.ends.1
    }

    /// Whether it begins where its program has ended by itself.
    fn is_over(&self) -> bool {
        self.beyond(self.n, self.at)
    }

    /// Instants left out before the first pulse that was seen of another program.
    fn missing_before(&self, next: &Placed<'_>) -> u64 {
        let own = (next.number - next.n).saturating_sub(self.part.base);
        own.saturating_sub(self.n + 1) + next.n
    }

    /// Instants between `opens` and the first pulse that was seen.
    fn missing_after(&self, opens: f64) -> u64 {
        let reach = REACH * slot(self.part.program);
        let opens = self.part.start_of(self.n) - (self.at - opens) + reach;
        self.n - self.part.program.pulses_before_from(opens, self.part.into).min(self.n)
    }

    /// Instants behind the last pulse, before `closes` by a margin that a free-running train may miss.
    fn missing_until(&self, closes: f64) -> u64 {
        self.missing_to(closes - REACH * slot(self.part.program))
    }

    /// Instants behind the last pulse that a window which begins at `opens` does not hold.
    fn missing_by(&self, opens: f64) -> u64 {
        self.missing_to(opens + REACH * slot(self.part.program))
    }

    fn missing_to(&self, to: f64) -> u64 {
        let to = self.part.start_of(self.n) + to.min(self.ends.0) - self.at;
        let due = self.part.program.pulses_before_from(to, self.part.into);
        due.min(own_pulses(&self.part)).saturating_sub(self.n + 1)
    }
}
