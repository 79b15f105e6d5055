//! Missing and extra pulses wherever the window lies in a train: behind an interruption, behind a stop, behind the program's own
//! end, before a start, between short off-times, and where a start delivers nothing or late.

use stimrig::judge::{Observation, judge};
use stimrig::record::{CheckRecord, Verdict};
use stimrig::scenario::{Action, Check, Criterion, FaultCode, Measurand, Nominal, Tolerance};
use stimrig::signal::{Cycle, Law, Program, Ramp, Run};

use super::bench::Bench;
use super::case::{case, check, facts, judged};
use super::stream::{markers, program, record, setup};

/// 50 Hz, 2 mA, 200 µs, 50 µs.
fn usual() -> Program {
    program(2e-3, 200e-6, 50e-6, 50.0)
}

/// Pulses at these milliseconds.
fn pulses(at: impl IntoIterator<Item = u32>) -> Vec<(f64, f64)> {
    let pulse = |at: u32| {
        let edges = [(0.0, -2e-3), (200e-6, 2e-3), (250e-6, 2e-3), (450e-6, -2e-3)];
        edges.map(|(later, step)| (f64::from(at) * 1e-3 + later, step))
    };
    at.into_iter().flat_map(pulse).collect()
}

/// Judges a second of these pulses by a count that is to be 0 between two instants; steps have a name each, and come at these
/// milliseconds.
fn counted(
    program: &Program,
    at: impl IntoIterator<Item = u32>,
    steps: &[(&str, Action, u64)],
    measurand: Measurand,
    (from, to): (&str, &str),
) -> CheckRecord {
    let window = Some((from.to_owned(), to.to_owned()));
    of(program, at, steps, None, Check { window, ..check(measurand, Criterion::Equals(0.0)) })
}

/// Judges a second of these pulses; the load marks each step but the `unmarked` one.
fn of(
    program: &Program,
    at: impl IntoIterator<Item = u32>,
    steps: &[(&str, Action, u64)],
    unmarked: Option<usize>,
    wanted: Check,
) -> CheckRecord {
    let mut bench = Bench::drawn(42, 4e-3);
    let codes = bench.sample(&pulses(at), 1_000_000);
    let recording = record(setup(&bench, program), &codes, &markers(20_000), &[4096]);
    let mut case = case(program, steps.iter().map(|step| step.1.clone()).collect(), vec![wanted]);
    for (step, (name, ..)) in case.steps.iter_mut().zip(steps) {
        step.name = Some((*name).to_owned());
    }
    let instants: Vec<u64> = steps.iter().map(|step| step.2 * 1000).collect();
    let mut facts = facts(program, &instants, recording.samples);
    facts.instants.iter_mut().for_each(|at| at.marked = Some(at.step) != unmarked);
    judge(&case, &facts, &recording).remove(0)
}

fn every(from: u32, to: u32) -> impl Iterator<Item = u32> {
    (from..to).step_by(20)
}

#[test]
fn behind_an_interruption_that_a_train_outlived_pulses_are_counted_again() {
    let steps = [
        ("on", Action::Start, 39),
        ("silence", Action::HostSilence(0.2), 205),
        ("again", Action::Wait(0.4), 450),
        ("off", Action::Stop, 895),
    ];
    let count = |lacking: &[u32], extra: &[u32], measurand, window| {
        let there = every(40, 890).filter(|at| !lacking.contains(at));
        let mut all: Vec<u32> = there.chain(extra.iter().copied()).collect();
        all.sort_unstable();
        counted(&usual(), all, &steps, measurand, window)
    };
    let behind = ("again", "off");
    assert_eq!(count(&[], &[], Measurand::MissingPulses, behind).verdict, Verdict::Pass);
    assert_eq!(count(&[600, 640, 880], &[], Measurand::MissingPulses, behind).value, Some(3.0));
    assert_eq!(count(&[], &[710], Measurand::ExtraPulses, behind).value, Some(1.0));
    // What came before is nothing to it, and is counted on its own.
    assert_eq!(count(&[140], &[], Measurand::MissingPulses, behind).verdict, Verdict::Pass);
    assert_eq!(count(&[140], &[], Measurand::MissingPulses, ("on", "silence")).value, Some(1.0));
    // Both at once: what was due meanwhile is not known.
    let both = count(&[], &[], Measurand::MissingPulses, ("on", "off"));
    assert_eq!(both.verdict, Verdict::Invalid, "{both:?}");
    assert!(both.reason.unwrap().starts_with("at 0.205000 s something interrupted a train that went on"));
    // It ended the train: nothing was due behind it.
    let ended = counted(&usual(), every(40, 240), &steps, Measurand::MissingPulses, ("on", "off"));
    assert_eq!(ended.verdict, Verdict::Pass, "{ended:?}");
}

