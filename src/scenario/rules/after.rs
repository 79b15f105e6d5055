//! What follows a fault or a stop is recorded long enough to be judged.

use crate::quantity::{Dimension, engineering};
use crate::signal::Program;

use super::super::{Action, Criterion, Fault, Measurand};
use super::Rule;

/// By how much later than it was asked for a relay may switch, s: the time to a stop is that much shorter.
pub(super) const RELAY: f64 = 5e-3;

fn time(seconds: f64) -> String {
    engineering(seconds, Dimension::Time, 4)
}

impl Rule<'_> {
    /// What follows a fault is recorded long enough, and could have gone wrong.
    pub(super) fn after_fault(&self) {
        match self.check.measurand {
            Measurand::RestartRefused => return self.restart(),
            Measurand::NoTruncatedPulse if self.check.after.is_none() => {
                if !self.case.steps.iter().any(|step| step.action == Action::Stop) {
                    self.error("", "no step stops the stimulation", Some("name another instant by `after`"));
                }
                return;
            }
            _ => {}
        }
        let Some(from) = self.check.after.as_deref().and_then(|after| self.timeline.time(after)) else {
            return;
        };
        let recorded = self.timeline.end - from;
        if let Some(hold) = self.check.hold {
            self.hold(hold, recorded);
            if hold <= recorded + 1e-9 {
                self.unstopped(hold);
            }
        }
        if self.check.measurand == Measurand::ShutdownLatency {
            self.quiet(recorded);
            self.due();
        }
    }

    /// The first `stop` behind the check's instant: how long after it, s. What is quiet from there on is the host's doing.
    fn stopped(&self) -> Option<f64> {
        self.until(&Action::Stop)
    }

    /// From the check's instant to the first such step behind it, s.
    fn until(&self, action: &Action) -> Option<f64> {
        let step = self.case.step_of(self.check.after.as_deref()?)?;
        let behind = self.case.steps.iter().skip(step + 1).position(|step| step.action == *action)?;
        let between = self.case.steps.iter().skip(step).take(behind + 1);
        Some(between.map(|step| super::super::step_duration(&step.action)).sum())
    }

    /// Whether the steps had started a train that runs at the check's instant, and how long before, s.
    fn running(&self) -> Option<f64> {
        let step = self.case.step_of(self.check.after.as_deref()?)?;
        let mut passed = 0.0;
        for step in self.case.steps.iter().take(step).rev() {
            match &step.action {
                Action::Start => return Some(passed),
                Action::Stop => return None,
                action => passed += super::super::step_duration(action),
            }
        }
        None
    }

    /// The host does not itself end what is to stay off, nor begin it again.
    fn unstopped(&self, hold: f64) {
        let limit = match self.check.measurand {
            Measurand::StaysOff => self.case.shutdown_limit(self.check.after.as_deref()),
            _ => None,
        };
        let need = hold + limit.unwrap_or(0.0);
        if self.check.measurand == Measurand::StaysOff
            && let Some(started) = self.until(&Action::Start).filter(|started| *started < need - 1e-9)
        {
            let what = format!(
                "`start` comes {} after that instant, within the {} that are judged: what it begins does not stay off",
                time(started),
                time(need)
            );
            self.warning("for", &what, Some("start later, or judge a shorter time"));
        }
        if self.running().is_some()
            && let Some(stopped) = self.stopped().filter(|stopped| *stopped < need + RELAY)
        {
            let what = format!(
                "`stop` comes {} after that instant, within the {} that are judged and the {} that a relay may take: what is quiet from there on shows nothing",
                time(stopped),
                time(need),
                time(RELAY)
            );
            self.warning("for", &what, Some("stop later"));
        }
    }

    /// Behind the limit and before the host stops, pulses are due that can be absent.
    fn due(&self) {
        let Criterion::AtMost(limit) = self.check.criterion else { return };
        let (Some(running), Some(stopped)) = (self.running(), self.stopped()) else { return };
        let program = self.in_force();
        let before = |t: f64| program.pulses_before(running + t).div_ceil(program.pulses_per_period());
        let due = before(stopped).saturating_sub(before(limit));
        if due < 3 {
            let what = format!(
                "only {due} pulses are due between the limit of {} and `stop`, {} after that instant: at least 3 must be absent to show that the output is off",
                time(limit),
                time(stopped)
            );
            self.warning("at_most", &what, Some("stop later, or let it happen early in an on-time"));
        }
    }

    /// `for` is long enough to prove something, and there is as much record.
    fn hold(&self, hold: f64, recorded: f64) {
        let program = self.in_force();
        let period = program.period();
        match self.check.measurand {
            Measurand::StaysOff if hold < 3.0 * period - 1e-9 => {
                let what = format!(
                    "{} hold fewer than 3 periods of {}: silence that short proves nothing",
                    time(hold),
                    time(period)
                );
                self.error("for", &what, None);
            }
            Measurand::StaysOff if hold < self.silence() - 1e-9 => {
                let what = format!(
                    "a train that goes on may be silent for {} by its program: {} prove nothing",
                    time(self.silence()),
                    time(hold)
                );
                self.error("for", &what, Some("judge a longer time"));
            }
            Measurand::PulsesAfterFault => {
                let due = (hold / period * program.pulses_per_period() as f64 - 1e-9).ceil();
                let allowed = match self.check.criterion {
                    Criterion::AtMost(limit) | Criterion::Magnitude(limit) | Criterion::Between(_, limit) => {
                        limit
                    }
                    _ => 0.0,
                };
                let help = Some("judge a longer time, or leave `for` out");
                if hold < period - 1e-9 {
                    let what =
                        format!("in {} no pulse need be due: a period is {}", time(hold), time(period));
                    self.error("for", &what, help);
                } else if allowed >= due {
                    let what =
                        format!("{} hold no more than {due} pulses, so this could never fail", time(hold));
                    self.error("for", &what, help);
                }
            }
            _ => {}
        }
        if hold > recorded + 1e-9 {
            let what = format!(
                "only {} follow that instant, less than the {} to be judged",
                time(recorded),
                time(hold)
            );
            self.error("for", &what, Some("add a `wait` step"));
        }
    }

    /// The longest that the train in force at the check's instant is silent, s.
    fn silence(&self) -> f64 {
        self.in_force().longest_rest()
    }

    /// The program in force at the check's instant.
    fn in_force(&self) -> &Program {
        let step = self.check.after.as_deref().and_then(|after| self.case.step_of(after)).unwrap_or(0);
        self.case.in_force(step)
    }

    /// A shutdown is something that runs and then is quiet.
    fn quiet(&self, recorded: f64) {
        let Some(step) = self.check.after.as_deref().and_then(|after| self.case.step_of(after)) else {
            return;
        };
        if !self.case.steps.get(step).is_some_and(|step| step.action.is_fault()) {
            return;
        }
        let before = self.case.steps.iter().take(step).rev();
        let last =
            before.map(|step| &step.action).find(|action| matches!(action, Action::Start | Action::Stop));
        if last != Some(&Action::Start) {
            self.error("after", "nothing runs at that instant, so nothing could be seen to end", None);
        }
        let quiet = self.silence().max(0.1);
        // A start ends it, like the record.
        let recorded = self.until(&Action::Start).map_or(recorded, |started| started.min(recorded));
        if recorded < quiet - 1e-9 {
            let what = format!(
                "only {} follow that instant{}, less than the quiet interval of {} that ends a shutdown",
                time(recorded),
                if self.until(&Action::Start).is_some() { " before the next `start`" } else { "" },
                time(quiet)
            );
            self.warning("after", &what, Some("add a `wait` step"));
        }
    }

    /// The start that must be refused is sent 100 ms or three periods and an off-time after the fault, and watched for as long.
    fn restart(&self) {
        let Some(index) = self.case.refusing_fault(self.check) else {
            self.error("", "there is no fault that could keep a start from being taken", None);
            return;
        };
        let Some(step) = self.case.steps.get(index) else { return };
        if !step.action.is_fault() {
            return;
        }
        let quiet = self.case.in_force(index).longest_rest().max(0.1);
        let lasting = match &step.action {
            Action::Inject(Fault::BrownOut { duration }) => *duration,
            Action::Inject(Fault::CoreHalt) => self.case.halted_for(index),
            _ => 0.0,
        };
        let mut passed = 0.0;
        let mut ended_by = "the end of the steps";
        let silence = if let Action::HostSilence(_) = step.action { 0.0 } else { lasting };
        for step in self.case.steps.iter().skip(index + 1) {
            match &step.action {
                Action::Start => ended_by = "`start`",
                Action::Stop => ended_by = "`stop`",
                Action::Acknowledge => ended_by = "`acknowledge`",
                action => {
                    passed += super::super::step_duration(action);
                    continue;
                }
            }
            break;
        }
        let needed = silence + 2.0 * quiet;
        if passed < needed - 1e-9 {
            let what = format!(
                "{ended_by} comes {} after the fault; the start that must be refused is sent {} after it and watched for {}",
                time(passed),
                time(silence + quiet),
                time(quiet)
            );
            self.error("", &what, Some("add a `wait` step"));
        }
    }
}
