//! Run history on disk: one folder per run, `runs/<id>/`.
//!
//! `journal.jsonl` is the truth: each event is appended as it happens and the file is synchronised at boundaries.
//! `record.json`, `junit.xml` and `report.html` are derived from it and appear whole, by rename, or not at all. `figures.jsonl` holds
//! what the pictures of the report are drawn from, `evidence/` raw samples, and `manifest.json`, written last, what all of it must be.

mod atomic;
mod chain;
mod error;
mod evidence;
mod figures;
mod flashed;
mod folder;
mod index;
mod journal;
mod kept;
mod keys;
mod listing;
mod manifest;
mod names;
mod read;
mod recover;
mod verify;

pub use atomic::{is_device, write_atomic, write_new};
pub use chain::{Ended, read_chain};
pub use error::{StoreError, VerifyError};
pub use evidence::Evidence;
pub use figures::{Stored, read_figures, read_run};
pub use flashed::{FLASHED, FlashedRecord, record_flash};
pub use folder::{RunFolder, write_record};
pub use index::{INDEX, Index, IndexError, Query, Synced, network};
pub use journal::{Entry, Journal, Medium, read_journal};
pub use kept::{KeptError, TraceFile, case_folder, case_folders, open_traces, read_basis};
pub use keys::{KeyError, Signer, make_key, read_public_key};
pub use listing::runs_in;
pub use manifest::{FileEntry, Link, Manifest};
pub use names::{BASIS, CHAIN, EVIDENCE, FIGURES, JOURNAL, JUNIT, MANIFEST, RECORD, REPORT, SIGNATURE};
pub use read::{ReadError, find_run, ordered_runs, read_record};
pub use recover::{NotOpen, OpenRun, Recovery, killed_run, open_run, open_runs};
pub use verify::{Finding, Verification, traces, verify};

#[cfg(test)]
pub(super) mod tests;
