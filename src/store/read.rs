//! Reading a run back, and finding the run that a person means.

use std::fs::{File, TryLockError};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::record::{Event, HOST_LOST, RunRecord, STORAGE_LOST, fold};

use super::chain::{Ended, read_chain};
use super::listing::runs_in;
use super::{JOURNAL, MANIFEST, RECORD, StoreError, VerifyError, read_journal};

/// Why a run cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no run of that name.
    #[error("there is no run `{wanted}` in {}: give an id or the beginning of one, a folder, `latest`, or `latest~1` for the one before", runs.display())]
    Unknown {
        /// What was asked for.
        wanted: String,
        /// Where it was looked for.
        runs: PathBuf,
    },
    /// Several runs begin like that.
    #[error("`{wanted}` is the beginning of {}: give more of the id", .found.join(", "))]
    Ambiguous {
        /// What was asked for.
        wanted: String,
        /// All that begin so, or the first of them.
        found: Vec<String>,
    },
    /// Its journal holds no beginning.
    #[error("{}: the run never began: the journal holds no whole event", .0.display())]
    NeverBegan(PathBuf),
    /// The folder holds no run.
    #[error(transparent)]
    Folder(#[from] VerifyError),
    /// The journal cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a journal comes to.
#[derive(Debug)]
pub(super) struct Known {
    pub record: RunRecord,
    /// Its last line was cut off.
    pub cut: bool,
    /// Its process still writes it.
    pub goes_on: bool,
}

/// The record of a run, folded from its journal, and whether the journal's last line was cut off. A run that neither ended nor
/// goes on is *interrupted*: what it had passed until then is not all that it was to pass.
///
/// # Errors
/// When the journal is missing, damaged, empty or of a newer version.
pub fn read_record(folder: &Path) -> Result<(RunRecord, bool), ReadError> {
    read_known(folder).map(|known| (known.record, known.cut))
}

/// As [`read_record`], and whether the run still goes on.
pub(super) fn read_known(folder: &Path) -> Result<Known, ReadError> {
    let path = folder.join(JOURNAL);
    // Asked before its journal is read: one that ends in between has its end in it then.
    let goes_on = goes_on(folder);
    let (entries, cut) = match read_journal(&path) {
        Ok(read) => read,
        Err(error @ StoreError::Corrupt { .. }) => {
            return Err(newer(&path).map_or_else(|| error.into(), ReadError::from));
        }
        Err(error) => return Err(error.into()),
    };
    let ended = entries.iter().any(|entry| matches!(entry.event, Event::RunEnded { .. }));
    // Who wrote the record lived to close the run, and could not write the end of the journal.
    let cause = if folder.join(RECORD).exists() { STORAGE_LOST } else { HOST_LOST };
    let lost = Event::Interrupted { signal: cause.to_owned() };
    let lost = (!ended && !goes_on).then_some(&lost);
    let record = fold(entries.iter().map(|entry| &entry.event).chain(lost));
    let record = record.ok_or_else(|| ReadError::NeverBegan(path.clone()))?;
    if record.version > RunRecord::VERSION {
        return Err(VerifyError::Newer { path, version: u64::from(record.version) }.into());
    }
    Ok(Known { record, cut, goes_on: goes_on && !ended })
}

/// Whether the process of a run still writes its journal. Where files cannot be locked nobody knows, and it is taken for one that
/// was killed.
pub(super) fn goes_on(folder: &Path) -> bool {
    if folder.join(MANIFEST).exists() {
        return false;
    }
    let Ok(file) = File::open(folder.join(JOURNAL)) else { return false };
    // Who has just made it is about to lock it, and is not to find it locked.
    if file.metadata().is_ok_and(|found| found.len() == 0) {
        return true;
    }
    // Shared, so that others who look do not take one another for its process; and given back at once.
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

/// What to say of a journal that states a newer version, whatever else is in it.
pub(super) fn newer(path: &Path) -> Option<VerifyError> {
    const MOST: u64 = 1 << 22;
    let mut line = Vec::new();
    BufReader::new(File::open(path).ok()?.take(MOST)).read_until(b'\n', &mut line).ok()?;
    let value: serde_json::Value = serde_json::from_slice(&line).ok()?;
    let version = value.pointer("/event/run-started/version")?.as_u64()?;
    (version > u64::from(RunRecord::VERSION)).then(|| VerifyError::Newer { path: path.to_owned(), version })
}

/// The folder of the run that a person means: a folder, `latest`, `latest~N` for the N-th before it, an id, or the beginning of one.
///
/// # Errors
/// When there is no such run, or several.
pub fn find_run(runs: &Path, wanted: &str) -> Result<PathBuf, ReadError> {
    let folder = Path::new(wanted);
    if folder.is_dir() {
        return match runs_in(folder)?.as_slice() {
            [one] if one == folder => Ok(one.clone()),
            _ => Err(VerifyError::NotARun(folder.to_owned()).into()),
        };
    }
    let unknown = || ReadError::Unknown { wanted: wanted.to_owned(), runs: runs.to_owned() };
    let names: Vec<String> = match runs_in(runs) {
        Ok(folders) => folders.iter().filter_map(|path| name_of(path)).collect(),
        Err(_) => return Err(unknown()),
    };
    if let Some(back) = back_from_latest(wanted) {
        let ordered = in_order(names, &read_chain(runs));
        return ordered.iter().rev().nth(back).map(|name| runs.join(name)).ok_or_else(unknown);
    }
    let mut found: Vec<String> = names.into_iter().filter(|name| name.starts_with(wanted)).collect();
    match found.as_slice() {
        _ if wanted.is_empty() => Err(unknown()),
        [] => Err(unknown()),
        [one] => Ok(runs.join(one)),
        several if several.iter().any(|name| name == wanted) => Ok(runs.join(wanted)),
        _ => {
            found.truncate(4);
            Err(ReadError::Ambiguous { wanted: wanted.to_owned(), found })
        }
    }
}

fn back_from_latest(wanted: &str) -> Option<usize> {
    match wanted.strip_prefix("latest")? {
        "" => Some(0),
        rest => rest.strip_prefix('~')?.parse().ok(),
    }
}

/// The folders of all runs in a folder, in the order in which they ended.
pub fn ordered_runs(runs: &Path) -> Vec<PathBuf> {
    let folders = runs_in(runs).unwrap_or_default();
    let names = folders.iter().filter(|folder| *folder != runs).filter_map(|folder| name_of(folder));
    in_order(names.collect(), &read_chain(runs)).into_iter().map(|name| runs.join(name)).collect()
}

/// The name of a run's folder.
pub(super) fn name_of(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_string_lossy().into_owned())
}

/// Runs in the order in which they ended, as the chain has it: a clock may go backwards, the chain does not. Runs that are not
/// in it come after the last of those that began before them, as their names say (an id begins with the time).
pub(super) fn in_order(mut names: Vec<String>, chain: &[Ended]) -> Vec<String> {
    names.sort();
    let mut ordered: Vec<String> = chain
        .iter()
        .filter(|line| names.binary_search(&line.run).is_ok())
        .map(|line| line.run.clone())
        .collect();
    let chained: std::collections::BTreeSet<String> = ordered.iter().cloned().collect();
    for name in names.into_iter().filter(|name| !chained.contains(name)) {
        let after = ordered.iter().rposition(|other| *other < name).map_or(0, |at| at + 1);
        ordered.insert(after, name);
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::super::{RunFolder, open_runs};
    use super::*;
    use crate::record::samples::{case, head};
    use crate::record::{Outcome, Sink as _};

    fn ended(run: &str) -> Ended {
        let (manifest, started) = (String::new(), String::new());
        Ended { rig: "sim".into(), run: run.into(), manifest, started, remade: false }
    }

    #[test]
    fn the_chain_decides_the_order_and_the_rest_is_sorted_in() {
        let names = ["a", "b", "c", "d", "z"].map(str::to_owned).to_vec();
        let chain = [ended("a"), ended("d"), ended("c"), ended("gone")];
        assert_eq!(in_order(names, &chain), ["a", "b", "d", "c", "z"].map(str::to_owned));
    }

    #[test]
    fn a_run_is_found_by_what_a_person_calls_it() {
        let runs = tempfile::tempdir().unwrap();
        for name in ["0190-aa", "0190-ab", "0191-cc"] {
            std::fs::create_dir(runs.path().join(name)).unwrap();
            std::fs::write(runs.path().join(name).join(JOURNAL), "").unwrap();
        }
        let found = |wanted: &str| find_run(runs.path(), wanted).map(|path| name_of(&path).unwrap());
        assert_eq!(found("latest").unwrap(), "0191-cc");
        assert_eq!(found("latest~2").unwrap(), "0190-aa");
        assert_eq!(found("0191").unwrap(), "0191-cc");
        assert_eq!(found("0190-ab").unwrap(), "0190-ab");
        assert!(found("0190").unwrap_err().to_string().contains("0190-aa, 0190-ab"));
        for wanted in ["latest~3", "nothing", "", "latest~x"] {
            assert!(found(wanted).unwrap_err().to_string().contains("latest~1"), "{wanted}");
        }
        let all = runs.path().display().to_string();
        assert!(found(&all).unwrap_err().to_string().contains("is no run"));
        let error = read_record(&runs.path().join("0191-cc")).unwrap_err().to_string();
        assert!(error.contains("never began"), "{error}");
        let newer = "{\"utc\":\"\",\"ns\":0,\"event\":{\"run-started\":{\"version\":2}}}\n";
        std::fs::write(runs.path().join("0191-cc").join(JOURNAL), newer).unwrap();
        let error = read_record(&runs.path().join("0191-cc")).unwrap_err().to_string();
        assert!(error.contains("version 2") && error.contains("newer"), "{error}");
    }

    #[test]
    fn a_run_that_was_killed_never_passed_and_one_that_goes_on_is_told_apart() {
        let runs = tempfile::tempdir().unwrap();
        let mut folder = RunFolder::create(runs.path(), "one").unwrap();
        let path = folder.path().to_owned();
        folder.take(&Event::RunStarted(Box::new(head())));
        folder.take(&Event::CaseEnded { case: 0, record: Box::new(case("a")) });
        let known = read_known(&path).unwrap();
        assert!(known.goes_on && known.record.interrupted.is_none(), "its process lives");
        assert!(read_known(&path).unwrap().goes_on, "to look changes nothing");
        drop(folder);
        let known = read_known(&path).unwrap();
        assert!(!known.goes_on);
        assert_eq!(known.record.interrupted.as_deref(), Some(HOST_LOST));
        assert_eq!((known.record.outcome, known.record.exit_code), (Some(Outcome::Aborted), 137));
        assert_eq!(open_runs(runs.path()).len(), 1, "who looked holds nothing");
        // Closed by its own process, which could not write that it ended.
        std::fs::write(path.join(RECORD), "{}").unwrap();
        let (record, _) = read_record(&path).unwrap();
        assert_eq!((record.interrupted.as_deref(), record.exit_code), (Some(STORAGE_LOST), 70));
    }

    #[test]
    fn what_ended_a_run_by_its_own_account_stays_the_cause() {
        let runs = tempfile::tempdir().unwrap();
        let read = |id: &str, events: &[Event]| {
            let mut folder = RunFolder::create(runs.path(), id).unwrap();
            folder.take(&Event::RunStarted(Box::new(head())));
            folder.take(&Event::CaseEnded { case: 0, record: Box::new(case("a")) });
            events.iter().for_each(|event| folder.take(event));
            let path = folder.path().to_owned();
            drop(folder);
            let record = read_record(&path).unwrap().0;
            (record.interrupted, record.exit_code)
        };
        let ended = Event::RunEnded { ended: "2026-01-02T03:04:06Z".into(), elapsed: 1.5 };
        assert_eq!(read("ended", &[ended]), (None, 0));
        let signal = Event::Interrupted { signal: "SIGINT".into() };
        assert_eq!(read("signalled", &[signal]), (Some("SIGINT".into()), 130));
    }
}
