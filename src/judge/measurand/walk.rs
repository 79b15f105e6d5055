//! From one pulse to the next along the instants of a program.

use crate::signal::{Part, Program};

use super::super::Segment;
use super::super::train::{Placed, REACH, group_span, slot};
use super::super::view::View;
use super::due::{own_pulses, own_seconds};
use super::interval::off_gap;

/// Whether pulse `n` of a program that took effect `into` seconds into an on-time lies so low on a ramp that it need not be found.
pub(super) fn goes_under(view: &View<'_>, program: &Program, (n, into): (u64, f64)) -> bool {
    let finds = || view.sight().finds(&program.pulse_from(n, into), program.share_of(&view.contact.name));
    program.ramp.is_some() && !finds()
}

/// A walk along the pulses of one program.
pub(super) struct Walk<'a> {
    pub(super) segment: &'a Segment,
    part: Part<'a>,
    /// The last pulse that came at its instant: when, s of the sample clock, and its number.
    at: f64,
    pub(super) n: u64,
    /// The last pulse at all, s.
    last: f64,
    /// The last one that came at its instant was taken for the first of an on-time though a later one was due where it came.
    due_later: bool,
    /// From when to when the program's duration ends, s, as two clocks may differ; never where its count of pulses tells, or a stop.
    ends: (f64, f64),
}

impl<'a> Walk<'a> {
    /// From a pulse at `at` on, of a train whose first came at `zero`.
    pub(super) fn new(placed: &Placed<'a>, at: f64, zero: f64) -> Self {
        let program = &placed.segment.programmed;
        let part = Part { program, origin: 0.0, base: placed.number - placed.n, into: placed.into };
        let ends = own_seconds(&part).map_or((f64::INFINITY, f64::INFINITY), |(least, most)| {
            (zero + least, zero + (most + group_span(program) + REACH * slot(program)))
        });
        Self { segment: placed.segment, part, at, n: placed.n, last: at, due_later: false, ends }
    }

    /// Takes the pulse at `at`; the number of instants skipped since the one before, or `None` if it belongs to none.
    pub(super) fn take(&mut self, at: f64) -> Option<u64> {
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
    pub(super) fn passes_unseen(&self, view: &View<'_>, from: u64) -> bool {
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
    pub(super) fn is_over(&self) -> bool {
        self.beyond(self.n, self.at)
    }

    /// Instants left out before the first pulse that was seen of another program.
    pub(super) fn missing_before(&self, next: &Placed<'_>) -> u64 {
        let own = (next.number - next.n).saturating_sub(self.part.base);
        own.saturating_sub(self.n + 1) + next.n
    }

    /// Instants between `opens` and the first pulse that was seen.
    pub(super) fn missing_after(&self, opens: f64) -> u64 {
        let reach = REACH * slot(self.part.program);
        let opens = self.part.start_of(self.n) - (self.at - opens) + reach;
        self.n - self.part.program.pulses_before_from(opens, self.part.into).min(self.n)
    }

    /// Instants behind the last pulse, before `closes` by a margin that a free-running train may miss.
    pub(super) fn missing_until(&self, closes: f64) -> u64 {
        self.missing_to(closes - REACH * slot(self.part.program))
    }

    /// Instants behind the last pulse that a window which begins at `opens` does not hold.
    pub(super) fn missing_by(&self, opens: f64) -> u64 {
        self.missing_to(opens + REACH * slot(self.part.program))
    }

    fn missing_to(&self, to: f64) -> u64 {
        let to = self.part.start_of(self.n) + to.min(self.ends.0) - self.at;
        let due = self.part.program.pulses_before_from(to, self.part.into);
        due.min(own_pulses(&self.part)).saturating_sub(self.n + 1)
    }
}
