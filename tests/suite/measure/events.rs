//! What is judged on events, on the slow channel and on the boards' own word.

use stimrig::judge::{Facts, Observation, Segment, judge};
use stimrig::measure::{ChannelSetup, Recorder, Recording, SlowSetup};
use stimrig::record::{CheckRecord, Verdict};
use stimrig::scenario::{Action, Check, Criterion, Fault, FaultCode, Measurand};
use stimrig::signal::{
    Block, BlockSink, Burst, Calibration, Marker, MarkerBit, Program, Recovery, Run, Sensed, StreamKind,
    Waveform,
};

use crate::command::{checks, run};

use super::bench::{Bench, steps};
use super::case::{case, check, facts, judged, within};
use super::stream::{markers, program, record, setup};

const WINDOW: (u64, u64) = (39_000, 235_000);

/// Ten pulses of 2 mA at 50 Hz, with currents multiplied by `factor`, on a channel of ± `range`.
fn train(factor: f64, range: f64) -> (stimrig::signal::Program, Recording) {
    let program = program(2e-3, 200e-6, 50e-6, 50.0);
    let mut bench = Bench::drawn(42, range);
    let mut exact = steps(&program, 40e-3, 0.235);
    exact.iter_mut().for_each(|step| step.1 *= factor);
    let codes = bench.sample(&exact, 300_000);
    (program.clone(), record(setup(&bench, &program), &codes, &markers(20_000), &[4096]))
}

/// Judges one check of a case start, open lead at sample 130 000, stop.
fn after_open_lead(wanted: Check, known: impl Fn(&mut Facts)) -> CheckRecord {
    let (program, recording) = train(1.0, 4e-3);
    let fault = Action::Inject(Fault::OpenLead { contact: "e1".into() });
    let case = case(&program, vec![Action::Start, fault, Action::Stop], vec![wanted]);
    let mut facts = facts(&program, &[39_000, 130_000, 260_000], 300_000);
    known(&mut facts);
    judge(&case, &facts, &recording).remove(0)
}

#[test]
fn a_cap_is_held_against_every_sample_and_a_clipped_one_above_it_fails() {
    let cap = |factor, range, limit| {
        let (program, recording) = train(factor, range);
        judged(&program, &recording, WINDOW, check(Measurand::CapNeverExceeded, Criterion::AtMost(limit)))
    };
    assert_eq!(cap(1.0, 4e-3, 2.1e-3).verdict, Verdict::Pass);
    let over = cap(1.1, 4e-3, 2.1e-3);
    assert_eq!(over.verdict, Verdict::Fail, "{over:?}");
    // The filter's own overshoot, 0.8 %, is in every sample's bound.
    assert!((2.198e-3..2.222e-3).contains(&over.value.unwrap()), "{over:?}");
    // 6 mA on a 4 mA range: at least 4 mA, which is above one cap and says nothing about another.
    let clipped = cap(3.0, 4e-3, 3e-3);
    assert_eq!(clipped.verdict, Verdict::Fail, "{clipped:?}");
    let unknown = cap(3.0, 4e-3, 5e-3);
    assert_eq!(unknown.verdict, Verdict::Invalid, "{unknown:?}");
    assert!(unknown.reason.unwrap().starts_with("clipped"));
}

/// 12.8 mA for 15 us, then 12.65 mA, straight into a recovery: its edge makes the filter ring twice as much as the first one does,
/// which says nothing of the first.
#[test]
fn a_phase_is_freed_of_its_own_ringing_and_of_no_other() {
    let cap = |first: f64| {
        let program = program(12.65e-3, 200e-6, 0.0, 50.0);
        let steps: Vec<(f64, f64)> = (0..10)
            .flat_map(|n| {
                let at = 40e-3 + 20e-3 * f64::from(n);
                let steps =
                    [(0.0, -first), (15e-6, first - 12.65e-3), (200e-6, 25.3e-3), (400e-6, -12.65e-3)];
                steps.map(|(later, step)| (at + later, step))
            })
            .collect();
        let mut bench = Bench::drawn(42, 32e-3);
        let codes = bench.sample(&steps, 260_000);
        let recording = record(setup(&bench, &program), &codes, &markers(20_000), &[4096]);
        judged(
            &program,
            &recording,
            (39_000, 250_000),
            check(Measurand::CapNeverExceeded, Criterion::AtMost(12.7e-3)),
        )
    };
    let over = cap(12.8e-3);
    assert_eq!(over.verdict, Verdict::Fail, "{over:?}");
    let right = cap(12.65e-3);
    assert_eq!(right.verdict, Verdict::Pass, "{right:?}");
}

