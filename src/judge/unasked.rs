//! What the pulses show that no check of the case asks for.

use crate::measure::Recording;
use crate::scenario::{Action, Case, Check, Criterion, Measurand, Step};

use super::{Facts, units};

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
    let figure = |measurand: Measurand| {
        let check = Check::new(measurand, Criterion::Equals(0.0));
        let found = units(case, facts, recording, &check).ok()?;
        found.first().map(|unit| unit.measured.value).filter(|count| *count > 0.0 && !counted(measurand))
    };
    let missing = figure(Measurand::MissingPulses).map(|count| {
        format!(
            "programmed pulses that did not come: {count} (`missing_pulses: {{ equals: 0 }}` would judge it)"
        )
    });
    let extra = figure(Measurand::ExtraPulses).map(|count| {
        format!("pulses at no programmed instant, or only parts of one: {count} (`extra_pulses: {{ equals: 0 }}` would judge it)")
    });
    missing.into_iter().chain(extra).collect()
}
