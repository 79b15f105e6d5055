//! Everything that happens in a run, as data.

use serde::{Deserialize, Serialize};

use super::{CaseRecord, InstrumentRecord, RunRecord};

/// One thing that happened. The journal is a list of these; the record is their fold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// The run began; carries the record's head with no cases yet.
    RunStarted(Box<RunRecord>),
    /// An instrument identified itself (once per run and role).
    Identified(InstrumentRecord),
    /// A case began.
    CaseStarted {
        /// Position among the selected cases, from 0.
        case: usize,
        /// Its name.
        name: String,
    },
    /// A step of a case was reached, a fault injected, a status seen: what a person following the run wants to know.
    Progress {
        /// Which case.
        case: usize,
        /// Scenario time, s.
        time: f64,
        /// What happened, as a lowercase fragment.
        what: String,
    },
    /// The stimulator's firmware logged a line.
    Logged {
        /// Which case.
        case: usize,
        /// Scenario time at which it was read, s.
        time: f64,
        /// The line.
        line: String,
    },
    /// A case ended, judged.
    CaseEnded {
        /// Which case.
        case: usize,
        /// Its record.
        record: Box<CaseRecord>,
    },
    /// A signal arrived.
    Interrupted {
        /// `SIGINT` or `SIGTERM`.
        signal: String,
    },
    /// The run ended.
    RunEnded {
        /// UTC, RFC 3339.
        ended: String,
        /// Monotonic length, s.
        elapsed: f64,
    },
}

/// A consumer of events. A sink never fails the run: it keeps its own error for the end.
pub trait Sink {
    /// Takes one event.
    fn take(&mut self, event: &Event);
}
