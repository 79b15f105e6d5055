//! A rig file for what was found.

use std::fmt::Write as _;

use crate::instrument::StimulatorIdentity;
use crate::quantity::{Dimension, engineering};
use crate::rig::device::stimjim;
use crate::rig::{Driver, Port};

use super::{Answer, PluggedProbe, Scanned};

/// The text of a rig file for the first stimulator and the first load found; further ones, and debug probes, whose chip
/// nobody but the user knows, follow as comments. `None` if neither was found.
pub fn rig_file(name: &str, scanned: &[Scanned], probes: &[PluggedProbe]) -> Option<String> {
    let stimulators: Vec<_> = scanned
        .iter()
        .filter_map(|one| match &one.answer {
            Answer::Stimulator { driver, identity } => Some((one, *driver, identity)),
            _ => None,
        })
        .collect();
    let loads: Vec<_> = scanned
        .iter()
        .filter_map(|one| match &one.answer {
            Answer::Load(identity) => Some((one, identity.model.as_str(), "native")),
            Answer::Instrument(idn) => Some((one, idn.as_str(), "scpi")),
            _ => None,
        })
        .collect();
    if stimulators.is_empty() && loads.is_empty() {
        return None;
    }
    let mut text = String::from(
        "# Written by `stimrig scan` from what the devices said. Read it before you use it: the limits protect your bench, and\n\
         # nobody but you knows what is plugged into which slot.\nversion: 1\n",
    );
    // Writing to a string cannot fail.
    let _ = writeln!(text, "name: {name}\n");
    let cap = match stimulators.first() {
        Some((found, driver, identity)) => {
            let cap = cap(*driver, identity);
            let _ = writeln!(text, "# {identity}");
            let _ = writeln!(text, "stimulator:\n  driver: {}\n  port: {}", driver.name(), port(&found.port));
            let _ = writeln!(text, "  cap: {cap}");
            text += stated(*driver);
            cap
        }
        None => {
            // An oscilloscope gives records: what hands switch on could not be waited for.
            text += if loads.first().is_some_and(|(.., driver)| *driver == "scpi") {
                "# No stimulator answered: name its driver and port.\n\
                 stimulator: { driver: native, port: { serial_number: FILL-IN }, cap: 10 mA }\n"
            } else {
                "# No stimulator answered: name its driver and port, or set it by hand (`driver: manual`).\n\
                 stimulator: { driver: manual, cap: 10 mA }\n"
            };
            "10 mA".to_owned()
        }
    };
    for (found, driver, identity) in stimulators.iter().skip(1) {
        let (name, port) = (driver.name(), port(&found.port));
        let _ = writeln!(text, "# another: {identity}: driver: {name}, port: {port}");
    }
    match loads.first() {
        Some((found, model, driver)) => {
            let _ = writeln!(text, "\n# {model}");
            let _ = writeln!(text, "load:\n  driver: {driver}\n  port: {}", port(&found.port));
            text += if *driver == "native" { NATIVE_CHANNELS } else { SCOPE_CHANNELS };
        }
        None => {
            text += "\n# No load answered: name its driver and port.\n";
            text += "load:\n  driver: native\n  port: { serial_number: FILL-IN }\n";
            text += NATIVE_CHANNELS;
        }
    }
    for (found, model, driver) in loads.iter().skip(1) {
        let _ = writeln!(text, "# another: {model}: driver: {driver}, port: {}", port(&found.port));
    }
    for probe in probes {
        let _ = writeln!(
            text,
            "\n# {}\n# probe: {{ selector: {:?}, chip: FILL-IN, elf: path/to/firmware.elf }}",
            probe.model, probe.selector
        );
    }
    let _ = write!(
        text,
        "\nphantoms: {{ slot1: r1k }}         # what is plugged in; `stimrig list` says what scenarios ask for\n\n\
         limits:                          # hard limits of this bench\n  \
         amplitude: {cap}\n  charge_per_phase: 10 uC\n  mean_dc: 100 uA\n"
    );
    Some(text)
}

/// Its maximum: what it says, what it can at most, or what only the user knows of the bench. A word that is no current keeps the
/// file from being used before it is filled in.
fn cap(driver: Driver, identity: &StimulatorIdentity) -> String {
    match driver {
        Driver::Native => engineering(identity.cap, Dimension::Current, 9),
        Driver::Stimjim => engineering(stimjim::MOST_MICROAMPS as f64 * 1e-6, Dimension::Current, 9),
        _ => FILL_IN.to_owned(),
    }
}

/// What a driver's device cannot tell of itself.
fn stated(driver: Driver) -> &'static str {
    match driver {
        Driver::Stimjim => {
            "  outputs: [[e1, case]]          # output 0 between these contacts; a second pair is output 1\n"
        }
        Driver::ScienceMode => {
            "  outputs: [[e1, case]]          # channel 1 between these contacts; up to 130 mA\n"
        }
        Driver::PulsePal => {
            "  volts_per_ampere: FILL-IN      # of what turns its volts into a current: `1 V/mA`, or a resistor: `10 kohm`\n  \
             outputs: [[e1, case]]          # channel 1 between these contacts\n"
        }
        _ => "",
    }
}

/// What only the user knows.
const FILL_IN: &str = "FILL-IN";

const NATIVE_CHANNELS: &str = "  channels:                      # one for each contact of the phantom, its voltages, and the output voltage
    e1: { quantity: current, ranges: [4 mA, 32 mA] }
    case: { quantity: current, ranges: [4 mA, 32 mA] }
    v1: { quantity: voltage, ranges: [2 V, 20 V] }
    vout: { quantity: voltage, ranges: [2 V, 20 V], of: [e1, case] }
";

const SCOPE_CHANNELS: &str = "  channels:                      # across a shunt between two channels, so that the stimulator's return stays off earth
    e1: { plus: CH1, minus: CH2, shunt: 100 ohm, ranges: [10 mA] }
    vout: { quantity: voltage, plus: CH3, minus: CH2, ranges: [20 V], of: [e1, case] }
";

fn port(port: &Port) -> String {
    let (key, name) = match port {
        Port::SerialNumber(name) => ("serial_number", name),
        Port::Path(name) => ("path", name),
        Port::Pty(name) => ("pty", name),
        Port::Tcp(name) => ("tcp", name),
    };
    format!("{{ {key}: {name:?} }}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::Rig;
    use crate::source::Source;

    #[test]
    fn a_probe_is_a_line_that_wants_its_chip() {
        let scope = Scanned {
            port: Port::Tcp("10.0.0.1:5555".to_owned()),
            about: String::new(),
            answer: Answer::Instrument("RIGOL,DS1054Z,DS1ZA1,00.04".to_owned()),
            doubles: Vec::new(),
        };
        let (model, selector) = ("J-Link OB".to_owned(), "1366:0101:000123".to_owned());
        let text = rig_file("b", &[scope], &[PluggedProbe { model, selector, trouble: None }]).unwrap();
        let line = "# probe: { selector: \"1366:0101:000123\", chip: FILL-IN, elf: path/to/firmware.elf }\n";
        assert!(text.contains("# J-Link OB\n") && text.contains(line), "{text}");
        assert!(Rig::read(&Source::new("b.yaml", &text)).is_ok(), "{text}");
    }
}
