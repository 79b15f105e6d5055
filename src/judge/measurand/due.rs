//! What a train in progress was to deliver, had nothing ended it.

use crate::signal::{Part, Run};

use super::super::View;
use super::super::train::CLOCKS;
use super::event::Event;

/// Groups (pulses, pairs, bursts) that must have been due and absent to show that an output is off.
pub(super) const FEWEST: u64 = 3;

/// Pulses that a part of a train emits by itself; more than any where nothing but a stop ends it, or where an earlier program had
/// its share of the time, so that its length in seconds tells, and not this one's count.
pub(super) fn own_pulses(part: &Part<'_>) -> u64 {
    match part.program.run {
        Run::UntilStopped => u64::MAX,
        Run::Pulses(pulses) => pulses.saturating_sub(part.base),
        Run::Duration(_) if part.base > 0 => u64::MAX,
        Run::Duration(_) => part.program.pulse_limit().unwrap_or(u64::MAX),
    }
}

/// How long, s from its first pulse, the train of a part lasts by itself where no count of pulses tells; by a little less, as two
/// clocks differ, and by as much more.
pub(super) fn own_seconds(part: &Part<'_>) -> Option<(f64, f64)> {
    match part.program.run {
        // An earlier program had its share of the time, and its pulses their own number.
        Run::Duration(duration) if part.base > 0 => {
            Some((duration * (1.0 - CLOCKS), duration * (1.0 + CLOCKS)))
        }
        _ => None,
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
    /// When the duration of a program that took over from another ends, samples; by a little early, as two clocks differ.
    ends: f64,
}

impl<'a> Due<'a> {
    /// On from the last pulse before the event, or where none had come yet from the start.
    pub(super) fn of(view: &View<'a>, event: &Event<'a>) -> Self {
        Self::behind(view, event, event.t0).unwrap_or_else(|| Self {
            part: Part::first(event.program),
            n: 0,
            at: started(view, event).unwrap_or(event.t0) as f64,
            rate: view.rate(),
            ends: f64::INFINITY,
        })
    }

    /// On from the last pulse of the train that had begun by a sample; `None` where none had.
    pub(super) fn behind(view: &View<'a>, event: &Event<'a>, sample: u64) -> Option<Self> {
        let started = started(view, event);
        let rows = &view.contact.pulses;
        let last = rows.partition_point(|row| row.start() <= sample as f64).checked_sub(1)?;
        let row = rows.get(last).filter(|row| started.is_none_or(|at| row.at >= at))?;
        let placed = view.placed(&row)?;
        let program = &placed.segment.programmed;
        let part = Part { program, origin: 0.0, base: placed.number - placed.n, into: placed.into };
        let train = view.trains().iter().find(|train| train.contains(&last));
        let zero = train.and_then(|train| rows.get(train.start)).map(|first| first.start());
        let ends = zero
            .zip(own_seconds(&part))
            .map_or(f64::INFINITY, |(zero, (least, _))| zero + least * view.rate());
        Some(Self { part, n: placed.n, at: row.start(), rate: view.rate(), ends })
    }

    /// When the first pulse at or after a sample was due, samples; `None` where the program had ended by itself.
    pub(super) fn next(&self, sample: f64) -> Option<f64> {
        let n = self.before(sample);
        let later = self.part.start_of(n) - self.part.start_of(self.n);
        let at = self.at + later * self.rate;
        (n < own_pulses(&self.part) && at < self.ends).then_some(at)
    }

    /// Pulses due before a sample, since the part began.
    fn before(&self, sample: f64) -> u64 {
        let t = self.part.start_of(self.n) + (sample.min(self.ends) - self.at) / self.rate;
        self.part.program.pulses_before_from(t, self.part.into).min(own_pulses(&self.part))
    }

    /// Whether the program had ended by itself before a sample.
    pub(super) fn is_over(&self, sample: u64) -> bool {
        sample as f64 >= self.ends || self.before(sample as f64) >= own_pulses(&self.part)
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

/// The start of the train that an event met, samples.
fn started(view: &View<'_>, event: &Event<'_>) -> Option<u64> {
    view.begins().filter(|at| at.step < event.at.step).map(|at| at.sample).max()
}
