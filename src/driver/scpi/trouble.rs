//! What goes wrong with oscilloscopes, and what to do about each.

use crate::instrument::{InstrumentError, InstrumentFault};

/// Why an exchange with an oscilloscope failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(super) enum Trouble {
    /// Its port.
    #[error("{0}")]
    Port(InstrumentFault),
    /// It is another instrument, or has not what the rig file names.
    #[error("{0}")]
    Other(String),
    /// It did not take a command.
    #[error("{0}")]
    Command(String),
    /// It does not stop sending what nobody asked for: so many bytes.
    #[error("it has not stopped sending: {0} bytes of nobody's question")]
    Flood(u64),
    /// An answer that is none to what was asked.
    #[error("{0}")]
    Answer(String),
    /// A block whose end nothing tells.
    #[error("`{0}` answered with a block of no stated length (#0), whose end a byte stream cannot show")]
    Indefinite(String),
    /// Fewer samples than were promised.
    #[error("{0}")]
    Short(String),
    /// It was armed and is not ready for a trigger.
    #[error("{0}")]
    NotReady(String),
    /// It was triggered while nothing was to stimulate.
    #[error("it was triggered before anything was started")]
    Early,
    /// Its record is none of the case.
    #[error("{0}")]
    Record(String),
}

impl Trouble {
    /// What to try next.
    fn next(&self) -> &'static str {
        match self {
            Self::Port(InstrumentFault::Timeout) => {
                "check that the oscilloscope is on and its remote control enabled, and that this port leads to it: `stimrig scan` asks every port who is there"
            }
            Self::Port(InstrumentFault::Disconnected) => "connect the oscilloscope again",
            Self::Port(_) => "check its port",
            Self::Other(_) => "compare the rig file with the instrument that is connected",
            Self::Command(_) => "see whether this model takes the command, or ask for less",
            Self::Flood(_) => {
                "check that this port leads to the oscilloscope; if it does, stop what else talks to it and switch it off and on"
            }
            Self::Answer(_) => {
                "check that this port leads to the oscilloscope, let nothing else talk to it, and switch it off and on if it stays so"
            }
            Self::Indefinite(_) => "set it to send blocks of definite length, or connect it by USB",
            Self::Short(_) => "ask for a shorter record, or switch it off and on",
            Self::NotReady(_) => "let nobody else use it, at its front panel or over the network",
            Self::Early => {
                "see that the stimulator is off, and that the noise stays below half the amplitude on this range"
            }
            Self::Record(_) => "run it again; if it stays so, compare the wiring with the rig file",
        }
    }

    /// Whether asking again may help, on a link that was cleared or made anew.
    pub(super) fn passes(&self) -> bool {
        let link = matches!(self, Self::Port(InstrumentFault::Timeout | InstrumentFault::Disconnected));
        link || matches!(self, Self::Answer(_) | Self::Short(_) | Self::Flood(_))
    }

    /// The error that a run sees, of an oscilloscope that was `doing` something.
    pub(super) fn error(self, doing: &str) -> InstrumentError {
        let next = self.next().to_owned();
        let fault = match self {
            Self::Port(fault) => fault,
            Self::Other(_) | Self::Command(_) => InstrumentFault::Refused(self.to_string()),
            _ => InstrumentFault::Protocol(self.to_string()),
        };
        InstrumentError { device: "oscilloscope".to_owned(), doing: doing.to_owned(), fault, next }
    }
}

impl From<InstrumentFault> for Trouble {
    fn from(fault: InstrumentFault) -> Self {
        Self::Port(fault)
    }
}
