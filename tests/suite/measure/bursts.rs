//! Bursts of which some go under in an output that stays on, and off-times between bursts.

use rstest::rstest;
use stimrig::measure::Recording;
use stimrig::record::Verdict;
use stimrig::scenario::{Criterion, Measurand};
use stimrig::signal::{Burst, Cycle, Program};

use super::bench::{Bench, steps};
use super::case::{check, judged, within};
use super::stream::{markers, program, record, setup};

/// 2 mA, 200 µs, 50 µs.
fn bursts(pulses: u32, rate: f64, repeated: f64) -> Program {
    Program { burst: Some(Burst { pulses, rate }), ..program(2e-3, 200e-6, 50e-6, repeated) }
}

fn recorded(program: &Program, steps: &[(f64, f64)], samples: usize) -> Recording {
    let mut bench = Bench::drawn(7, 4e-3);
    let codes = bench.sample(steps, samples);
    record(setup(&bench, program), &codes, &markers(20_000), &[4096])
}

/// Ten bursts of three at 400 Hz, 20 ms apart from 40 ms on. Of the fourth, the recovery of this pulse stays on for 70 ms, in which
/// what was to come goes under.
fn stuck(program: &Program, nth: u32) -> Recording {
    let begins = 0.1 + 2.5e-3 * f64::from(nth);
    let gone = begins + 1e-3..begins + 71e-3;
    let all = (0..10).flat_map(|burst| (0..3).map(move |k| (burst, k)));
    let pulses = all.map(|(burst, k)| 0.04 + 0.02 * f64::from(burst) + 2.5e-3 * f64::from(k));
    let steps: Vec<(f64, f64)> = pulses
        .filter(|at| !gone.contains(at))
        .flat_map(|at| {
            let ends = if (at - begins).abs() < 1e-6 { 70e-3 } else { 450e-6 };
            [(0.0, -2e-3), (200e-6, 2e-3), (250e-6, 2e-3), (ends, -2e-3)]
                .map(|(later, step)| (at + later, step))
        })
        .collect();
    recorded(program, &steps, 300_000)
}

/// The bursts beside it have their pulses at their rate, and what was swallowed is not too many.
#[rstest]
#[case(Measurand::BurstRate, within(0.005, 0.0))]
#[case(Measurand::BurstPulses, Criterion::Equals(3.0))]
#[case(Measurand::PulseCount, Criterion::AtMost(30.0))]
fn an_output_that_stays_on_in_a_burst_leaves_nothing_to_pass(
    #[case] measurand: Measurand,
    #[case] criterion: Criterion,
) {
    let program = bursts(3, 400.0, 50.0);
    let recording = stuck(&program, 2);
    let within = |window| judged(&program, &recording, window, check(measurand, criterion));
    let found = within((39_000, 235_000));
    assert_eq!(found.verdict, Verdict::Invalid, "{found:?}");
    assert!(found.reason.unwrap().contains("the output stayed on"));
    let before = within((39_000, 95_000));
    assert_eq!(before.verdict, Verdict::Pass, "{before:?}");
}

/// Bursts of eight at 200 Hz take 35 ms of their 50 ms: across an off-time of 60 ms the last pulse is 75 ms before the next, which is
/// no more than half as much again as from one burst to the next.
#[test]
fn an_off_time_between_long_bursts_is_no_low_rate() {
    let cycle = Some(Cycle { on_time: 0.15, off_time: 0.06 });
    let program = Program { cycle, ..bursts(8, 200.0, 20.0) };
    let recording = recorded(&program, &steps(&program, 40e-3, 0.64), 700_000);
    let judged =
        |measurand, criterion| judged(&program, &recording, (39_000, 655_000), check(measurand, criterion));
    let rate = judged(Measurand::Rate, within(0.005, 0.0));
    assert_eq!((rate.verdict, rate.count), (Verdict::Pass, 3), "{rate:?}");
    let on = judged(Measurand::CycleOn, within(0.5, 0.0));
    assert!(on.count == 3 && (on.value.unwrap() - 0.15).abs() < 2e-5, "{on:?}");
    let off = judged(Measurand::CycleOff, within(0.5, 0.0));
    assert!(off.count == 2 && (off.value.unwrap() - 0.06).abs() < 2e-5, "{off:?}");
}

/// Ten bursts of three at 400 Hz, of which the fourth comes at 200 Hz: each of its pulses is cut from the next.
#[test]
fn a_burst_that_is_so_slow_that_its_pulses_stand_alone_is_not_passed_over() {
    let program = bursts(3, 400.0, 50.0);
    let apart = |burst: u32| if burst == 3 { 5e-3 } else { 2.5e-3 };
    let pulses = (0..10)
        .flat_map(|burst| (0..3).map(move |k| 0.04 + 0.02 * f64::from(burst) + apart(burst) * f64::from(k)));
    let steps: Vec<(f64, f64)> = pulses
        .flat_map(|at| {
            [(0.0, -2e-3), (200e-6, 2e-3), (250e-6, 2e-3), (450e-6, -2e-3)]
                .map(|(later, step)| (at + later, step))
        })
        .collect();
    let recording = recorded(&program, &steps, 300_000);
    let rate = |window| judged(&program, &recording, window, check(Measurand::BurstRate, within(0.005, 0.0)));
    let found = rate((39_000, 235_000));
    assert_eq!(found.verdict, Verdict::Invalid, "{found:?}");
    assert!(found.reason.unwrap().starts_with("pulse 9 stands alone where a burst was to be"));
    let before = rate((39_000, 95_000));
    assert_eq!((before.verdict, before.count), (Verdict::Pass, 3), "{before:?}");
}
