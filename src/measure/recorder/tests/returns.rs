//! Recharges that are small beside the phase before them, that have its sign, or that another program has changed.

use super::*;
use crate::signal::{Burst, Law, Ramp};

/// Samples from a leading edge of [`passive`] to where its switch closes.
const CLOSED: usize = 250;

/// Pairs of 1 mA, 200 µs, whose phases are recharged for 2 ms each.
fn pairs(ramp: Option<Ramp>) -> Program {
    let recovery = Recovery::None;
    Program { waveform: Waveform::Alternating, recovery, gap: 0.0, recharge: Some(2e-3), ramp, ..biphasic() }
}

/// What is found of a pulse of `width` samples behind which `size` codes begin to flow at once.
fn found(program: &Program, width: usize, size: f64) -> Vec<PulseRow> {
    let mut codes = quiet(10_000);
    hold(&mut codes, 4000, 4000 + width, -10_000);
    decay(&mut codes, (4000 + width, 4000 + width + 2000), size, 5000.0);
    rows(&recorded(program, &codes))
}

/// The first pulse of the ramp has a fortieth of the amplitude, and a twentieth of that stands out: so does a recharge of 2 % of a later
/// pulse, but not while the filter rings behind it.
#[test]
fn a_small_one_behind_a_ramp_takes_nothing_from_its_phase() {
    let ramp = Some(Ramp { up: 0.2, law: Law::Linear });
    for size in [180.0, -180.0, 450.0, 1500.0] {
        let [plain, ramped] = [None, ramp].map(|ramp| found(&pairs(ramp), 15, size));
        let [(plain, of_plain), (ramped, of_ramped)] =
            [&plain, &ramped].map(|rows| (rows[0].phases()[0], rows.len()));
        assert_eq!((of_plain, of_ramped), (1, 1), "{size}");
        assert!((plain.area / ramped.area - 1.0).abs() < 1e-4, "{size}: {plain:?} {ramped:?}");
    }
}

/// What earlier pulses have left may have the sign of the pulse behind which its switch closes.
#[test]
fn one_of_the_sign_of_its_phase_ends_that_phase_and_begins_no_other() {
    for ramp in [None, Some(Ramp { up: 0.2, law: Law::Linear })] {
        for size in [-100.0, -450.0, -800.0, -3000.0] {
            let rows = found(&pairs(ramp), 200, size);
            assert_eq!(
                (rows.len(), rows[0].count, rows[0].flags),
                (1, 1, Flags::default()),
                "{size}: {rows:?}"
            );
            let phase = rows[0].phases()[0];
            assert!((phase.end - 199.5).abs() < 0.2, "{size}: {phase:?}");
            // What a filter would have let through early is put back, half a sample of it.
            assert!((phase.area / -2_000_000.0 - 1.0).abs() < 5e-3, "{size}: {phase:?}");
        }
    }
}

/// A burst that has begun is recharged as long as its own program says.
#[test]
fn a_burst_that_a_change_meets_is_recharged_under_the_program_before() {
    let burst = Some(Burst { pulses: 3, rate: 500.0 });
    let of = |duration| {
        let recovery = Recovery::Passive { duration, per_burst: true };
        Program { recovery, burst, rate: 50.0, ..passive() }
    };
    let (long, short) = (of(2e-3), of(1e-3));
    for (changed, lasts) in [(5000, 2000), (5000, 1000), (9000, 2000), (3000, 1000)] {
        let mut codes = quiet(50_000);
        for at in [4000, 6000, 8000, 24_000, 26_000, 28_000] {
            hold(&mut codes, at, at + 200, -10_000);
        }
        decay(&mut codes, (8000 + CLOSED, 8000 + CLOSED + lasts), 8000.0, 3000.0);
        decay(&mut codes, (28_000 + CLOSED, 28_000 + CLOSED + 1000), 8000.0, 3000.0);
        let before = if lasts == 2000 { &long } else { &short };
        let mut recorder = Recorder::new(setup(before));
        recorder.program_changed(changed, &short);
        push(&mut recorder, 0, &[&codes, &vec![0; codes.len()]], &zero());
        let rows = rows(&recorder.finish());
        let starts: Vec<u64> = rows.iter().map(|row| row.at).collect();
        assert_eq!(starts, [4000, 6000, 8000, 24_000, 26_000, 28_000], "{changed} {lasts}");
    }
}
