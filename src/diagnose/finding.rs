//! One thing that was looked at.

use serde::Serialize;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// As it should be.
    Good,
    /// The bench works, but not for sure.
    Warning,
    /// The bench does not work.
    Error,
}

/// What was looked at, what was found, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What was looked at.
    pub subject: String,
    /// What was found, as a fragment.
    pub found: String,
    /// What to do; `None` when nothing has to be done.
    pub remedy: Option<String>,
}

impl Finding {
    pub(super) fn good(subject: impl Into<String>, found: impl Into<String>) -> Self {
        Self { severity: Severity::Good, subject: subject.into(), found: found.into(), remedy: None }
    }

    pub(super) fn warning(
        subject: impl Into<String>,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let remedy = Some(remedy.into());
        Self { severity: Severity::Warning, subject: subject.into(), found: found.into(), remedy }
    }

    pub(super) fn error(
        subject: impl Into<String>,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { severity: Severity::Error, ..Self::warning(subject, found, remedy) }
    }
}
