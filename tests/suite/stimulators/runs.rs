//! Rig files that differ in the stimulator's driver run the same scenario.

use rstest::rstest;

use crate::command::{checks, run, stimrig, text};

/// What the scenario asks of every stimulator, at values that each of them can make.
pub const PLAIN: &str = "version: 1
name: A plain train
phantom: r1k
program: { amplitude: 2 mA, width: 200 us, gap: 100 us, rate: 50 Hz }
steps:
  - start: {}
  - wait: 0.5 s
  - stop: {}
expect:
  - amplitude: { of: programmed, within: 1 % }
  - width: { of: programmed, within: 5 us }
  - rate: { of: programmed, within: 0.5 % }
  - charge_imbalance: { at_most: 1 % }
  - missing_pulses: { at_most: 0 }
";

pub fn scenario(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

#[rstest]
#[case("rig/sim.yaml")]
#[case("rig/stimjim.yaml")]
#[case("rig/template-text.yaml")]
#[case("rig/exec.yaml")]
#[case("rig/pulse-pal.yaml")]
#[case("rig/science-mode.yaml")]
fn the_same_scenario_passes_whatever_the_driver(#[case] rig: &str) {
    let file = scenario(PLAIN);
    let (code, record) = run(&["--rig", rig, file.path().to_str().unwrap()]);
    assert_eq!((code, record["outcome"].as_str()), (0, Some("passed")), "{rig}: {record}");
    assert_eq!(record["safe_state"], "confirmed");
    assert_eq!(record["fidelity"], "sim");
}

#[rstest]
#[case("rig/stimjim.yaml", "interlock open")]
#[case("rig/template-text.yaml", "interlock open")]
#[case("rig/opennerve-uart.yaml", "interlock open")]
#[case("rig/pulse-pal.yaml", "interlock open")]
#[case("rig/science-mode.yaml", "interlock open")]
#[case("rig/scope-sim.yaml", "output seen off to within")]
fn whatever_the_device_can_emit_its_bench_can_be_made_safe(#[case] rig: &str, #[case] way: &str) {
    let output = stimrig().args(["safe", "--rig", rig]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{rig}: {said}");
    for words in ["stop acknowledged", way, "output measured off"] {
        assert!(said.contains(words), "{rig}: {words}: {said}");
    }
}

#[rstest]
#[case("rig/stimjim.yaml", "phase_mismatch=3 %", "charge_imbalance")]
#[case("rig/stimjim.yaml", "gain_error=3 %", "amplitude")]
#[case("rig/stimjim.yaml", "clock_error=2 %", "rate")]
#[case("rig/template-text.yaml", "phase_mismatch=3 %", "charge_imbalance")]
#[case("rig/exec.yaml", "gain_error=3 %", "amplitude")]
#[case("rig/pulse-pal.yaml", "gain_error=3 %", "amplitude")]
#[case("rig/science-mode.yaml", "phase_mismatch=3 %", "charge_imbalance")]
#[case("rig/stimjim.yaml", "rate_error=2 %", "rate")]
#[case("rig/pulse-pal.yaml", "missing_pulse_every=7", "missing_pulses")]
#[case("rig/science-mode.yaml", "width_error=10 %", "width")]
#[case("rig/template-text.yaml", "missing_recovery_every=5", "charge_imbalance")]
#[case("rig/exec.yaml", "second_phase_width_error=5 %", "charge_imbalance")]
fn a_defective_one_fails_for_the_named_reason(#[case] rig: &str, #[case] defect: &str, #[case] check: &str) {
    let file = scenario(PLAIN);
    let (code, record) = run(&["--rig", rig, "--defect", defect, file.path().to_str().unwrap()]);
    assert_eq!(code, 1, "{rig} {defect}");
    let failed: Vec<_> = checks(&record)
        .into_iter()
        .filter(|(_, check)| check["verdict"] == "fail")
        .map(|(_, check)| check["measurand"].as_str().unwrap().to_owned())
        .collect();
    assert!(failed.iter().any(|name| name == check), "{rig} {defect}: {failed:?}");
    assert_eq!(record["safe_state"], "confirmed");
}

/// Without a check that would see it, an ignored stop is what the case fails for. A device that supervises nothing goes on into
/// the open interlock, too: that is not safe.
#[rstest]
#[case("rig/stimjim.yaml", 6, "output still active after the interlock opened")]
#[case("rig/template-text.yaml", 6, "output still active after the interlock opened")]
#[case("rig/exec.yaml", 6, "output still active after the interlock opened")]
#[case("rig/pulse-pal.yaml", 6, "output still active after the interlock opened")]
#[case("rig/science-mode.yaml", 1, "stop ignored")]
fn an_ignored_stop_is_seen_whatever_the_driver(#[case] rig: &str, #[case] exit: i32, #[case] why: &str) {
    let file = scenario(PLAIN);
    let (code, record) = run(&["--rig", rig, "--defect", "stop_ignored=true", file.path().to_str().unwrap()]);
    let reason = record["cases"][0]["reason"].as_str().unwrap_or_default();
    assert!(code == exit && reason.contains(why), "{rig}: {code} {record:#}");
}

/// The shipped scenario of bursts whose pulses are balanced one by one: a Pulse Pal plays them by itself.
const BURSTS: &str = "scenarios/burst/balanced-at-both-rates.yaml";

#[test]
fn a_pulse_pal_plays_bursts() {
    let (code, record) = run(&["--rig", "rig/pulse-pal.yaml", BURSTS]);
    assert_eq!((code, record["outcome"].as_str()), (0, Some("passed")), "{record:#}");
    let all = checks(&record);
    let pulses = all.iter().find(|(_, check)| check["measurand"] == "burst_pulses").unwrap();
    assert_eq!(pulses.1["value"], 5.0, "{record:#}");
}

#[rstest]
#[case("burst_count_error=1", "burst_pulses")]
#[case("burst_count_error=-1", "burst_pulses")]
#[case("missing_pulse_every=7", "burst_pulses")]
#[case("rate_error=2 %", "burst_rate")]
#[case("missing_recovery_every=5", "charge_imbalance")]
fn bursts_of_a_defective_pulse_pal_fail_for_the_named_reason(#[case] defect: &str, #[case] check: &str) {
    let (code, record) = run(&["--rig", "rig/pulse-pal.yaml", "--defect", defect, BURSTS]);
    let named = |verdict: &str| {
        checks(&record).iter().any(|(_, own)| own["measurand"] == check && own["verdict"] == verdict)
    };
    assert!(code == 1 && named("fail"), "{defect}: {code} {record:#}");
    assert_eq!(record["safe_state"], "confirmed");
}

/// Both rates are rounded to the grid, said as applied, and measured as such.
#[test]
fn bursts_that_are_off_the_grid_are_applied_on_it() {
    let file = scenario(&PLAIN.replace("rate: 50 Hz", "rate: 37 Hz, burst: { pulses: 4, rate: 330 Hz }").replace(
        "  - missing_pulses",
        "  - burst_rate: { of: applied, within: 0.1 % }\n  - burst_pulses: { equals: 4 }\n  - missing_pulses",
    ).replace("rate: { of: programmed", "rate: { of: applied"));
    let (code, record) = run(&["--rig", "rig/pulse-pal.yaml", file.path().to_str().unwrap()]);
    assert_eq!((code, record["outcome"].as_str()), (0, Some("passed")), "{record:#}");
    let all = checks(&record);
    let value = |name: &str| {
        all.iter().find(|(_, check)| check["measurand"] == name).unwrap().1["value"].as_f64().unwrap()
    };
    // 61 cycles of 50 us, and 541.
    assert!((value("burst_rate") * 3.05e-3 - 1.0).abs() < 1e-3, "{record:#}");
    assert!((value("rate") * 27.05e-3 - 1.0).abs() < 1e-3, "{record:#}");
}

#[rstest]
#[case("rig/stimjim.yaml", "watchdog_disabled=true")]
#[case("rig/pulse-pal.yaml", "gap_error=10 us")]
#[case("rig/stimjim.yaml", "burst_count_error=1")]
#[case("rig/science-mode.yaml", "no_latch=true")]
#[case("rig/template-text.yaml", "cap_not_enforced=true")]
#[case("rig/exec.yaml", "drops_replies=100 %")]
#[case("rig/stimjim.yaml", "blocking_capacitor_shorted=true")]
#[case("rig/science-mode.yaml", "blocking_capacitor_shorted=true")]
fn a_defect_that_can_do_nothing_there_is_refused(#[case] rig: &str, #[case] defect: &str) {
    let file = scenario(PLAIN);
    let output = stimrig().args(["check", "--rig", rig]).arg(file.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let output = stimrig().args(["run", "--rig", rig, "--defect", defect]).arg(file.path()).output().unwrap();
    let said = text(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("--defect:1:") && said.contains("does nothing"), "{said}");
}

#[rstest]
#[case("rig/science-mode.yaml", "sim.stimulator.watchdog=10 s", "a `science-mode` stimulator")]
#[case("rig/exec.yaml", "sim.stimulator.full_scale=30 mA", "a `exec` stimulator")]
#[case("rig/pulse-pal.yaml", "sim.stimulator.cap=2 mA", "states the stimulator's own")]
#[case("rig/scope-sim.yaml", "sim.adc.noise=50 lsb", "the load is of `scpi`")]
#[case("rig/scope-sim.yaml", "sim.dc.range=10 uA", "the load is of `scpi`")]
fn a_value_that_nobody_reads_there_is_refused(#[case] rig: &str, #[case] set: &str, #[case] says: &str) {
    let output = stimrig()
        .args(["run", "--rig", rig, "--set", set, "scenarios/safety/stop-ends-output.yaml"])
        .output()
        .unwrap();
    let said = text(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("--set:1:") && said.contains("does nothing") && said.contains(says), "{said}");
}

#[rstest]
#[case("rig/stimjim.yaml", "amplitude: 2 mA", "amplitude: 3.33 mA", "turns the sign", "4:23")]
#[case("rig/stimjim.yaml", "rate: 50 Hz", "rate: 50 Hz, ramp: { up: 0.2 s }", "a Stimjim has no ramps", "4:")]
#[case(
    "rig/pulse-pal.yaml",
    "width: 200 us",
    "width: 60 us",
    "is shorter than the 100 µs of a Pulse Pal",
    "4:"
)]
#[case("rig/pulse-pal.yaml", "amplitude: 2 mA", "amplitude: 9.99999 mA", "10 V of a Pulse Pal", "4:")]
#[case(
    "rig/pulse-pal.yaml",
    "rate: 50 Hz",
    "rate: 50 Hz, burst: { pulses: 3, rate: 1800 Hz }",
    "a pulse of 500 µs does not fit a period of 550 µs on a Pulse Pal",
    "4:"
)]
#[case(
    "rig/pulse-pal.yaml",
    "gap: 100 us, rate: 50 Hz",
    "gap: 100 us, rate: 50 Hz, waveform: monophasic, recovery: { passive: 5 ms }, burst: { pulses: 3, rate: 500 Hz, recovery_after: burst }",
    "a Pulse Pal has no recharge switch that a program could close",
    "4:"
)]
#[case(
    "rig/pulse-pal.yaml",
    "rate: 50 Hz",
    "rate: 50 Hz, ramp: { up: 0.2 s }",
    "a Pulse Pal has no ramps",
    "4:"
)]
#[case(
    "rig/stimjim.yaml",
    "rate: 50 Hz",
    "rate: 50 Hz, burst: { pulses: 3, rate: 500 Hz }",
    "a Stimjim has no bursts",
    "4:"
)]
#[case("rig/stimjim.yaml", "wait: 0.5 s", "wait: 40 min", "ends a train by itself after", "4:")]
#[case(
    "rig/stimjim.yaml",
    "steps:\n  - start: {}\n  - wait: 0.5 s\n  - stop: {}",
    "duration: 2 h",
    "a Stimjim ends a train after 33 min 20 s",
    "4:"
)]
// 493 periods of 7.3 s are 3598.5 s: the train ends with its last whole one.
#[case(
    "rig/pulse-pal.yaml",
    "rate: 50 Hz }\nsteps:\n  - start: {}\n  - wait: 0.5 s",
    "rate: 0.137 Hz }\nsteps:\n  - start: {}\n  - wait: 3599 s",
    "ends a train by itself after",
    "4:"
)]
#[case("rig/science-mode.yaml", "amplitude: 2 mA", "amplitude: 0.2 mA", "half a step of 0.5 mA", "4:")]
#[case("rig/template-text.yaml", "rate: 50 Hz", "rate: 600 Hz", "outside 1 Hz to 500 Hz", "4:")]
fn what_the_device_cannot_do_is_refused_at_its_line(
    #[case] rig: &str,
    #[case] good: &str,
    #[case] bad: &str,
    #[case] says: &str,
    #[case] place: &str,
) {
    let file = scenario(&PLAIN.replace(good, bad));
    let output = stimrig().args(["check", "--rig", rig]).arg(file.path()).output().unwrap();
    let said = text(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(says) && said.contains(&format!("yaml:{place}")), "{said}");
}

