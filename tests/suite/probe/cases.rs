//! Scenarios that use the probe.

use rstest::rstest;
use serde_json::Value;

use super::{rig, scenario};
use crate::command::{checks, run, stimrig, text};

fn verdict<'r>(record: &'r Value, measurand: &str) -> &'r str {
    let all = checks(record);
    let found = all.iter().map(|(_, check)| *check).find(|check| check["measurand"] == measurand);
    found.unwrap_or_else(|| panic!("no {measurand}: {record:#}"))["verdict"].as_str().unwrap()
}

#[test]
fn the_independent_watchdog_ends_what_a_halted_core_cannot() {
    let (exit, record) = run(&[&scenario("fault-shutdown/core-halt")]);
    assert_eq!(exit, 0, "{record:#}");
    let all = checks(&record);
    let latency = all.iter().map(|(_, check)| *check).find(|check| check["measurand"] == "shutdown_latency");
    let seconds = latency.unwrap()["value"].as_f64().unwrap();
    // Its patience is 500 ms, and the last pulse may have begun up to a period before that.
    assert!((0.479..0.503).contains(&seconds), "{seconds}");
    // What the firmware logged: nothing while it was halted, and the fault when it went on.
    let log = record["cases"][0]["log"].as_array().unwrap();
    let lines: Vec<&str> = log.iter().map(|line| line["line"].as_str().unwrap()).collect();
    let start = lines.iter().position(|line| *line == "start taken").unwrap();
    let fault = lines.iter().position(|line| line.starts_with("fault Watchdog after ")).unwrap();
    assert!(start < fault && lines.contains(&"stop taken"), "{lines:?}");
    let at = |index: usize| log[index]["time"].as_f64().unwrap();
    assert!((1.39..1.43).contains(&(at(fault) - at(start))), "{} {}", at(start), at(fault));
}

#[test]
fn the_firmware_read_back_is_in_the_record() {
    let (_, record) = run(&[&scenario("fault-shutdown/core-halt")]);
    let instruments = record["instruments"].as_array().unwrap();
    let probe = instruments.iter().find(|instrument| instrument["role"] == "probe").unwrap();
    assert_eq!((&probe["driver"], &probe["uid"]), (&"probe-rs".into(), &"SIM-PROBE-001".into()));
    let hash = probe["firmware"].as_str().unwrap();
    assert!(hash.len() == 64 && hash.bytes().all(|digit| digit.is_ascii_hexdigit()), "{hash}");
    // Without a step that asks for it, nobody touches the core.
    let (_, record) = run(&[&scenario("timing/pulse-train")]);
    assert!(record["instruments"].as_array().unwrap().iter().all(|instrument| instrument["role"] != "probe"));
}

#[rstest]
#[case("watchdog_disabled", "fault-shutdown/core-halt", "shutdown_latency")]
#[case("watchdog_disabled", "fault-shutdown/core-halt", "stays_off")]
#[case("watchdog_slow", "fault-shutdown/core-halt", "shutdown_latency")]
#[case("memory_unchecked", "safety/flipped-amplitude", "cap_never_exceeded")]
#[case("memory_unchecked", "safety/flipped-cap", "cap_never_exceeded")]
fn a_defect_is_seen_through_the_probe(#[case] defect: &str, #[case] name: &str, #[case] measurand: &str) {
    let value = if defect == "watchdog_slow" { "900 ms" } else { "true" };
    let (clean, record) = run(&[&scenario(name)]);
    assert_eq!(clean, 0, "{record:#}");
    assert_eq!(verdict(&record, measurand), "pass");
    let (exit, record) = run(&[&scenario(name), "--defect", &format!("{defect}={value}")]);
    assert_eq!((exit, verdict(&record, measurand)), (1, "fail"), "{record:#}");
    assert_eq!(record["safe_state"], "confirmed");
}

#[test]
fn a_halted_core_is_brought_back_before_the_bench_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("case.yaml");
    let text = "version: 1\nname: left halted\nphantom: r1k\n\
        program: { amplitude: 2 mA, width: 200 us, rate: 50 Hz }\n\
        steps:\n  - start: {}\n  - wait: 200 ms\n  - inject: core-halt\n    as: halted\n  - wait: 200 ms\n\
        expect:\n  - amplitude: { of: programmed, within: 3 % }\n";
    std::fs::write(&file, text).unwrap();
    // The train still runs, the core is halted, and nothing in the scenario resumes it.
    let (exit, record) = run(&[file.to_str().unwrap()]);
    assert_eq!(exit, 0, "{record:#}");
    assert_eq!(record["safe_state"], "confirmed");
}

