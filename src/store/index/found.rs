//! A run in the index, and whether it is asked for.

use std::path::Path;

use crate::record::{Bundle, PastRun, identity_begins};
use crate::store::MANIFEST;
use crate::store::chain::Ended;

/// Which part of the past is wanted. Everything is optional.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// Only this measurand; without it, all.
    pub measurand: Option<String>,
    /// Only runs of this device.
    pub dut: Option<String>,
    /// Only runs on this rig.
    pub rig: Option<String>,
    /// Only runs of a firmware whose hash begins so.
    pub firmware: Option<String>,
    /// Only cases whose name or file holds this.
    pub scenario: Option<String>,
    /// Only runs that began then or later, nanoseconds since 1970.
    pub since: Option<i64>,
    /// Only the latest so many runs; 0 for all.
    pub limit: usize,
    /// Runs with deliberate defects too.
    pub defects: bool,
}

/// A run's row.
pub(super) struct Found {
    pub(super) id: i64,
    /// Its start, nanoseconds since 1970; 0 where it is not known.
    pub(super) started_ns: i64,
    /// Why it cannot be read.
    pub(super) trouble: Option<String>,
    /// Hash of its manifest; empty without one.
    pub(super) manifest: String,
    pub(super) run: PastRun,
}

impl Found {
    /// The run, beside the chain: what is in it had that manifest, and without one or with another is not what it was. So is a folder
    /// that the chain knows as that of another run. Asked each time, because the chain is not among what the index is compared with.
    pub(super) fn beside(mut self, chain: &[Ended], runs: &Path) -> Self {
        let mut own = chain.iter().filter(|line| line.run == self.run.id || line.run == self.run.folder);
        // One that has just ended may have been sealed since it was indexed.
        let missing = || !runs.join(&self.run.folder).join(MANIFEST).exists();
        let altered = match self.run.bundle {
            Bundle::Unsealed => own.next().is_some() && missing(),
            Bundle::Sealed => own.any(|line| line.manifest != self.manifest),
            Bundle::Altered => true,
        };
        if altered {
            self.run.bundle = Bundle::Altered;
        }
        self
    }
}

/// Whether a run is among those that are asked for.
pub(super) fn wants(query: &Query, found: &Found) -> bool {
    let is = |wanted: &Option<String>, value: &str| wanted.as_ref().is_none_or(|wanted| wanted == value);
    let begins = query.firmware.as_ref().is_none_or(|wanted| identity_begins(&found.run.firmware, wanted));
    found.trouble.is_none()
        && found.run.bundle != Bundle::Altered
        && is(&query.dut, &found.run.dut)
        && is(&query.rig, &found.run.rig)
        && begins
        && query.since.is_none_or(|since| found.started_ns >= since)
        && (query.defects || found.run.defects.is_empty())
}
