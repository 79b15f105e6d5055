//! What is not there, on waveforms made by hand: phases that did not come, and an output that stayed on.

use rstest::rstest;
use stimrig::measure::Recording;
use stimrig::record::{CheckRecord, Verdict};
use stimrig::scenario::{Check, Criterion, Measurand, PhaseChoice, WindowKind};
use stimrig::signal::{Program, Recovery};

use super::bench::Bench;
use super::case::{check, judged, within};
use super::stream::{markers, program, record, setup};

const LENGTH: usize = 600_000;
const WINDOW: (u64, u64) = (39_000, 530_000);

/// 50 Hz, 2 mA, 200 µs, 50 µs.
fn usual() -> Program {
    program(2e-3, 200e-6, 50e-6, 50.0)
}

/// A phase: from, to (s from the pulse), A.
type Driven = (f64, f64, f64);
const LEADING: Driven = (0.0, 200e-6, -2e-3);
const RECOVERY: Driven = (250e-6, 450e-6, 2e-3);

/// Twenty-five pulses from 40 ms on; pulse 7 has these phases instead.
fn with_seventh(program: &Program, seventh: &[Driven]) -> Recording {
    let all = (0..25).flat_map(|n| {
        let phases = if n == 7 { seventh } else { &[LEADING, RECOVERY] };
        phases.iter().flat_map(move |(from, to, current)| {
            let at = 40e-3 + f64::from(n) * 20e-3;
            [(at + from, *current), (at + to, -current)]
        })
    });
    let steps: Vec<(f64, f64)> = all.collect();
    let mut bench = Bench::drawn(7, 4e-3);
    let codes = bench.sample(&steps, LENGTH);
    record(setup(&bench, program), &codes, &markers(20_000), &[4096])
}

fn of(phase: PhaseChoice, measurand: Measurand, criterion: Criterion) -> Check {
    Check { phase, ..check(measurand, criterion) }
}

fn fails_at_seven(found: &CheckRecord) {
    assert_eq!(found.verdict, Verdict::Fail, "{found:?}");
    assert_eq!(found.worst.as_ref().and_then(|worst| worst.pulse), Some(7), "{found:?}");
}

#[rstest]
#[case::recovery(&[LEADING], PhaseChoice::Recovery, PhaseChoice::Leading)]
#[case::leading(&[RECOVERY], PhaseChoice::Leading, PhaseChoice::Recovery)]
fn a_phase_that_one_pulse_lacks_fails_what_is_asked_of_it_and_nothing_else(
    #[case] there: &[Driven],
    #[case] lacking: PhaseChoice,
    #[case] other: PhaseChoice,
) {
    let program = usual();
    let recording = with_seventh(&program, there);
    assert_eq!(recording.main().unwrap().pulses.len(), 25);
    for measurand in [Measurand::Amplitude, Measurand::Width, Measurand::ChargePerPhase] {
        let judge = |phase| judged(&program, &recording, WINDOW, of(phase, measurand, within(0.05, 0.0)));
        let missing = judge(lacking);
        fails_at_seven(&missing);
        assert_eq!(missing.value, Some(0.0));
        assert_eq!(judge(other).verdict, Verdict::Pass, "{measurand:?}");
    }
    let gap = judged(&program, &recording, WINDOW, check(Measurand::Gap, within(0.0, 10e-6)));
    assert_eq!(gap.verdict, Verdict::Invalid);
    assert!(gap.reason.unwrap().starts_with("pulse 7 lacks a phase"));
    let pulses =
        judged(&program, &recording, WINDOW, check(Measurand::MissingPulses, Criterion::Equals(0.0)));
    // A recovery alone is no pulse.
    assert_eq!(pulses.value, Some(if lacking == PhaseChoice::Leading { 1.0 } else { 0.0 }));
}

/// It falls to a fifth of its current a little before its middle, where the search for its edges begins.
#[test]
fn a_phase_that_gives_way_by_its_middle_is_measured_by_what_stood() {
    let program = usual();
    let recording = with_seventh(&program, &[(0.0, 90e-6, -2e-3), (90e-6, 200e-6, -0.4e-3), RECOVERY]);
    let judge = |measurand, criterion| judged(&program, &recording, WINDOW, check(measurand, criterion));
    for measurand in [Measurand::Width, Measurand::ChargePerPhase] {
        fails_at_seven(&judge(measurand, within(0.05, 0.0)));
    }
    let width = judge(Measurand::Width, within(0.05, 0.0)).value;
    assert!(width.is_some_and(|width| (width - 90e-6).abs() < 1e-6), "{width:?}");
    let imbalance = judge(Measurand::ChargeImbalance, Criterion::AtMost(0.05));
    fails_at_seven(&imbalance);
    assert_eq!(imbalance.count, 24, "every cycle");
    for net in [WindowKind::Pulse, WindowKind::Cycle] {
        let net = Check { window_kind: net, ..check(Measurand::NetCharge, within(0.0, 50e-9)) };
        fails_at_seven(&judged(&program, &recording, WINDOW, net));
    }
}

