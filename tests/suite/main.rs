//! One integration binary (link time), one module per subject.

mod analyze;
mod phantom;
mod predict;
