//! Run history on disk: one folder per run, `runs/<id>/`.
//!
//! `journal.jsonl` is the truth: each event is appended as it happens and the file is synchronised at boundaries.
//! `record.json` and `junit.xml` are derived from it and appear whole, by rename, or not at all.

mod atomic;
mod error;
mod evidence;
mod folder;
mod journal;

pub use atomic::{is_device, write_atomic};
pub use error::StoreError;
pub use evidence::{BASIS, EVIDENCE, Evidence};
pub use folder::{JOURNAL, JUNIT, RECORD, RunFolder, write_record};
pub use journal::{Entry, Journal, Medium, read_journal};