#[test]
fn pulses_behind_a_stop_are_extra() {
    let steps = [("on", Action::Start, 39), ("off", Action::Stop, 495), ("late", Action::Wait(0.1), 700)];
    let count = |to, window| counted(&usual(), every(40, to), &steps, Measurand::ExtraPulses, window);
    // The first of them falls into the period after the stop, in which what had begun may be brought to its end.
    assert_eq!(count(900, ("on", "late")).value, Some(9.0));
    assert_eq!(count(900, ("off", "late")).value, Some(9.0));
    assert_eq!(count(900, ("on", "off")).verdict, Verdict::Pass);
    assert_eq!(count(500, ("on", "late")).verdict, Verdict::Pass);
    assert_eq!(
        counted(&usual(), every(40, 900), &steps, Measurand::MissingPulses, ("on", "late")).verdict,
        Verdict::Pass
    );
}

#[test]
fn a_start_that_delivers_nothing_misses_what_was_due() {
    let steps = |second: &'static str| {
        [
            ("on", Action::Start, 39),
            ("off", Action::Stop, 295),
            (second, Action::Start, 500),
            ("end", Action::Stop, 795),
        ]
    };
    let missing =
        |at: Vec<u32>, window| counted(&usual(), at, &steps("again"), Measurand::MissingPulses, window);
    let (first, both) = (every(40, 290).collect::<Vec<_>>(), every(40, 290).chain(every(501, 790)).collect());
    assert_eq!(missing(both, ("on", "end")).verdict, Verdict::Pass);
    // Due within 295 ms, of which the last 5 may be missed by a free-running train.
    assert_eq!(missing(first.clone(), ("on", "end")).value, Some(15.0));
    assert_eq!(missing(first, ("on", "off")).verdict, Verdict::Pass);
}

#[test]
fn pulses_beyond_the_programs_own_end_are_extra() {
    let limited = Program { run: Run::Pulses(20), ..usual() };
    let steps = [("on", Action::Start, 39), ("late", Action::Wait(0.1), 500), ("end", Action::Stop, 900)];
    let count = |to, measurand, window| counted(&limited, every(40, to), &steps, measurand, window);
    assert_eq!(count(440, Measurand::ExtraPulses, ("on", "end")).verdict, Verdict::Pass);
    assert_eq!(count(440, Measurand::MissingPulses, ("on", "end")).verdict, Verdict::Pass);
    assert_eq!(count(400, Measurand::MissingPulses, ("on", "end")).value, Some(2.0));
    assert_eq!(count(620, Measurand::ExtraPulses, ("on", "end")).value, Some(9.0));
    assert_eq!(count(620, Measurand::ExtraPulses, ("late", "end")).value, Some(6.0));
    let timed = Program { run: Run::Duration(0.4), ..usual() };
    let found = counted(&timed, every(40, 620), &steps, Measurand::ExtraPulses, ("on", "end"));
    assert_eq!(found.value, Some(9.0), "{found:?}");
}

#[test]
fn a_train_that_begins_late_misses_what_was_due_by_then() {
    let steps = [("on", Action::Start, 39), ("mid", Action::Wait(0.1), 450), ("off", Action::Stop, 795)];
    let missing = |program: &Program, at: Vec<u32>, window| {
        counted(program, at, &steps, Measurand::MissingPulses, window)
    };
    let (whole, late) = (("on", "off"), every(340, 790).collect::<Vec<_>>());
    // From 39 ms on 38 were due, of which the 23 from 340 ms on came.
    assert_eq!(missing(&usual(), late.clone(), whole).value, Some(15.0));
    // Of its start a window behind the first pulse says nothing, and what comes within 100 ms is a latency.
    assert_eq!(missing(&usual(), late.clone(), ("mid", "off")).verdict, Verdict::Pass);
    assert_eq!(missing(&usual(), every(130, 790).collect(), whole).verdict, Verdict::Pass);
    // Ten pulses are ten pulses whenever they come.
    let ten = Program { run: Run::Pulses(10), ..usual() };
    assert_eq!(missing(&ten, every(340, 540).collect(), whole).verdict, Verdict::Pass);
    // Without a window of its own a check looks from the end of the ramp on, which moves with the first pulse.
    let ramped = Program { ramp: Some(Ramp { up: 0.1, law: Law::Linear }), ..usual() };
    let mut bench = Bench::drawn(42, 4e-3);
    let codes = bench.sample(&pulses(late), 1_000_000);
    for program in [usual(), ramped] {
        let recording = record(setup(&bench, &program), &codes, &markers(20_000), &[4096]);
        let wanted = check(Measurand::MissingPulses, Criterion::Equals(0.0));
        let found = judged(&program, &recording, (39_000, 795_000), wanted);
        assert_eq!((found.verdict, found.value), (Verdict::Fail, Some(15.0)), "{found:?}");
    }
}

