//! Data to standard output and to files.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::store::is_device;

/// Output that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// A file.
    #[error("cannot write {}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Standard output.
    #[error("cannot write to standard output: {0}")]
    Stdout(std::io::Error),
}

/// Writes a file whole or not at all: beside it first, then renamed over it. A device such as `/dev/stdout` is written
/// to as it is.
///
/// # Errors
/// [`OutputError::File`]; nothing is left behind then.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), OutputError> {
    if is_device(path) {
        let written = std::fs::OpenOptions::new().write(true).open(path);
        let written = written.and_then(|mut file| file.write_all(bytes));
        return written.map_err(|source| OutputError::File { path: path.to_owned(), source });
    }
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let beside = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let written = std::fs::write(&beside, bytes).and_then(|()| std::fs::rename(&beside, path));
    written.map_err(|source| {
        // The error to report is the first one; a leftover that cannot be removed adds nothing to it.
        let _ = std::fs::remove_file(&beside);
        OutputError::File { path: path.to_owned(), source }
    })
}

/// Prints data; a reader that has gone away (`| head`) is no error.
///
/// # Errors
/// [`OutputError::Stdout`].
pub fn print(text: &str) -> Result<(), OutputError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(OutputError::Stdout(error)),
        _ => Ok(()),
    }
}

/// Streams data to standard output through a buffer.
///
/// # Errors
/// [`OutputError::Stdout`], but for a reader that has gone away.
pub fn stream(write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> Result<(), OutputError> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(OutputError::Stdout(error)),
        _ => Ok(()),
    }
}
