//! Runs that were killed: their journal does not end, and nobody holds it. They are found and closed by whoever comes next.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::record::{CaseRecord, Event, Fold, Outcome, RunRecord, SafeState, Sink};

use super::journal::read_lines;
use super::{EVIDENCE, JOURNAL, JUNIT, Journal, MANIFEST, RunFolder, Signer, StoreError};

/// A run whose process is gone. Its journal is locked as long as this lives, so that it is closed once.
#[derive(Debug)]
pub struct OpenRun {
    /// Its folder.
    pub folder: PathBuf,
    fold: Fold,
    record: RunRecord,
    file: File,
    /// Bytes of the journal's whole lines.
    length: u64,
    /// The run had ended; what follows its journal was not written.
    ended: bool,
    /// UTC and seconds of the last event.
    last: (String, f64),
}

/// Why there is no record to close in the folder of a run that was killed. Each is what its folder says, as a lowercase fragment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotOpen {
    /// Somebody deleted it.
    #[error("its folder is gone, so there is no record to close")]
    Gone,
    /// It ended, or somebody closed it.
    #[error("its record is closed already")]
    Closed,
    /// Nothing stands in its journal.
    #[error("it had not begun, so there is no record to close")]
    NeverBegan,
    /// There is one, and this process cannot have it.
    #[error(
        "its record stays open, it cannot be read and written here ({0}): `stimrig safe` of the user whose run it is closes it"
    )]
    OutOfReach(String),
}

/// What is known when a run is closed that did not end.
#[derive(Debug, Clone)]
pub struct Recovery {
    /// Name and version of the tool that closes it.
    pub tool: String,
    /// What was measured before.
    pub safe_state: SafeState,
    /// How the bench was made safe, as fragments.
    pub found: Vec<String>,
}

/// The runs in a folder that were killed; one that cannot be read is none of them.
pub fn open_runs(runs: &Path) -> Vec<OpenRun> {
    let entries = fs::read_dir(runs).into_iter().flatten().flatten();
    let mut found: Vec<OpenRun> = entries.filter_map(|entry| open_run(&entry.path())).collect();
    found.sort_by(|a, b| a.folder.cmp(&b.folder));
    found
}

/// The run in a folder if it was killed: `None` for one that ended, one that goes on, and one that never began.
pub fn open_run(folder: &Path) -> Option<OpenRun> {
    killed_run(folder).ok()
}

/// The run in a folder that is known to have been killed.
///
/// # Errors
/// Why there is nothing to close.
pub fn killed_run(folder: &Path) -> Result<OpenRun, NotOpen> {
    let path = folder.join(JOURNAL);
    if folder.join(MANIFEST).exists() {
        return Err(NotOpen::Closed);
    }
    if path.is_symlink() {
        return Err(NotOpen::OutOfReach("its journal is a link".to_owned()));
    }
    let file = File::options().read(true).append(true).open(&path).map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory if folder.is_dir() => NotOpen::NeverBegan,
        ErrorKind::NotFound | ErrorKind::NotADirectory => NotOpen::Gone,
        _ => NotOpen::OutOfReach(error.to_string()),
    })?;
    file.try_lock().map_err(|error| NotOpen::OutOfReach(error.to_string()))?;
    // It may have ended, and somebody closed it, between the two looks.
    if folder.join(MANIFEST).exists() {
        return Err(NotOpen::Closed);
    }
    let read = read_lines(&file, &path).map_err(|error| NotOpen::OutOfReach(error.to_string()));
    let (entries, length, _) = read?;
    let mut fold = Fold::default();
    entries.iter().for_each(|entry| fold.take(&entry.event));
    let record = fold.record().ok_or(NotOpen::NeverBegan)?;
    let ended = entries.iter().any(|entry| matches!(entry.event, Event::RunEnded { .. }));
    let last = entries.last().map(|entry| (entry.utc.clone(), entry.ns as f64 * 1e-9));
    let last = last.ok_or(NotOpen::NeverBegan)?;
    Ok(OpenRun { folder: folder.to_owned(), fold, record, file, length, ended, last })
}

