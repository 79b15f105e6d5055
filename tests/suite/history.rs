//! `stimrig history` as its users see it.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::command::{stimrig, text};

fn ran(runs: &Path, arguments: &[&str]) {
    let output = stimrig()
        .args(["run", "-q", "--keep", "never", "--runs"])
        .arg(runs)
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.code().is_some_and(|code| code < 2), "{}", text(&output));
    assert!(!text(&output).contains("index"), "{}", text(&output));
}

fn history(runs: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = stimrig().args(["history", "--runs"]).arg(runs).args(arguments).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8_lossy(&output.stdout).into_owned(), text(&output))
}

#[test]
fn runs_of_a_bench_become_trends_with_the_values_of_their_records() {
    let runs = tempfile::tempdir().unwrap();
    for seed in 1..=6 {
        ran(runs.path(), &["scenarios/timing/rate.yaml#3", "--seed", &seed.to_string(), "--dut", "unit-7"]);
    }
    ran(runs.path(), &["scenarios/timing/rate.yaml#3", "--defect", "rate_error=5 %"]);
    // Every run took itself into the index; breaking it changes no answer.
    assert!(runs.path().join("index.sqlite").is_file());
    let (code, json, said) = history(runs.path(), &["rate", "--format", "json"]);
    assert_eq!(code, 0, "{said}");
    fs::write(runs.path().join("index.sqlite"), "broken").unwrap();
    assert_eq!(history(runs.path(), &["rate", "--format", "json"]).1, json);
    assert_eq!(history(runs.path(), &["rate", "--format", "json", "--rebuild"]).1, json);

    let found: Value = serde_json::from_str(&json).unwrap();
    let trend = &found["trends"][0];
    assert_eq!((trend["fidelity"].as_str(), trend["dut"].as_str()), (Some("sim"), None));
    let points = trend["points"].as_array().unwrap();
    assert_eq!(points.len(), 6, "a deliberate defect is no value of the device");
    for point in points {
        let record = runs.path().join(point["run"].as_str().unwrap()).join("record.json");
        let record: Value = serde_json::from_slice(&fs::read(record).unwrap()).unwrap();
        let checks = record["cases"][0]["checks"].as_array().unwrap();
        let rate = checks.iter().find(|check| check["measurand"] == "rate").unwrap();
        assert_eq!((&point["value"], &point["uncertainty"]), (&rate["value"], &rate["uncertainty"]));
        assert_eq!(point["dut"], "unit-7");
    }
    assert!(trend["control"]["upper"].as_f64() > trend["control"]["lower"].as_f64());
    assert!(trend["capability"]["cpk"].as_f64().unwrap() > 1.0);

    let all: Value =
        serde_json::from_str(&history(runs.path(), &["rate", "--defects", "--format", "json"]).1).unwrap();
    assert_eq!(all["trends"][0]["points"].as_array().unwrap().len(), 7);
    let (code, overview, _) = history(runs.path(), &[]);
    assert!(
        code == 0 && overview.contains("6 runs") && overview.contains("worth a look: 0 of"),
        "{overview}"
    );
    assert!(
        overview.contains(
            "note: left out: 1 run of a stimulator with a deliberate defect (--defects shows them)"
        ) && overview.contains("firmware simulated-stim-1"),
        "{overview}"
    );
    let page = runs.path().join("page.html");
    assert_eq!(history(runs.path(), &["rate", "--format", "html", "-o", page.to_str().unwrap()]).0, 0);
    let page = fs::read_to_string(page).unwrap();
    assert!(page.matches("<circle").count() == 6 && page.contains("control limit"));
}

#[test]
fn a_case_that_asks_for_a_rig_is_no_plain_pass_on_the_simulator() {
    let runs = tempfile::tempdir().unwrap();
    let scenario = runs.path().join("rig-only.yaml");
    let text = "version: 1\nname: rig only\nmin_fidelity: rig\nphantom: r1k\nprogram: { amplitude: 1 mA, width: 200 us, rate: 50 Hz }\nduration: 0.5 s\nexpect:\n  - rate: { of: programmed, within: 0.5 % }\n";
    fs::write(&scenario, text).unwrap();
    ran(&runs.path().join("runs"), &[scenario.to_str().unwrap()]);
    let (code, said, _) = history(&runs.path().join("runs"), &[]);
    assert!(code == 0 && said.contains("passed, 1 sim only"), "{said}");
    let (_, said, _) = history(&runs.path().join("runs"), &["rate"]);
    assert!(said.contains(": sim only, its case asks for a rig; limits"), "{said}");
}

#[test]
fn two_processes_at_once_get_the_same_answer() {
    let runs = tempfile::tempdir().unwrap();
    ran(runs.path(), &["scenarios/timing/rate.yaml#3"]);
    fs::remove_file(runs.path().join("index.sqlite")).unwrap();
    let answers: Vec<_> = std::thread::scope(|scope| {
        let asking: Vec<_> =
            (0..4).map(|_| scope.spawn(|| history(runs.path(), &["rate", "--format", "csv"]))).collect();
        asking.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    for answer in &answers {
        assert_eq!((answer.0, &answer.1), (0, &answers[0].1), "{}", answer.2);
    }
    assert!(answers[0].1.lines().count() >= 2);
}

#[test]
fn what_cannot_be_looked_at_is_named() {
    let runs = tempfile::tempdir().unwrap();
    let (code, _, said) = history(runs.path(), &["amplitud"]);
    assert!(code == 2 && said.contains("did you mean `amplitude`?"), "{said}");
    let (code, _, said) = history(runs.path(), &["--since", "yesterday"]);
    assert!(code == 2 && said.contains("2026-11-01"), "{said}");
    let (code, _, said) = history(&runs.path().join("missing"), &[]);
    assert!(code == 2 && said.contains("no such folder"), "{said}");
    let (code, said, _) = history(runs.path(), &[]);
    assert!(code == 0 && said.contains("no run to look at"), "{said}");
    let folder = runs.path().join("0190-cut");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("journal.jsonl"), "{\"utc\":\"2026-01-0").unwrap();
    let (code, said, _) = history(runs.path(), &[]);
    assert!(code == 0 && said.contains("0190-cut") && said.contains("never began"), "{said}");
    let (code, _, said) = history(&folder, &[]);
    assert!(code == 2 && said.contains("is one run"), "{said}");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing was added to it");
}
