//! `flashed.jsonl` in the folder of all runs: one line for each image that was written into a target.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::StoreError;

/// Name of the list in the folder of all runs.
pub const FLASHED: &str = "flashed.jsonl";

/// An image that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlashedRecord {
    /// UTC, RFC 3339.
    pub time: String,
    /// Rig.
    pub rig: String,
    /// SHA-256 of the rig file, hexadecimal.
    pub rig_hash: String,
    /// Chip.
    pub chip: String,
    /// The probe's unique id.
    pub probe: String,
    /// File name of the image.
    pub image: String,
    /// Bytes written.
    pub bytes: u64,
    /// SHA-256 over them as read back from the target, hexadecimal.
    pub firmware: String,
    /// Version of the tool.
    pub tool: String,
}

/// Adds a line.
///
/// # Errors
/// What the file system says.
pub fn record_flash(runs: &Path, flashed: &FlashedRecord) -> Result<(), StoreError> {
    std::fs::create_dir_all(runs).map_err(|source| StoreError::file(runs, "create", source))?;
    let path = runs.join(FLASHED);
    let mut line =
        serde_json::to_vec(flashed).map_err(|source| StoreError::Serialize { path: path.clone(), source })?;
    line.push(b'\n');
    let file = File::options().append(true).create(true).open(&path);
    let mut file = file.map_err(|source| StoreError::file(&path, "open", source))?;
    file.write_all(&line).map_err(|source| StoreError::file(&path, "append a line", source))?;
    file.sync_all().map_err(|source| StoreError::file(&path, "synchronise", source))
}
