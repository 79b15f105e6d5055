//! How long a case stimulates.

use crate::scenario::{Action, Case};

/// Seconds from the first start to what ends the stimulation: the program's own duration or number of pulses, or the
/// case's stop, whichever comes first. `None` for a case that never starts.
pub fn seconds(case: &Case) -> Option<f64> {
    let mut since_start: Option<f64> = None;
    for step in &case.steps {
        match (&step.action, since_start.as_mut()) {
            (Action::Start, None) => since_start = Some(0.0),
            (Action::Wait(seconds) | Action::HostSilence(seconds), Some(so_far)) => *so_far += seconds,
            (Action::Stop, Some(_)) => break,
            _ => {}
        }
    }
    let until_stop = since_start?;
    let program = &case.program;
    let own = match program.run {
        crate::signal::Run::UntilStopped => return Some(until_stop),
        crate::signal::Run::Duration(seconds) => seconds,
        crate::signal::Run::Pulses(0) => 0.0,
        crate::signal::Run::Pulses(pulses) => program.start_of(pulses - 1) + program.period(),
    };
    // A default run has no waits of its own: the program's length is all there is.
    Some(if until_stop > 0.0 { own.min(until_stop) } else { own })
}
