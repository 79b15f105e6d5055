//! Prediction: a train of pulses through a circuit.
//!
//! Pulses come as plain numbers, so that whoever owns the programs can hand them in.

mod peaks;
mod steps;

use super::{Circuit, Drive, NetworkError, Output, Phantom};

pub(super) use peaks::Watch;
pub use peaks::{Peaks, peaks};
use steps::TOGETHER;
pub use steps::{sample, stretch};

/// One pulse of a train.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TrainPulse {
    /// (start in s, width in s, current in A of a contact whose share is −100 %), in order of time.
    pub phases: Vec<(f64, f64, f64)>,
    /// (start in s, duration in s) in which the recharge switch is closed.
    pub recharge: Option<(f64, f64)>,
}

impl TrainPulse {
    fn start(&self) -> f64 {
        self.phases.first().map_or(0.0, |(start, ..)| *start)
    }
}

/// The changes of drive (instant in s, drive from there on) that a train asks for; ends with the output off.
/// `shares` are those of a program, per contact of the phantom: −1 is the whole leading phase when cathodic.
pub fn changes(pulses: &[TrainPulse], shares: &[f64]) -> Vec<(f64, Drive)> {
    let mut changes: Vec<(f64, Drive)> = Vec::new();
    let mut push = |at: f64, drive: Drive| {
        // Back-to-back phases leave no instant in between; a recharge ends where the next pulse begins.
        while changes.last().is_some_and(|(last, _)| *last > at - TOGETHER) {
            changes.pop();
        }
        changes.push((at, drive));
    };
    for pulse in pulses {
        for &(start, width, current) in &pulse.phases {
            push(start, Drive::Currents(shares.iter().map(|share| -share * current).collect()));
            push(start + width, Drive::Off);
        }
        if let Some((start, duration)) = pulse.recharge {
            push(start, Drive::Recharge);
            push(start + duration, Drive::Off);
        }
    }
    changes
}

/// A train of which only the beginning is given.
#[derive(Debug, Clone, Copy)]
pub struct Train<'a> {
    /// The first pulses: all, or whole periods of them, as many as matter and at least two.
    pub pulses: &'a [TrainPulse],
    /// Pulses in a period: of a burst all, of an alternating pair both.
    pub group: usize,
    /// Pulses there are.
    pub total: u64,
}

/// Longest time constant of a train, s: that of the network with the recharge switch closed for `share` (0 … 1) of the
/// time, by averaging (a switch of R closed for that share conducts like R/share). Infinite without recharge if there is a
/// series capacitor; 0 for a network without capacitors.
///
/// # Errors
/// [`NetworkError`] as [`Circuit::new`].
pub fn settling(phantom: &Phantom, output: &Output, shares: &[f64], share: f64) -> Result<f64, NetworkError> {
    let averaged = Output { recharge: output.recharge / share.clamp(1e-12, 1.0), ..output.clone() };
    let mut circuit = Circuit::new(phantom, averaged)?;
    // A current that never limits, only to say which contacts are driven.
    circuit.set_drive(&Drive::Currents(shares.iter().map(|share| share * 1e-12).collect()));
    circuit.set_drive(if share > 0.0 { &Drive::Recharge } else { &Drive::Off });
    Ok(circuit.slowest_time_constant())
}

#[cfg(test)]
mod tests;
