//! One integration binary (link time), one module per subject.

mod filter;
mod language;
mod phantom;
mod report;
mod shipped;
