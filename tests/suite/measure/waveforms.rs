//! Three phases, pairs and bursts: right ones pass, wrong ones fail with the figure of the definition.

use stimrig::measure::Recording;
use stimrig::record::{CheckRecord, Verdict};
use stimrig::scenario::{Action, Check, Criterion, Measurand, PhaseChoice, Statistic, WindowKind};
use stimrig::signal::{Burst, Program, Recovery, Waveform};

use super::bench::{Bench, steps};
use super::case::{case, check, facts, judged, within};
use super::stream::{markers, program, record, setup};

const WINDOW: (u64, u64) = (39_000, 335_000);

/// From 40 ms to 335 ms, as changed by `wrong`.
fn train(program: &Program, wrong: impl Fn(&mut Vec<(f64, f64)>)) -> Recording {
    let mut bench = Bench::drawn(7, 4e-3);
    let mut exact = steps(program, 40e-3, 0.335);
    wrong(&mut exact);
    exact.sort_by(|a, b| a.0.total_cmp(&b.0));
    let codes = bench.sample(&exact, 400_000);
    record(setup(&bench, program), &codes, &markers(20_000), &[4096])
}

fn judge(program: &Program, recording: &Recording, check: Check) -> CheckRecord {
    judged(program, recording, WINDOW, check)
}

/// The value of a check whose limit nothing reaches, with its expanded uncertainty.
fn value(program: &Program, recording: &Recording, check: Check) -> (f64, f64) {
    let record = judge(program, recording, check);
    (record.value.unwrap_or_else(|| panic!("{record:?}")), record.uncertainty.unwrap())
}

fn triphasic(gap: f64) -> Program {
    Program { waveform: Waveform::Triphasic, recovery: Recovery::None, ..program(2e-3, 100e-6, gap, 50.0) }
}

fn pairs() -> Program {
    Program { waveform: Waveform::Alternating, recovery: Recovery::None, ..program(2e-3, 200e-6, 0.0, 40.0) }
}

fn bursts() -> Program {
    Program { burst: Some(Burst { pulses: 3, rate: 500.0 }), ..program(2e-3, 200e-6, 50e-6, 40.0) }
}

fn mean(measurand: Measurand) -> Check {
    Check { statistic: Statistic::Mean, ..check(measurand, Criterion::AtMost(10.0)) }
}

#[test]
fn right_trains_pass_every_check() {
    for program in [triphasic(0.0), triphasic(50e-6), pairs(), bursts()] {
        let recording = train(&program, |_| {});
        let each =
            if program.waveform == Waveform::Alternating { PhaseChoice::Leading } else { PhaseChoice::Each };
        let phases = |measurand, criterion| Check { phase: each, ..check(measurand, criterion) };
        let pulses = program.pulses_before(0.335 - 40e-3 + 1e-6) as f64;
        let checks = [
            phases(Measurand::Amplitude, within(0.005, 0.0)),
            phases(Measurand::Width, within(0.0, 0.1e-6)),
            phases(Measurand::ChargePerPhase, within(0.005, 0.0)),
            check(Measurand::ChargeImbalance, Criterion::AtMost(0.002)),
            check(Measurand::NetCharge, Criterion::AtMost(2e-9)),
            check(Measurand::AccumulatedCharge, Criterion::AtMost(20e-9)),
            check(Measurand::Rate, within(0.0005, 0.0)),
            check(Measurand::PulseCount, Criterion::Equals(pulses)),
            check(Measurand::MissingPulses, Criterion::Equals(0.0)),
            check(Measurand::Polarity, Criterion::Equals(-1.0)),
        ];
        for check in checks {
            let record = judge(&program, &recording, check);
            assert_eq!(record.verdict, Verdict::Pass, "{:?}: {record:?}", program.waveform);
        }
    }
}

