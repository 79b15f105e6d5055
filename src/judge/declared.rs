//! A fault that the stimulator declared though nothing gave it one.

use crate::scenario::{Action, Case, FaultCode};

use super::{Facts, Reason};

/// What takes a pass away: a fault declared after the first start and before anything that may bring one about (a fault of the
/// case, a probe, an instant that a check asks what came after). A stimulator that declares one no longer delivers its program,
/// so pulses that came before show little of it; a fault of the bench may be behind it as well.
///
/// # Errors
/// [`Reason::Declared`].
pub(super) fn unprovoked(case: &Case, facts: &Facts, rate: f64) -> Result<(), Reason> {
    let started = facts.instants_of(case, |action| *action == Action::Start).next();
    let Some(started) = started else { return Ok(()) };
    let action = |step: usize| case.steps.get(step).map(|step| &step.action);
    let asked = |step: usize| {
        case.checks
            .iter()
            .any(|check| check.after.as_deref().is_some_and(|name| case.step_of(name) == Some(step)))
    };
    let provokes = |step: usize| {
        asked(step)
            || action(step).is_some_and(|action| action.is_fault() || matches!(action, Action::Probe(_)))
    };
    let until = facts.instants.iter().find(|at| provokes(at.step)).map_or(u64::MAX, |at| at.sample);
    let declared = facts
        .statuses
        .iter()
        .find(|status| (started.sample..until).contains(&status.sample) && status.fault != FaultCode::None);
    match declared {
        None => Ok(()),
        Some(status) => Err(Reason::Declared { fault: status.fault, at: status.sample as f64 / rate }),
    }
}
