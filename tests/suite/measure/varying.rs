//! What varies in time, on waveforms made by hand: changes, bursts, off-times, ramps, jitter, a few that stray of many.

use stimrig::judge::{Segment, judge};
use stimrig::measure::Recording;
use stimrig::record::{CheckRecord, Verdict};
use stimrig::scenario::{Action, Check, Criterion, Measurand, Statistic};
use stimrig::signal::{Burst, Cycle, Law, Program, Ramp, Run, Waveform};

use super::bench::{Bench, steps};
use super::case::{case, check, facts, judged, within};
use super::stream::{markers, program, record, setup};

/// 50 Hz, 2 mA, 200 µs, 50 µs.
fn usual() -> Program {
    program(2e-3, 200e-6, 50e-6, 50.0)
}

/// Mirrored pulses of these amplitudes (A) at these instants (s), 200 µs wide with a gap of 50 µs.
fn recorded(program: &Program, pulses: &[(f64, f64)], samples: usize) -> Recording {
    let mut bench = Bench::drawn(7, 4e-3);
    let exact: Vec<(f64, f64)> = pulses
        .iter()
        .flat_map(|(at, amplitude)| {
            let edges = [(0.0, -1.0), (200e-6, 1.0), (250e-6, 1.0), (450e-6, -1.0)];
            edges.map(|(later, sign)| (at + later, sign * amplitude))
        })
        .collect();
    let codes = bench.sample(&exact, samples);
    record(setup(&bench, program), &codes, &markers(20_000), &[4096])
}

/// Judges checks of a train whose second program was sent at `requested` and taken at `from`, samples.
fn changed(
    (first, second): (&Program, &Program),
    recording: &Recording,
    (requested, from): (u64, u64),
    wanted: Vec<Check>,
) -> Vec<CheckRecord> {
    let steps = vec![Action::Start, Action::Set(Box::new(second.clone())), Action::Stop];
    let case = case(first, steps, wanted);
    let mut facts = facts(first, &[39_000, from, recording.samples - 20_000], recording.samples);
    facts.segments.push(Segment { requested, from, programmed: second.clone(), applied: second.clone() });
    judge(&case, &facts, recording)
}

fn every(seconds: f64, count: u32, from: f64, amplitude: f64) -> Vec<(f64, f64)> {
    (0..count).map(|n| (from + f64::from(n) * seconds, amplitude)).collect()
}

#[test]
fn pulses_between_sending_and_taking_a_change_belong_to_no_program() {
    let (before, after) = (usual(), Program { amplitude: 3e-3, rate: 100.0, ..usual() });
    // Five at 20 ms, and from 140 ms on every 10 ms.
    let mut pulses = every(0.02, 5, 0.04, 2e-3);
    pulses.extend(every(0.01, 6, 0.14, 3e-3));
    let recording = recorded(&before, &pulses, 215_000);
    let amplitude = || check(Measurand::Amplitude, within(0.03, 0.0));
    let count = |criterion| check(Measurand::MissingPulses, criterion);
    let extra = check(Measurand::ExtraPulses, Criterion::Equals(0.0));
    let rate = check(Measurand::Rate, within(0.005, 0.0));
    let wanted = vec![amplitude(), count(Criterion::Equals(0.0)), extra, rate];
    let records = changed((&before, &after), &recording, (125_000, 135_000), wanted.clone());
    assert!(records.iter().all(|record| record.verdict == Verdict::Pass), "{records:#?}");
    assert_eq!(records[0].count, 11);
    // Sent before the pulse at 120 ms: that one is left out.
    let records = changed((&before, &after), &recording, (115_000, 135_000), vec![amplitude()]);
    assert_eq!((records[0].verdict, records[0].count), (Verdict::Pass, 10), "{records:#?}");
    // Taken before it: then it has the wrong amplitude, at a wrong instant.
    let records = changed((&before, &after), &recording, (105_000, 110_000), wanted);
    assert_eq!(records[0].verdict, Verdict::Fail, "{records:#?}");
    assert_eq!(records[1].verdict, Verdict::Fail, "{records:#?}");
}

