//! One integration binary (link time), one module per subject.

mod analyze;
mod broken;
mod command;
mod defects;
mod filter;
mod floors;
mod language;
mod measure;
mod phantom;
mod predict;
mod report;
mod runs;
mod shipped;
mod wire;
