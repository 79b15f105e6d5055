//! A history of 1000 runs with 141 cases and 423 checks each: how long an answer takes. Goal: 100 ms.

#![expect(clippy::expect_used, reason = "a bench that cannot be set up has nothing to tell")]

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};
use stimrig::history::{Split, history};
use stimrig::store::{Index, Query};

const RUNS: usize = 1000;
const CASES: usize = 141;
const MEASURANDS: [(&str, &str, f64); 3] =
    [("amplitude", "A", 2e-3), ("width", "s", 2e-4), ("rate", "Hz", 50.0)];

/// Something between −1 and 1 that does not repeat.
fn noise(at: usize) -> f64 {
    (at.wrapping_mul(2_654_435_761) % 10_007) as f64 / 5003.5 - 1.0
}

fn check(at: usize, (measurand, unit, nominal): (&str, &str, f64)) -> Value {
    let (value, limit) = (nominal * (1.0 + 1e-3 * noise(at)), 0.03 * nominal);
    json!({
        "measurand": measurand, "verdict": "pass", "value": value, "unit": unit, "uncertainty": 1e-3 * nominal, "uncertainty_family": null,
        "coverage": 1.96, "limit": { "criterion": "within", "nominal": nominal, "lower": nominal - limit, "upper": nominal + limit },
        "margin": limit - (value - nominal).abs(), "statistic": "worst", "count": 100, "worst": null, "reason": null,
        "budget": [{ "input": "gain", "contribution": 4e-4 * nominal, "type": "B" }, { "input": "noise", "contribution": 1e-5 * nominal, "type": "A" }],
        "line": 12, "text": format!("{measurand}: {{ of: programmed, within: 3 % }}"), "decision": "guarded", "upper_bound": null, "sketch": null
    })
}

/// A folder of journals.
fn journals(folder: &Path) {
    for run in 0..RUNS {
        let id = format!("0190c0de-0000-7000-8000-{run:012}");
        let line = |event: Value| {
            json!({ "utc": "2026-01-02T03:04:05Z", "ns": 0, "event": event }).to_string() + "\n"
        };
        let mut text = line(json!({ "run-started": {
            "version": 1, "id": id, "fidelity": "sim", "outcome": null, "safe_state": "confirmed", "exit_code": 0, "interrupted": null,
            "dut": format!("unit-{}", run % 4), "operator": null, "seed": run, "ended": "2026-01-02T03:04:05Z", "elapsed": 0.0,
            "started": format!("2026-{:02}-{:02}T08:00:00Z", run / 100 + 1, run % 28 + 1), "tool": "stimrig", "host": "bench",
            "rig": "sim", "rig_hash": "00", "defects": [], "scenarios": { "a.yaml": "11" }, "instruments": [], "cases": []
        } }));
        for case in 0..CASES {
            let checks = MEASURANDS.iter().enumerate();
            let checks: Vec<Value> =
                checks.map(|(at, of)| check((run * CASES + case) * 3 + at, *of)).collect();
            text += &line(json!({ "case-ended": { "case": case, "record": {
                "scenario": "a.yaml", "name": format!("case {case}"), "matrix": {}, "verifies": [], "tags": [], "phantom": "r1k",
                "phantom_hash": "33", "profiles": [], "outcome": "passed", "sim_only": false, "reason": null, "safe_state": "confirmed",
                "elapsed": 0.1, "checks": checks, "events": [], "notes": [], "evidence": null
            } } }));
        }
        fs::create_dir(folder.join(&id)).expect("a new folder");
        fs::write(folder.join(&id).join("journal.jsonl"), text).expect("a new file");
    }
}

fn answers(criterion: &mut Criterion) {
    let runs = tempfile::tempdir().expect("a folder");
    journals(runs.path());
    let open = || Index::open(runs.path(), Duration::from_secs(60)).expect("an index");
    let clock = Instant::now();
    let read = open().sync().expect("readable journals").read;
    println!("index of {read} runs made from their journals in {:.1} s", clock.elapsed().as_secs_f64());
    let answer = |query: &Query| {
        let mut index = open();
        index.sync().expect("an index");
        let past = index.past(query).expect("an index");
        history(&past, query.measurand.as_deref(), Split::default())
    };
    let amplitude = |limit| Query { measurand: Some("amplitude".to_owned()), limit, ..Query::default() };
    for (name, query) in [
        ("a measurand, the latest 100 of 1000 runs", amplitude(100)),
        ("a measurand, all of 1000 runs", amplitude(0)),
        ("everything, the latest 100 of 1000 runs", Query { limit: 100, ..Query::default() }),
    ] {
        criterion.bench_function(name, |bench| bench.iter(|| black_box(answer(&query))));
    }
}

criterion_group! { name = benches; config = Criterion::default().sample_size(10); targets = answers }
criterion_main!(benches);