/// A stimulator that tears a change: while it is being taken, one pulse is larger than either program has it.
#[test]
fn a_limit_that_is_not_about_the_program_holds_while_a_change_is_taken() {
    let (before, after) = (usual(), Program { amplitude: 3e-3, ..usual() });
    let mut pulses = every(0.02, 10, 0.04, 2e-3);
    pulses.iter_mut().skip(5).for_each(|pulse| pulse.1 = 3e-3);
    let limits = || {
        vec![
            check(Measurand::Amplitude, Criterion::AtMost(3.1e-3)),
            check(Measurand::ChargePerPhase, Criterion::AtMost(0.62e-6)),
            check(Measurand::Amplitude, within(0.03, 0.0)),
        ]
    };
    let verdicts = |pulses: &[(f64, f64)]| {
        let recording = recorded(&before, pulses, 260_000);
        let records = changed((&before, &after), &recording, (115_000, 135_000), limits());
        records.iter().map(|record| (record.verdict, record.count)).collect::<Vec<_>>()
    };
    assert_eq!(verdicts(&pulses), [(Verdict::Pass, 10), (Verdict::Pass, 10), (Verdict::Pass, 9)]);
    pulses[4].1 = 3.3e-3;
    let torn = verdicts(&pulses);
    assert_eq!(torn, [(Verdict::Fail, 10), (Verdict::Fail, 10), (Verdict::Pass, 9)]);
}

/// Three pulses leave 6 nC, the fourth takes most of it back; of what comes of five hundred more, each known to 1e-4 of its
/// phases, the sum is not known to be below 8 nC.
#[test]
fn what_has_accumulated_is_judged_where_it_may_have_been_largest() {
    let quick = Program { rate: 200.0, ..usual() };
    let accumulated = |count: u32| {
        let pulses = (0..count).flat_map(|n| {
            let at = 0.04 + 0.005 * f64::from(n);
            let recovery = match n {
                0..3 => 2.01e-3,
                3 => 1.975e-3,
                _ => 2e-3,
            };
            [(0.0, -2e-3), (200e-6, 2e-3), (250e-6, recovery), (450e-6, -recovery)]
                .map(|(later, step)| (at + later, step))
        });
        let mut bench = Bench::drawn(7, 4e-3);
        let codes = bench.sample(&pulses.collect::<Vec<_>>(), (60_000 + 5_000 * count) as usize);
        let recording = record(setup(&bench, &quick), &codes, &markers(20_000), &[4096]);
        let wanted = check(Measurand::AccumulatedCharge, Criterion::AtMost(8e-9));
        judged(&quick, &recording, (39_000, u64::from(50_000 + 5_000 * count)), wanted)
    };
    let few = accumulated(5);
    assert_eq!(few.verdict, Verdict::Pass, "{few:?}");
    assert!((few.value.unwrap() - 6e-9).abs() < 0.5e-9, "{few:?}");
    let many = accumulated(500);
    assert_eq!(many.verdict, Verdict::Inconclusive, "{many:?}");
}

#[test]
fn a_change_within_a_burst_waits_for_the_next() {
    let burst = Some(Burst { pulses: 3, rate: 400.0 });
    let (before, after) = (Program { burst, ..usual() }, Program { burst, amplitude: 3e-3, ..usual() });
    let of_burst = |at: f64, amplitude| every(0.0025, 3, at, amplitude);
    let pulses: Vec<_> = [(0.04, 2e-3), (0.06, 2e-3), (0.08, 3e-3), (0.1, 3e-3)]
        .into_iter()
        .flat_map(|(at, amplitude)| of_burst(at, amplitude))
        .collect();
    let recording = recorded(&before, &pulses, 140_000);
    let wanted = vec![
        check(Measurand::Amplitude, within(0.03, 0.0)),
        check(Measurand::MissingPulses, Criterion::Equals(0.0)),
        check(Measurand::ExtraPulses, Criterion::Equals(0.0)),
    ];
    // Taken between the first and the second pulse of the second burst.
    let records = changed((&before, &after), &recording, (61_000, 61_000), wanted);
    assert!(records.iter().all(|record| record.verdict == Verdict::Pass), "{records:#?}");
    assert_eq!(records[0].count, 12);
}

