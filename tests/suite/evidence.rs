//! A run's folder proves itself: every change is noticed, and its judgement follows from its samples.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::LazyLock;
use std::time::Duration;

use proptest::prelude::*;
use stimrig::store::verify;

use crate::command::{folders, stimrig, text};

/// A run with samples, made once.
static RUN: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| {
    let runs = tempfile::tempdir().unwrap();
    let folder = kept(runs.path(), &["scenarios/timing/rate.yaml#3"]);
    (runs, folder)
});

/// Runs scenarios with `--keep always` and returns the run's folder.
pub fn kept(runs: &Path, arguments: &[&str]) -> PathBuf {
    let before: Vec<PathBuf> = folders(runs);
    let output =
        stimrig().args(["run", "--keep", "always", "--runs"]).arg(runs).args(arguments).output().unwrap();
    assert!(output.status.code().is_some_and(|code| code < 2), "{}", text(&output));
    folders(runs).into_iter().find(|path| !before.contains(path)).unwrap()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found.sort();
    found
}

/// A copy of a run in a folder of its own.
fn copy(folder: &Path) -> (tempfile::TempDir, PathBuf) {
    let into = tempfile::tempdir().unwrap();
    let target = into.path().join(folder.file_name().unwrap());
    for file in files(folder) {
        let there = target.join(file.strip_prefix(folder).unwrap());
        fs::create_dir_all(there.parent().unwrap()).unwrap();
        fs::copy(&file, there).unwrap();
    }
    (into, target)
}

pub fn verified(arguments: &[&Path], options: &[&str]) -> (i32, String) {
    let output = stimrig().arg("verify").args(arguments).args(options).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &text(&output);
    (output.status.code().unwrap(), said)
}

#[test]
fn a_run_is_intact_and_its_judgement_follows_from_its_samples() {
    let (code, said) = verified(&[&RUN.1], &["--reanalyze"]);
    assert_eq!(code, 0, "{said}");
    assert!(
        said.starts_with("intact") && said.contains("judged again") && said.contains("every value the same")
    );
}

