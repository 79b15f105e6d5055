//! What each fuzz target does with its bytes. A target panics where the tool is wrong; nothing else may happen to it.
//!
//! The test suite includes this file and feeds it every kept input (`regressions/`) and the shipped files, damaged.

use std::io::Cursor;

use stimrig::analyze::{Options, Scale, analyze, analyze_coded};
use stimrig::capture::{coded, container};
use stimrig::phantom::{Circuit, Drive, Output, Probe, Waveform};
use stimrig::rig::{DEFAULT_RIG, Rig, read_phantom};
use stimrig::scenario::{plan, read_profile, read_scenario, shipped};
use stimrig::source::{Diagnostic, Source, render};
use stimrig_protocol::{Decoder, MAX_PAYLOAD, OVERHEAD, encode};

/// Bytes of a serial line, in pieces whose lengths the first byte decides. What is decoded, sent again, is decoded the same.
pub fn frames(bytes: &[u8]) {
    let Some((step, mut rest)) = bytes.split_first() else { return };
    let step = usize::from(*step).max(1);
    let mut decoder = Decoder::new(vec![0; MAX_PAYLOAD + OVERHEAD]);
    let mut again = Decoder::new(vec![0; MAX_PAYLOAD + OVERHEAD]);
    let mut buffer = vec![0; MAX_PAYLOAD + OVERHEAD];
    while !rest.is_empty() {
        let taken = decoder.push(&rest[..rest.len().min(step)]);
        assert!(taken > 0, "room for a frame is room for a byte");
        rest = &rest[taken..];
        while let Some(frame) = decoder.pull() {
            let length =
                encode(&mut buffer, frame.kind, frame.sequence, frame.payload).expect("it came in a frame");
            assert_eq!(again.push(&buffer[..length]), length);
            assert_eq!(again.pull(), Some(frame));
        }
    }
    decoder.expire();
    while decoder.pull().is_some() {}
}

/// A scenario file, and the plan of its cases on the default bench.
pub fn scenario(bytes: &[u8]) {
    let Some(source) = source("scenario.yaml", bytes) else { return };
    let (cases, problems) = read_scenario(&source, &mut shipped);
    told(&problems, cases.is_empty());
    let rig = Rig::read(&Source::new(DEFAULT_RIG.0, DEFAULT_RIG.1)).expect("the default bench is good");
    // A matrix may have thousands of cases; they differ in little.
    for case in cases.into_iter().take(4) {
        match plan(case, &rig, false) {
            Ok(plan) => {
                told(&plan.warnings, false);
                assert!(plan.duration.is_finite() && plan.applied.amplitude <= rig.cap);
            }
            Err(problems) => told(&problems, true),
        }
    }
}

/// A rig file.
pub fn rig(bytes: &[u8]) {
    let Some(source) = source("rig.yaml", bytes) else { return };
    if let Err(problems) = Rig::read(&source) {
        told(&problems, true);
    }
}

/// A phantom file, and a pulse through it.
pub fn phantom(bytes: &[u8]) {
    let Some(source) = source("phantom.yaml", bytes) else { return };
    let phantom = match read_phantom(&source) {
        Ok(phantom) => phantom,
        Err(problems) => return told(&problems, true),
    };
    let Ok(mut circuit) = Circuit::new(&phantom, Output::default()) else { return };
    let mut currents = vec![0.0; phantom.contacts.len()];
    currents[0] = 1e-3;
    for drive in [Drive::Currents(currents), Drive::Off] {
        circuit.set_drive(&drive);
        drain(&mut circuit, 200e-6);
    }
    assert!(circuit.value(Probe::Current(0)).is_finite() && circuit.value(Probe::Vout).is_finite());
}

/// A limit profile.
pub fn profile(bytes: &[u8]) {
    let Some(source) = source("profile.yaml", bytes) else { return };
    if let Err(problems) = read_profile(&source) {
        told(&problems, true);
    }
}