#[test]
fn off_times_are_neither_missing_pulses_nor_a_low_rate() {
    let cycle = Some(Cycle { on_time: 0.1, off_time: 0.1 });
    let cycled = Program { cycle, ..usual() };
    // Five on, 120 ms to the next: the off-times are 20 ms too long.
    let mut pulses = every(0.02, 5, 0.04, 2e-3);
    pulses.extend(every(0.02, 5, 0.26, 2e-3));
    pulses.extend(every(0.02, 5, 0.48, 2e-3));
    let recording = recorded(&cycled, &pulses, 760_000);
    let judged =
        |measurand, criterion| judged(&cycled, &recording, (39_000, 650_000), check(measurand, criterion));
    let off = judged(Measurand::CycleOff, within(0.5, 0.0));
    assert!((off.value.unwrap() - 0.12).abs() < 1e-5 && off.count == 2, "{off:#?}");
    let on = judged(Measurand::CycleOn, within(0.5, 0.0));
    assert!((on.value.unwrap() - 0.1).abs() < 1e-5 && on.count == 3, "{on:#?}");
    assert_eq!(judged(Measurand::Rate, within(0.005, 0.0)).verdict, Verdict::Pass);
    assert_eq!(judged(Measurand::MissingPulses, Criterion::Equals(0.0)).verdict, Verdict::Pass);
    assert_eq!(judged(Measurand::ExtraPulses, Criterion::Equals(0.0)).verdict, Verdict::Pass);
    let jitter = judged(Measurand::PeriodJitter, Criterion::AtMost(20e-6));
    assert_eq!(jitter.verdict, Verdict::Pass, "{jitter:#?}");
    // One left out, one too many in an off-time.
    pulses.remove(7);
    pulses.insert(9, (0.39, 2e-3));
    let recording = recorded(&cycled, &pulses, 760_000);
    let judged = |measurand| {
        super::case::judged(&cycled, &recording, (39_000, 650_000), check(measurand, Criterion::Equals(0.0)))
    };
    assert_eq!(judged(Measurand::MissingPulses).value, Some(1.0));
    assert_eq!(judged(Measurand::ExtraPulses).value, Some(1.0));
}

#[test]
fn jitter_is_the_deviation_of_the_periods() {
    // Every second pulse 30 µs late: periods of ± 30 µs about their mean.
    let pulses = every(0.02, 21, 0.04, 2e-3)
        .into_iter()
        .enumerate()
        .map(|(n, (at, a))| (at + 30e-6 * (n % 2) as f64, a));
    let recording = recorded(&usual(), &pulses.collect::<Vec<_>>(), 480_000);
    let wanted = check(Measurand::PeriodJitter, Criterion::AtMost(20e-6));
    let record = judged(&usual(), &recording, (39_000, 470_000), wanted);
    // Twenty periods: √(20/19) of 30 µs.
    let expected = 30e-6 * (20.0_f64 / 19.0).sqrt();
    assert!((record.value.unwrap() - expected).abs() < 0.05e-6, "{record:#?}");
    assert_eq!(record.verdict, Verdict::Fail);
}

#[test]
fn a_ramp_is_compared_pulse_by_pulse_and_timed_to_its_plateau() {
    let ramped = Program { ramp: Some(Ramp { up: 0.2, law: Law::Linear }), ..usual() };
    let value = |n: u32, late: f64| 2e-3 * ((f64::from(n) + 0.5 - late) / 10.0).clamp(0.05, 1.0);
    let judged = |late: f64, wanted: Check| {
        let pulses: Vec<_> = (0..20).map(|n| (0.04 + 0.02 * f64::from(n), value(n, late))).collect();
        let recording = recorded(&ramped, &pulses, 480_000);
        judged(&ramped, &recording, (39_000, 470_000), wanted)
    };
    let error = || check(Measurand::RampError, Criterion::AtMost(0.1));
    let right = judged(0.0, error());
    assert_eq!((right.verdict, right.count), (Verdict::Pass, 10), "{right:#?}");
    // Two steps behind: 20 % of the plateau.
    let late = judged(2.0, error());
    assert_eq!(late.verdict, Verdict::Fail, "{late:#?}");
    assert!((late.value.unwrap() + 0.2).abs() < 2e-3, "{late:#?}");
    let duration = judged(2.0, check(Measurand::RampDuration, within(0.1, 0.0)));
    assert!((duration.value.unwrap() - 0.24).abs() < 1e-5, "{duration:#?}");
    assert_eq!(duration.limit.nominal, Some(0.2));
}