#[test]
fn a_train_that_begins_behind_its_stop_is_missed_and_extra() {
    let steps = [("on", Action::Start, 39), ("off", Action::Stop, 295), ("late", Action::Wait(0.1), 795)];
    let count = |measurand| counted(&usual(), every(400, 790), &steps, measurand, ("on", "late")).value;
    assert_eq!(count(Measurand::ExtraPulses), Some(20.0));
    // Due within 256 ms, of which the last 5 may be missed by a free-running train.
    assert_eq!(count(Measurand::MissingPulses), Some(13.0));
}

#[test]
fn a_train_that_broke_off_before_a_window_misses_what_was_due_in_it() {
    let steps = |first: Action| {
        [
            ("on", Action::Start, 39),
            ("event", first, 150),
            ("mid", Action::Wait(0.1), 250),
            ("off", Action::Stop, 395),
            ("again", Action::Start, 500),
            ("end", Action::Stop, 795),
        ]
    };
    let missing = |to: u32, first: Action| {
        let at = every(40, to).chain(every(501, 790));
        counted(&usual(), at, &steps(first), Measurand::MissingPulses, ("mid", "end"))
    };
    assert_eq!(missing(390, Action::Wait(0.1)).verdict, Verdict::Pass);
    // Those at 260, 280 … 380 ms.
    assert_eq!(missing(200, Action::Wait(0.1)).value, Some(7.0));
    // A fault may have ended it.
    assert_eq!(missing(200, Action::HostSilence(0.1)).verdict, Verdict::Pass);
}

#[test]
fn pulses_before_the_first_start_are_extra() {
    let steps = [("early", Action::Wait(0.1), 100), ("on", Action::Start, 299), ("off", Action::Stop, 795)];
    let count = |early: &[u32], measurand, window| {
        let at = early.iter().copied().chain(every(300, 790));
        counted(&usual(), at, &steps, measurand, window)
    };
    let extra = |window| count(&[150, 200], Measurand::ExtraPulses, window);
    assert_eq!(extra(("early", "off")).value, Some(2.0));
    assert_eq!(extra(("on", "off")).verdict, Verdict::Pass);
    assert_eq!(count(&[], Measurand::ExtraPulses, ("early", "off")).verdict, Verdict::Pass);
    assert_eq!(count(&[150, 200], Measurand::MissingPulses, ("early", "off")).verdict, Verdict::Pass);
}

/// Five pulses, and 30 ms more than a period to the next five.
#[test]
fn off_times_of_less_than_two_periods_are_off_times() {
    let cycled = Program { cycle: Some(Cycle { on_time: 0.1, off_time: 0.03 }), ..usual() };
    let steps = [("on", Action::Start, 39), ("off", Action::Stop, 795)];
    let count = |lacking: &[u32], extra: &[u32]| {
        let all = (0..6).flat_map(|turn| (0..5).map(move |n| 40 + 130 * turn + 20 * n));
        let mut at: Vec<u32> = all.filter(|at| !lacking.contains(at)).chain(extra.iter().copied()).collect();
        at.sort_unstable();
        [Measurand::MissingPulses, Measurand::ExtraPulses]
            .map(|measurand| counted(&cycled, at.clone(), &steps, measurand, ("on", "off")).value)
    };
    let found = |missing, extra| [Some(missing), Some(extra)];
    assert_eq!(count(&[], &[]), found(0.0, 0.0));
    assert_eq!(count(&[210], &[]), found(1.0, 0.0));
    // The last but one of an on-time, the last, and the first.
    assert_eq!(count(&[230], &[]), found(1.0, 0.0));
    assert_eq!(count(&[250], &[]), found(1.0, 0.0));
    assert_eq!(count(&[300], &[]), found(1.0, 0.0));
    assert_eq!(count(&[], &[220]), found(0.0, 1.0));
}

