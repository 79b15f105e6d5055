//! The rig file of a bench that is served on pseudo-terminals.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use crate::phantom::Phantom;
use crate::quantity::{Dimension, engineering};
use crate::rig::{Driver, Protocol, Rig, SimBench};

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
        Some(address) => text += &oscilloscope(phantoms, address),
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

/// The oscilloscope as it is wired: the first contact's current across a shunt, and the output.
fn oscilloscope(phantoms: &[Phantom], address: SocketAddr) -> String {
    let contact =
        phantoms.first().and_then(|phantom| phantom.contacts.first()).map_or("e1", |(name, _)| name);
    format!(
        "load:\n  driver: scpi\n  port: {{ tcp: \"{address}\" }}\n  memory: 6000000\n  sample_rate: 400 kHz\n  channels:\n    \
         {contact}: {{ quantity: current, input: CH1, shunt: 100 ohm, ranges: [1 mA, 4 mA, 16 mA] }}\n    \
         vout: {{ quantity: voltage, input: CH2, ranges: [2 V, 20 V] }}\n"
    )
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
