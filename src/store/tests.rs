use std::fs;
use std::path::Path;

use crate::record::samples::head;
use crate::record::{CaseRecord, Event, RunRecord, Sink as _, fold};

use super::*;

/// A finished run of a rig that started then.
fn run(runs: &Path, id: &str, rig: &str, started: &str) {
    run_of(runs, RunRecord { id: id.into(), rig: rig.into(), started: started.into(), ..head() }, Vec::new());
}

/// A finished run with cases.
pub(super) fn run_of(runs: &Path, record: RunRecord, cases: Vec<CaseRecord>) {
    let mut folder = RunFolder::create(runs, &record.id).unwrap();
    let mut events = vec![Event::RunStarted(Box::new(record))];
    let ended = cases.into_iter().enumerate();
    events.extend(ended.map(|(case, record)| Event::CaseEnded { case, record: Box::new(record) }));
    events.push(Event::RunEnded { ended: "2026-01-02T03:04:06Z".into(), elapsed: 1.5 });
    events.iter().for_each(|event| folder.take(event));
    let record = fold(&events).unwrap();
    folder.finish(&record, &[(JUNIT, "<testsuites/>")]).unwrap();
    folder.seal(&record, None).unwrap();
}

fn said(folder: &Path) -> (Vec<String>, Vec<String>) {
    let found = verify(folder, None, true).unwrap();
    (found.findings.iter().map(ToString::to_string).collect(), found.notes)
}

/// Rewrites a manifest as somebody would who knows how it is sealed, chain and all.
fn forge(folder: &Path, change: impl FnOnce(&mut Manifest)) {
    let path = folder.join(MANIFEST);
    let text = fs::read(&path).unwrap();
    let mut manifest: Manifest = serde_json::from_slice(&text).unwrap();
    change(&mut manifest);
    let forged = manifest.seal().unwrap();
    fs::write(&path, &forged).unwrap();
    let chain = folder.parent().unwrap().join(CHAIN);
    let (old, new) = (manifest::sha256(&text), manifest::sha256(&forged));
    fs::write(&chain, fs::read_to_string(&chain).unwrap().replace(&old, &new)).unwrap();
}

#[test]
fn each_rig_has_its_own_chain_and_a_clock_that_went_back_is_told() {
    let runs = tempfile::tempdir().unwrap();
    run(runs.path(), "a1", "a", "2026-01-02T03:00:00Z");
    run(runs.path(), "b1", "b", "2026-01-02T03:01:00Z");
    run(runs.path(), "a2", "a", "2026-01-01T00:00:00Z");
    let manifest = verify(&runs.path().join("a2"), None, true).unwrap().manifest.unwrap();
    assert_eq!(manifest.previous.unwrap().run, "a1");
    let (findings, notes) = said(&runs.path().join("a2"));
    assert!(findings.is_empty() && notes[0].contains("clock went backwards"), "{findings:?} {notes:?}");
    // A chain that was lost is made anew from the manifests.
    fs::remove_file(runs.path().join(CHAIN)).unwrap();
    run(runs.path(), "b2", "b", "2026-01-02T03:02:00Z");
    let manifest = verify(&runs.path().join("b2"), None, true).unwrap().manifest.unwrap();
    assert_eq!(manifest.previous.unwrap().run, "b1");
    assert_eq!(fs::read_to_string(runs.path().join(CHAIN)).unwrap().lines().count(), 4);
}

#[test]
fn a_cut_line_of_the_chain_is_left_and_the_next_one_begins_anew() {
    let runs = tempfile::tempdir().unwrap();
    run(runs.path(), "a1", "a", "2026-01-02T03:00:00Z");
    let chain = runs.path().join(CHAIN);
    let whole = fs::read_to_string(&chain).unwrap();
    fs::write(&chain, format!("{whole}{{\"rig\":\"a\",\"ru")).unwrap();
    run(runs.path(), "a2", "a", "2026-01-02T03:05:00Z");
    assert_eq!(said(&runs.path().join("a2")), (vec![], vec![]));
    assert_eq!(fs::read_to_string(&chain).unwrap().lines().count(), 3);
}

