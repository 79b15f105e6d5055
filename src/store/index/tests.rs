use std::io::Write as _;

use crate::record::samples::{case, check, head};
use crate::record::{CaseRecord, Event, Outcome, RunRecord, Sink as _, Verdict};
use crate::store::tests::run_of;
use crate::store::{CHAIN, JOURNAL, MANIFEST, RunFolder, read_record};

use super::*;

const AT_ONCE: Duration = Duration::from_secs(20);

/// A run whose amplitude is so many microamperes above 2 mA.
fn run(runs: &Path, id: &str, minute: u32, above: f64) {
    let mut amplitude = check("amplitude", Verdict::Pass);
    amplitude.value = Some(2e-3 + above * 1e-6);
    let record = RunRecord {
        id: id.into(),
        started: format!("2026-01-02T03:{minute:02}:00Z"),
        dut: Some(format!("unit-{}", minute % 2)),
        ..head()
    };
    let cases = vec![CaseRecord { checks: vec![amplitude, check("width", Verdict::Pass)], ..case("a") }];
    run_of(runs, record, cases);
}

fn three() -> tempfile::TempDir {
    let runs = tempfile::tempdir().unwrap();
    for (id, minute, above) in [("r1", 1, 1.0), ("r2", 2, 2.0), ("r3", 3, 3.0)] {
        run(runs.path(), id, minute, above);
    }
    runs
}

fn asked(runs: &Path, query: &Query) -> crate::record::Past {
    let mut index = Index::open(runs, AT_ONCE).unwrap();
    index.sync().unwrap();
    index.past(query).unwrap()
}

/// Values of the amplitude, in microamperes above 2 mA.
fn amplitudes(past: &crate::record::Past) -> Vec<f64> {
    let line = past.lines.iter().find(|line| line.measurand == "amplitude");
    let values = line.into_iter().flat_map(|line| &line.readings);
    values.map(|reading| ((reading.value.unwrap() - 2e-3) * 1e6).round()).collect()
}

#[test]
fn the_index_says_what_the_journals_say() {
    let runs = three();
    let past = asked(runs.path(), &Query::default());
    assert_eq!(amplitudes(&past), [1.0, 2.0, 3.0]);
    assert_eq!((past.lines.len(), past.attempts.len(), past.notes.len()), (2, 3, 0));
    let stored = read_record(&runs.path().join("r2")).unwrap().0;
    let (run, reading) =
        (&past.runs[1], &past.lines.iter().find(|l| l.measurand == "width").unwrap().readings[1]);
    assert_eq!(
        (&run.id, &run.started, run.cases, run.bundle),
        (&stored.id, &stored.started, 1, crate::record::Bundle::Sealed)
    );
    let check = &stored.cases[0].checks[1];
    assert_eq!(
        (reading.value, reading.uncertainty, reading.lower, reading.upper, reading.margin),
        (check.value, check.uncertainty, check.limit.lower, check.limit.upper, check.margin)
    );

    let some = |query: Query| amplitudes(&asked(runs.path(), &query));
    assert_eq!(some(Query { limit: 2, ..Query::default() }), [2.0, 3.0]);
    assert_eq!(some(Query { dut: Some("unit-1".into()), ..Query::default() }), [1.0, 3.0]);
    let since = "2026-01-02T03:02:00Z".parse::<jiff::Timestamp>().unwrap().as_nanosecond() as i64;
    assert_eq!(some(Query { since: Some(since), ..Query::default() }), [2.0, 3.0]);
    assert!(some(Query { rig: Some("other".into()), ..Query::default() }).is_empty());
    assert!(some(Query { scenario: Some("no such".into()), ..Query::default() }).is_empty());
    assert!(some(Query { measurand: Some("width".into()), ..Query::default() }).is_empty());
}

