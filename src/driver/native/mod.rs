//! The protocol of `hardware/protocol`, version 1.

mod load;
mod program;
mod samples;
mod stimulator;

pub use load::Load;
pub use stimulator::Stimulator;

use crate::instrument::{InstrumentError, InstrumentFault};

/// Patience with one attempt at an ordinary request, ns: three times the latency timer of a USB serial bridge (16 ms).
const PATIENCE: u64 = 50_000_000;
/// Patience with one attempt at a stop, ns: asking again does no harm, waiting does.
const STOP_PATIENCE: u64 = 25_000_000;

/// A device as its errors name it.
struct Device {
    name: &'static str,
    /// What to try when it refuses.
    refused: &'static str,
}

impl Device {
    /// What went wrong while `doing`, with what to try next.
    fn failed(&self, doing: &str, fault: InstrumentFault) -> InstrumentError {
        let name = self.name;
        let next = match fault {
            InstrumentFault::Timeout => {
                format!("check that the {name} is powered and its cable is plugged in")
            }
            InstrumentFault::Disconnected => format!("plug the {name} in again"),
            InstrumentFault::Refused(_) => self.refused.to_owned(),
            _ => format!("check the port and the firmware of the {name}"),
        };
        InstrumentError { device: name.into(), doing: doing.into(), fault, next }
    }
}
