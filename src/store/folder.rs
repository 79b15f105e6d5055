//! The folder of one run.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::record::{Event, RunRecord, Sink};

use super::chain::{Chain, Ended};
use super::manifest::{Tree, sha256};
use super::names::{JOURNAL, MANIFEST, RECORD, SIGNATURE};
use super::{Evidence, Journal, Manifest, Signer, StoreError, atomic, write_atomic};

/// A run being kept: a sink of its events that closes with the files derived from them.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    journal: Journal<File>,
    /// No room was left: the run ends on what was kept in reserve.
    short: Arc<AtomicBool>,
    /// What said so.
    full: Option<StoreError>,
}

/// A file that takes up what it takes to close a run, until there is no room left for anything else.
const RESERVE: &str = "reserve";
/// Its length, bytes: the last lines of the journal, the record, the report and the manifest of some dozens of cases.
const RESERVED: usize = 512 << 10;

impl RunFolder {
    /// Creates `runs/<id>/` and its journal.
    ///
    /// Called before anything is energised: a run that could not be kept is not worth running.
    ///
    /// # Errors
    /// When the folder or the journal cannot be created, or a run of that id exists. Nothing of it is left then: a journal without a
    /// line would look like that of a run that was killed.
    pub fn create(runs: &Path, id: &str) -> Result<Self, StoreError> {
        let path = runs.join(id);
        let made = |folder: &Path, made: std::io::Result<()>| {
            made.map_err(|source| StoreError::file(folder, "create the folder", source))
        };
        let made = made(runs, fs::create_dir_all(runs)).and_then(|()| made(&path, fs::create_dir(&path)));
        let created = made.and_then(|()| {
            Self::begun(&path).inspect_err(|_| {
                // The first error is the one to report.
                let _ = fs::remove_dir_all(&path);
            })
        });
        created.map_err(|error| StoreError::NoFolder(Box::new(error)))
    }

    /// The journal of a run whose folder is new, and room to close it.
    fn begun(path: &Path) -> Result<Self, StoreError> {
        atomic::sync_folder(path);
        let journal = Journal::create(&path.join(JOURNAL))?;
        atomic::sync_folder(&path.join(JOURNAL));
        let folder = Self { path: path.to_owned(), journal, short: Arc::default(), full: None };
        let reserve = folder.path.join(RESERVE);
        // Not zeros: those might take no room.
        let reserved = fs::write(&reserve, vec![0xa5; RESERVED]);
        reserved.map_err(|source| StoreError::file(&reserve, "keep room to close the run", source))?;
        Ok(folder)
    }

    /// Goes on with the folder of a run that another process began.
    pub(super) fn resume(path: &Path, journal: Journal<File>) -> Self {
        Self { path: path.to_owned(), journal, short: Arc::default(), full: None }
    }

    /// Whether no room was left: what follows of the run is for closing it.
    pub fn is_short(&self) -> bool {
        self.short.load(Ordering::SeqCst)
    }

    /// Gives the reserve back; false if there is none.
    fn release(&self) -> bool {
        fs::remove_file(self.path.join(RESERVE)).is_ok()
    }

    /// Closes the run: the hash of every file in it, chained to the run before on the same rig, and signed if there is a key.
    /// Nothing may be written into the folder after this.
    ///
    /// # Errors
    /// When a file cannot be read, or the manifest or the chain not be written.
    pub fn seal(&self, record: &RunRecord, signer: Option<&Signer>) -> Result<(), StoreError> {
        let runs = self.path.parent().unwrap_or(Path::new("."));
        let files = Tree::read(&self.path)?.files;
        let mut chain = Chain::hold(runs)?;
        let manifest = Manifest {
            version: Manifest::VERSION,
            run: record.id.clone(),
            rig: record.rig.clone(),
            tool: record.tool.clone(),
            started: record.started.clone(),
            previous: chain.latest(&record.rig).map(Ended::link),
            signer: signer.map(Signer::public),
            files,
            digest: String::new(),
        };
        let path = self.path.join(MANIFEST);
        let text = manifest.seal().map_err(|source| StoreError::Serialize { path: path.clone(), source })?;
        if let Some(signer) = signer {
            write_atomic(&self.path.join(SIGNATURE), &signer.sign(&text))?;
        }
        write_atomic(&path, &text)?;
        let (rig, run, started) = (record.rig.clone(), record.id.clone(), record.started.clone());
        chain.append(runs, Ended { rig, run, manifest: sha256(&text), started, remade: false })
    }

