//! Each check passes on the train it asks for and fails for the named reason on a wrong one.

use stimrig::judge::judge;
use stimrig::record::Verdict;
use stimrig::scenario::Action;
use stimrig::scenario::{Criterion, Fault, Measurand, Statistic, WindowKind};
use stimrig::signal::{Law, Polarity, Ramp};

use super::bench::{Bench, steps};
use super::case::{case, check, facts, judged, within};
use super::stream::{markers, program, record, setup};

const WINDOW: (u64, u64) = (39_000, 235_000);

/// Ten pulses at 50 Hz of 2 mA, 200 µs, 50 µs, as changed by `wrong`.
fn train(wrong: impl Fn(&mut Vec<(f64, f64)>)) -> (stimrig::signal::Program, stimrig::measure::Recording) {
    let program = program(2e-3, 200e-6, 50e-6, 50.0);
    let mut bench = Bench::drawn(42, 4e-3);
    let mut exact = steps(&program, 40e-3, 0.235);
    wrong(&mut exact);
    let codes = bench.sample(&exact, 400_000);
    let recording = record(setup(&bench, &program), &codes, &markers(20_000), &[4096]);
    (program, recording)
}

fn verdict(
    measurand: Measurand,
    criterion: Criterion,
    wrong: impl Fn(&mut Vec<(f64, f64)>),
) -> (Verdict, String) {
    let (program, recording) = train(wrong);
    let record = judged(&program, &recording, WINDOW, check(measurand, criterion));
    (record.verdict, record.reason.unwrap_or_default())
}

type Wrong = fn(&mut Vec<(f64, f64)>);

#[test]
fn a_right_train_passes_and_a_wrong_one_fails_by_name() {
    let at_most = Criterion::AtMost;
    let table: [(Measurand, Criterion, Wrong, &str); 9] = [
        (
            Measurand::Amplitude,
            within(0.03, 0.0),
            |s| s.iter_mut().for_each(|s| s.1 *= 1.05),
            "is above 2.06 mA",
        ),
        (
            Measurand::Width,
            within(0.02, 5e-6),
            |s| s.chunks_mut(4).for_each(|p| p[1].0 += 10e-6),
            "is above 205 µs",
        ),
        (
            Measurand::Gap,
            within(0.0, 10e-6),
            |s| {
                s.chunks_mut(4).for_each(|p| {
                    p[2].0 += 20e-6;
                    p[3].0 += 20e-6;
                })
            },
            "is above 60 µs",
        ),
        (
            Measurand::Rate,
            within(0.005, 0.0),
            |s| s.iter_mut().for_each(|s| s.0 = 40e-3 + (s.0 - 40e-3) / 1.01),
            "is above 50.25 Hz",
        ),
        (
            Measurand::PulseCount,
            Criterion::Equals(10.0),
            |s| {
                s.drain(8..12);
            },
            "pulse_count 9 is not 10",
        ),
        (
            Measurand::MissingPulses,
            Criterion::Equals(0.0),
            |s| {
                s.drain(8..12);
            },
            "missing_pulses 1 is not 0",
        ),
        (
            Measurand::Polarity,
            Criterion::Equals(-1.0),
            |s| s.iter_mut().for_each(|s| s.1 = -s.1),
            "is not -1",
        ),
        (
            Measurand::ChargeImbalance,
            at_most(0.005),
            |s| {
                s.chunks_mut(4).for_each(|p| {
                    p[2].1 *= 1.015;
                    p[3].1 *= 1.015;
                })
            },
            "is above 0.5 %",
        ),
        (
            Measurand::AccumulatedCharge,
            at_most(20e-9),
            |s| {
                s.drain(18..20);
            },
            "is below -20 nC",
        ),
    ];
    for (measurand, criterion, wrong, reason) in table {
        let name = measurand.name();
        assert_eq!(verdict(measurand, criterion, |_| {}), (Verdict::Pass, String::new()), "{name}");
        let (found, said) = verdict(measurand, criterion, wrong);
        assert_eq!(found, Verdict::Fail, "{name}: {said}");
        assert!(said.contains(reason), "{name}: {said}");
    }
}

#[test]
fn what_was_due_while_an_unmarked_stop_may_have_been_taken_is_not_missed() {
    // Of ten pulses 20 ms apart the last two are left out; the stop comes 15 ms behind the last.
    let (program, recording) = train(|s| {
        s.drain(32..);
    });
    for (marked, round_trip, missing) in
        [(true, 50e-3, 2.0), (false, 1e-3, 2.0), (false, 20e-3, 1.0), (false, 50e-3, 0.0)]
    {
        let wanted = check(Measurand::MissingPulses, Criterion::Equals(0.0));
        let case = case(&program, vec![Action::Start, Action::Stop], vec![wanted]);
        let mut facts = facts(&program, &[WINDOW.0, WINDOW.1], recording.samples);
        facts.round_trip = round_trip;
        facts.instants[1].marked = marked;
        let record = judge(&case, &facts, &recording).remove(0);
        assert_eq!(record.value, Some(missing), "{marked} {round_trip}: {record:#?}");
    }
}

