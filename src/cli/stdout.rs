//! Data to standard output.

use std::io::Write as _;

use crate::record::{EXIT_INTERNAL, EXIT_USAGE};
use crate::store::StoreError;

/// Output that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// A file.
    #[error(transparent)]
    File(#[from] StoreError),
    /// Standard output.
    #[error("cannot write to standard output: {0}")]
    Stdout(std::io::Error),
}

impl OutputError {
    /// The exit code: a file is one of the command line, standard output is nobody's mistake.
    pub fn code(&self) -> u8 {
        match self {
            Self::File(_) => EXIT_USAGE,
            Self::Stdout(_) => EXIT_INTERNAL,
        }
    }
}

/// What went wrong with output, if anything did, on standard error, and the exit code: `code` if nothing did.
pub fn done(output: Result<(), OutputError>, code: u8) -> u8 {
    match output {
        Ok(()) => code,
        Err(error) => {
            say!("stimrig: {error}");
            error.code()
        }
    }
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
