//! What people and their tools are shown of a run: terminal, page, JUnit, GitHub.
//!
//! Every report is a consumer of the event stream or of the record; none takes part in the run.

mod against;
mod annotate;
mod attachments;
mod case_line;
mod check_line;
pub mod compare;
mod console;
mod counts;
mod ctrf;
mod ending;
mod failure;
mod html;
mod junit;
mod merge;
mod paint;
mod parts;
mod profile;
mod repeats;
mod sketch;
mod tap;

pub use annotate::{annotations, append_step_summary, step_summary};
pub use check_line::{allowed, measured};
pub use console::{Closing, Console, ConsoleOptions};
pub use ctrf::{ctrf, ctrf_of};
pub use html::page;
pub use junit::{junit, junit_of};
pub use merge::{MergeError, Part, merge};
pub use paint::{Choice, Paint};
pub use sketch::draw;
pub use tap::{tap, tap_of};
