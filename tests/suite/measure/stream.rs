//! The recorder against an exact current.

use proptest::prelude::*;
use stimrig::measure::{ChannelSetup, Recorder, Recording, Setup, Wanted};
use stimrig::signal::{Block, BlockSink, Marker, MarkerBit, Program, Sensed, StreamKind};

use super::bench::{Bench, step_response, steps};

pub fn program(amplitude: f64, width: f64, gap: f64, rate: f64) -> Program {
    Program::biphasic(["e1", "case"], amplitude, width, gap, rate)
}

pub fn setup(bench: &Bench, program: &Program) -> Setup {
    Setup {
        sample_rate: 1e6,
        clock_u: 20e-6,
        filter: (4, 1e5),
        channels: vec![ChannelSetup {
            name: "e1".into(),
            sensed: Sensed::Current,
            calibration: bench.calibration,
        }],
        main: 0,
        vout: None,
        slow: None,
        wanted: Wanted { shapes: vec!["e1".into()], ..Wanted::default() },
        program: program.clone(),
    }
}

/// Zero over the first `zeroed` samples, then free running.
pub fn markers(zeroed: u64) -> Vec<Marker> {
    vec![
        Marker { sample: 0, bit: MarkerBit::Zero, value: true },
        Marker { sample: zeroed, bit: MarkerBit::Zero, value: false },
    ]
}

pub fn record(setup: Setup, codes: &[i16], markers: &[Marker], blocks: &[usize]) -> Recording {
    let mut recorder = Recorder::new(setup);
    let (mut first, mut next) = (0, 0);
    while first < codes.len() {
        let count = blocks[next % blocks.len()].clamp(1, codes.len() - first);
        let range = first as u64..(first + count) as u64;
        let within: Vec<Marker> = markers.iter().filter(|m| range.contains(&m.sample)).copied().collect();
        recorder.block(&Block {
            stream: StreamKind::Fast,
            first: first as u64,
            count,
            codes: &codes[first..first + count],
            markers: &within,
            lost: 0,
        });
        first += count;
        next += 1;
    }
    recorder.finish()
}

#[test]
fn the_oracle_settles_at_one_and_has_half_power_at_its_cutoff() {
    assert!((step_response(40e-6, 1e5) - 1.0).abs() < 1e-9);
    // Centre of area of the step is the unit delay.
    let dt = 1e-9;
    let delay: f64 = (0..40_000).map(|k| (1.0 - step_response(f64::from(k) * dt, 1e5)) * dt).sum();
    assert!((delay - 2.113_917_67 / (std::f64::consts::TAU * 1e5)).abs() < 2e-9, "{delay:e}");
}

#[test]
fn an_ideal_train_is_found_with_its_levels_edges_and_charges() {
    let program = program(2e-3, 200.3e-6, 50e-6, 50.0);
    let mut bench = Bench::ideal(1, 4e-3);
    let codes = bench.sample(&steps(&program, 50e-3 + 0.37e-6, 0.55), 600_000);
    let recording = record(setup(&bench, &program), &codes, &markers(20_000), &[4096]);
    let contact = recording.main().unwrap();
    let lsb = bench.calibration.lsb;
    assert_eq!(contact.pulses.len(), 25);
    assert_eq!(recording.zeros[0].len(), 1);
    for (n, pulse) in contact.pulses.iter().enumerate() {
        let phases = pulse.phases();
        assert_eq!(phases.len(), 2, "{n}: {pulse:?}");
        let start = pulse.start() * 1e-6 - recording.front_end.delay;
        assert!((start - (50e-3 + 0.37e-6 + 0.02 * n as f64)).abs() < 0.02e-6, "{n}: {start}");
        let width = f64::from(phases[0].end - phases[0].start) * 1e-6;
        assert!((width - 200.3e-6).abs() < 0.03e-6, "{width:e}");
        let gap = f64::from(phases[1].start - phases[0].end) * 1e-6;
        assert!((gap - 50e-6).abs() < 0.03e-6, "{gap:e}");
        let level = (f64::from(phases[0].level) - pulse.base) * lsb;
        assert!((level + 2e-3).abs() < 0.05e-6, "{level:e}");
        let charge = f64::from(phases[0].area) * lsb * 1e-6;
        assert!((charge + 2e-3 * 200.3e-6).abs() < 0.02e-9, "{charge:e}");
        assert!(pulse.pulse_area.abs() * lsb * 1e-6 < 0.03e-9);
        assert!(pulse.before.is_some() && !pulse.flags.clipped && !pulse.flags.truncated);
    }
    let cycles = contact.pulses.iter().filter(|pulse| pulse.cycle_span > 0).count();
    assert_eq!(cycles, 24);
    assert_eq!(contact.activity.len(), 25);
    assert_eq!(recording.excerpts.first().unwrap().pulse, 0);
    assert_eq!(recording.excerpts.last().unwrap().pulse, 24);
}