#[test]
fn failures_and_the_slow_channel_are_judged_again_to_the_same_values() {
    let runs = tempfile::tempdir().unwrap();
    let folder = kept(
        runs.path(),
        &["scenarios/charge-balance", "scenarios/fault-shutdown", "--defect", "dc_leakage=5 uA"],
    );
    let record = fs::read_to_string(folder.join("record.json")).unwrap();
    assert!(record.contains("\"verdict\": \"fail\"") && record.contains("dc_leakage_current"));
    let (code, said) = verified(&[&folder], &["--reanalyze"]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn samples_of_cases_that_passed_go_and_those_of_failures_stay() {
    let runs = tempfile::tempdir().unwrap();
    let one = |arguments: &[&str]| {
        let before = folders(runs.path());
        stimrig().args(["run", "-q", "--runs"]).arg(runs.path()).args(arguments).output().unwrap();
        folders(runs.path()).into_iter().find(|path| !before.contains(path)).unwrap()
    };
    let passed = one(&["scenarios/timing/rate.yaml#3"]);
    assert!(!passed.join("evidence").exists());
    let (code, said) = verified(&[&passed], &["--reanalyze"]);
    assert_eq!(code, 5, "nothing to judge again: {said}");
    let failed = one(&["scenarios/timing/rate.yaml#3", "--defect", "rate_error=5 %"]);
    assert!(failed.join("evidence").is_dir());
    let never = one(&["scenarios/timing/rate.yaml#3", "--defect", "rate_error=5 %", "--keep", "never"]);
    assert!(!never.join("evidence").exists());
}

#[test]
fn a_judgement_that_does_not_follow_is_named_field_by_field() {
    let (_into, folder) = copy(&RUN.1);
    let basis = files(&folder).into_iter().find(|path| path.ends_with("basis.json")).unwrap();
    let text = fs::read_to_string(&basis).unwrap();
    // Another stated gain uncertainty of the clock: every U of a rate becomes another.
    assert!(text.contains("\"clock_u\": 0.00002"));
    fs::write(&basis, text.replace("\"clock_u\": 0.00002", "\"clock_u\": 0.00003")).unwrap();
    let (code, said) = verified(&[&folder], &["--reanalyze"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("basis.json: changed") && said.contains("uncertainty"), "{said}");
}

/// What can be done to a file.
#[derive(Debug, Clone)]
enum Harm {
    Flip(prop::sample::Index, u8),
    Truncate(prop::sample::Index),
    Append(u8),
    Delete,
    Add(String),
    Swap(prop::sample::Index),
    /// Two stretches of the file, exchanged.
    Reorder(prop::sample::Index, prop::sample::Index),
    Insert(prop::sample::Index, u8),
    Remove(prop::sample::Index),
    AddFolder(String),
    Rename,
    Link,
}

fn harm() -> impl Strategy<Value = Harm> {
    prop_oneof![
        4 => (any::<prop::sample::Index>(), 1_u8..).prop_map(|(at, flip)| Harm::Flip(at, flip)),
        2 => any::<prop::sample::Index>().prop_map(Harm::Truncate),
        1 => any::<u8>().prop_map(Harm::Append),
        2 => Just(Harm::Delete),
        1 => "[a-z]{1,8}".prop_map(Harm::Add),
        1 => any::<prop::sample::Index>().prop_map(Harm::Swap),
        2 => (any::<prop::sample::Index>(), any::<prop::sample::Index>()).prop_map(|(a, b)| Harm::Reorder(a, b)),
        1 => (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(at, byte)| Harm::Insert(at, byte)),
        1 => any::<prop::sample::Index>().prop_map(Harm::Remove),
        1 => "[a-z]{1,8}".prop_map(Harm::AddFolder),
        1 => Just(Harm::Rename),
        1 => Just(Harm::Link),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, ..ProptestConfig::default() })]

    #[test]
    fn every_change_of_a_bundle_is_found(which in any::<prop::sample::Index>(), harm in harm()) {
        let (_into, folder) = copy(&RUN.1);
        let all = files(&folder);
        let file = &all[which.index(all.len())];
        let bytes = fs::read(file).unwrap();
        match &harm {
            Harm::Flip(at, flip) => {
                let mut bytes = bytes.clone();
                let at = at.index(bytes.len());
                bytes[at] ^= flip;
                fs::write(file, bytes).unwrap();
            }
            Harm::Truncate(at) => fs::write(file, &bytes[..at.index(bytes.len())]).unwrap(),
            Harm::Append(byte) => fs::write(file, [&bytes[..], &[*byte]].concat()).unwrap(),
            Harm::Delete => fs::remove_file(file).unwrap(),
            Harm::Add(name) => fs::write(file.with_file_name(name), b"new").unwrap(),
            Harm::Swap(other) => {
                let other = &all[other.index(all.len())];
                prop_assume!(other != file);
                let others = fs::read(other).unwrap();
                prop_assume!(others != bytes);
                fs::write(file, others).unwrap();
                fs::write(other, &bytes).unwrap();
            }
            Harm::Reorder(a, b) => {
                let (a, b) = (a.index(bytes.len()), b.index(bytes.len()));
                let (a, b) = (a.min(b), a.max(b));
                let turned = [&bytes[..a], &bytes[b..], &bytes[a..b]].concat();
                prop_assume!(turned != bytes);
                fs::write(file, turned).unwrap();
            }
            Harm::Insert(at, byte) => {
                let mut bytes = bytes.clone();
                bytes.insert(at.index(bytes.len()), *byte);
                fs::write(file, bytes).unwrap();
            }
            Harm::Remove(at) => {
                let mut bytes = bytes.clone();
                bytes.remove(at.index(bytes.len()));
                fs::write(file, bytes).unwrap();
            }
            Harm::AddFolder(name) => fs::create_dir(file.with_file_name(name)).unwrap(),
            Harm::Rename => fs::rename(file, file.with_extension("old")).unwrap(),
            Harm::Link => {
                let aside = _into.path().join("aside");
                fs::rename(file, &aside).unwrap();
                std::os::unix::fs::symlink(&aside, file).unwrap();
            }
        }
        // A newer or unreadable manifest is refused outright, which is no less noticed.
        let found = verify(&folder, None, false);
        prop_assert!(found.as_ref().map_or(true, |found| !found.is_intact()), "{harm:?} of {}", file.display());
        let name = file.strip_prefix(&folder).unwrap().display().to_string();
        if let (Ok(found), false) = (&found, name == "manifest.json") {
            let said = found.findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
            let named = match &harm { Harm::Add(added) | Harm::AddFolder(added) => added, _ => &name };
            // A manifest that is no manifest any more says nothing of the others.
            let found = said.contains(named.as_str()) || said.contains("manifest.json: changed");
            prop_assert!(found, "{harm:?} of {name}: {said}");
        }
    }
}

#[test]
fn a_run_killed_at_any_instant_leaves_a_readable_part_that_verifies() {
    const KILLS: u64 = 100;
    let runs = tempfile::tempdir().unwrap();
    let scenario = runs.path().join("long.yaml");
    fs::write(
        &scenario,
        "version: 1\nname: long\nphantom: r1k\nprogram: { amplitude: 1 mA, width: 200 us, rate: 50 Hz }\nduration: 60 s\nexpect:\n  - amplitude: { of: programmed, within: 3 % }\n",
    )
    .unwrap();
    let killed = |number: u64| {
        let folder = runs.path().join(format!("runs-{number}"));
        let mut child = stimrig()
            .arg("run")
            .arg(&scenario)
            .args(["--keep", "always", "--runs"])
            .arg(&folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Spread without a pattern over the first quarter of a second.
        std::thread::sleep(Duration::from_micros(number * 7919 % 251 * 1000));
        child.kill().unwrap();
        child.wait().unwrap();
        let Some(run) = folders(&folder).pop() else { return (0, 0) };
        if !run.join("journal.jsonl").exists() {
            return (0, 0);
        }
        let found = verify(&run, None, false).unwrap();
        assert!(found.findings.is_empty() && found.manifest.is_none(), "{number}: {:?}", found.findings);
        let readable = found.notes.iter().filter(|note| note.contains("readable up to")).count();
        (1, usize::from(readable > 0))
    };
    let totals = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|worker| scope.spawn(move || (worker..KILLS).step_by(4).map(killed).collect::<Vec<_>>()))
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect::<Vec<_>>()
    });
    let begun: usize = totals.iter().map(|(begun, _)| begun).sum();
    let with_samples: usize = totals.iter().map(|(_, samples)| samples).sum();
    assert!(begun > 30 && with_samples > 15, "{begun} begun, {with_samples} with samples");
}

