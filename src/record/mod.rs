//! What a run produced: events, and the record that is their fold.
//!
//! Execution emits [`Event`]s and nothing else; every output (journal, console, JUnit, reports) is a consumer.

mod archive;
mod compare;
mod conform;
mod differ;
mod event;
mod figures;
mod fold;
mod past;
mod readable;
mod run_record;
#[cfg(test)]
pub(crate) mod samples;
mod schema;

pub use archive::{Archive, CaseArchive, Kept};
pub use compare::{CaseChange, CheckChange, Comparison, Difference, compare, difference};
pub use differ::differences;
pub use event::{Event, HOST_LOST, INTERNAL_ERROR, STORAGE_LOST, Sink};
pub use figures::{
    CaseFigures, CheckFigure, Histogram, MarkFigure, OverlayFigure, PhaseFigure, Points, PulseFigure, Trace,
};
pub use fold::{EXIT_INTERNAL, EXIT_RIG, EXIT_UNSAFE, EXIT_USAGE, Fold, exit_code, exit_meaning, fold};
pub use past::{Attempt, Bundle, CheckLine, Past, PastRun, Reading};
pub use readable::{identity_begins, instant, readable, short_identity, spelled};
pub use run_record::{
    BudgetRecord, CaseRecord, CheckRecord, InstantRecord, InstrumentRecord, LimitRecord, LogRecord, Outcome,
    ProfileRecord, RunRecord, SafeState, Sketch, Verdict, WorstRecord,
};
pub use schema::schema;
