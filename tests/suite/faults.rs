//! Faults, the latch and stops: alone, together, at rest, and in any order.

use std::path::Path;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rstest::rstest;
use serde_json::Value;
use stimrig::rig::{DEFAULT_RIG, Rig};
use stimrig::scenario::{plan, read_scenario, shipped};
use stimrig::source::Source;

use crate::command::{checks, run, stimrig, text};

/// A scenario with these steps and checks, at 50 Hz.
fn scenario(name: &str, amplitude: &str, steps: &str, expect: &str) -> String {
    format!(
        "version: 1\nname: {name}\nphantom: r500\nprogram: {{ amplitude: {amplitude}, width: 200 us, gap: 50 us, rate: 50 Hz }}\n\
         steps:\n{steps}expect:\n{expect}"
    )
}

/// Runs one scenario; `more` are further arguments.
fn outcome(text: &str, more: &[&str]) -> (i32, Value) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("case.yaml");
    std::fs::write(&path, text).unwrap();
    run(&[&[path.to_str().unwrap()], more].concat())
}

fn verdict<'r>(record: &'r Value, measurand: &str) -> &'r str {
    let all = checks(record);
    let check = all.iter().map(|(_, check)| *check).find(|check| check["measurand"] == measurand);
    check.unwrap_or_else(|| panic!("no {measurand}: {record:#}"))["verdict"].as_str().unwrap()
}

#[rstest]
#[case("  - probe: halt\n  - probe: resume\n")]
#[case("  - probe: reset\n")]
#[case("  - probe: { write: { symbol: cap_ua, value: 0x61A8 } }\n")]
fn without_a_debug_probe_the_case_is_skipped_and_strictness_makes_it_an_error(#[case] step: &str) {
    let steps = format!("{step}  - start: {{}}\n  - wait: 300 ms\n  - stop: {{}}\n");
    let text_of = scenario("core", "2 mA", &steps, "  - amplitude: { of: programmed, within: 3 % }\n");
    let folder = tempfile::tempdir().unwrap();
    let rig = folder.path().join("rig.yaml");
    std::fs::write(
        &rig,
        "version: 1\nname: bare\nstimulator: { driver: simulated }\nload: { driver: simulated }\n",
    )
    .unwrap();
    let rig = rig.to_str().unwrap();
    let (exit, record) = outcome(&text_of, &["--rig", rig]);
    assert_eq!((exit, &record["cases"][0]["outcome"]), (4, &"skipped".into()), "{record:#}");
    assert!(record["cases"][0]["reason"].as_str().unwrap().contains("a debug probe"), "{record:#}");
    let path = folder.path().join("case.yaml");
    std::fs::write(&path, text_of).unwrap();
    let output = stimrig().args(["check", "--strict", "--rig", rig]).arg(&path).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("rig `bare` lacks a debug probe"), "{}", text(&output));
}

