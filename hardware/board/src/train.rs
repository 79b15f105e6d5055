//! A train of pulses in progress.

use crate::pulse::Step;
use crate::{Part, Place, Plan, Policy, Pulse};

/// A pulse that has begun.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Current {
    start: u64,
    pub(crate) pulse: Pulse,
    step: usize,
}

/// Which pulse comes when. Times in ticks of the board's timer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Train {
    pub(crate) plan: Plan,
    /// The amplitude as it was checked last, pA. All phases of a pulse have this one, and so has what is driven while nobody
    /// can check: a word that changes in between is looked at before the next pulse.
    pub(crate) amplitude: u64,
    /// The program from the next pulse on, loaded during the one in progress.
    waiting: Option<Plan>,
    period: u64,
    /// Start of the first pulse since the start.
    first: u64,
    /// Where the present program's time begins, the number of the pulse there, and how far into an on-time (without
    /// cycling: into the train) that was, ps.
    origin: u64,
    base: u64,
    into: u64,
    /// Number of the pulse in progress or next, since the start.
    pub(crate) number: u64,
    due: u64,
    /// When it is due by the program, whatever a policy makes of that: what a duration counts.
    planned: u64,
    pub(crate) current: Option<Current>,
    /// Ends behind the pulse in progress, or behind the last of those that are balanced together.
    pub(crate) stopping: bool,
    /// A fault ended it: it begins no other pulse, not even one that would balance the one in progress.
    pub(crate) faulted: bool,
    /// The pulse in progress or next is one too many.
    extra: bool,
    /// Whether it follows a program's ramp, which a change of program does not decide anew.
    ramps: bool,
}

impl Train {
    /// A train whose first pulse is due at `first`. Without `ramps` it is at its plateau at once.
    pub(crate) fn new(plan: Plan, period: u64, first: u64, ramps: bool) -> Self {
        Self {
            amplitude: plan.applied().amplitude,
            plan: if ramps { plan } else { plan.without_ramp() },
            waiting: None,
            period,
            first,
            origin: first,
            base: 0,
            into: 0,
            number: 0,
            due: first,
            planned: first,
            current: None,
            stopping: false,
            faulted: false,
            extra: false,
            ramps,
        }
    }

    /// When something happens next.
    pub(crate) fn next(&self) -> u64 {
        match &self.current {
            None => self.due,
            Some(current) => {
                let end = current.pulse.end();
                current.start.saturating_add(current.pulse.step(current.step).map_or(end, |step| step.at))
            }
        }
    }

    /// Whether the next pulse belongs to the program.
    pub(crate) fn emits(&self) -> bool {
        self.owes() || self.plan.emits(self.number, self.planned.saturating_sub(self.first))
    }

    /// Whether the next pulse takes back charge of those before it, so that the train cannot end here.
    pub(crate) fn owes(&self) -> bool {
        self.plan.owes(self.number - self.base)
    }

    /// The pulse that is due, unshaped.
    pub(crate) fn due_pulse(&self) -> Pulse {
        self.plan.pulse(self.number - self.base, self.into)
    }

    /// Where the pulse in progress or next stands.
    pub(crate) fn place(&self) -> Place {
        Place { number: self.number, part: self.plan.part(self.number - self.base) }
    }

    /// The pulse behind the one that is due (of a pair: the same one of the next pair), as long as the program does not change.
    pub(crate) fn next_pulse(&self) -> Pulse {
        let ahead = if self.place().part == Part::Whole { 1 } else { 2 };
        self.plan.pulse(self.number + ahead - self.base, self.into)
    }

    /// Begins a pulse.
    pub(crate) fn begin(&mut self, pulse: Pulse) {
        self.current = Some(Current { start: self.due, pulse, step: 0 });
    }

    /// The step that is due in the pulse in progress; the one behind it is next.
    pub(crate) fn take_step(&mut self) -> Option<Step> {
        let current = self.current.as_mut()?;
        let step = current.pulse.step(current.step);
        current.step += 1;
        step
    }

    /// Whether the pulse in progress has no steps left.
    pub(crate) fn pulse_is_over(&self) -> bool {
        self.current.as_ref().is_some_and(|current| current.pulse.step(current.step).is_none())
    }

    /// Ends the pulse in progress and looks for the next, no earlier than `now`.
    pub(crate) fn end_pulse(&mut self, now: u64, policy: &mut impl Policy) {
        let begun = self.current.take().map_or(now, |current| current.start);
        let offset = self.plan.start(self.number + 1 - self.base, self.period, self.into);
        let next = self.origin.saturating_add(offset);
        self.extra = !self.extra && policy.repeats(self.number);
        if self.extra {
            self.due = (begun + next.saturating_sub(begun) / 2).max(now);
            self.planned = self.due;
            return;
        }
        self.number += 1;
        self.due = next;
        self.planned = next;
        if self.plan.begins_group(self.number - self.base)
            && let Some(plan) = self.waiting.take()
        {
            self.change(plan, policy);
        }
        self.due = policy.instant(self.place(), self.due).max(now);
    }

    /// Another program, from the next pulse (burst, pair) on; that pulse keeps its instant.
    pub(crate) fn change(&mut self, plan: Plan, policy: &impl Policy) {
        if self.current.is_some() || self.extra || !self.plan.begins_group(self.number - self.base) {
            self.waiting = Some(plan);
            return;
        }
        let elapsed = self.plan.elapsed(self.number - self.base, self.period, self.into);
        self.into = if plan.continues(&self.plan) { elapsed } else { 0 };
        self.plan = if self.ramps { plan } else { plan.without_ramp() };
        self.amplitude = plan.applied().amplitude;
        self.period = policy.period(plan.applied().period);
        // Wherever a policy moves that pulse, those behind it are counted from where it is planned.
        self.origin = self.planned;
        self.base = self.number;
    }
}
