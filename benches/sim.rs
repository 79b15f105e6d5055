//! Cost of the simulated world: the solver alone, and with the full front end.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a bench has nobody to report to")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use stimrig::instrument::StreamChannel;
use stimrig::phantom::{Circuit, Drive, Element, ElementKind, Output, Phantom, Probe, Sampled, Waveform};
use stimrig::rig::{SimBench, builtin_phantom, read_phantom};
use stimrig::signal::{Sensed, StreamKind};
use stimrig::sim::analog::Analog;
use stimrig::source::Source;

/// 450 ohm + (4.7 uF ∥ 20 k) between `e1` and `case`.
fn lead() -> Phantom {
    let element = |kind, value, from, to| Element { kind, value, tolerance: 0.0, measured_u: None, from, to };
    Phantom {
        name: "lead".into(),
        hash: String::new(),
        nodes: vec!["a".into(), "b".into(), "gnd".into()],
        contacts: vec![("e1".into(), 0), ("case".into(), 2)],
        elements: vec![
            element(ElementKind::Resistor, 450.0, 0, 1),
            element(ElementKind::Capacitor, 4.7e-6, 1, 2),
            element(ElementKind::Resistor, 20e3, 1, 2),
        ],
        senses: vec![("v1".into(), 0, 2)],
        areas: Vec::new(),
        source: None,
    }
}

/// `sections` of 100 ohm and 1 uF: as many states.
fn ladder(sections: usize) -> Phantom {
    let element = |kind, value, from, to| Element { kind, value, tolerance: 0.0, measured_u: None, from, to };
    let elements = (0..sections).flat_map(|k| {
        let (before, after) = (if k == 0 { 0 } else { k + 1 }, k + 2);
        [
            element(ElementKind::Resistor, 100.0 + 10.0 * k as f64, before, after),
            element(ElementKind::Capacitor, 1e-6, after, 1),
            element(ElementKind::Resistor, 50e3, after, 1),
        ]
    });
    Phantom {
        nodes: ["a", "gnd"]
            .map(String::from)
            .into_iter()
            .chain((0..sections).map(|k| format!("n{k}")))
            .collect(),
        contacts: vec![("e1".into(), 0), ("case".into(), 1)],
        elements: elements.collect(),
        senses: vec![("v1".into(), 0, 1)],
        ..lead()
    }
}

/// A bench with every contact's current, every sense and `vout`; returns the number of channels, too.
fn bench(phantom: &Phantom) -> (Analog, usize) {
    let mut analog = Analog::new(&SimBench::default(), phantom, 1, 1).expect("a phantom of positive values");
    analog.interlock(true);
    let channel = |name: &str, quantity, range| StreamChannel { name: name.into(), quantity, range };
    let contacts = phantom.contacts.iter().map(|(name, _)| channel(name, Sensed::Current, 4e-3));
    let senses = phantom.senses.iter().map(|(name, ..)| channel(name, Sensed::Voltage, 2.0));
    let mut channels: Vec<StreamChannel> = contacts.chain(senses).collect();
    channels.push(channel("vout", Sensed::Voltage, 20.0));
    analog.start_stream(&channels, false).expect("channels the phantom has");
    (analog, channels.len())
}

/// Samples of one bench slice.
const SLICE: u64 = 20_000;

/// 20 ms with `pulses` biphasic pulses of 30 us in it, from the first contact to the last.
fn slice(analog: &mut Analog, amplitude: f64, pulses: u64) -> i64 {
    let from = analog.now();
    let contacts = analog.phantom().contacts.len();
    let currents = |current: f64| {
        let mut all = vec![0.0; contacts];
        all[0] = current;
        all[contacts - 1] = -current;
        Drive::Currents(all)
    };
    for pulse in 0..pulses {
        let start = from + 10_000 + pulse * (20_000_000 / pulses);
        for (at, drive) in [
            (0, currents(-amplitude)),
            (30_000, Drive::Off),
            (40_000, currents(amplitude)),
            (70_000, Drive::Off),
        ] {
            analog.advance(start + at);
            analog.set_drive(&drive);
        }
    }
    analog.advance(from + 20_000_000);
    let block = analog.take_block(StreamKind::Fast, usize::MAX).expect("a stream is running");
    block.codes.first().map_or(0, |code| i64::from(*code))
}

fn front_end(criterion: &mut Criterion) {
    let (path, text) = builtin_phantom("star-8").expect("it is shipped");
    let star = read_phantom(&Source::new(path, text)).expect("a test reads it, too");
    let mut group = criterion.benchmark_group("front end");
    group.sample_size(20);
    for (name, phantom) in [("one state", lead()), ("star-8", star)] {
        for (train, pulses) in [("rest", 0), ("50 Hz", 1), ("10 kHz", 200)] {
            let (mut analog, channels) = bench(&phantom);
            group.throughput(Throughput::Elements(channels as u64 * SLICE));
            group.bench_function(format!("{name}, {train}"), |bencher| {
                bencher.iter(|| slice(&mut analog, 2e-3, pulses));
            });
        }
    }
    group.finish();
}

/// One period of a 50 Hz train at 1 MHz, from the network's modes: every sample of the voltage of the stimulated contact.
fn solver_samples(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("solver");
    group.sample_size(20).throughput(Throughput::Elements(SLICE));
    for states in [1, 16] {
        // Without the series capacitor and the load's input the phantom's states are all there are.
        let output = Output { blocking_capacitor: 0.0, sense_input: None, ..Output::default() };
        let mut circuit = Circuit::new(&ladder(states), output).expect("a phantom of positive values");
        let (cathodic, anodic) = (Drive::Currents(vec![-2e-3, 2e-3]), Drive::Currents(vec![2e-3, -2e-3]));
        let (mut wave, mut sampled) = (Waveform::default(), Sampled::default());
        let mut values = vec![0.0; SLICE as usize];
        group.bench_function(format!("{states} states, every sample"), |bencher| {
            bencher.iter(|| {
                for (drive, samples) in
                    [(&cathodic, 200), (&Drive::Off, 50), (&anodic, 200), (&Drive::Off, SLICE as usize - 450)]
                {
                    circuit.set_drive(drive);
                    circuit.waveform(Probe::Nodes(0, 1), &mut wave);
                    // 1 V is full scale.
                    sampled.set(&wave, 0.0, 1e-6, 1e-14);
                    sampled.fill(0, &mut values[..samples]);
                    black_box(&values);
                    circuit.advance(samples as f64 * 1e-6);
                }
            });
        });
    }
    group.finish();
}

fn solver(criterion: &mut Criterion) {
    criterion.bench_function("solver/one biphasic pulse, no samples", |bencher| {
        let mut circuit = Circuit::new(&lead(), Output::default()).expect("a phantom of positive values");
        let (cathodic, anodic) = (Drive::Currents(vec![-2e-3, 2e-3]), Drive::Currents(vec![2e-3, -2e-3]));
        bencher.iter(|| {
            for (drive, seconds) in
                [(&cathodic, 200e-6), (&Drive::Off, 50e-6), (&anodic, 200e-6), (&Drive::Off, 19.55e-3)]
            {
                circuit.set_drive(drive);
                circuit.advance(seconds);
            }
        });
    });
}

criterion_group!(benches, front_end, solver_samples, solver);
criterion_main!(benches);