/// Beside phases of −2 mA 30 µA flow all the time: where they are anodic 1.97 mA are left, where they are cathodic it is 2.03 mA.
#[test]
fn a_current_that_flows_all_the_time_takes_from_phases_of_the_other_sign() {
    let cap = |constant: f64| {
        let waveform = Waveform::Monophasic;
        let program = Program { waveform, recovery: Recovery::None, ..program(2e-3, 200e-6, 0.0, 50.0) };
        let mut bench = Bench::ideal(42, 4e-3);
        // It sets in right behind the zero, where relays keep it from being measured.
        let mut exact = vec![(20.03e-3, constant)];
        exact.extend(steps(&program, 40e-3, 0.235));
        let codes = bench.sample(&exact, 300_000);
        let recording = record(setup(&bench, &program), &codes, &markers(20_000), &[4096]);
        judged(&program, &recording, WINDOW, check(Measurand::CapNeverExceeded, Criterion::AtMost(2e-3)))
    };
    for (constant, size, verdict) in [(30e-6, 1.97e-3, Verdict::Pass), (-30e-6, 2.03e-3, Verdict::Fail)] {
        let found = cap(constant);
        assert_eq!(found.verdict, verdict, "{constant}: {found:?}");
        assert!((found.value.unwrap() - size).abs() < 5e-6, "{constant}: {found:?}");
    }
}

#[test]
fn a_balance_of_clipped_phases_is_not_known_whatever_it_seems() {
    let (program, recording) = train(3.0, 4e-3);
    let record = judged(&program, &recording, WINDOW, check(Measurand::NetCharge, Criterion::AtMost(1e-12)));
    assert_eq!(record.verdict, Verdict::Invalid, "{record:?}");
}

#[test]
fn a_fault_counts_as_reported_one_poll_after_it_was_seen() {
    let mut wanted = check(Measurand::FaultReported, Criterion::AtMost(60e-3));
    wanted.after = Some("event".into());
    wanted.is = Some(FaultCode::OpenLead);
    let seen = |sample, fault| {
        move |facts: &mut Facts| {
            facts.statuses = vec![
                Observation { sample: 129_000, fault: FaultCode::None },
                Observation { sample, fault },
                Observation { sample: 290_000, fault },
            ];
        }
    };
    let right = after_open_lead(wanted.clone(), seen(165_000, FaultCode::OpenLead));
    assert_eq!(right.verdict, Verdict::Pass, "{right:?}");
    // 35 ms and a poll period of 10 ms.
    assert!((right.value.unwrap() - 45e-3).abs() < 1e-9, "{right:?}");
    let late = after_open_lead(wanted.clone(), seen(181_000, FaultCode::OpenLead));
    assert_eq!(late.verdict, Verdict::Fail, "51 ms and a poll: {late:?}");
    let other = after_open_lead(wanted.clone(), seen(165_000, FaultCode::ShortLead));
    assert_eq!((other.verdict, other.value), (Verdict::Fail, None), "{other:?}");
    assert!(other.reason.unwrap().contains("not seen"));
    let silent = after_open_lead(wanted, |_| {});
    assert_eq!(silent.verdict, Verdict::Invalid, "no word is no evidence: {silent:?}");
}

