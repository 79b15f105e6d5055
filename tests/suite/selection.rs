//! Which cases run: parts of a selection, repetitions, and what an earlier run left over.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::command::{folders, root, run, stimrig, text};

fn names(record: &Value) -> Vec<String> {
    let cases = record["cases"].as_array().unwrap().iter();
    cases.map(|case| case["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_parts_of_a_selection_are_together_the_whole() {
    let whole: BTreeSet<String> = names(&run(&["scenarios/timing"]).1).into_iter().collect();
    for by in ["hash", "slice"] {
        let mut together = Vec::new();
        for part in 1..=2 {
            let part = format!("{by}:{part}/2");
            let (exit, record) = run(&["scenarios/timing", "--partition", &part]);
            assert_eq!((exit, record["partition"].as_str()), (0, Some(part.as_str())));
            together.extend(names(&record));
        }
        assert_eq!(together.len(), whole.len(), "{by}: a case is in two parts or in none");
        assert_eq!(together.into_iter().collect::<BTreeSet<_>>(), whole);
    }
}

#[test]
fn a_repetition_has_noise_of_its_own_and_the_worst_attempt_counts() {
    let (exit, record) = run(&["scenarios/amplitude/accuracy-over-range.yaml#1", "--repeat", "3"]);
    assert_eq!(exit, 0);
    let cases = record["cases"].as_array().unwrap();
    assert_eq!(cases.iter().map(|case| case["attempt"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3]);
    let values: BTreeSet<String> = cases.iter().map(|case| case["checks"][0]["value"].to_string()).collect();
    assert_eq!(values.len(), 3, "{values:?}");
    // The first attempt is the case as it is without repetition.
    let once = run(&["scenarios/amplitude/accuracy-over-range.yaml#1"]).1;
    assert_eq!(once["cases"][0]["checks"], cases[0]["checks"]);
    // Shown by name, and told apart in JUnit.
    let folder = tempfile::tempdir().unwrap();
    let xml = folder.path().join("j.xml");
    let output = stimrig()
        .args(["run", "scenarios/amplitude/accuracy-over-range.yaml#1", "--repeat", "2", "--junit"])
        .arg(&xml)
        .arg("--runs")
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(text(&output).contains("(attempt 2)"), "{}", text(&output));
    assert!(fs::read_to_string(xml).unwrap().contains("(attempt 2)\""));
}

/// Runs `rerun` and returns its exit code, record and what it said.
fn rerun(runs: &Path, arguments: &[&str]) -> (i32, Option<Value>, String) {
    let output =
        stimrig().arg("rerun").args(arguments).args(["--json", "-", "--runs"]).arg(runs).output().unwrap();
    (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).ok(), text(&output))
}

#[test]
fn what_did_not_pass_runs_again_on_the_same_bench_and_its_record_stays() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path();
    // The gain error is beyond 3 % at every amplitude, and the rate does not see it.
    let paths = ["scenarios/amplitude/accuracy-over-range.yaml", "scenarios/timing/rate.yaml"];
    let output = stimrig()
        .arg("run")
        .args(paths)
        .args(["--defect", "gain_error=5 %", "--seed", "9", "--runs"])
        .arg(runs)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let (exit, again, said) = rerun(runs, &[]);
    let again = again.unwrap_or_else(|| panic!("{said}"));
    assert_eq!(exit, 1, "the defect is still there: {said}");
    assert!(names(&again).iter().all(|name| !name.contains("rate=")), "{:?}", names(&again));
    assert_eq!(again["overrides"], serde_json::json!(["--set sim.seed=9", "--defect gain_error=5 %"]));
    let first: Value = earliest(runs);
    assert_eq!(again["rerun_of"], first["id"]);
    assert_eq!(first["outcome"], "failed");
    // The latest is now the rerun; --all takes what it ran.
    let (_, all, _) = rerun(runs, &["--all"]);
    assert_eq!(names(&all.unwrap()), names(&again));
    // By the beginning of its id; by one that nothing begins with.
    let id = first["id"].as_str().unwrap();
    assert_eq!(names(&rerun(runs, &[id]).1.unwrap()), names(&again));
    let (exit, _, said) = rerun(runs, &["nothing"]);
    assert!(exit == 2 && said.contains("there is no run `nothing`"), "{said}");
}

/// Two cases that fail with a gain error, in a file of their own.
const TWO: &str = "version: 1\nname: two\nphantom: r1k\nmatrix: { amplitude: [1 mA, 2 mA] }\nprogram: { amplitude: $amplitude, width: 200 us, rate: 50 Hz }\nduration: 1 s\nexpect:\n  - amplitude: { of: programmed, within: 3 % }\n";

/// Writes them, and runs them with a gain error, one after the other.
fn run_two(folder: &Path, more: &[&str]) -> std::path::PathBuf {
    let file = folder.join("two.yaml");
    fs::write(&file, TWO).unwrap();
    let output = stimrig()
        .arg("run")
        .arg(&file)
        .args(["--defect", "gain_error=5 %", "--jobs", "1"])
        .args(more)
        .arg("--runs")
        .arg(folder.join("runs"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    file
}

#[test]
fn what_the_environment_says_of_a_selection_takes_nothing_from_a_rerun() {
    let folder = tempfile::tempdir().unwrap();
    run_two(folder.path(), &[]);
    let runs = folder.path().join("runs");
    let first = earliest(&runs)["id"].as_str().unwrap().to_owned();
    for said in [
        &[("STIMRIG_PARTITION", "slice:1/2")][..],
        &[("STIMRIG_FILTER", "name(~nothing)"), ("STIMRIG_NO_TESTS", "pass")],
        &[("STIMRIG_REPEAT", "2")],
        &[("STIMRIG_MAX_FAIL", "1")],
        &[("STIMRIG_FAIL_FAST", "true")],
    ] {
        let output = stimrig()
            .args(["rerun", &first, "--json", "-", "--runs"])
            .arg(&runs)
            .env("STIMRIG_JOBS", "1")
            .envs(said.iter().copied())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{said:?}: {}", text(&output));
        let again: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(names(&again), ["two [amplitude=1 mA]", "two [amplitude=2 mA]"], "{said:?}");
        assert_eq!(again["partition"], Value::Null, "{said:?}");
    }
}

#[test]
fn a_seed_that_is_exported_makes_no_other_bench_of_a_rerun() {
    for more in [&["--seed", "9"][..], &[]] {
        let folder = tempfile::tempdir().unwrap();
        run_two(folder.path(), more);
        let runs = folder.path().join("runs");
        let first = earliest(&runs);
        let mut command = stimrig();
        command.args(["rerun", "--json", "-", "--runs"]).arg(&runs).env("STIMRIG_SEED", "4");
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", text(&output));
        let again: Value = serde_json::from_slice(&output.stdout).unwrap();
        for same in ["seed", "overrides"] {
            assert_eq!(again[same], first[same], "{same} of a run with {more:?}");
        }
        let values = |record: &Value| -> Vec<Value> {
            let cases = record["cases"].as_array().unwrap().iter();
            cases.map(|case| case["checks"][0]["value"].clone()).collect()
        };
        assert_eq!(values(&again), values(&first), "the same bench has the same noise");
    }
}

#[test]
fn the_rig_that_is_built_in_stays_that_whatever_the_environment_names() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("two.yaml"), TWO).unwrap();
    // Where there is no rig/sim.yaml.
    let call = |arguments: &[&str], rig: Option<&str>| {
        let mut command = stimrig();
        command.current_dir(folder.path()).args(arguments).args(["--json", "-"]);
        if let Some(rig) = rig {
            command.env("STIMRIG_RIG", rig);
        }
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", text(&output));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let first = call(&["run", "two.yaml", "--defect", "gain_error=5 %"], None);
    let again = call(&["rerun"], Some("another.yaml"));
    assert_eq!((&again["rig_file"], &again["rig_hash"]), (&first["rig_file"], &first["rig_hash"]));
}

#[test]
fn a_rig_file_that_has_changed_since_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let rig = folder.path().join("bench.yaml");
    let text = fs::read_to_string(root().join("rig/sim.yaml")).unwrap();
    fs::write(&rig, &text).unwrap();
    run_two(folder.path(), &["--rig", rig.to_str().unwrap()]);
    let runs = folder.path().join("runs");
    let (exit, _, said) = rerun(&runs, &[]);
    assert!(exit == 1 && !said.contains("has changed since"), "{said}");
    fs::write(&rig, format!("# Another bench.\n{text}")).unwrap();
    let (exit, _, said) = rerun(&runs, &[]);
    assert!(exit == 1 && said.contains(&format!("{} has changed since", rig.display())), "{said}");
}

#[test]
fn a_number_that_is_of_another_case_now_is_not_run_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = run_two(folder.path(), &[]);
    let runs = folder.path().join("runs");
    fs::write(&file, TWO.replace("[1 mA, 2 mA]", "[1 mA, 3 mA]")).unwrap();
    let (exit, record, said) = rerun(&runs, &[]);
    assert!(exit == 2 && record.is_none(), "{said}");
    assert!(
        said.contains("two.yaml#2 was `two [amplitude=2 mA]`")
            && said.contains("is `two [amplitude=3 mA]` now")
            && said.contains("nothing was energised"),
        "{said}"
    );
    fs::write(&file, TWO.replace("[1 mA, 2 mA]", "[2 mA, 1 mA]")).unwrap();
    let (exit, _, said) = rerun(&runs, &[]);
    assert!(exit == 2 && said.contains("and 1 more like it"), "{said}");
    // Only what is left over counts, and a file may change around it.
    fs::write(&file, format!("# Changed.\n{TWO}")).unwrap();
    let (exit, record, said) = rerun(&runs, &[]);
    assert!(exit == 1 && said.contains("has changed since"), "{said}");
    assert_eq!(names(&record.unwrap()).len(), 2);
}

