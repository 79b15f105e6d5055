//! The smoke set on a bench of your own: `STIMRIG_RIG=rig/my-bench.yaml cargo test --test hardware -- --nocapture`.
//!
//! Without `STIMRIG_RIG` it says so and does nothing. `STIMRIG_FILTER` chooses other cases. The gate runs it against
//! `stimrig sim`.

use std::process::Command;

#[test]
fn the_smoke_set_passes_on_this_rig() {
    let Some(rig) = std::env::var_os("STIMRIG_RIG") else {
        eprintln!(
            "skipped: no rig: name its file in STIMRIG_RIG (`stimrig scan` writes one, `stimrig sim` serves one)"
        );
        return;
    };
    let runs = tempfile::tempdir().unwrap();
    let record = runs.path().join("record.json");
    let mut command = Command::new(env!("CARGO_BIN_EXE_stimrig"));
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("STIMRIG_FILTER").is_none() {
        command.args(["run", "-E", "tag(smoke)"]);
    } else {
        command.arg("run");
    }
    let status =
        command.arg("--runs").arg(runs.path().join("runs")).arg("--json").arg(&record).status().unwrap();
    assert!(status.success(), "{}: exit {:?}", rig.display(), status.code());
    let record: serde_json::Value = serde_json::from_slice(&std::fs::read(&record).unwrap()).unwrap();
    assert_eq!(record["safe_state"], "confirmed");
    let cases = record["cases"].as_array().unwrap();
    let passed = cases.iter().filter(|case| case["outcome"] == "passed").count();
    let skipped = cases.iter().filter(|case| case["outcome"] == "skipped").count();
    println!("{passed} passed, {skipped} skipped on {} ({})", record["rig"], record["fidelity"]);
    assert!(passed > 0 && passed + skipped == cases.len(), "{record:#}");
    for instrument in record["instruments"].as_array().unwrap() {
        assert!(!instrument["uid"].as_str().unwrap_or_else(|| panic!("{instrument}")).is_empty());
    }
}