#[test]
fn what_is_new_changed_or_gone_is_noticed() {
    let runs = three();
    assert_eq!(amplitudes(&asked(runs.path(), &Query::default())).len(), 3);
    let mut index = Index::open(runs.path(), AT_ONCE).unwrap();
    assert_eq!(index.sync().unwrap(), Synced::default(), "nothing has changed");
    drop(index);
    run(runs.path(), "r4", 4, 4.0);
    fs::remove_dir_all(runs.path().join("r1")).unwrap();
    // Same length, and its times set back: the inode still tells.
    let journal = runs.path().join("r2").join(JOURNAL);
    let before = fs::metadata(&journal).unwrap().modified().unwrap();
    let text = fs::read_to_string(&journal).unwrap();
    fs::write(&journal, text.replace("\"r1k\"", "\"r9k\"")).unwrap();
    File::options().write(true).open(&journal).unwrap().set_modified(before).unwrap();
    let past = asked(runs.path(), &Query::default());
    assert_eq!(amplitudes(&past), [3.0, 4.0]);
    assert!(past.notes[0].contains("r2 was altered"), "{:?}", past.notes);
    assert!(past.notes[1].starts_with("1 run is in chain.jsonl and not here any more"), "{:?}", past.notes);
    assert_eq!(past.notes.len(), 2);
    // What is missing on another rig, or from before, is no news.
    let since = "2026-01-02T03:02:00Z".parse::<jiff::Timestamp>().unwrap().as_nanosecond() as i64;
    for query in [
        Query { rig: Some("other".into()), ..Query::default() },
        Query { since: Some(since), ..Query::default() },
    ] {
        assert_eq!(asked(runs.path(), &query).notes.len(), 1);
    }
}

#[test]
fn a_run_in_the_place_of_another_or_sealed_anew_is_left_out() {
    let runs = three();
    assert_eq!(amplitudes(&asked(runs.path(), &Query::default())), [1.0, 2.0, 3.0]);
    // The run that looked worst is gone, and another stands under its name.
    let (first, third) = (runs.path().join("r1"), runs.path().join("r3"));
    fs::remove_dir_all(&third).unwrap();
    fs::create_dir(&third).unwrap();
    for file in fs::read_dir(&first).unwrap().map(|entry| entry.unwrap().path()) {
        fs::copy(&file, third.join(file.file_name().unwrap())).unwrap();
    }
    let past = asked(runs.path(), &Query::default());
    assert_eq!(amplitudes(&past), [1.0, 2.0]);
    assert!(past.notes.iter().any(|note| note.contains("r3 was altered")), "{:?}", past.notes);
    // A manifest that somebody sealed anew is whole, and not the one that the chain has.
    let path = runs.path().join("r2").join(MANIFEST);
    let mut manifest: crate::store::Manifest = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    manifest.tool = "another".into();
    fs::write(&path, manifest.seal().unwrap()).unwrap();
    assert_eq!(amplitudes(&asked(runs.path(), &Query::default())), [1.0]);
}

#[test]
fn what_makes_a_run_less_than_the_suite_is_kept_and_a_defect_on_purpose_is_told_of() {
    let runs = tempfile::tempdir().unwrap();
    let record = RunRecord {
        id: "r1".into(),
        partition: Some("hash:1/2".into()),
        rerun_of: Some("r0".into()),
        overrides: ["--set sim.adc.noise=2 lsb", "--set sim.seed=7", "--defect gain_error=1 %"]
            .map(str::to_owned)
            .into(),
        ..head()
    };
    let amplitude = || vec![check("amplitude", Verdict::Pass)];
    let sim_only = CaseRecord { sim_only: true, checks: amplitude(), ..case("a") };
    run_of(runs.path(), record, vec![sim_only, CaseRecord { checks: amplitude(), ..case("b") }]);
    let wrong = RunRecord { id: "r2".into(), defects: vec!["gain_error".into()], ..head() };
    run_of(runs.path(), wrong, vec![case("a")]);
    let past = asked(runs.path(), &Query::default());
    let run = &past.runs[0];
    assert_eq!((past.runs.len(), run.cases, run.sim_only), (1, 2, 1));
    assert_eq!(
        (run.partition.as_str(), run.rerun_of.as_str(), run.settings.as_str()),
        ("hash:1/2", "r0", "sim.adc.noise=2 lsb")
    );
    let marked: Vec<bool> = past.lines.iter().map(|line| line.readings[0].sim_only).collect();
    assert_eq!(marked, [true, false]);
    assert_eq!(
        past.notes,
        ["left out: 1 run of a stimulator with a deliberate defect (--defects shows them)"]
    );
    let all = asked(runs.path(), &Query { defects: true, ..Query::default() });
    assert_eq!((all.runs.len(), all.notes.len()), (2, 0));
    assert_eq!(all.runs[1].defects, ["gain_error"]);
}

