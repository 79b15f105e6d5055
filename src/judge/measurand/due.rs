//! What a train in progress was to deliver, had nothing ended it.

use crate::scenario::Action;
use crate::signal::{Part, Run};

use super::super::View;
use super::event::Event;

/// Groups (pulses, pairs, bursts) that must have been due and absent to show that an output is off.
pub(super) const FEWEST: u64 = 3;

/// Pulses that a part of a train emits by itself; more than any where nothing but a stop ends it, or where an earlier program had
/// its share of the time, so that this one's count is not its length.
pub(super) fn own_pulses(part: &Part<'_>) -> u64 {
    match part.program.run {
        Run::UntilStopped => u64::MAX,
        Run::Pulses(pulses) => pulses.saturating_sub(part.base),
        Run::Duration(_) if part.base > 0 => u64::MAX,
        Run::Duration(_) => part.program.pulse_limit().unwrap_or(u64::MAX),
    }
}

/// The train that an event met, counted on from one of its pulses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Due<'a> {
    part: Part<'a>,
    /// Number of the pulse within the part, and when it came, samples.
    n: u64,
    at: f64,
    rate: f64,
}

impl<'a> Due<'a> {
    /// On from the last pulse before the event, or where none had come yet from the start.
    pub(super) fn of(view: &View<'a>, event: &Event<'a>) -> Self {
        let rate = view.rate();
        let is_start =
            |step: usize| view.case.steps.get(step).is_some_and(|step| step.action == Action::Start);
        let starts = view.facts.instants.iter().filter(|at| at.step < event.at.step && is_start(at.step));
        let started = starts.map(|at| at.sample).max();
        let rows = &view.contact.pulses;
        let last = rows.partition_point(|row| row.start() <= event.t0 as f64).checked_sub(1);
        let row = last.and_then(|last| rows.get(last)).filter(|row| started.is_none_or(|at| row.at >= at));
        match row.and_then(|row| Some((view.placed(&row)?, row.start()))) {
            Some((placed, at)) => {
                let program = &placed.segment.programmed;
                let part = Part { program, origin: 0.0, base: placed.number - placed.n, into: placed.into };
                Self { part, n: placed.n, at, rate }
            }
            None => {
                let at = started.unwrap_or(event.t0) as f64;
                Self { part: Part::first(event.program), n: 0, at, rate }
            }
        }
    }

    /// Pulses due before a sample, since the part began.
    fn before(&self, sample: f64) -> u64 {
        let t = self.part.start_of(self.n) + (sample - self.at) / self.rate;
        self.part.program.pulses_before_from(t, self.part.into).min(own_pulses(&self.part))
    }

    /// Whether the program had ended by itself before a sample.
    pub(super) fn is_over(&self, sample: u64) -> bool {
        self.before(sample as f64) >= own_pulses(&self.part)
    }

    /// Pulses due in samples [from, to).
    pub(super) fn pulses(&self, from: f64, to: f64) -> u64 {
        self.before(to).saturating_sub(self.before(from))
    }

    /// Groups that were to begin in samples [from, to), none of them in an off-time. The clocks of stimulator and load may differ
    /// by what a hundredth of a period allows for.
    pub(super) fn groups(&self, from: f64, to: f64) -> u64 {
        let group = self.part.program.pulses_per_period();
        let spare = 0.01 * self.part.program.period() * self.rate;
        let begun = |sample: f64| self.before(sample).div_ceil(group);
        if to < from { 0 } else { begun(to + spare).saturating_sub(begun(from)) }
    }
}