#[test]
fn a_third_phase_two_percent_too_long_leaves_one_percent_of_the_leading_charge() {
    let program = triphasic(50e-6);
    let recording = train(&program, |steps| steps.chunks_mut(6).for_each(|pulse| pulse[5].0 += 2e-6));
    // Leading charge is that of both outer phases: 100.. and 102 % of a quarter each of 2 mA · 200 us.
    let expected = -0.02 / 2.02;
    let (imbalance, u) = value(&program, &recording, mean(Measurand::ChargeImbalance));
    assert!((imbalance - expected).abs() <= u, "{imbalance} ± {u}");
    let pulse = Check { window_kind: WindowKind::Pulse, ..mean(Measurand::ChargeImbalance) };
    let (imbalance, u) = value(&program, &recording, pulse);
    assert!((imbalance - expected).abs() <= u, "{imbalance} ± {u}");
}

#[test]
fn a_pair_is_balanced_as_one() {
    let program = pairs();
    let second = |steps: &mut Vec<(f64, f64)>| {
        steps.chunks_mut(4).for_each(|pair| pair[2..].iter_mut().for_each(|step| step.1 *= 1.01));
    };
    let recording = train(&program, second);
    let (imbalance, u) = value(&program, &recording, mean(Measurand::ChargeImbalance));
    assert!((imbalance - 0.01).abs() <= u, "{imbalance} ± {u}");

    // The third pair lacks its second phase: all of one phase is left, and the pairs behind it are still pairs.
    let recording = train(&program, |steps| drop(steps.drain(10..12)));
    let worst = judge(&program, &recording, check(Measurand::ChargeImbalance, Criterion::AtMost(0.005)));
    assert!((worst.value.unwrap() + 1.0).abs() < 0.01, "{worst:?}");
    let missing = judge(&program, &recording, check(Measurand::MissingPulses, Criterion::Equals(0.0)));
    assert_eq!((missing.verdict, missing.value), (Verdict::Fail, Some(1.0)));
    let polarity = judge(&program, &recording, check(Measurand::Polarity, Criterion::Equals(-1.0)));
    assert_eq!(polarity.verdict, Verdict::Pass, "{polarity:?}");
}

/// Bursts at 40, 65, 90 … ms, of three pulses 2 ms apart, and a window from 66 ms on.
#[test]
fn a_burst_that_a_window_cuts_gives_no_period() {
    let program = bursts();
    let recording = train(&program, |_| {});
    for wanted in [
        check(Measurand::Rate, within(0.0005, 0.0)),
        check(Measurand::PeriodJitter, Criterion::AtMost(20e-6)),
    ] {
        let wanted = Check { window: Some(("later".to_owned(), "stop".to_owned())), ..wanted };
        let mut case = case(&program, vec![Action::Start, Action::Wait(0.2), Action::Stop], vec![wanted]);
        case.steps[1].name = Some("later".to_owned());
        let facts = facts(&program, &[39_000, 66_000, 335_000], recording.samples);
        let found = stimrig::judge::judge(&case, &facts, &recording).remove(0);
        assert_eq!(found.verdict, Verdict::Pass, "{found:?}");
    }
}

/// Each so many steps come a little later, or earlier, than the ones before them: by more than a quarter of the time between two
/// pulses before the train ends.
fn drifting(program: &Program, steps: usize, off: f64) -> Recording {
    train(program, |all| {
        for group in all.chunks_mut(steps) {
            let late = off * (group[0].0 - 40e-3);
            group.iter_mut().for_each(|step| step.0 += late);
        }
    })
}

