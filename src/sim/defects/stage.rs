//! Defects of the output stage: currents that are not the ones asked for.

use crate::rig::{Defect, DefectKind};

use super::contacts::ContactDefects;
use super::shape::ShapeDefects;
use super::{amount, has};

/// What a stop does to the pulse in progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim) enum StopCut {
    /// Nothing: it ends as programmed.
    None,
    /// The output goes off in the middle of the phase.
    AtOnce,
    /// The phase ends, the rest of the pulse is left out.
    BehindPhase,
}

/// How the output stage departs from its codes.
#[derive(Debug, Clone)]
pub(in crate::sim) struct StageDefects {
    contacts: ContactDefects,
    gain: f64,
    mismatch: f64,
    offset: f64,
    /// What is wrong with the shape of phases.
    pub(in crate::sim) shape: Option<ShapeDefects>,
    /// Constant current downstream of the series capacitor, A.
    pub(in crate::sim) leakage: Option<f64>,
    /// What a stop does to the pulse in progress.
    pub(in crate::sim) stop_cut: StopCut,
    /// Full scale for a moment when the supply returns.
    pub(in crate::sim) brown_out_glitch: bool,
}

impl StageDefects {
    /// Those of the list that concern the output stage, whose outputs are wired to `contacts`.
    pub(in crate::sim) fn new(defects: &[Defect], contacts: &[String]) -> Self {
        Self {
            contacts: ContactDefects::new(defects, contacts),
            gain: 1.0 + amount(defects, DefectKind::GainError).unwrap_or(0.0),
            mismatch: 1.0 + amount(defects, DefectKind::PhaseMismatch).unwrap_or(0.0),
            offset: amount(defects, DefectKind::OffsetCurrent).unwrap_or(0.0),
            shape: ShapeDefects::new(defects),
            leakage: amount(defects, DefectKind::DcLeakage),
            stop_cut: if has(defects, DefectKind::TruncatedPulseOnStop) {
                StopCut::AtOnce
            } else if has(defects, DefectKind::StopBetweenPhases) {
                StopCut::BehindPhase
            } else {
                StopCut::None
            },
            brown_out_glitch: has(defects, DefectKind::BrownOutGlitch),
        }
    }

    /// The contact that an output is wired to.
    pub(in crate::sim) fn wired(&self, output: usize) -> usize {
        self.contacts.wired(output)
    }

    /// Bends the currents of phase `index`, A. What is added at the first driven contact returns through the last.
    pub(in crate::sim) fn bend(&self, index: u8, currents: &mut [f64]) {
        let factor = if index == 1 { self.gain * self.mismatch } else { self.gain };
        for current in currents.iter_mut() {
            *current *= factor;
        }
        let mut driven = currents.iter_mut().filter(|current| **current != 0.0);
        if let Some(first) = driven.next() {
            *first += self.offset;
        }
        if let Some(last) = driven.next_back() {
            *last -= self.offset;
        }
        self.contacts.bend(currents);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::DefectValue;

    fn defects(kind: DefectKind, amount: f64) -> StageDefects {
        StageDefects::new(&[Defect { kind, value: DefectValue::Amount(amount) }], &[])
    }

    #[test]
    fn an_offset_flows_only_in_driven_contacts_and_returns() {
        let mut currents = [-2e-3, 0.0, 2e-3];
        defects(DefectKind::OffsetCurrent, 20e-6).bend(0, &mut currents);
        assert_eq!(currents, [-1.98e-3, 0.0, 1.98e-3]);
    }

    #[test]
    fn a_mismatch_concerns_the_second_phase_alone() {
        let stage = defects(DefectKind::PhaseMismatch, 0.015);
        let (mut first, mut second) = ([-1.0, 1.0], [1.0, -1.0]);
        stage.bend(0, &mut first);
        stage.bend(1, &mut second);
        assert_eq!((first, second), ([-1.0, 1.0], [1.015, -1.015]));
    }
}
