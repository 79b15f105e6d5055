//! What can be deliberately wrong with the simulated stimulator: in its output stage, its decisions, or its wire.
//!
//! None of it is in the board, which holds the right behaviour only; here it is bent from outside.

mod contacts;
mod decisions;
mod latch;
mod shape;
mod stage;
mod timing;
mod train;
mod wire;

pub(super) use decisions::Bent;
pub(super) use latch::Relapse;
pub(super) use stage::{StageDefects, StopCut};
pub(super) use train::TrainDefects;
pub(super) use wire::WireDefects;

use crate::rig::{Defect, DefectKind};

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
