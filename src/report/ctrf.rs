//! Common Test Report Format (CTRF), version 0.0.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::record::{CaseRecord, CheckRecord, Outcome, RunRecord, Verdict};

use super::against::{Against, RUN, against, qualified};
use super::attachments::attachments;
use super::check_line::{allowed, margin, measured};
use super::junit::{decisive, description, message};
use super::profile;

/// The run as CTRF. `folder` is where it is kept, for its attachments.
///
/// What did not pass is `failed`, whatever the reason: a reader that knows five words only must not take it for anything better.
/// `rawStatus` has the outcome itself. A run that was ended early, or in which nothing was judged, has one test more, which failed.
pub fn ctrf(record: &RunRecord, folder: Option<&Path>) -> String {
    ctrf_of(record, folder, &[])
}

/// The same of a run that is not to be taken for what it says: each of the `doubts` is a failed test more.
pub fn ctrf_of(record: &RunRecord, folder: Option<&Path>, doubts: &[String]) -> String {
    let count = |status: &str| record.cases.iter().filter(|case| name(case.outcome) == status).count();
    let (start, stop) = (millis(&record.started), millis(&record.ended));
    let against: Vec<Value> = against(record, doubts).iter().map(of_run).collect();
    let (more, suite) = (against.len(), usize::from(!against.is_empty()));
    let tests: Vec<Value> =
        record.cases.iter().map(|case| test(record, case, folder)).chain(against).collect();
    let (tool, version) = record.tool.split_once(' ').unwrap_or((&record.tool, ""));
    let commit = version.split_once('(').map(|(_, git)| git.trim_end_matches(')'));
    let report = json!({
        "reportFormat": "CTRF",
        "specVersion": "0.0.0",
        "timestamp": record.ended,
        "generatedBy": record.tool,
        "runId": record.id,
        "results": {
            "tool": { "name": tool, "version": version, "extra": { "commit": commit } },
            "summary": {
                "tests": tests.len(),
                "passed": count("passed"),
                "failed": count("failed") + more,
                "skipped": count("skipped"),
                "pending": 0,
                "other": 0,
                "suites": record.scenarios.len() + suite,
                "start": start,
                "stop": stop,
                // By the clock that nobody sets.
                "duration": (record.elapsed.max(0.0) * 1e3).round() as u64,
                "extra": {
                    "outcome": record.outcome.map(Outcome::name),
                    "safeState": record.safe_state.name(),
                    "exitCode": record.exit_code,
                    "interrupted": record.interrupted,
                },
            },
            "tests": tests,
            "environment": {
                "reportName": "stimrig",
                "testEnvironment": format!("{} ({})", record.rig, record.fidelity),
                "extra": environment(record),
            },
        },
    });
    serde_json::to_string_pretty(&report).unwrap_or_default() + "\n"
}

fn environment(record: &RunRecord) -> Value {
    let mut extra = json!({
        "dut": record.dut,
        "operator": record.operator,
        "host": record.host,
        "seed": record.seed,
        "rigHash": record.rig_hash,
        "instruments": record.instruments,
    });
    if let Some(map) = extra.as_object_mut() {
        map.extend(qualified(record).into_iter().map(|(name, value)| (name.to_owned(), value.into())));
    }
    extra
}

fn of_run(against: &Against) -> Value {
    json!({
        "name": against.test,
        "status": "failed",
        "duration": 0,
        "suite": [RUN],
        "rawStatus": against.kind,
        "type": "hardware-in-the-loop",
        "message": against.message,
    })
}

fn test(record: &RunRecord, case: &CaseRecord, folder: Option<&Path>) -> Value {
    let passed = case.outcome == Outcome::Passed;
    let bad = decisive(case);
    let mut test = Map::new();
    let mut put = |key: &str, value: Value| test.insert(key.to_owned(), value);
    put("name", json!(case.title()));
    put("status", json!(name(case.outcome)));
    put("duration", json!((case.elapsed.max(0.0) * 1e3).round() as u64));
    put("suite", json!([case.scenario]));
    put("rawStatus", json!(case.outcome.name()));
    put("filePath", json!(bad.map_or(case.scenario.as_str(), |check| profile::place(case, check).0)));
    put("tags", json!(case.tags));
    put("type", json!("hardware-in-the-loop"));
    put("parameters", json!(case.matrix));
    if !passed {
        put("message", json!(message(case)));
        put("trace", json!(description(case)));
    }
    if let Some(check) = bad {
        put("line", json!(profile::place(case, check).1.max(1)));
        put("snippet", json!(check.text.trim()));
    }
    put("steps", Value::Array(case.checks.iter().map(step).collect()));
    let attached = attachments(case, folder);
    let attached: Vec<Value> = attached
        .iter()
        .map(|file| json!({ "name": file.name, "contentType": file.kind, "path": file.path }))
        .collect();
    put("attachments", Value::Array(attached));
    put(
        "extra",
        json!({
            "safeState": case.safe_state.name(),
            "phantom": case.phantom,
            "fidelity": record.fidelity,
            "simOnly": case.sim_only,
            "requirements": case.verifies,
            "notes": case.notes,
            "unasked": case.unasked,
        }),
    );
    Value::Object(test)
}

