//! Files of a run that a test report links to.

use std::path::Path;

use crate::record::{CaseRecord, Outcome};

/// A file that belongs to a case.
pub(super) struct Attachment {
    /// What it is.
    pub name: &'static str,
    /// Its media type.
    pub kind: &'static str,
    /// Where it is.
    pub path: String,
}

/// Of a case that did not pass: the page of the run, and what its raw samples are judged by, beside which they lie.
pub(super) fn attachments(case: &CaseRecord, folder: Option<&Path>) -> Vec<Attachment> {
    let quiet = matches!(case.outcome, Outcome::Passed | Outcome::Skipped);
    let Some(folder) = folder.filter(|_| !quiet) else { return Vec::new() };
    let path = |inside: &str| folder.join(inside).display().to_string();
    let page = Attachment { name: "report", kind: "text/html", path: path("report.html") };
    let samples = case.evidence.as_ref().map(|evidence| Attachment {
        name: "raw samples",
        kind: "application/json",
        path: path(&format!("{evidence}/basis.json")),
    });
    std::iter::once(page).chain(samples).collect()
}