/// A recording of any kind, and what is measured in it: read whole and, where it holds codes, block by block as well. Both see
/// the same samples.
pub fn recording(bytes: &[u8]) {
    let whole = stimrig::capture::read("recording", bytes).ok();
    let first = |name: &str, unit: &str| Options {
        current: Some(name.to_owned()),
        scale: (unit != "A").then_some(Scale { factor: 1e-3, per: "V" }),
        ..Options::default()
    };
    let analysis = whole.as_ref().and_then(|capture| {
        let trace = capture.traces.first().expect("a capture has a channel");
        analyze(capture, &first(&trace.name, &trace.unit)).ok()
    });
    if let (Some(capture), Some(analysis)) = (&whole, &analysis) {
        assert!(analysis.samples == capture.samples());
        assert!(analysis.pulses.iter().count() == analysis.pulses.len());
    }
    let Ok(Some(mut codes)) = coded::open("recording", Cursor::new(bytes), Some(1e6)) else { return };
    let Some(channel) = codes.channels.first().cloned() else { return };
    let Ok(measured) = analyze_coded(&mut codes, &first(&channel.name, &channel.unit)) else { return };
    // An array without a time is no capture.
    if let Some(analysis) = analysis {
        assert!(measured.samples == analysis.samples);
    }
}

/// A file of raw samples.
pub fn container(bytes: &[u8]) {
    let Ok(mut decoder) = container::Decoder::new(Cursor::new(bytes)) else { return };
    // Each item takes bytes, so there is an end.
    for _ in 0..=bytes.len() {
        match decoder.pull() {
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => return,
        }
    }
    panic!("more items than bytes");
}

/// Switching and driving a leaky electrode: three bytes an operation (what, how much, how long). Charge is neither made nor
/// lost, and time passes.
pub fn circuit(bytes: &[u8]) {
    let text = "version: 1\nname: p\ncontacts: { e1: a, case: gnd }\nelements:\n  - { r: 1 kohm, from: a, to: b }\n  - { c: 1 uF, from: b, to: gnd }\n";
    let phantom = read_phantom(&Source::new("p.yaml", text)).expect("a good phantom");
    let mut circuit = Circuit::new(&phantom, Output::default()).expect("it can be solved");
    let middle = phantom.nodes.iter().position(|node| node == "b").expect("it has one");
    let ground = phantom.nodes.iter().position(|node| node == "gnd").expect("it has one");
    let mut brought = 0.0;
    for operation in bytes.chunks_exact(3).take(40) {
        let amount = (f64::from(operation[1]) - 128.0) / 128.0;
        match operation[0] % 8 {
            0..=2 => circuit.set_drive(&Drive::Currents(vec![12e-3 * amount, -12e-3 * amount])),
            3 => circuit.set_drive(&Drive::Off),
            4 => circuit.set_drive(&Drive::Recharge),
            5 => circuit.open_lead(usize::from(operation[0] >> 7), amount > 0.0),
            6 => circuit.set_interlock(amount > 0.0),
            _ => circuit.set_leakage(0, 1e-6 * amount),
        }
        let out = drain(&mut circuit, 10.0_f64.powf(-7.0 + f64::from(operation[2]) / 46.0));
        brought += out;
        let held = 1e-6 * circuit.value(Probe::Nodes(middle, ground));
        assert!((held - brought).abs() < 1e-11, "{held} C held, {brought} C brought");
    }
}

/// Lets time pass; the charge out of the first contact, C.
fn drain(circuit: &mut Circuit, seconds: f64) -> f64 {
    let (mut left, mut charge, mut wave, mut spans) = (seconds, 0.0, Waveform::default(), 0);
    while left > 0.0 {
        let span = circuit.span(left);
        circuit.waveform(Probe::Current(0), &mut wave);
        charge += wave.integral(span);
        circuit.step(span);
        left -= span;
        spans += 1;
        assert!(
            spans < 100_000,
            "time does not pass: {left} s left after {spans} spans, the last of {span} s"
        );
    }
    charge
}

fn source(name: &str, bytes: &[u8]) -> Option<Source> {
    Source::from_bytes(name, bytes).ok()
}

/// What is refused is refused with an error, and every problem can be shown.
fn told(problems: &[Diagnostic], refused: bool) {
    assert!(!refused || problems.iter().any(Diagnostic::is_error), "refused without a word");
    assert!(!render(problems, false).is_empty() || problems.is_empty());
}
