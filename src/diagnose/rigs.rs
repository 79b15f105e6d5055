//! The benches of a folder: whether they can be reached, and how old their calibration is.

use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::driver::port::find;
use crate::machine::Machine;
use crate::rig::{Port, Rig};

/// Whether an instrument is where its rig file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// In this process.
    Simulated,
    /// Its port is there.
    Connected,
    /// It is somewhere on the network, or set by hand: only a run can tell.
    Unknown,
    /// Its port is not there, and why.
    Missing(String),
}

/// What can be known about a bench without asking its devices.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bench {
    /// The rig's name.
    pub name: String,
    /// Its file.
    pub file: String,
    /// Driver and reach of the stimulator.
    pub stimulator: (String, Reach),
    /// Driver and reach of the load.
    pub load: (String, Reach),
    /// Programs that hold one of its ports.
    pub holders: Vec<String>,
    /// Days since its calibration file was written; `None` without one.
    pub calibration_days: Option<u64>,
}

/// Looks at a bench.
pub fn bench(machine: &Machine, rig: &Rig) -> Bench {
    let reach_of = |port: Option<&Port>| reach(machine, rig, port);
    let ports = [rig.wiring.stimulator.as_ref(), rig.wiring.load.as_ref()];
    let mut holders: Vec<String> = Vec::new();
    for port in ports.into_iter().flatten().filter(|port| !matches!(port, Port::Tcp(_))) {
        if let Ok(path) = find(machine, port) {
            holders.extend(machine.holders(&machine.named(&path)).iter().map(ToString::to_string));
        }
    }
    holders.dedup();
    Bench {
        name: rig.name.clone(),
        file: rig.file.clone(),
        stimulator: (rig.stimulator.name().to_owned(), reach_of(rig.wiring.stimulator.as_ref())),
        load: (rig.load.name().to_owned(), reach_of(rig.wiring.load.as_ref())),
        holders,
        calibration_days: calibration_age(rig).map(|age| age.as_secs() / 86_400),
    }
}

fn reach(machine: &Machine, rig: &Rig, port: Option<&Port>) -> Reach {
    match port {
        None if rig.sim.is_some() => Reach::Simulated,
        None | Some(Port::Tcp(_)) => Reach::Unknown,
        Some(port) => match find(machine, port) {
            Ok(path) if path.exists() => Reach::Connected,
            Ok(path) => Reach::Missing(format!("there is no {}", machine.named(&path).display())),
            Err(trouble) => Reach::Missing(trouble.to_string()),
        },
    }
}

/// How long ago the calibration file of a rig was written.
pub(super) fn calibration_age(rig: &Rig) -> Option<Duration> {
    let file = rig.wiring.calibration.as_deref()?;
    let folder = Path::new(&rig.file).parent().unwrap_or(Path::new(""));
    let written = std::fs::metadata(folder.join(file)).and_then(|found| found.modified()).ok()?;
    SystemTime::now().duration_since(written).ok()
}