/// The output limits in the middle of a recovery: the pulse that came is within its tolerance, the stimulator declares a fault and
/// puts out no other.
#[test]
fn nothing_passes_behind_a_fault_that_the_stimulator_declares_of_itself() {
    let steps = "  - start: {}\n  - wait: 300 ms\n  - stop: {}\n";
    let amplitude = "  - amplitude: { of: programmed, within: 3 %, phase: each }\n";
    let low = ["--defect", "compliance_low=10.5 V"];
    let of = |expect: &str, more: &[&str]| {
        let text = scenario("declared", "10 mA", steps, expect).replace("r500", "r1k");
        outcome(&text, more)
    };
    let (exit, record) = of(amplitude, &[]);
    assert_eq!((exit, verdict(&record, "amplitude")), (0, "pass"), "{record:#}");
    let (exit, record) = of(amplitude, &low);
    assert_eq!((exit, verdict(&record, "amplitude")), (3, "invalid"), "{record:#}");
    let reason = checks(&record)[0].1["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("declared `open-lead` at 0."), "{reason}");
    // What failed has failed all the same.
    let missing = format!("{amplitude}  - missing_pulses: {{ equals: 0 }}\n");
    let (exit, record) = of(&missing, &low);
    assert_eq!((exit, verdict(&record, "missing_pulses")), (1, "fail"), "{record:#}");
}

#[rstest]
// 0.8 % below the cap, which is what the filter adds, and as much above the limit.
#[case("12.62 mA", "12.7 mA", "pass")]
#[case("12.6 mA", "12.5 mA", "fail")]
fn the_filters_own_overshoot_is_not_held_against_the_cap(
    #[case] amplitude: &str,
    #[case] cap: &str,
    #[case] expected: &str,
) {
    let steps = "  - start: {}\n  - wait: 200 ms\n  - stop: {}\n";
    let expect = format!("  - cap_never_exceeded: {{ at_most: {cap} }}\n");
    let (_, record) = outcome(&scenario("cap", amplitude, steps, &expect), &[]);
    assert_eq!(verdict(&record, "cap_never_exceeded"), expected, "{record:#}");
}

#[test]
fn a_real_overshoot_beyond_the_cap_is_held_against_it() {
    let steps = "  - start: {}\n  - wait: 200 ms\n  - stop: {}\n";
    let text = scenario("cap", "12 mA", steps, "  - cap_never_exceeded: {}\n");
    let (_, record) = outcome(&text, &["--defect", "overshoot=20 %"]);
    assert_eq!(verdict(&record, "cap_never_exceeded"), "fail", "{record:#}");
}

#[test]
fn a_clamped_command_never_exceeds_the_cap_and_is_caught_by_its_silence_alone() {
    let rig = "rig/sim-defects/cap_clamps_silently.yaml";
    let (_, record) = run(&["scenarios/fault-shutdown/over-amplitude.yaml", "--rig", rig]);
    assert_ne!(verdict(&record, "cap_never_exceeded"), "fail", "{record:#}");
    assert_eq!(verdict(&record, "fault_reported"), "fail", "{record:#}");
}

#[test]
fn after_a_dip_the_program_is_loaded_again_and_stimulation_resumes() {
    let steps = "  - start: {}\n  - wait: 210 ms\n  - stop: {}\n  - wait: 50 ms\n\
                 \x20 - inject: { fault: brown-out, for: 20 ms }\n    as: dip\n  - wait: 300 ms\n\
                 \x20 - acknowledge: {}\n  - program: {}\n  - start: {}\n    as: again\n  - wait: 300 ms\n  - stop: {}\n    as: end\n";
    let expect = "  - fault_reported: { after: dip, is: brown-out, at_most: 100 ms }\n\
                  \x20 - pulses_after_fault: { after: dip, equals: 0 }\n\
                  \x20 - stays_off: { after: dip, for: 200 ms }\n\
                  \x20 - amplitude: { of: programmed, within: 3 %, in: [again, end] }\n";
    let (exit, record) = outcome(&scenario("dip at rest", "2 mA", steps, expect), &[]);
    assert_eq!(exit, 0, "{record:#}");
    // The glitch is seen although nothing was running.
    let (exit, record) =
        outcome(&scenario("dip", "2 mA", steps, expect), &["--defect", "brown_out_glitch=true"]);
    assert_eq!((exit, verdict(&record, "pulses_after_fault")), (1, "fail"), "{record:#}");
}

#[test]
fn several_faults_at_once_are_all_cleared_by_the_teardown() {
    let steps = "  - start: {}\n  - wait: 110 ms\n\
                 \x20 - inject: { fault: leakage, contact: e1, ohms: 10 kohm }\n\
                 \x20 - inject: { fault: impedance-step, to: 2 kohm }\n\
                 \x20 - inject: { fault: corrupt-link, rate: 60 % }\n    as: noise\n  - wait: 20 ms\n\
                 \x20 - inject: { fault: open-lead, contact: e1 }\n    as: open\n  - wait: 700 ms\n";
    let expect = "  - shutdown_latency: { after: open, at_most: 25 ms }\n  - link_errors: { at_least: 1 }\n";
    let (exit, record) = outcome(&scenario("many", "2 mA", steps, expect), &[]);
    assert_eq!((exit, &record["safe_state"]), (0, &"confirmed".into()), "{record:#}");
}

#[test]
fn what_no_fault_has_latched_does_not_refuse_a_start() {
    let steps = "  - start: {}\n  - wait: 110 ms\n\
                 \x20 - inject: { fault: leakage, contact: e1, ohms: 10 kohm }\n    as: leak\n  - wait: 300 ms\n  - stop: {}\n";
    let (exit, record) = outcome(&scenario("leak", "2 mA", steps, "  - restart_refused: {}\n"), &[]);
    assert_eq!((exit, verdict(&record, "restart_refused")), (1, "fail"), "{record:#}");
}

#[test]
fn a_stop_between_the_pulses_proves_nothing_about_truncation() {
    let steps = "  - start: {}\n  - wait: 110 ms\n  - stop: {}\n";
    let (exit, record) = outcome(&scenario("between", "2 mA", steps, "  - no_truncated_pulse: {}\n"), &[]);
    assert_eq!((exit, verdict(&record, "no_truncated_pulse")), (3, "invalid"), "{record:#}");
}

/// What the host itself stops, or an off-time leaves out, does not show that a fault was answered.
#[rstest]
#[case::stop_before_the_limit(
    "10 ms",
    "shutdown_latency",
    "  - shutdown_latency: { after: shorts, at_most: 25 ms }\n"
)]
#[case::two_are_due("65 ms", "shutdown_latency", "  - shutdown_latency: { after: shorts, at_most: 25 ms }\n")]
#[case::stop_within(
    "22 ms",
    "stays_off",
    "  - stays_off: { after: shorts, for: 150 ms }\n  - shutdown_latency: { after: shorts, at_most: 25 ms }\n"
)]
#[case::stop_within_count(
    "15 ms",
    "pulses_after_fault",
    "  - pulses_after_fault: { after: shorts, at_most: 1, for: 300 ms }\n"
)]
#[case::charge("15 ms", "charge_after_fault", "  - charge_after_fault: { after: shorts, at_most: 2 uC }\n")]
fn quiet_that_the_host_made_shows_nothing(
    #[case] wait: &str,
    #[case] measurand: &str,
    #[case] expect: &str,
    #[values(&[], &["--defect", "ignores_short_lead=true"])] defect: &[&str],
) {
    let steps = format!(
        "  - start: {{}}\n  - wait: 210 ms\n  - inject: {{ fault: short-lead, contact: e1 }}\n    as: shorts\n\
         \x20 - wait: {wait}\n  - stop: {{}}\n  - wait: 500 ms\n"
    );
    let (_, record) = outcome(&scenario("stopped", "2 mA", &steps, expect), defect);
    let found = verdict(&record, measurand);
    // An ignored fault may be seen to be ignored.
    assert!(found == "invalid" || (found == "fail" && !defect.is_empty()), "{record:#}");
}