#[test]
fn a_run_whose_manifest_was_taken_away_is_left_out_as_one_that_was_altered() {
    let runs = three();
    let (manifest, chain) = (runs.path().join("r2").join(MANIFEST), runs.path().join(CHAIN));
    let whole = fs::read(&chain).unwrap();
    fs::remove_file(&manifest).unwrap();
    let past = asked(runs.path(), &Query::default());
    assert_eq!(amplitudes(&past), [1.0, 3.0]);
    assert!(past.notes.len() == 1 && past.notes[0].contains("r2 was altered"), "{:?}", past.notes);
    // Nothing says that it had one, as of a run that was killed; and the chain may come back when the run is indexed already.
    fs::remove_file(&chain).unwrap();
    assert_eq!(amplitudes(&asked(runs.path(), &Query::default())), [1.0, 2.0, 3.0]);
    fs::write(&chain, whole).unwrap();
    assert_eq!(amplitudes(&asked(runs.path(), &Query::default())), [1.0, 3.0]);
}

#[test]
fn an_index_that_is_broken_or_of_another_version_is_made_anew() {
    let runs = three();
    let path = runs.path().join(INDEX);
    let whole = || {
        assert_eq!(amplitudes(&asked(runs.path(), &Query::default())), [1.0, 2.0, 3.0]);
        fs::read(&path).unwrap()
    };
    let good = whole();
    fs::write(&path, b"this is no database, whatever its name says").unwrap();
    whole();
    fs::write(&path, &good[..100]).unwrap();
    whole();
    let db = Connection::open(&path).unwrap();
    db.execute_batch("UPDATE reading SET value = 7; PRAGMA user_version = 99;").unwrap();
    drop(db);
    whole();
    let db = Connection::open(&path).unwrap();
    db.execute_batch("DROP TABLE attempt").unwrap();
    drop(db);
    whole();
    fs::remove_file(&path).unwrap();
    whole();
}

#[test]
fn runs_that_cannot_be_read_are_named_and_a_clock_that_went_back_does_not_reorder() {
    let runs = three();
    run(runs.path(), "r0", 0, 9.0);
    for (name, text) in [
        ("r7", "{\"utc\":\"\",\"ns\":0,\"event\":{\"run-started\":{\"version\":7}}}\n"),
        ("r8", "no event\n"),
    ] {
        fs::create_dir(runs.path().join(name)).unwrap();
        fs::write(runs.path().join(name).join(JOURNAL), text).unwrap();
    }
    let mut cut = File::options().append(true).open(runs.path().join("r3").join(JOURNAL)).unwrap();
    cut.write_all(b"{\"utc\":\"2026").unwrap();
    let past = asked(runs.path(), &Query::default());
    assert_eq!(amplitudes(&past), [1.0, 2.0, 9.0], "in the order of the chain");
    for words in ["version 7, newer", "r8/journal.jsonl:1", "clock went backwards: r0", "r3 was altered"] {
        assert!(past.notes.iter().any(|note| note.contains(words)), "{words}: {:?}", past.notes);
    }
    assert_eq!(past.notes.len(), 4, "{:?}", past.notes);
}

#[test]
fn many_at_once_neither_wait_for_ever_nor_break_it() {
    let runs = three();
    std::thread::scope(|scope| {
        for worker in 0..6_u32 {
            let runs = runs.path();
            scope.spawn(move || {
                for turn in 0..4 {
                    if worker == 0 {
                        // Somebody breaks it while others use it.
                        let _ = Index::anew(runs, AT_ONCE).unwrap().sync();
                    }
                    let id = format!("w{worker}-{turn}");
                    run(runs, &id, 10 + turn, 5.0);
                    Index::open(runs, AT_ONCE).unwrap().take(&runs.join(&id)).unwrap();
                    assert!(amplitudes(&asked(runs, &Query::default())).len() >= 3);
                }
            });
        }
    });
    assert_eq!(amplitudes(&asked(runs.path(), &Query::default())).len(), 3 + 24);
    let index = Index::open(runs.path(), AT_ONCE).unwrap();
    let busy = Index::open(runs.path(), Duration::from_millis(30)).unwrap_err().to_string();
    assert!(busy.contains("another stimrig") && busy.contains("next"), "{busy}");
    drop(index);
}

