//! Trains with a recharge on the simulated bench against an integration of the same two capacitors by small steps.

use crate::command::{checks, run};

/// `scs-lead` behind the output stage of the default bench.
const ACCESS: f64 = 450.0;
const DOUBLE_LAYER: f64 = 4.7e-6;
const TRANSFER: f64 = 20e3;
const SWITCH: f64 = 200.0;

/// Voltage on the interface before the last period, and the charge of that period over its leading charge: the series
/// capacitor and the double layer by Runge-Kutta steps of a microsecond. `series` of 0 F is a wire.
fn integrated(
    pulses: &[f64],
    (current, width): (f64, f64),
    recharge: (f64, f64),
    rate: f64,
    series: f64,
) -> (f64, f64) {
    let period = (1e6 / rate).round() as u64;
    let drive = |t: f64| pulses.iter().any(|start| (*start..*start + width).contains(&t)).then_some(-current);
    let mut state = [0.0_f64; 2];
    let mut last = (0.0, 0.0);
    for _ in 0..400 {
        let (begun, mut charge) = (state, 0.0);
        for step in 0..period {
            let t = (step as f64 + 0.5) * 1e-6;
            let closed = (recharge.0..recharge.0 + recharge.1).contains(&t);
            let flow = |[s, d]: [f64; 2]| match drive(t) {
                Some(current) => current,
                None if closed => -(s + d) / (ACCESS + SWITCH),
                None => 0.0,
            };
            let slope = |x: [f64; 2]| {
                let i = flow(x);
                let own = if series > 0.0 { i / series } else { 0.0 };
                [own, (i - x[1] / TRANSFER) / DOUBLE_LAYER]
            };
            let ahead = |x: [f64; 2], k: [f64; 2], h: f64| [x[0] + h * k[0], x[1] + h * k[1]];
            let h = 1e-6;
            let a = slope(state);
            let b = slope(ahead(state, a, h / 2.0));
            let c = slope(ahead(state, b, h / 2.0));
            let d = slope(ahead(state, c, h));
            charge += h * flow(ahead(state, a, h / 2.0));
            for k in 0..2 {
                state[k] += h / 6.0 * (a[k] + 2.0 * b[k] + 2.0 * c[k] + d[k]);
            }
        }
        last = (begun[1], charge / (current * width * pulses.len() as f64));
    }
    last
}

/// What a recharge takes back is no part of a pulse, from when the recharge is programmed.
#[test]
fn a_recharge_that_is_programmed_later_does_not_balance_the_pulse() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("later.yaml");
    let text = "version: 1\nname: later\nphantom: r1k\nprogram: { amplitude: 2 mA, width: 200 us, gap: 50 us, rate: 50 Hz }\nsteps:\n  - start: {}\n  - wait: 200 ms\n  - set: { recharge: 5 ms }\n    as: changed\n  - wait: 500 ms\n  - stop: {}\nexpect:\n  - charge_imbalance: { at_most: 0.5 %, window: pulse, in: [changed, stop] }\n";
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap();
    assert_eq!(run(&[path]).0, 0);
    let (exit, record) = run(&[path, "--defect", "phase_mismatch=1.5 %"]);
    assert_eq!(exit, 1, "{record:#}");
    let value = checks(&record)[0].1["value"].as_f64().unwrap().abs();
    assert!((value - 0.015).abs() < 1e-3, "{value}");
}

/// Residual voltage and imbalance as the rig measures them, the last cycles alone.
fn measured(program: &str, overrides: &[&str]) -> (f64, f64) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recharged.yaml");
    let text = format!(
        "version: 1\nname: recharged\nphantom: scs-lead\nprogram: {{ waveform: monophasic, {program} }}\nsteps:\n  - start: {{}}\n  - wait: 2.5 s\n  - wait: 500 ms\n    as: late\n  - stop: {{}}\nexpect:\n  - residual_voltage: {{ at_most: 1 V, in: [late, stop], statistic: mean }}\n  - charge_imbalance: {{ at_most: 50 %, in: [late, stop], statistic: mean }}\n  - residual_voltage_error: {{ within: 5 mV }}\n"
    );
    std::fs::write(&path, text).unwrap();
    let mut arguments = vec![path.to_str().unwrap()];
    arguments.extend_from_slice(overrides);
    let (exit, record) = run(&arguments);
    assert_eq!(exit, 0, "{record:#}");
    let value = |name: &str| {
        let all = checks(&record);
        let (_, check) = all.iter().find(|(_, check)| check["measurand"] == name).unwrap();
        check["value"].as_f64().unwrap()
    };
    (value("residual_voltage"), value("charge_imbalance"))
}

