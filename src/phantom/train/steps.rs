//! A circuit taken through the changes of its drive, step by step.

use super::super::{Circuit, Drive, Probe, Waveform};

/// Instants closer together than this are one, s (a tenth of any timer's grid).
pub(super) const TOGETHER: f64 = 1e-10;

/// Values of `probes` at the instants n/`rate`, n = 0 … `count` − 1, planar; the circuit is driven by `changes`, whose
/// instants count from the first sample. What changes at a sample's instant is in force from that sample on.
pub fn sample(
    circuit: &mut Circuit,
    changes: &[(f64, Drive)],
    probes: &[Probe],
    rate: f64,
    count: usize,
) -> Vec<Vec<f64>> {
    let mut planes = vec![Vec::with_capacity(count); probes.len()];
    let mut waves = vec![Waveform::default(); probes.len()];
    let (mut now, mut next) = (0.0_f64, 0_usize);
    let end = count as f64 / rate;
    let ends = changes.iter().map(|(at, _)| *at).chain([end]);
    let drives = std::iter::once(None).chain(changes.iter().map(|(_, drive)| Some(drive)));
    for (until, drive) in ends.zip(drives) {
        if let Some(drive) = drive {
            circuit.set_drive(drive);
        }
        while now < until.min(end) {
            let span = circuit.span(until.min(end) - now);
            for (probe, wave) in probes.iter().zip(&mut waves) {
                circuit.waveform(*probe, wave);
            }
            while next < count && (next as f64 / rate) < now + span - TOGETHER {
                let t = (next as f64 / rate - now).max(0.0);
                for (plane, wave) in planes.iter_mut().zip(&waves) {
                    plane.push(wave.at(t));
                }
                next += 1;
            }
            circuit.step(span);
            now += span;
        }
    }
    planes
}

/// As [`stretch`], to the last change.
pub(super) fn run(circuit: &mut Circuit, changes: &[(f64, Drive)], visit: impl FnMut(&Circuit, f64)) {
    stretch(circuit, changes, None, visit);
}

/// Drives a circuit, which stands at the first change, and on to the instant `until`, where there is one; `visit` sees every span of
/// constant waveforms before it passes.
pub fn stretch(
    circuit: &mut Circuit,
    changes: &[(f64, Drive)],
    until: Option<f64>,
    mut visit: impl FnMut(&Circuit, f64),
) {
    let following = changes.iter().skip(1).map(|(at, _)| Some(*at)).chain([until]);
    for ((at, drive), next) in changes.iter().zip(following) {
        circuit.set_drive(drive);
        let mut left = next.map_or(0.0, |next| next - at);
        while left > 0.0 {
            let span = circuit.span(left);
            visit(circuit, span);
            circuit.step(span);
            left -= span;
        }
    }
}