#[rstest]
#[case("rig/stimjim.yaml", "drops_replies=100 %", "no answer within the deadline")]
#[case("rig/stimjim.yaml", "corrupt_replies=100 %", "stimulator: identify a Stimjim")]
#[case("rig/pulse-pal.yaml", "drops_replies=100 %", "until a person clicks its joystick")]
#[case("rig/science-mode.yaml", "corrupt_replies=100 %", "stimulator: identify a ScienceMode stimulator")]
#[case("rig/template-text.yaml", "drops_replies=100 %", "no answer within the deadline")]
fn a_stimulator_that_does_not_answer_is_a_rig_error_on_a_safe_bench(
    #[case] rig: &str,
    #[case] defect: &str,
    #[case] says: &str,
) {
    let file = scenario(PLAIN);
    let (code, record) = run(&["--rig", rig, "--defect", defect, file.path().to_str().unwrap()]);
    assert_eq!(code, 3, "{rig} {defect}: {record}");
    let reason = record["cases"][0]["reason"].as_str().unwrap();
    assert!(reason.contains(says), "{rig} {defect}: {reason}");
    assert_eq!(record["safe_state"], "confirmed");
}

#[test]
fn opennerve_alternates_as_its_template_says() {
    let file = scenario(
        "version: 1\nname: OpenNerve\nphantom: r1k\nprogram: { waveform: alternating, amplitude: 0.4 mA, width: 500 us, rate: 20 Hz }\n\
         steps:\n  - start: {}\n  - wait: 0.5 s\n  - stop: {}\n\
         expect:\n  - amplitude: { of: programmed, within: 1 % }\n  - rate: { of: programmed, within: 0.5 % }\n  - charge_imbalance: { at_most: 1 % }\n",
    );
    let path = file.path().to_str().unwrap();
    let (code, record) = run(&["--rig", "rig/opennerve-uart.yaml", path]);
    assert_eq!((code, record["outcome"].as_str()), (0, Some("passed")), "{record}");
}

