//! The front end as a whole.

use super::*;
use crate::phantom::{Element, ElementKind};

fn phantom() -> Phantom {
    let element = |kind, value, from, to| Element { kind, value, tolerance: 0.0, measured_u: None, from, to };
    Phantom {
        name: "rc-1k-1u".into(),
        hash: String::new(),
        nodes: vec!["a".into(), "b".into(), "gnd".into()],
        contacts: vec![("e1".into(), 0), ("case".into(), 2)],
        elements: vec![
            element(ElementKind::Resistor, 1e3, 0, 1),
            element(ElementKind::Capacitor, 1e-6, 1, 2),
            element(ElementKind::Resistor, 1e5, 1, 2),
        ],
        senses: vec![("v1".into(), 0, 2)],
        areas: Vec::new(),
        source: None,
    }
}

fn channels() -> Vec<StreamChannel> {
    [("e1", Sensed::Current, 4e-3), ("v1", Sensed::Voltage, 20.0), ("vout", Sensed::Voltage, 20.0)]
        .map(|(name, quantity, range)| StreamChannel { name: name.into(), quantity, range })
        .to_vec()
}

fn perfect() -> SimBench {
    let mut bench = SimBench::default();
    let adc = &mut bench.adc;
    (adc.noise, adc.offset, adc.gain_error, adc.inl, adc.clock_error) = (0.0, 0.0, 0.0, 0.0, 0.0);
    bench
}

/// Drive changes of one biphasic pulse at `at` ns.
fn pulse(at: u64) -> [(u64, f64); 4] {
    [(at, -2e-3), (at + 200_000, 0.0), (at + 250_000, 2e-3), (at + 450_000, 0.0)]
}

fn play(analog: &mut Analog, steps: &[(u64, f64)], slices: u64) {
    for &(at, current) in steps {
        while slices > 0 && analog.now() + slices < at {
            analog.advance(analog.now() + slices);
        }
        analog.advance(at);
        analog.set_drive(&Drive::Currents(vec![current, -current]));
    }
}

fn planes(analog: &mut Analog, kind: StreamKind) -> Vec<Vec<i16>> {
    let block = analog.take_block(kind, usize::MAX).unwrap();
    block.codes.chunks(block.count).map(<[i16]>::to_vec).collect()
}

#[test]
fn codes_do_not_depend_on_how_time_is_sliced() {
    let steps: Vec<(u64, f64)> = [1_000_000, 3_000_123, 21_000_456].into_iter().flat_map(pulse).collect();
    let run = |slices| {
        let mut analog = Analog::new(&SimBench::default(), &phantom(), 1, 2).unwrap();
        analog.interlock(true);
        analog.start_stream(&channels(), true).unwrap();
        play(&mut analog, &steps, slices);
        analog.advance(600_000_000);
        (planes(&mut analog, StreamKind::Fast), planes(&mut analog, StreamKind::Slow))
    };
    let whole = run(0);
    assert!(whole.0[0].len().abs_diff(600_000) < 50);
    assert!(whole.0[0].iter().any(|code| *code < -16_000), "the pulse is there");
    for slices in [777, 12_345, 20_000_000] {
        assert!(run(slices) == whole, "slices of {slices} ns");
    }
}