/// The record of a scope begins with its trigger: a start that lies before it is so much longer ago.
#[test]
fn a_start_before_the_record_is_not_moved_into_it() {
    let (program, recording) = train(|_| {});
    let latency = |ahead: u64| {
        let mut wanted = check(Measurand::StartLatency, Criterion::AtMost(0.2));
        wanted.window = None;
        let case = case(&program, vec![Action::Start, Action::Stop], vec![wanted]);
        let mut facts = facts(&program, &[0, WINDOW.1], recording.samples);
        facts.instants[0].ahead = ahead;
        let record = judge(&case, &facts, &recording).remove(0);
        (record.verdict, record.value.unwrap())
    };
    let (verdict, within) = latency(0);
    assert_eq!(verdict, Verdict::Pass, "{within}");
    let ahead = (0.3 * recording.setup.sample_rate) as u64;
    let (verdict, before) = latency(ahead);
    assert!(verdict == Verdict::Fail && (before - within - 0.3).abs() < 1e-9, "{before} {within}");
    // What is to end after something that the record does not hold cannot be said to have.
    let mut wanted = check(Measurand::ShutdownLatency, Criterion::AtMost(0.05));
    (wanted.after, wanted.window) = (Some("stop".to_owned()), None);
    let case = case(&program, vec![Action::Start, Action::Stop], vec![wanted]);
    let mut facts = facts(&program, &[0, WINDOW.1], recording.samples);
    assert_ne!(judge(&case, &facts, &recording)[0].verdict, Verdict::Invalid);
    (facts.instants[1].sample, facts.instants[1].ahead) = (0, 100);
    let record = judge(&case, &facts, &recording).remove(0);
    assert_eq!(record.verdict, Verdict::Invalid);
    assert!(record.reason.as_ref().unwrap().contains("before the record begins"), "{record:?}");
}

#[test]
fn one_missing_recovery_fails_the_worst_and_hides_in_the_mean_of_many() {
    let wrong: Wrong = |s| {
        s.drain(18..20);
    };
    let (program, recording) = train(wrong);
    let mut imbalance = check(Measurand::ChargeImbalance, Criterion::AtMost(0.005));
    let record = judged(&program, &recording, WINDOW, imbalance.clone());
    assert_eq!(record.verdict, Verdict::Fail);
    assert_eq!(record.worst.unwrap().pulse, Some(4));
    assert!((record.value.unwrap() + 1.0).abs() < 1e-3);
    imbalance.statistic = Statistic::Mean;
    let mean = judged(&program, &recording, WINDOW, imbalance);
    assert!((mean.value.unwrap() + 1.0 / mean.count as f64).abs() < 1e-3, "{mean:?}");
}

#[test]
fn nothing_is_never_a_pass() {
    let (program, recording) = train(|s| s.clear());
    for measurand in
        [Measurand::Amplitude, Measurand::ChargeImbalance, Measurand::MissingPulses, Measurand::NetCharge]
    {
        let record = judged(&program, &recording, WINDOW, check(measurand, Criterion::AtMost(1.0)));
        assert_eq!(record.verdict, Verdict::Invalid, "{record:?}");
        assert!(record.reason.unwrap().starts_with("no pulse found"));
        assert_eq!(record.value, None);
    }
}

#[test]
fn a_clipped_amplitude_fails_only_where_every_value_beyond_the_rail_fails() {
    let (program, recording) = train(|s| s.iter_mut().for_each(|s| s.1 *= 3.0));
    let fails = judged(&program, &recording, WINDOW, check(Measurand::Amplitude, within(0.03, 0.0)));
    assert_eq!(fails.verdict, Verdict::Fail, "{fails:?}");
    let open = judged(&program, &recording, WINDOW, check(Measurand::Amplitude, Criterion::AtMost(10e-3)));
    assert_eq!((open.verdict, open.value), (Verdict::Invalid, None), "{open:?}");
    assert!(open.reason.unwrap().starts_with("clipped"));
}

#[test]
fn a_limit_inside_the_interval_is_inconclusive_and_says_what_it_takes() {
    let (program, recording) = train(|_| {});
    let record = judged(&program, &recording, WINDOW, check(Measurand::Amplitude, within(5e-4, 0.0)));
    assert_eq!(record.verdict, Verdict::Inconclusive, "{record:?}");
    let reason = record.reason.unwrap();
    assert!(reason.contains("times smaller") && reason.contains("`gain` dominates"), "{reason}");
    assert!(record.sketch.is_some());
}