#[test]
fn what_is_reported_of_the_next_fault_says_nothing_about_this_one() {
    let mut wanted = check(Measurand::FaultReported, Criterion::Holds);
    wanted.after = Some("event".into());
    let (program, recording) = train(1.0, 4e-3);
    let open = Action::Inject(Fault::OpenLead { contact: "e1".into() });
    let behind = [
        open.clone(),
        Action::HostSilence(0.1),
        Action::Acknowledge,
        Action::Start,
        Action::Wait(0.1),
        Action::Clear("open-lead".into()),
    ];
    for (k, next) in behind.into_iter().enumerate() {
        let case = case(&program, vec![Action::Start, open.clone(), next], vec![wanted.clone()]);
        let mut facts = facts(&program, &[39_000, 130_000, 200_000], 300_000);
        let status = |sample, fault| Observation { sample, fault };
        facts.statuses = vec![
            status(129_000, FaultCode::None),
            status(199_000, FaultCode::None),
            status(215_000, FaultCode::OpenLead),
        ];
        let late = judge(&case, &facts, &recording).remove(0);
        let expected = if k < 4 { Verdict::Fail } else { Verdict::Pass };
        assert_eq!(late.verdict, expected, "{k}: {late:?}");
        facts.statuses[1].fault = FaultCode::OpenLead;
        assert_eq!(judge(&case, &facts, &recording).remove(0).verdict, Verdict::Pass, "{k}");
    }
}

/// Judges a host's silence at 145 ms of a program; behind it the pulses have this part of their current, and from `stuck` on
/// 1 mA stays.
fn after_silence(program: &Program, factor: f64, stuck: Option<f64>, wanted: Check) -> CheckRecord {
    let mut exact = steps(program, 40e-3, 0.535);
    exact.iter_mut().filter(|step| step.0 > 145e-3).for_each(|step| step.1 *= factor);
    if let Some(from) = stuck {
        exact.retain(|step| step.0 < from);
        exact.push((from, 1e-3));
    }
    let mut bench = Bench::drawn(42, 4e-3);
    let codes = bench.sample(&exact, 900_000);
    let recording = record(setup(&bench, program), &codes, &markers(20_000), &[4096]);
    let wanted = Check { after: Some("event".into()), ..wanted };
    let case = case(program, vec![Action::Start, Action::HostSilence(0.5), Action::Stop], vec![wanted]);
    judge(&case, &facts(program, &[39_000, 145_000, 700_000], 900_000), &recording).remove(0)
}

/// 20 ms with shorted inputs, which begin 105 ms behind the fault or long behind all that is judged.
#[test]
fn what_flows_while_the_inputs_are_shorted_is_not_known_to_be_nothing() {
    let program = program(2e-3, 200e-6, 50e-6, 50.0);
    let mut bench = Bench::drawn(42, 4e-3);
    let codes = bench.sample(&steps(&program, 40e-3, 0.144), 900_000);
    let judged = |from: u64, wanted: &Check| {
        let mark = |sample, value| Marker { sample, bit: MarkerBit::Zero, value };
        let marks = [markers(20_000), vec![mark(from, true), mark(from + 20_000, false)]].concat();
        let recording = record(setup(&bench, &program), &codes, &marks, &[4096]);
        let wanted = Check { after: Some("event".into()), ..wanted.clone() };
        let case = case(&program, vec![Action::Start, Action::HostSilence(0.5), Action::Stop], vec![wanted]);
        judge(&case, &facts(&program, &[39_000, 145_000, 700_000], 900_000), &recording).remove(0)
    };
    let held = |wanted| Check { hold: Some(0.3), ..wanted };
    for wanted in [
        check(Measurand::ShutdownLatency, Criterion::AtMost(0.1)),
        held(check(Measurand::StaysOff, Criterion::Holds)),
        held(check(Measurand::PulsesAfterFault, Criterion::Equals(0.0))),
        check(Measurand::ChargeAfterFault, Criterion::AtMost(1e-9)),
    ] {
        let hidden = judged(250_000, &wanted);
        assert_eq!(hidden.verdict, Verdict::Invalid, "{hidden:?}");
        assert!(hidden.reason.unwrap().contains("inputs were shorted"));
        // The charge is judged to the end of the record.
        if wanted.measurand != Measurand::ChargeAfterFault {
            let seen = judged(800_000, &wanted);
            assert_eq!(seen.verdict, Verdict::Pass, "{seen:?}");
        }
    }
}

