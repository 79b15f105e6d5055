//! The smoke set on a bench of your own: `STIMRIG_RIG=rig/my-bench.yaml cargo test --test hardware -- --nocapture`.
//!
//! Without `STIMRIG_RIG` it says so and does nothing. `STIMRIG_FILTER` chooses other cases. The gate runs it against
//! `stimrig sim`, on computers that others use: there `ATTEMPTS` says how often the cases may be taken whose bench failed
//! (exit code 3: where something was kept waiting, stimrig says so and does not judge). A case that failed is not taken again.

use std::path::Path;
use std::process::Command;

/// How a run of these cases ended.
fn run(cases: &[&str], runs: &Path, record: &Path) -> std::io::Result<Option<i32>> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stimrig"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(cases);
    Ok(command.arg("--runs").arg(runs).arg("--json").arg(record).status()?.code())
}

#[test]
fn the_smoke_set_passes_on_this_rig() {
    let Some(rig) = std::env::var_os("STIMRIG_RIG") else {
        eprintln!(
            "skipped: no rig: name its file in STIMRIG_RIG (`stimrig scan` writes one, `stimrig sim` serves one)"
        );
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (runs, record) = (folder.path().join("runs"), folder.path().join("record.json"));
    let chosen: &[&str] =
        if std::env::var_os("STIMRIG_FILTER").is_none() { &["run", "-E", "tag(smoke)"] } else { &["run"] };
    let attempts: usize = std::env::var("ATTEMPTS").map_or(1, |attempts| attempts.parse().unwrap());
    let mut exit = run(chosen, &runs, &record).unwrap();
    for _ in 1..attempts {
        if exit != Some(3) {
            break;
        }
        eprintln!("the bench failed (exit 3): what did not pass is taken again");
        exit = run(&["rerun"], &runs, &record).unwrap();
    }
    assert_eq!(exit, Some(0), "{}", rig.display());
    let record: serde_json::Value = serde_json::from_slice(&std::fs::read(&record).unwrap()).unwrap();
    assert_eq!(record["safe_state"], "confirmed");
    let cases = record["cases"].as_array().unwrap();
    let passed = cases.iter().filter(|case| case["outcome"] == "passed").count();
    let skipped = cases.iter().filter(|case| case["outcome"] == "skipped").count();
    println!("{passed} passed, {skipped} skipped at last on {} ({})", record["rig"], record["fidelity"]);
    assert!(passed > 0 && passed + skipped == cases.len(), "{record:#}");
    for instrument in record["instruments"].as_array().unwrap() {
        assert!(!instrument["uid"].as_str().unwrap_or_else(|| panic!("{instrument}")).is_empty());
    }
}
