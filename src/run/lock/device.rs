//! What of a rig has one owner, and the file that stands for it.

use std::fs;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use crate::machine::Machine;
use crate::quantity::hex;
use crate::rig::{Driver, Port, Rig};

/// What of a rig only one process may speak to: the ports of its instruments and its probe, or its name where it states none.
/// Nothing of a bench that is simulated in this process.
pub fn devices(rig: &Rig) -> Vec<String> {
    let wiring = &rig.wiring;
    let ports =
        [&wiring.stimulator, &wiring.load].into_iter().flatten().map(|port| match (port, find(port)) {
            (Port::Tcp(address), _) => address.to_lowercase(),
            // Two names of one device are one device: a serial number, a link, and the node that both lead to.
            (_, Some(node)) => node.display().to_string(),
            (Port::SerialNumber(number), None) => format!("serial number {number}"),
            (Port::Path(path) | Port::Pty(path), None) => path.clone(),
        });
    let mut devices: Vec<String> = ports.collect();
    let probe = wiring.probe.as_ref().filter(|probe| !probe.is_simulated());
    devices.extend(probe.map(|probe| format!("probe {}", probe.selector)));
    let real = |driver| !matches!(driver, Driver::Simulated | Driver::Recorded);
    if devices.is_empty() && (real(rig.stimulator) && real(rig.load)) {
        devices.push(format!("rig {}", rig.name));
    }
    devices.sort();
    devices.dedup();
    devices
}

/// The device node behind a port's name, if it is plugged in.
fn find(port: &Port) -> Option<PathBuf> {
    let path = crate::driver::port::find(&Machine::here(), port).ok()?;
    fs::canonicalize(path).ok()
}

/// A device's name as a file's: readable, and never the same for two devices.
pub(super) fn file_name(device: &str) -> String {
    let readable = device.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' });
    let readable: String = readable.take(48).collect();
    let digest = hex(&Sha256::digest(device.as_bytes()));
    format!("stimrig-{}-{}.lock", readable.trim_matches('-'), digest.get(..8).unwrap_or_default())
}
