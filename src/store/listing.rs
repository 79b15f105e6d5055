//! Which folders are runs.

use std::fs;
use std::path::{Path, PathBuf};

use super::names::{JOURNAL, MANIFEST};
use super::{StoreError, VerifyError};

/// The runs in a folder: itself if it is one, else those directly in it, by name.
///
/// # Errors
/// When there is none.
pub fn runs_in(folder: &Path) -> Result<Vec<PathBuf>, VerifyError> {
    if is_run(folder) {
        return Ok(vec![folder.to_owned()]);
    }
    let entries =
        fs::read_dir(folder).map_err(|source| StoreError::file(folder, "read the folder", source))?;
    let mut runs: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|path| is_run(path)).collect();
    runs.sort();
    if runs.is_empty() { Err(VerifyError::NotARun(folder.to_owned())) } else { Ok(runs) }
}

/// Whether a folder has what a run leaves at its start or its end.
pub(super) fn is_run(folder: &Path) -> bool {
    folder.join(JOURNAL).is_file() || folder.join(MANIFEST).is_file()
}
