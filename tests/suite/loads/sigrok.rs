//! A scenario on the demo device of sigrok-cli, where that is installed; the gate installs it.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::command::{AGAIN, in_real_time, root, run, stimrig, text};

/// Whether there is a sigrok-cli to hold this against; without one only the gate insists.
fn installed() -> bool {
    let found = Command::new("sigrok-cli").arg("--version").output().is_ok();
    assert!(found || std::env::var_os("STIMRIG_PYTHON").is_none(), "the gate has sigrok-cli");
    found
}

/// A run with a rig of the demo device: again where sigrok-cli crashed, as 0.7.2 does now and then when it is kept waiting.
fn run_on(rig: &str, scenario: &str) -> (i32, Value) {
    in_real_time(|| {
        let (exit, record) = run(&["--wait=5min", "--rig", rig, scenario]);
        let reason = record["cases"][0]["reason"].as_str().unwrap_or_default();
        let told = exit == 3 && reason.contains(AGAIN);
        assert!(told || !reason.contains("sigrok-cli has crashed"), "{exit}: {reason}");
        (exit, record)
    })
}

#[test]
fn the_demo_device_runs_a_scenario() {
    if !installed() {
        return;
    }
    let (exit, record) = run_on("rig/sigrok-demo.yaml", "fixtures/loads/sigrok-demo.yaml");
    let case = &record["cases"][0];
    assert_eq!((exit, &case["outcome"]), (0, &"passed".into()), "{case:#}");
    assert_eq!(record["fidelity"], "sim", "what it passes counts for hardware");
    // A square wave of ±10 V across 10 kohm.
    let peak = case["checks"][0]["value"].as_f64().unwrap();
    assert!((peak.abs() - 1e-3).abs() < 2e-5, "{peak:e}");
}

#[test]
fn a_limit_below_what_the_demo_device_does_fails() {
    if !installed() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("case.yaml");
    let scenario = fs::read_to_string(root().join("fixtures/loads/sigrok-demo.yaml")).unwrap();
    fs::write(&file, scenario.replace("1.1 mA", "0.8 mA")).unwrap();
    let (exit, record) = run_on("rig/sigrok-demo.yaml", file.to_str().unwrap());
    assert_eq!((exit, &record["cases"][0]["checks"][0]["verdict"]), (1, &"fail".into()), "{record:#}");
}

#[test]
fn a_device_or_channel_that_is_not_there_is_named() {
    if !installed() {
        return;
    }
    let rig = fs::read_to_string(root().join("rig/sigrok-demo.yaml")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rig.yaml");
    for (from, to, words) in [
        ("input: A0", "input: A7", "no channel `A7`; it has A0, A1"),
        ("device: demo:analog_channels=2:logic_channels=0", "device: no-such-driver", "find the device"),
    ] {
        fs::write(&file, rig.replace(from, to)).unwrap();
        let (exit, record) = run_on(file.to_str().unwrap(), "fixtures/loads/sigrok-demo.yaml");
        let reason = record["cases"][0]["reason"].as_str().unwrap().to_owned();
        assert!(exit != 0 && reason.contains(words), "{exit} {reason}");
    }
}

/// Its square wave runs by itself: nothing was told to stop, and nobody has looked.
#[test]
fn what_runs_by_itself_is_not_called_safe() {
    let runs = tempfile::tempdir().unwrap();
    let mut command = stimrig();
    command.args(["safe", "--wait=5min", "--rig", "rig/sigrok-demo.yaml", "--runs"]).arg(runs.path());
    let output = command.output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(6), "{printed}{}", text(&output));
    assert!(printed.contains("safe state impossible") && !printed.contains("confirmed"), "{printed}");
}