/// The second start is acknowledged, and nothing comes of it: the load sees no mark of it either.
#[test]
fn a_start_at_rest_that_is_not_acted_upon_is_no_start_while_running() {
    let latency = || check(Measurand::StartLatency, Criterion::AtMost(20e-3));
    let steps = [
        ("on", Action::Start, 39),
        ("off", Action::Stop, 295),
        ("again", Action::Start, 500),
        ("end", Action::Stop, 795),
    ];
    let first = || every(40, 290);
    let found = of(&usual(), first(), &steps, Some(2), latency());
    assert_eq!((found.verdict, found.count), (Verdict::Fail, 2), "{found:?}");
    let window = Some(("on".to_owned(), "end".to_owned()));
    let wanted = Check { window, ..check(Measurand::MissingPulses, Criterion::Equals(0.0)) };
    let found = of(&usual(), first(), &steps, Some(2), wanted);
    assert_eq!(found.value, Some(15.0), "{found:?}");
    // While a train runs it changes nothing.
    let steps = [("on", Action::Start, 39), ("again", Action::Start, 150), ("off", Action::Stop, 295)];
    let found = of(&usual(), first(), &steps, Some(1), latency());
    assert_eq!((found.verdict, found.count), (Verdict::Pass, 1), "{found:?}");
}

/// Started at 39 ms by the host's clock, with its first pulse at 3.5 s: late, unless nobody knows that it was started then.
#[test]
fn a_train_begins_late_only_by_a_start_that_is_known() {
    let program = usual();
    let mut bench = Bench::drawn(42, 4e-3);
    let codes = bench.sample(&pulses(every(3500, 4790)), 5_000_000);
    let recording = record(setup(&bench, &program), &codes, &markers(20_000), &[4096]);
    let wanted = check(Measurand::MissingPulses, Criterion::Equals(0.0));
    let case = case(&program, vec![Action::Start, Action::Stop], vec![wanted]);
    let mut facts = facts(&program, &[39_000, 4_795_000], 5_000_000);
    facts.instants[0].marked = false;
    assert_eq!(judge(&case, &facts, &recording)[0].value, Some(0.0));
    facts.statuses = vec![Observation { sample: 1_000_000, fault: FaultCode::None }];
    // 238 were due, of which the 65 from 3.5 s on came.
    assert_eq!(judge(&case, &facts, &recording)[0].value, Some(173.0));
}

/// Started at 39 ms by the host's clock, with its first pulse at 340 ms. By the time the stimulator tells its status the start was
/// taken, and a pulse within 100 ms and the round trip of 1 ms behind that is not late.
#[test]
fn a_start_without_a_mark_was_taken_by_the_next_status() {
    let program = usual();
    let mut bench = Bench::drawn(42, 4e-3);
    let codes = bench.sample(&pulses(every(340, 790)), 1_000_000);
    let recording = record(setup(&bench, &program), &codes, &markers(20_000), &[4096]);
    let wanted = check(Measurand::MissingPulses, Criterion::Equals(0.0));
    let case = case(&program, vec![Action::Start, Action::Stop], vec![wanted]);
    let missing = |statuses: &[u64]| {
        let mut facts = facts(&program, &[39_000, 795_000], 1_000_000);
        facts.instants[0].marked = false;
        let status = |sample: &u64| Observation { sample: *sample, fault: FaultCode::None };
        facts.statuses = statuses.iter().map(status).collect();
        judge(&case, &facts, &recording)[0].value
    };
    // 38 were due, of which 23 came.
    assert_eq!(missing(&[30_000, 39_000, 49_000, 59_000]), Some(15.0));
    assert_eq!(missing(&[39_000, 238_900]), Some(15.0));
    // Nothing tells that it was taken before 240 ms.
    assert_eq!(missing(&[39_000, 239_100, 249_000]), Some(0.0));
    assert_eq!(missing(&[30_000, 39_000]), Some(0.0));
}

/// On for 200 ms and off for 200 ms; stopped 100 ms into the second on-time, with a window that goes on for as long as an off-time.
#[test]
fn an_on_time_that_a_stop_cuts_is_none_wherever_the_window_ends() {
    let cycled = Program { cycle: Some(Cycle { on_time: 0.2, off_time: 0.2 }), ..usual() };
    let steps = [("on", Action::Start, 39), ("off", Action::Stop, 535), ("late", Action::Wait(0.1), 900)];
    let pulses = || every(40, 240).chain(every(440, 530));
    for end in ["off", "late"] {
        let window = Some(("on".to_owned(), end.to_owned()));
        let criterion =
            Criterion::Within { of: Nominal::Programmed, tolerance: Tolerance { rel: 0.0, abs: 60e-3 } };
        let found =
            of(&cycled, pulses(), &steps, None, Check { window, ..check(Measurand::CycleOn, criterion) });
        // The first alone, known to a period of 20 ms.
        assert_eq!((found.verdict, found.count), (Verdict::Pass, 1), "{end}: {found:?}");
        assert!((found.value.unwrap() - 0.2).abs() < 1e-4, "{end}: {found:?}");
    }
}