/// A current that creeps up to where a pulse begins has no edge that the samples before it show.
#[rstest]
#[case(Measurand::Amplitude, within(0.05, 0.0))]
#[case(Measurand::Width, within(0.05, 0.0))]
#[case(Measurand::Polarity, Criterion::Equals(-1.0))]
#[case(Measurand::ChargeImbalance, Criterion::AtMost(0.05))]
fn a_pulse_without_an_edge_is_not_passed_over(#[case] measurand: Measurand, #[case] criterion: Criterion) {
    let program = usual();
    let creeps = [(-1e-3, 0.0, -0.09e-3), (0.0, 200e-6, -0.12e-3), (200e-6, 1e-3, -0.09e-3)];
    let recording = with_seventh(&program, &creeps);
    let judge = |window| judged(&program, &recording, window, check(measurand, criterion));
    let found = judge(WINDOW);
    assert_eq!(found.verdict, Verdict::Invalid, "{found:?}");
    assert!(found.reason.unwrap().starts_with("pulse 7 could not be read"));
    assert_eq!(judge((39_000, 170_000)).verdict, Verdict::Pass);
}

/// An output that swings by ± 70 uA between the pulses, below what a phase begins with.
#[rstest]
#[case(Measurand::Amplitude, within(0.05, 0.0))]
#[case(Measurand::Width, within(0.05, 0.0))]
#[case(Measurand::NetCharge, within(0.0, 1e-6))]
#[case(Measurand::ChargeImbalance, Criterion::AtMost(0.05))]
fn what_is_not_quiet_between_the_pulses_is_no_baseline(
    #[case] measurand: Measurand,
    #[case] criterion: Criterion,
) {
    let program = usual();
    let steps = super::bench::steps(&program, 40e-3, 0.535);
    let recorded = |swings: std::ops::Range<f64>, size: f64| {
        let swing = |t: f64| size * (std::f64::consts::TAU * 40e3 * t).sin();
        let mut bench = Bench::drawn(7, 4e-3);
        let codes = bench.sample_with(&steps, |t| if swings.contains(&t) { swing(t) } else { 0.0 }, LENGTH);
        record(setup(&bench, &program), &codes, &markers(20_000), &[4096])
    };
    let part = recorded(0.185..0.195, 70e-6);
    let judge =
        |recording: &Recording, window| judged(&program, recording, window, check(measurand, criterion));
    let found = judge(&part, WINDOW);
    assert_eq!(found.verdict, Verdict::Invalid, "{found:?}");
    assert!(found.reason.unwrap().starts_with("baseline not quiet beside pulse 7"));
    assert_eq!(judge(&part, (39_000, 170_000)).verdict, Verdict::Pass);
    assert_eq!(judge(&part, (215_000, 530_000)).verdict, Verdict::Pass);
    // A few microseconds of it are nothing to the median, and a tenth of a microampere is noise.
    for (swings, size) in [(0.190..0.192, 70e-6), (0.0..1.0, 0.1e-6)] {
        assert_eq!(judge(&recorded(swings, size), WINDOW).verdict, Verdict::Pass);
    }
}

#[test]
fn what_a_window_cuts_off_is_not_held_against_the_pulse() {
    let program = usual();
    let recording = with_seventh(&program, &[LEADING]);
    let recovery = || of(PhaseChoice::Recovery, Measurand::Amplitude, within(0.05, 0.0));
    // Pulse 7 begins at 180 ms; its recovery was to end 450 µs later.
    let until = |stop| judged(&program, &recording, (39_000, stop), recovery());
    assert_eq!(until(180_300).verdict, Verdict::Pass);
    fails_at_seven(&until(180_500));
}

#[test]
fn a_phase_that_may_be_there_unseen_is_neither_good_nor_bad() {
    // A twentieth of the leading phase is what a phase is found by, and this one's recovery is smaller still.
    let program = Program { recovery: Recovery::Ratio(25.0), ..program(2e-3, 200e-6, 50e-6, 20.0) };
    let small = |at: f64| [(at, -2e-3), (at + 200e-6, 2e-3)];
    let steps: Vec<(f64, f64)> = (0..10).flat_map(|n| small(40e-3 + f64::from(n) * 50e-3)).collect();
    let mut bench = Bench::drawn(7, 4e-3);
    let codes = bench.sample(&steps, LENGTH);
    let recording = record(setup(&bench, &program), &codes, &markers(20_000), &[4096]);
    let recovery = of(PhaseChoice::Recovery, Measurand::Amplitude, within(0.05, 0.0));
    let found = judged(&program, &recording, WINDOW, recovery);
    assert_eq!(found.verdict, Verdict::Invalid, "{found:?}");
    assert!(found.reason.unwrap().contains("so small that it may be there unseen"));
}