/// 50 uA to 1 mA, of phases of half the amplitude.
#[test]
fn the_ramp_of_a_triphasic_pulse_is_that_of_its_leading_phase() {
    let ramped =
        Program { waveform: Waveform::Triphasic, ramp: Some(Ramp { up: 0.2, law: Law::Linear }), ..usual() };
    let judged = |emitted: &Program| {
        let mut bench = Bench::ideal(7, 4e-3);
        let codes = bench.sample(&steps(emitted, 0.04, 0.43), 480_000);
        let recording = record(setup(&bench, &ramped), &codes, &markers(20_000), &[4096]);
        let wanted = check(Measurand::RampError, Criterion::AtMost(0.1));
        judged(&ramped, &recording, (39_000, 435_000), wanted)
    };
    let right = judged(&ramped);
    assert_eq!((right.verdict, right.count), (Verdict::Pass, 10), "{right:#?}");
    assert!(right.value.unwrap().abs() < 2e-3, "{right:#?}");
    // At once on the plateau: the first pulse is 95 % of it too large.
    let stepped = judged(&Program { ramp: None, ..ramped.clone() });
    assert_eq!(stepped.verdict, Verdict::Fail, "{stepped:#?}");
    assert!((stepped.value.unwrap() - 0.95).abs() < 2e-3, "{stepped:#?}");
}

/// 25, 75, 125 uA in a noise of 7.3 uA, in which what has 59 uA is found: 25 uA are not.
fn noisy(waveform: Waveform) -> (Program, Recording) {
    let ramp = Some(Ramp { up: 0.2, law: Law::Linear });
    let ramped = Program { waveform, amplitude: 0.5e-3, ramp, ..usual() };
    let mut bench = Bench::ideal(7, 4e-3);
    bench.calibration.noise = 60.0;
    let codes = bench.sample(&steps(&ramped, 0.04, 0.43), 480_000);
    let recording = record(setup(&bench, &ramped), &codes, &markers(20_000), &[4096]);
    (ramped, recording)
}

#[test]
fn where_the_first_pulses_of_a_ramp_may_have_come_unseen_none_is_held_against_anothers_amplitude() {
    let (ramped, recording) = noisy(Waveform::Biphasic);
    assert_eq!(recording.main().unwrap().pulses.len(), 19, "of twenty");
    let found = |start: u64, wanted: Check| judged(&ramped, &recording, (start, 435_000), wanted);
    let all = |wanted: Check| Check { window: Some(("start".into(), "stop".into())), ..wanted };
    let amplitude = || check(Measurand::Amplitude, within(0.1, 0.0));
    let charge = check(Measurand::ChargePerPhase, within(0.1, 0.0));
    let error = check(Measurand::RampError, Criterion::AtMost(0.1));
    let duration = check(Measurand::RampDuration, Criterion::AtMost(1.0));
    let latency = check(Measurand::StartLatency, Criterion::AtMost(0.1));
    let count = check(Measurand::PulseCount, Criterion::Equals(19.0));
    for wanted in [all(amplitude()), all(charge), error, duration, latency, all(count)] {
        let record = found(39_000, wanted);
        assert_eq!(record.verdict, Verdict::Invalid, "{record:#?}");
        assert!(record.reason.unwrap().starts_with("pulse 0 may not be the one of its ramp"));
    }
    // What holds for every pulse, and the plateau, are judged.
    let rate = check(Measurand::Rate, within(0.005, 0.0));
    let limit = all(check(Measurand::Amplitude, Criterion::AtMost(0.6e-3)));
    for wanted in [amplitude(), rate, limit] {
        let record = found(39_000, wanted);
        assert_eq!(record.verdict, Verdict::Pass, "{record:#?}");
    }
    // A start just before the first that is found leaves no time for another: that one has 75 uA and was to have 25.
    let placed = found(59_000, all(amplitude()));
    assert_eq!(placed.verdict, Verdict::Fail, "{placed:#?}");
}

#[test]
fn which_of_a_pair_leads_is_not_known_where_the_first_may_have_come_unseen() {
    let (ramped, recording) = noisy(Waveform::Alternating);
    let polarity = check(Measurand::Polarity, Criterion::Equals(-1.0));
    let record = judged(&ramped, &recording, (39_000, 435_000), polarity);
    assert_eq!(record.verdict, Verdict::Invalid, "{record:#?}");
    assert!(record.reason.unwrap().contains("may not be the one of its ramp"));
}

