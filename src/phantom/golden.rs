//! The solver against closed forms.

use super::*;

/// Rs in series with (C ∥ Rct) between contacts `e1` and `case`.
pub(super) fn rc(rs: f64, c: f64, rct: f64) -> Phantom {
    let element = |kind, value, from, to| Element { kind, value, tolerance: 0.0, measured_u: None, from, to };
    Phantom {
        name: "rc".into(),
        hash: String::new(),
        nodes: vec!["a".into(), "b".into(), "gnd".into()],
        contacts: vec![("e1".into(), 0), ("case".into(), 2)],
        elements: vec![
            element(ElementKind::Resistor, rs, 0, 1),
            element(ElementKind::Capacitor, c, 1, 2),
            element(ElementKind::Resistor, rct, 1, 2),
        ],
        senses: vec![("v1".into(), 0, 2)],
        areas: Vec::new(),
        source: None,
    }
}

/// No series capacitor, no limit: the phantom alone.
fn bare() -> Output {
    Output { compliance: f64::INFINITY, blocking_capacitor: 0.0, sense_input: None, ..Output::default() }
}

fn drive(circuit: &mut Circuit, current: f64, seconds: f64) {
    circuit.set_drive(&Drive::Currents(vec![current, -current]));
    circuit.advance(seconds);
}

const INTERFACE: Probe = Probe::Nodes(1, 2);
const ACROSS: Probe = Probe::Nodes(0, 2);

/// domain.md 4.4: (Rs, C, Rct), (I, W, g, rate), peak V, polarisation V, residual after one pulse and in steady state V.
type Row = ((f64, f64, f64), (f64, f64, f64, f64), [f64; 4], u32);
const ROWS: [Row; 5] = [
    ((1e3, 1e-6, 1e5), (1e-3, 200e-6, 50e-6, 50.0), [1.1998, 0.19980, 0.499e-3, 2.752e-3], 60),
    ((500.0, 4.7e-6, 20e3), (5e-3, 200e-6, 100e-6, 50.0), [2.7125, 0.21254, 0.677e-3, 3.534e-3], 60),
    ((10e3, 100e-9, 10e6), (0.4e-3, 150e-6, 0.0, 100.0), [4.6, 0.59996, 0.090e-3, 9.044e-3], 1500),
    ((4e3, 47e-9, 20e3), (0.1e-3, 200e-6, 0.0, 50.0), [0.7833, 0.3833, 73.46e-3, 73.46e-3], 5),
    ((500.0, 4.7e-6, 20e3), (3e-3, 30e-6, 20e-6, 1e4), [1.5191, 0.01915, 0.0102e-3, 9.58e-3], 15_000),
];

#[test]
fn golden_rows_of_the_series_resistor_and_leaky_capacitor() {
    for ((rs, c, rct), (current, width, gap, rate), [peak, polarisation, single, steady], pulses) in ROWS {
        let mut circuit = Circuit::new(&rc(rs, c, rct), bare()).unwrap();
        let tau = rct * c;
        for pulse in 0..pulses {
            circuit.set_drive(&Drive::Currents(vec![-current, current]));
            circuit.advance(width);
            if pulse == 0 {
                assert!((circuit.value(ACROSS) + peak).abs() < 6e-5, "peak {}", circuit.value(ACROSS));
                let got = -circuit.value(INTERFACE);
                assert!((got - polarisation).abs() < 6e-5 * polarisation.max(0.2), "{got}");
                // The formula itself, to rounding.
                let formula = current * rct * -(-width / tau).exp_m1();
                assert!((got / formula - 1.0).abs() < 1e-12);
            }
            drive(&mut circuit, 0.0, gap);
            drive(&mut circuit, current, width);
            let residual = circuit.value(INTERFACE);
            let (a, b) = (-(-width / tau).exp_m1(), (-(width + gap) / tau).exp());
            let once = current * rct * a * (1.0 - b);
            if pulse == 0 {
                assert!((residual - once).abs() < 1e-12, "{residual} {once}");
                assert!((residual - single).abs() < 6e-3 * single, "{residual} {single}");
            }
            if pulse + 1 == pulses {
                let round = (-1.0 / (rate * tau)).exp();
                let limit = once / (1.0 - round);
                assert!((residual / limit - 1.0).abs() < 1e-5, "steady {residual} {limit}");
                assert!((residual - steady).abs() < 1e-3 * steady, "{residual} {steady}");
            }
            drive(&mut circuit, 0.0, 1.0 / rate - 2.0 * width - gap);
        }
    }
}

