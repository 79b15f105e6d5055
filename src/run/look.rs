//! A rig opened without a scenario: to make it safe, or to reach the core of its stimulator.

use async_trait::async_trait;

use crate::instrument::Operator;
use crate::rig::{Capabilities, Driver, Protocol, Rig};
use crate::scenario::{Plan, Wanted, plan, read_scenario};
use crate::signal::Sensed;
use crate::source::{Diagnostic, Source};

/// A plan that opens a rig and watches every current that its load senses. Nothing of it is ever loaded, started or
/// recorded: what this stimulator could emit, and how long a record this load holds, is nobody's question.
///
/// # Errors
/// What is wrong with the rig, as a lowercase fragment.
pub(super) fn look(rig: &Rig) -> Result<Plan, String> {
    let stated = rig.channels.iter().filter(|channel| channel.quantity == Sensed::Current);
    let mut contacts: Vec<&str> = stated.map(|channel| channel.name.as_str()).collect();
    if contacts.is_empty() || rig.load == Driver::Simulated {
        contacts = vec!["e1", "case"];
    }
    if contacts.len() < 2 {
        contacts.push(if contacts == ["case"] { "e1" } else { "case" });
    }
    let back = contacts.last().copied().unwrap_or("case");
    let named: Vec<String> = contacts.iter().map(|name| format!("{name:?}: {name:?}")).collect();
    let resistors = contacts.iter().filter(|name| **name != back);
    let resistors: Vec<String> =
        resistors.map(|name| format!("  - {{ r: 1 kohm, from: {name:?}, to: {back:?} }}")).collect();
    let phantom = format!(
        "version: 1\nname: whatever is plugged in\ncontacts: {{ {} }}\nelements:\n{}\n",
        named.join(", "),
        resistors.join("\n")
    );
    // As sensitive as the load can be, within what the rig allows.
    let amplitude = 1e-4_f64.min(rig.limits.amplitude).min(rig.cap);
    let scenario = format!(
        "version: 1\nname: safe state\nphantom: whatever is plugged in\n\
         program: {{ amplitude: {amplitude} A, width: 200 us, rate: 50 Hz }}\nduration: 1 s\n\
         expect:\n  - amplitude: {{ of: programmed, within: 50 % }}\n"
    );
    let source = Source::new("safe state", scenario.as_str());
    let mut resolve = |wanted: Wanted<'_>| match wanted {
        Wanted::Phantom(_) => Ok(Source::new("phantom", phantom.as_str())),
        other => crate::scenario::shipped(other),
    };
    let (cases, problems) = read_scenario(&source, &mut resolve);
    let planned = match cases.into_iter().next() {
        Some(case) if !problems.iter().any(Diagnostic::is_error) => {
            let capabilities = Capabilities { record: None, ..rig.capabilities.clone() };
            let (stimulator, protocol) = (Driver::Native, Protocol::Known);
            plan(case, &Rig { stimulator, protocol, capabilities, ..rig.clone() }, false)
        }
        _ => Err(problems),
    };
    planned.map_err(|problems| {
        let what: Vec<String> = problems.into_iter().map(|problem| problem.what).collect();
        what.join("; ")
    })
}

/// Nobody: what is left to do without a person is done.
pub(super) struct Nobody;

#[async_trait]
impl Operator for Nobody {
    fn tell(&self, _: &str) {}

    async fn confirm(&self, _: &str) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::RecordSpec;

    /// Some programs of a scenario are beyond a Pulse Pal or a described protocol, and some records too short for one: all the
    /// more reason that such a rig can be made safe and its firmware mended.
    #[test]
    fn every_shipped_rig_can_be_opened_without_a_scenario() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/rig");
        let mut drivers = Vec::new();
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "yaml") {
                continue;
            }
            let name = path.display().to_string();
            let text = std::fs::read_to_string(&path).unwrap();
            let mut rig = Rig::read(&Source::new(&name, &text)).unwrap_or_else(|e| panic!("{name}: {e:?}"));
            if let Some(spec) = &mut rig.capabilities.record {
                *spec = RecordSpec { memory: 1000, ..*spec };
            }
            let plan = look(&rig).unwrap_or_else(|what| panic!("{name}: {what}"));
            assert!(!plan.channels.is_empty(), "{name}");
            drivers.push(rig.stimulator);
        }
        for driver in [Driver::ScienceMode, Driver::Template, Driver::Stimjim, Driver::PulsePal, Driver::Exec]
        {
            assert!(drivers.contains(&driver), "no rig of {}", driver.name());
        }
    }
}
