//! When things happen, as far as the steps alone say.

use super::{Action, Case, Fault, Step};

/// Scenario time of each step and named instant, s from the first step.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeline {
    /// Named instants: name, time, index of the step.
    pub instants: Vec<(String, f64, usize)>,
    /// First start.
    pub start: Option<f64>,
    /// Where a check without `in:` ends: the first fault that interrupts, else the first stop, else the end.
    pub default_end: f64,
    /// End of the last step.
    pub end: f64,
}

impl Timeline {
    /// Of the steps of a case.
    pub fn of(steps: &[Step]) -> Self {
        let mut timeline = Self { instants: Vec::new(), start: None, default_end: f64::INFINITY, end: 0.0 };
        let mut stop = None;
        for (index, step) in steps.iter().enumerate() {
            let now = timeline.end;
            let mut name = |name: &str| timeline.instants.push((name.to_owned(), now, index));
            match &step.action {
                Action::Start if timeline.start.is_none() => {
                    timeline.start = Some(now);
                    name("start");
                }
                Action::Stop if stop.is_none() => {
                    stop = Some(now);
                    name("stop");
                }
                _ => {}
            }
            if let Some(own) = &step.name {
                timeline.instants.push((own.clone(), now, index));
            }
            if interrupts(&step.action) {
                timeline.default_end = timeline.default_end.min(now);
            }
            timeline.end += duration(&step.action);
        }
        timeline.default_end = timeline.default_end.min(stop.unwrap_or(timeline.end));
        timeline
    }

    /// Time of an instant; `settled` depends on the phantom and has none here.
    pub fn time(&self, name: &str) -> Option<f64> {
        self.instants.iter().find(|(own, ..)| own == name).map(|(_, time, _)| *time)
    }

    /// The step that names an instant.
    pub fn step<'c>(&self, case: &'c Case, name: &str) -> Option<&'c Step> {
        let (.., index) = self.instants.iter().find(|(own, ..)| own == name)?;
        case.steps.get(*index)
    }
}

/// How long a step takes in scenario time, s.
pub fn duration(action: &Action) -> f64 {
    match action {
        Action::Wait(seconds) | Action::HostSilence(seconds) => *seconds,
        _ => 0.0,
    }
}

/// True for what ends normal stimulation.
pub fn interrupts(action: &Action) -> bool {
    let fault = |fault: &Fault| {
        matches!(
            fault,
            Fault::OpenLead { .. } | Fault::ShortLead { .. } | Fault::BrownOut { .. } | Fault::CoreHalt
        )
    };
    match action {
        Action::Inject(injected) => fault(injected),
        Action::HostSilence(_) => true,
        _ => false,
    }
}
