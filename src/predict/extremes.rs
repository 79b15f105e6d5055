//! The extremes of each channel, which the rows of a table may miss.

use crate::phantom::train::stretch;
use crate::phantom::{Circuit, Drive, Probe, Waveform};

/// Smallest and largest value of each probe, zero with them, while a circuit that stands at the first change passes them all and
/// goes on to `end` (s).
///
/// It is looked at on either side of each change: there a phase begins and ends, whatever the rows are.
pub(super) fn extremes(
    circuit: &mut Circuit,
    changes: &[(f64, Drive)],
    probes: &[Probe],
    end: f64,
) -> Vec<(f64, f64)> {
    let mut found = vec![(0.0_f64, 0.0_f64); probes.len()];
    let mut wave = Waveform::default();
    stretch(circuit, changes, Some(end), |circuit, span| {
        for (probe, (low, high)) in probes.iter().zip(&mut found) {
            circuit.waveform(*probe, &mut wave);
            for value in [wave.at(0.0), wave.at(span)] {
                (*low, *high) = (low.min(value), high.max(value));
            }
        }
    });
    found
}
