//! Where a result goes, and what it says about its origin.

use std::path::{Path, PathBuf};

use crate::record::{EXIT_INTERNAL, EXIT_USAGE};
use crate::store::{JOURNAL, MANIFEST, RECORD, write_atomic};

use super::stdout::print;

/// What every page says about its origin.
pub(super) fn provenance() -> String {
    let day = jiff::Timestamp::now().strftime("%Y-%m-%d");
    format!("stimrig {} ({}), {day}.", env!("CARGO_PKG_VERSION"), env!("STIMRIG_GIT"))
}

/// The name of a plot: under another one a viewer would look for another format in it.
pub(super) fn svg(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let is_svg = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("svg"));
    if is_svg { Ok(path) } else { Err("a plot is written as SVG: end the name in .svg".to_owned()) }
}

/// Prints a result, or writes it to a file; returns `code`, or that of what went wrong.
pub(super) fn put(text: &str, file: Option<&Path>, code: u8) -> u8 {
    let done = match file {
        Some(path) => write(path, text).map_err(|error| (EXIT_USAGE, error)),
        None => print(text).map_err(|error| (EXIT_INTERNAL, error.to_string())),
    };
    match done {
        Ok(()) => code,
        Err((code, error)) => {
            say!("stimrig: {error}");
            code
        }
    }
}

/// Writes a file, but never another one into a run that is sealed.
///
/// # Errors
/// Where it would change a run, and when it cannot be written.
pub(super) fn write(path: &Path, text: &str) -> Result<(), String> {
    if is_in_a_sealed_run(path) {
        let same = std::fs::read(path).is_ok_and(|there| there == text.as_bytes());
        return if same {
            Ok(())
        } else {
            Err(format!("{}: the run is sealed, and this would change it; write elsewhere", path.display()))
        };
    }
    write_atomic(path, text.as_bytes()).map_err(|error| error.to_string())
}

/// Whether a file lies, or would lie, in the folder of a run that is sealed, or in one below it.
pub(super) fn is_in_a_sealed_run(path: &Path) -> bool {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Where it truly is: by way of `..`, or of a link, it may be in a run whose name is not in the path.
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    // Alone, a file of that name is that of something else, such as of a web page.
    let is_sealed = |folder: &Path| {
        folder.join(MANIFEST).is_file() && (folder.join(JOURNAL).is_file() || folder.join(RECORD).is_file())
    };
    folder.ancestors().any(is_sealed)
}
