//! Analysis of one channel against one plain look (sum, minimum, maximum, count) at the same buffer.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use stimrig::measure::{ChannelSetup, Recorder, Setup, Wanted};
use stimrig::signal::{
    Block, BlockSink, Calibration, Polarity, Program, Recovery, Run, Sensed, Share, StreamKind, Waveform,
};

const SAMPLES: usize = 2_000_000;

fn program(rate: f64, width: f64) -> Program {
    let share = |contact: &str, share| Share { contact: contact.to_owned(), share };
    Program {
        waveform: Waveform::Biphasic,
        leading: Polarity::Cathodic,
        amplitude: 2e-3,
        width,
        gap: 10e-6,
        recovery: Recovery::Mirrored,
        recharge: None,
        rate,
        ramp: None,
        burst: None,
        cycle: None,
        contacts: vec![share("e1", -1.0), share("case", 1.0)],
        run: Run::UntilStopped,
    }
}

/// Two seconds at 1 MHz: rectangular pulses through a first-order low-pass, with triangular noise of a code or so.
fn codes(program: &Program) -> Vec<i16> {
    let mut state = 0.0;
    let mut seed = 1_u32;
    let mut noise = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(seed >> 16) / 65_536.0 - 0.5
    };
    let first = program.pulse(0);
    (0..SAMPLES)
        .map(|k| {
            let t = (k as f64 * 1e-6 - 1e-3).rem_euclid(program.period());
            let current: f64 = first
                .phases()
                .iter()
                .filter(|phase| k >= 1000 && (phase.start..phase.end()).contains(&t))
                .map(|phase| phase.current)
                .sum();
            state += 0.4 * (current / 122e-9 - state);
            (state + 1.7 * (noise() + noise())).round() as i16
        })
        .collect()
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

fn look(codes: &[i16]) -> (i64, i16, i16, usize) {
    let sum = codes.iter().map(|code| i64::from(*code)).sum();
    let low = codes.iter().copied().min().unwrap_or(0);
    let high = codes.iter().copied().max().unwrap_or(0);
    (sum, low, high, codes.iter().filter(|code| **code > 100).count())
}

fn analysis(criterion: &mut Criterion) {
    for (name, rate, width) in [("50 Hz", 50.0, 200e-6), ("10 kHz", 10e3, 30e-6)] {
        let program = program(rate, width);
        let codes = codes(&program);
        let mut group = criterion.benchmark_group(name);
        group.sample_size(20).throughput(Throughput::Elements(SAMPLES as u64));
        group.bench_function("one look", |bencher| bencher.iter(|| look(black_box(&codes))));
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