impl OpenRun {
    /// What its journal comes to so far.
    pub fn record(&self) -> &RunRecord {
        &self.record
    }

    /// When the last thing was heard of it, UTC, RFC 3339.
    pub fn last_heard(&self) -> &str {
        &self.last.0
    }

    /// Whether it had ended, and only the closing of its folder is missing.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Closes it: the cases that had begun and the run are *interrupted*, the record and what is derived from it are written,
    /// and the manifest joins the chain. What was there stays.
    ///
    /// # Errors
    /// When something cannot be written; it stays open then, and can be closed later.
    pub fn close(
        self,
        recovery: &Recovery,
        junit: impl FnOnce(&RunRecord) -> String,
        signer: Option<&Signer>,
    ) -> Result<RunRecord, StoreError> {
        let evidence = clear_away(&self.folder);
        let path = self.folder.join(JOURNAL);
        let mut fold = self.fold.clone();
        let mut folder = RunFolder::resume(&self.folder, Journal::resume(self.file, &path, self.length)?);
        let mut take = |event: Event| {
            folder.take(&event);
            fold.take(&event);
        };
        if !self.ended {
            take(Event::Recovered {
                at: jiff::Timestamp::now().to_string(),
                tool: recovery.tool.clone(),
                safe_state: recovery.safe_state,
                found: recovery.found.clone(),
            });
            for (case, planned) in self.fold.unended() {
                let record = Box::new(interrupted(planned, *case, recovery, &evidence));
                take(Event::CaseEnded { case: *case, record });
            }
            let (ended, elapsed) = self.last;
            take(Event::RunEnded { ended, elapsed });
        }
        let record = fold.record().unwrap_or(self.record);
        folder.finish(&record, &[(JUNIT, &junit(&record))])?;
        folder.seal(&record, signer)?;
        Ok(record)
    }
}

/// The record of a case that was under way.
fn interrupted(planned: &CaseRecord, case: usize, recovery: &Recovery, evidence: &[String]) -> CaseRecord {
    let safe = recovery.safe_state == SafeState::Confirmed;
    let mut record = planned.clone();
    record.outcome = if safe { Outcome::Aborted } else { Outcome::Unsafe };
    record.safe_state = recovery.safe_state;
    record.reason = Some(if safe {
        "interrupted: its host was killed or lost power before the case ended".to_owned()
    } else {
        "interrupted: its host was killed or lost power, and the safe state could not be confirmed since"
            .to_owned()
    });
    record.notes.push(format!("closed later: {}", recovery.found.join(", ")));
    let prefix = format!("{:03}-", case + 1);
    record.evidence =
        evidence.iter().find(|name| name.starts_with(&prefix)).map(|name| format!("{EVIDENCE}/{name}"));
    record
}

/// Removes what the killed process had not finished writing and nobody can use; returns the folders of samples that stay.
fn clear_away(folder: &Path) -> Vec<String> {
    let names = |folder: &Path| -> Vec<PathBuf> {
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    };
    for path in names(folder) {
        // `write_atomic` puts a file in place by renaming one that ends like this.
        if path.extension().is_some_and(|extension| extension == "tmp") {
            let _ = fs::remove_file(path);
        }
    }
    let evidence = folder.join(EVIDENCE);
    let mut kept = Vec::new();
    for path in names(&evidence) {
        // Fails where there is something in it, which is what stays.
        if fs::remove_dir(&path).is_err()
            && let Some(name) = path.file_name()
        {
            kept.push(name.to_string_lossy().into_owned());
        }
    }
    let _ = fs::remove_dir(&evidence);
    kept
}

