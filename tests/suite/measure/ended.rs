//! Trains that run until the host stops them: by a step, or by the end of a case that has none.

use stimrig::judge::{Facts, Restart, judge, unasked};
use stimrig::measure::Recording;
use stimrig::record::{CheckRecord, Verdict};
use stimrig::scenario::{Action, Check, Criterion, Measurand};
use stimrig::signal::Program;

use super::bench::{Bench, steps};
use super::case::{case, check, facts};
use super::stream::{markers, program, record, setup};

/// 2 mA at 50 Hz from 40 ms to `until` seconds.
fn train(until: f64, samples: usize) -> (Program, Recording) {
    let program = program(2e-3, 200e-6, 50e-6, 50.0);
    let mut bench = Bench::drawn(42, 4e-3);
    let codes = bench.sample(&steps(&program, 40e-3, until), samples);
    let recording = record(setup(&bench, &program), &codes, &markers(20_000), &[4096]);
    (program, recording)
}

/// Until `until` seconds, an event at sample `event`, and a stop at 745 ms: of a step, or of the end of the case.
fn ended_by_a_stop(until: f64, event: u64, hold: f64, by_step: bool) -> CheckRecord {
    let (program, recording) = train(until, 1_500_000);
    let (after, hold) = (Some("event".into()), Some(hold));
    let wanted = Check { after, hold, ..check(Measurand::StaysOff, Criterion::Holds) };
    let mut actions = vec![Action::Start, Action::HostSilence(0.01), Action::Stop];
    let mut instants = vec![39_000, event, 745_000];
    if !by_step {
        actions.pop();
        instants.pop();
    }
    let mut facts = facts(&program, &instants, 1_500_000);
    facts.ending = Some(if by_step { 900_000 } else { 745_000 });
    judge(&case(&program, actions, vec![wanted]), &facts, &recording).remove(0)
}

#[test]
fn what_runs_on_until_the_host_stops_it_does_not_stay_off() {
    for by_step in [true, false] {
        // Of 400 ms not one pulse was left out, whatever is asked of the 100 ms behind the stop.
        for hold in [0.3, 0.1] {
            let on = ended_by_a_stop(0.745, 345_000, hold, by_step);
            assert_eq!(on.verdict, Verdict::Fail, "{by_step} {hold}: {on:?}");
        }
        // Off since 500 ms, and then stopped.
        let off = ended_by_a_stop(0.505, 345_000, 0.1, by_step);
        assert_eq!(off.verdict, Verdict::Pass, "{by_step}: {off:?}");
        // The 300 ms that are asked for end behind the stop; or there are none before it.
        for (until, event) in [(0.505, 345_000), (0.745, 645_000)] {
            let short = ended_by_a_stop(until, event, 0.3, by_step);
            assert_eq!(short.verdict, Verdict::Invalid, "{by_step} {until}: {short:?}");
            assert!(short.reason.unwrap().starts_with("the host stopped the stimulation at 0.745"));
        }
    }
}

/// A start is refused at 445 ms, and nothing comes of it for as long as the host lets it.
#[test]
fn a_start_that_the_host_stops_at_once_is_not_seen_to_be_refused() {
    let (program, recording) = train(0.345, 1_000_000);
    let refused = |stop: Option<u64>, ending: u64| {
        let wanted =
            Check { after: Some("event".into()), ..check(Measurand::RestartRefused, Criterion::Holds) };
        let stops = stop.map(|_| Action::Stop);
        let actions = [Action::Start, Action::HostSilence(0.01)].into_iter().chain(stops).collect();
        let instants: Vec<u64> = [39_000, 345_000].into_iter().chain(stop).collect();
        let mut facts = facts(&program, &instants, 1_000_000);
        facts.restarts = vec![Restart { step: 1, sample: 445_000, refused: true }];
        facts.ending = Some(ending);
        judge(&case(&program, actions, vec![wanted]), &facts, &recording).remove(0)
    };
    // 100 ms are looked at.
    for (stop, ending) in [(Some(546_000), 547_000), (None, 546_000)] {
        let seen = refused(stop, ending);
        assert_eq!(seen.verdict, Verdict::Pass, "{stop:?}: {seen:?}");
    }
    for (stop, ending) in [(Some(450_000), 600_000), (None, 450_000)] {
        let cut = refused(stop, ending);
        assert_eq!(cut.verdict, Verdict::Invalid, "{stop:?}: {cut:?}");
        assert!(cut.reason.unwrap().starts_with("the host stopped the stimulation at 0.450"));
    }
}

/// The last step is a stop, at 235 ms; the end of the case says so once more at once.
#[test]
fn what_a_stop_ended_the_end_of_the_case_did_not() {
    let (program, recording) = train(0.235, 600_000);
    let judged = |wanted: Check| {
        let case = case(&program, vec![Action::Start, Action::Stop], vec![wanted]);
        let facts = Facts { ending: Some(235_500), ..facts(&program, &[39_000, 235_000], 600_000) };
        judge(&case, &facts, &recording).remove(0)
    };
    let latency = judged(check(Measurand::StopLatency, Criterion::AtMost(0.1)));
    assert_eq!((latency.verdict, latency.value), (Verdict::Pass, Some(0.0)), "{latency:?}");
    let (after, hold) = (Some("stop".into()), Some(0.15));
    let off = judged(Check { after, hold, ..check(Measurand::StaysOff, Criterion::Holds) });
    assert_eq!(off.verdict, Verdict::Pass, "{off:?}");
}

/// Ten pulses, from 40 to 220 ms; nothing in the scenario stops the train.
#[test]
fn nothing_is_due_behind_the_end_of_a_case_that_has_no_stop() {
    let (program, recording) = train(0.235, 300_000);
    let judged = |ending: u64, measurand: Measurand| {
        let case = case(&program, vec![Action::Start], vec![check(measurand, Criterion::Equals(0.0))]);
        let facts = Facts { ending: Some(ending), ..facts(&program, &[39_000], 300_000) };
        (judge(&case, &facts, &recording).remove(0), unasked(&case, &facts, &recording))
    };
    let (missing, _) = judged(235_000, Measurand::MissingPulses);
    assert_eq!((missing.verdict, missing.value), (Verdict::Pass, Some(0.0)), "{missing:?}");
    let (_, remarks) = judged(235_000, Measurand::LinkErrors);
    assert!(remarks.is_empty(), "{remarks:?}");
    // An end at 259 ms leaves one that was due at 240 ms.
    let (missing, _) = judged(259_000, Measurand::MissingPulses);
    assert_eq!((missing.verdict, missing.value), (Verdict::Fail, Some(1.0)), "{missing:?}");
    let (_, remarks) = judged(259_000, Measurand::LinkErrors);
    assert!(remarks[0].starts_with("programmed pulses that did not come: 1 "), "{remarks:?}");
}
