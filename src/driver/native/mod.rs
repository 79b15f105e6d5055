//! The protocol of `hardware/protocol`, version 1.

mod load;
mod program;
mod samples;
mod stimulator;

pub use load::Load;
pub use stimulator::Stimulator;

use stimrig_protocol::VERSION;

use crate::instrument::{InstrumentError, InstrumentFault, Link, Reply};
use crate::quantity::hex;

/// Patience with one attempt at an ordinary request, ns: three times the latency timer of a USB serial bridge (16 ms).
const PATIENCE: u64 = 50_000_000;
/// Patience with one attempt at a stop, ns: asking again does no harm, waiting does.
const STOP_PATIENCE: u64 = 25_000_000;

/// Asks who is there. A device that was left with half a frame hears the question only after the half is complete.
async fn hello<R: Reply>(
    link: &mut Link,
    request: &(impl serde::Serialize + Sync),
) -> Result<R, InstrumentFault> {
    match link.exchange(request, PATIENCE, &mut |_| {}).await {
        Err(InstrumentFault::Timeout) => {
            link.resynchronise().await?;
            link.exchange(request, PATIENCE, &mut |_| {}).await
        }
        answer => answer,
    }
}

/// What to do when the other board answers.
const SWAPPED: &str = "swap the two ports in the rig file, or the two cables";

/// The other board answers here.
fn swapped(name: &'static str, other: &str, uid: &[u8]) -> InstrumentError {
    let what = format!("a {other} answers on this port, uid {}", hex(uid));
    let fault = InstrumentFault::Protocol(what);
    InstrumentError { device: name.into(), doing: "identify".into(), fault, next: SWAPPED.into() }
}

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
            InstrumentFault::Protocol(_) => format!(
                "check that this port leads to the {name}: `stimrig scan` asks every port who is there"
            ),
            _ => format!("check the port and the firmware of the {name}"),
        };
        InstrumentError { device: name.into(), doing: doing.into(), fault, next }
    }

    /// It speaks another version of the protocol.
    fn other_version(&self, doing: &str, reason: &str) -> InstrumentError {
        InstrumentError {
            device: self.name.into(),
            doing: doing.into(),
            fault: InstrumentFault::Refused(format!("{reason}, this stimrig speaks version {VERSION}")),
            next: "flash the firmware of this stimrig, or use the stimrig of that firmware".to_owned(),
        }
    }
}
