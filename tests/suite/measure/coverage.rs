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

#[test]
fn the_charge_before_a_shared_edge_is_right_on_average_and_scatters_as_it_says() {
    for ratio in [1.0, 2.0, 4.0] {
        // 7 142.7 µs apart: the edges fall on every phase of the samples in turn.
        let mut program = program(2e-3, 60.4e-6, 0.0, 1.0 / 7_142.7e-6);
        program.recovery = Recovery::Ratio(ratio);
        let mut bench = Bench::ideal(6, 4e-3);
        let codes = bench.sample(&steps(&program, 40e-3, 1.04), 1_050_000);
        let recording = record(setup(&bench, &program), &codes, &markers(20_000), &[4096]);
        let charge = check(Measurand::ChargePerPhase, Criterion::AtMost(1.0));
        let case = case(&program, vec![Action::Start, Action::Stop], vec![]);
        let facts = facts(&program, &[30_000, 1_045_000], 1_050_000);
        let found = units(&case, &facts, &recording, &charge).unwrap();
        assert!(found.len() > 130, "{}", found.len());
        // Everything in samples of the leading amplitude.
        let sample = 2e-3 * 1e-6;
        let errors: Vec<f64> = found.iter().map(|unit| unit.measured.value / sample - 60.4).collect();
        let n = errors.len() as f64;
        let mean = errors.iter().sum::<f64>() / n;
        // A sum that stops at half the edge without its curvature would be 0.020, 0.017 and 0.016 too large.
        assert!(mean.abs() < 1e-3, "ratio {ratio}: {mean}");
        let scatter = (errors.iter().map(|e| (e - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        let (_, own) = found[n as usize / 2].measured.parts();
        // Six per cent is the standard error of that many. Noise alone would be 0.0005 of 0.0015 to 0.003.
        assert!((scatter / (own / sample) - 1.0).abs() < 0.2, "ratio {ratio}: {scatter} {}", own / sample);
    }
}
