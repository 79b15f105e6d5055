//! Everything that happens in a run, as data.

use serde::{Deserialize, Serialize};

use super::{CaseRecord, InstrumentRecord, RunRecord, SafeState};

/// `interrupted` of a run in which stimrig itself went wrong.
pub const INTERNAL_ERROR: &str = "internal error";
/// `interrupted` of a run whose journal or samples could not be written.
pub const STORAGE_LOST: &str = "run not kept";
/// `interrupted` of a run whose process was killed or lost its power.
pub const HOST_LOST: &str = "host lost";

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
        /// What its record is if nothing more is heard of it.
        #[serde(default)]
        planned: Option<Box<CaseRecord>>,
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
    /// Something ended the run early.
    Interrupted {
        /// A signal (`SIGINT`, `SIGTERM`, `SIGHUP`), [`INTERNAL_ERROR`], or [`STORAGE_LOST`].
        signal: String,
    },
    /// The run's own process did not live to end it: whoever found the journal open made the bench safe and closed it.
    Recovered {
        /// When, UTC, RFC 3339.
        at: String,
        /// Name and version of the tool that did.
        tool: String,
        /// Whether the output was measured to be off then.
        safe_state: SafeState,
        /// What was found, as lowercase fragments.
        found: Vec<String>,
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