/// 20 µA at 1 kHz while the inputs are shorted: the scatter that this leaves would hide as much from what looks for activity.
#[test]
fn a_zero_in_which_something_flowed_is_none() {
    let judged_with = |flows: f64| {
        let program = program(2e-3, 200e-6, 50e-6, 50.0);
        let mut bench = Bench::drawn(42, 4e-3);
        let more = |t: f64| if t < 0.02 { flows * (std::f64::consts::TAU * 1e3 * t).sin() } else { 0.0 };
        let codes = bench.sample_with(&steps(&program, 40e-3, 0.235), more, 300_000);
        let recording = record(setup(&bench, &program), &codes, &markers(20_000), &[4096]);
        let found = judged(&program, &recording, WINDOW, check(Measurand::Amplitude, within(0.03, 0.0)));
        (found, recording.contacts[0].safe_codes * bench.calibration.lsb)
    };
    let (found, safe) = judged_with(0.0);
    assert_eq!(found.verdict, Verdict::Pass, "{found:?}");
    assert!((safe - 1e-6).abs() < 1e-12, "{safe:e}");
    let (found, safe) = judged_with(20e-6);
    assert_eq!(found.verdict, Verdict::Invalid, "{found:?}");
    assert!(found.reason.unwrap().starts_with("the zero of `e1` at 0.000 s is none"));
    assert!((safe - 1e-6).abs() < 1e-12, "{safe:e}");
}

#[test]
fn pulses_too_small_for_a_row_are_pulses_after_a_fault() {
    let program = program(2e-3, 200e-6, 50e-6, 50.0);
    let none = || check(Measurand::PulsesAfterFault, Criterion::Equals(0.0));
    assert_eq!(after_silence(&program, 0.0, None, none()).verdict, Verdict::Pass);
    // 80 uA, a twenty-fifth: at 160, 180 … 520 ms.
    let small = after_silence(&program, 0.04, None, none());
    assert_eq!((small.verdict, small.value), (Verdict::Fail, Some(19.0)), "{small:?}");
    let full = after_silence(&program, 1.0, None, none());
    assert_eq!(full.value, Some(19.0), "{full:?}");
    // Five in a burst merge into one activity.
    let burst = Program { burst: Some(Burst { pulses: 5, rate: 1e3 }), ..program.clone() };
    for factor in [0.04, 1.0] {
        let found = after_silence(&burst, factor, None, none());
        assert_eq!(found.value, Some(5.0 * 19.0), "{factor}: {found:?}");
    }
    // Phases farther apart than activity is told apart are one pulse's.
    let apart = Program { gap: 3e-3, ..program };
    assert_eq!(after_silence(&apart, 0.04, None, none()).value, Some(19.0));
}

#[test]
fn charge_in_currents_too_small_for_a_phase_or_without_an_end_is_no_pass() {
    let program = program(2e-3, 200e-6, 50e-6, 50.0);
    let charge = |limit| check(Measurand::ChargeAfterFault, Criterion::AtMost(limit));
    let none = after_silence(&program, 0.0, None, charge(1e-9));
    assert_eq!((none.verdict, none.value), (Verdict::Pass, Some(0.0)), "{none:?}");
    // 19 pulses of 2 x 16 nC.
    let truth = 19.0 * 32e-9;
    let small = after_silence(&program, 0.04, None, charge(truth));
    assert_ne!(small.verdict, Verdict::Pass, "{small:?}");
    let (value, u) = (small.value.unwrap(), small.uncertainty.unwrap_or(0.0));
    assert!((value - truth).abs() <= 1.06 * u, "{small:?}");
    let stuck = after_silence(&program, 0.0, Some(0.2), charge(1.0));
    assert_eq!(stuck.verdict, Verdict::Invalid, "{stuck:?}");
    assert!(stuck.reason.unwrap().contains("the output stayed on"));
}

