//! Reading a run back, and finding the run that a person means.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::record::{RunRecord, fold};

use super::chain::{Ended, read_chain};
use super::verify::runs_in;
use super::{JOURNAL, StoreError, VerifyError, read_journal};

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

/// The record of a run, folded from its journal, and whether the journal's last line was cut off.
///
/// # Errors
/// When the journal is missing, damaged, empty or of a newer version.
pub fn read_record(folder: &Path) -> Result<(RunRecord, bool), ReadError> {
    let path = folder.join(JOURNAL);
    let (entries, cut) = match read_journal(&path) {
        Ok(read) => read,
        Err(error @ StoreError::Corrupt { .. }) => {
            return Err(newer(&path).map_or_else(|| error.into(), ReadError::from));
        }
        Err(error) => return Err(error.into()),
    };
    let record = fold(entries.iter().map(|entry| &entry.event));
    let record = record.ok_or_else(|| ReadError::NeverBegan(path.clone()))?;
    if record.version > RunRecord::VERSION {
        return Err(VerifyError::Newer { path, version: u64::from(record.version) }.into());
    }
    Ok((record, cut))
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
    use super::*;

    fn ended(run: &str) -> Ended {
        Ended { rig: "sim".into(), run: run.into(), manifest: String::new(), started: String::new() }
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
}