#[test]
fn repetitions_within_a_run_are_values_of_their_own() {
    let runs = tempfile::tempdir().unwrap();
    let attempt = |number: u32, above: f64| {
        let value = Some(2e-3 + above * 1e-6);
        let amplitude = crate::record::CheckRecord { value, ..check("amplitude", Verdict::Pass) };
        CaseRecord { attempt: number, checks: vec![amplitude], ..case("a") }
    };
    let record = RunRecord { id: "r1".into(), ..head() };
    run_of(runs.path(), record, vec![attempt(1, 1.0), attempt(2, 2.0), attempt(3, 3.0)]);
    let past = asked(runs.path(), &Query::default());
    assert_eq!((amplitudes(&past), past.attempts.len()), (vec![1.0, 2.0, 3.0], 3));
}

#[test]
fn a_file_with_several_paths_is_one_scenario() {
    let runs = tempfile::tempdir().unwrap();
    for (id, path, above) in [
        ("r1", "scenarios/a.yaml", 1.0),
        ("r2", "/bench/scenarios/a.yaml", 2.0),
        ("r3", "./scenarios/a.yaml", 3.0),
        ("r4", "scenarios/b.yaml", 4.0),
    ] {
        let amplitude = crate::record::CheckRecord {
            value: Some(2e-3 + above * 1e-6),
            ..check("amplitude", Verdict::Pass)
        };
        let record =
            RunRecord { id: id.into(), scenarios: [(path.to_owned(), "11".to_owned())].into(), ..head() };
        run_of(
            runs.path(),
            record,
            vec![CaseRecord { scenario: path.into(), checks: vec![amplitude], ..case("a") }],
        );
    }
    let past = asked(runs.path(), &Query::default());
    let told = |file: &str| past.lines.iter().find(|line| line.scenario == file).unwrap().readings.len();
    assert_eq!((past.lines.len(), told("scenarios/a.yaml"), told("scenarios/b.yaml")), (2, 3, 1));
    let files = past.attempts.iter().map(|attempt| attempt.scenario.as_str());
    assert_eq!(files.collect::<std::collections::BTreeSet<_>>().len(), 2);
}

#[test]
fn a_run_on_a_changed_bench_repeats_no_other_and_another_seed_does() {
    let runs = tempfile::tempdir().unwrap();
    let laid = |laid: &[&str]| laid.iter().map(|laid| (*laid).to_owned()).collect::<Vec<String>>();
    let same = ["--set sim.adc.noise=2 lsb"];
    for (id, rig_hash, overrides) in [
        ("r1", "00", laid(&same)),
        ("r2", "00", laid(&[same[0], "--set sim.seed=7"])),
        ("r3", "01", laid(&same)),
        ("r4", "00", laid(&["--set sim.adc.noise=9 lsb"])),
        ("r5", "00", laid(&[])),
    ] {
        let record = RunRecord { id: id.into(), rig_hash: rig_hash.into(), overrides, ..head() };
        run_of(runs.path(), record, vec![case("a")]);
    }
    let past = asked(runs.path(), &Query::default());
    let inputs: Vec<&str> = past.attempts.iter().map(|attempt| attempt.inputs.as_str()).collect();
    let kinds: std::collections::BTreeSet<&str> = inputs.iter().copied().collect();
    assert_eq!((inputs.len(), kinds.len()), (5, 4), "{inputs:?}");
    assert_eq!(inputs[0], inputs[1], "another seed is a repetition");
}

#[test]
fn a_run_that_was_indexed_while_it_went_on_has_not_passed_once_it_is_killed() {
    let runs = tempfile::tempdir().unwrap();
    let mut folder = RunFolder::create(runs.path(), "r1").unwrap();
    folder.take(&Event::RunStarted(Box::new(RunRecord { id: "r1".into(), ..head() })));
    folder.take(&Event::CaseEnded { case: 0, record: Box::new(case("a")) });
    let outcome = || asked(runs.path(), &Query::default()).runs[0].outcome;
    assert_eq!(outcome(), Some(Outcome::Passed), "so far");
    drop(folder);
    assert_eq!(outcome(), Some(Outcome::Aborted));
}

#[test]
fn without_a_place_for_an_index_the_journals_answer() {
    let runs = three();
    let mut index = Index::in_memory(runs.path()).unwrap();
    assert_eq!(index.sync().unwrap().read, 3);
    assert_eq!(amplitudes(&index.past(&Query::default()).unwrap()), [1.0, 2.0, 3.0]);
    assert!(!runs.path().join(INDEX).exists());
}
