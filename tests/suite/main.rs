//! One integration binary (link time), one module per subject.

mod measure;
