//! Why a case did not run to its end.

use crate::instrument::InstrumentError;

use super::interrupt::Cause;

/// Why a case did not run to its end.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Halt {
    /// An instrument failed.
    Instrument(InstrumentError),
    /// The bench is not what the scenario asks for.
    Bench(String),
    /// The output guard tripped.
    Guard(String),
    /// The run was asked to end.
    Interrupted(Cause),
    /// stimrig itself went wrong.
    Panicked(String),
}

impl std::fmt::Display for Halt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Instrument(error) => write!(f, "{error}"),
            Self::Bench(reason) | Self::Guard(reason) | Self::Panicked(reason) => f.write_str(reason),
            Self::Interrupted(cause) => write!(f, "ended by {}", cause.name()),
        }
    }
}

impl From<InstrumentError> for Halt {
    fn from(error: InstrumentError) -> Self {
        Self::Instrument(error)
    }
}
