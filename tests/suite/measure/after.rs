//! What is said of the time after a fault: when the next pulse was due, and that no fault was declared.

use rstest::rstest;
use stimrig::judge::{Observation, judge};
use stimrig::record::{CheckRecord, Verdict};
use stimrig::scenario::{Action, Check, Criterion, Fault, FaultCode, Measurand};
use stimrig::signal::{Burst, Cycle, Law, Program, Ramp, Recovery, Waveform};

use super::bench::{Bench, steps};
use super::case::{case, check, facts};
use super::stream::{markers, program, record, setup};

/// 50 Hz, 2 mA, 200 µs, 50 µs.
fn usual() -> Program {
    program(2e-3, 200e-6, 50e-6, 50.0)
}

/// The last pulse is that at 120 ms, or of a burst that at 125 ms; the host falls silent at 130 ms.
#[rstest]
#[case::train(usual(), 0.01)]
#[case::off_time(Program { cycle: Some(Cycle { on_time: 0.1, off_time: 0.3 }), ..usual() }, 0.31)]
#[case::burst(Program { burst: Some(Burst { pulses: 3, rate: 400.0 }), ..usual() }, 0.01)]
fn the_next_pulse_was_due_when_the_program_has_it(#[case] program: Program, #[case] due: f64) {
    let mut bench = Bench::drawn(42, 4e-3);
    let codes = bench.sample(&steps(&program, 40e-3, 0.13), 750_000);
    let recording = record(setup(&bench, &program), &codes, &markers(20_000), &[4096]);
    let wanted = check(Measurand::ShutdownLatency, Criterion::AtMost(0.2));
    let wanted = Check { after: Some("event".to_owned()), ..wanted };
    let case = case(&program, vec![Action::Start, Action::HostSilence(0.5), Action::Stop], vec![wanted]);
    let found =
        judge(&case, &facts(&program, &[39_000, 130_000, 700_000], recording.samples), &recording).remove(0);
    assert_eq!((found.verdict, found.value), (Verdict::Pass, Some(0.0)), "{found:?}");
    // The bench's clock is some ppm off, and its filter 3 µs late.
    assert!((found.upper_bound.unwrap() - due).abs() < 5e-5, "{found:?}");
}

/// Judges `is: none` after a fault at 130 ms by statuses at these milliseconds.
fn none(criterion: Criterion, statuses: &[(u64, FaultCode)]) -> CheckRecord {
    let program = usual();
    let mut bench = Bench::drawn(42, 4e-3);
    let codes = bench.sample(&steps(&program, 40e-3, 0.135), 150_000);
    let recording = record(setup(&bench, &program), &codes, &markers(20_000), &[4096]);
    let wanted = check(Measurand::FaultReported, criterion);
    let wanted = Check { after: Some("event".to_owned()), is: Some(FaultCode::None), ..wanted };
    let fault = Action::Inject(Fault::OpenLead { contact: "e1".to_owned() });
    let case = case(&program, vec![Action::Start, fault, Action::Stop], vec![wanted]);
    let mut facts = facts(&program, &[39_000, 130_000, 260_000], 300_000);
    let status = |(at, fault): &(u64, FaultCode)| Observation { sample: at * 1000, fault: *fault };
    facts.statuses = statuses.iter().map(status).collect();
    judge(&case, &facts, &recording).remove(0)
}

#[test]
fn that_no_fault_is_declared_is_said_by_every_status() {
    let quiet = [120, 130, 139, 149, 160, 290].map(|at| (at, FaultCode::None));
    let mut late = quiet;
    late[4].1 = FaultCode::Compliance;
    let holds = |statuses: &[_]| none(Criterion::Holds, statuses);
    assert_eq!(holds(&quiet).verdict, Verdict::Pass);
    let found = holds(&late);
    assert_eq!((found.verdict, found.value), (Verdict::Fail, Some(0.0)), "{found:?}");
    // One that is as old as the fault may have been read before it, and alone it shows nothing.
    assert_eq!(holds(&quiet[..2]).verdict, Verdict::Invalid);
    // A limit is about the first status that was read: 9 ms and a poll period of 10 ms.
    let timed = |limit, statuses: &[_]| none(Criterion::AtMost(limit), statuses);
    let read = timed(50e-3, &quiet);
    assert_eq!(read.verdict, Verdict::Pass, "{read:?}");
    assert!((read.value.unwrap() - 19e-3).abs() < 1e-9, "{read:?}");
    assert_eq!(timed(15e-3, &quiet).verdict, Verdict::Fail);
    assert_eq!(timed(25e-3, &late).verdict, Verdict::Fail, "declared behind the limit");
}

/// The host falls silent at 130 ms, and pulses come until the next start at 700 ms, the last at 680 ms: too few of its 100 ms are quiet
/// to show that it was the last, and enough was active to show that it came too late.
#[test]
fn what_is_active_beyond_the_limit_fails_whatever_follows() {
    let program = usual();
    let mut bench = Bench::drawn(42, 4e-3);
    let codes = bench.sample(&steps(&program, 40e-3, 0.695), 900_000);
    let recording = record(setup(&bench, &program), &codes, &markers(20_000), &[4096]);
    let judged = |limit: f64| {
        let wanted = check(Measurand::ShutdownLatency, Criterion::AtMost(limit));
        let wanted = Check { after: Some("event".to_owned()), ..wanted };
        let actions = vec![Action::Start, Action::HostSilence(0.5), Action::Start, Action::Stop];
        let case = case(&program, actions, vec![wanted]);
        let facts = facts(&program, &[39_000, 130_000, 700_000, 800_000], recording.samples);
        judge(&case, &facts, &recording).remove(0)
    };
    let late = judged(0.2);
    assert_eq!(late.verdict, Verdict::Fail, "{late:?}");
    // 450 us behind its leading edge, as far as a clock of some ppm and the filter tell.
    assert!((late.value.unwrap() - 0.55045).abs() < 6e-5, "{late:?}");
    assert_eq!(judged(0.6).verdict, Verdict::Invalid);
}

/// Phases of alternating sign grow for 200 ms; those from the sixth to the fifteenth are left out, so that the median is one of the small
/// ones before. The one in progress is whole all the same, and not when it is more than twice as large as the ramp has it.
#[test]
fn on_a_ramp_a_whole_pulse_is_as_large_as_the_ramp_has_it() {
    let ramp = Some(Ramp { up: 0.2, law: Law::Linear });
    let waveform = Waveform::Alternating;
    let program = Program { waveform, recovery: Recovery::None, width: 1e-3, ramp, ..usual() };
    let found = |factor: f64| {
        let mut bench = Bench::drawn(42, 4e-3);
        let mut exact = steps(&program, 40e-3, 0.205);
        exact.retain(|step| step.0 < 95e-3 || step.0 > 185e-3);
        exact.iter_mut().filter(|step| step.0 > 195e-3).for_each(|step| step.1 *= factor);
        let codes = bench.sample(&exact, 600_000);
        let recording = record(setup(&bench, &program), &codes, &markers(20_000), &[4096]);
        let wanted =
            Check { after: Some("event".to_owned()), ..check(Measurand::NoTruncatedPulse, Criterion::Holds) };
        let case = case(&program, vec![Action::Start, Action::HostSilence(0.5), Action::Stop], vec![wanted]);
        judge(&case, &facts(&program, &[39_000, 200_500, 500_000], recording.samples), &recording).remove(0)
    };
    let whole = found(1.0);
    assert_eq!(whole.verdict, Verdict::Pass, "{whole:?}");
    assert_eq!(found(2.2).verdict, Verdict::Fail);
}
