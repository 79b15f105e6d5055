//! Raw samples as evidence: which are kept, and with what.

use crate::judge::Basis;
use crate::measure::Setup;
use crate::record::{Archive, CaseArchive, CaseRecord, Outcome};
use crate::scenario::Plan;

/// Of which cases the raw samples are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keep {
    /// Of all.
    Always,
    /// Of those that did not pass. They are written while measured all the same, and removed after a pass.
    #[default]
    Failures,
    /// Of none.
    Never,
}

/// What a case must know to keep its samples.
pub(super) struct Keeping<'a> {
    pub case: usize,
    pub policy: Keep,
    pub tool: &'a str,
    pub archive: &'a dyn Archive,
}

impl Keeping<'_> {
    /// Where the samples of a plan go, if anywhere.
    pub(super) fn begin(&self, plan: &Plan, setup: &Setup) -> Option<Box<dyn CaseArchive>> {
        (self.policy != Keep::Never).then(|| self.archive.begin(self.case, &plan.case.name, setup))
    }
}

/// Keeps the samples of a case that has been judged, or lets them go; the record says which.
pub(super) fn conclude(
    archive: Option<Box<dyn CaseArchive>>,
    keeping: &Keeping<'_>,
    basis: impl FnOnce() -> Basis,
    record: &mut CaseRecord,
) {
    let Some(archive) = archive else { return };
    let wanted = keeping.policy == Keep::Always || record.outcome != Outcome::Passed;
    let kept = match wanted.then(|| basis().to_json()).transpose() {
        Ok(json) => archive.end(json.as_deref()),
        Err(error) => {
            record.notes.push(format!("raw samples are not kept: {error}"));
            archive.end(None)
        }
    };
    record.evidence = kept.folder;
    record.notes.extend(kept.trouble.map(|trouble| format!("raw samples: {trouble}")));
}
