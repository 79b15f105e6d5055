//! One integration binary (link time), one module per subject.

#[cfg(test)]
mod phantom;
