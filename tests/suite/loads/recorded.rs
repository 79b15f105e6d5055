//! Real captures as loads: `stimrig run` judges them like anything measured.

use std::fs;

use serde_json::Value;

use crate::command::{root, run, stimrig};

fn check<'a>(record: &'a Value, measurand: &str) -> &'a Value {
    let checks = record["cases"][0]["checks"].as_array().unwrap();
    checks.iter().find(|check| check["measurand"] == measurand).unwrap_or_else(|| panic!("{record:#}"))
}

/// Value and uncertainty of a check.
fn measured(record: &Value, measurand: &str) -> (f64, f64) {
    let check = check(record, measurand);
    (check["value"].as_f64().unwrap(), check["uncertainty"].as_f64().unwrap())
}

#[test]
fn a_real_capture_is_judged_with_the_numbers_of_its_readme() {
    let (exit, record) = run(&["--rig", "rig/recorded.yaml", "fixtures/captures/pulse.yaml"]);
    assert_eq!(exit, 0, "{record:#}");
    let case = &record["cases"][0];
    assert_eq!((&record["fidelity"], &case["outcome"]), (&"recorded".into(), &"passed".into()), "{case:#}");
    // Read off the samples with NumPy: 337.3 uA, 200.23 us, 100.08 us, 2.31 % (README of the captures).
    let (amplitude, u) = measured(&record, "amplitude");
    assert!((amplitude.abs() - 337.3e-6).abs() < 6e-6 && u > 3e-6 && u < 15e-6, "{amplitude:e} {u:e}");
    assert!((measured(&record, "gap").0 - 100.08e-6).abs() < 0.8e-6);
    let (imbalance, u) = measured(&record, "charge_imbalance");
    assert!((imbalance.abs() - 0.0231).abs() < u && u < 0.08, "{imbalance} {u}");
    let notes = case["notes"].to_string();
    assert!(notes.contains("no stimulator was driven"), "{notes}");
}

/// A rig and a scenario in a folder of their own; exit code and record.
fn judged(rig: &str, scenario: &str) -> (i32, Value) {
    let folder = tempfile::tempdir().unwrap();
    let (rig_file, scenario_file) = (folder.path().join("rig.yaml"), folder.path().join("case.yaml"));
    fs::write(&rig_file, rig.replace("../fixtures", root().join("fixtures").to_str().unwrap())).unwrap();
    fs::write(&scenario_file, scenario).unwrap();
    run(&["--rig", rig_file.to_str().unwrap(), scenario_file.to_str().unwrap()])
}

fn shipped() -> (String, String) {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    (read("rig/recorded.yaml"), read("fixtures/captures/pulse.yaml"))
}

#[test]
fn another_amplitude_than_programmed_fails_and_a_coarse_scope_is_inconclusive() {
    let (rig, scenario) = shipped();
    let other = scenario.replace("amplitude: 350 uA", "amplitude: 450 uA");
    let (exit, record) = judged(&rig, &other);
    assert_eq!((exit, &check(&record, "amplitude")["verdict"]), (1, &"fail".into()), "{record:#}");
    let coarse = rig.replace("accuracy: 3 %", "accuracy: 12 %");
    let (exit, record) = judged(&coarse, &scenario);
    assert_eq!((exit, &check(&record, "amplitude")["verdict"]), (5, &"inconclusive".into()), "{record:#}");
}

#[test]
fn a_record_shorter_than_the_case_is_no_pass() {
    let (rig, scenario) = shipped();
    let (exit, record) = judged(&rig, &scenario.replace("wait: 1.5 ms", "wait: 40 ms"));
    let reason = record["cases"][0]["reason"].as_str().unwrap();
    assert_eq!(exit, 3, "{reason}");
    assert!(reason.contains("the record ends after 1.6 ms") && reason.contains("40 ms"), "{reason}");
}

#[test]
fn what_a_recording_cannot_tell_is_skipped_by_name() {
    let (rig, scenario) = shipped();
    let (exit, record) = judged(&rig, &format!("{scenario}  - stop_latency: {{ at_most: 1 ms }}\n"));
    let reason = record["cases"][0]["reason"].as_str().unwrap();
    assert_eq!(exit, 4, "{reason}");
    assert!(reason.contains("a load that knows when each step was taken"), "{reason}");
}

#[test]
fn wrong_files_columns_and_pairings_are_named() {
    let (rig, scenario) = shipped();
    let reason = |rig: &str| {
        let (exit, record) = judged(rig, &scenario);
        (exit, record["cases"][0]["reason"].as_str().unwrap().to_owned())
    };
    let (exit, text) = reason(&rig.replace("TEK00001", "TEK00009"));
    assert!(exit != 0 && text.contains("TEK00009.CSV") && text.contains("load.file"), "{text}");
    let (_, text) = reason(&rig.replace("input: CH2", "input: CH9"));
    assert!(text.contains("no column `CH9`; the file has CH1, CH2"), "{text}");
    let (_, text) = reason(&rig.replace("scale: 1 mA/A", "shunt: 100 ohm"));
    assert!(text.contains("is in A, not in V"), "{text}");
    // Said before anything runs.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rig.yaml");
    let refused = |rig: &str| {
        fs::write(&file, rig).unwrap();
        let output = stimrig().arg("check").arg(&file).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        crate::command::text(&output)
    };
    let said = refused(&rig.replace("driver: none", "driver: native, port: { serial_number: \"A\" }"));
    assert!(said.contains("beside a recording no stimulator is driven"), "{said}");
    let said = refused(&rig.replacen("accuracy: 3 %, ", "", 1));
    assert!(said.contains("nothing says how accurate this channel is"), "{said}");
}
