//! The stimulator's driver, one arm each.

use std::path::Path;
use std::sync::Arc;

use crate::driver::port::Line;
use crate::driver::{exec, manual, native, none, pulse_pal, science_mode, stimjim, template};
use crate::instrument::{Operator, Stimulator};
use crate::rig::{Driver, Protocol, Rig};
use crate::scenario::Plan;

use super::wire::Wire;

/// Opens the stimulator. The host reads the bench through the phantom the scenario names, whatever is plugged in.
///
/// # Errors
/// A lowercase fragment that says what could not be opened and what to do.
pub(super) fn open(
    rig: &Rig,
    plan: &Plan,
    wire: Wire<'_>,
    person: Option<&Arc<dyn Operator>>,
) -> Result<Box<dyn Stimulator>, String> {
    match rig.stimulator {
        Driver::Simulated | Driver::Native => {
            Ok(Box::new(native::Stimulator::new(wire.open(Line::default())?, &plan.case.phantom, rig.cap)))
        }
        Driver::None => Ok(Box::new(none::Stimulator)),
        Driver::Stimjim => {
            let pairs = rig.pairs(&plan.case.phantom);
            Ok(Box::new(stimjim::Stimulator::new(wire.open(Line::default())?, pairs, rig.cap)))
        }
        Driver::Template => {
            let Some(template) = rig.protocol.template() else {
                return Err("the rig file describes no protocol: write `stimulator.template`".to_owned());
            };
            let line = Line { baud: template.baud, ..Line::default() };
            let pairs = rig.pairs(&plan.case.phantom);
            Ok(Box::new(template::Stimulator::new(wire.open(line)?, template, pairs, rig.cap)))
        }
        Driver::Exec => {
            let Protocol::Stated(stated) = &rig.protocol else {
                return Err("the rig file states no helper program: write `stimulator.command`".to_owned());
            };
            let folder = match Path::new(&rig.file).parent() {
                Some(folder) if !folder.as_os_str().is_empty() => folder,
                _ => Path::new("."),
            };
            let mirror = rig.sim.is_some().then(|| wire.open(Line::default())).transpose()?;
            let command = &rig.wiring.command;
            let opened = exec::Stimulator::new(command, folder, stated.clone(), rig.cap, mirror);
            Ok(Box::new(opened.map_err(|error| error.to_string())?))
        }
        Driver::PulsePal => {
            let Protocol::VoltsPerAmpere(scale) = rig.protocol else {
                return Err("a Pulse Pal is a source of voltage: state `volts_per_ampere`".to_owned());
            };
            let pairs = rig.pairs(&plan.case.phantom);
            let port = wire.open(Line::default())?;
            Ok(Box::new(pulse_pal::Stimulator::new(port, pairs, scale, rig.cap)))
        }
        Driver::ScienceMode => {
            let pairs = rig.pairs(&plan.case.phantom);
            let port = wire.open(science_mode::LINE)?;
            Ok(Box::new(science_mode::Stimulator::new(port, pairs, rig.cap)))
        }
        Driver::Manual => {
            let Some(person) = person else {
                return Err("the stimulator is driven by hand, and nobody is there: run it at a terminal with --operator".to_owned());
            };
            let mirror = rig.sim.is_some().then(|| wire.open(Line::default())).transpose()?;
            let (person, protocol) = (Arc::clone(person), rig.protocol.clone());
            Ok(Box::new(manual::Stimulator::new(person, protocol, rig.cap, mirror)))
        }
        driver => Err(format!("the stimulator driver `{}` cannot be opened yet", driver.name())),
    }
}