#[test]
fn what_a_run_that_was_altered_left_over_is_not_known() {
    let folder = tempfile::tempdir().unwrap();
    run_two(folder.path(), &[]);
    let runs = folder.path().join("runs");
    let journal = folders(&runs).pop().unwrap().join("journal.jsonl");
    let edited =
        fs::read_to_string(&journal).unwrap().replace("\"outcome\":\"failed\"", "\"outcome\":\"passed\"");
    fs::write(&journal, edited).unwrap();
    let (exit, record, said) = rerun(&runs, &[]);
    assert!(exit == 2 && record.is_none(), "{said}");
    assert!(said.contains("altered after the run ended") && said.contains("nothing was energised"), "{said}");
}

#[test]
fn a_case_that_never_started_runs_again_from_the_same_file_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = run_two(folder.path(), &["--max-fail", "1"]);
    let runs = folder.path().join("runs");
    assert_eq!(names(&earliest(&runs)), ["two [amplitude=1 mA]"]);
    // Nobody wrote down what the second was called.
    fs::write(&file, TWO.replace("2 mA]", "3 mA]")).unwrap();
    let (exit, record, said) = rerun(&runs, &[]);
    assert!(exit == 2 && record.is_none(), "{said}");
    assert!(said.contains("two.yaml#2, `two [amplitude=3 mA]` now, never started"), "{said}");
    fs::write(&file, TWO).unwrap();
    let (exit, record, said) = rerun(&runs, &[]);
    assert_eq!(exit, 1, "{said}");
    assert_eq!(names(&record.unwrap()), ["two [amplitude=1 mA]", "two [amplitude=2 mA]"]);
}