/// More segments wait than may, some are taken half way, and other threads render some of the channels.
#[test]
fn codes_do_not_depend_on_when_they_are_taken_nor_by_whom_they_are_rendered() {
    let steps: Vec<(u64, f64)> = (0..1100).flat_map(|k| pulse(100_000 + 500_321 * k)).collect();
    let run = |slice: u64, spare: &Spare| {
        let mut analog = Analog::new(&SimBench::default(), &phantom(), 1, 2).unwrap();
        analog.share(spare);
        analog.interlock(true);
        analog.start_stream(&channels(), true).unwrap();
        let (mut taken, mut from) = (vec![Vec::new(); 3], 0);
        for end in (1..).map(|k| k * slice) {
            let to = steps.partition_point(|(at, _)| *at < end);
            play(&mut analog, &steps[from..to], 0);
            analog.advance(end.min(600_000_000));
            from = to;
            let all = planes(&mut analog, StreamKind::Fast);
            taken.iter_mut().zip(all).for_each(|(plane, more)| plane.extend(more));
            if end >= 600_000_000 {
                return taken;
            }
        }
        taken
    };
    let alone = run(600_000_000, &Spare::default());
    assert!(alone[0].len().abs_diff(600_000) < 50);
    for (slice, cores) in [(10_000_000, 1), (10_000_000, 3), (10_000_000, 9), (50_123_456, 3), (123_457, 2)] {
        assert!(run(slice, &Spare::new(cores, 1)) == alone, "taken every {slice} ns on {cores} cores");
    }
}

#[test]
fn the_filter_keeps_the_charge_of_a_pulse() {
    let mut analog = Analog::new(&perfect(), &phantom(), 1, 2).unwrap();
    analog.interlock(true);
    let lsb = analog.start_stream(&channels(), false).unwrap()[0].lsb;
    play(&mut analog, &pulse(1_000_250)[..2], 0);
    analog.advance(3_000_000);
    let charge: f64 =
        planes(&mut analog, StreamKind::Fast)[0].iter().map(|code| f64::from(*code) * lsb * 1e-6).sum();
    // Rounding of 200 samples: 1e-6 s · 1.2e-7 A / √12 · √200 = 5e-13 C.
    assert!((charge + 0.4e-6).abs() < 3e-12, "{charge}");
}

#[test]
fn samples_are_the_filtered_truth_delayed() {
    let mut analog = Analog::new(&perfect(), &phantom(), 1, 2).unwrap();
    analog.interlock(true);
    let lsb = analog.start_stream(&channels(), false).unwrap()[1].lsb;
    play(&mut analog, &pulse(1_000_000)[..1], 0);
    analog.advance(1_180_001);
    let last = *planes(&mut analog, StreamKind::Fast)[1].last().unwrap();
    // 1.18 ms is the last sample; the ramp of the interface is delayed by the group delay, 3.36 us.
    let charged = |t: f64| -2e-3 * (1e3 + 1e5 * -(-t / 0.1).exp_m1());
    let expected = charged(180e-6 - Bessel::new(4, 1e5).delay());
    assert!((f64::from(last) * lsb - expected).abs() <= 0.51 * lsb, "{last} {expected}");
    assert!((analog.value(Probe::Nodes(0, 2)) - charged(180.001e-6)).abs() < 1e-9);
}

#[test]
fn markers_lie_at_the_first_sample_with_the_new_value() {
    let mut analog = Analog::new(&perfect(), &phantom(), 1, 2).unwrap();
    analog.interlock(true);
    analog.start_stream(&channels(), false).unwrap();
    analog.advance(10_500);
    analog.open_lead(0, true);
    analog.advance(20_000);
    analog.open_lead(0, false);
    analog.advance(30_000);
    let block = analog.take_block(StreamKind::Fast, 1000).unwrap();
    let found: Vec<_> = block.markers.iter().map(|m| (m.sample, m.bit, m.value)).collect();
    let lead = MarkerBit::Lead;
    assert_eq!(found, [(0, MarkerBit::Interlock, true), (11, lead, true), (20, lead, false)]);
    assert_eq!((block.first, block.count), (0, 30));
}