#[test]
fn link_errors_are_exact() {
    for (errors, verdict) in [(0, Verdict::Pass), (1, Verdict::Fail)] {
        let wanted = check(Measurand::LinkErrors, Criterion::Equals(0.0));
        let record = after_open_lead(wanted, |facts| facts.link_errors = errors);
        assert_eq!((record.verdict, record.value), (verdict, Some(errors as f64)), "{record:?}");
        assert!(record.uncertainty.is_none_or(|u| u == 0.0));
    }
}

/// The same train with a slow channel at 1 kHz that reads `zero` codes at rest and `level` codes after its zero.
fn with_slow(zeroed: bool, zero: i16, level: i16) -> CheckRecord {
    with_slow_codes(zeroed, |k| if k < 1600 { zero } else { level })
}

/// The same with any code at each millisecond.
fn with_slow_codes(zeroed: bool, code: impl Fn(usize) -> i16) -> CheckRecord {
    let program = program(2e-3, 200e-6, 50e-6, 50.0);
    let mut bench = Bench::drawn(42, 4e-3);
    let calibration = Calibration { lsb: 20e-6 / 32_768.0, ..bench.calibration };
    let slow = SlowSetup {
        sample_rate: 1e3,
        filter: (2, 2.0),
        channels: vec![ChannelSetup { name: "e1".into(), sensed: Sensed::Current, calibration }],
    };
    let marks = if zeroed { markers(1_500_000) } else { Vec::new() };
    let codes = bench.sample(&steps(&program, 1.55, 4.0), 4_000_000);
    let mut recorder = Recorder::new(stimrig::measure::Setup { slow: Some(slow), ..setup(&bench, &program) });
    for (k, codes) in codes.chunks(1000).enumerate() {
        let first = k as u64 * 1000;
        let range = first..first + 1000;
        let within: Vec<_> = marks.iter().filter(|mark| range.contains(&mark.sample)).copied().collect();
        let fast = StreamKind::Fast;
        recorder.block(&Block { stream: fast, first, count: 1000, codes, markers: &within, lost: 0 });
        let plane = [code(k)];
        let slow = StreamKind::Slow;
        recorder.block(&Block {
            stream: slow,
            first: k as u64,
            count: 1,
            codes: &plane,
            markers: &[],
            lost: 0,
        });
    }
    let wanted = check(Measurand::DcLeakageCurrent, Criterion::AtMost(100e-9));
    judged(&program, &recorder.finish(), (1_600_000, 3_990_000), wanted)
}

#[test]
fn leakage_is_counted_from_the_zero_and_not_known_without_one() {
    // One code is 0.61 nA.
    let small = with_slow(true, 7, 7 + 80);
    assert_eq!(small.verdict, Verdict::Pass, "{small:?}");
    assert!((small.value.unwrap() - 80.0 * 20e-6 / 32_768.0).abs() < 1e-12, "{small:?}");
    let large = with_slow(true, 7, 7 - 410);
    assert_eq!(large.verdict, Verdict::Fail, "{large:?}");
    assert!(large.reason.unwrap().contains("is below -100 nA"));
    let unknown = with_slow(false, 0, 0);
    assert_eq!(unknown.verdict, Verdict::Invalid, "{unknown:?}");
    assert!(unknown.reason.unwrap().starts_with("no zeroed dc channel"));
    // It rises by 30 nA in a second of its zero, and as fast behind it: what it reads says nothing of the output, nor do limits.
    for level in [80, 410] {
        let drifting = with_slow_codes(true, |k| (k / 20) as i16 + if k < 1600 { 0 } else { level });
        assert_eq!(drifting.verdict, Verdict::Invalid, "{drifting:?}");
        assert!(drifting.reason.unwrap().starts_with("the zero of `e1`"));
    }
}