fn earliest(runs: &Path) -> Value {
    let first = folders(runs).into_iter().min().unwrap();
    serde_json::from_slice(&fs::read(first.join("record.json")).unwrap()).unwrap()
}

#[test]
fn a_run_that_passed_leaves_nothing_over() {
    let folder = tempfile::tempdir().unwrap();
    let output = stimrig()
        .args(["run", "scenarios/timing/rate.yaml#1", "--runs"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let (exit, record, said) = rerun(folder.path(), &[]);
    assert!(exit == 0 && record.is_none() && said.contains("nothing to run again"), "{said}");
}

#[test]
fn a_part_that_is_none_is_refused_before_anything_runs() {
    let output = stimrig().args(["run", "--partition", "hash:3/2"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("there is no part 3 of 2"), "{}", text(&output));
}

#[test]
fn a_defect_of_a_contact_that_no_phantom_has_is_an_error_at_the_defect() {
    let output = stimrig()
        .args(["run", "scenarios/timing/rate.yaml", "--defect", "dead_channel=e9"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    let said = text(&output);
    assert!(
        said.contains("--defect")
            && said.contains("names contact `e9`, which")
            && said.contains("nothing was energised"),
        "{said}"
    );
    // Where some of the phantoms have it, it acts there, and is said to do nothing elsewhere.
    let runs = tempfile::tempdir().unwrap();
    let output = stimrig()
        .args(["run", "scenarios/timing/rate.yaml#1", "scenarios/steering/two-contacts.yaml#1"])
        .args(["--defect", "dead_channel=e2", "--runs"])
        .arg(runs.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("the defect does nothing there"), "{}", text(&output));
}
