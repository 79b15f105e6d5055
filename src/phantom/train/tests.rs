//! Trains against closed forms, and what is left out against what is run through.

use super::super::Probe;
use super::super::contacts::star;
use super::super::golden::rc;
use super::peaks::first_alike;
use super::steps::run;
use super::*;

fn unlimited(blocking_capacitor: f64) -> Output {
    Output { compliance: f64::INFINITY, blocking_capacitor, ..Output::default() }
}

fn train(count: u32, second: f64) -> Vec<TrainPulse> {
    let pulse = |n: u32| {
        let start = f64::from(n) * 0.02;
        TrainPulse { phases: vec![(start, 200e-6, -2e-3), (start + 250e-6, 200e-6, second)], recharge: None }
    };
    (0..count).map(pulse).collect()
}

#[test]
fn the_peak_of_a_single_pulse_is_its_end() {
    let mut circuit = Circuit::new(&rc(1e3, 1e-6, 1e5), unlimited(0.0)).unwrap();
    let pulses = train(1, 2e-3);
    let one = Train { pulses: &pulses, group: 1, total: 1 };
    let peak = peaks(&mut circuit, &one, &[-1.0, 1.0]).source;
    let expected = 2.0 + 200.0 * -(-2e-3_f64).exp_m1();
    assert!((peak - expected).abs() < 1e-8, "{peak}");
}

#[test]
fn a_recharge_puts_the_series_capacitors_voltage_across_the_phantom() {
    // 2 mA for 5 ms: 10 uC on 2.2 uF, then over 200 ohm into 1 kohm, which took 2 V while driven.
    let mut circuit = Circuit::new(&rc(1e3, 1.0, 1e5), unlimited(2.2e-6)).unwrap();
    let pulses = [TrainPulse { phases: vec![(0.0, 5e-3, -2e-3)], recharge: Some((6e-3, 5e-3)) }];
    let peaks = peaks(&mut circuit, &Train { pulses: &pulses, group: 1, total: 1 }, &[-1.0, 1.0]);
    let series = 10e-6 / 2.2e-6;
    let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-4, "{peaks:?} {expected}");
    near(peaks.series, series);
    near(peaks.source, 2.0 + series);
    near(peaks.phantom, series * 1e3 / 1.2e3);
}

#[test]
fn periods_left_out_give_the_same_peak_as_periods_run() {
    // 1 % imbalance charges the series capacitor for ever and the interface to its steady state.
    let run = |count: u32, group: usize| {
        let mut circuit = Circuit::new(&rc(1e3, 1e-6, 1e5), unlimited(2.2e-6)).unwrap();
        let pulses = train(count, 2.02e-3);
        peaks(&mut circuit, &Train { pulses: &pulses, group, total: 500 }, &[-1.0, 1.0]).source
    };
    let few = |count: u32| {
        let mut circuit = Circuit::new(&rc(1e3, 1e-6, 1e5), unlimited(0.0)).unwrap();
        let pulses = train(count, 3e-3);
        peaks(&mut circuit, &Train { pulses: &pulses, group: 1, total: 5 }, &[-1.0, 1.0]).source
    };
    assert!((few(2) - few(5)).abs() < 1e-9 && (few(4) - few(5)).abs() < 1e-9, "{} {}", few(4), few(5));
    let (jumped, in_fives, stepped) = (run(20, 1), run(20, 5), run(500, 1));
    assert!((jumped - stepped).abs() < 1e-8, "{jumped} {stepped}");
    assert!((in_fives - stepped).abs() < 1e-8, "{in_fives} {stepped}");
    assert!(stepped > 2.8, "{stepped}: 499 · 4 nC / 2.2 uF on top of 2 V");
}

