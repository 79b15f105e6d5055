//! Analysis of one channel against one plain look (sum, minimum, maximum, count) at the same buffer.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use stimrig::measure::{ChannelSetup, Recorder, Setup, Wanted};
use stimrig::signal::{Block, BlockSink, Calibration, Program, Sensed, StreamKind};

/// 200 MB of codes.
const SAMPLES: usize = 100_000_000;
/// Samples after which the record repeats: two seconds, a whole number of periods.
const PATTERN: usize = 2_000_000;

fn program(rate: f64, width: f64) -> Program {
    Program::biphasic(["e1", "case"], 2e-3, width, 10e-6, rate)
}

/// A hundred seconds at 1 MHz: rectangular pulses through a first-order low-pass, with triangular noise of a code or so.
/// Samples lie half-way between the instants of edges: at those rounding would decide what is driven.
fn codes(program: &Program) -> Vec<i16> {
    let mut state = 0.0;
    let mut seed = 1_u32;
    let mut noise = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(seed >> 16) / 65_536.0 - 0.5
    };
    let first = program.pulse(0);
    let pattern: Vec<i16> = (0..PATTERN)
        .map(|k| {
            let t = ((k as f64 + 0.5) * 1e-6 - 20e-6).rem_euclid(program.period());
            let current: f64 = first
                .phases()
                .iter()
                .filter(|phase| (phase.start..phase.end()).contains(&t))
                .map(|phase| phase.current)
                .sum();
            state += 0.4 * (current / 122e-9 - state);
            (state + 1.7 * (noise() + noise())).round() as i16
        })
        .collect();
    pattern.repeat(SAMPLES / PATTERN)
}

fn setup(program: &Program) -> Setup {
    let calibration = Calibration {
        lsb: 122e-9,
        offset: 0.0,
        offset_u: 2.0,
        gain_u: 5e-4,
        inl: 1.0,
        noise: 0.7,
        rails: (i16::MIN, i16::MAX),
        ..Calibration::default()
    };
    Setup {
        sample_rate: 1e6,
        clock_u: 20e-6,
        filter: (4, 1e5),
        channels: vec![ChannelSetup { name: "e1".to_owned(), sensed: Sensed::Current, calibration }],
        main: 0,
        vout: None,
        slow: None,
        wanted: Wanted::default(),
        program: program.clone(),
    }
}

/// One pass, as one writes it.
fn look(codes: &[i16]) -> (i64, i16, i16, usize) {
    codes.iter().fold((0, i16::MAX, i16::MIN, 0), |(sum, low, high, count), code| {
        (sum + i64::from(*code), low.min(*code), high.max(*code), count + usize::from(*code > 100))
    })
}

/// The same as fast as the memory gives it: the floor of everything that touches a sample once.
fn fused(codes: &[i16]) -> (i64, i16, i16, usize) {
    let mut seen = (0_i64, i16::MAX, i16::MIN, 0_usize);
    for part in codes.chunks(4096) {
        let (mut sum, mut low, mut high, mut count) = (0_i32, i16::MAX, i16::MIN, 0_u16);
        for code in part {
            sum += i32::from(*code);
            low = low.min(*code);
            high = high.max(*code);
            count += u16::from(*code > 100);
        }
        seen = (seen.0 + i64::from(sum), seen.1.min(low), seen.2.max(high), seen.3 + usize::from(count));
    }
    seen
}

fn analysis(criterion: &mut Criterion) {
    for (name, rate, width) in [("50 Hz", 50.0, 200e-6), ("10 kHz", 10e3, 30e-6)] {
        let program = program(rate, width);
        let codes = codes(&program);
        let mut group = criterion.benchmark_group(name);
        group.sample_size(10).throughput(Throughput::Elements(SAMPLES as u64));
        group.bench_function("one look", |bencher| bencher.iter(|| look(black_box(&codes))));
        group.bench_function("one look, fused", |bencher| bencher.iter(|| fused(black_box(&codes))));
        group.bench_function("analysis", |bencher| {
            bencher.iter(|| {
                let mut recorder = Recorder::new(setup(&program));
                for (k, plane) in codes.chunks(4096).enumerate() {
                    recorder.block(&Block {
                        stream: StreamKind::Fast,
                        first: (k * 4096) as u64,
                        count: plane.len(),
                        codes: plane,
                        markers: &[],
                        lost: 0,
                    });
                }
                recorder.finish()
            });
        });
        group.finish();
    }
}

criterion_group!(benches, analysis);
criterion_main!(benches);