#[rstest]
#[case("shutdown_latency", "  - shutdown_latency: { after: shorts, at_most: 15 ms }\n")]
#[case("pulses_after_fault", "  - pulses_after_fault: { after: shorts, equals: 0, for: 200 ms }\n")]
#[case("charge_after_fault", "  - charge_after_fault: { after: shorts, at_most: 2 uC }\n")]
fn in_an_off_time_no_pulse_is_due(#[case] measurand: &str, #[case] expect: &str) {
    let text = format!(
        "version: 1\nname: off\nphantom: r500\nprogram: {{ amplitude: 2 mA, width: 200 us, gap: 50 us, rate: 50 Hz, cycle: {{ on_time: 1 s, off_time: 2 s }} }}\n\
         steps:\n  - start: {{}}\n  - wait: 1.5 s\n  - inject: {{ fault: short-lead, contact: e1 }}\n    as: shorts\n\
         \x20 - wait: 300 ms\n  - stop: {{}}\n  - wait: 2.5 s\nexpect:\n{expect}"
    );
    let (exit, record) = outcome(&text, &["--defect", "ignores_short_lead=true"]);
    assert_eq!((exit, verdict(&record, measurand)), (3, "invalid"), "{record:#}");
}

#[test]
fn a_train_that_ended_by_itself_cannot_be_seen_to_stop() {
    // The board's watchdog has ended it when the host speaks again.
    let text = "version: 1\nname: ended\nphantom: r1k\nprogram: { amplitude: 2 mA, width: 200 us, rate: 50 Hz }\n\
                steps:\n  - start: {}\n  - wait: 400 ms\n  - host: { silence: 1.5 s }\n  - wait: 200 ms\n  - stop: {}\nexpect:\n  - stop_latency: { at_most: 100 ms }\n";
    let (exit, record) = outcome(text, &[]);
    assert_eq!((exit, verdict(&record, "stop_latency")), (3, "invalid"), "{record:#}");
}

