//! What one record must hold, for a load that takes records instead of a stream.

use crate::quantity::{Dimension, engineering};
use crate::rig::Rig;
use crate::source::Diagnostic;

use super::super::{Case, Timeline};

/// Rest that is recorded before the first pulse: `residual_voltage` and every baseline look back on it, s.
const BEFORE: f64 = 0.02;
/// After the last step: a stop may complete the pulse in progress, then the output must be seen quiet, s.
const ALLOWANCE: f64 = 0.1;
const QUIET: f64 = 0.1;
/// Commands take their time on the host's clock: so much, and so large a part of the case, s.
const LATE: (f64, f64) = (0.1, 0.01);

/// One record of a case.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RecordPlan {
    /// Before the trigger, s.
    pub before: f64,
    /// From there on, s.
    pub after: f64,
    /// The current on the main contact that starts it, A, with its sign; `None` starts it at once.
    pub trigger: Option<f64>,
}

impl RecordPlan {
    /// Of a case: from before its first pulse to after its last.
    pub fn of(case: &Case) -> Self {
        let timeline = Timeline::of(&case.steps);
        let tail = ALLOWANCE + QUIET.max(case.longest_silence());
        let program = &case.program;
        // A ramp begins below any level that its plateau crosses.
        let phase = program
            .ramp
            .is_none()
            .then(|| program.pulse(0))
            .and_then(|pulse| pulse.phases().first().copied());
        let trigger = phase.map(|phase| -0.5 * phase.current * program.share_of(program.main_contact()));
        let trigger = trigger.filter(|level| *level != 0.0 && timeline.start.is_some());
        let from = if trigger.is_some() { timeline.start.unwrap_or(0.0) } else { 0.0 };
        let length = timeline.end - from + tail;
        Self { before: BEFORE, after: length + LATE.0 + LATE.1 * length, trigger }
    }

    /// Its length, s.
    pub fn length(&self) -> f64 {
        self.before + self.after
    }
}

/// Refuses a case that is longer than a record.
pub(super) fn check(case: &Case, rig: &Rig, problems: &mut Vec<Diagnostic>) {
    let Some(spec) = rig.capabilities.record else { return };
    let (needs, holds) = (RecordPlan::of(case).length(), spec.memory as f64 / spec.sample_rate);
    if needs <= holds {
        return;
    }
    let time = |value| engineering(value, Dimension::Time, 3);
    let what = format!(
        "the case needs a record of {}, and rig `{}` holds {}: {} samples at {}",
        time(needs),
        rig.name,
        time(holds),
        spec.memory,
        engineering(spec.sample_rate, Dimension::Frequency, 3)
    );
    let key = ["duration", "pulses", "steps"].into_iter().find(|key| case.places.has(key));
    let help = "run shorter, or change `load.memory` or `load.sample_rate` in the rig file";
    problems.push(case.places.find(key.unwrap_or("program.rate")).error(&what, Some(help)));
}