#[cfg(test)]
mod tests {
    use super::super::{read_journal, verify};
    use super::*;
    use crate::record::HOST_LOST;
    use crate::record::samples::{case, head};

    fn events() -> Vec<Event> {
        let planned =
            CaseRecord { outcome: Outcome::Aborted, safe_state: SafeState::Impossible, ..case("b") };
        vec![
            Event::RunStarted(Box::new(head())),
            Event::CaseStarted { case: 0, name: "a".into(), planned: None },
            Event::CaseEnded { case: 0, record: Box::new(case("a")) },
            Event::CaseStarted { case: 1, name: "b".into(), planned: Some(Box::new(planned)) },
            Event::Progress { case: 1, time: 0.25, what: "started".into() },
        ]
    }

    /// A run that was killed after these events, in the middle of one more.
    fn killed(runs: &Path, id: &str, events: &[Event]) -> PathBuf {
        let mut folder = RunFolder::create(runs, id).unwrap();
        events.iter().for_each(|event| folder.take(event));
        assert!(open_runs(runs).is_empty(), "its process lives");
        let path = folder.path().to_owned();
        drop(folder);
        let mut file = File::options().append(true).open(path.join(JOURNAL)).unwrap();
        std::io::Write::write_all(&mut file, b"{\"utc\":\"20").unwrap();
        path
    }

    fn recovery(safe_state: SafeState) -> Recovery {
        Recovery { tool: "stimrig 9".into(), safe_state, found: vec!["interlock open".into()] }
    }

    #[test]
    fn a_killed_run_is_closed_as_interrupted_and_verifies() {
        let runs = tempfile::tempdir().unwrap();
        let path = killed(runs.path(), "one", &events());
        fs::create_dir_all(path.join("evidence/002-b")).unwrap();
        fs::write(path.join("evidence/002-b/e1_A.trace"), "cut").unwrap();
        fs::create_dir_all(path.join("evidence/003-c")).unwrap();
        fs::write(path.join("record.json.7.tmp"), "{").unwrap();
        let [open] = <[OpenRun; 1]>::try_from(open_runs(runs.path())).unwrap();
        assert!(!open.has_ended() && open.record().rig == "sim");
        assert!(open_runs(runs.path()).is_empty(), "it is closed once");
        let record = open
            .close(&recovery(SafeState::Confirmed), |record| format!("<!--{}-->", record.id), None)
            .unwrap();
        assert_eq!((record.outcome, record.exit_code), (Some(Outcome::Aborted), 137));
        assert_eq!(record.interrupted.as_deref(), Some(HOST_LOST));
        let [a, b] = record.cases.as_slice() else { panic!("{record:#?}") };
        assert_eq!((a.outcome, b.outcome), (Outcome::Passed, Outcome::Aborted));
        assert_eq!((b.safe_state, b.evidence.as_deref()), (SafeState::Confirmed, Some("evidence/002-b")));
        assert!(b.reason.as_ref().unwrap().contains("killed") && b.notes[0].contains("interlock open"));
        assert!(!path.join("reserve").exists() && !path.join("record.json.7.tmp").exists());
        let found = verify(&path, None, false).unwrap();
        assert!(found.is_intact(), "{:?}", found.findings);
        assert!(open_runs(runs.path()).is_empty());
        // The line that was cut is gone, everything before it is not.
        let (entries, cut) = read_journal(&path.join(JOURNAL)).unwrap();
        assert!(!cut && entries.iter().map(|entry| &entry.event).take(5).eq(&events()));
    }

    #[test]
    fn a_bench_that_does_not_confirm_makes_the_run_unsafe() {
        let runs = tempfile::tempdir().unwrap();
        killed(runs.path(), "one", &events());
        let open = open_runs(runs.path()).remove(0);
        let record = open.close(&recovery(SafeState::Unconfirmed), |_| String::new(), None).unwrap();
        assert_eq!((record.outcome, record.exit_code), (Some(Outcome::Unsafe), 6));
    }