/// One step of a generated scenario.
#[derive(Debug, Clone)]
enum Any {
    Plain(&'static str),
    Wait(u32),
    Silence(u32),
    Inject(&'static str),
    Clear,
}

fn any_step() -> impl Strategy<Value = Any> {
    let plain = ["start: {}", "start: {}", "stop: {}", "acknowledge: {}", "zero: {}"];
    let faults = [
        "{ fault: open-lead, contact: e1 }",
        "{ fault: open-lead, contact: case }",
        "{ fault: short-lead, contact: e1 }",
        "{ fault: short-lead, between: [case, e1] }",
        "{ fault: leakage, contact: e1, ohms: 10 kohm }",
        "{ fault: impedance-step, to: 3 kohm }",
        "{ fault: impedance-step, to: 100 ohm }",
        "{ fault: brown-out, for: 1 ms }",
        "{ fault: brown-out, for: 60 ms }",
        "{ fault: brown-out, for: 700 ms }",
        "{ fault: corrupt-link, rate: 1 % }",
        "{ fault: corrupt-link, rate: 50 % }",
        "{ fault: over-amplitude, amplitude: 15 mA }",
    ];
    prop_oneof![
        3 => prop::sample::select(plain.to_vec()).prop_map(Any::Plain),
        4 => (1..60_000_u32).prop_map(Any::Wait),
        1 => (1_000..700_000_u32).prop_map(Any::Silence),
        5 => prop::sample::select(faults.to_vec()).prop_map(Any::Inject),
        2 => Just(Any::Clear),
    ]
}

/// A scenario of these steps: what is cleared is what was injected last.
fn generated(number: usize, steps: &[Any]) -> String {
    let mut text = String::from("  - start: {}\n  - wait: 61 ms\n");
    let (mut injected, mut named) = (Vec::new(), false);
    for step in steps {
        match step {
            Any::Plain(step) => text.push_str(&format!("  - {step}\n")),
            Any::Wait(us) => text.push_str(&format!("  - wait: {us} us\n")),
            Any::Silence(us) => text.push_str(&format!("  - host: {{ silence: {us} us }}\n")),
            Any::Inject(fault) => {
                text.push_str(&format!("  - inject: {fault}\n"));
                if !std::mem::replace(&mut named, true) {
                    text.push_str("    as: fault\n");
                }
                injected.push(fault.split([':', ',']).nth(1).unwrap().trim());
            }
            Any::Clear => {
                if let Some(name) = injected.pop() {
                    injected.retain(|other| *other != name);
                    text.push_str(&format!("  - clear: {name}\n"));
                }
            }
        }
    }
    text.push_str("  - wait: 150 ms\n");
    let mut expect = String::from("  - cap_never_exceeded: {}\n  - link_errors: { at_most: 1000 }\n");
    if named {
        expect.push_str("  - charge_after_fault: { after: fault, at_most: 2 uC }\n");
        expect.push_str("  - pulses_after_fault: { after: fault, at_most: 2 }\n");
        expect.push_str("  - no_truncated_pulse: { after: fault }\n");
        expect.push_str("  - stays_off: { after: fault, for: 100 ms }\n");
    }
    scenario(&format!("generated {number}"), "2 mA", &text, &expect)
}

/// Those of the generated scenarios that the language and the default bench accept.
fn accepted(count: usize) -> Vec<String> {
    let rig = Rig::read(&Source::new(DEFAULT_RIG.0, DEFAULT_RIG.1)).unwrap();
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = prop::collection::vec(any_step(), 1..9);
    let mut texts = Vec::new();
    for number in 0..count {
        let text = generated(number, &strategy.new_tree(&mut runner).unwrap().current());
        let (cases, problems) = read_scenario(&Source::new("g", text.as_str()), &mut shipped);
        let refused = problems.iter().any(|problem| problem.is_error());
        if !refused && cases.into_iter().all(|case| plan(case, &rig, false).is_ok()) {
            texts.push(text);
        }
    }
    texts
}

fn run_all(texts: &[String], folder: &Path, defects: &[&str]) -> Value {
    for (number, text) in texts.iter().enumerate() {
        std::fs::write(folder.join(format!("{number:03}.yaml")), text).unwrap();
    }
    let mut arguments = vec![folder.to_str().unwrap(), "--jobs", "2"];
    for defect in defects {
        arguments.extend(["--defect", defect]);
    }
    let (exit, record) = run(&arguments);
    let unsafe_ones: Vec<_> =
        record["cases"].as_array().unwrap().iter().filter(|case| case["outcome"] == "unsafe").collect();
    assert!((0..=5).contains(&exit), "exit {exit}: {unsafe_ones:#?}");
    record
}

#[rstest]
#[case(0, &[])]
#[case(1, &["stop_ignored=true", "no_latch=true"])]
#[case(2, &["brown_out_glitch=true", "cap_not_enforced=true", "ignores_short_lead=true", "drops_replies=20 %"])]
fn whatever_the_steps_the_run_ends_safe_and_passes_only_on_evidence(
    #[case] part: usize,
    #[case] defects: &[&str],
) {
    let texts = accepted(240);
    assert!(
        texts.len() > 90,
        "{} scenarios are accepted: the generator knows the language badly",
        texts.len()
    );
    let texts: Vec<String> = texts.into_iter().skip(part).step_by(3).collect();
    let folder = tempfile::tempdir().unwrap();
    let record = run_all(&texts, folder.path(), defects);
    let cases = record["cases"].as_array().unwrap();
    assert_eq!(cases.len(), texts.len());
    for (case, text) in cases.iter().zip(&texts) {
        assert_eq!(case["safe_state"], "confirmed", "{text}\n{case:#}");
        let judged = case["checks"].as_array().unwrap();
        if case["outcome"] == "passed" {
            assert!(!judged.is_empty(), "{text}\n{case:#}");
            assert!(
                judged.iter().all(|check| check["verdict"] == "pass" && check["value"].is_number()),
                "{text}"
            );
        } else {
            assert!(case["reason"].is_string(), "{text}\n{case:#}");
        }
    }
}

/// A short shows in a pulse only, and the next is due within half a second.
#[test]
fn a_start_is_refused_by_the_pace_of_the_program_in_force() {
    let steps = "  - start: {}\n  - wait: 300 ms\n  - set: { rate: 2 Hz }\n  - wait: 1300 ms\n  - inject: { fault: short-lead, contact: e1 }\n    as: f\n  - wait: 3100 ms\n  - stop: {}\n";
    let (exit, record) =
        outcome(&scenario("pace", "2 mA", steps, "  - restart_refused: { after: f }\n"), &[]);
    assert_eq!((exit, verdict(&record, "restart_refused")), (0, "pass"), "{record:#}");
}

/// At its compliance the voltage stands still for as long as a phase lasts: its two edges are one pulse's. A relay that shorts a
/// charged load moves the voltage too, and is no pulse where the current tells.
#[rstest]
#[case("r500", "amplitude: 2 mA, width: 2.5 ms, gap: 50 us, rate: 50 Hz", "130 ms", "open-lead")]
#[case(
    "rc-1k-1u",
    "amplitude: 4.238 mA, width: 400 us, gap: 30 us, rate: 150 Hz, recovery: { ratio: 1.5 }",
    "103.73 ms",
    "short-lead"
)]
fn one_pulse_that_meets_a_fault_is_counted_once(
    #[case] phantom: &str,
    #[case] program: &str,
    #[case] wait: &str,
    #[case] fault: &str,
) {
    let steps = format!(
        "  - start: {{}}\n  - wait: {wait}\n  - inject: {{ fault: {fault}, contact: e1 }}\n    as: f\n  - wait: 350 ms\n  - stop: {{}}\n"
    );
    let text = scenario("once", "2 mA", &steps, "  - pulses_after_fault: { after: f, equals: 1 }\n");
    let text = text.replace("r500", phantom);
    let text = text.replace("amplitude: 2 mA, width: 200 us, gap: 50 us, rate: 50 Hz", program);
    let (exit, record) = outcome(&text, &[]);
    assert_eq!((exit, verdict(&record, "pulses_after_fault")), (0, "pass"), "{record:#}");
}