#[test]
fn a_science_mode_stimulator_stops_without_its_host_and_says_so() {
    let file = scenario(
        "version: 1\nname: Silent host\nphantom: r1k\nprogram: { amplitude: 2 mA, width: 200 us, rate: 50 Hz }\n\
         steps:\n  - start: {}\n  - wait: 0.2 s\n  - host: { silence: 3 s }\n    as: silent\n  - wait: 0.3 s\n  - stop: {}\n\
         expect:\n  - shutdown_latency: { after: silent, at_most: 2.2 s }\n  - fault_reported: { after: silent, is: watchdog, at_most: 3.2 s }\n",
    );
    let path = file.path().to_str().unwrap();
    let (code, record) = run(&["--rig", "rig/science-mode.yaml", path]);
    assert_eq!((code, record["outcome"].as_str()), (0, Some("passed")), "{record}");
}

#[rstest]
#[case("watchdog_disabled=true")]
#[case("watchdog_slow=2.8 s")]
fn a_science_mode_stimulator_that_goes_on_without_its_host_fails(#[case] defect: &str) {
    let file = scenario(
        "version: 1\nname: Silent host\nphantom: r1k\nprogram: { amplitude: 2 mA, width: 200 us, rate: 50 Hz }\n\
         steps:\n  - start: {}\n  - wait: 0.2 s\n  - host: { silence: 3 s }\n    as: silent\n  - wait: 0.3 s\n  - stop: {}\n\
         expect:\n  - shutdown_latency: { after: silent, at_most: 2.2 s }\n",
    );
    let path = file.path().to_str().unwrap();
    let (code, record) = run(&["--rig", "rig/science-mode.yaml", "--defect", defect, path]);
    let reason = record["cases"][0]["reason"].as_str().unwrap_or_default();
    assert!(code == 1 && reason.starts_with("shutdown_latency"), "{code} {record:#}");
}

#[test]
fn what_the_device_cannot_report_skips_the_case_and_names_the_capability() {
    let (code, record) = run(&["--rig", "rig/stimjim.yaml", "scenarios/fault-shutdown/open-lead.yaml"]);
    assert_eq!(code, 4);
    let reason = record["cases"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("a stimulator that reports its status"), "{reason}");
}
