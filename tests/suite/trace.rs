//! `stimrig trace` and `stimrig compare` as their users see them.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::command::{folders, stimrig, text};

const SCENARIO: &str = "version: 1\nname: rate\nverifies: [REQ-1]\nphantom: r1k\nprogram: { amplitude: 1 mA, width: 200 us, rate: 50 Hz }\nduration: 1 s\nexpect:\n  - rate: { of: programmed, within: 0.5 % }\n";

/// A folder with a scenario, two requirements, and a place for runs.
struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("scenarios")).unwrap();
        fs::write(folder.path().join("scenarios/rate.yaml"), SCENARIO).unwrap();
        fs::write(
            folder.path().join("scenarios/requirements.yaml"),
            "REQ-1: Pulses come at the programmed rate.\nREQ-2: Nothing proves this.\n",
        )
        .unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn call(&self, command: &str, arguments: &[&str]) -> (i32, String, String) {
        let output = stimrig().current_dir(self.folder.path()).arg(command).args(arguments).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8_lossy(&output.stdout).into_owned(), text(&output))
    }

    /// Runs the scenario and returns the folder of the run.
    fn run(&self, more: &[&str]) -> PathBuf {
        let before = self.runs();
        let (code, _, said) =
            self.call("run", &[&["scenarios/rate.yaml", "-q", "--keep", "never"], more].concat());
        assert!(code < 2, "{said}");
        self.runs().into_iter().find(|run| !before.contains(run)).unwrap()
    }

    fn runs(&self) -> Vec<PathBuf> {
        folders(&self.path("runs"))
    }

    fn requirement(&self, at: usize) -> Value {
        let (code, json, said) = self.call("trace", &["--format", "json"]);
        assert_eq!(code, 0, "{said}");
        serde_json::from_str::<Value>(&json).unwrap()["requirements"][at].clone()
    }
}

fn name(run: &Path) -> String {
    run.file_name().unwrap().to_string_lossy().into_owned()
}

#[test]
fn a_simulated_pass_proves_for_the_simulator_and_is_a_hole_for_a_rig() {
    let project = Project::new();
    project.run(&[]);
    let found = project.requirement(0);
    assert_eq!(
        (found["status"].as_str(), found["scenarios"][0]["cells"][0]["standing"].as_str()),
        (Some("sim-only"), Some("passed"))
    );
    let require = |arguments: &[&str]| project.call("trace", &[&["--require"], arguments].concat());
    assert_eq!(require(&["REQ-1"]).0, 0);
    let (code, _, said) = require(&["REQ-1", "--fidelity", "rig"]);
    assert!(code == 1 && said.contains("REQ-1 is not proved: not run on a rig"), "{said}");
    let (code, _, said) = require(&["all"]);
    assert!(code == 1 && said.contains("REQ-2 is not proved: no scenario verifies it"), "{said}");
    let (code, _, said) = require(&["REQ-11"]);
    assert!(code == 2 && said.contains("there is no requirement `REQ-11`"), "{said}");
    // Of another firmware nothing is known.
    let (code, said, _) = project.call("trace", &["--require", "REQ-1", "--firmware", "ffff"]);
    assert!(code == 1 && said.contains("firmware changed"), "{said}");
}

#[test]
fn what_changed_since_is_stale_and_a_repeated_failure_stays() {
    let project = Project::new();
    // The same bench against another limit: it fails without a defect being declared.
    fs::write(project.path("scenarios/rate.yaml"), SCENARIO.replace("of: programmed", "of: 49 Hz")).unwrap();
    let failing = project.run(&["--seed", "3"]);
    let found = project.requirement(0);
    assert_eq!(found["status"], "hole");
    assert!(found["missing"].as_str().unwrap().contains(&name(&failing)), "{found:#}");
    fs::write(project.path("scenarios/rate.yaml"), SCENARIO).unwrap();
    let found = project.requirement(0);
    assert_eq!(found["scenarios"][0]["cells"][0]["changed"], serde_json::json!(["scenario"]));
    assert!(found["missing"].as_str().unwrap().starts_with("stale"), "{found:#}");
    project.run(&[]);
    assert_eq!(project.requirement(0)["status"], "sim-only");
    // The phantom is found beside the scenario now, and is another.
    let phantom = fs::read_to_string(crate::command::root().join("fixtures/phantoms/r1k.yaml")).unwrap();
    fs::write(project.path("scenarios/r1k.yaml"), phantom + "# edited\n").unwrap();
    let listed = project.call(
        "trace",
        &[
            "--scenarios",
            "scenarios/rate.yaml",
            "--requirements",
            "scenarios/requirements.yaml",
            "--format",
            "json",
        ],
    );
    let found: Value = serde_json::from_str(&listed.1).unwrap();
    assert_eq!(
        found["requirements"][0]["scenarios"][0]["cells"][0]["changed"],
        serde_json::json!(["phantom"]),
        "{}",
        listed.2
    );
}

