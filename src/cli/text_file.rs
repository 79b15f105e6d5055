//! Text files that a user names.

use std::io::Read as _;
use std::path::Path;

use crate::source::{Diagnostic, Source, nearest};

/// Reads a text file within the size limit.
///
/// # Errors
/// A diagnostic that says why not: missing, a folder, too large, not text.
pub(super) fn read(path: &Path) -> Result<Source, Box<Diagnostic>> {
    let name = path.display().to_string();
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Diagnostic::of_file(&name, "cannot be read: there is no such file", near_to(path).as_deref())
        }
        _ => Diagnostic::of_file(&name, &format!("cannot be read: {error}"), None),
    };
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

/// What is there and is called nearly so, as a help.
pub(super) fn near_to(path: &Path) -> Option<String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let names: Vec<String> = std::fs::read_dir(folder)
        .map(|entries| {
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
        })
        .unwrap_or_default();
    let name = path.file_name()?.to_string_lossy().into_owned();
    let near = folder.join(nearest(&name, names.iter().map(String::as_str))?).display().to_string();
    Some(format!("did you mean `{}`?", near.trim_start_matches("./")))
}
