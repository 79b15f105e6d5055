//! From what a rig file names to a path that can be opened.

use std::path::{Path, PathBuf};

use crate::instrument::InstrumentFault;
use crate::machine::{HardwarePort, Machine};
use crate::rig;

use super::trouble::Trouble;

/// The path of a port that is no socket.
///
/// # Errors
/// A serial number that nothing, or more than one thing, carries: what is there instead, or each of them.
pub fn find(machine: &Machine, port: &rig::Port) -> Result<PathBuf, Trouble> {
    match port {
        rig::Port::SerialNumber(number) => by_serial_number(machine, number),
        rig::Port::Path(path) | rig::Port::Pty(path) | rig::Port::Tcp(path) => {
            Ok(machine.path(Path::new(path)))
        }
    }
}

fn by_serial_number(machine: &Machine, number: &str) -> Result<PathBuf, Trouble> {
    let ports = machine.ports();
    let doing = || format!("find serial number {number}");
    let of_it: Vec<&HardwarePort> =
        ports.iter().filter(|port| port.serial_number.as_deref() == Some(number)).collect();
    match of_it.as_slice() {
        [port] => Ok(machine.path(&port.node)),
        [] => {
            let others: Vec<_> = ports.iter().filter_map(|port| port.serial_number.as_deref()).collect();
            let there = match others.as_slice() {
                [] => "no USB device with a serial number and a port is plugged in".to_owned(),
                others => format!("plugged in: {}", others.join(", ")),
            };
            let what = format!("no device has serial number {number}; {there}");
            let next =
                "plug it in and switch it on, or correct the rig file (`stimrig scan` shows what is there)";
            Err(Trouble::new(doing(), InstrumentFault::Missing(what), next))
        }
        several => {
            let candidates: Vec<_> =
                several.iter().map(|port| port.stable_path().display().to_string()).collect();
            let what =
                format!("{} ports have serial number {number}: {}", several.len(), candidates.join(", "));
            let next = "name the right one by `path` in the rig file, by its link in /dev/serial/by-path if the links are alike";
            Err(Trouble::new(doing(), InstrumentFault::Ambiguous(what), next))
        }
    }
}
