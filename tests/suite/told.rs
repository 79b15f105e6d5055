//! What a person at a terminal is told: how runs are named, and what a mistake on the command line is answered with.

use std::path::Path;
use std::process::Output;

use crate::command::{folders, stimrig, text};

fn told(arguments: &[&str]) -> Output {
    stimrig().args(arguments).output().unwrap()
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Every command that reads a run takes what `compare` takes.
#[test]
fn a_run_is_named_alike_whoever_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let runs = at("runs");
    let ran = told(&["run", "scenarios/timing/rate.yaml#3", "-q", "--keep", "always", "--runs", &runs]);
    assert_eq!(ran.status.code(), Some(0), "{}", text(&ran));
    let run = folders(Path::new(&runs)).pop().unwrap();
    let id = run.file_name().unwrap().to_str().unwrap();
    for named in ["latest", id, &id[..13], run.to_str().unwrap()] {
        for arguments in [
            vec!["report", named, "--format", "tap"],
            vec!["verify", named],
            vec!["export", named, "--format", "npy", "--force", "-o", &at("case.npy")],
        ] {
            let output = told(&[arguments.as_slice(), &["--runs", &runs]].concat());
            assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output));
        }
    }
    let all = told(&["verify", "--runs", &runs]);
    assert!(all.status.success() && printed(&all).starts_with("intact"), "{}", text(&all));
    for command in [&["report", "nope"][..], &["verify", "nope"], &["export", "nope", "--format", "csv"]] {
        let output = told(&[command, &["--runs", &runs]].concat());
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output).starts_with("stimrig: there is no run `nope` in "), "{}", text(&output));
    }
}

#[test]
fn a_bench_that_cannot_be_listed_is_told_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    let none = told(&["rigs", &path]);
    assert!(none.status.code() == Some(2) && text(&none).contains("no rig file in"), "{}", text(&none));
    let bench = "version: 1\nname: b\nstimulator: { driver: natve }\nload: { driver: simulated }\n";
    std::fs::write(folder.path().join("bench.yaml"), bench).unwrap();
    let wrong = told(&["rigs", &path]);
    assert!(text(&wrong).contains("bench.yaml:3:23: error: "), "{}", text(&wrong));
    assert!(text(&wrong).contains("did you mean `native`?") && !text(&wrong).contains("held by"));
}

/// Each case of a matrix meets the same line.
#[test]
fn a_line_that_many_cases_share_is_wrong_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("loud.yaml");
    let scenario = "version: 1\nname: loud\nphantom: r500\nmatrix: { width: [100 us, 200 us] }\n\
                    program: { amplitude: 40 mA, width: $width, rate: 50 Hz }\n\
                    expect:\n  - amplitude: { of: programmed, within: 3 % }\n";
    std::fs::write(&path, scenario).unwrap();
    let refused = told(&["run", &path.display().to_string()]);
    assert_eq!(text(&refused).matches("is above the 12.7 mA").count(), 1, "{}", text(&refused));
}

#[test]
fn a_mistake_on_the_command_line_is_answered_with_what_would_do() {
    let rate = "scenarios/timing/rate.yaml";
    for (arguments, answer) in [
        (&["run", rate, "--seed", "-1"][..], "expected a whole number from 0 on"),
        (&["run", rate, "--seed", "abc"], "expected a whole number from 0 on"),
        (&["run", rate, "--wait=abc"], "`abc` is no duration, such as 30s or 10min"),
        (&["run", rate, "--defect", "stop_ignored"], "stop_ignored=true"),
        (&["run", rate, "--rig", "rig/sim.yml"], "did you mean `rig/sim.yaml`?"),
        (&["predict", rate, "--plot", "rate.png"], "end the name in .svg"),
        (&["explain", "amplitud"], "did you mean `amplitude`?"),
    ] {
        let output = told(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output).contains(answer), "{arguments:?}: {}", text(&output));
    }
    let help = printed(&told(&["run", "--help"]));
    assert!(help.contains("Exit codes: 0 passed") && help.contains("requirement(…)"), "{help}");
}