#[test]
fn the_sample_clock_is_off_by_its_own_draw() {
    let samples = |seed| {
        let mut bench = perfect();
        bench.adc.clock_error = 1e-3;
        let mut analog = Analog::new(&bench, &phantom(), seed, 2).unwrap();
        analog.start_stream(&channels(), true).unwrap();
        analog.advance(1_000_000_000);
        (analog.pending(StreamKind::Fast) as f64, analog.pending(StreamKind::Slow) as f64)
    };
    let errors: Vec<f64> = (0..12)
        .map(|seed| {
            let (fast, slow) = samples(seed);
            assert!((fast / 1e3 - slow).abs() < 1.5, "one clock for both streams");
            fast / 1e6 - 1.0
        })
        .collect();
    let sd = (errors.iter().map(|e| e * e).sum::<f64>() / errors.len() as f64).sqrt();
    assert!((0.5e-3..2e-3).contains(&sd), "{sd}");
}

#[test]
fn channels_have_noise_of_their_own() {
    let mut analog = Analog::new(&SimBench::default(), &phantom(), 1, 2).unwrap();
    analog.start_stream(&channels(), false).unwrap();
    analog.advance(100_000_000);
    let planes = planes(&mut analog, StreamKind::Fast);
    let centred = |plane: &[i16]| -> Vec<f64> {
        let mean = plane.iter().map(|code| f64::from(*code)).sum::<f64>() / plane.len() as f64;
        plane.iter().map(|code| f64::from(*code) - mean).collect()
    };
    let (a, b) = (centred(&planes[0]), centred(&planes[1]));
    let product: f64 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
    let power: f64 = a.iter().map(|a| a * a).sum();
    // Standard error of a correlation of 1e5 samples: 0.0032.
    assert!((product / power).abs() < 0.016, "{}", product / power);
}

#[test]
fn a_zero_reads_offset_and_noise_alone() {
    let mut analog = Analog::new(&SimBench::default(), &phantom(), 3, 2).unwrap();
    analog.interlock(true);
    let stated = analog.start_stream(&channels(), false).unwrap();
    assert!(stated.iter().all(|calibration| calibration.offset == 0.0 && calibration.offset_u == 2.0));
    analog.set_drive(&Drive::Currents(vec![1e-3, -1e-3]));
    analog.advance(1_000_000);
    analog.zero(true);
    analog.advance(1_100_000);
    planes(&mut analog, StreamKind::Fast);
    analog.advance(2_100_000);
    let codes = &planes(&mut analog, StreamKind::Fast)[0];
    assert!(codes.iter().all(|code| code.abs() < 14), "|offset + inl + noise| stays within a few lsb");
}

#[test]
fn the_slow_channel_averages_leakage_and_does_not_see_balanced_pulses() {
    let mut analog = Analog::new(&perfect(), &phantom(), 1, 2).unwrap();
    analog.interlock(true);
    let stated = analog.start_stream(&channels(), true).unwrap();
    assert_eq!(stated.len(), 5, "three fast channels, two slow ones");
    analog.set_leakage(0, 250e-9);
    let steps: Vec<(u64, f64)> = (0..150).flat_map(|n| pulse(1_000_000 + n * 20_000_000)).collect();
    play(&mut analog, &steps, 0);
    analog.advance(3_001_000_000);
    let slow = planes(&mut analog, StreamKind::Slow);
    for (plane, (stated, leakage)) in slow.iter().zip(stated[3..].iter().zip([250e-9, -250e-9])) {
        // Whole periods: the pulses' ripple behind two poles is about 20 nA.
        let tail = plane.iter().rev().take(400).map(|code| f64::from(*code) * stated.lsb);
        let mean = tail.sum::<f64>() / 400.0;
        assert!((mean - leakage).abs() < 1e-9, "{mean}");
    }
}

