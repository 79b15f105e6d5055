//! What helps a person to start: files from templates, completions, man pages.

use crate::command::{stimrig, text};

#[test]
fn every_new_file_checks_clean() {
    let folder = tempfile::tempdir().unwrap();
    for kind in ["scenario", "rig", "phantom", "profile"] {
        let path = folder.path().join(format!("{kind}.yaml"));
        let written = stimrig().args(["new", kind]).arg(&path).output().unwrap();
        assert_eq!(written.status.code(), Some(0), "{kind}: {}", text(&written));
        let checked = stimrig().args(["check", "--strict"]).arg(&path).output().unwrap();
        assert_eq!(checked.status.code(), Some(0), "{kind}: {}", text(&checked));
        let again = stimrig().args(["new", kind]).arg(&path).output().unwrap();
        assert_eq!(again.status.code(), Some(2), "{kind} is not replaced unasked");
        assert!(text(&again).contains("--force replaces it"), "{}", text(&again));
    }
    let (scenario, rig) = (folder.path().join("scenario.yaml"), folder.path().join("rig.yaml"));
    let mut run = stimrig();
    run.arg("run").arg(scenario).arg("--rig").arg(rig).arg("--runs").arg(folder.path());
    let output = run.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}

#[test]
fn shells_and_man_pages_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = stimrig().args(["completions", shell]).output().unwrap();
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(script.contains("analyze") && script.contains("coverage"), "{shell}");
    }
    let page = |command: &[&str]| {
        let output = stimrig().arg("man").args(command).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned(), text(&output))
    };
    let (exit, whole, _) = page(&[]);
    assert!(exit == Some(0) && whole.contains(".TH stimrig") && whole.contains("analyze"), "{whole}");
    let (exit, alarms, _) = page(&["bench", "alarms"]);
    assert!(exit == Some(0) && alarms.contains("clean bench"), "{alarms}");
    let (exit, _, said) = page(&["rum"]);
    assert!(exit == Some(2) && said.contains("did you mean `run`?"), "{said}");
}
