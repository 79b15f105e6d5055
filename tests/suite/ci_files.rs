//! Files for other tools, read by those tools' own parsers and schemas.

use std::fs;
use std::process::Command;

use serde_json::Value;
use stimrig::record::RunRecord;
use stimrig::report::{ctrf, junit, tap};

use crate::command::{python, stimrig, text};

fn mixed() -> RunRecord {
    serde_json::from_str(&fs::read_to_string("fixtures/records/mixed.json").unwrap()).unwrap()
}

#[test]
fn ctrf_is_valid_against_its_schema_and_calls_nothing_passed_that_did_not() {
    let schema: Value =
        serde_json::from_str(&fs::read_to_string("fixtures/schemas/ctrf-schema-0.0.json").unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let record = mixed();
    let report: Value = serde_json::from_str(&ctrf(&record, Some("runs/1".as_ref()))).unwrap();
    let problems: Vec<String> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
    assert!(problems.is_empty(), "{problems:#?}");
    let broken = serde_json::json!({ "reportFormat": "CTRF", "specVersion": "0.0.0", "results": {} });
    assert!(!validator.is_valid(&broken), "the schema refuses something");
    for (test, case) in report["results"]["tests"].as_array().unwrap().iter().zip(&record.cases) {
        assert_eq!(test["status"] == "passed", case.outcome.name() == "passed", "{}", case.name);
        assert_eq!(test["rawStatus"], case.outcome.name());
    }
    let summary = &report["results"]["summary"];
    let sum: u64 = ["passed", "failed", "skipped", "pending", "other"]
        .iter()
        .map(|key| summary[*key].as_u64().unwrap())
        .sum();
    assert_eq!(sum, 9);
}

/// Runs a script of Python on a text and returns what it prints as JSON.
fn parsed(python: &str, source: &str, text: &str) -> Value {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    let output = Command::new(python).args(["-c", source]).arg(file.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn junitparser_reads_what_we_write() {
    let Some(python) = python("junitparser") else { return };
    let source = "import sys, json, junitparser as j\n\
                  x = j.JUnitXml.fromfile(sys.argv[1])\n\
                  kinds = {c.name: [type(r).__name__ for r in c.result] for s in x for c in s}\n\
                  out = [c.system_out or '' for s in x for c in s]\n\
                  print(json.dumps({'tests': x.tests, 'failures': x.failures, 'errors': x.errors, 'kinds': sorted(sum(kinds.values(), [])), 'attached': sum('[[ATTACHMENT|runs/1/report.html]]' in o for o in out)}))";
    let read = parsed(&python, source, &junit(&mixed(), Some("runs/1".as_ref())));
    let expected = serde_json::json!({ "tests": 9, "failures": 3, "errors": 2, "attached": 5,
        "kinds": ["Error", "Error", "Failure", "Failure", "Failure", "Skipped"] });
    assert_eq!(read, expected);
}

#[test]
fn check_jsonschema_accepts_our_ctrf_and_refuses_another_file() {
    let Some(python) = python("check_jsonschema") else { return };
    let file = tempfile::NamedTempFile::new().unwrap();
    let accepts = |text: &str| {
        fs::write(file.path(), text).unwrap();
        let mut command = Command::new(&python);
        command.args(["-m", "check_jsonschema", "--schemafile", "fixtures/schemas/ctrf-schema-0.0.json"]);
        command.arg(file.path()).output().unwrap().status.success()
    };
    assert!(accepts(&ctrf(&mixed(), None)));
    assert!(!accepts("{\"reportFormat\": \"CTRF\"}"));
}

#[test]
fn a_tap_parser_reads_what_we_write() {
    let Some(python) = python("tap.parser, yaml, more_itertools") else { return };
    let source = "import sys, json; from tap.parser import Parser\n\
                  lines = list(Parser().parse_file(sys.argv[1]))\n\
                  tests = [l for l in lines if l.category == 'test']\n\
                  unknown = [str(l) for l in lines if l.category == 'unknown']\n\
                  print(json.dumps({'ok': [t.ok for t in tests], 'skip': [t.skip for t in tests], 'unknown': unknown,\n\
                  'outcomes': [t.yaml_block['outcome'] for t in tests if t.yaml_block], 'plan': [l.expected_tests for l in lines if l.category == 'plan']}))";
    let record = RunRecord { interrupted: None, ..mixed() };
    let read = parsed(&python, source, &tap(&record));
    let (mut ok, mut skip, mut outcomes) = (Vec::new(), Vec::new(), Vec::new());
    for case in &record.cases {
        let name = case.outcome.name();
        ok.push(name == "passed" || name == "skipped");
        skip.push(name == "skipped");
        if name != "passed" && name != "skipped" {
            outcomes.push(name);
        }
    }
    assert_eq!(
        read,
        serde_json::json!({ "ok": ok, "skip": skip, "unknown": [], "outcomes": outcomes, "plan": [9] })
    );
}

#[test]
fn a_run_writes_every_file_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let output = stimrig()
        .args(["run", "scenarios/timing/rate.yaml#1", "--runs"])
        .arg(at("runs"))
        .arg("--ctrf")
        .arg(at("ctrf.json"))
        .arg("--tap")
        .arg(at("run.tap"))
        .arg("--junit")
        .arg(at("junit.xml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output));
    assert!(
        fs::read_to_string(at("run.tap"))
            .unwrap()
            .starts_with("TAP version 14\n1..1\n# fidelity: sim, rig sim\nok 1 - ")
    );
    let ctrf: Value = serde_json::from_str(&fs::read_to_string(at("ctrf.json")).unwrap()).unwrap();
    assert_eq!(ctrf["results"]["summary"]["passed"], 1);
    assert!(at("junit.xml").is_file());
    let refused = stimrig().args(["run", "--tap", "no/such/folder/x.tap"]).output().unwrap();
    assert!(refused.status.code() == Some(2) && text(&refused).contains("nothing was energised"));
}
