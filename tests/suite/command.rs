//! Runs the built command in a temporary folder.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The command, to be run from the repository's root, deaf to the environment.
pub fn stimrig() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stimrig"));
    command.current_dir(root()).env("NO_COLOR", "1").env_remove("CI").env_remove("GITHUB_ACTIONS");
    command
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
