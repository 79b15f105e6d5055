//! The rig file of a bench that is served on pseudo-terminals.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use crate::phantom::Phantom;
use crate::quantity::{Dimension, engineering};
use crate::rig::{Channel, Driver, Input, Protocol, Rig, SimBench};
use crate::signal::Sensed;

/// A rig file for what `rig` simulates with `phantoms` in its slots, reached through the links in `folder`.
/// `scpi` is where its oscilloscope listens, if its load is one.
pub(super) fn text(
    rig: &Rig,
    bench: &SimBench,
    phantoms: &[Phantom],
    folder: &Path,
    scpi: Option<SocketAddr>,
) -> String {
    let port = |name: &str| format!("{{ pty: {:?} }}", folder.join(name).display().to_string());
    let driver = |driver: Driver| if driver == Driver::Simulated { Driver::Native } else { driver }.name();
    let current = |value: f64| engineering(value, Dimension::Current, 9);
    let mut text = String::from(
        "# Written by `stimrig sim`, and gone when that ends: the simulated bench on pseudo-terminals, in real time.\n\
         # What passes here is marked as simulated.\nversion: 1\n",
    );
    let (stimulator, load) = (driver(rig.stimulator), driver(rig.load));
    // Writing to a string cannot fail.
    let _ = writeln!(text, "name: {}-served", rig.name);
    let _ = writeln!(
        text,
        "stimulator:\n  driver: {stimulator}\n  port: {}\n  cap: {}",
        port("stimulator"),
        current(rig.cap)
    );
    let pairs: Vec<_> =
        rig.wiring.outputs.iter().map(|pair| format!("[{}, {}]", pair.active, pair.back)).collect();
    if !pairs.is_empty() {
        let _ = writeln!(text, "  outputs: [{}]", pairs.join(", "));
    }
    match &rig.protocol {
        Protocol::VoltsPerAmpere(scale) => {
            let _ = writeln!(text, "  volts_per_ampere: {}", engineering(*scale, Dimension::Resistance, 9));
        }
        Protocol::Template(template) => {
            let _ = writeln!(text, "  template: {}", template.written);
        }
        Protocol::Known | Protocol::Stated(_) => {}
    }
    let stage = &bench.stimulator;
    let _ = writeln!(
        text,
        "  output: {{ compliance: {}, blocking_capacitor: {}, recharge: {} }}",
        engineering(stage.compliance, Dimension::Voltage, 9),
        engineering(stage.blocking_capacitor, Dimension::Capacitance, 9),
        engineering(stage.recharge, Dimension::Resistance, 9),
    );
    match scpi {
        Some(address) => text += &oscilloscope(rig, phantoms, address),
        None => text += &native(load, &port("load"), bench, phantoms),
    }
    let slots: Vec<_> =
        phantoms.iter().zip(1..).map(|(phantom, slot)| format!("slot{slot}: {}", phantom.name)).collect();
    let _ = writeln!(text, "phantoms: {{ {} }}", slots.join(", "));
    let _ = writeln!(text, "selector: {}", port("selector"));
    let limits = &rig.limits;
    let charge = engineering(limits.charge_per_phase, Dimension::Charge, 9);
    let (amplitude, mean) = (current(limits.amplitude), current(limits.mean_dc));
    let shannon = limits.shannon_k.map(|k| format!(", shannon_k: {k}")).unwrap_or_default();
    let _ = writeln!(
        text,
        "limits: {{ amplitude: {amplitude}, charge_per_phase: {charge}, mean_dc: {mean}{shannon} }}"
    );
    text
}

/// The oscilloscope as it is wired: the rig's own as the rig says, else the first contact's current across a shunt, and the output.
fn oscilloscope(rig: &Rig, phantoms: &[Phantom], address: SocketAddr) -> String {
    let record = rig.capabilities.record.filter(|_| rig.load == Driver::Scpi);
    let (memory, rate, channels) = match record {
        Some(record) => {
            let rate = engineering(record.sample_rate, Dimension::Frequency, 9);
            (record.memory, rate, rig.channels.iter().map(channel).collect::<String>())
        }
        None => {
            let contact =
                phantoms.first().and_then(|phantom| phantom.contacts.first()).map_or("e1", |(name, _)| name);
            let channels = format!(
                "    {contact}: {{ quantity: current, input: CH1, shunt: 100 ohm, ranges: [1 mA, 4 mA, 16 mA] }}\n    \
                 vout: {{ quantity: voltage, input: CH2, ranges: [2 V, 20 V] }}\n"
            );
            (6_000_000, "400 kHz".to_owned(), channels)
        }
    };
    format!(
        "load:\n  driver: scpi\n  port: {{ tcp: \"{address}\" }}\n  memory: {memory}\n  sample_rate: {rate}\n  channels:\n{channels}"
    )
}