const ONE: &str = "amplitude: 2 mA, width: 200 us, gap: 50 us, recovery: { passive: 5 ms }, rate: 50 Hz";

#[test]
fn a_passive_recharge_through_the_series_capacitor_balances_and_leaves_four_millivolts() {
    let exact = integrated(&[0.0], (2e-3, 200e-6), (250e-6, 5e-3), 50.0, 2.2e-6);
    assert!((exact.0 - 4.2e-3).abs() < 0.1e-3 && exact.1.abs() < 1e-4, "the contract's figures: {exact:?}");
    let (volts, imbalance) = measured(ONE, &[]);
    assert!((volts - exact.0).abs() < 0.1e-3 && (imbalance - exact.1).abs() < 1e-3, "{volts} {imbalance}");
}

#[test]
fn without_the_series_capacitor_what_leaks_stays() {
    let exact = integrated(&[0.0], (2e-3, 200e-6), (250e-6, 5e-3), 50.0, 0.0);
    assert!(
        (exact.0 + 16e-3).abs() < 0.6e-3 && (exact.1 + 0.064).abs() < 1.5e-3,
        "the contract's figures: {exact:?}"
    );
    let (volts, imbalance) = measured(ONE, &["--set", "sim.stimulator.blocking_capacitor=0 F"]);
    assert!((volts - exact.0).abs() < 0.1e-3 && (imbalance - exact.1).abs() < 1e-3, "{volts} {imbalance}");
}

#[test]
fn a_burst_recharged_at_its_end_leaves_a_hundred_and_thirty_four_millivolts() {
    let starts = [0.0, 2e-3, 4e-3, 6e-3, 8e-3];
    let exact = integrated(&starts, (0.6e-3, 1e-3), (9.05e-3, 15e-3), 40.0, 2.2e-6);
    assert!((exact.0 - 134e-3).abs() < 1e-3 && exact.1.abs() < 1e-3, "the contract's figures: {exact:?}");
    let burst = "amplitude: 0.6 mA, width: 1 ms, gap: 50 us, recovery: { passive: 15 ms }, rate: 40 Hz, burst: { pulses: 5, rate: 500 Hz, recovery_after: burst }";
    let (volts, imbalance) = measured(burst, &[]);
    assert!((volts - exact.0).abs() < 0.5e-3 && (imbalance - exact.1).abs() < 1e-3, "{volts} {imbalance}");
}

#[test]
fn a_recharge_longer_than_what_the_recorder_remembers_is_followed_to_its_end() {
    let exact = integrated(&[0.0], (2e-3, 200e-6), (250e-6, 200e-3), 4.0, 2.2e-6);
    let slow = "amplitude: 2 mA, width: 200 us, gap: 50 us, recovery: { passive: 200 ms }, rate: 4 Hz";
    let (volts, imbalance) = measured(slow, &[]);
    assert!(
        (volts - exact.0).abs() < 0.1e-3 && (imbalance - exact.1).abs() < 3e-3,
        "{volts} {imbalance} {exact:?}"
    );
}

/// A switch that stays closed lets nine codes still flow when it was to have opened: what counts as quiet
/// creeps towards rest. Once settled, nothing is left on the series capacitor by a whole cycle, and U says how far off that the level of
/// such a baseline may be.
#[test]
fn what_creeps_while_it_counts_as_quiet_is_in_the_uncertainty() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("creeps.yaml");
    let text = "version: 1\nname: creeps\nphantom: r1k\nprogram: { waveform: monophasic, amplitude: 2 mA, width: 200 us, gap: 50 us, recovery: { passive: 8 ms }, rate: 50 Hz }\nduration: 1.2 s\nexpect:\n  - charge_imbalance: { at_most: 50 %, in: [settled, stop] }\n  - charge_imbalance: { at_most: 50 %, in: [settled, stop], statistic: mean }\n  - net_charge: { within: 1 uC, in: [settled, stop], statistic: mean }\n  - mean_dc_current: { within: 100 uA, in: [settled, stop] }\n";
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap();
    for (defect, creeps) in [(vec!["--defect", "recharge_stuck=closed"], true), (Vec::new(), false)] {
        let (_, record) = run(&[vec![path], defect].concat());
        for (name, check) in checks(&record) {
            let (value, u) = (check["value"].as_f64().unwrap(), check["uncertainty"].as_f64().unwrap());
            assert!(value.abs() < 1.1 * u, "{name}: {check:#}");
            let line = |line: &serde_json::Value| line["input"] == "baseline creep";
            assert_eq!(check["budget"].as_array().unwrap().iter().any(line), creeps, "{name}: {check:#}");
        }
    }
}
