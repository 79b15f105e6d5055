//! Where a result goes, and what it says about its origin.

use std::path::Path;

use crate::record::{EXIT_INTERNAL, EXIT_USAGE};
use crate::store::write_atomic;

use super::stdout::print;

/// What every page says about its origin.
pub(super) fn provenance() -> String {
    let day = jiff::Timestamp::now().strftime("%Y-%m-%d");
    format!("stimrig {} ({}), {day}.", env!("CARGO_PKG_VERSION"), env!("STIMRIG_GIT"))
}

/// Prints a result, or writes it to a file; returns `code`, or that of what went wrong.
pub(super) fn put(text: &str, file: Option<&Path>, code: u8) -> u8 {
    let done = match file {
        Some(path) => write_atomic(path, text.as_bytes()).map_err(|error| (EXIT_USAGE, error.to_string())),
        None => print(text).map_err(|error| (EXIT_INTERNAL, error.to_string())),
    };
    match done {
        Ok(()) => code,
        Err((code, error)) => {
            eprintln!("stimrig: {error}");
            code
        }
    }
}
