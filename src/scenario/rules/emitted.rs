//! What is due in a window at most: trains begin at their starts, not where a window opens.

use crate::signal::{Program, Run};

use super::super::{Action, Measurand, step_duration};
use super::Rule;

/// By how much later than the steps alone say a host may act, s: a window may hold what is due so much beyond its ends.
const LATE: f64 = 10e-3;

/// What a window holds at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Emitted {
    /// Pulses, those of bursts and pairs singly.
    pub(super) pulses: u64,
    /// Pulses, pairs or bursts that begin.
    pub(super) groups: u64,
    /// Of these the most that follow each other under one program without an off-time.
    pub(super) run: u64,
}

impl Emitted {
    /// So many, and no reason to count closer.
    pub(super) fn of(pulses: u64) -> Self {
        Self { pulses, groups: u64::MAX, run: u64::MAX }
    }
}

impl Rule<'_> {
    /// What the trains of the case emit from `from` to `to` (s from the first step) at most. A fault that ends one earlier is
    /// not asked for here.
    pub(super) fn emitted(&self, from: f64, to: f64) -> Emitted {
        let mut most = Emitted::default();
        for train in self.case.trains() {
            let programs = train.written();
            let parts = train.parts(&programs);
            // What balances earlier pulses is finished behind the end, which the stimulator itself finds of a duration.
            let last = programs.last();
            let finished = last.filter(|last| last.balances_together()).map_or(0.0, Program::period);
            let own = last.map_or(f64::INFINITY, |last| match last.run {
                Run::Duration(seconds) => seconds + finished,
                _ => f64::INFINITY,
            });
            let opens = from - train.start - LATE;
            let closes = (to - train.start).min(train.length + finished) + LATE;
            let ends = parts.iter().skip(1).map(|next| next.origin).chain([own]);
            for (part, end) in parts.iter().zip(ends) {
                let (program, per_group) = (part.program, part.program.pulses_per_period());
                let before = |t: f64| program.pulses_before_from(t - part.origin, part.into);
                let limit = match program.run {
                    Run::Pulses(pulses) => pulses.saturating_sub(part.base),
                    _ => u64::MAX,
                };
                let (first, last) = (before(opens).min(limit), before(closes.min(end)).min(limit));
                // A group that is cut where the window opens is none that begins in it.
                let groups = last.div_ceil(per_group).saturating_sub(first.div_ceil(per_group));
                let run = program.groups_per_on().map_or(groups, |on| on.min(groups));
                most.pulses = most.pulses.saturating_add(last.saturating_sub(first));
                most.groups = most.groups.saturating_add(groups);
                most.run = most.run.max(run);
            }
        }
        most
    }

    /// Whether a start comes without a stop before it: it begins anew what a fault has ended, and the steps alone do not say
    /// whether one has.
    pub(super) fn begins_anew(&self) -> bool {
        let mut running = false;
        self.case.steps.iter().any(|step| match step.action {
            Action::Start => std::mem::replace(&mut running, true),
            Action::Stop => {
                running = false;
                false
            }
            _ => false,
        })
    }

    /// Where a ramp is timed, a train comes to its plateau before its program changes or it is stopped.
    pub(super) fn comes_to_a_plateau(&self) {
        if self.check.measurand != Measurand::RampDuration || self.begins_anew() {
            return;
        }
        let trains = self.case.trains();
        let mut ramps = trains.iter().filter_map(|train| {
            let first = train.programs.first()?.program;
            let until = train.programs.get(1).map_or(train.length, |changed| changed.at);
            // A train that ends on its ramp fails, and is no mistake of the check.
            let changed = train.programs.len() > 1;
            first.ramp.map(|ramp| !changed || until + LATE + 0.5 * first.period() >= ramp.up)
        });
        let any = ramps.next();
        if any == Some(false) && !ramps.any(|comes| comes) {
            let what = "`ramp_duration` could judge nothing: each ramp's program changes before its plateau";
            self.error("", what, Some("change it later"));
        }
    }

    /// Where a ramp is looked for in a window of its own, one lies in it: with on- and off-times another begins in each.
    pub(super) fn holds_a_ramp(&self) {
        let of_ramps = matches!(self.check.measurand, Measurand::RampDuration | Measurand::RampError);
        if !of_ramps || self.check.window.is_none() || self.begins_anew() {
            return;
        }
        let Some((from, to)) = self.span() else { return };
        // It is timed from its first pulse on, and followed as far as it lasts.
        let timed = self.check.measurand == Measurand::RampDuration;
        let trains = self.case.trains();
        let mut ramps = trains.iter().filter_map(|train| {
            let programs = || train.programs.iter().map(|written| written.program);
            let lasts = programs().filter_map(|program| program.ramp).map(|ramp| ramp.up).reduce(f64::max)?;
            let anew = !timed && programs().any(|program| program.cycle.is_some());
            let ends = train.start + if timed { LATE } else { lasts + LATE };
            Some(train.start < to && (anew || ends > from))
        });
        let any = ramps.next();
        if any == Some(false) && !ramps.any(|lies| lies) {
            let what = if timed { "no train begins in its window" } else { "no ramp lies in its window" };
            let what = format!("`{}` could judge nothing: {what}", self.check.measurand.name());
            self.error("in", &what, Some("a change of program goes on where the ramp was"));
        }
    }

    /// What a stop ends is seen to be quiet before it begins again.
    pub(super) fn ended_before_it_begins_again(&self) {
        if self.check.measurand != Measurand::StopLatency {
            return;
        }
        let asked = self.check.after.as_deref().and_then(|after| self.case.step_of(after));
        for (stop, step) in self.case.steps.iter().enumerate() {
            if step.action != Action::Stop || asked.is_some_and(|asked| asked != stop) || !self.ends(stop) {
                continue;
            }
            let behind = self.case.steps.iter().skip(stop + 1);
            let mut pause = 0.0;
            let started = behind.map(|step| &step.action).any(|action| {
                pause += step_duration(action);
                *action == Action::Start
            });
            let quiet = self.case.in_force(stop).longest_rest().max(0.1);
            if started && pause < quiet - 1e-9 {
                let what = format!(
                    "`start` comes {} after a stop, less than the quiet interval of {} that shows its end",
                    super::evidence::time(pause),
                    super::evidence::time(quiet)
                );
                self.error("", &what, Some("start later, or name another stop by `after`"));
                return;
            }
        }
    }

    /// Whether a stop finds a train that was started, and that neither a fault nor the program has ended before.
    fn ends(&self, stop: usize) -> bool {
        let mut before = self.case.steps.iter().take(stop).rev().map(|step| &step.action);
        let ends = |action: &&Action| matches!(action, Action::Start | Action::Stop) || action.is_fault();
        before.find(ends) == Some(&Action::Start) && !self.ended_before(stop)
    }
}