#[test]
fn a_train_that_has_settled_has_the_peak_and_the_end_of_all_its_pulses() {
    for (second, blocking, ramp) in [(2e-3, 0.0, 1), (2e-3, 2.2e-6, 1), (1.9e-3, 0.0, 30)] {
        let mut pulses = train(500, second);
        for (n, pulse) in pulses.iter_mut().enumerate().take(ramp) {
            pulse.phases.iter_mut().for_each(|phase| phase.2 *= (n + 1) as f64 / ramp as f64);
        }
        let phantom = rc(1e3, 1e-6, 1e5);
        let mut every = Circuit::new(&phantom, unlimited(blocking)).unwrap();
        let mut watch = Watch::default();
        run(&mut every, &changes(&pulses, &[-1.0, 1.0]), |circuit, span| watch.see(circuit, span));
        let mut settled = Circuit::new(&phantom, unlimited(blocking)).unwrap();
        let whole = Train { pulses: &pulses, group: 1, total: 500 };
        let found = peaks(&mut settled, &whole, &[-1.0, 1.0]).source;
        assert!((found - watch.peaks.source).abs() < 1e-6, "{found} {:?}", watch.peaks);
        let ends = settled.capacitor_voltages().into_iter().zip(every.capacitor_voltages());
        assert!(ends.into_iter().all(|(a, b)| (a - b).abs() < 1e-6), "{second} {blocking} {ramp}");
    }
}

#[test]
fn periods_that_ask_for_the_same_are_told_from_a_ramp() {
    let mut pulses = train(12, 2e-3);
    assert_eq!((first_alike(&pulses, 1), first_alike(&pulses, 4)), (0, 0));
    pulses[5].phases[1].2 = 1.9e-3;
    assert_eq!((first_alike(&pulses, 1), first_alike(&pulses, 4)), (6, 2));
    pulses[6].phases[0].1 = 100e-6;
    assert_eq!(first_alike(&pulses, 1), 7, "a phase of another width");
    pulses[7].phases[1].0 += 1e-5;
    assert_eq!(first_alike(&pulses, 1), 8, "a gap that is longer");
    pulses[11].recharge = Some((0.2207, 1e-3));
    assert_eq!(first_alike(&pulses, 1), 11);
    assert_eq!(first_alike(&[], 1), 0);
}

/// What a period changes is too little to see, but there are half a million of them.
#[test]
fn a_charge_that_nothing_drains_adds_up_however_little_each_pulse_leaves() {
    let mut phantom = rc(1e3, 1e-6, 1e5);
    phantom.elements.pop();
    let (total, left) = (500_000, 2.5e-12);
    let pulses = train(20, 2e-3 - left);
    let mut circuit = Circuit::new(&phantom, unlimited(0.0)).unwrap();
    let found = peaks(&mut circuit, &Train { pulses: &pulses, group: 1, total }, &[-1.0, 1.0]).source;
    // 2 V, 0.4 µC on 1 µF, and 0.5 fC of each pulse before.
    let exact = 2.4 + (total - 1) as f64 * left * 200e-6 / 1e-6;
    assert!((found - exact).abs() < 1e-8, "{found} {exact}");
}

#[test]
fn changes_follow_each_other_and_a_pulse_ends_what_reaches_into_it() {
    let asked = |pulses: &[TrainPulse]| changes(pulses, &[-1.0, 1.0]);
    let current = |amperes: f64| Drive::Currents(vec![amperes, -amperes]);
    let recharged = TrainPulse { phases: vec![(0.0, 1e-4, -1e-3)], recharge: Some((2e-4, 9e-3)) };
    let next = TrainPulse { phases: vec![(5e-3, 1e-4, -1e-3)], recharge: None };
    let off = |at: f64| (at, Drive::Off);
    let whole = [(0.0, current(-1e-3)), off(1e-4), (2e-4, Drive::Recharge), off(2e-4 + 9e-3)];
    assert_eq!(asked(std::slice::from_ref(&recharged)), whole);
    let cut = [&whole[..3], &[(5e-3, current(-1e-3)), off(5e-3 + 1e-4)]].concat();
    assert_eq!(asked(&[recharged, next]), cut);
    // A twentieth of a nanosecond is no instant in between, a fifth is one.
    let second = |gap: f64| {
        let phases = vec![(0.0, 1e-4, -1e-3), (1e-4 + gap, 1e-4, 1e-3)];
        asked(&[TrainPulse { phases, recharge: None }]).len()
    };
    assert_eq!((second(0.0), second(5e-11), second(2e-10)), (3, 3, 4));
}

