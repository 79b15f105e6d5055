//! Which run is meant where a command takes one.

use std::path::{Path, PathBuf};

use crate::store::{ReadError, find_run};

/// A folder as it stands (whoever reads it tells what it is not), else the run of that name among `runs`: `latest`, `latest~1` for the
/// one before it, an id, or the beginning of one.
///
/// # Errors
/// When there is no such run, or several.
pub(super) fn folder_of(runs: &Path, named: &Path) -> Result<PathBuf, ReadError> {
    if named.exists() { Ok(named.to_owned()) } else { find_run(runs, &named.to_string_lossy()) }
}
