//! Does U hold? A new bench for every case; the truth is the definition applied to the exact current.

use stimrig::judge::units;
use stimrig::scenario::{Action, Criterion, Measurand, WindowKind};
use stimrig::signal::Recovery;

use super::bench::{Bench, steps};
use super::case::{case, check, facts};
use super::stream::{markers, program, record, setup};

const BENCHES: u64 = 400;

#[test]
fn ninety_five_of_a_hundred_benches_hold_the_truth() {
    let kinds = [
        (Measurand::Amplitude, WindowKind::Cycle),
        (Measurand::Width, WindowKind::Cycle),
        (Measurand::ChargePerPhase, WindowKind::Cycle),
        (Measurand::NetCharge, WindowKind::Cycle),
        (Measurand::NetCharge, WindowKind::Pulse),
        (Measurand::ChargeImbalance, WindowKind::Cycle),
        (Measurand::ChargeImbalance, WindowKind::Pulse),
    ];
    let mut covered = [0_u64; 7];
    for seed in 0..BENCHES {
        let mut bench = Bench::drawn(1000 + seed, 4e-3);
        let amplitude = 0.2e-3 * 15_f64.powf(bench.uniform());
        let width = 60e-6 + 240e-6 * bench.uniform();
        let gap = if bench.uniform() < 0.3 { 0.0 } else { 20e-6 + 60e-6 * bench.uniform() };
        let ratio = if bench.uniform() < 0.5 { 1.0 } else { 1.0 + 3.0 * bench.uniform() };
        let mismatch = 0.02 * (bench.uniform() - 0.5);
        let mut program = program(amplitude, width, gap, 200.0 + 150.0 * bench.uniform());
        program.recovery = Recovery::Ratio(ratio);
        let mut exact = steps(&program, 8e-3 + 1e-6 * bench.uniform(), 0.024);
        // The recovery is wrong by a per cent or so: a true imbalance.
        for pulse in exact.chunks_mut(4) {
            for step in &mut pulse[2..] {
                step.1 *= 1.0 + mismatch;
            }
        }
        let codes = bench.sample(&exact, 30_000);
        let recording = record(setup(&bench, &program), &codes, &markers(4_000), &[4096]);
        let net = mismatch * amplitude * width;
        for (slot, (measurand, window_kind)) in covered.iter_mut().zip(kinds) {
            let mut wanted = check(measurand, Criterion::AtMost(1.0));
            wanted.window_kind = window_kind;
            let case = case(&program, vec![Action::Start, Action::Stop], vec![]);
            let facts = facts(&program, &[7_500, 29_000], 30_000);
            let found = units(&case, &facts, &recording, &wanted).unwrap();
            let unit = &found[found.len() / 2].measured;
            let truth = match measurand {
                Measurand::Amplitude => amplitude,
                Measurand::Width => width,
                Measurand::ChargePerPhase => amplitude * width,
                Measurand::NetCharge => net,
                _ => mismatch,
            };
            *slot += u64::from((unit.value - truth).abs() <= unit.expanded());
        }
    }
    for (covered, (measurand, window)) in covered.iter().zip(kinds) {
        let share = *covered as f64 / BENCHES as f64;
        println!("{} {window:?}: {share:.4}", measurand.name());
    }
    for (covered, (measurand, window)) in covered.iter().zip(kinds) {
        let share = *covered as f64 / BENCHES as f64;
        // Standard error of the share: 1.1 %.
        assert!((share - 0.95).abs() <= 0.03, "{} {window:?}: {share:.4}", measurand.name());
    }
}