#[test]
fn runs_of_a_rig_form_a_chain_in_which_nothing_can_be_exchanged() {
    let runs = tempfile::tempdir().unwrap();
    let first = kept(runs.path(), &["scenarios/timing/rate.yaml#3", "-q"]);
    let second = kept(runs.path(), &["scenarios/timing/rate.yaml#2", "-q"]);
    let (code, said) = verified(&[runs.path()], &[]);
    let name = first.file_name().unwrap().to_string_lossy().into_owned();
    assert!(code == 0 && said.contains("the first") && said.contains(&format!("after {name}")), "{said}");
    // A manifest written anew by somebody who knows how: the run after it, and the chain, still have its hash.
    fs::write(first.join("manifest.json"), fs::read(second.join("manifest.json")).unwrap()).unwrap();
    let (code, said) = verified(&[&second], &[]);
    assert!(code == 1 && said.contains("chain: the run before"), "{said}");
    // A run that was taken out leaves a hole.
    fs::remove_dir_all(&first).unwrap();
    let (code, said) = verified(&[runs.path()], &[]);
    assert!(code == 1 && said.contains("is not there"), "{said}");
    // One run alone, away from the others, is intact as far as it can be known.
    let (_into, alone) = copy(&second);
    let (code, said) = verified(&[&alone], &[]);
    assert!(code == 0 && said.contains("note: the run before") && said.contains("not checked"), "{said}");
}