#[test]
fn settling_is_that_of_the_averaged_network() {
    let phantom = rc(1e3, 1e-6, 1e5);
    let tau = |capacitor, share| settling(&phantom, &unlimited(capacitor), &[-1.0, 1.0], share).unwrap();
    assert!((tau(0.0, 0.0) - 0.1).abs() < 1e-9, "the interface alone");
    assert_eq!(tau(2.2e-6, 0.0), f64::INFINITY);
    // No series capacitor: C discharges through Rct ∥ (Rs + R/share).
    let path = 1e3 + 200.0 / 0.25;
    let expected = 1e-6 / (1e-5 + 1.0 / path);
    assert!((tau(0.0, 0.25) / expected - 1.0).abs() < 1e-9);
    // With it the slow mode is longer than either alone, and finite.
    assert!(tau(2.2e-6, 0.25) > 0.1 && tau(2.2e-6, 0.25) < 1.0, "{}", tau(2.2e-6, 0.25));
    // Only what has a share is recharged: 700 Ω and 100 Ω behind the second contact, none of the first's 300 Ω.
    let second = settling(&star(), &unlimited(2.2e-6), &[0.0, -1.0, 1.0], 0.25).unwrap();
    assert!((second / ((700.0 + 100.0 + 200.0 / 0.25) * 2.2e-6) - 1.0).abs() < 1e-9, "{second}");
}

#[test]
fn samples_see_a_change_from_its_instant_on() {
    let mut circuit = Circuit::new(&rc(1e3, 1e-6, 1e5), unlimited(0.0)).unwrap();
    let pulses = [TrainPulse { phases: vec![(2e-6, 3e-6, -1e-3), (5e-6, 2e-6, 1e-3)], recharge: None }];
    let changes = changes(&pulses, &[-1.0, 1.0]);
    let planes = sample(&mut circuit, &changes, &[Probe::Current(0), Probe::Current(1)], 1e6, 9);
    assert_eq!(planes[0], [0.0, 0.0, -1e-3, -1e-3, -1e-3, 1e-3, 1e-3, 0.0, 0.0]);
    assert!(planes[0].iter().zip(&planes[1]).all(|(out, back)| out + back == 0.0));
    // 1 V and 5 µs of a leaky capacitor from the first change on, then the same back from there; the circuit is left where
    // the samples end.
    let mut circuit = Circuit::new(&rc(1e3, 1e-9, 1e4), unlimited(0.0)).unwrap();
    let changes = [(2e-6, Drive::Currents(vec![1e-3, -1e-3])), (7e-6, Drive::Off)];
    let planes = sample(&mut circuit, &changes, &[Probe::Nodes(0, 2)], 1e6, 12);
    let charged = |t: f64| 10.0 * -(-t / 1e-5).exp_m1();
    for (n, value) in planes[0].iter().enumerate() {
        let t = n as f64 * 1e-6;
        let exact = match n {
            0..2 => 0.0,
            2..7 => 1.0 + charged(t - 2e-6),
            _ => charged(5e-6) * (-(t - 7e-6) / 1e-5).exp(),
        };
        assert!((value - exact).abs() < 1e-9, "{n}: {value} {exact}");
    }
    let end = charged(5e-6) * (-0.5_f64).exp();
    assert!((circuit.value(Probe::Nodes(1, 2)) - end).abs() < 1e-9);
}