#[test]
fn runs_that_were_tampered_with_taken_away_or_made_wrong_on_purpose_prove_nothing() {
    let project = Project::new();
    let defect = project.run(&["--defect", "rate_error=5 %"]);
    let good = project.run(&[]);
    let (code, said, _) = project.call("trace", &["--require", "REQ-1"]);
    assert!(
        code == 0
            && said
                .contains(&format!("{}  its stimulator had a deliberate defect: rate_error", name(&defect))),
        "{said}"
    );
    // Somebody turns a record into something else.
    let record = good.join("record.json");
    fs::write(&record, fs::read_to_string(&record).unwrap().replace("passed", "failed")).unwrap();
    let (code, said, why) = project.call("trace", &["--require", "REQ-1"]);
    assert!(
        code == 1 && said.contains("altered: record.json: changed") && why.contains("may have failed"),
        "{said}{why}"
    );
    fs::remove_dir_all(&good).unwrap();
    project.run(&[]);
    let (code, _, why) = project.call("trace", &["--require", "REQ-1"]);
    assert!(code == 1 && why.contains("is not here any more"), "{why}");
    let whole = project.runs().remove(0);
    let unfinished = project.path("runs/0190-cut");
    fs::create_dir(&unfinished).unwrap();
    // Under an id of its own: one that the chain knows would be a run whose manifest was taken away.
    let journal = fs::read_to_string(whole.join("journal.jsonl")).unwrap();
    fs::write(unfinished.join("journal.jsonl"), journal.replace(&name(&whole), "0190-cut")).unwrap();
    let (_, said, _) = project.call("trace", &[]);
    assert!(said.contains("unfinished: nothing proves"), "{said}");
}

#[test]
fn a_run_is_not_gone_because_its_journal_was_emptied_or_says_it_is_newer() {
    let project = Project::new();
    project.run(&[]);
    let other = project.run(&[]);
    let require = || project.call("trace", &["--require", "REQ-1"]);
    assert_eq!(require().0, 0);
    let journal = other.join("journal.jsonl");
    let whole = fs::read_to_string(&journal).unwrap();
    for changed in [String::new(), whole.replacen("\"version\":1", "\"version\":2", 1)] {
        fs::write(&journal, &changed).unwrap();
        let (code, _, why) = require();
        assert!(code == 1 && why.contains(&name(&other)) && why.contains("may have failed"), "{why}");
    }
    fs::write(&journal, &whole).unwrap();
    // One that has only just begun is no such run.
    let begun = project.path("runs/0190-begun");
    fs::create_dir(&begun).unwrap();
    fs::write(begun.join("journal.jsonl"), "").unwrap();
    let (code, said, why) = require();
    assert!(code == 0 && said.contains("never began"), "{said}{why}");
    // What stands in the place of a run is not it, though it be whole.
    fs::remove_dir_all(&begun).unwrap();
    let first = project.runs().into_iter().find(|run| *run != other).unwrap();
    for file in fs::read_dir(&first).unwrap().map(|entry| entry.unwrap().path()) {
        fs::copy(&file, other.join(file.file_name().unwrap())).unwrap();
    }
    let (code, _, why) = require();
    assert!(code == 1 && why.contains(&format!("run {} is not here any more", name(&other))), "{why}");
    let page = project.call("trace", &["--format", "html"]).1;
    assert!(page.contains("is not here any more") && page.contains("may have failed"), "{page}");
}

