//! One integration binary (link time), one module per subject.

mod filter;
mod report;
