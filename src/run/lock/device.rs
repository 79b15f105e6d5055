//! What of a rig has one owner, and the files that stand for it.

use std::fs;

use sha2::{Digest, Sha256};

use crate::machine::Machine;
use crate::quantity::hex;
use crate::rig::{Driver, Port, Rig};

use super::socket;

/// A device of a rig that only one process may speak to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Device {
    /// What it is called now: its node or socket, else as the rig file states it.
    pub(super) name: String,
    /// What else it is called. A node is another after the next plug, and gone while nothing is plugged in; what the rig file
    /// states stays, and with it what is known of the run that held it.
    pub(super) others: Vec<String>,
}

impl Device {
    /// All of its names, the first one first.
    pub(super) fn names(self) -> impl Iterator<Item = String> {
        std::iter::once(self.name).chain(self.others)
    }
}

/// What makes a bench this one: the ports of its instruments and its probe, or its name where it states none. Nothing of a bench
/// that is simulated in this process.
pub fn devices(rig: &Rig) -> Vec<String> {
    let devices = each_once(instruments(rig));
    devices.into_iter().map(|device| device.name).collect()
}

/// What of a rig only one process may speak to: its devices, and the selector that connects a phantom to its load.
pub(super) fn owned(rig: &Rig) -> Vec<Device> {
    let selector = rig.wiring.selector.as_ref();
    each_once(instruments(rig).into_iter().chain(selector.map(at)).collect())
}

fn instruments(rig: &Rig) -> Vec<Device> {
    let wiring = &rig.wiring;
    let mut devices: Vec<Device> = [&wiring.stimulator, &wiring.load].into_iter().flatten().map(at).collect();
    let only = |name: String| Device { name, others: Vec::new() };
    let probe = wiring.probe.as_ref().filter(|probe| !probe.is_simulated());
    devices.extend(probe.map(|probe| only(format!("probe {}", probe.selector))));
    let real = |driver| !matches!(driver, Driver::Simulated | Driver::Recorded);
    if devices.is_empty() && (real(rig.stimulator) && real(rig.load)) {
        devices.push(only(format!("rig {}", rig.name)));
    }
    devices
}

/// In the order of their names.
fn each_once(mut devices: Vec<Device>) -> Vec<Device> {
    devices.sort();
    devices.dedup_by(|next, kept| {
        let same = next.name == kept.name;
        if same {
            kept.others.append(&mut next.others);
        }
        same
    });
    devices
}

/// The device at a port.
pub(super) fn at(port: &Port) -> Device {
    let mut names = names(port).into_iter();
    Device { name: names.next().unwrap_or_default(), others: names.collect() }
}

/// What the device at a port is called: first its node, if it is plugged in. Two names of one device are one device: a
/// serial number, a link, and the node that both lead to.
fn names(port: &Port) -> Vec<String> {
    if let Port::Tcp(address) = port {
        return socket::names(address);
    }
    let path = crate::driver::port::find(&Machine::here(), port).ok();
    let node = path.as_ref().and_then(|path| fs::canonicalize(path).ok());
    let stated = match (port, path) {
        (Port::SerialNumber(number), _) => format!("serial number {number}"),
        (_, Some(path)) => path.display().to_string(),
        (Port::Path(path) | Port::Pty(path) | Port::Tcp(path), None) => path.clone(),
    };
    let mut names: Vec<String> = node.map(|node| node.display().to_string()).into_iter().collect();
    if !names.contains(&stated) {
        names.push(stated);
    }
    names
}

/// A device's name as a file's: readable, and never the same for two devices.
pub(super) fn file_name(device: &str) -> String {
    let readable = device.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' });
    let readable: String = readable.take(48).collect();
    let digest = hex(&Sha256::digest(device.as_bytes()));
    format!("stimrig-{}-{}.lock", readable.trim_matches('-'), digest.get(..8).unwrap_or_default())
}