#[test]
fn a_ramp_is_judged_by_its_law_and_left_out_by_default() {
    let mut program = program(2e-3, 200e-6, 50e-6, 50.0);
    program.ramp = Some(Ramp { up: 0.1, law: Law::Linear });
    let mut bench = Bench::drawn(9, 4e-3);
    let codes = bench.sample(&steps(&program, 40e-3, 0.235), 260_000);
    let recording = record(setup(&bench, &program), &codes, &markers(20_000), &[4096]);
    let amplitude = check(Measurand::Amplitude, within(0.03, 0.0));
    let plateau = judged(&program, &recording, WINDOW, amplitude.clone());
    assert_eq!((plateau.verdict, plateau.count), (Verdict::Pass, 5), "{plateau:?}");
    let mut whole = amplitude;
    whole.window = Some(("start".into(), "stop".into()));
    let whole = judged(&program, &recording, WINDOW, whole);
    assert_eq!((whole.verdict, whole.count), (Verdict::Pass, 10), "{whole:?}");
}

#[test]
fn shutdown_is_counted_to_the_last_active_sample() {
    // Short lead at 0.125 s, in the pause after the pulse of 0.12 s; the pulses go on until 0.16 s.
    let (program, recording) = train(|s| s.retain(|step| step.0 < 0.1795));
    let fault = Action::Inject(Fault::ShortLead { between: ("e1".into(), "case".into()) });
    let after = |measurand, criterion| {
        let mut check = check(measurand, criterion);
        check.after = Some("event".into());
        check.hold = Some(0.1);
        check
    };
    let checks = vec![
        after(Measurand::ShutdownLatency, Criterion::AtMost(25e-3)),
        after(Measurand::ChargeAfterFault, Criterion::AtMost(2e-6)),
        after(Measurand::StaysOff, Criterion::Holds),
        check(Measurand::StopLatency, Criterion::AtMost(0.1)),
        check(Measurand::Amplitude, within(0.03, 0.0)),
    ];
    let case = case(&program, vec![Action::Start, fault, Action::Stop], checks);
    let mut facts = facts(&program, &[39_000, 125_000, 260_000], 400_000);
    facts.ended = 400_000;
    let records = stimrig::judge::judge(&case, &facts, &recording);
    let latency = &records[0];
    // Last edge: 0.16 s + 450 µs.
    assert_eq!(latency.verdict, Verdict::Fail, "{latency:?}");
    let value = latency.value.unwrap();
    assert!((0.0..20e-6).contains(&(value - 35.45e-3)), "{value}");
    assert!(latency.uncertainty.unwrap() <= 3e-6 + 13e-6, "{latency:?}");
    assert!((latency.upper_bound.unwrap() - 55e-3).abs() < 1e-4, "{latency:?}");
    assert!((records[1].value.unwrap() - 4.0 * 2e-3 * 200e-6).abs() < 2e-9, "{:?}", records[1]);
    assert_eq!(records[2].verdict, Verdict::Fail, "{:?}", records[2]);
    // The stop comes when nothing runs any more: that it stopped anything cannot be seen.
    assert_eq!((records[3].verdict, records[3].value), (Verdict::Invalid, None));
    // The default window ends at the fault: five pulses came before it.
    assert_eq!((records[4].verdict, records[4].count), (Verdict::Pass, 5));
}

#[test]
fn an_open_lead_without_the_stimulators_side_is_not_observable() {
    let (program, recording) = train(|s| s.truncate(20));
    let mut wanted = check(Measurand::ShutdownLatency, Criterion::AtMost(25e-3));
    wanted.after = Some("event".into());
    let fault = Action::Inject(Fault::OpenLead { contact: "e1".into() });
    let case = case(&program, vec![Action::Start, fault, Action::Stop], vec![wanted]);
    let facts = facts(&program, &[39_000, 130_000, 260_000], 400_000);
    let record = &stimrig::judge::judge(&case, &facts, &recording)[0];
    assert_eq!(record.verdict, Verdict::Invalid);
    assert!(record.reason.as_ref().unwrap().starts_with("activity not observable"));
}

#[test]
fn the_pulse_window_and_the_anodic_train_keep_their_signs() {
    let mut program = program(2e-3, 200e-6, 50e-6, 50.0);
    program.leading = Polarity::Anodic;
    let mut bench = Bench::drawn(11, 4e-3);
    let mut exact = steps(&program, 40e-3, 0.235);
    exact.chunks_mut(4).for_each(|p| {
        p[2].1 *= 0.98;
        p[3].1 *= 0.98;
    });
    let codes = bench.sample(&exact, 260_000);
    let recording = record(setup(&bench, &program), &codes, &markers(20_000), &[4096]);
    let mut imbalance = check(Measurand::ChargeImbalance, Criterion::AtMost(0.05));
    imbalance.window_kind = WindowKind::Pulse;
    for (definition, truth) in [(None, 0.02), (Some("mean-phase".to_owned()), 2.0 * 0.02 / 1.98)] {
        imbalance.definition = definition;
        let record = judged(&program, &recording, WINDOW, imbalance.clone());
        // Positive: net anodic, the leading phase's sign here.
        assert!((record.value.unwrap() - truth).abs() < record.uncertainty.unwrap() + 2e-4, "{record:?}");
        assert_eq!(record.verdict, Verdict::Pass);
    }
}
