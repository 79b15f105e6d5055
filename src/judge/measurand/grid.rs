//! Programmed instants and the pulses that came at them.

use crate::measure::PulseRow;
use crate::scenario::{Action, interrupts};
use crate::signal::Part;

use super::super::train::{Placed, slot};
use super::super::view::{View, Window};
use super::super::{Instant, Segment};

/// A pulse within this part of an interval of its instant is that instant's.
const REACH: f64 = 0.25;

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
pub(super) fn grid(view: &View<'_>, window: Window, counts: impl Fn(&PulseRow) -> bool) -> Grid {
    let mut grid = Grid::default();
    let delay = view.recording.front_end.delay * view.rate();
    let g = view.settling() as f64;
    let seconds = |sample: f64| (sample - delay) / view.rate();
    let opens = (window.from as f64 - g) / view.rate();
    for train in view.trains() {
        let ends = closes(view, window, train.start);
        let began = view.contact.pulses.get(train.start).map_or(0, |row| row.at);
        let left_out = left_out(view, window.from.max(began));
        let closes = left_out.map_or(ends, |silent| ends.min(silent.requested as f64));
        let closes = (closes - g) / view.rate();
        let rows = view.contact.pulses.range(train.clone());
        if let Some(silent) = left_out {
            // A group that had begun is still brought to its end.
            let still = seconds(silent.from as f64) + view.case.program.period();
            let later = |row: &PulseRow| (still..(ends - g) / view.rate()).contains(&seconds(row.start()));
            view.contact.pulses.range(train.clone()).filter(later).for_each(|row| grid.surplus(row));
        }
        let inside = |row: &PulseRow| (opens..closes).contains(&seconds(row.start()));
        let mut walk: Option<Walk<'_>> = None;
        for row in rows.filter(inside) {
            let at = seconds(row.start());
            if !counts(&row) {
                grid.surplus(row);
                continue;
            }
            let Some(placed) = view.placed(&row) else { continue };
            match &mut walk {
                Some(walk) if std::ptr::eq(walk.segment, placed.segment) => match walk.take(at) {
                    Some(skipped) => grid.missing += skipped,
                    None => grid.surplus(row),
                },
                Some(other) => {
                    grid.missing += other.missing_before(&placed);
                    *other = Walk::new(&placed, at);
                }
                None => {
                    let first = Walk::new(&placed, at);
                    // A train begins with its first pulse, whenever that comes.
                    grid.missing += if row.number == train.start { 0 } else { first.missing_after(opens) };
                    walk = Some(first);
                }
            }
        }
        grid.missing += walk.map_or(0, |walk| walk.missing_until(closes));
    }
    grid
}

/// Where a train ends within a window, as a sample: its stop, what interrupts it, the next start, or the window's end. A step that
/// the load did not mark may have been taken earlier by as much as its instant is uncertain: what was due in that time is not missed.
fn closes(view: &View<'_>, window: Window, first: usize) -> f64 {
    let from = view.contact.pulses.get(first).map_or(0, |row| row.at);
    let ends = |step: usize| {
        let action = view.case.steps.get(step).map(|step| &step.action);
        action.is_some_and(|action| matches!(action, Action::Start | Action::Stop) || interrupts(action))
    };
    let after = view.facts.instants.iter().filter(|at| at.sample > from && ends(at.step));
    let earliest = |at: &Instant| {
        let doubt = if at.marked { 0.0 } else { view.facts.round_trip * view.rate() };
        (at.sample as f64 - doubt).max(from as f64)
    };
    after.map(earliest).fold(window.to as f64, f64::min)
}

/// The program, sent behind sample `from`, that gives the contact nothing, as does every one after it: none of its pulses is due.
fn left_out<'a>(view: &View<'a>, from: u64) -> Option<&'a Segment> {
    let idle = |segment: &&Segment| segment.programmed.share_of(&view.contact.name) == 0.0;
    let silent = view.facts.segments.iter().rev().take_while(idle).last();
    silent.filter(|segment| segment.requested > from)
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
}

impl<'a> Walk<'a> {
    fn new(placed: &Placed<'a>, at: f64) -> Self {
        let program = &placed.segment.programmed;
        let part = Part { program, origin: 0.0, base: placed.number - placed.n, into: placed.into };
        Self { segment: placed.segment, part, at, n: placed.n, last: at }
    }

    /// Takes the pulse at `at`; the number of instants skipped since the one before, or `None` if it belongs to none.
    fn take(&mut self, at: f64) -> Option<u64> {
        let rest = at - std::mem::replace(&mut self.last, at);
        let reach = REACH * slot(self.part.program);
        let off = self.part.program.cycle.map_or(f64::INFINITY, |cycle| cycle.off_time);
        let due = self.part.start_of(self.n) + at - self.at;
        let n = if rest > 0.5 * off {
            // Whatever the off-time was, this is the beginning of an on-time: the one that begins nearest.
            let ahead =
                self.part.program.pulses_before_from(due + 0.5 * off, self.part.into).saturating_sub(1);
            (self.n + 1..=ahead).rev().find(|n| self.part.begins_on_time(*n))?
        } else {
            let n = self.part.program.pulses_before_from(due + reach, self.part.into).saturating_sub(1);
            if n <= self.n || (self.part.start_of(n) - due).abs() > reach {
                return None;
            }
            n
        };
        let skipped = n - self.n - 1;
        (self.at, self.n) = (at, n);
        Some(skipped)
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
        let reach = REACH * slot(self.part.program);
        let closes = self.part.start_of(self.n) + closes - self.at - reach;
        let due = self.part.program.pulses_before_from(closes, self.part.into);
        let own =
            self.part.program.pulse_limit().map_or(u64::MAX, |limit| limit.saturating_sub(self.part.base));
        due.min(own).saturating_sub(self.n + 1)
    }
}
