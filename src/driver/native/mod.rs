//! The protocol of `hardware/protocol`, version 1.

mod load;
mod program;
mod samples;
mod stimulator;

pub use load::Load;
pub use stimulator::Stimulator;

use crate::instrument::{InstrumentError, InstrumentFault, Link, Reply};
use crate::quantity::hex;

use super::device::Device;

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