#[test]
fn limiting_and_loads_are_seen_by_the_stimulator() {
    let mut analog = Analog::new(&perfect(), &phantom(), 1, 2).unwrap();
    analog.interlock(true);
    analog.set_drive(&Drive::Currents(vec![-2e-3, 2e-3]));
    analog.advance(1_000);
    assert!((analog.load_resistance() - 1e3).abs() < 2.0);
    assert!(!analog.at_compliance());
    analog.short(0, 1, true);
    analog.advance(2_000);
    assert!(analog.load_resistance() < 1.0, "{}", analog.load_resistance());
    assert_eq!(analog.value(Probe::Current(0)), -2e-3, "the short lies behind the shunt");
    analog.short(0, 1, false);
    analog.impedance_step(Some(5e3)).unwrap();
    assert!((analog.load_resistance() - 5e3).abs() < 2.0);
    analog.impedance_step(Some(600.0)).unwrap();
    assert!((analog.load_resistance() - 600.0).abs() < 2.0);
    analog.impedance_step(None).unwrap();
    analog.open_lead(0, true);
    analog.advance(1_000_000);
    assert!(analog.at_compliance());
    assert!((analog.output_voltage() + 15.0).abs() < 0.01, "{}", analog.output_voltage());
    assert_eq!(analog.load_resistance(), f64::INFINITY);
    analog.set_drive(&Drive::Off);
    assert!(!analog.at_compliance());
}

/// The step is made at one contact and ended while another one is driven.
#[test]
fn an_impedance_step_that_has_ended_leaves_nothing_at_a_contact_that_was_driven_before() {
    let resistor = |from| Element {
        kind: ElementKind::Resistor,
        value: 1e3,
        tolerance: 0.0,
        measured_u: None,
        from,
        to: 2,
    };
    let two = Phantom {
        contacts: vec![("e1".into(), 0), ("e2".into(), 1), ("case".into(), 2)],
        elements: vec![resistor(0), resistor(1)],
        senses: Vec::new(),
        ..phantom()
    };
    let mut analog = Analog::new(&perfect(), &two, 1, 2).unwrap();
    analog.interlock(true);
    let load = |analog: &mut Analog, currents: [f64; 3]| {
        analog.set_drive(&Drive::Currents(currents.to_vec()));
        analog.advance(analog.now() + 1_000);
        analog.load_resistance()
    };
    let (one, other) = ([-2e-3, 0.0, 2e-3], [0.0, -2e-3, 2e-3]);
    assert!((load(&mut analog, one) - 1e3).abs() < 2.0);
    analog.impedance_step(Some(500.0)).unwrap();
    assert!((load(&mut analog, one) - 500.0).abs() < 2.0);
    assert!((load(&mut analog, other) - 1e3).abs() < 2.0);
    analog.impedance_step(None).unwrap();
    let after = load(&mut analog, one);
    assert!((after - 1e3).abs() < 2.0, "{after}");
}

#[test]
fn unknown_channels_are_named() {
    let mut analog = Analog::new(&perfect(), &phantom(), 1, 2).unwrap();
    let mut wanted = channels();
    wanted[1].name = "v9".into();
    let error = analog.start_stream(&wanted, false).unwrap_err();
    assert!(error.to_string().starts_with("no channel v9"), "{error}");
}

#[test]
fn an_output_that_lags_is_off_when_its_tail_has_decayed() {
    let mut analog = Analog::new(&perfect(), &phantom(), 1, 2).unwrap();
    let lag = |settled: f64, tail: f64| {
        let tail = Tail { rate: 1e6, currents: vec![tail, -tail] };
        Drive::Shaped(Shape { settled: vec![settled, -settled], tails: vec![tail] })
    };
    analog.advance(1_000);
    analog.set_drive(&lag(-2e-3, 2e-3));
    analog.advance(201_000);
    assert!(analog.truth().driven, "it settles at a current");
    analog.set_drive(&lag(0.0, -2e-3));
    analog.advance(206_000);
    assert!(analog.truth().driven, "13 uA are left");
    // 2 mA are 1 uA after 7.6 time constants of a microsecond.
    analog.advance(1_000_000);
    let truth = analog.truth();
    assert!(!truth.driven);
    assert_eq!(truth.last_driven, Some(208_601));
    // What follows does not move that instant.
    analog.set_drive(&Drive::Off);
    analog.advance(2_000_000);
    assert_eq!((analog.truth().driven, analog.truth().last_driven), (false, Some(208_601)));
}
