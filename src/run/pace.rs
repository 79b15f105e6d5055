//! How time passes for the host.

/// The host polls the stimulator's status this often while it may be stimulating, and drains the stream with it.
pub(super) const POLL: u64 = 10_000_000;

/// Nanoseconds in a second.
pub(super) const SECOND: f64 = 1e9;
