//! How a driver names its device in an error.

use stimrig_protocol::VERSION;

use crate::instrument::{InstrumentError, InstrumentFault};
use crate::quantity::{Dimension, engineering};
use crate::rig::device::Impossible;
use crate::signal::Program;

/// A device as its errors name it.
pub(super) struct Device {
    pub(super) name: &'static str,
    /// What to try when it refuses.
    pub(super) refused: &'static str,
}

impl Device {
    /// What went wrong while `doing`, with what to try next.
    pub(super) fn failed(&self, doing: &str, fault: InstrumentFault) -> InstrumentError {
        let name = self.name;
        let next = match fault {
            InstrumentFault::Timeout => {
                format!("check that the {name} is powered and its cable is plugged in")
            }
            InstrumentFault::Disconnected => format!("plug the {name} in again"),
            InstrumentFault::Refused(_) => self.refused.to_owned(),
            InstrumentFault::Protocol(_) => format!(
                "check that this port leads to the {name}: `stimrig scan` asks every port who is there"
            ),
            _ => format!("check the port and the firmware of the {name}"),
        };
        InstrumentError { device: name.into(), doing: doing.into(), fault, next }
    }

    /// It speaks another version of the protocol.
    pub(super) fn other_version(&self, doing: &str, reason: &str) -> InstrumentError {
        InstrumentError {
            device: self.name.into(),
            doing: doing.into(),
            fault: InstrumentFault::Refused(format!("{reason}, this stimrig speaks version {VERSION}")),
            next: "flash the firmware of this stimrig, or use the stimrig of that firmware".to_owned(),
        }
    }
}

/// Whether a program, as it was asked for or as a device makes it, stays within the cap that the rig file states, A.
///
/// # Errors
/// [`InstrumentFault::Refused`].
pub(super) fn within(cap: f64, program: &Program) -> Result<(), InstrumentFault> {
    let largest = program.largest_current();
    // What is no number is not within it.
    if program.amplitude.is_finite() && largest <= cap * (1.0 + 1e-9) {
        return Ok(());
    }
    let current = |amperes| engineering(amperes, Dimension::Current, 4);
    let what = format!("{} is an amplitude above the cap of {}", current(largest), current(cap));
    Err(InstrumentFault::Refused(what))
}

/// A program that a device cannot emit, with everything that is in its way.
pub(super) fn impossible(problems: Vec<Impossible>) -> InstrumentFault {
    let why: Vec<String> = problems.into_iter().map(|problem| problem.what).collect();
    InstrumentFault::Refused(why.join("; "))
}
