//! What can be deliberately wrong with the simulated stimulator: in its output stage, its decisions, or its wire.
//!
//! None of it is in the board, which holds the right behaviour only; here it is bent from outside.

mod contacts;
mod decisions;
mod latch;
mod shape;
mod stage;
mod timing;
mod wire;

pub(super) use decisions::Bent;
pub(super) use latch::Relapse;
pub(super) use stage::{StageDefects, StopCut};
pub(super) use wire::WireDefects;

use crate::rig::{Defect, DefectKind};

/// The defects that are modelled.
const MODELLED: &[DefectKind] = &[
    DefectKind::GainError,
    DefectKind::OffsetCurrent,
    DefectKind::PhaseMismatch,
    DefectKind::SecondPhaseWidthError,
    DefectKind::WidthError,
    DefectKind::RateError,
    DefectKind::MissingPulseEvery,
    DefectKind::MissingRecoveryEvery,
    DefectKind::DcLeakage,
    DefectKind::DeadChannel,
    DefectKind::SwappedContacts,
    DefectKind::ShareError,
    DefectKind::Crosstalk,
    DefectKind::PolarityReversed,
    DefectKind::ComplianceLow,
    DefectKind::SlowShutdown,
    DefectKind::TruncatedPulseOnStop,
    DefectKind::StopBetweenPhases,
    DefectKind::IgnoresOpenLead,
    DefectKind::IgnoresShortLead,
    DefectKind::NoLatch,
    DefectKind::WrongFaultCode,
    DefectKind::WatchdogDisabled,
    DefectKind::WatchdogSlow,
    DefectKind::CapNotEnforced,
    DefectKind::CapClampsSilently,
    DefectKind::BrownOutGlitch,
    DefectKind::StopIgnored,
    DefectKind::Overshoot,
    DefectKind::SlowEdges,
    DefectKind::Droop,
    DefectKind::GapError,
    DefectKind::PeriodJitter,
    DefectKind::ExtraPulseEvery,
    DefectKind::StartDelay,
    DefectKind::CycleError,
    DefectKind::RampStep,
    DefectKind::RestartsAtFullAmplitude,
    DefectKind::RampBetweenPhases,
    DefectKind::ClockError,
    DefectKind::CorruptReplies,
    DefectKind::DropsReplies,
];

/// The first defect of a list that is not modelled yet, by name.
pub(super) fn not_yet(defects: &[Defect]) -> Option<&'static str> {
    defects.iter().find(|defect| !MODELLED.contains(&defect.kind)).map(|defect| defect.kind.name())
}

/// The size of a defect, if it is there.
pub(in crate::sim) fn amount(defects: &[Defect], kind: DefectKind) -> Option<f64> {
    defects.iter().find(|defect| defect.kind == kind).map(|defect| defect.value.amount())
}

/// The N of an every-N-th defect, if it is there.
fn every(defects: &[Defect], kind: DefectKind) -> Option<u64> {
    let found = defects.iter().find(|defect| defect.kind == kind);
    found.map(|defect| u64::from(defect.value.every())).filter(|n| *n > 0)
}

/// Whether a defect is there.
fn has(defects: &[Defect], kind: DefectKind) -> bool {
    defects.iter().any(|defect| defect.kind == kind)
}
