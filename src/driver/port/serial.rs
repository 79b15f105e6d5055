//! Serial lines and pseudo-terminals.

use std::path::Path;

use rustix::fs::Access;
use tokio_serial::{
    ClearBuffer, DataBits, ErrorKind, FlowControl, Parity, SerialPort, SerialStream, StopBits,
};

use crate::instrument::Port;
use crate::machine::Machine;

use super::Line;
use super::stream::StreamPort;
use super::trouble::Trouble;

/// Opens a terminal device for this program alone. Modem lines, which a pseudo-terminal does not have, are left alone.
pub(super) fn open(machine: &Machine, path: &Path, line: Line) -> Result<Box<dyn Port>, Trouble> {
    // What the operating system says about the path is clearer than what the library makes of it.
    rustix::fs::access(path, Access::READ_OK | Access::WRITE_OK)
        .map_err(|error| Trouble::of_path(machine, path, &error.into()))?;
    let parity = if line.even_parity { Parity::Even } else { Parity::None };
    let settings = tokio_serial::new(path.to_string_lossy(), line.baud)
        .data_bits(DataBits::Eight)
        .stop_bits(if line.two_stop_bits { StopBits::Two } else { StopBits::One })
        .flow_control(if line.handshake { FlowControl::Hardware } else { FlowControl::None })
        .parity(parity);
    let stream = SerialStream::open(&settings).map_err(|error| match error.kind() {
        ErrorKind::NoDevice => Trouble::busy(machine, path),
        ErrorKind::Io(kind) => Trouble::of_path(machine, path, &kind.into()),
        _ => Trouble::of_path(machine, path, &std::io::Error::other(error.to_string())),
    })?;
    // What was sent to whoever had the port before. A device that has no queue to clear has nothing stale in it.
    let _ = stream.clear(ClearBuffer::All);
    Ok(Box::new(StreamPort::new(stream)))
}