/// Two starts: behind the first the ramp comes to its plateau, behind the second five of its ten pulses come, or none.
#[test]
fn a_train_that_ends_on_its_ramp_does_not_come_to_a_plateau_however_good_others_are() {
    let ramped = Program { ramp: Some(Ramp { up: 0.2, law: Law::Linear }), ..usual() };
    let of_ramp = |count: u32, from: f64| {
        let value = |n: u32| 2e-3 * ((f64::from(n) + 0.5) / 10.0).min(1.0);
        (0..count).map(move |n| (from + 0.02 * f64::from(n), value(n))).collect::<Vec<_>>()
    };
    let long = || check(Measurand::RampDuration, within(0.5, 0.0));
    for second in [5, 0] {
        let recording = recorded(&ramped, &[of_ramp(20, 0.04), of_ramp(second, 0.501)].concat(), 960_000);
        let judged = |stop: u64, wanted: Check| {
            let steps = vec![Action::Start, Action::Stop, Action::Start, Action::Stop];
            let facts = facts(&ramped, &[39_000, 470_000, 500_000, stop], recording.samples);
            judge(&case(&ramped, steps, vec![wanted]), &facts, &recording).remove(0)
        };
        let ended = judged(930_000, long());
        assert_eq!((ended.verdict, ended.count), (Verdict::Fail, 2), "{second}: {ended:#?}");
        let ended = judged(930_000, check(Measurand::RampDuration, Criterion::AtMost(0.3)));
        assert_eq!(ended.verdict, Verdict::Fail, "{second}: {ended:#?}");
        // That it takes long enough a ramp without an end does not show.
        let ended = judged(930_000, check(Measurand::RampDuration, Criterion::AtLeast(0.1)));
        assert_eq!(ended.verdict, Verdict::Invalid, "{second}: {ended:#?}");
        assert!(ended.reason.unwrap().starts_with("nothing ended the train"));
        // A stop 150 ms behind the start leaves nothing to say of its ramp.
        let stopped = judged(650_000, long());
        assert_eq!((stopped.verdict, stopped.count), (Verdict::Pass, 1), "{second}: {stopped:#?}");
    }
}

/// Each on-time begins with a ramp of sixteen of its twenty pulses: most of the train is on a ramp.
#[test]
fn the_plateau_of_a_cycled_train_is_that_of_its_on_times_without_their_ramps() {
    let cycled = Program {
        rate: 200.0,
        ramp: Some(Ramp { up: 0.08, law: Law::Linear }),
        cycle: Some(Cycle { on_time: 0.1, off_time: 0.05 }),
        ..usual()
    };
    let value = |n: u32| 2e-3 * ((f64::from(n) + 0.5) / 16.0).min(1.0);
    let pulses: Vec<_> = (0..80)
        .map(|k| (k / 20, k % 20))
        .map(|(turn, n)| (0.04 + 0.15 * f64::from(turn) + 0.005 * f64::from(n), value(n)))
        .collect();
    let recording = recorded(&cycled, &pulses, 660_000);
    let wanted = check(Measurand::RampDuration, Criterion::AtMost(0.06));
    let found = judged(&cycled, &recording, (39_000, 635_000), wanted);
    assert!((found.value.unwrap() - 0.08).abs() < 1e-5, "{found:#?}");
    assert_eq!(found.verdict, Verdict::Fail, "{found:#?}");
}

#[test]
fn one_of_a_hundred_may_stray_and_many_may_not() {
    let strayed = |strays: usize| {
        let mut pulses = every(0.005, 200, 0.04, 2e-3);
        pulses.iter_mut().step_by(13).take(strays).for_each(|pulse| pulse.1 = 2.2e-3);
        let quick = Program { rate: 200.0, ..usual() };
        let recording = recorded(&quick, &pulses, 1_100_000);
        let wanted = Check { statistic: Statistic::P99, ..check(Measurand::Amplitude, within(0.03, 0.0)) };
        judged(&quick, &recording, (39_000, 1_090_000), wanted)
    };
    assert_eq!(strayed(0).verdict, Verdict::Pass);
    // Two of 200 are within one in a hundred, but so few pulses cannot show it.
    let few = strayed(2);
    assert_eq!(few.verdict, Verdict::Inconclusive, "{few:#?}");
    assert!((few.value.unwrap() - 2e-3).abs() < 1e-5);
    let many = strayed(10);
    assert_eq!(many.verdict, Verdict::Fail, "{many:#?}");
    assert!((many.value.unwrap() - 2.2e-3).abs() < 1e-5);
}

