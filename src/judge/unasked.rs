//! What the pulses show that no check of the case asks for.

use crate::measure::Recording;
use crate::scenario::{Action, Case, Check, Criterion, Measurand, Step};

use super::{Facts, Reason, View, measurand};

/// Remarks on what a reader of the checks alone would not expect: programmed pulses that did not come, pulses that nobody
/// programmed. Most measurands are about the pulses that came, however few; a train that broke off may pass them all.
pub fn unasked(case: &Case, facts: &Facts, recording: &Recording) -> Vec<String> {
    // A fault, and what a probe does, may end a train as it should.
    let ends = |step: &Step| step.action.is_fault() || matches!(step.action, Action::Probe(_));
    if case.steps.iter().any(ends) || case.checks.iter().any(|check| check.after.is_some()) {
        return Vec::new();
    }
    let counted = |measurand: Measurand| {
        case.checks
            .iter()
            .any(|check| check.measurand == measurand || check.measurand == Measurand::PulseCount)
    };
    let check = Check::new(Measurand::MissingPulses, Criterion::Equals(0.0));
    let unmatched = View::new(case, facts, recording, &check).and_then(|view| measurand::unmatched(&view));
    let (missing, extra) = match unmatched {
        Ok(unmatched) => unmatched,
        // Nor does a check that looks at no pulse say that one did not end.
        Err(reason @ Reason::StayedOn { .. }) => return vec![reason.to_string()],
        Err(_) => return Vec::new(),
    };
    let found = [
        (Measurand::MissingPulses, missing, "programmed pulses that did not come"),
        (Measurand::ExtraPulses, extra, "pulses at no programmed instant, or only parts of one"),
    ];
    let unasked = found.into_iter().filter(|(measurand, count, _)| *count > 0 && !counted(*measurand));
    unasked
        .map(|(measurand, count, what)| {
            format!("{what}: {count} (`{}: {{ equals: 0 }}` would judge it)", measurand.name())
        })
        .collect()
}
