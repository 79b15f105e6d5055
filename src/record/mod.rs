//! What a run produced: events, and the record that is their fold.
//!
//! Execution emits [`Event`]s and nothing else; every output (journal, console, JUnit, reports) is a consumer.

mod event;
mod run_record;

pub use event::{Event, Sink};
pub use run_record::{
    BudgetRecord, CaseRecord, CheckRecord, InstantRecord, InstrumentRecord, LimitRecord, Outcome, RunRecord,
    SafeState, Verdict, WorstRecord,
};