/// e1 drives ten pulses; the program after them leaves it out.
#[test]
fn a_contact_that_the_next_program_leaves_out_owes_no_pulses_and_may_give_none() {
    let before = usual();
    let mut after = Program { rate: 100.0, ..usual() };
    after.contacts.iter_mut().for_each(|share| share.contact = format!("other {}", share.contact));
    let count = |measurand| check(measurand, Criterion::Equals(0.0));
    let wanted = || vec![count(Measurand::MissingPulses), count(Measurand::ExtraPulses)];
    let values = |pulses: &[(f64, f64)]| {
        let recording = recorded(&before, pulses, 600_000);
        let found = changed((&before, &after), &recording, (235_000, 236_000), wanted());
        found.iter().map(|record| record.value.unwrap()).collect::<Vec<_>>()
    };
    let ten = every(0.02, 10, 0.04, 2e-3);
    assert_eq!(values(&ten), [0.0, 0.0]);
    // One that did not come before the change is missed, and what comes long behind it is one too many.
    let nine: Vec<_> = ten.iter().copied().filter(|(at, _)| (at - 0.12).abs() > 1e-3).collect();
    assert_eq!(values(&nine), [1.0, 0.0]);
    let eleven: Vec<_> = ten.iter().copied().chain([(0.4, 2e-3)]).collect();
    assert_eq!(values(&eleven), [0.0, 1.0]);
}

/// 0.4 s of a train whose rate changes half-way: its length is that of the time, and no count of either program's pulses.
#[test]
fn a_duration_ends_a_train_whose_program_was_changed() {
    let limited = |rate: f64| Program { rate, run: Run::Duration(0.4), ..usual() };
    let (slow, fast) = (limited(50.0), limited(100.0));
    let counts = |programs: (&Program, &Program), pulses: &[(f64, f64)]| {
        let recording = recorded(programs.0, pulses, 900_000);
        let wanted = [Measurand::MissingPulses, Measurand::ExtraPulses];
        let wanted = wanted.map(|measurand| check(measurand, Criterion::Equals(0.0))).to_vec();
        let found = changed(programs, &recording, (235_000, 235_000), wanted);
        found.iter().map(|record| record.value.unwrap()).collect::<Vec<_>>()
    };
    let slower = [every(0.01, 20, 0.04, 2e-3), every(0.02, 10, 0.24, 2e-3)].concat();
    assert_eq!(counts((&fast, &slow), &slower), [0.0, 0.0]);
    assert_eq!(counts((&fast, &slow), &slower[..27]), [3.0, 0.0]);
    let longer = [slower, every(0.02, 2, 0.5, 2e-3)].concat();
    assert_eq!(counts((&fast, &slow), &longer), [0.0, 2.0]);
    let faster = [every(0.02, 10, 0.04, 2e-3), every(0.01, 20, 0.24, 2e-3)].concat();
    assert_eq!(counts((&slow, &fast), &faster), [0.0, 0.0]);
}

/// The first program leaves e1 out; that which drives it is taken at 236 ms, and its pulses come at once, or 304 ms later.
#[test]
fn a_contact_that_the_next_program_drives_owes_its_pulses_from_there_on() {
    let mut before = usual();
    before.contacts.iter_mut().for_each(|share| share.contact = format!("other {}", share.contact));
    let after = Program { rate: 100.0, ..usual() };
    let missing = |pulses: &[(f64, f64)]| {
        let recording = recorded(&before, pulses, 600_000);
        let wanted = vec![check(Measurand::MissingPulses, Criterion::Equals(0.0))];
        changed((&before, &after), &recording, (235_000, 236_000), wanted)[0].value
    };
    assert_eq!(missing(&every(0.01, 34, 0.24, 2e-3)), Some(0.0));
    // By the stop at 580 ms 35 were due, and 4 came.
    assert_eq!(missing(&every(0.01, 4, 0.54, 2e-3)), Some(31.0));
}