    #[test]
    fn a_run_that_had_ended_keeps_its_outcome() {
        let runs = tempfile::tempdir().unwrap();
        let mut events = events();
        events.truncate(3);
        events.push(Event::RunEnded { ended: "2026-01-02T03:04:06Z".into(), elapsed: 1.5 });
        let path = killed(runs.path(), "one", &events);
        let open = open_runs(runs.path()).remove(0);
        assert!(open.has_ended());
        let record = open.close(&recovery(SafeState::Confirmed), |_| String::new(), None).unwrap();
        assert_eq!((record.outcome, record.interrupted), (Some(Outcome::Passed), None));
        assert!(verify(&path, None, false).unwrap().is_intact());
    }

    #[test]
    fn what_never_began_or_is_no_run_is_left_alone() {
        let runs = tempfile::tempdir().unwrap();
        killed(runs.path(), "empty", &[]);
        fs::create_dir(runs.path().join("other")).unwrap();
        fs::write(runs.path().join("chain.jsonl"), "").unwrap();
        assert!(open_runs(runs.path()).is_empty());
        assert!(open_runs(&runs.path().join("nowhere")).is_empty());
    }

    #[test]
    fn it_is_told_why_there_is_nothing_to_close() {
        let runs = tempfile::tempdir().unwrap();
        let why = |folder: &Path| killed_run(folder).unwrap_err();
        let gone = runs.path().join("workspace/runs/one");
        assert_eq!(why(&gone), NotOpen::Gone);
        assert_eq!(why(&killed(runs.path(), "empty", &[])), NotOpen::NeverBegan);
        fs::create_dir(runs.path().join("bare")).unwrap();
        assert_eq!(why(&runs.path().join("bare")), NotOpen::NeverBegan);
        let path = killed(runs.path(), "one", &events());
        let open = killed_run(&path).unwrap();
        // Somebody else is at it: it may still be there when they are done.
        assert!(matches!(why(&path), NotOpen::OutOfReach(_)));
        open.close(&recovery(SafeState::Confirmed), |_| String::new(), None).unwrap();
        assert_eq!(why(&path), NotOpen::Closed);
        let torn = killed(runs.path(), "torn", &events());
        fs::write(torn.join(JOURNAL), "{}\n").unwrap();
        assert!(matches!(why(&torn), NotOpen::OutOfReach(_)));
    }

    /// Killed in the middle of any byte of its journal, a run is closed and verifies, and loses nothing that was whole.
    #[test]
    fn wherever_the_journal_breaks_off_the_run_is_closed_and_verifies() {
        let runs = tempfile::tempdir().unwrap();
        let path = killed(runs.path(), "whole", &events());
        let journal = fs::read(path.join(JOURNAL)).unwrap();
        for length in (1..journal.len()).step_by(89) {
            // Each in a chain of its own: they are one run, cut in many places.
            let alone = tempfile::tempdir().unwrap();
            let folder = alone.path().join("cut");
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join(JOURNAL), &journal[..length]).unwrap();
            let whole = read_journal(&folder.join(JOURNAL)).unwrap().0.len();
            let Some(open) = open_run(&folder) else {
                assert_eq!(whole, 0, "a run that began is found");
                continue;
            };
            let ended = open.record().cases.iter().filter(|case| case.outcome == Outcome::Passed).count();
            let record = open.close(&recovery(SafeState::Confirmed), |_| String::new(), None).unwrap();
            assert_eq!(record.outcome, Some(Outcome::Aborted));
            assert_eq!(record.cases.iter().filter(|case| case.outcome == Outcome::Passed).count(), ended);
            let verified = verify(&folder, None, false).unwrap();
            assert!(verified.is_intact(), "{length}: {:?}", verified.findings);
            assert!(read_journal(&folder.join(JOURNAL)).unwrap().0.len() > whole);
        }
    }
}
