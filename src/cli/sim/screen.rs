//! What a person reads while a bench is served.

use std::path::Path;

use crate::phantom::Phantom;
use crate::rig::{Driver, Rig};
use crate::sim::Served;

use super::RIG;

/// What there is, and what to type next.
pub(super) fn text(rig: &Rig, served: &Served, folder: &Path, phantoms: &[Phantom]) -> String {
    let path = |name: &str| folder.join(name).display().to_string();
    let slots: Vec<_> =
        phantoms.iter().zip(1..).map(|(phantom, slot)| format!("{slot} {}", phantom.name)).collect();
    let (file, selector, bystander) = (path(RIG), path("selector"), path("bystander"));
    let width = path("stimulator").len();
    let (load, what, next) = match served.scpi() {
        Some(address) => (
            address.to_string(),
            oscilloscope(rig),
            format!(
                "stimrig run --rig {file} fixtures/loads/oscilloscope.yaml\n  \
                 sigrok-cli -d rigol-ds:conn=tcp-raw/127.0.0.1/{} --config data_source=Memory --channels CH1 --frames 1 -O analog",
                address.port()
            ),
        ),
        None => (path("load"), "a load: protocol of hardware/protocol".to_owned(), next(rig, &file)),
    };
    format!(
        "The simulated bench is open, in real time. Ctrl-C ends it.\n\n  \
         {:width$}  {}\n  \
         {load:width$}  {what}\n  \
         {selector:width$}  the phantom selector: a line `slot N` connects another phantom\n  \
         {bystander:width$}  a bystander: `look` says whether the output is on, `unplug load` pulls a plug\n  \
         phantoms: {}\n\n\
         In another terminal:\n  \
         {next}\n\n",
        path("stimulator"),
        stimulator(rig),
        slots.join(", "),
    )
}

/// Whose protocol the stimulator's end speaks.
fn stimulator(rig: &Rig) -> String {
    match rig.stimulator {
        Driver::Simulated | Driver::Native => "a stimulator: protocol of hardware/protocol".to_owned(),
        Driver::Template => format!("a stimulator: the protocol that {} describes", rig.file),
        driver => format!("a stimulator: protocol of the driver `{}`", driver.name()),
    }
}

fn oscilloscope(rig: &Rig) -> String {
    let wired = match rig.load {
        Driver::Scpi => format!("wired as {} says", rig.file),
        _ => "1 the first contact's current across 100 ohm, 2 the output".to_owned(),
    };
    format!("an oscilloscope, a Rigol DS1000Z: {wired}")
}

/// What is worth trying: of another maker's stimulator most of the smoke scenarios ask too much.
fn next(rig: &Rig, file: &str) -> String {
    match rig.stimulator {
        Driver::Simulated | Driver::Native => format!(
            "stimrig run --rig {file} -E 'tag(smoke)'\n  \
             stimrig run --rig {file} scenarios/charge-balance/symmetric-biphasic.yaml"
        ),
        _ => format!(
            "stimrig check --rig {file}        # which scenarios ask for what it cannot do\n  \
             stimrig run --rig {file} scenarios/safety/stop-ends-output.yaml"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    fn rig(path: &str) -> Rig {
        Rig::read(&Source::new(path, &std::fs::read_to_string(path).unwrap())).unwrap()
    }

    #[test]
    fn each_end_is_called_by_its_own_protocol() {
        assert!(stimulator(&rig("rig/sim.yaml")).ends_with("protocol of hardware/protocol"));
        assert!(stimulator(&rig("rig/stimjim.yaml")).ends_with("protocol of the driver `stimjim`"));
        let described = stimulator(&rig("rig/template-text.yaml"));
        assert!(described.ends_with("the protocol that rig/template-text.yaml describes"), "{described}");
        assert!(oscilloscope(&rig("rig/scope-sim.yaml")).ends_with("wired as rig/scope-sim.yaml says"));
        assert!(oscilloscope(&rig("rig/sim.yaml")).contains("across 100 ohm"));
        let next = next(&rig("rig/science-mode.yaml"), "rig.yaml");
        assert!(next.contains("stimrig check --rig rig.yaml") && !next.contains("smoke"), "{next}");
    }
}
