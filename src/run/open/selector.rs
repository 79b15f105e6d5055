//! The phantom selector of a bench with several phantoms: relays that connect one of its slots to the load.

use crate::driver::port::{self, Line};
use crate::instrument::{InstrumentError, InstrumentFault};
use crate::rig::Rig;

/// Patience with its answer, ns: relays take their time.
const PATIENCE: u64 = 2_000_000_000;
const DEVICE: &str = "phantom selector";

/// Connects the slot in which a phantom is; slots count from 1 in the order of the rig file. Nothing to do without a selector.
///
/// # Errors
/// What the selector refuses, and what is wrong with its port.
pub(super) async fn connect(rig: &Rig, phantom: &str) -> Result<(), InstrumentError> {
    let Some(port) = &rig.wiring.selector else { return Ok(()) };
    let Some(index) = rig.phantoms.iter().position(|(_, name)| name == phantom) else { return Ok(()) };
    let slot = index + 1;
    let failed = |fault, next: &str| InstrumentError {
        device: DEVICE.to_owned(),
        doing: format!("connect slot {slot} ({phantom})"),
        fault,
        next: next.to_owned(),
    };
    let mut port = port::open(port, DEVICE, Line::default())?;
    let lost = |fault| failed(fault, "check that the selector is powered and its port is the right one");
    port.write_all(format!("slot {slot}\n").as_bytes()).await.map_err(lost)?;
    let deadline = port.now().saturating_add(PATIENCE);
    let (mut answer, mut buffer) = (Vec::new(), [0; 64]);
    while !answer.contains(&b'\n') && answer.len() < 256 {
        let count = port.read(&mut buffer, deadline).await.map_err(lost)?;
        answer.extend_from_slice(buffer.get(..count).unwrap_or_default());
    }
    let answer = String::from_utf8_lossy(&answer);
    let answer = answer.trim();
    if answer == format!("ok {slot}") {
        return Ok(());
    }
    Err(match answer.strip_prefix("error:") {
        Some(reason) => failed(
            InstrumentFault::Refused(reason.trim().to_owned()),
            "compare `phantoms` in the rig file with what is plugged in",
        ),
        None => failed(
            InstrumentFault::Protocol(answer.escape_debug().take(60).collect()),
            "check that the port of `selector` leads to the selector",
        ),
    })
}
