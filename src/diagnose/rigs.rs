//! The benches of a folder: whether they can be reached, who has them, and until when their calibration holds.

use serde::Serialize;

use crate::driver::port::find;
use crate::machine::{Machine, today};
use crate::rig::{Certificate, Port, Rig};

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
    /// Who has its lock, and programs that hold one of its ports.
    pub holders: Vec<String>,
    /// Days until its calibration is due, negative once it was; `None` without one.
    pub calibration_days: Option<i64>,
    /// It names a calibration whose file cannot be used: no run of it begins.
    pub calibration_unreadable: bool,
}

/// Looks at a bench whose devices `held` says are held by whom.
pub fn bench(machine: &Machine, rig: &Rig, held: Vec<String>) -> Bench {
    let reach_of = |port: Option<&Port>| reach(machine, rig, port);
    let ports = [rig.wiring.stimulator.as_ref(), rig.wiring.load.as_ref()];
    let mut holders = held;
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
        calibration_days: calibration_due(rig).map(|(_, days)| days),
        calibration_unreadable: rig.wiring.calibration.is_some() && rig.certificate.is_none(),
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

/// The calibration of a rig and the days until it is due, negative once it was.
pub(super) fn calibration_due(rig: &Rig) -> Option<(&Certificate, i64)> {
    let certificate = rig.certificate.as_ref()?;
    let days = certificate.due.since(today()).ok()?.get_days();
    Some((certificate, i64::from(days)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::DEFAULT_RIG;
    use crate::source::Source;

    #[test]
    fn a_calibration_that_cannot_be_used_is_not_one_that_is_not_named() {
        let look = |line: &str| {
            let text = format!("{}{line}", DEFAULT_RIG.1);
            let rig = Rig::read(&Source::new("rig.yaml", text.as_str())).unwrap();
            let bench = bench(&Machine::here(), &rig, Vec::new());
            (bench.calibration_days, bench.calibration_unreadable)
        };
        assert_eq!(look(""), (None, false));
        assert_eq!(look("\ncalibration: nowhere.yaml\n"), (None, true));
    }
}