#[test]
fn a_manifest_may_name_nothing_outside_its_run() {
    let runs = tempfile::tempdir().unwrap();
    run(runs.path(), "a1", "a", "2026-01-02T03:00:00Z");
    let folder = runs.path().join("a1");
    fs::write(runs.path().join("outside"), "x").unwrap();
    let entry = FileEntry { bytes: 1, sha256: manifest::sha256(b"x") };
    for path in ["../outside", "/etc/passwd", "./record.json", "evidence/../../outside", "a//b", ""] {
        forge(&folder, |manifest| {
            manifest.files.insert(path.to_owned(), entry.clone());
        });
        let (findings, _) = said(&folder);
        assert!(
            findings.iter().any(|finding| finding.contains("no path within the run")),
            "{path}: {findings:?}"
        );
        forge(&folder, |manifest| {
            manifest.files.remove(path);
        });
        assert_eq!(said(&folder), (vec![], vec![]));
    }
    std::os::unix::fs::symlink("../outside", folder.join("link")).unwrap();
    fs::create_dir(folder.join("empty")).unwrap();
    let (findings, _) = said(&folder);
    assert_eq!(
        findings,
        ["empty: added after the run: an empty folder", "link: added after the run: a symbolic link"]
    );
}

#[test]
fn a_run_that_follows_one_of_another_rig_or_a_path_is_named() {
    let runs = tempfile::tempdir().unwrap();
    run(runs.path(), "a1", "a", "2026-01-02T03:00:00Z");
    run(runs.path(), "b1", "b", "2026-01-02T03:01:00Z");
    let other = fs::read(runs.path().join("b1").join(MANIFEST)).unwrap();
    run(runs.path(), "a2", "a", "2026-01-02T03:02:00Z");
    let folder = runs.path().join("a2");
    forge(&folder, |manifest| {
        manifest.previous = Some(Link { run: "b1".into(), manifest: manifest::sha256(&other) });
    });
    assert!(said(&folder).0[0].contains("is of another rig"), "{:?}", said(&folder));
    forge(&folder, |manifest| {
        manifest.previous = Some(Link { run: "../x".into(), manifest: String::new() });
    });
    assert!(said(&folder).0[0].contains("no name of a run"), "{:?}", said(&folder));
    forge(&folder, |manifest| manifest.rig = "b".into());
    assert!(said(&folder).0.iter().any(|finding| finding.contains("chain:")), "{:?}", said(&folder));
}

#[test]
fn a_record_that_the_journal_does_not_come_to_is_a_contradiction() {
    let runs = tempfile::tempdir().unwrap();
    run(runs.path(), "a1", "a", "2026-01-02T03:00:00Z");
    let folder = runs.path().join("a1");
    let path = folder.join(RECORD);
    let text = fs::read_to_string(&path).unwrap().replace("\"dut\": null", "\"dut\": \"forged\"");
    fs::write(&path, &text).unwrap();
    let entry = FileEntry { bytes: text.len() as u64, sha256: manifest::sha256(text.as_bytes()) };
    forge(&folder, |manifest| {
        manifest.files.insert(RECORD.to_owned(), entry);
    });
    assert_eq!(said(&folder).0, ["record.json is not what journal.jsonl comes to"]);
}

#[test]
fn a_manifest_that_was_removed_is_missed() {
    let runs = tempfile::tempdir().unwrap();
    run(runs.path(), "a1", "a", "2026-01-02T03:00:00Z");
    let folder = runs.path().join("a1");
    fs::remove_file(folder.join(MANIFEST)).unwrap();
    assert_eq!(said(&folder).0, ["manifest.json: missing"]);
    fs::write(folder.join(JOURNAL), "{\"utc\":\"\",\"ns\":0,\"event\":{\"unknown\":1}}\n{\"utc\"").unwrap();
    assert_eq!(said(&folder).0, ["journal.jsonl:1: changed"]);
    let newer = "{\"utc\":\"\",\"ns\":0,\"event\":{\"run-started\":{\"version\":9,\"new\":1}}}\n";
    fs::write(folder.join(JOURNAL), newer).unwrap();
    let error = verify(&folder, None, true).unwrap_err().to_string();
    assert!(error.contains("version 9, newer"), "{error}");
}
