//! The comparison as data.

use serde_json::{Value, json as object};

use crate::record::{CaseChange, CheckChange, Outcome, RunRecord};

use super::Pair;

/// One object, ending in a newline.
pub fn json(pair: &Pair<'_>) -> String {
    let run = |record: &RunRecord| object!({ "id": record.id, "started": record.started, "outcome": record.outcome });
    let about = pair.found.about.iter();
    let about =
        about.map(|(what, before, after)| object!({ "what": what, "before": before, "after": after }));
    let value = object!({
        "version": 1,
        "before": run(pair.before),
        "after": run(pair.after),
        "remarks": pair.remarks,
        "about": about.collect::<Vec<Value>>(),
        "instruments_shared": pair.found.not_shared.is_none(),
        "not_shared": pair.found.not_shared,
        "run_worse": pair.found.worse,
        "regressions": pair.found.regressions().count(),
        "same": pair.found.same,
        "cases": pair.found.cases.iter().map(case).collect::<Vec<Value>>(),
    });
    format!("{value:#}\n")
}

fn case(change: &CaseChange) -> Value {
    object!({
        "scenario": change.scenario,
        "name": change.name,
        "before": change.before.map(Outcome::name),
        "after": change.after.map(Outcome::name),
        "sim_only": { "before": change.sim_only.0, "after": change.sim_only.1 },
        "regression": change.is_regression(),
        "inputs": change.inputs,
        "checks": change.checks.iter().map(check).collect::<Vec<Value>>(),
    })
}

fn check(change: &CheckChange) -> Value {
    let side = |check: &Option<crate::record::CheckRecord>| {
        check.as_ref().map(|check| {
            object!({ "value": check.value, "uncertainty": check.uncertainty, "verdict": check.verdict, "limit": check.limit, "margin": check.margin })
        })
    };
    let either = change.either();
    object!({
        "measurand": either.map(|check| &check.measurand),
        "unit": either.map(|check| &check.unit),
        "text": either.map(|check| &check.text),
        "profile": either.and_then(|check| check.profile.as_ref()),
        "before": side(&change.before),
        "after": side(&change.after),
        "difference": change.difference.map(|found| object!({
            "value": found.value,
            "uncertainty": found.uncertainty,
            "cancelled": found.cancelled,
            "significant": found.is_significant(),
        })),
        "regression": change.is_regression(),
    })
}