#[test]
fn a_waveform_and_small_steps_agree() {
    let mut circuit = Circuit::new(&rc(1e3, 1e-6, 1e5), Output::default()).unwrap();
    circuit.set_drive(&Drive::Currents(vec![-2e-3, 2e-3]));
    let mut wave = Waveform::default();
    circuit.waveform(Probe::Source(0), &mut wave);
    for n in 1..=20 {
        circuit.advance(10e-6);
        let stepped = circuit.value(Probe::Source(0));
        assert!((wave.at(f64::from(n) * 10e-6) - stepped).abs() < 1e-12);
    }
    // 2 V across 1 k, the interface, and Q/C of the series capacitor.
    let expected = -(2.0 + 2e-3 * 1e5 * -(-2e-3_f64).exp_m1() + 2e-3 * 200e-6 / 2.2e-6);
    assert!((circuit.value(Probe::Source(0)) - expected).abs() < 1e-12);
    assert!((circuit.series_voltage(0) + 2e-3 * 200e-6 / 2.2e-6).abs() < 1e-12);
}

/// 2 mA, 200 us, 50 Hz on scs-lead with 5 ms of recharge through 200 ohm: charge imbalance and
/// residual voltage without and with the series capacitor.
#[test]
fn passive_recharge_needs_the_series_capacitor_to_balance() {
    for (capacitor, imbalance, residual) in [(0.0, -0.064, -16e-3), (2.2e-6, 0.0, 4.2e-3)] {
        let output = Output { blocking_capacitor: capacitor, ..Output::default() };
        // scs-lead: an electrode of 450 ohm + 4.7 uF ∥ 20 k; the return is plain.
        let mut circuit = Circuit::new(&rc(450.0, 4.7e-6, 20e3), output).unwrap();
        let mut wave = Waveform::default();
        let mut net = 0.0;
        for _ in 0..400 {
            net = 0.0;
            for (drive, seconds) in [
                (Drive::Currents(vec![-2e-3, 2e-3]), 200e-6),
                (Drive::Off, 50e-6),
                (Drive::Recharge, 5e-3),
                (Drive::Off, 20e-3 - 5.25e-3),
            ] {
                circuit.set_drive(&drive);
                circuit.waveform(Probe::Current(0), &mut wave);
                net += wave.integral(seconds);
                circuit.advance(seconds);
            }
        }
        let got = net / 0.4e-6;
        assert!((got - imbalance).abs() < 1e-3, "imbalance {got} for {capacitor}");
        let v = circuit.value(ACROSS);
        assert!((v - residual).abs() < 0.03 * residual.abs(), "residual {v} for {capacitor}");
    }
}

/// A burst of 5 × 0.6 mA × 1 ms at 40 Hz with 15 ms of recharge leaves +134 mV.
#[test]
fn a_long_burst_leaves_a_residual_voltage_behind() {
    let mut circuit = Circuit::new(&rc(450.0, 4.7e-6, 20e3), Output::default()).unwrap();
    for _ in 0..400 {
        // 500 Hz within the burst; the switch closes 50 us after its last pulse.
        for rest in [1e-3, 1e-3, 1e-3, 1e-3, 50e-6] {
            drive(&mut circuit, -0.6e-3, 1e-3);
            drive(&mut circuit, 0.0, rest);
        }
        circuit.set_drive(&Drive::Recharge);
        circuit.advance(15e-3);
        drive(&mut circuit, 0.0, 0.95e-3);
    }
    let v = circuit.value(ACROSS);
    assert!((v - 0.134).abs() < 0.5e-3, "{v}");
}

#[test]
fn limiting_begins_and_ends_where_the_closed_form_says() {
    let output = Output { compliance: 6.0, blocking_capacitor: 0.0, ..Output::default() };
    let mut circuit = Circuit::new(&rc(1e3, 1e-6, 1e5), output).unwrap();
    circuit.set_drive(&Drive::Currents(vec![5.5e-3, -5.5e-3]));
    // 5.5 V access + I·Rct(1 − e^{-t/τ}) = 6 V.
    let crossing = -0.1 * (1.0 - 0.5 / 550.0_f64).ln();
    let span = circuit.span(1e-3);
    assert!((span - crossing).abs() < 1e-13, "{span} {crossing}");
    circuit.step(span);
    assert!(circuit.at_compliance());
    assert!((circuit.value(Probe::Current(0)) - 5.5e-3).abs() < 1e-12, "continuous at the crossing");
    circuit.advance(200e-6);
    assert!(circuit.value(Probe::Current(0)) < 5.0e-3);
    assert!((circuit.value(Probe::Source(0)) - 6.0).abs() < 1e-3);
    drive(&mut circuit, 1e-3, 1e-6);
    assert!(!circuit.at_compliance());
    assert_eq!(circuit.value(Probe::Current(0)), 1e-3);
}

