//! What a judgement needs besides the samples, as it is kept beside them.

use serde::{Deserialize, Serialize};

use crate::measure::{Recording, Setup};
use crate::record::CheckRecord;
use crate::scenario::Case;
use crate::signal::Program;

use super::{Facts, judge};

/// A program the recorder was told of while it measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProgramChange {
    /// Fast samples it had seen when it was told.
    pub arrived: u64,
    /// First sample at which it is in force.
    pub from: u64,
    /// The program.
    pub program: Program,
}

/// Everything besides the samples: with them, a judgement can be repeated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Basis {
    /// Of this format: 1.
    pub version: u32,
    /// Version of the tool that judged.
    pub tool: String,
    /// The case as it was run.
    pub case: Case,
    /// What the runner knew.
    pub facts: Facts,
    /// What the recorder was told of the stream.
    pub setup: Setup,
    /// What it was told on the way, in order.
    pub programs: Vec<ProgramChange>,
    /// Whether the checks were judged at all: not after a lost instrument or a signal.
    pub judged: bool,
}

impl Basis {
    /// The version written.
    pub const VERSION: u32 = 1;

    /// As indented JSON.
    ///
    /// # Errors
    /// Only if a value has no form in JSON.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        Ok(text)
    }

    /// The checks of the case against a recording of its samples.
    pub fn judge(&self, recording: &Recording) -> Vec<CheckRecord> {
        if self.judged { judge(&self.case, &self.facts, recording) } else { Vec::new() }
    }
}
