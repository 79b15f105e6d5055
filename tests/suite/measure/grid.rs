//! Missing and extra pulses wherever the window lies in a train: behind an interruption, behind a stop, behind the program's own
//! end, and where a start delivers nothing.

use stimrig::judge::judge;
use stimrig::record::{CheckRecord, Verdict};
use stimrig::scenario::{Action, Check, Criterion, Measurand};
use stimrig::signal::{Program, Run};

use super::bench::Bench;
use super::case::{case, check, facts};
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
    let mut bench = Bench::drawn(42, 4e-3);
    let codes = bench.sample(&pulses(at), 1_000_000);
    let recording = record(setup(&bench, program), &codes, &markers(20_000), &[4096]);
    let window = Some((from.to_owned(), to.to_owned()));
    let wanted = Check { window, ..check(measurand, Criterion::Equals(0.0)) };
    let mut case = case(program, steps.iter().map(|step| step.1.clone()).collect(), vec![wanted]);
    for (step, (name, ..)) in case.steps.iter_mut().zip(steps) {
        step.name = Some((*name).to_owned());
    }
    let instants: Vec<u64> = steps.iter().map(|step| step.2 * 1000).collect();
    judge(&case, &facts(program, &instants, recording.samples), &recording).remove(0)
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
