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
fn what_is_called_like_a_signature_and_is_no_file_is_found() {
    let runs = tempfile::tempdir().unwrap();
    run(runs.path(), "a1", "a", "2026-01-02T03:00:00Z");
    let folder = runs.path().join("a1");
    let signature = folder.join(SIGNATURE);
    fs::create_dir(&signature).unwrap();
    assert_eq!(said(&folder).0, ["manifest.sig: added after the run: an empty folder"]);
    fs::write(signature.join("x"), "x").unwrap();
    assert_eq!(said(&folder).0, ["manifest.sig/x: added after the run"]);
    fs::remove_dir_all(&signature).unwrap();
    std::os::unix::fs::symlink("../nowhere", &signature).unwrap();
    assert_eq!(said(&folder).0, ["manifest.sig: added after the run: a symbolic link"]);
    fs::remove_file(&signature).unwrap();
    assert_eq!(said(&folder), (vec![], vec![]));
}

#[test]
fn a_line_of_the_chain_that_says_otherwise_or_was_moved_is_found() {
    let runs = tempfile::tempdir().unwrap();
    run(runs.path(), "a1", "a", "2026-01-02T03:00:00Z");
    run(runs.path(), "a2", "a", "2026-01-02T03:01:00Z");
    let (chain, folder) = (runs.path().join(CHAIN), runs.path().join("a2"));
    let whole = fs::read_to_string(&chain).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let other = "chain: the line of run a2 in chain.jsonl names another rig or another start";
    for (from, to) in [("\"rig\":\"a\"", "\"rig\":\"c\""), ("03:01:00Z", "03:07:00Z")] {
        fs::write(&chain, format!("{}\n{}\n", lines[0], lines[1].replace(from, to))).unwrap();
        assert_eq!(said(&folder).0, [other]);
    }
    fs::write(&chain, format!("{}\n{}\n", lines[1], lines[0])).unwrap();
    assert_eq!(
        said(&folder).0,
        ["chain: the run before, a1, comes after it in chain.jsonl: its lines were moved"]
    );
    fs::write(&chain, &whole).unwrap();
    assert_eq!(said(&folder), (vec![], vec![]));
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
fn a_run_in_the_place_of_another_is_not_taken_for_it() {
    let runs = tempfile::tempdir().unwrap();
    run(runs.path(), "good", "a", "2026-01-02T03:00:00Z");
    run(runs.path(), "bad", "b", "2026-01-02T03:01:00Z");
    let (good, bad) = (runs.path().join("good"), runs.path().join("bad"));
    let files = || fs::read_dir(&good).unwrap().map(|entry| entry.unwrap().path());
    let copied = |into: &Path, but: Option<&str>| {
        let _ = fs::remove_dir_all(into);
        fs::create_dir(into).unwrap();
        for file in files().filter(|file| !but.is_some_and(|but| file.ends_with(but))) {
            fs::copy(&file, into.join(file.file_name().unwrap())).unwrap();
        }
    };
    copied(&bad, None);
    let (findings, _) = said(&bad);
    assert_eq!(
        findings,
        ["chain: run bad is not here any more: its folder holds run good, and what it showed is unknown"]
    );
    // Without a manifest as well: the chain says that this folder had one.
    copied(&bad, Some(MANIFEST));
    let journal = fs::read_to_string(bad.join(JOURNAL)).unwrap();
    fs::write(bad.join(JOURNAL), journal.replace("\"id\":\"good\"", "\"id\":\"other\"")).unwrap();
    assert_eq!(said(&bad).0, ["manifest.json: missing"]);
    // A copy under a name that the chain does not know is a copy.
    let copy = runs.path().join("copy");
    copied(&copy, None);
    assert_eq!(said(&copy), (vec![], vec![]));
    assert_eq!(said(&good), (vec![], vec![]));
}

#[test]
fn a_run_that_was_taken_out_of_the_chain_too_is_missed_by_the_one_after_it() {
    let runs = tempfile::tempdir().unwrap();
    for (id, minute) in [("a1", 0), ("a2", 1), ("a3", 2)] {
        run(runs.path(), id, "a", &format!("2026-01-02T03:0{minute}:00Z"));
    }
    let chain = runs.path().join(CHAIN);
    let whole = fs::read_to_string(&chain).unwrap();
    fs::remove_dir_all(runs.path().join("a2")).unwrap();
    let alone = || verify(&runs.path().join("a3"), None, false).unwrap();
    assert!(alone().findings.is_empty(), "the chain still tells of it");
    let without: String =
        whole.lines().filter(|line| !line.contains("\"a2\"")).flat_map(|line| [line, "\n"]).collect();
    fs::write(&chain, without).unwrap();
    let found = alone().findings;
    assert_eq!(found.len(), 1, "{found:?}");
    let words = "the run before, a2, was taken out of chain.jsonl";
    assert!(found[0].to_string().contains(words), "{found:?}");
    // Of a chain that was lost and made anew nobody can say that.
    fs::remove_file(&chain).unwrap();
    run(runs.path(), "b1", "b", "2026-01-02T03:05:00Z");
    assert!(alone().findings.is_empty() && alone().notes[0].contains("not checked"), "{:?}", alone());
}

#[test]
fn a_run_that_is_linked_to_belongs_to_the_chain_beside_the_link() {
    let (runs, disk) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    run(runs.path(), "a1", "a", "2026-01-02T03:00:00Z");
    run(runs.path(), "a2", "a", "2026-01-02T03:01:00Z");
    let (link, there) = (runs.path().join("a2"), disk.path().join("a2"));
    fs::rename(&link, &there).unwrap();
    std::os::unix::fs::symlink(&there, &link).unwrap();
    assert_eq!(said(&link), (vec![], vec![]));
    // Written anew where it lies now, with a seal that fits: the chain beside the link has another.
    let text = fs::read(there.join(MANIFEST)).unwrap();
    let mut manifest: Manifest = serde_json::from_slice(&text).unwrap();
    manifest.tool = "another".into();
    fs::write(there.join(MANIFEST), manifest.seal().unwrap()).unwrap();
    assert!(said(&link).0[0].contains("written anew"), "{:?}", said(&link));
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