#[test]
fn what_a_leaky_interface_keeps_is_what_the_closed_form_says() {
    // 500 Ω + 4.7 µF ∥ 20 kΩ, 5 mA, 200 µs, gap 100 µs, 50 Hz: I·Rct·(1 − a)(1 − ab)·c/(1 − a²bc) in steady state.
    let tau = 20e3 * 4.7e-6;
    let decay = |t: f64| f64::exp(-t / tau);
    let (a, b, c) = (decay(200e-6), decay(100e-6), decay(20e-3 - 500e-6));
    let steady = 5e-3 * 20e3 * (1.0 - a) * (1.0 - a * b) * c / (1.0 - a * a * b * c);
    assert!((steady - 2.872e-3).abs() < 1e-6);
    let (exit, record) = run(&["scenarios/charge-balance/residual-voltage.yaml"]);
    assert_eq!(exit, 0, "{record:#}");
    let all = checks(&record);
    let (_, residual) = all.iter().find(|(_, check)| check["measurand"] == "residual_voltage").unwrap();
    let (value, u) = (residual["value"].as_f64().unwrap(), residual["uncertainty"].as_f64().unwrap());
    // The worst of 50 has risen to within exp(−1 s/94 ms) of it, and noise picks the largest.
    assert!((value - steady).abs() <= 2.0 * u + 1e-3 * steady, "{value} ± {u} against {steady}");
    assert!(u < 0.1e-3, "{u}");
}

fn stays_off(hold: f64) -> Check {
    Check { hold: Some(hold), ..check(Measurand::StaysOff, Criterion::Holds) }
}

/// A stimulator that acknowledges a start and puts nothing out.
#[test]
fn what_never_ran_shows_nothing_by_being_off() {
    let silent = |rate: f64, event: u64, wanted: Check| {
        let program = program(2e-3, 200e-6, 50e-6, rate);
        let mut bench = Bench::drawn(42, 4e-3);
        let codes = bench.sample(&[], 1_500_000);
        let recording = record(setup(&bench, &program), &codes, &markers(20_000), &[4096]);
        let wanted = Check { after: Some("event".into()), ..wanted };
        let steps = vec![Action::Start, Action::HostSilence(0.5), Action::Stop];
        let case = case(&program, steps, vec![wanted]);
        judge(&case, &facts(&program, &[39_000, event, 1_300_000], 1_500_000), &recording).remove(0)
    };
    let pulses = Check { hold: Some(0.4), ..check(Measurand::PulsesAfterFault, Criterion::Equals(0.0)) };
    let charge = check(Measurand::ChargeAfterFault, Criterion::AtMost(1e-9));
    for wanted in [stays_off(0.4), pulses, charge] {
        let found = silent(50.0, 345_000, wanted);
        assert_eq!(found.verdict, Verdict::Invalid, "{found:?}");
        assert!(found.reason.unwrap().starts_with("nothing came of the start before that instant"));
    }
    // At 10 Hz a pulse was due within 100 ms of the start, three periods or not.
    for (rate, event) in [(50.0, 345_000), (10.0, 300_000)] {
        let found = silent(rate, event, check(Measurand::ShutdownLatency, Criterion::AtMost(0.2)));
        assert_eq!(found.verdict, Verdict::Invalid, "{found:?}");
        assert!(found.reason.unwrap().starts_with("nothing was running at that instant"));
    }
}

