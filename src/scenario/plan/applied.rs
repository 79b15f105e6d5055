//! A program as the board will apply it.

use crate::phantom::Phantom;
use crate::rig::{Driver, Rig, StimulatorSpec};
use crate::signal::{Program, Recovery, Waveform, quantised_shares};

/// On the grid of the simulated board's converter and timer, or of the device that the rig names; unchanged where the grid
/// is not known, or where the device cannot do it, which [`super::device`] reports.
pub(super) fn quantised(program: &Program, rig: &Rig, phantom: &Phantom) -> Program {
    match (rig.stimulator, &rig.sim) {
        (Driver::Simulated | Driver::Native, Some(sim)) => on_grid(program, &sim.stimulator),
        _ => rig.nearest(program, phantom).unwrap_or_else(|_| program.clone()),
    }
}

/// The program on the current steps and the timer grid of an output stage.
///
/// With a recovery of a k-th the recovery's code is chosen first and the leading phase is exactly k times it, so that the
/// charges cancel on the grid; the middle phase of three is an even code, twice the outer ones.
pub fn on_grid(program: &Program, spec: &StimulatorSpec) -> Program {
    // Sign and magnitude: one bit is the sign.
    let step = spec.full_scale / (2_f64.powi(spec.dac_bits.clamp(2, 32) as i32 - 1) - 1.0);
    let ticks = |seconds: f64| (seconds / spec.timer).round() * spec.timer;
    let ratio = if let Recovery::Ratio(ratio) = program.recovery { ratio } else { 1.0 };
    let recovery = match program.recovery {
        Recovery::Passive { duration, per_burst } => {
            Recovery::Passive { duration: ticks(duration), per_burst }
        }
        other => other,
    };
    let codes = (program.amplitude / ratio / step).round();
    let (codes, common) = match program.waveform {
        Waveform::Triphasic => (codes - codes % 2.0, (codes / 2.0).floor()),
        _ => (codes, codes),
    };
    Program {
        amplitude: codes * step * ratio,
        contacts: quantised_shares(&program.contacts, common),
        width: ticks(program.width),
        gap: ticks(program.gap),
        recharge: program.recharge.map(ticks),
        recovery,
        ..program.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::{DEFAULT_RIG, builtin_phantom, read_phantom};
    use crate::signal::{Polarity, Run, Share};
    use crate::source::Source;

    fn phantom() -> Phantom {
        let (path, text) = builtin_phantom("r1k").unwrap();
        read_phantom(&Source::new(path, text)).unwrap()
    }

    #[test]
    fn a_ratio_is_exact_in_codes() {
        let rig = Rig::read(&Source::new(DEFAULT_RIG.0, DEFAULT_RIG.1)).unwrap();
        let share = |contact: &str, share| Share { contact: contact.to_owned(), share };
        let program = Program {
            waveform: Waveform::Biphasic,
            leading: Polarity::Cathodic,
            amplitude: 2e-3,
            width: 200.4e-6,
            gap: 0.0,
            recovery: Recovery::Ratio(4.0),
            recharge: None,
            rate: 50.0,
            ramp: None,
            burst: None,
            cycle: None,
            contacts: vec![share("e1", -1.0), share("case", 1.0)],
            run: Run::UntilStopped,
        };
        let applied = quantised(&program, &rig, &phantom());
        let step = 25e-3 / 32767.0;
        // 0.5 mA / 25 mA · 32767 = 655.34 → 655 codes of recovery, 2620 of the leading phase.
        assert!((applied.amplitude - 2620.0 * step).abs() < 1e-15, "{}", applied.amplitude / step);
        assert!((applied.width - 200e-6).abs() < 1e-15);
        let mirrored = quantised(&Program { recovery: Recovery::Mirrored, ..program }, &rig, &phantom());
        assert!((mirrored.amplitude - 2621.0 * step).abs() < 1e-15);
    }
}
