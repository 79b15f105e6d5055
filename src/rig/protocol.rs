//! What a rig file states about the protocol and the device of its stimulator, beyond the driver's name.

use crate::quantity::{Dimension, Quantity};
use crate::signal::Program;
use crate::source::{At, Fields};

use super::device::{Impossible, stated};
use super::template::{Field, Template, lower};
use super::{Driver, channels};

/// What is stated, by the kind of driver.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Protocol {
    /// Nothing: the driver knows its device.
    #[default]
    Known,
    /// A described protocol.
    Template(Box<Template>),
    /// A source of voltage: volts at its output for an ampere through the load.
    VoltsPerAmpere(f64),
    /// A device that only the user knows: steps of its numbers, and what it can.
    Stated(Stated),
}

/// What a user states of a device behind a program of their own, or without a link.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stated {
    /// Steps of its numbers, in SI base units.
    pub steps: Vec<(Field, f64)>,
    /// It reports its status, and what it latched can be acknowledged.
    pub status: bool,
    /// It takes a program while it runs.
    pub changes: bool,
}

pub(super) const STEP_KEYS: &[&str] = &["amplitude", "width", "gap", "rate", "period"];

/// What is written under `stimulator:` for its driver; keys of another driver are a problem.
pub(super) fn lower_for(driver: Driver, fields: &Fields<'_>) -> Option<Protocol> {
    for (key, of) in [
        ("template", &[Driver::Template][..]),
        ("volts_per_ampere", &[Driver::PulsePal]),
        ("command", &[Driver::Exec]),
        ("provides", &[Driver::Exec]),
        ("steps", &[Driver::Exec, Driver::Manual]),
    ] {
        if let Some(at) = fields.get(key).filter(|_| !of.contains(&driver)) {
            let names: Vec<&str> = of.iter().map(|driver| driver.name()).collect();
            at.key_error(&format!("`{key}` is for the driver `{}`", names.join("` or `")), None);
        }
    }
    match driver {
        Driver::Template => {
            fields.require("template").and_then(|at| lower::lower(&at)).map(Box::new).map(Protocol::Template)
        }
        Driver::PulsePal => {
            let at = fields.require("volts_per_ampere")?;
            scale(&at).map(Protocol::VoltsPerAmpere)
        }
        Driver::Exec => {
            fields.require("command");
            Some(Protocol::Stated(stated_of(fields)))
        }
        Driver::Manual => Some(Protocol::Stated(stated_of(fields))),
        _ => Some(Protocol::Known),
    }
}

/// `1 V/mA` or, of a plain resistor, `10 kohm`.
fn scale(at: &At<'_>) -> Option<f64> {
    let text = at.text()?;
    let value = Quantity::parse_as(text, Dimension::Resistance).ok().or_else(|| channels::ratio(text));
    if value.is_none_or(|value| value <= 0.0) {
        let help = "such as `1 V/mA` of a voltage-controlled current source, or `10 kohm` of a resistor and its load";
        at.error(&format!("`{text}` is not a voltage per current"), Some(help));
        return None;
    }
    value
}

fn stated_of(fields: &Fields<'_>) -> Stated {
    let mut stated = Stated::default();
    if let Some(steps) = fields.get("steps").and_then(|at| at.fields(STEP_KEYS)) {
        for (name, field, dimension) in Field::ALL.iter().filter(|(name, ..)| STEP_KEYS.contains(name)) {
            if let Some(step) = steps.get(name).and_then(|at| at.positive(*dimension)) {
                stated.steps.push((*field, step));
            }
        }
    }
    for at in fields.get("provides").and_then(|at| at.list()).unwrap_or_default() {
        match at.word("what a device can do", &[("status", 0), ("changes", 1)]) {
            Some(0) => stated.status = true,
            Some(_) => stated.changes = true,
            None => {}
        }
    }
    stated
}

impl Protocol {
    /// The described protocol, if it is one.
    pub fn template(&self) -> Option<&Template> {
        match self {
            Self::Template(template) => Some(template),
            _ => None,
        }
    }

    /// Whether the device reports its status, if this says so.
    pub(super) fn status(&self) -> bool {
        match self {
            Self::Template(template) => template.status.is_some() && !template.acknowledge.is_empty(),
            Self::Stated(stated) => stated.status,
            _ => false,
        }
    }

    /// Whether the device takes a program while it runs, if this says so.
    pub(super) fn changes(&self) -> bool {
        match self {
            Self::Template(template) => template.changes,
            Self::Stated(stated) => stated.changes,
            _ => false,
        }
    }

    /// The program on the device's stated steps.
    ///
    /// # Errors
    /// Numbers that are less than half of their step.
    pub fn on_steps(&self, program: &Program) -> Result<Program, Vec<Impossible>> {
        match self {
            Self::Stated(own) => stated::on_steps(own, program),
            _ => Ok(program.clone()),
        }
    }
}