/// 100 Hz, from 235 ms on 50 Hz, for 0.4 s: the last pulse is due at 420 ms, and the host falls silent at 430 ms.
#[test]
fn silence_behind_a_trains_own_end_shows_nothing_though_its_program_was_changed() {
    let limited = |rate| Program { run: Run::Duration(0.4), ..program(2e-3, 200e-6, 50e-6, rate) };
    let (before, after) = (limited(100.0), limited(50.0));
    let first = steps(&before, 40e-3, 0.235);
    let exact = [first, steps(&after, 240e-3, 0.435)].concat();
    let mut bench = Bench::drawn(42, 4e-3);
    let codes = bench.sample(&exact, 900_000);
    let recording = record(setup(&bench, &before), &codes, &markers(20_000), &[4096]);
    let wanted = Check { after: Some("event".into()), ..stays_off(0.15) };
    let set = Action::Set(Box::new(after.clone()));
    let case = case(&before, vec![Action::Start, set, Action::HostSilence(0.3), Action::Stop], vec![wanted]);
    let mut facts = facts(&before, &[39_000, 235_000, 430_000, 800_000], 900_000);
    facts.segments.push(Segment {
        requested: 235_000,
        from: 235_000,
        programmed: after.clone(),
        applied: after,
    });
    let found = judge(&case, &facts, &recording).remove(0);
    assert_eq!(found.verdict, Verdict::Invalid, "{found:?}");
    assert!(found.reason.unwrap().starts_with("only 0 pulses were due"));
}

/// Two trains; the second goes on until `until` seconds though it is stopped at 700 ms.
#[test]
fn each_stop_has_its_own_latency() {
    let latency = |until: f64| {
        let program = program(2e-3, 200e-6, 50e-6, 50.0);
        let exact = [steps(&program, 40e-3, 0.235), steps(&program, 501e-3, until)].concat();
        let mut bench = Bench::drawn(42, 4e-3);
        let codes = bench.sample(&exact, 1_200_000);
        let recording = record(setup(&bench, &program), &codes, &markers(20_000), &[4096]);
        let wanted = check(Measurand::StopLatency, Criterion::AtMost(0.1));
        let case =
            case(&program, vec![Action::Start, Action::Stop, Action::Start, Action::Stop], vec![wanted]);
        let facts = facts(&program, &[39_000, 235_000, 500_000, 700_000], 1_200_000);
        judge(&case, &facts, &recording).remove(0)
    };
    let right = latency(0.695);
    assert_eq!((right.verdict, right.count), (Verdict::Pass, 2), "{right:?}");
    // The last pulse begins at 881 ms and ends 450 us later.
    let late = latency(0.895);
    assert_eq!((late.verdict, late.count), (Verdict::Fail, 2), "{late:?}");
    assert!((late.value.unwrap() - 181.45e-3).abs() < 1e-4, "{late:?}");
}

/// A lead opens, and the host falls silent while it is open, or after it was closed again: without a channel at the stimulator's side
/// nothing tells whether its output ended.
#[test]
fn behind_an_open_lead_no_later_event_is_seen_either() {
    let program = program(2e-3, 200e-6, 50e-6, 50.0);
    let mut bench = Bench::drawn(42, 4e-3);
    let codes = bench.sample(&steps(&program, 40e-3, 0.125), 400_000);
    let recording = record(setup(&bench, &program), &codes, &markers(20_000), &[4096]);
    let found = |between: Action| {
        let open = Action::Inject(Fault::OpenLead { contact: "e1".into() });
        let wanted = Check { after: Some("silent".into()), ..stays_off(0.1) };
        let actions = vec![Action::Start, open, between, Action::HostSilence(0.2), Action::Stop];
        let mut case = case(&program, actions, vec![wanted]);
        case.steps[3].name = Some("silent".into());
        let facts = facts(&program, &[39_000, 90_000, 95_000, 130_000, 390_000], 400_000);
        judge(&case, &facts, &recording).remove(0)
    };
    let unseen = found(Action::Wait(0.01));
    assert_eq!(unseen.verdict, Verdict::Invalid, "{unseen:?}");
    assert!(unseen.reason.unwrap().starts_with("activity not observable"));
    let closed = found(Action::Clear("open-lead".into()));
    assert_eq!(closed.verdict, Verdict::Pass, "{closed:?}");
}
