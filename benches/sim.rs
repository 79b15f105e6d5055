//! Cost of the simulated world: the solver, and the front end against a plain sum over the same number of samples.

#![expect(clippy::expect_used, reason = "a bench has nobody to report to")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use stimrig::instrument::StreamChannel;
use stimrig::phantom::{Circuit, Drive, Element, ElementKind, Output, Phantom};
use stimrig::rig::SimBench;
use stimrig::signal::{Sensed, StreamKind};
use stimrig::sim::analog::Analog;

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

fn bench() -> Analog {
    let mut analog = Analog::new(&SimBench::default(), &lead(), 1, 1).expect("a phantom of positive values");
    analog.interlock(true);
    let channel = |name: &str, quantity, range| StreamChannel { name: name.into(), quantity, range };
    let channels = [
        channel("e1", Sensed::Current, 4e-3),
        channel("case", Sensed::Current, 4e-3),
        channel("v1", Sensed::Voltage, 2.0),
        channel("vout", Sensed::Voltage, 20.0),
    ];
    analog.start_stream(&channels, false).expect("channels the phantom has");
    analog
}

/// 20 ms with or without one biphasic pulse in it; 80 000 channel-samples.
fn slice(analog: &mut Analog, amplitude: f64) -> i64 {
    let from = analog.now();
    if amplitude > 0.0 {
        for (at, current) in [(0, -amplitude), (200_000, 0.0), (250_000, amplitude), (450_000, 0.0)] {
            analog.advance(from + 1_000_000 + at);
            analog.set_drive(&Drive::Currents(vec![current, -current]));
        }
    }
    analog.advance(from + 20_000_000);
    let block = analog.take_block(StreamKind::Fast, usize::MAX).expect("a stream is running");
    block.codes.first().map_or(0, |code| i64::from(*code))
}

fn front_end(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("front end");
    group.throughput(Throughput::Elements(80_000));
    let buffer = vec![3_i16; 80_000];
    group.bench_function("plain sum", |bencher| {
        bencher.iter(|| black_box(&buffer).iter().map(|code| i64::from(*code)).sum::<i64>());
    });
    group.bench_function("rest", |bencher| {
        let mut analog = bench();
        bencher.iter(|| slice(&mut analog, 0.0));
    });
    group.bench_function("50 Hz biphasic", |bencher| {
        let mut analog = bench();
        bencher.iter(|| slice(&mut analog, 2e-3));
    });
    group.finish();
}

fn solver(criterion: &mut Criterion) {
    criterion.bench_function("solver/one biphasic pulse", |bencher| {
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

criterion_group!(benches, front_end, solver);
criterion_main!(benches);
