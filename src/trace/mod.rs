//! Which requirement is proved, by which scenario, on which firmware, and at which fidelity.
//!
//! Pure: requirements, the cases as they are now and the records of all runs are handed in. Three rules:
//!
//! * **Only what counts.** A run counts if its bundle is sealed and intact and its stimulator had no deliberate defect. Of one that was
//!   killed what did not pass counts, and nothing else: killing a run makes no failure of it undone.
//! * **Only what is current.** A record proves a case as long as the scenario, its limit profiles, the phantom and the firmware are
//!   those it was judged with. What is older is *stale*: it neither proves nor disproves.
//! * **The worst counts.** Of the current records of a case, the worst judgement stands; running it again never turns it green. A
//!   run that judged nothing (invalid, rig error, aborted) stands until a later one judges.

mod cell;
mod column;
mod csv;
mod json;
mod matrix;
mod page;
mod text;

use crate::record::RunRecord;
use crate::scenario::Case;

pub use cell::{Cell, Standing};
pub use column::{Column, Level};
pub use csv::csv;
pub use json::json;
pub use matrix::{Matrix, Row, Status, trace};
pub use page::page;
pub use text::text;

/// A case as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Now {
    /// Scenario file.
    pub scenario: String,
    /// Name of the case.
    pub name: String,
    /// Requirements it verifies.
    pub verifies: Vec<String>,
    /// Asks for a rig.
    pub rig_only: bool,
    /// SHA-256 of the scenario file.
    pub hash: String,
    /// The phantom: name and SHA-256.
    pub phantom: (String, String),
    /// Limit profiles: name and SHA-256, in order.
    pub profiles: Vec<(String, String)>,
}

impl From<&Case> for Now {
    fn from(case: &Case) -> Self {
        Self {
            scenario: case.file.clone(),
            name: case.name.clone(),
            verifies: case.verifies.clone(),
            rig_only: case.min_fidelity == crate::scenario::Fidelity::Rig,
            hash: case.hash.clone(),
            phantom: (case.phantom.name.clone(), case.phantom.hash.clone()),
            profiles: case
                .limits
                .iter()
                .map(|profile| (profile.name.clone(), profile.hash.clone()))
                .collect(),
        }
    }
}

/// A run that is there.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its record.
    pub record: RunRecord,
    /// Why it does not count; none if it does.
    pub not_counted: Option<String>,
    /// It was killed: what it had passed until then proves nothing, and what had failed still stands.
    pub killed: bool,
}

#[cfg(test)]
mod tests;
