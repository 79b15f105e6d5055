//! Text files that a user names.

use std::io::Read as _;
use std::path::Path;

use crate::source::{Diagnostic, Source};

/// Reads a text file within the size limit.
///
/// # Errors
/// A diagnostic that says why not: missing, a folder, too large, not text.
pub(super) fn read(path: &Path) -> Result<Source, Box<Diagnostic>> {
    let name = path.display().to_string();
    let failed =
        |error: std::io::Error| Diagnostic::of_file(&name, &format!("cannot be read: {error}"), None);
    let file = std::fs::File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    if size > Source::MAX_BYTES as u64 {
        return Err(Box::new(Source::too_large(&name, size)));
    }
    // The size of a pipe is not known beforehand.
    let mut bytes = Vec::with_capacity(size as usize + 1);
    file.take(Source::MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    Source::from_bytes(&name, &bytes)
}