#[test]
fn an_open_lead_carries_nothing_and_its_output_floats() {
    let mut circuit = Circuit::new(&rc(1e3, 1e-6, 1e5), Output::default()).unwrap();
    circuit.set_drive(&Drive::Currents(vec![-2e-3, 2e-3]));
    circuit.advance(100e-6);
    assert_eq!(circuit.value(Probe::Current(0)), -2e-3);
    let interface = circuit.value(INTERFACE);
    circuit.open_lead(0, true);
    circuit.advance(50e-6);
    assert_eq!(circuit.value(Probe::Current(0)), 0.0);
    assert_eq!(circuit.value(Probe::Current(1)), 0.0);
    assert!(circuit.at_compliance());
    assert!(circuit.value(Probe::Vout) < -14.7);
    assert!((circuit.value(INTERFACE) - interface * (-50e-6_f64 / 0.1).exp()).abs() < 1e-12);
    let floating = circuit.value(Probe::Vout);
    circuit.set_drive(&Drive::Off);
    circuit.advance(100e-6);
    // Undriven it falls with 1 M · 100 pF (the series capacitor's node follows).
    let fallen = circuit.value(Probe::Vout) / floating;
    assert!((fallen - (-1.0_f64).exp()).abs() < 1e-9, "{fallen}");
    circuit.open_lead(0, false);
    assert_eq!(circuit.value(Probe::Current(0)), 0.0);
}

#[test]
fn a_phantom_without_a_dc_path_grows_linearly() {
    let mut phantom = rc(1e3, 1e-6, 1e5);
    phantom.elements.pop();
    let mut circuit = Circuit::new(&phantom, bare()).unwrap();
    drive(&mut circuit, 1e-3, 3e-3);
    assert!((circuit.value(INTERFACE) - 3.0).abs() < 1e-12);
}

#[test]
fn an_opened_return_stops_the_current_too() {
    let mut circuit = Circuit::new(&rc(1e3, 1e-6, 1e5), Output::default()).unwrap();
    circuit.open_lead(1, true);
    drive(&mut circuit, -2e-3, 100e-6);
    assert!(circuit.value(Probe::Current(0)).abs() < 1e-12, "{}", circuit.value(Probe::Current(0)));
    assert!(circuit.at_compliance());
}

#[test]
fn leakage_flows_downstream_of_the_series_capacitor() {
    let mut circuit = Circuit::new(&rc(1e3, 1e-6, 1e5), Output::default()).unwrap();
    circuit.set_leakage(0, 250e-9);
    circuit.advance(1.0);
    assert_eq!(circuit.value(Probe::Current(0)), 250e-9);
    assert_eq!(circuit.value(Probe::Current(1)), -250e-9);
    let settled = 250e-9 * (1e3 + 1e5 * -(-10.0_f64).exp_m1());
    assert!((circuit.value(ACROSS) - settled).abs() < 1e-9);
}

#[test]
fn the_test_source_works_behind_an_open_interlock() {
    let mut circuit = Circuit::new(&rc(1e3, 1e-6, 1e5), Output::default()).unwrap();
    circuit.set_interlock(false);
    circuit.set_test_source(0, 0.1e-3);
    circuit.advance(100e-6);
    assert_eq!(circuit.value(Probe::Current(0)), 0.1e-3);
    assert_eq!(circuit.value(Probe::Current(1)), -0.1e-3);
    let expected = 0.1 + 0.1e-3 * 1e5 * -(-1e-3_f64).exp_m1();
    assert!((circuit.value(ACROSS) - expected).abs() < 1e-12);
    assert!(circuit.value(Probe::Vout).abs() < 1e-15);
}

#[test]
fn nonsense_values_are_refused_by_name() {
    let error = Circuit::new(&rc(1e3, 0.0, 1e5), bare()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "element 2 of phantom rc must be positive and finite, not 0: correct its value"
    );
}

#[test]
fn an_ideal_source_has_no_limit_and_nothing_in_series() {
    let mut circuit = Circuit::new(&rc(1e3, 1e-6, 1e5), Output::ideal()).unwrap();
    drive(&mut circuit, 1.0, 1e-3);
    let exact = 1e3 + 1e5 * -(-1e-2_f64).exp_m1();
    for probe in [Probe::Source(0), ACROSS] {
        assert!((circuit.value(probe) - exact).abs() < 1e-9 * exact, "{}", circuit.value(probe));
    }
}

#[test]
fn a_node_that_is_far_from_any_is_refused_too() {
    let mut far = rc(1e3, 1e-6, 1e5);
    far.senses[0].1 = 7;
    let error = Circuit::new(&far, bare()).unwrap_err();
    assert_eq!(error, NetworkError::Node { phantom: "rc".into(), node: 7, count: 3 });
}