/// In the off-time no pulse has shown the short yet, and a stimulator without a fault takes a start.
#[test]
fn a_start_that_must_be_refused_is_not_sent_in_an_off_time() {
    let steps = "  - start: {}\n  - wait: 105 ms\n  - inject: { fault: short-lead, contact: e1 }\n    as: f\n  - wait: 900 ms\n  - stop: {}\n";
    let text = scenario("off", "2 mA", steps, "  - restart_refused: { after: f }\n");
    let text = text.replace("rate: 50 Hz", "rate: 50 Hz, cycle: { on_time: 100 ms, off_time: 150 ms }");
    let (exit, record) = outcome(&text, &[]);
    assert_eq!((exit, verdict(&record, "restart_refused")), (0, "pass"), "{record:#}");
}

/// The fourth burst has begun when the stop comes, and has only the pulses that came before.
#[test]
fn a_burst_that_a_stop_cuts_short_is_not_counted() {
    let steps = "  - start: {}\n  - wait: 153 ms\n  - stop: {}\n  - wait: 100 ms\n  - start: {}\n    as: again\n  - wait: 153 ms\n  - stop: {}\n    as: end\n";
    let checks = "  - burst_pulses: { equals: 5, in: [start, end] }\n";
    let text = scenario("bursts", "2 mA", steps, checks);
    let text = text.replace("rate: 50 Hz", "rate: 20 Hz, burst: { pulses: 5, rate: 500 Hz }");
    let (exit, record) = outcome(&text, &[]);
    assert_eq!((exit, verdict(&record, "burst_pulses")), (0, "pass"), "{record:#}");
    assert_eq!(checks_of(&record), 6, "three whole bursts of each start: {record:#}");
}

