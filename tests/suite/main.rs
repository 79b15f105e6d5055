//! One integration binary (link time), one module per subject.

mod broken;
mod filter;
mod language;
mod phantom;
mod report;
