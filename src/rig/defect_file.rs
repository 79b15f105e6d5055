//! `defects:` of a simulated bench, lowered.

use crate::quantity::Dimension;
use crate::source::{At, nearest};

use super::{Defect, DefectKind, DefectValue};

/// What a defect's value is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum ValueKind {
    Flag,
    Amount(Dimension),
    Every,
    Contact,
    TwoContacts,
    Stuck,
}

/// The catalogue's value kinds.
pub(super) fn value_kind(kind: DefectKind) -> ValueKind {
    use DefectKind as D;
    match kind {
        D::GainError
        | D::PhaseMismatch
        | D::WidthError
        | D::SecondPhaseWidthError
        | D::RateError
        | D::ShareError
        | D::Overshoot
        | D::Droop
        | D::CycleError
        | D::Crosstalk
        | D::ClockError
        | D::CorruptReplies
        | D::DropsReplies => ValueKind::Amount(Dimension::Ratio),
        D::OffsetCurrent | D::DcLeakage => ValueKind::Amount(Dimension::Current),
        D::PeriodJitter | D::SlowShutdown | D::WatchdogSlow | D::SlowEdges | D::GapError | D::StartDelay => {
            ValueKind::Amount(Dimension::Time)
        }
        D::ComplianceLow => ValueKind::Amount(Dimension::Voltage),
        D::BurstCountError => ValueKind::Amount(Dimension::Number),
        D::MissingRecoveryEvery | D::MissingPulseEvery | D::ExtraPulseEvery => ValueKind::Every,
        D::DeadChannel => ValueKind::Contact,
        D::SwappedContacts => ValueKind::TwoContacts,
        D::RechargeStuck => ValueKind::Stuck,
        D::TruncatedPulseOnStop
        | D::IgnoresOpenLead
        | D::IgnoresShortLead
        | D::WrongFaultCode
        | D::NoLatch
        | D::RestartsAtFullAmplitude
        | D::WatchdogDisabled
        | D::CapNotEnforced
        | D::RampStep
        | D::StopIgnored
        | D::PolarityReversed
        | D::RampBetweenPhases
        | D::StopBetweenPhases
        | D::CapClampsSilently
        | D::BlockingCapacitorShorted
        | D::BrownOutGlitch
        | D::MemoryUnchecked => ValueKind::Flag,
    }
}

impl DefectKind {
    /// What its size is measured in; `None` for a defect without a size.
    pub fn dimension(self) -> Option<Dimension> {
        match value_kind(self) {
            ValueKind::Amount(dimension) => Some(dimension),
            _ => None,
        }
    }
}

/// Adds the defects of a map to those a bench has; a defect named again takes the new value.
pub(super) fn lower(at: &At<'_>, defects: &mut Vec<Defect>) -> Option<()> {
    for (key, at) in at.entries()? {
        let Some(kind) = DefectKind::ALL.iter().copied().find(|kind| kind.name() == key.text) else {
            let names = DefectKind::ALL.iter().map(|kind| kind.name());
            let help = nearest(&key.text, names).map_or_else(
                || "the catalogue is in rig/README.md".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            at.key_error(&format!("there is no defect `{}`", key.text), Some(&help));
            continue;
        };
        let Some(value) = value(kind, &at) else { continue };
        defects.retain(|defect| defect.kind != kind);
        // A flag that is `false` is a defect taken away.
        defects.extend(value.map(|value| Defect { kind, value }));
    }
    Some(())
}

/// The value; the inner `None` is a flag that is off.
fn value(kind: DefectKind, at: &At<'_>) -> Option<Option<DefectValue>> {
    let value = match value_kind(kind) {
        ValueKind::Flag => return at.flag().map(|on| on.then_some(DefectValue::Flag)),
        ValueKind::Amount(dimension) => DefectValue::Amount(amount(kind, dimension, at)?),
        ValueKind::Every => DefectValue::Every(u32::try_from(at.count(1)?).unwrap_or(u32::MAX)),
        ValueKind::Contact => DefectValue::Names(vec![at.text()?.to_owned()]),
        ValueKind::Stuck => {
            let word = at.word("a way to be stuck", &[("open", "open"), ("closed", "closed")])?;
            DefectValue::Names(vec![word.to_owned()])
        }
        ValueKind::TwoContacts => {
            let names: Vec<String> = at.list()?.iter().filter_map(At::text).map(str::to_owned).collect();
            if names.len() != 2 {
                at.error("two contacts are swapped", Some("such as `[e1, e2]`"));
                return None;
            }
            DefectValue::Names(names)
        }
    };
    Some(Some(value))
}

fn amount(kind: DefectKind, dimension: Dimension, at: &At<'_>) -> Option<f64> {
    use DefectKind as D;
    match kind {
        // A share of replies, a delay, a total or a spread cannot be negative; an error added to a value can.
        D::CorruptReplies | D::DropsReplies => {
            let share = at.not_negative(dimension)?;
            if share > 1.0 {
                at.error("at most all replies, 100 %", None);
            }
            Some(share)
        }
        D::SlowShutdown
        | D::WatchdogSlow
        | D::StartDelay
        | D::SlowEdges
        | D::PeriodJitter
        | D::ComplianceLow => at.not_negative(dimension),
        // A clock that stands still, or a time of no length, would never end.
        D::ClockError | D::RateError | D::WidthError | D::SecondPhaseWidthError | D::CycleError => {
            let size = at.quantity(dimension)?;
            if dimension == Dimension::Ratio && size <= -1.0 {
                at.error("nothing is left of it at -100 %", Some("state a smaller error"));
                return None;
            }
            Some(size)
        }
        _ => at.quantity(dimension),
    }
}