/// On from 0, 28, 56 and 84 ms for 16 ms each: the duration leaves four of the last eight pulses.
#[test]
fn an_on_time_that_the_duration_cuts_short_is_not_counted() {
    let text = "version: 1\nname: cut\nphantom: r500\nprogram: { amplitude: 2 mA, width: 60 us, gap: 20 us, rate: 500 Hz, cycle: { on_time: 16 ms, off_time: 12 ms } }\nduration: 90.83 ms\nexpect:\n  - cycle_on: { of: programmed, within: { rel: 10 %, abs: 4.4 ms } }\n";
    let (exit, record) = outcome(text, &[]);
    assert_eq!((exit, verdict(&record, "cycle_on")), (0, "pass"), "{record:#}");
    assert_eq!(checks_of(&record), 3, "{record:#}");
}

/// Corrupted bytes delay the stop by tens of milliseconds, in which the host sees no samples.
#[test]
fn a_stop_that_is_tried_again_ends_the_train_where_it_is_taken() {
    for wait in [540, 550, 560, 570] {
        let text = format!(
            "version: 1\nname: noisy\nphantom: r500\nprogram: {{ amplitude: 2 mA, width: 100 us, gap: 50 us, rate: 160 Hz }}\n\
             steps:\n  - start: {{}}\n  - wait: 250 ms\n  - inject: {{ fault: corrupt-link, rate: 1 % }}\n  - wait: {wait} ms\n\
             \x20 - stop: {{}}\nexpect:\n  - extra_pulses: {{ equals: 0 }}\n  - missing_pulses: {{ equals: 0 }}\n"
        );
        let (exit, record) = outcome(&text, &[]);
        assert_eq!((exit, verdict(&record, "extra_pulses")), (0, "pass"), "{wait}: {record:#}");
    }
}

/// Values that the first check of a record judged.
fn checks_of(record: &Value) -> u64 {
    checks(record)[0].1["count"].as_u64().unwrap()
}
