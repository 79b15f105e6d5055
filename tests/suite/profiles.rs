//! Limit profiles: judged beside the scenario's own checks, and never without their source.

use std::fs;

use crate::command::{checks, stimrig, text};

const SCENARIO: &str = "version: 1
name: The output keeps the promise
phantom: r1k
limits: [implant-accuracy, ./strict.yaml]
program: { amplitude: 2 mA, width: 200 us, rate: 50 Hz }
duration: 400 ms
expect:
  - amplitude: { of: programmed, within: 20 % }
";
const STRICT: &str = "version: 1
name: strict
citation: Design specification DS-012
verified: true
verified_by: A. Reader
expect:
  - amplitude: { of: programmed, within: 3 % }
";

/// Exit code, record, and what a person saw.
fn run(defect: &[&str]) -> (Option<i32>, serde_json::Value, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("s.yaml");
    fs::write(&file, SCENARIO).unwrap();
    fs::write(folder.path().join("strict.yaml"), STRICT).unwrap();
    let output = stimrig()
        .arg("run")
        .arg(&file)
        .args(defect)
        .args(["--json", "-", "--runs"])
        .arg(folder.path().join("runs"))
        .output()
        .unwrap();
    let record = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output)));
    (output.status.code(), record, text(&output))
}

#[test]
fn the_limits_of_a_profile_are_judged_beside_the_scenarios_own() {
    let (exit, record, seen) = run(&[]);
    assert_eq!(exit, Some(0), "{seen}");
    let judged: Vec<(String, serde_json::Value)> = checks(&record)
        .into_iter()
        .map(|(_, check)| (check["measurand"].as_str().unwrap().to_owned(), check["profile"].clone()))
        .collect();
    let of = |measurand: &str, profile: serde_json::Value| (measurand.to_owned(), profile);
    let implant = || serde_json::Value::from("implant-accuracy");
    assert_eq!(
        judged,
        [
            of("amplitude", serde_json::Value::Null),
            of("amplitude", implant()),
            of("width", implant()),
            of("rate", implant()),
            of("amplitude", "strict".into()),
        ]
    );
    let profiles = &record["cases"][0]["profiles"];
    assert_eq!(profiles[0]["verified"], false);
    assert_eq!(profiles[1]["verified_by"], "A. Reader");
    assert!(seen.contains("nobody has compared with their source (-v cites it): implant-accuracy"), "{seen}");
    assert!(seen.contains("limits of profiles: strict"), "{seen}");
}

/// The scenario allows 20 % and the first profile 5 %; the gain is wrong by 4 %.
#[test]
fn a_scenario_cannot_loosen_its_profile() {
    let (exit, record, seen) = run(&["--defect", "gain_error=4 %"]);
    assert_eq!(exit, Some(1), "{seen}");
    let failed: Vec<_> =
        checks(&record).into_iter().filter(|(_, check)| check["verdict"] != "pass").collect();
    assert_eq!(failed.len(), 1, "{failed:#?}");
    assert_eq!(failed[0].1["profile"], "strict");
    assert!(
        seen.contains("strict.yaml:7") && seen.contains("limit of strict (verified by A. Reader)"),
        "{seen}"
    );
}
