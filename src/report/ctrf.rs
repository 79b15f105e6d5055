//! Common Test Report Format (CTRF), version 0.0.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::record::{CaseRecord, CheckRecord, Outcome, RunRecord, Verdict};

use super::attachments::attachments;
use super::check_line::{allowed, margin, measured};
use super::junit::{description, message};
use super::profile;

/// The run as CTRF. `folder` is where it is kept, for its attachments.
///
/// What did not pass is `failed`, whatever the reason: a reader that knows five words only must not take it for anything better.
/// `rawStatus` has the outcome itself.
pub fn ctrf(record: &RunRecord, folder: Option<&Path>) -> String {
    let count = |status: &str| record.cases.iter().filter(|case| name(case.outcome) == status).count();
    let (start, stop) = (millis(&record.started), millis(&record.ended));
    let tests: Vec<Value> = record.cases.iter().map(|case| test(record, case, folder)).collect();
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
                "tests": record.cases.len(),
                "passed": count("passed"),
                "failed": count("failed"),
                "skipped": count("skipped"),
                "pending": 0,
                "other": 0,
                "suites": record.scenarios.len(),
                "start": start,
                "stop": stop,
                "duration": stop.saturating_sub(start),
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
                "extra": {
                    "dut": record.dut,
                    "operator": record.operator,
                    "host": record.host,
                    "seed": record.seed,
                    "rigHash": record.rig_hash,
                    "instruments": record.instruments,
                },
            },
        },
    });
    serde_json::to_string_pretty(&report).unwrap_or_default() + "\n"
}

fn test(record: &RunRecord, case: &CaseRecord, folder: Option<&Path>) -> Value {
    let passed = case.outcome == Outcome::Passed;
    let bad = case.checks.iter().find(|check| check.verdict != Verdict::Pass);
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