fn step(check: &CheckRecord) -> Value {
    let status = if check.verdict == Verdict::Pass { "passed" } else { "failed" };
    let margin = margin(check);
    let margin = if margin.is_empty() { margin } else { format!(", {margin}") };
    json!({
        "name": format!("{}: {} against {}{margin}", check.measurand, measured(check), allowed(check)),
        "status": status,
        "extra": {
            "verdict": check.verdict.name(),
            "value": check.value,
            "uncertainty": check.uncertainty,
            "unit": check.unit,
            "reason": check.reason,
        },
    })
}

fn name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Skipped => "skipped",
        _ => "failed",
    }
}

/// Milliseconds since 1970; 0 of what is no time.
fn millis(rfc3339: &str) -> u64 {
    let time = rfc3339.parse::<jiff::Timestamp>().map_or(0, jiff::Timestamp::as_millisecond);
    u64::try_from(time).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples::{case, check, head};

    #[test]
    fn the_line_is_that_of_the_check_which_the_message_is_about() {
        let of = |measurand: &str, verdict, line| CheckRecord { line, ..check(measurand, verdict) };
        let checks = vec![
            of("gap", Verdict::Pass, 7),
            of("width", Verdict::Inconclusive, 8),
            of("amplitude", Verdict::Fail, 9),
            of("rate", Verdict::Fail, 10),
        ];
        let cases = vec![CaseRecord { outcome: Outcome::Failed, checks, ..case("a") }];
        let report: Value = serde_json::from_str(&ctrf(&RunRecord { cases, ..head() }, None)).unwrap();
        let test = &report["results"]["tests"][0];
        assert_eq!((test["line"].as_u64(), test["message"].as_str()), (Some(9), Some("amplitude: fail")));
        assert!(test["snippet"].as_str().unwrap().starts_with("amplitude:"), "{test}");
    }

    #[test]
    fn a_pass_where_a_rig_was_asked_for_says_so() {
        let cases = vec![CaseRecord { sim_only: true, ..case("a") }, case("b")];
        let report: Value = serde_json::from_str(&ctrf(&RunRecord { cases, ..head() }, None)).unwrap();
        let of = |at: usize| report["results"]["tests"][at]["extra"]["simOnly"].as_bool();
        assert_eq!((of(0), of(1)), (Some(true), Some(false)));
    }

    #[test]
    fn a_clock_that_was_set_changes_no_duration() {
        let record = RunRecord { ended: "2026-01-01T00:00:00Z".into(), elapsed: 1.5, ..head() };
        let report: Value = serde_json::from_str(&ctrf(&record, None)).unwrap();
        assert_eq!(report["results"]["summary"]["duration"], 1500);
    }

    #[test]
    fn a_run_that_was_ended_early_has_one_failed_test_more_and_is_valid() {
        let schema = std::fs::read_to_string("fixtures/schemas/ctrf-schema-0.0.json").unwrap();
        let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
        let mut record = RunRecord { cases: vec![case("a")], ..head() };
        let read = |record: &RunRecord| -> Value { serde_json::from_str(&ctrf(record, None)).unwrap() };
        let summary = |report: &Value, key: &str| report["results"]["summary"][key].as_u64().unwrap();
        let whole = read(&record);
        assert_eq!((summary(&whole, "tests"), summary(&whole, "failed")), (1, 0));
        record.selected = vec!["a.yaml#1".into(), "a.yaml#2".into()];
        assert_eq!(summary(&read(&record), "failed"), 1, "one was not run");
        record.interrupted = Some("SIGTERM".into());
        let report = read(&record);
        let problems: Vec<String> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
        assert!(problems.is_empty(), "{problems:#?}");
        let keys = ["tests", "passed", "failed", "suites"];
        assert_eq!(keys.map(|key| summary(&report, key)), [2, 1, 1, 2]);
        let last = &report["results"]["tests"][1];
        assert_eq!(last["status"], "failed");
        assert!(last["message"].as_str().unwrap().starts_with("interrupted by SIGTERM"), "{last}");
    }
}
