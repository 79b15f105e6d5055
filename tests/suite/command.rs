//! Runs the built command in a temporary folder.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The command, to be run from the repository's root, deaf to the environment.
pub fn stimrig() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stimrig"));
    command.current_dir(root()).env("NO_COLOR", "1").env_remove("CI").env_remove("GITHUB_ACTIONS");
    deaf_to(&mut command, std::env::vars_os().map(|(name, _)| name));
    command
}

/// Whoever works on a rig has it in the environment, where a test would find it and drive it. Where locks lie stays: everybody
/// on this computer must look there.
fn deaf_to(command: &mut Command, names: impl Iterator<Item = OsString>) {
    for name in names {
        if name.as_encoded_bytes().starts_with(b"STIMRIG_") && name != "STIMRIG_LOCK_DIR" {
            command.env_remove(name);
        }
    }
}

#[test]
fn a_rig_that_is_exported_is_no_rig_of_a_test() {
    let mut command = Command::new("stimrig");
    let names = ["PATH", "STIMRIG_LOCK_DIR", "STIMRIG_RIG", "STIMRIG_FILTER"];
    deaf_to(&mut command, names.iter().map(OsString::from));
    let mut gone: Vec<_> = command.get_envs().map(|(name, value)| (name.to_owned(), value)).collect();
    gone.sort();
    assert_eq!(gone, [(OsString::from("STIMRIG_FILTER"), None), (OsString::from("STIMRIG_RIG"), None)]);
}

/// As of `| head`, when it has seen enough.
#[test]
fn a_reader_that_has_gone_away_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let to_nobody = |arguments: &[&str]| {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = stimrig().args(arguments).stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output));
    };
    let runs = at("runs");
    to_nobody(&["check", "--plan", "scenarios/timing/rate.yaml"]);
    to_nobody(&["keygen", &at("key.pem")]);
    to_nobody(&["calibrate", &at("cal.yaml"), "--source-u", "0.01 %"]);
    to_nobody(&["run", "scenarios/timing/rate.yaml#3", "-q", "--keep", "always", "--runs", &runs]);
    let run = folders(Path::new(&runs)).pop().unwrap().display().to_string();
    to_nobody(&["export", &run, "--format", "npy", "-o", &at("case.npy")]);
    for written in ["key.pem", "key.pem.pub", "cal.yaml", "case.npy"] {
        assert!(folder.path().join(written).is_file(), "{written}");
    }
}

/// A pipeline that reads an empty list must not take it for one.
#[test]
fn a_result_that_cannot_be_written_is_no_success() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs").display().to_string();
    let kept =
        stimrig().args(["run", "scenarios/timing/rate.yaml#3", "-q", "--runs", &runs]).output().unwrap();
    assert_eq!(kept.status.code(), Some(0), "{}", text(&kept));
    let rate = "scenarios/timing/rate.yaml";
    for arguments in [
        &["explain"][..],
        &["explain", "amplitude"],
        &["list", rate],
        &["list", rate, "--format", "json"],
        &["check", "--plan", rate],
        &["predict", rate, "--case", "1"],
        &["predict", rate, "--case", "1", "--csv", "-"],
        &["schema", "scenario"],
        &["verify", &runs],
    ] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = stimrig().args(arguments).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(70), "{arguments:?}: {}", text(&output));
        assert!(
            text(&output).contains("cannot write to standard output"),
            "{arguments:?}: {}",
            text(&output)
        );
    }
}

/// Only the record can be read from standard output: two reports in one stream would be none.
#[test]
fn a_report_is_not_put_into_a_file_called_minus() {
    let folder = tempfile::tempdir().unwrap();
    for option in ["--junit", "--ctrf", "--tap"] {
        let mut command = stimrig();
        command.current_dir(folder.path()).args(["run", option, "-"]);
        let output = command.arg(root().join("scenarios/timing/rate.yaml")).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
        assert!(text(&output).contains("only the record can go to standard output"), "{}", text(&output));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was run");
    }
}

#[test]
fn a_switch_of_the_environment_is_off_where_it_is_empty_or_says_so() {
    // A rig that cannot do what a case needs: skipped, and an error with --strict.
    let skipped = ["run", "scenarios/fault-shutdown/open-lead.yaml", "--rig", "rig/stimjim.yaml", "--runs"];
    for (said, strict) in
        [("", false), ("0", false), ("false", false), ("no", false), ("1", true), ("true", true)]
    {
        let runs = tempfile::tempdir().unwrap();
        let mut command = stimrig();
        command.args(skipped).arg(runs.path());
        let output = command.env("STIMRIG_STRICT", said).env("STIMRIG_FAIL_FAST", "").output().unwrap();
        let code = if strict { 2 } else { 4 };
        assert_eq!(output.status.code(), Some(code), "{said:?}: {}", text(&output));
    }
}

/// Runs scenarios with `--json -` and returns the exit code and the record.
pub fn run(arguments: &[&str]) -> (i32, Value) {
    let runs = tempfile::tempdir().unwrap();
    let output = stimrig()
        .arg("run")
        .args(arguments)
        .args(["--json", "-", "--runs"])
        .arg(runs.path())
        .output()
        .unwrap();
    let record = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{arguments:?}: no record ({error}): {}", text(&output)));
    (output.status.code().unwrap(), record)
}

/// What a run advises whose `sigrok-cli` was kept waiting and crashed.
pub const AGAIN: &str = "run it again with less beside it";

/// As [`run`] on a bench in [real time](in_real_time).
pub fn run_in_real_time(arguments: &[&str]) -> (i32, Value) {
    in_real_time(|| run(arguments))
}

/// Exit code and record, or one of its cases, of a run on a bench in real time, one at a time: taken again where this computer
/// was too busy for it, which the record says. If it always was, nothing was shown, and the test fails.
pub fn in_real_time(mut take: impl FnMut() -> (i32, Value)) -> (i32, Value) {
    static ALONE: Mutex<()> = Mutex::new(());
    let busy = [
        AGAIN,
        "too few samples to see",
        "samples lost in the window",
        "busy elsewhere",
        "run less beside it",
        "no answer within the deadline",
    ];
    let mut said = String::new();
    for _ in 0..8 {
        let last = {
            let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
            take()
        };
        said = last.1.get("cases").unwrap_or(&last.1).to_string();
        if !busy.iter().any(|words| said.contains(words)) {
            return last;
        }
    }
    panic!("this computer was too busy for a bench in real time: {said}");
}

/// The folders in a folder: the runs that were kept there. None where it is missing.
pub fn folders(runs: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(runs).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}

/// What a person saw.
pub fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// All checks of a record, with the name of their case.
pub fn checks(record: &Value) -> Vec<(String, &Value)> {
    let cases = record["cases"].as_array().unwrap().iter();
    let pairs = cases.flat_map(|case| {
        let name = case["name"].as_str().unwrap().to_owned();
        case["checks"].as_array().unwrap().iter().map(move |check| (name.clone(), check))
    });
    pairs.collect()
}

/// A Python that has these modules. In CI there is one.
pub fn python(modules: &str) -> Option<String> {
    let wanted = std::env::var("STIMRIG_PYTHON").ok();
    let known = ["python3", "/usr/bin/python3"].map(str::to_owned);
    let found = wanted.into_iter().chain(known).find(|python| {
        let tried = Command::new(python).args(["-c", &format!("import {modules}")]).output();
        tried.is_ok_and(|output| output.status.success())
    });
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "CI has a Python with {modules}: see .ci/run");
        eprintln!("skipped: there is no Python with {modules}");
    }
    found
}