#[test]
fn files_that_are_wrong_and_ids_that_are_unknown_are_named() {
    let project = Project::new();
    fs::create_dir(project.path("runs")).unwrap();
    fs::write(project.path("scenarios/rate.yaml"), SCENARIO.replace("REQ-1", "REQ-9")).unwrap();
    let (code, said, _) = project.call("trace", &[]);
    assert!(code == 0 && said.contains("REQ-9  verified by") && said.contains("2 not proved"), "{said}");
    fs::write(project.path("scenarios/requirements.yaml"), "- REQ-1\n").unwrap();
    let (code, _, said) = project.call("trace", &[]);
    assert!(code == 2 && said.contains("requirements.yaml:1:"), "{said}");
    let (code, _, said) = project.call("trace", &["--runs", "nowhere"]);
    assert_eq!(code, 2, "{said}");
    for format in ["html", "csv"] {
        fs::write(project.path("scenarios/requirements.yaml"), "REQ-9: <b>bold</b>\n").unwrap();
        let (code, shown, _) = project.call("trace", &["--format", format]);
        assert!(
            code == 0 && shown.contains("REQ-9") && (format == "csv" || !shown.contains("<b>bold")),
            "{shown}"
        );
    }
}

#[test]
fn a_run_that_became_worse_as_a_whole_is_a_regression_although_its_cases_are_the_same() {
    let project = Project::new();
    let whole = project.run(&[]);
    // The same run, killed between its last case and its end.
    let cut = project.path("runs/0190-cut");
    fs::create_dir(&cut).unwrap();
    let journal = fs::read_to_string(whole.join("journal.jsonl")).unwrap().replace(&name(&whole), "0190-cut");
    let lines = journal.lines().filter(|line| !line.contains("\"run-ended\""));
    fs::write(cut.join("journal.jsonl"), lines.flat_map(|line| [line, "\n"]).collect::<String>()).unwrap();
    let compared = |runs: [&Path; 2]| {
        let [before, after] = runs.map(|run| run.to_str().unwrap());
        project.call("compare", &[before, after, "--fail-on", "regression"])
    };
    let (code, said, _) = compared([&whole, &cut]);
    let words = "Nothing differs in 1 case. The run itself came out worse: passed → aborted.";
    assert!(code == 1 && said.contains(words), "{said}");
    let (code, said, _) = compared([&cut, &whole]);
    assert!(code == 0 && !said.contains("worse"), "{said}");
}

#[test]
fn two_runs_are_compared_by_what_people_call_them() {
    let project = Project::new();
    let first = project.run(&["--seed", "4"]);
    let second = project.run(&["--seed", "4", "--dut", "unit-2"]);
    let third = project.run(&["--seed", "4", "--defect", "rate_error=5 %"]);
    let (code, said, _) = project.call("compare", &["latest~2", "latest~1"]);
    assert!(
        code == 0
            && said.contains("device under test: not stated → unit-2")
            && said.contains("Nothing differs in 1 case"),
        "{said}"
    );
    let (code, json, _) = project.call(
        "compare",
        &[&name(&second), third.to_str().unwrap(), "--format", "json", "--fail-on", "regression"],
    );
    assert_eq!(code, 1);
    let found: Value = serde_json::from_str(&json).unwrap();
    let check = &found["cases"][0]["checks"][0];
    assert_eq!(
        (&check["difference"]["significant"], &check["after"]["verdict"]),
        (&true.into(), &"fail".into())
    );
    assert!(
        check["difference"]["cancelled"].as_f64().unwrap() > 0.0,
        "one load, one seed: its clock cancels"
    );
    assert_eq!(found["instruments_shared"], true);
    assert_eq!(project.call("compare", &["--fail-on", "regression"]).0, 1, "the last two");
    assert_eq!(
        project.call("compare", &["latest", "latest~1", "--fail-on", "regression"]).0,
        0,
        "it became better"
    );
    let (code, _, said) = project.call("compare", &["latest~7"]);
    assert!(code == 2 && said.contains("there is no run `latest~7`"), "{said}");
    // A journal cut in the middle of a line is said, and compared as far as it goes.
    let journal = first.join("journal.jsonl");
    let text = fs::read_to_string(&journal).unwrap();
    fs::write(&journal, &text[..text.len() - 9]).unwrap();
    let (code, _, said) = project.call("compare", &[first.to_str().unwrap(), "latest"]);
    assert!(code == 0 && said.contains("cut off") && said.contains("altered"), "{said}");
    let (code, page, _) = project.call("compare", &["--format", "html"]);
    assert!(code == 0 && page.contains("<table>") && page.contains("deliberate defects"), "{page}");
}