#[test]
fn pairs_stay_pairs_however_far_their_rate_takes_them_from_their_instants() {
    let program = pairs();
    for off in [-0.02, 0.02] {
        let recording = drifting(&program, 2, off);
        for wanted in [
            check(Measurand::ChargeImbalance, Criterion::AtMost(0.002)),
            check(Measurand::NetCharge, Criterion::AtMost(2e-9)),
            check(Measurand::Polarity, Criterion::Equals(-1.0)),
        ] {
            let found = judge(&program, &recording, wanted);
            assert_eq!(found.verdict, Verdict::Pass, "{off}: {found:?}");
        }
    }
    // From 250 ms on the second of each pair has the sign of the first.
    let recording = train(&program, |all| {
        for (k, pulse) in all.chunks_mut(2).enumerate() {
            let at = pulse[0].0;
            let sign = if k % 2 == 1 && at > 0.25 { -1.0 } else { 1.0 };
            for step in pulse {
                *step = (step.0 - 0.02 * (at - 40e-3), sign * step.1);
            }
        }
    });
    for (measurand, criterion) in [
        (Measurand::Polarity, Criterion::Equals(-1.0)),
        (Measurand::ChargeImbalance, Criterion::AtMost(0.002)),
    ] {
        let found = judge(&program, &recording, check(measurand, criterion));
        assert_eq!(found.verdict, Verdict::Fail, "{found:?}");
    }
}

#[test]
fn the_pulses_of_a_burst_are_told_by_their_burst_and_not_by_its_instant() {
    let program = bursts();
    for off in [-0.01, 0.01] {
        let recording = drifting(&program, 12, off);
        for wanted in [Measurand::MissingPulses, Measurand::ExtraPulses] {
            let window = Some(("later".to_owned(), "stop".to_owned()));
            let wanted = Check { window, ..check(wanted, Criterion::Equals(0.0)) };
            let mut case = case(&program, vec![Action::Start, Action::Wait(0.1), Action::Stop], vec![wanted]);
            case.steps[1].name = Some("later".to_owned());
            let facts = facts(&program, &[39_000, 200_000, 330_000], recording.samples);
            let found = stimrig::judge::judge(&case, &facts, &recording).remove(0);
            assert_eq!(found.verdict, Verdict::Pass, "{off}: {found:?}");
        }
    }
}

#[test]
fn a_burst_is_judged_as_a_whole_and_pulse_by_pulse() {
    let program = bursts();
    // The second pulse of each burst lacks its recovery: a third of the burst's leading charge stays.
    let lame = |steps: &mut Vec<(f64, f64)>| {
        *steps = steps.chunks(12).flat_map(|burst| [&burst[..6], &burst[8..]].concat()).collect();
    };
    let recording = train(&program, lame);
    let (imbalance, u) = value(&program, &recording, mean(Measurand::ChargeImbalance));
    assert!((imbalance + 1.0 / 3.0).abs() <= u, "{imbalance} ± {u}");

    let recording = train(&program, |steps| drop(steps.drain(32..36)));
    let pulses = judge(&program, &recording, check(Measurand::BurstPulses, Criterion::Equals(3.0)));
    assert_eq!((pulses.verdict, pulses.value), (Verdict::Fail, Some(2.0)), "{pulses:?}");
    let missing = judge(&program, &recording, check(Measurand::MissingPulses, Criterion::Equals(0.0)));
    assert_eq!((missing.verdict, missing.value), (Verdict::Fail, Some(1.0)));

    let slow = |steps: &mut Vec<(f64, f64)>| {
        for burst in steps.chunks_mut(12) {
            burst[4..8].iter_mut().for_each(|step| step.0 += 20e-6);
            burst[8..].iter_mut().for_each(|step| step.0 += 40e-6);
        }
    };
    let recording = train(&program, slow);
    let rate = judge(&program, &recording, check(Measurand::BurstRate, within(0.005, 0.0)));
    assert_eq!(rate.verdict, Verdict::Fail);
    assert!((rate.value.unwrap() - 1.0 / 2.02e-3).abs() < 0.1, "{rate:?}");
    let rate = judge(&program, &recording, check(Measurand::Rate, within(0.0005, 0.0)));
    assert_eq!(rate.verdict, Verdict::Pass, "{rate:?}");
}
