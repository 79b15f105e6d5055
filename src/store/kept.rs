//! Reading back what was kept of a case.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use crate::capture::container::{Decoder, Fault};
use crate::judge::Basis;

use super::manifest::is_plain;
use super::names::{BASIS, EVIDENCE};
use super::{StoreError, traces};

/// A channel of raw samples on disk.
pub type TraceFile = Decoder<BufReader<File>>;

/// Why kept samples are of no use.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// The file system refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Not a container that this version reads.
    #[error("{}: {fault}", path.display())]
    Container {
        /// The file.
        path: PathBuf,
        /// Why.
        fault: Fault,
    },
    /// What the samples are to be judged by was kept in another form.
    #[error("{}: kept by {tool} in a form this stimrig does not read: {source}", path.display())]
    Basis {
        /// The file.
        path: PathBuf,
        /// Who wrote it.
        tool: String,
        /// What is other.
        source: serde_json::Error,
    },
    /// The record names no folder within the run.
    #[error("`{0}` is no folder of raw samples within the run")]
    Path(String),
}

/// The folder of a case's samples, as the record names it.
///
/// # Errors
/// When that is no folder of raw samples within the run.
pub fn case_folder(run: &Path, inside: &str) -> Result<PathBuf, KeptError> {
    let plain = is_plain(inside) && inside.strip_prefix(EVIDENCE).is_some_and(|rest| rest.starts_with('/'));
    if plain { Ok(run.join(inside)) } else { Err(KeptError::Path(inside.to_owned())) }
}

/// The folders of all cases of which there are samples, by name; a run that was killed has them too.
pub fn case_folders(run: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(run.join(EVIDENCE)).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// The channels in the folder of a case, by name.
///
/// # Errors
/// When one cannot be opened or is no container.
pub fn open_traces(case: &Path) -> Result<Vec<TraceFile>, KeptError> {
    let open = |path: PathBuf| {
        let file = File::open(&path).map_err(|source| StoreError::file(&path, "open", source))?;
        Decoder::new(BufReader::with_capacity(1 << 17, file))
            .map_err(|fault| KeptError::Container { path, fault })
    };
    traces(case)?.into_iter().map(open).collect()
}

/// What the samples in the folder of a case are judged by.
///
/// # Errors
/// When it is not there, or another version wrote it.
pub fn read_basis(case: &Path) -> Result<Basis, KeptError> {
    let path = case.join(BASIS);
    let text = fs::read(&path).map_err(|source| StoreError::file(&path, "read", source))?;
    serde_json::from_slice(&text).map_err(|source| {
        let value: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
        let tool =
            value.get("tool").and_then(serde_json::Value::as_str).unwrap_or("another stimrig").to_owned();
        KeptError::Basis { path, tool, source }
    })
}
