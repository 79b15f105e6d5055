//! A train of pulses in progress.

use crate::pulse::Step;
use crate::{Plan, Pulse};

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
    /// The program from the next pulse on, loaded during the one in progress.
    waiting: Option<Plan>,
    period: u64,
    /// Start of the first pulse since the start.
    first: u64,
    /// Where the present program's time begins, and the number of the pulse there.
    origin: u64,
    base: u64,
    /// Number of the pulse in progress or next, since the start.
    pub(crate) number: u64,
    due: u64,
    pub(crate) current: Option<Current>,
    /// Ends behind the pulse in progress.
    pub(crate) stopping: bool,
}

impl Train {
    pub(crate) fn new(plan: Plan, period: u64, first: u64) -> Self {
        Self {
            plan,
            waiting: None,
            period,
            first,
            origin: first,
            base: 0,
            number: 0,
            due: first,
            current: None,
            stopping: false,
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
        self.plan.emits(self.number, self.due.saturating_sub(self.first))
    }

    /// The pulse that is due, unshaped.
    pub(crate) fn due_pulse(&self) -> Pulse {
        self.plan.pulse(self.number - self.base, self.number)
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
    pub(crate) fn end_pulse(&mut self, now: u64, period_of: impl Fn(u64) -> u64) {
        self.current = None;
        self.number += 1;
        let offset = self.plan.start(self.number - self.base, self.period);
        self.due = self.origin.saturating_add(offset).max(now);
        if let Some(plan) = self.waiting.take() {
            self.change(plan, period_of);
        }
    }

    /// Another program, from the next pulse on; that pulse keeps its instant.
    pub(crate) fn change(&mut self, plan: Plan, period_of: impl Fn(u64) -> u64) {
        if self.current.is_some() {
            self.waiting = Some(plan);
        } else {
            self.plan = plan;
            self.period = period_of(plan.applied().period);
            self.origin = self.due;
            self.base = self.number;
        }
    }
}