#[test]
fn a_shared_edge_splits_the_charge_where_the_current_turned() {
    let program = program(2e-3, 100.6e-6, 0.0, 100.0);
    let mut bench = Bench::ideal(2, 4e-3);
    let codes = bench.sample(&steps(&program, 40e-3, 0.15), 160_000);
    let recording = record(setup(&bench, &program), &codes, &markers(20_000), &[1000]);
    let lsb = bench.calibration.lsb;
    let pulses = &recording.main().unwrap().pulses;
    assert_eq!(pulses.len(), 11);
    for pulse in pulses {
        let [first, second] = pulse.phases() else { panic!("{pulse:?}") };
        assert_eq!(first.end, second.start);
        let width = f64::from(first.end - first.start) * 1e-6;
        assert!((width - 100.6e-6).abs() < 0.03e-6, "{width:e}");
        for (phase, sign) in [(first, -1.0), (second, 1.0)] {
            let charge = f64::from(phase.area) * lsb * 1e-6;
            // Without the filter's correction it would be 0.5 % short.
            assert!((charge / (sign * 2e-3 * 100.6e-6) - 1.0).abs() < 3e-4, "{charge:e}");
        }
    }
}

#[test]
fn ten_kilohertz_has_no_quiet_interval_and_every_pulse_is_found() {
    let program = program(1e-3, 30e-6, 10e-6, 10_000.0);
    let mut bench = Bench::ideal(3, 4e-3);
    let codes = bench.sample(&steps(&program, 40e-3, 0.0799), 100_000);
    let recording = record(setup(&bench, &program), &codes, &markers(20_000), &[777]);
    let pulses = &recording.main().unwrap().pulses;
    assert_eq!(pulses.len(), 399);
    let lsb = bench.calibration.lsb;
    for pulse in pulses.range(1..398) {
        assert!(pulse.before.is_none(), "{pulse:?}");
        assert_eq!(pulse.phases().len(), 2);
        let net = pulse.cycle_area * lsb * 1e-6;
        assert!(net.abs() < 1e-11, "{net:e}");
        let level = (f64::from(pulse.phases()[0].level) - pulse.base) * lsb;
        assert!((level + 1e-3).abs() < 0.3e-6, "{level:e}");
    }
}

#[test]
fn lost_samples_cut_the_pulse_under_way_and_are_counted() {
    let program = program(2e-3, 200e-6, 0.0, 50.0);
    let mut bench = Bench::ideal(4, 4e-3);
    let codes = bench.sample(&steps(&program, 50e-3, 0.19), 200_000);
    let mut recorder = Recorder::new(setup(&bench, &program));
    let mut push = |first: usize, to: usize, lost: u64, markers: &[Marker]| {
        let stream = StreamKind::Fast;
        let codes = &codes[first..to];
        recorder.block(&Block { stream, first: first as u64, count: codes.len(), codes, markers, lost });
    };
    push(0, 90_100, 0, &markers(20_000));
    push(90_600, 200_000, 500, &[]);
    let recording = recorder.finish();
    assert_eq!(recording.lost, vec![(90_100, 500)]);
    let pulses = &recording.main().unwrap().pulses;
    assert_eq!(pulses.iter().filter(|pulse| pulse.flags.truncated).count(), 1, "{pulses:#?}");
    assert_eq!(pulses.iter().filter(|pulse| !pulse.flags.truncated).count(), 6);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn results_do_not_depend_on_the_blocks(
        blocks in proptest::collection::vec(1_usize..5000, 1..12),
        seed in 0_u64..1000,
    ) {
        let program = program(2e-3, 120e-6, 20e-6, 200.0);
        let mut bench = Bench::drawn(seed, 4e-3);
        let codes = bench.sample(&steps(&program, 12.3e-3, 0.036), 40_000);
        let whole = record(setup(&bench, &program), &codes, &markers(7_000), &[usize::MAX]);
        let split = record(setup(&bench, &program), &codes, &markers(7_000), &blocks);
        // NaN marks a cycle without an end; the debug form compares it too.
        prop_assert_eq!(format!("{whole:?}"), format!("{split:?}"));
    }
}

#[test]
fn a_first_pulse_right_after_a_zero_keeps_its_leading_phase() {
    let program = program(2e-3, 200e-6, 50e-6, 50.0);
    let mut bench = Bench::drawn(5, 4e-3);
    // The zero ends 103 µs before the first edge: as soon as a board may start.
    let codes = bench.sample(&steps(&program, 20_103e-6, 0.11), 120_000);
    let recording = record(setup(&bench, &program), &codes, &markers(20_000), &[4096]);
    let pulses = &recording.main().unwrap().pulses;
    assert_eq!(pulses.len(), 5);
    assert!(pulses.iter().all(|pulse| pulse.phases().len() == 2 && !pulse.flags.truncated), "{pulses:#?}");
    assert!((pulses.first().unwrap().base - bench.offset).abs() < 3.0);
}