#[rstest]
#[case("in-use", "another program holds", "close the other debugger")]
#[case("missing", "not found", "correct `probe.selector`")]
#[case("locked", "FAULT response", "readout protection")]
fn what_is_wrong_with_a_probe_is_named_with_what_to_do(
    #[case] trouble: &str,
    #[case] what: &str,
    #[case] next: &str,
) {
    let setting = format!("sim.probe={trouble}");
    let (exit, record) = run(&[&scenario("fault-shutdown/core-halt"), "--set", &setting]);
    let reason = record["cases"][0]["reason"].as_str().unwrap();
    assert_eq!((exit, &record["cases"][0]["outcome"]), (3, &"rig-error".into()), "{record:#}");
    assert!(reason.contains(what) && reason.contains(next) && !reason.contains('\n'), "{reason}");
    assert_eq!(record["safe_state"], "confirmed");
}

/// Whatever the core does then, its independent watchdog ends the output: the rig is at fault, and the bench is safe.
#[rstest]
#[case("lost-halting", "halting the core")]
#[case("lost-halted", "debug probe")]
fn a_probe_that_is_lost_while_the_core_is_stopped_is_a_rig_error_on_a_safe_bench(
    #[case] trouble: &str,
    #[case] what: &str,
) {
    let setting = format!("sim.probe={trouble}");
    for name in ["fault-shutdown/core-halt", "safety/flipped-cap"] {
        let (exit, record) = run(&[&scenario(name), "--set", &setting]);
        let case = &record["cases"][0];
        let reason = case["reason"].as_str().unwrap_or_default();
        if name.starts_with("safety") {
            // It never stops the core.
            assert_eq!(exit, 0, "{record:#}");
            continue;
        }
        assert_eq!((exit, &case["outcome"]), (3, &"rig-error".into()), "{record:#}");
        assert!(reason.contains(what) && !reason.contains("stop ignored"), "{reason}");
        assert_eq!(record["safe_state"], "confirmed");
    }
}

/// With its watchdog out of order nothing ends the output of a core that stands still: that is not safe, and is said.
#[test]
fn a_probe_that_is_lost_on_a_board_without_its_watchdog_is_unsafe() {
    let (exit, record) = run(&[
        &scenario("fault-shutdown/core-halt"),
        "--set",
        "sim.probe=lost-halting",
        "--defect",
        "watchdog_disabled=true",
    ]);
    let case = &record["cases"][0];
    assert_eq!((exit, &case["outcome"]), (6, &"unsafe".into()), "{record:#}");
    assert!(case["notes"].to_string().contains("output still active"), "{record:#}");
}

#[rstest]
#[case("STM32F072RBTx", "probe.chip")]
#[case("STM32F072RBTX_", "probe.chip")]
fn another_chip_is_named(#[case] chip: &str, #[case] what: &str) {
    let folder = tempfile::tempdir().unwrap();
    let rig = rig(&folder, &format!("probe: {{ selector: simulated, chip: {chip} }}"), "");
    let (exit, record) = run(&[&scenario("fault-shutdown/core-halt"), "--rig", rig.to_str().unwrap()]);
    let reason = record["cases"][0]["reason"].as_str().unwrap();
    assert_eq!(exit, 3, "{record:#}");
    assert!(reason.contains(what), "{reason}");
}

#[test]
fn a_symbol_that_is_not_there_is_met_with_the_nearest() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("case.yaml");
    let shipped = std::fs::read_to_string(scenario("safety/flipped-cap")).unwrap();
    std::fs::write(&file, shipped.replace("symbol: cap_ua", "symbol: cap_uA")).unwrap();
    let (exit, record) = run(&[file.to_str().unwrap()]);
    let reason = record["cases"][0]["reason"].as_str().unwrap();
    assert_eq!(exit, 3, "{record:#}");
    assert!(reason.contains("no symbol `cap_uA`") && reason.contains("did you mean `cap_ua`?"), "{reason}");
}

#[test]
fn a_simulated_probe_stands_on_a_simulated_stimulator_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rig.yaml");
    let shipped = "version: 1\nname: real\nstimulator: { driver: native, port: { path: /dev/serial/by-id/x }, cap: 12 mA }\n\
        load: { driver: native, port: { path: /dev/serial/by-id/y }, channels: { e1: { ranges: [4 mA] } } }\n\
        probe: { selector: simulated, chip: SIM-M4 }\nlimits: { amplitude: 1 mA, charge_per_phase: 1 uC, mean_dc: 1 uA }\n";
    std::fs::write(&path, shipped).unwrap();
    let output = stimrig().arg("check").arg(&path).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output).contains("a simulated probe stands on a simulated stimulator"),
        "{}",
        text(&output)
    );
}
