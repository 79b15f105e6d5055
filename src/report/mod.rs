//! What people and their tools are shown of a run: terminal, JUnit, GitHub.
//!
//! Every report is a consumer of the event stream or of the record; none takes part in the run.

mod annotate;
mod case_line;
mod check_line;
pub mod compare;
mod console;
mod failure;
mod junit;
mod paint;
mod profile;
mod repeats;
mod sketch;

pub use annotate::{annotations, append_step_summary, step_summary};
pub use check_line::{allowed, measured};
pub use console::{Console, ConsoleOptions};
pub use junit::junit;
pub use paint::{Choice, Paint};
pub use sketch::draw;
