//! What can go wrong with an instrument.

/// The kind of an [`InstrumentError`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// No answer within the deadline.
    Timeout,
    /// The port is gone.
    Disconnected,
    /// Someone else holds it.
    Busy,
    /// The port may not be opened.
    Permission,
    /// There is no such port.
    Missing(String),
    /// More than one port is meant.
    Ambiguous(String),
    /// The device refused, with its reason.
    Refused(String),
    /// It answered something else.
    Protocol(String),
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Timeout => f.write_str("no answer within the deadline"),
            Self::Disconnected => f.write_str("the port is gone"),
            Self::Busy => f.write_str("another program holds the port"),
            Self::Permission => f.write_str("no permission to open the port"),
            Self::Missing(what) | Self::Ambiguous(what) => f.write_str(what),
            Self::Refused(reason) => write!(f, "refused: {reason}"),
            Self::Protocol(what) => write!(f, "unexpected answer: {what}"),
        }
    }
}

/// A failed exchange with an instrument: who, doing what, why, and what to try next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{device}: {doing}: {fault} ({next})")]
pub struct InstrumentError {
    /// `stimulator` or `load`, with its name.
    pub device: String,
    /// What was being done, as a fragment.
    pub doing: String,
    /// Why it failed.
    pub fault: Fault,
    /// What to try next.
    pub next: String,
}
