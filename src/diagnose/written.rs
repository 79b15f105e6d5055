//! A rig file for what was found.

use std::fmt::Write as _;

use crate::quantity::{Dimension, engineering};
use crate::rig::Port;

use super::{Answer, Scanned};

/// The text of a rig file for the first stimulator and the first load found; further ones follow as comments. `None` if
/// neither was found.
pub fn rig_file(name: &str, scanned: &[Scanned]) -> Option<String> {
    let stimulators: Vec<_> = scanned
        .iter()
        .filter_map(|one| match &one.answer {
            Answer::Stimulator(identity) => Some((one, identity)),
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
        Some((found, identity)) => {
            let cap = engineering(identity.cap, Dimension::Current, 9);
            let _ =
                writeln!(text, "# {}, uid {}, firmware {}", identity.model, identity.uid, identity.firmware);
            let _ =
                writeln!(text, "stimulator: {{ driver: native, port: {}, cap: {cap} }}", port(&found.port));
            cap
        }
        None => {
            text +=
                "# No stimulator answered: name its driver and port, or set it by hand (`driver: manual`).\n";
            text += "stimulator: { driver: manual, cap: 10 mA }\n";
            "10 mA".to_owned()
        }
    };
    for (found, identity) in stimulators.iter().skip(1) {
        let _ = writeln!(
            text,
            "# another: {}, uid {}: port: {}",
            identity.model,
            identity.uid,
            port(&found.port)
        );
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
    let _ = write!(
        text,
        "\nphantoms: {{ slot1: r1k }}         # what is plugged in; `stimrig list` says what scenarios ask for\n\n\
         limits:                          # hard limits of this bench\n  \
         amplitude: {cap}\n  charge_per_phase: 10 uC\n  mean_dc: 100 uA\n"
    );
    Some(text)
}

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
