//! Real byte pipes to instruments: serial lines, pseudo-terminals, sockets, USBTMC; and real time.
//!
//! A port is open or it is gone: a read of nothing and an input/output error both mean that somebody pulled it
//! ([`InstrumentFault::Disconnected`]). What cannot be opened says why, who holds it where that can be known, and what to do.

mod clock;
mod find;
mod serial;
mod stream;
mod tcp;
mod trouble;
mod usbtmc;

pub use clock::RealClock;
pub use find::find;
pub use trouble::Trouble;

use std::path::Path;

use crate::instrument::{InstrumentError, InstrumentFault, Port};
use crate::machine::Machine;
use crate::rig;

/// Settings of a serial line with 8 data bits. Of no consequence on USB's own ports,
/// pseudo-terminals and sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Bits per second.
    pub baud: u32,
    /// Whether a parity bit makes every character even.
    pub even_parity: bool,
    /// Whether two bits end a character instead of one.
    pub two_stop_bits: bool,
    /// Whether RTS and CTS hold the other side back.
    pub handshake: bool,
}

impl Default for Line {
    fn default() -> Self {
        Self { baud: 115_200, even_parity: false, two_stop_bits: false, handshake: false }
    }
}

/// Opens the port at which a rig file says that `device` is. What somebody left in its buffers is thrown away.
///
/// Call it within a runtime: the port belongs to that runtime and reads ahead on it.
///
/// # Errors
/// What is missing, held by another program, forbidden or ambiguous, and what to do about it.
pub fn open(port: &rig::Port, device: &str, line: Line) -> Result<Box<dyn Port>, InstrumentError> {
    open_on(&Machine::here(), port, device, line)
}

/// As [`open`], on a computer that may be made up.
///
/// # Errors
/// As [`open`].
pub fn open_on(
    machine: &Machine,
    port: &rig::Port,
    device: &str,
    line: Line,
) -> Result<Box<dyn Port>, InstrumentError> {
    let opened = match port {
        rig::Port::Tcp(address) => tcp::open(address),
        rig::Port::SerialNumber(_) | rig::Port::Path(_) | rig::Port::Pty(_) => {
            find(machine, port).and_then(|path| open_path(machine, &path, device, line))
        }
    };
    opened.map_err(|trouble| trouble.of(device))
}

fn open_path(
    machine: &Machine,
    path: &Path,
    device: &str,
    line: Line,
) -> Result<Box<dyn Port>, trouble::Trouble> {
    if usbtmc::is(path) { usbtmc::open(machine, path, device) } else { serial::open(machine, path, line) }
}

/// What the operating system says about a port that was open.
fn fault_of(error: &std::io::Error) -> InstrumentFault {
    match error.kind() {
        std::io::ErrorKind::TimedOut => InstrumentFault::Timeout,
        // EIO, ENXIO, ENODEV, EPIPE, ECONNRESET: whatever it is called, nobody is there any more.
        _ => InstrumentFault::Disconnected,
    }
}
