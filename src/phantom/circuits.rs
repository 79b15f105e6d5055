//! Circuits that many cases share.

use std::sync::{Mutex, PoisonError};

use super::{Circuit, NetworkError, Output, Phantom};

/// Circuits at rest, each made once: the cases of a suite are many, its phantoms and output stages few. What one of the clones
/// decomposes, all know.
#[derive(Debug, Default)]
pub struct Circuits {
    known: Mutex<Vec<Circuit>>,
}

impl Circuits {
    /// A relaxed circuit, as [`Circuit::new`] makes it.
    ///
    /// # Errors
    /// [`NetworkError`] as [`Circuit::new`].
    pub fn at_rest(&self, phantom: &Phantom, output: &Output) -> Result<Circuit, NetworkError> {
        // Circuits are put in whole, so what a panic left behind is sound.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |circuit: &&Circuit| circuit.output == *output && *circuit.phantom == *phantom;
        if let Some(circuit) = known.iter().find(same) {
            return Ok(circuit.clone());
        }
        let circuit = Circuit::new(phantom, output.clone())?;
        known.push(circuit.clone());
        Ok(circuit)
    }
}

#[cfg(test)]
mod tests {
    use super::super::golden::rc;
    use super::super::{Drive, Probe};
    use super::*;

    #[test]
    fn a_circuit_that_was_asked_for_before_is_at_rest_again() {
        let circuits = Circuits::default();
        let (phantom, output) = (rc(1e3, 1e-6, 1e5), Output::default());
        let mut first = circuits.at_rest(&phantom, &output).unwrap();
        first.set_drive(&Drive::Currents(vec![1e-3, -1e-3]));
        first.advance(1e-3);
        first.set_drive(&Drive::Recharge);
        let second = circuits.at_rest(&phantom, &output).unwrap();
        assert!(second.capacitor_voltages().iter().all(|voltage| *voltage == 0.0));
        assert_eq!(second.value(Probe::Source(0)), 0.0);
        assert_eq!(circuits.known.lock().unwrap().len(), 1);
        let other = Output { blocking_capacitor: 0.0, ..output };
        circuits.at_rest(&phantom, &other).unwrap();
        circuits.at_rest(&rc(2e3, 1e-6, 1e5), &other).unwrap();
        assert_eq!(circuits.known.lock().unwrap().len(), 3);
        assert!(circuits.at_rest(&rc(-1.0, 1e-6, 1e5), &other).is_err());
    }
}
