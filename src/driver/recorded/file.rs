//! A recording's file.

use std::fs::File;
use std::path::Path;

use crate::capture;

/// The bytes of a recording, as many as are read of one ([`capture::MAX_BYTES`]).
///
/// # Errors
/// A lowercase fragment that begins with the path: why it cannot be read and, where the file itself is at fault, what to do.
pub fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    let shown = path.display().to_string();
    let opened = File::open(path).and_then(|file| Ok((file.metadata()?.len(), file)));
    let (length, file) = opened.map_err(|error| format!("{shown}: {error}"))?;
    capture::bytes(&shown, file, length).map_err(|error| format!("{error}: {}", error.fault.help()))
}
