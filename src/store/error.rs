//! Why something could not be kept or read back.

use std::io;
use std::path::{Path, PathBuf};

/// A failed access to the run history. What had been written before stays.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system refused.
    #[error("{}: {doing}: {source} ({})", path.display(), advice(source))]
    File {
        /// Which file or folder.
        path: PathBuf,
        /// What was being done, as a fragment.
        doing: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// The folder of a run could not be made.
    #[error("{0}; --runs names another folder")]
    NoFolder(Box<StoreError>),
    /// There is a file of that name.
    #[error("{}: exists already; --force overwrites it", .0.display())]
    Exists(PathBuf),
    /// Not a file: a rename would put one in its place.
    #[error("{}: is a device or pipe, and this needs a file; name one", .0.display())]
    Device(PathBuf),
    /// A record could not be turned into text.
    #[error("{}: {source}", path.display())]
    Serialize {
        /// Which file it was for.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// A line of a journal, other than a cut last one, is not an event.
    #[error("{}:{line}: not an event of this version: {source} (the file was changed, or written by a newer stimrig)", path.display())]
    Corrupt {
        /// The journal.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl StoreError {
    /// Whether there is no room left.
    pub fn is_full(&self) -> bool {
        let full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded, io::ErrorKind::FileTooLarge];
        match self {
            Self::File { source, .. } => full.contains(&source.kind()),
            Self::NoFolder(error) => error.is_full(),
            Self::Exists(_) | Self::Device(_) | Self::Serialize { .. } | Self::Corrupt { .. } => false,
        }
    }

    /// Wraps an I/O error with its file and what was being done.
    pub(super) fn file(path: &Path, doing: &'static str, source: io::Error) -> Self {
        Self::File { path: path.to_owned(), doing, source }
    }
}

/// What to do about it.
fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            "free some space; what was written before is kept"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "choose a place that you may write to"
        }
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => "something of that name is in the way",
        io::ErrorKind::NotFound => "check the path",
        _ => "check the disk, or choose another place",
    }
}

/// Why a folder cannot be verified at all.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It holds no run.
    #[error("{}: is no run: it has neither journal.jsonl nor manifest.json; name a folder such as runs/<id>, or runs for all", .0.display())]
    NotARun(PathBuf),
    /// Its manifest, or its journal, is of a newer version.
    #[error("{}: is of version {version}, newer than this stimrig reads: use a newer stimrig", path.display())]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its version.
        version: u64,
    },
    /// A file cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}
