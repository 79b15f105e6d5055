//! What is plugged in, and what keeps a bench from working.

mod doctor;
mod finding;
mod probes;
mod returned;
mod rigs;
mod scan;
mod written;

pub use doctor::{Circumstances, examine};
pub use finding::{Finding, Severity};
pub use probes::{PluggedProbe, probes};
pub use rigs::{Bench, Reach, bench};
pub use scan::{Answer, Scanned, scan};
pub use written::rig_file;
