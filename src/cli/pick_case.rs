//! One case of a scenario, for the commands that look at one.

use std::path::{Path, PathBuf};

use crate::scenario::Case;
use crate::source::{Diagnostic, render};

use super::load::load_cases;

/// Why there is no one case.
#[derive(Debug, thiserror::Error)]
pub enum NoCase {
    /// The file has problems.
    #[error("the scenario cannot be read\n{}", render(.0, false).trim_end())]
    Problems(Vec<Diagnostic>),
    /// The matrix has several.
    #[error("{file} has {count} cases: choose one with {file}#1 … {file}#{count}")]
    Several {
        /// The file.
        file: String,
        /// Its cases.
        count: usize,
    },
    /// No case of that number.
    #[error("{file} has no case {number}: it has {count}")]
    Missing {
        /// The file.
        file: String,
        /// The number asked for.
        number: usize,
        /// Its cases.
        count: usize,
    },
}

/// Reads a scenario and picks a case: that of `number` (from 1), that of `FILE#N`, else its only one.
///
/// # Errors
/// [`NoCase`].
pub fn pick_case(path: &Path, number: Option<usize>) -> Result<Case, NoCase> {
    let loaded = load_cases(&[PathBuf::from(path)]).map_err(NoCase::Problems)?;
    let (file, count) = (path.display().to_string(), loaded.cases.len());
    let mut cases = loaded.cases.into_iter();
    match number {
        Some(number) => {
            cases.find(|case| case.number == number).ok_or(NoCase::Missing { file, number, count })
        }
        None => cases.next().filter(|_| count == 1).ok_or(NoCase::Several { file, count }),
    }
}
