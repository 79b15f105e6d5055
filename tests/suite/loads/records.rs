//! Faults that nothing clears, on a load that takes records: the stop behind the steps is heard all the same, and what was
//! recorded is judged.

use std::path::PathBuf;

use serde_json::Value;

use crate::command::run;

/// A train whose steps end while a fault is injected.
fn case(folder: &tempfile::TempDir, inject: &str) -> PathBuf {
    let path = folder.path().join("case.yaml");
    let text = format!(
        "version: 1\nname: left injected\nphantom: r1k\n\
         program: {{ amplitude: 2 mA, width: 200 us, gap: 50 us, rate: 50 Hz }}\n\
         steps:\n  - start: {{}}\n  - wait: 300 ms\n  - inject: {inject}\n    as: injected\n  - wait: 1.2 s\n\
         expect:\n  - amplitude: {{ of: programmed, within: 8 %, in: [start, injected] }}\n"
    );
    std::fs::write(&path, text).unwrap();
    path
}

/// Read and judged, and neither the stop nor the safe state is missing.
fn is_judged(exit: i32, record: &Value) {
    let case = &record["cases"][0];
    assert_eq!((exit, &case["outcome"]), (0, &"passed".into()), "{case:#}");
    assert_eq!((&case["checks"][0]["verdict"], &case["safe_state"]), (&"pass".into(), &"confirmed".into()));
}

const DISTURBED: &str = "{ fault: corrupt-link, rate: 100 % }";

#[test]
fn a_link_that_is_still_disturbed_does_not_swallow_the_stop_of_a_record() {
    let folder = tempfile::tempdir().unwrap();
    let file = case(&folder, DISTURBED);
    let (exit, record) = run(&["--rig", "rig/scope-sim.yaml", file.to_str().unwrap()]);
    is_judged(exit, &record);
}

/// The second taking begins as the first did, without what the first left injected.
#[test]
fn a_record_that_clipped_is_taken_again_on_a_link_that_is_calm() {
    let folder = tempfile::tempdir().unwrap();
    let file = case(&folder, DISTURBED);
    let defect = ["--defect", "gain_error=200 %"];
    let (exit, record) =
        run(&[&["--rig", "rig/scope-sim.yaml", file.to_str().unwrap()], &defect[..]].concat());
    let case = &record["cases"][0];
    assert_eq!((exit, &case["outcome"]), (1, &"failed".into()), "{case:#}");
    assert!(case["notes"].to_string().contains("e1 was taken on a range of 16 mA"), "{case:#}");
    let amplitude = case["checks"][0]["value"].as_f64().unwrap();
    assert!((amplitude.abs() - 6e-3).abs() < 3e-4, "{amplitude:e}");
}

#[cfg(feature = "probe")]
#[test]
fn a_core_that_is_still_halted_hears_the_stop_of_a_record() {
    let folder = tempfile::tempdir().unwrap();
    let (file, rig) = (case(&folder, "core-halt"), folder.path().join("rig.yaml"));
    let shipped = std::fs::read_to_string(crate::command::root().join("rig/scope-sim.yaml")).unwrap();
    std::fs::write(&rig, format!("{shipped}probe: {{ selector: simulated, chip: SIM-M4 }}\n")).unwrap();
    let (exit, record) = run(&["--rig", rig.to_str().unwrap(), file.to_str().unwrap()]);
    is_judged(exit, &record);
}