/// A channel of an oscilloscope, as its rig file says it.
fn channel(channel: &Channel) -> String {
    let ohm = |ohm: &f64| format!("shunt: {}", engineering(*ohm, Dimension::Resistance, 9));
    let volt = |key: &str, volt: f64| format!("{key}: {}", engineering(volt, Dimension::Voltage, 9));
    let ratio = |key: &str, part: f64| format!("{key}: {}", engineering(part, Dimension::Ratio, 9));
    let (quantity, dimension, unit) = match channel.quantity {
        Sensed::Current => ("current", Dimension::Current, "A"),
        Sensed::Voltage => ("voltage", Dimension::Voltage, "V"),
    };
    let mut keys = vec![format!("quantity: {quantity}")];
    keys.extend(channel.terminal.iter().map(|terminal| format!("input: {terminal:?}")));
    match &channel.input {
        Input::Own => {}
        Input::Shunt(shunt) => keys.push(ohm(shunt)),
        Input::Differential { plus, minus, shunt } => {
            keys.push(format!("plus: {plus:?}, minus: {minus:?}"));
            keys.extend(shunt.iter().map(ohm));
        }
        Input::Monitor(gain) => keys.push(format!("monitor: {gain} V/A")),
        Input::Scale { factor, per } => keys.push(format!("scale: {factor} {unit}/{per}")),
    }
    let accuracy = &channel.accuracy;
    if channel.probe != 1.0 {
        keys.push(format!("probe: {}", channel.probe));
    }
    keys.extend(accuracy.reading.map(|part| ratio("accuracy", part)));
    keys.extend(accuracy.offset.map(|offset| volt("offset_error", offset)));
    let parts = [("tolerance", accuracy.element), ("mismatch", accuracy.mismatch)];
    keys.extend(parts.into_iter().filter(|(_, part)| *part != 0.0).map(|(key, part)| ratio(key, part)));
    keys.extend(accuracy.noise.map(|noise| volt("noise", noise)));
    let ranges: Vec<_> = channel.ranges.iter().map(|range| engineering(*range, dimension, 9)).collect();
    keys.push(format!("ranges: [{}]", ranges.join(", ")));
    if !channel.of.is_empty() {
        keys.push(format!("of: [{}]", channel.of.join(", ")));
    }
    format!("    {}: {{ {} }}\n", channel.name, keys.join(", "))
}

/// The load of `hardware/protocol`, with a channel for every contact and sense.
fn native(load: &str, port: &str, bench: &SimBench, phantoms: &[Phantom]) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "load:\n  driver: {load}\n  port: {}\n  channels:", port);
    let ranges = |ranges: &[f64], dimension: Dimension| {
        ranges.iter().map(|range| engineering(*range, dimension, 9)).collect::<Vec<_>>().join(", ")
    };
    let currents = ranges(&bench.adc.current_ranges, Dimension::Current);
    let voltages = ranges(&bench.adc.voltage_ranges, Dimension::Voltage);
    for contact in distinct(phantoms.iter().flat_map(|phantom| phantom.contacts.iter().map(|(name, _)| name)))
    {
        let _ = writeln!(text, "    {contact}: {{ quantity: current, ranges: [{currents}] }}");
    }
    let senses = distinct(phantoms.iter().flat_map(|phantom| phantom.senses.iter().map(|(name, ..)| name)));
    for sense in senses.into_iter().chain(["vout"]) {
        let _ = writeln!(text, "    {sense}: {{ quantity: voltage, ranges: [{voltages}] }}");
    }
    text
}

/// In order of their first appearance.
fn distinct<'a>(names: impl Iterator<Item = &'a String>) -> Vec<&'a str> {
    let mut seen: Vec<&str> = Vec::new();
    for name in names {
        if !seen.contains(&name.as_str()) {
            seen.push(name);
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    const WIRED: &str = "version: 1
name: wired
stimulator: { driver: simulated }
load:
  driver: scpi
  memory: 1000000
  sample_rate: 250 kHz
  channels:
    e1: { plus: CH1, minus: CH2, shunt: 99.7 ohm, tolerance: 0.1 %, mismatch: 0.2 %, accuracy: 1 %, ranges: [4 mA, 100 mA] }
    case: { input: CH3, monitor: 2.5 mV/uA, probe: 10, offset_error: 5 mV, noise: 300 uV, ranges: [4 mA] }
    v1: { quantity: voltage, input: CH4, ranges: [2 V] }
    vout: { plus: CH3, minus: CH2, ranges: [20 V], of: [e1, case] }
";

    #[test]
    fn the_oscilloscope_of_a_rig_is_served_as_it_is_wired() {
        let address = SocketAddr::from(([127, 0, 0, 1], 5555));
        let read = |text: &str| Rig::read(&Source::new("rig.yaml", text)).unwrap();
        for text in [WIRED, include_str!("../../rig/scope-sim.yaml")] {
            let rig = read(text);
            let bench = rig.sim.as_ref().unwrap();
            let served = read(&super::text(&rig, bench, &[], Path::new("/bench"), Some(address)));
            assert_eq!(served.channels, rig.channels);
            assert_eq!(served.capabilities.record, rig.capabilities.record);
            assert_eq!((served.load, served.is_simulated()), (Driver::Scpi, true));
        }
    }
}
