//! A program as the board will apply it.

use crate::phantom::Phantom;
use crate::rig::{Driver, Rig, StimulatorSpec};
use crate::signal::{Program, Recovery, Waveform, quantised_shares};

use super::timer::{Timer, thousandths};

/// On the grid of the simulated board's converter and timer, or of the device that the rig names; unchanged where the grid
/// is not known, or where the device cannot do it, which the check of the device reports.
pub fn quantised(program: &Program, rig: &Rig, phantom: &Phantom) -> Program {
    match (rig.stimulator, &rig.sim) {
        (Driver::Simulated | Driver::Native, Some(sim)) => on_grid(program, &sim.stimulator),
        _ => rig.nearest(program, phantom).unwrap_or_else(|_| program.clone()),
    }
}

/// The program on the current steps and the timer grid of an output stage.
///
/// With a recovery of a k-th the recovery's code is chosen first and the leading phase is exactly k times it, so that the
/// charges cancel on the grid; the middle phase of three is an even code, twice the outer ones.
pub(super) fn on_grid(program: &Program, spec: &StimulatorSpec) -> Program {
    // Sign and magnitude: one bit is the sign.
    let largest_code = 2_f64.powi(spec.dac_bits.clamp(2, 32) as i32 - 1) - 1.0;
    let step = spec.full_scale / largest_code;
    // As the board rounds: in whole nanoseconds, so that half a tick goes the same way.
    let timer = Timer::of(spec);
    let ticks = |seconds: f64| timer.seconds(timer.ticks(seconds));
    let told = if let Recovery::Ratio(ratio) = program.recovery { thousandths(ratio) } else { 1000 };
    let ratio = told as f64 / 1e3;
    let recovery = match program.recovery {
        Recovery::Passive { duration, per_burst } => {
            Recovery::Passive { duration: ticks(duration), per_burst }
        }
        other => other,
    };
    // As the board rounds: in whole picoamperes, so that half a code goes the same way.
    let pico = |amperes: f64| (amperes * 1e12).round() as u128;
    let (unit, full) =
        (pico(program.amplitude).saturating_mul(1000) / u128::from(told), pico(spec.full_scale).max(1));
    let codes = (unit.saturating_mul(largest_code as u128).saturating_add(full / 2) / full) as f64;
    // What is rounded to above the cap is rounded down, with a hair for one that lies on a code; what is asked for above it is
    // refused, and shown as it is asked for.
    let largest = spec.cap.min(spec.full_scale);
    let most = ((largest / step + 1e-6) / ratio.max(1.0)).floor();
    let codes = if program.largest_current() > largest * (1.0 + 1e-9) { codes } else { codes.min(most) };
    let codes = codes - codes % grain(program) as f64;
    let (codes, common) = match program.waveform {
        Waveform::Triphasic => (codes - codes % 2.0, (codes / 2.0).floor()),
        // What leading phase and recovery are whole multiples of.
        _ => (codes, codes / grain(program) as f64),
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

/// Only multiples of this are codes, or ticks, of which a recovery of the program's ratio makes whole ones; 1 of a whole ratio.
pub(super) fn grain(program: &Program) -> u64 {
    let Recovery::Ratio(ratio) = program.recovery else { return 1 };
    let (mut a, mut b) = (thousandths(ratio), 1000);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    1000 / a.max(1)
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
    fn shares_are_made_in_what_both_phases_are_multiples_of() {
        let rig = Rig::read(&Source::new(DEFAULT_RIG.0, DEFAULT_RIG.1)).unwrap();
        let share = |contact: &str, share| Share { contact: contact.to_owned(), share };
        let made = |ratio: f64, amplitude: f64, small: f64| {
            let contacts = vec![share("e1", small - 1.0), share("e2", -small), share("case", 1.0)];
            let recovery = Recovery::Ratio(ratio);
            let plain = Program::biphasic(["e1", "case"], amplitude, 200e-6, 0.0, 50.0);
            let program = Program { recovery, contacts, ..plain };
            quantised(&program, &rig, &phantom()).contacts[1].share
        };
        // 66.7 uA are 87 codes, of which 86 are two of 43: 14.2 of them.
        assert!((made(1.5, 0.1e-3, 0.33) + 14.0 / 43.0).abs() < 1e-12);
        // A recovery of 60 uA, 78 codes, is twice a leading phase of 39: a hundredth of those is none.
        assert_eq!(made(0.5, 30e-6, 0.01), 0.0);
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
        let mirrored =
            quantised(&Program { recovery: Recovery::Mirrored, ..program.clone() }, &rig, &phantom());
        assert!((mirrored.amplitude - 2621.0 * step).abs() < 1e-15);
        // 12.7 mA are 16645.6 codes: the one above is beyond the cap.
        let most = quantised(
            &Program { recovery: Recovery::Mirrored, amplitude: 12.7e-3, ..program.clone() },
            &rig,
            &phantom(),
        );
        assert!((most.amplitude - 16645.0 * step).abs() < 1e-12, "{}", most.amplitude / step);
        // 2.375 is 19 eighths: of 2 mA / 2.375, 1103.7 codes, only every eighth has a leading phase of whole codes.
        let odd = quantised(&Program { recovery: Recovery::Ratio(2.375), ..program }, &rig, &phantom());
        assert!((odd.amplitude - 1104.0 * 2.375 * step).abs() < 1e-12, "{}", odd.amplitude / step);
    }
}
