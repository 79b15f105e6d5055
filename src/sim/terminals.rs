//! The output stage of a stimulator whose outputs have two terminals each, with what is wrong with it.

use crate::phantom::{Drive, Phantom};
use crate::rig::{Pairs, SimBench};

use super::analog::Analog;
use super::defects::{StageDefects, TrainDefects};

/// Currents of outputs become currents of contacts.
pub(super) struct Terminals {
    wired: Vec<Option<(usize, usize)>>,
    contacts: usize,
    defects: StageDefects,
    /// What is wrong with the trains.
    pub(super) trains: TrainDefects,
}

impl Terminals {
    /// Wired to a phantom as the rig says; a leakage that is a defect flows from now on.
    pub(super) fn new(bench: &SimBench, phantom: &Phantom, pairs: &Pairs, analog: &mut Analog) -> Self {
        let contacts: Vec<String> = phantom.contacts.iter().map(|(name, _)| name.clone()).collect();
        let defects = StageDefects::new(&bench.defects, &contacts);
        if let Some(leakage) = defects.leakage {
            analog.set_leakage(0, leakage);
        }
        let trains = TrainDefects::new(&bench.defects);
        Self { wired: pairs.numbered(phantom), contacts: contacts.len(), defects, trains }
    }

    /// Contact at the active terminal of an output.
    pub(super) fn active(&self, output: usize) -> Option<usize> {
        self.wired.get(output).copied().flatten().map(|(active, _)| active)
    }

    /// Drives phase `index` of a pulse with these currents of the outputs, A.
    pub(super) fn drive(&self, index: u8, outputs: &[f64], analog: &mut Analog) {
        let mut currents = vec![0.0; self.contacts];
        for (wired, amperes) in self.wired.iter().zip(outputs) {
            let Some((active, back)) = *wired else { continue };
            if let Some(current) = currents.get_mut(active) {
                *current += amperes;
            }
            if let Some(current) = currents.get_mut(back) {
                *current -= amperes;
            }
        }
        if currents.iter().all(|current| *current == 0.0) {
            return self.off(analog);
        }
        self.defects.bend(index, &mut currents);
        let drive = match self.defects.shape {
            Some(shape) => shape.phase(&currents, &analog.source_currents()),
            None => Drive::Currents(currents),
        };
        analog.set_drive(&drive);
    }

    /// No current; the terminals float.
    pub(super) fn off(&self, analog: &mut Analog) {
        let drive = match self.defects.shape {
            Some(shape) => shape.off(&analog.source_currents()),
            None => Drive::Off,
        };
        analog.set_drive(&drive);
    }

    /// The terminals of the outputs connected with each other.
    pub(super) fn ground(&self, analog: &mut Analog) {
        analog.set_drive(&Drive::Recharge);
    }
}
