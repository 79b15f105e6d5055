//! A train that ends by itself is not there any more when the stop comes.

use crate::signal::Run;

use super::super::{Action, Measurand, step_duration};
use super::Rule;

impl Rule<'_> {
    /// A check of what a stop ends is about a stop that finds something running.
    pub(super) fn ended(&self) {
        let of_stops = matches!(self.check.measurand, Measurand::StopLatency | Measurand::NoTruncatedPulse);
        if !of_stops || self.check.after.is_some() {
            return;
        }
        let steps = self.case.steps.iter().enumerate();
        let stops = steps.filter(|(_, step)| step.action == Action::Stop);
        let ended: Vec<bool> = stops.map(|(stop, _)| self.ended_before(stop)).collect();
        // Each of them is judged, and one that finds something running is enough.
        if !ended.is_empty() && ended.iter().all(|ended| *ended) {
            let what =
                format!("the train ends by itself before `stop`: `{}` could judge nothing", self.name());
            let help = "write `steps` with a `wait` and a `stop`, without `duration` and `pulses`";
            self.error("", &what, Some(help));
        }
    }

    /// Whether what runs at a step has ended by its own duration or number of pulses.
    pub(super) fn ended_before(&self, stop: usize) -> bool {
        let before = self.case.steps.iter().take(stop).rev();
        let since = before.take_while(|step| step.action != Action::Start);
        let passed: f64 = since.map(|step| step_duration(&step.action)).sum();
        let program = self.case.in_force(stop);
        let last = match program.run {
            Run::UntilStopped => return false,
            Run::Duration(seconds) => seconds + program.pulse(0).end(),
            Run::Pulses(pulses) => program.pulse(pulses.saturating_sub(1)).end(),
        };
        last < passed
    }
}