    /// Where the raw samples of its cases go. `patient`, `alarm`: see [`Evidence::new`].
    pub fn evidence(&self, run: &str, patient: bool, alarm: impl Fn() + Send + Sync + 'static) -> Evidence {
        Evidence::new(&self.path, run, patient, Arc::clone(&self.short), alarm)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the record and what else is derived from it, each a name and a text. The journal stays as it is even if this fails.
    ///
    /// # Errors
    /// The journal's own error first, as it is the older one, even if the reserve was enough to go on; else that of
    /// `record.json`, then those of the others. All files are attempted.
    pub fn finish(&mut self, record: &RunRecord, derived: &[(&str, &str)]) -> Result<(), StoreError> {
        self.release();
        let record = write_record(&self.path.join(RECORD), record);
        let others = derived.iter().map(|(name, text)| write_atomic(&self.path.join(name), text.as_bytes()));
        let others = others.fold(Ok(()), Result::and);
        self.full.take().or(self.journal.take_error()).map_or(Ok(()), Err).and(record).and(others)
    }
}

/// Writes a record as indented JSON that ends in a newline.
///
/// # Errors
/// When it cannot be serialised or written.
pub fn write_record(path: &Path, record: &RunRecord) -> Result<(), StoreError> {
    let mut text = serde_json::to_vec_pretty(record)
        .map_err(|source| StoreError::Serialize { path: path.to_owned(), source })?;
    text.push(b'\n');
    write_atomic(path, &text)
}

impl Sink for RunFolder {
    fn take(&mut self, event: &Event) {
        let sound = self.journal.error().is_none();
        self.journal.take(event);
        if sound && self.journal.error().is_some() {
            // Samples may not take the room that the run's end needs.
            self.short.store(true, Ordering::SeqCst);
            if self.journal.is_full() && self.release() {
                self.full = self.journal.take_error();
                self.journal.take(event);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::names::JUNIT;
    use super::super::read_journal;
    use super::*;
    use crate::record::fold;
    use crate::record::samples::{case, head};

    #[test]
    fn a_stored_run_replays_to_the_same_record() {
        let runs = tempfile::tempdir().unwrap();
        let mut folder = RunFolder::create(&runs.path().join("new/runs"), "one").unwrap();
        let events = [
            Event::RunStarted(Box::new(head())),
            Event::CaseEnded { case: 0, record: Box::new(case("a")) },
            Event::RunEnded { ended: "2026-01-02T03:04:06Z".into(), elapsed: 1.5 },
        ];
        events.iter().for_each(|event| folder.take(event));
        folder.finish(&fold(&events).unwrap(), &[(JUNIT, "<testsuites/>")]).unwrap();

        let (entries, _) = read_journal(&folder.path().join(JOURNAL)).unwrap();
        let replayed = fold(entries.iter().map(|entry| &entry.event)).unwrap();
        let stored = fs::read_to_string(folder.path().join(RECORD)).unwrap();
        assert_eq!(serde_json::from_str::<RunRecord>(&stored).unwrap(), replayed);
        assert_eq!(fs::read_to_string(folder.path().join(JUNIT)).unwrap(), "<testsuites/>");
    }

    #[test]
    fn a_run_of_that_id_is_never_overwritten() {
        let runs = tempfile::tempdir().unwrap();
        RunFolder::create(runs.path(), "one").unwrap();
        let error = RunFolder::create(runs.path(), "one").unwrap_err().to_string();
        assert!(error.contains("one") && error.contains("--runs"), "{error}");
        assert!(runs.path().join("one").join(JOURNAL).exists(), "what is there stays");
    }

    #[test]
    fn nothing_is_left_of_a_folder_that_could_not_be_begun() {
        // Linux takes paths of up to 4095 bytes: that of the folder is one, that of its journal is none.
        let folder = tempfile::tempdir().unwrap();
        let mut runs = folder.path().to_owned();
        let left = |runs: &Path| 4090 - "/one".len() - runs.as_os_str().len();
        while left(&runs) > 0 {
            let length = if left(&runs) > 250 { 200 } else { left(&runs) - 1 };
            runs.push("x".repeat(length));
        }
        let error = RunFolder::create(&runs, "one").unwrap_err();
        assert!(error.to_string().contains("journal.jsonl: create") && !error.is_full(), "{error}");
        assert!(runs.is_dir() && !runs.join("one").exists());
    }

    #[test]
    fn a_full_disk_is_told_from_a_folder_that_is_forbidden() {
        let of = |kind: std::io::ErrorKind| {
            StoreError::NoFolder(Box::new(StoreError::file(Path::new("runs"), "create", kind.into())))
        };
        assert!(of(std::io::ErrorKind::StorageFull).is_full());
        let forbidden = of(std::io::ErrorKind::PermissionDenied);
        assert!(!forbidden.is_full());
        let told = forbidden.to_string();
        assert!(
            told.ends_with("(choose a place that you may write to); --runs names another folder"),
            "{told}"
        );
    }

    #[test]
    fn a_folder_that_cannot_be_made_says_which_and_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let in_the_way = folder.path().join("runs");
        fs::write(&in_the_way, "a file").unwrap();
        let error = RunFolder::create(&in_the_way, "one").unwrap_err().to_string();
        assert!(error.contains("in the way") && error.contains("--runs"), "{error}");
        assert_eq!(fs::read_to_string(&in_the_way).unwrap(), "a file");
    }

    #[test]
    fn records_that_cannot_be_written_leave_the_journal() {
        let runs = tempfile::tempdir().unwrap();
        let mut folder = RunFolder::create(runs.path(), "one").unwrap();
        folder.take(&Event::RunStarted(Box::new(head())));
        fs::create_dir_all(folder.path().join(RECORD).join("in the way")).unwrap();
        assert!(folder.finish(&head(), &[(JUNIT, "<testsuites/>")]).is_err());
        assert_eq!(read_journal(&folder.path().join(JOURNAL)).unwrap().0.len(), 1);
        assert!(folder.path().join(JUNIT).exists(), "one file's failure does not lose the other");
    }
}