/// The seventh pulse's recovery stays on for 70 ms: the three pulses after it go under in it.
#[rstest]
#[case(Measurand::Amplitude, within(0.05, 0.0))]
#[case(Measurand::Width, within(0.05, 0.0))]
#[case(Measurand::Rate, within(0.05, 0.0))]
#[case(Measurand::ChargeImbalance, Criterion::AtMost(0.05))]
#[case(Measurand::NetCharge, within(0.0, 1e-6))]
#[case(Measurand::AccumulatedCharge, Criterion::AtMost(1e-3))]
#[case(Measurand::MissingPulses, Criterion::AtMost(10.0))]
#[case(Measurand::ExtraPulses, Criterion::Equals(0.0))]
fn an_output_that_stays_on_leaves_nothing_to_pass(
    #[case] measurand: Measurand,
    #[case] criterion: Criterion,
) {
    let program = usual();
    let long = (250e-6, 70e-3, 2e-3);
    let edges = |at: f64, (from, to, current): Driven| [(at + from, current), (at + to, -current)];
    let whole = (0..25).filter(|n| !(8..12).contains(n)).flat_map(|n| {
        let at = 40e-3 + f64::from(n) * 20e-3;
        let second = if n == 7 { long } else { RECOVERY };
        [edges(at, LEADING), edges(at, second)].concat()
    });
    let steps: Vec<(f64, f64)> = whole.collect();
    let mut bench = Bench::drawn(7, 4e-3);
    let codes = bench.sample(&steps, LENGTH);
    let recording = record(setup(&bench, &program), &codes, &markers(20_000), &[4096]);
    let all = |window| judged(&program, &recording, window, check(measurand, criterion));
    let found = all(WINDOW);
    assert_eq!(found.verdict, Verdict::Invalid, "{found:?}");
    assert!(found.reason.unwrap().starts_with("from 0.18"), "it says when");
    if measurand != Measurand::AccumulatedCharge {
        // Before it and behind it everything is as it should be.
        assert_eq!(all((39_000, 170_000)).verdict, Verdict::Pass);
        assert_eq!(all((290_000, 530_000)).verdict, Verdict::Pass);
    }
    // A net charge of each pulse alone is no other matter.
    if measurand == Measurand::NetCharge {
        let pulse = Check { window_kind: WindowKind::Pulse, ..check(measurand, criterion) };
        assert_eq!(judged(&program, &recording, WINDOW, pulse).verdict, Verdict::Invalid);
    }
}

#[test]
fn what_cannot_be_computed_is_not_passed_over() {
    let program = usual();
    let mut recording = with_seventh(&program, &[LEADING, RECOVERY]);
    let width = |recording: &Recording| {
        judged(&program, recording, WINDOW, check(Measurand::Width, within(0.05, 0.0)))
    };
    assert_eq!(width(&recording).verdict, Verdict::Pass);
    recording.setup.clock_u = f64::NAN;
    let found = width(&recording);
    assert_eq!(found.verdict, Verdict::Invalid, "{found:?}");
    assert_eq!(found.reason.as_deref(), Some("a value could not be computed at pulse 0"));
}

/// 6 mA on a range of 4 mA: the middle of an edge lies at half of what is not known.
#[test]
fn of_a_clipped_pulse_no_width_is_known() {
    let program = Program { amplitude: 6e-3, ..usual() };
    let steps: Vec<(f64, f64)> = (0..25)
        .flat_map(|n| {
            let at = 40e-3 + f64::from(n) * 20e-3;
            [(0.0, -6e-3), (200e-6, 6e-3), (250e-6, 6e-3), (450e-6, -6e-3)]
                .map(|(later, step)| (at + later, step))
        })
        .collect();
    let mut bench = Bench::drawn(7, 4e-3);
    let codes = bench.sample(&steps, LENGTH);
    let recording = record(setup(&bench, &program), &codes, &markers(20_000), &[4096]);
    for (measurand, criterion) in
        [(Measurand::Width, within(0.05, 0.0)), (Measurand::Gap, within(0.0, 10e-6))]
    {
        let found = judged(&program, &recording, WINDOW, check(measurand, criterion));
        assert_eq!(found.verdict, Verdict::Invalid, "{found:?}");
    }
}