#[test]
fn a_last_run_that_was_taken_away_is_missed_by_the_chain() {
    let (runs, aside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = kept(runs.path(), &["scenarios/timing/rate.yaml#3", "-q"]);
    let second = kept(runs.path(), &["scenarios/timing/rate.yaml#2", "-q"]);
    assert_eq!(verified(&[runs.path()], &[]).0, 0);
    let name = |run: &Path| run.file_name().unwrap().to_string_lossy().into_owned();
    let take = |run: &Path| fs::rename(run, aside.path().join(name(run))).unwrap();
    take(&second);
    let (code, said) = verified(&[runs.path()], &[]);
    let gone = format!("run {} of rig", name(&second));
    assert!(code == 1 && said.contains(&gone) && said.contains("not there any more"), "{said}");
    assert!(said.contains(&format!("intact     {}", first.display())), "{said}");
    // One run alone says nothing of those after it.
    assert_eq!(verified(&[&first], &[]).0, 0);
    // An empty folder of that name is no run, and where none is left, the chain still has them.
    fs::create_dir(&second).unwrap();
    take(&first);
    let (code, said) = verified(&[runs.path()], &["--reanalyze"]);
    assert!(code == 1 && said.contains(&gone) && said.contains(&name(&first)), "{said}");
}

#[test]
fn a_chain_that_is_gone_empty_or_damaged_is_told() {
    let runs = tempfile::tempdir().unwrap();
    let first = kept(runs.path(), &["scenarios/timing/rate.yaml#3", "-q"]);
    kept(runs.path(), &["scenarios/timing/rate.yaml#2", "-q"]);
    let chain = runs.path().join("chain.jsonl");
    let whole = fs::read_to_string(&chain).unwrap();
    let told = |what: &str| {
        let (code, said) = verified(&[runs.path()], &[]);
        assert!(code == 1 && said.contains(what), "{what}: {said}");
        assert_eq!(verified(&[&first], &[]).0, 0, "{what}: one run is as it was");
    };
    fs::remove_file(&chain).unwrap();
    told("chain.jsonl is gone");
    fs::write(&chain, "").unwrap();
    told("chain.jsonl lists no run");
    for (line, damaged) in [
        (1, format!("x{whole}")),
        (2, whole.replacen('\n', "\n{\"rig\":\"a\",\"ru\n", 1)),
        (3, format!("{whole}x\n")),
    ] {
        fs::write(&chain, damaged).unwrap();
        told(&format!("line {line} of chain.jsonl cannot be read"));
    }
    fs::write(&chain, whole.clone() + &whole.replace("\"run\":\"", "\"run\":\"../")).unwrap();
    told("which is no name of a run");
    // Whoever is killed while adding a line leaves it without its end.
    fs::write(&chain, format!("{whole}{{\"rig\":\"a\",\"ru")).unwrap();
    let (code, said) = verified(&[runs.path()], &[]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn a_report_of_a_run_that_was_altered_says_so() {
    let report = |folders: &[&Path], format: &str| {
        let output = stimrig().arg("report").args(folders).args(["--format", format]).output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
        (String::from_utf8_lossy(&output.stdout).into_owned(), text(&output))
    };
    let words = "altered after the run ended";
    let (page, said) = report(&[&RUN.1], "html");
    assert!(!page.contains(words) && !said.contains(words), "{said}");
    let (_into, folder) = copy(&RUN.1);
    let journal = folder.join("journal.jsonl");
    let edited = fs::read_to_string(&journal).unwrap().replace("\"dut\":null", "\"dut\":\"SN-7\"");
    fs::write(&journal, edited).unwrap();
    let (page, said) = report(&[&folder], "html");
    assert!(page.contains("SN-7") && page.contains(words) && said.contains(words), "{said}");
    // No CI system reads it as green, and two runs side by side say it too.
    let xml = report(&[&folder], "junit").0;
    let read = quick_junit::Report::deserialize_from_str(&xml).unwrap();
    assert!((read.tests, read.errors) == (2, 1) && xml.contains(words), "{xml}");
    let ctrf: serde_json::Value = serde_json::from_str(&report(&[&folder], "ctrf").0).unwrap();
    assert_eq!(
        (&ctrf["results"]["summary"]["passed"], &ctrf["results"]["summary"]["failed"]),
        (&1.into(), &1.into())
    );
    assert!(report(&[&folder], "tap").0.contains("\nnot ok 2 - the run is what it was when it ended\n"));
    assert!(report(&[&folder], "json").1.contains(words), "the record has no place for it");
    let (page, said) = report(&[&RUN.1, &folder], "html");
    assert!(page.contains("SN-7") && page.contains(words) && said.contains(words), "{said}");
}

#[test]
fn a_comparison_with_a_run_that_was_altered_says_so_in_every_form_and_is_no_success() {
    let (_into, folder) = copy(&RUN.1);
    let journal = folder.join("journal.jsonl");
    let edited = fs::read_to_string(&journal).unwrap().replace("\"dut\":null", "\"dut\":\"SN-7\"");
    fs::write(&journal, edited).unwrap();
    let compared = |after: &Path, more: &[&str]| {
        let output = stimrig().arg("compare").args([RUN.1.as_path(), after]).args(more).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let words = "altered after the run ended";
    for format in ["text", "json", "html"] {
        let (code, shown) = compared(&folder, &["--format", format]);
        assert!(code == 0 && shown.contains(words), "{format}: {shown}");
        let (_, shown) = compared(&RUN.1, &["--format", format]);
        assert!(!shown.contains(words), "{format}: {shown}");
    }
    assert_eq!(compared(&folder, &["--fail-on", "regression"]).0, 1, "what it was cannot be told");
    assert_eq!(compared(&RUN.1, &["--fail-on", "regression"]).0, 0);
}

#[test]
fn no_page_is_written_into_a_sealed_run_however_deep() {
    let (into, folder) = copy(&RUN.1);
    let runs = into.path().to_str().unwrap();
    let basis = files(&folder).into_iter().find(|path| path.ends_with("basis.json")).unwrap();
    let before = fs::read(&basis).unwrap();
    let record = folder.join("record.json");
    let link = into.path().join("link");
    std::os::unix::fs::symlink(basis.parent().unwrap(), &link).unwrap();
    let run = folder.to_str().unwrap();
    for arguments in
        [&["report", run, "--format", "json"][..], &["history", "--runs", runs, "--format", "json"]]
    {
        for target in [&basis, &link.join("basis.json"), &record, &basis.with_file_name("new.json")] {
            // The record again, to the byte, changes nothing.
            let same = arguments[0] == "report" && target == &record;
            let output = stimrig().args(arguments).arg("-o").arg(target).output().unwrap();
            let code = output.status.code();
            assert_eq!(code, Some(if same { 0 } else { 2 }), "{arguments:?} {target:?}: {}", text(&output));
            assert!(same || text(&output).contains("the run is sealed"), "{}", text(&output));
        }
    }
    assert_eq!(fs::read(&basis).unwrap(), before);
    assert_eq!(verified(&[&folder], &[]).0, 0);
    // A file called manifest.json may be that of something else.
    let site = tempfile::tempdir().unwrap();
    fs::write(site.path().join("manifest.json"), "{}").unwrap();
    let page = site.path().join("page.html");
    let output = stimrig().args(["report", run, "-o"]).arg(&page).output().unwrap();
    assert!(output.status.success() && page.is_file(), "{}", text(&output));
}

#[test]
fn what_is_no_run_and_no_key_is_named() {
    let empty = tempfile::tempdir().unwrap();
    let (code, said) = verified(&[empty.path()], &[]);
    assert!(code == 2 && said.contains("is no run"), "{said}");
    let (code, said) = verified(&[&empty.path().join("missing")], &[]);
    assert!(code == 2 && said.contains("missing"), "{said}");
    let (_into, newer) = copy(&RUN.1);
    let manifest = fs::read_to_string(newer.join("manifest.json")).unwrap();
    fs::write(newer.join("manifest.json"), manifest.replacen("\"version\": 1", "\"version\": 2", 1)).unwrap();
    let (code, said) = verified(&[&newer], &[]);
    assert!(code == 2 && said.contains("newer"), "{said}");

    let key = empty.path().join("key.pem");
    let make = || stimrig().arg("keygen").arg(&key).output().unwrap();
    assert_eq!(make().status.code(), Some(0));
    let again = make();
    assert!(again.status.code() == Some(2) && text(&again).contains("not overwritten"));
    let (code, said) = verified(&[&RUN.1], &["--key", key.to_str().unwrap()]);
    assert!(code == 2 && said.contains("this is a private key") && said.contains("public key"), "{said}");
    let rsa = empty.path().join("rsa.pem");
    fs::write(&rsa, "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----\n").unwrap();
    let refused = stimrig()
        .args(["run", "scenarios/timing/rate.yaml#3", "--runs"])
        .arg(empty.path().join("runs"))
        .arg("--sign")
        .arg(&rsa)
        .output()
        .unwrap();
    assert!(refused.status.code() == Some(2) && text(&refused).contains("RSA key"), "{}", text(&refused));
    assert!(!empty.path().join("runs").exists(), "nothing was run");
}

#[test]
fn a_signed_run_is_signed_by_that_key_and_no_other() {
    let runs = tempfile::tempdir().unwrap();
    let key = |name: &str| {
        let path = runs.path().join(name);
        assert!(stimrig().arg("keygen").arg(&path).status().unwrap().success());
        (path.display().to_string(), path.with_extension("pem.pub").display().to_string())
    };
    let (ours, theirs) = (key("ours.pem"), key("theirs.pem"));
    let folder = kept(&runs.path().join("runs"), &["scenarios/timing/rate.yaml#3", "--sign", &ours.0]);
    assert_eq!(verified(&[&folder], &["--key", &ours.1]).0, 0);
    let (code, said) = verified(&[&folder], &["--key", &theirs.1]);
    assert!(code == 1 && said.contains("another key"), "{said}");
    // Whoever holds no stimrig checks it with OpenSSL.
    let openssl = std::process::Command::new("openssl")
        .args(["pkeyutl", "-verify", "-pubin", "-inkey", &ours.1, "-rawin", "-in"])
        .arg(folder.join("manifest.json"))
        .arg("-sigfile")
        .arg(folder.join("manifest.sig"))
        .output();
    match openssl {
        Ok(output) => assert!(output.status.success(), "{}", text(&output)),
        Err(_) => assert!(std::env::var_os("CI").is_none(), "CI has openssl"),
    }
    fs::remove_file(folder.join("manifest.sig")).unwrap();
    let (code, said) = verified(&[&folder], &[]);
    assert!(code == 1 && said.contains("manifest.sig: missing"), "{said}");
    let (code, said) = verified(&[&RUN.1], &["--key", &ours.1]);
    assert!(code == 1 && said.contains("not signed"), "{said}");
}
