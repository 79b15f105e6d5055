//! Which contact returns the current, which are driven, and what is sensed of them.

use super::*;

const E1: usize = 0;
const E2: usize = 1;
const CASE: usize = 2;

/// 300 Ω and 700 Ω from two contacts to a node that lies 100 Ω from the case.
pub(super) fn star() -> Phantom {
    let resistor = |value, from, to| Element {
        kind: ElementKind::Resistor,
        value,
        tolerance: 0.0,
        measured_u: None,
        from,
        to,
    };
    Phantom {
        name: "star".into(),
        hash: String::new(),
        nodes: ["a", "b", "common", "gnd"].map(String::from).to_vec(),
        contacts: vec![("e1".into(), 0), ("e2".into(), 1), ("case".into(), 3)],
        elements: vec![resistor(300.0, 0, 2), resistor(700.0, 1, 2), resistor(100.0, 2, 3)],
        senses: Vec::new(),
        areas: Vec::new(),
        source: None,
    }
}

fn driven(currents: [f64; 3]) -> Circuit {
    let mut circuit = Circuit::new(&star(), Output::default()).unwrap();
    circuit.set_drive(&Drive::Currents(currents.to_vec()));
    circuit
}

fn currents(circuit: &Circuit) -> [f64; 3] {
    [E1, E2, CASE].map(|contact| circuit.value(Probe::Current(contact)))
}

#[test]
fn the_case_returns_the_current_wherever_it_takes_part() {
    // The largest current is another contact's, and all add up to nothing.
    let circuit = driven([-2e-3, 0.5e-3, 1.5e-3]);
    assert_eq!(circuit.reference(), CASE);
    assert_eq!(circuit.driven().collect::<Vec<_>>(), [E1, E2]);
    assert_eq!(currents(&circuit), [-2e-3, 0.5e-3, 1.5e-3]);
}

#[test]
fn the_case_takes_what_a_program_without_it_leaves_over() {
    let circuit = driven([-1e-3, 0.4e-3, 0.0]);
    assert_eq!(circuit.reference(), CASE);
    assert_eq!(circuit.driven().collect::<Vec<_>>(), [E1, E2]);
    let [e1, e2, case] = currents(&circuit);
    assert_eq!((e1, e2), (-1e-3, 0.4e-3));
    assert!((case - 0.6e-3).abs() < 1e-15, "{case}");
    // However little that is, as long as it is more than rounding.
    let circuit = driven([-1e-3, 0.9999e-3, 0.0]);
    assert_eq!(circuit.reference(), CASE);
    assert!((currents(&circuit)[CASE] - 0.1e-6).abs() < 1e-15);
}

#[test]
fn between_two_contacts_one_returns_and_the_other_is_driven() {
    let mut circuit = driven([-1e-3, 1e-3, 0.0]);
    assert_eq!((circuit.reference(), circuit.driven().collect::<Vec<_>>()), (E2, vec![E1]));
    // A pause keeps them; the next program of the case has its own.
    circuit.set_drive(&Drive::Off);
    assert_eq!((circuit.reference(), circuit.driven().collect::<Vec<_>>()), (E2, vec![E1]));
    circuit.set_drive(&Drive::Currents(vec![0.0, -1e-3, 1e-3]));
    assert_eq!((circuit.reference(), circuit.driven().collect::<Vec<_>>()), (CASE, vec![E2]));
}

#[test]
fn the_output_is_sensed_at_the_first_driven_contact() {
    let circuit = driven([0.0, -1e-3, 1e-3]);
    // 700 Ω and 100 Ω; at the first contact it would be 100 Ω.
    assert!((circuit.value(Probe::Vout) + 0.8).abs() < 1e-12, "{}", circuit.value(Probe::Vout));
    let circuit = driven([-1e-3, -1e-3, 2e-3]);
    assert!((circuit.value(Probe::Vout) + 0.5).abs() < 1e-12, "{}", circuit.value(Probe::Vout));
}

#[test]
fn only_what_was_driven_is_recharged() {
    let mut circuit = driven([-2e-3, 0.0, 2e-3]);
    circuit.advance(500e-6);
    // 1 µC on 2.2 µF drives 455 mV round 200 Ω + 300 Ω + 100 Ω.
    let voltage = 2e-3 * 500e-6 / 2.2e-6;
    circuit.set_drive(&Drive::Recharge);
    let [e1, e2, case] = currents(&circuit);
    assert!((e1 - voltage / 600.0).abs() < 1e-9, "{e1}");
    assert!(e2.abs() < 1e-12 && (case + e1).abs() < 1e-12, "{e2} {case}");
    // τ = 600 Ω · 2.2 µF.
    circuit.advance(600.0 * 2.2e-6);
    assert!((currents(&circuit)[E1] / e1 - (-1.0_f64).exp()).abs() < 1e-6);
}

/// A program that leaves the case out and returns through its first contact, which is the one that leaks.
#[test]
fn what_leaks_into_the_return_comes_back_through_a_driven_lead() {
    let mut phantom = star();
    phantom.nodes.push("c".into());
    let lead = Element { value: 500.0, from: 4, to: 2, ..phantom.elements[0].clone() };
    phantom.elements.push(lead);
    phantom.contacts.insert(2, ("e3".into(), 4));
    let mut circuit = Circuit::new(&phantom, Output::default()).unwrap();
    circuit.set_leakage(E1, 1e-6);
    let carry = |circuit: &Circuit, expected: [f64; 4]| {
        let currents = [0, 1, 2, 3].map(|contact| circuit.value(Probe::Current(contact)));
        currents.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12)
    };
    // Before the first program the case returns it.
    assert!(carry(&circuit, [1e-6, 0.0, 0.0, -1e-6]));
    circuit.set_drive(&Drive::Currents(vec![-2e-3, 1e-3, 1e-3, 0.0]));
    assert_eq!((circuit.reference(), circuit.driven().collect::<Vec<_>>()), (E1, vec![1, 2]));
    assert!(carry(&circuit, [-2e-3 + 1e-6, 1e-3 - 1e-6, 1e-3, 0.0]));
    circuit.set_drive(&Drive::Off);
    assert!(carry(&circuit, [1e-6, -1e-6, 0.0, 0.0]));
}

#[test]
fn a_state_that_is_put_back_limits_as_it_did() {
    let mut circuit = driven([-2e-3, 0.0, 2e-3]);
    let mut voltages = circuit.capacitor_voltages();
    assert!(!circuit.at_compliance());
    // 0.8 V across the load and 14.5 V on the series capacitor are more than 15 V.
    voltages[E1] = -14.5;
    circuit.set_capacitor_voltages(&voltages);
    assert!(circuit.at_compliance());
    assert!((circuit.series_voltage(E1) + 14.5).abs() < 1e-9);
    let [e1, ..] = currents(&circuit);
    assert!((e1 + 0.5 / 400.0).abs() < 1e-5, "what 0.5 V drive through 400 Ω: {e1}");
}

#[test]
fn the_access_resistance_is_that_of_the_wiring() {
    let mut circuit = Circuit::new(&star(), Output::default()).unwrap();
    let near = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-12, "{a} {b}");
    near(circuit.access_resistance(E1), 400.0);
    near(circuit.access_resistance(E2), 800.0);
    circuit.insert(Some((E2, 50.0))).unwrap();
    near(circuit.access_resistance(E2), 850.0);
    circuit.leak(E1, CASE, Some(400.0)).unwrap();
    near(circuit.access_resistance(E1), 200.0);
}

#[test]
fn the_slowest_time_constant_is_the_slowest_that_the_drive_excites() {
    let tau = |output: Output, drive: &[Drive]| {
        let mut circuit = Circuit::new(&golden::rc(1e3, 1e-6, 1e5), output).unwrap();
        drive.iter().for_each(|drive| circuit.set_drive(drive));
        circuit.slowest_time_constant()
    };
    let pulse = Drive::Currents(vec![-1e-3, 1e-3]);
    let direct = Output { blocking_capacitor: 0.0, sense_input: None, ..Output::default() };
    assert!((tau(direct, std::slice::from_ref(&pulse)) / 0.1 - 1.0).abs() < 1e-9);
    // A series capacitor keeps its charge for ever, unless the recharge switch empties it.
    assert_eq!(tau(Output::default(), std::slice::from_ref(&pulse)), f64::INFINITY);
    // 2.2 µF through 1.2 kΩ into 1 µF ∥ 100 kΩ: the denominator of that loop is 1 + s·(R·Cs + Rct·(Cs + C)) + s²·R·Cs·Rct·C.
    let (sum, product) = (1.2e3 * 2.2e-6 + 1e5 * 3.2e-6, 1.2e3 * 2.2e-6 * 1e5 * 1e-6);
    let slow = 0.5 * (sum + f64::sqrt(sum * sum - 4.0 * product));
    let found = tau(Output::default(), &[pulse, Drive::Recharge]);
    assert!((found / slow - 1.0).abs() < 1e-9, "{found} {slow}");
}

#[test]
fn values_that_cannot_be_solved_with_are_refused_by_name() {
    let refused = |output: Output| Circuit::new(&star(), output).unwrap_err();
    for value in [0.0, -1.0, f64::INFINITY, f64::NAN] {
        let part = |error: NetworkError| match error {
            NetworkError::Part { part, .. } => part,
            other => panic!("{other}"),
        };
        let with = Output::default;
        assert_eq!(part(refused(Output { limiter: value, ..with() })), "the limiter's resistance");
        assert_eq!(part(refused(Output { recharge: value, ..with() })), "the recharge switch's resistance");
        assert_eq!(part(refused(Output { short: value, ..with() })), "the short relay's resistance");
        let open_lead = Some(value);
        assert_eq!(part(refused(Output { open_lead, ..with() })), "the open lead's resistance");
        let sense_input = Some((value, 1e-10));
        assert_eq!(part(refused(Output { sense_input, ..with() })), "the sense input's resistance");
        let sense_input = Some((1e6, value));
        assert_eq!(part(refused(Output { sense_input, ..with() })), "the sense input's capacitance");
        let mut circuit = Circuit::new(&star(), with()).unwrap();
        assert_eq!(part(circuit.insert(Some((E1, value))).unwrap_err()), "the series resistor");
        assert_eq!(part(circuit.leak(E1, E2, Some(value)).unwrap_err()), "the leakage resistor");
    }
    let mut one = star();
    one.contacts.truncate(1);
    let error = Circuit::new(&one, Output::default()).unwrap_err();
    assert_eq!(error, NetworkError::Contacts { phantom: "star".into(), count: 1 });
    let mut beyond = star();
    beyond.senses = vec![("v1".into(), 0, 4)];
    let error = Circuit::new(&beyond, Output::default()).unwrap_err();
    assert_eq!(error, NetworkError::Node { phantom: "star".into(), node: 4, count: 4 });
}

#[test]
fn a_limiting_source_is_the_compliance_behind_its_resistance() {
    let output = Output { limiter: 10.0, blocking_capacitor: 0.0, ..Output::default() };
    let mut circuit = Circuit::new(&star(), output).unwrap();
    circuit.set_drive(&Drive::Currents(vec![50e-3, 0.0, -50e-3]));
    assert!(circuit.at_compliance());
    // Norton: 50 mA and 15 V/10 Ω into 10 Ω ∥ 400 Ω.
    let voltage = (50e-3 + 1.5) / (1.0 / 10.0 + 1.0 / 400.0);
    assert!((circuit.value(Probe::Source(E1)) / voltage - 1.0).abs() < 1e-12);
    assert!((currents(&circuit)[E1] / (voltage / 400.0) - 1.0).abs() < 1e-9, "{:?}", currents(&circuit));
}

#[test]
fn a_lead_that_opens_floats_from_where_it_was() {
    let mut circuit = Circuit::new(&golden::rc(1e3, 1e-6, 1e5), Output::default()).unwrap();
    assert_eq!(circuit.driven().collect::<Vec<_>>(), [E1], "before the first program");
    circuit.set_drive(&Drive::Currents(vec![-2e-3, 2e-3]));
    circuit.advance(200e-6);
    circuit.set_drive(&Drive::Off);
    let before = circuit.value(Probe::Vout);
    assert!((before + 0.399_6).abs() < 1e-4, "{before}");
    circuit.open_lead(E1, true);
    assert!((circuit.value(Probe::Vout) / before - 1.0).abs() < 1e-9);
    // 1 MΩ · 100 pF.
    circuit.advance(100e-6);
    assert!((circuit.value(Probe::Vout) / before - (-1.0_f64).exp()).abs() < 1e-9);
}

#[test]
fn every_lead_floats_by_itself() {
    // The second contact carries nothing and stands at what 1 mA over the common 100 Ω makes.
    for blocking_capacitor in [0.0, 2.2e-6] {
        let output = Output { blocking_capacitor, ..Output::default() };
        let mut circuit = Circuit::new(&star(), output).unwrap();
        circuit.set_drive(&Drive::Currents(vec![-1e-3, 0.0, 1e-3]));
        circuit.open_lead(E2, true);
        assert!(
            (circuit.value(Probe::Source(E2)) + 0.1).abs() < 1e-9,
            "{}",
            circuit.value(Probe::Source(E2))
        );
        circuit.advance(100e-6);
        let fallen = circuit.value(Probe::Source(E2)) / -0.1;
        assert!((fallen - (-1.0_f64).exp()).abs() < 1e-9, "{fallen}");
    }
}

#[test]
fn the_test_source_returns_through_the_return_contact_whatever_was_driven() {
    let mut circuit = driven([-1e-3, 1e-3, 0.0]);
    circuit.set_drive(&Drive::Off);
    circuit.set_test_source(E1, 0.1e-3);
    let [e1, e2, case] = currents(&circuit);
    assert!(
        (e1 - 0.1e-3).abs() < 1e-15 && e2.abs() < 1e-15 && (case + 0.1e-3).abs() < 1e-15,
        "{e1} {e2} {case}"
    );
    // 300 Ω and 100 Ω.
    assert!((circuit.value(Probe::Nodes(0, 3)) - 0.04).abs() < 1e-12);
}

#[test]
fn relays_and_resistors_between_contacts_do_what_they_say() {
    let mut circuit = driven([-1e-3, 0.0, 1e-3]);
    let across = |circuit: &Circuit| circuit.value(Probe::Nodes(0, 3)) / -1e-3;
    let near = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-9, "{a} {b}");
    near(across(&circuit), 400.0);
    // 1 mΩ beside 400 Ω; the same relay closed again, named the other way round, is still one.
    circuit.short(E1, CASE, true);
    circuit.short(CASE, E1, true);
    near(across(&circuit), 1e-3 * 400.0 / 400.001);
    circuit.short(E1, E2, true);
    circuit.short(CASE, E1, false);
    near(across(&circuit), (300.0 * 700.001 / 1000.001) + 100.0);
    circuit.short(E1, E2, false);
    near(across(&circuit), 400.0);
    // A resistor takes the place of the one before it.
    circuit.leak(E1, CASE, Some(400.0)).unwrap();
    circuit.leak(E1, CASE, Some(100.0)).unwrap();
    near(across(&circuit), 80.0);
    circuit.leak(E1, CASE, None).unwrap();
    near(across(&circuit), 400.0);
    circuit.set_interlock(false);
    assert_eq!(currents(&circuit), [0.0; 3]);
    // 1 mA charges the 100 pF of the open output to 15 V in 1.5 µs.
    circuit.advance(2e-6);
    assert!(circuit.at_compliance());
    circuit.set_interlock(true);
    circuit.set_drive(&Drive::Currents(vec![-1e-3, 0.0, 1e-3]));
    assert_eq!(currents(&circuit)[E1], -1e-3);
}

#[test]
fn a_recharge_switch_that_is_stuck_recharges_without_being_asked() {
    let mut circuit = driven([-2e-3, 0.0, 2e-3]);
    circuit.advance(500e-6);
    circuit.set_drive(&Drive::Off);
    assert!(currents(&circuit)[E1].abs() < 1e-12);
    circuit.set_recharge_stuck(true);
    let voltage = 2e-3 * 500e-6 / 2.2e-6;
    assert!((currents(&circuit)[E1] - voltage / 600.0).abs() < 1e-9);
}

#[test]
fn changing_currents_have_their_own_closed_form_at_every_contact() {
    let shape = Shape {
        settled: vec![-2e-3, 0.0, 2e-3],
        tails: vec![Tail { rate: 1e4, currents: vec![-0.4e-3, -1e-3, 1.4e-3] }],
    };
    let mut circuit = Circuit::new(&star(), Output::default()).unwrap();
    circuit.set_drive(&Drive::Shaped(shape));
    assert_eq!(circuit.driven().collect::<Vec<_>>(), [E1, E2], "the second by what it begins with");
    let [mut e1, mut e2, mut case] = [(); 3].map(|()| Waveform::default());
    for (contact, wave) in [(E1, &mut e1), (E2, &mut e2), (CASE, &mut case)] {
        circuit.waveform(Probe::Current(contact), wave);
    }
    for t in [0.0_f64, 40e-6, 300e-6] {
        let part = (-1e4 * t).exp();
        let exact = [-2e-3 - 0.4e-3 * part, -1e-3 * part, 2e-3 + 1.4e-3 * part];
        for (wave, exact) in [&e1, &e2, &case].into_iter().zip(exact) {
            assert!((wave.at(t) - exact).abs() < 1e-15, "{t}: {} {exact}", wave.at(t));
        }
    }
}

#[test]
fn the_case_takes_what_changing_currents_leave_over_as_long_as_its_lead_is_closed() {
    let shape = Shape {
        settled: vec![-2e-3, 0.0, 0.0],
        tails: vec![Tail { rate: 1e4, currents: vec![-0.4e-3, -1e-3, 0.0] }],
    };
    let mut circuit = Circuit::new(&star(), Output::default()).unwrap();
    circuit.set_drive(&Drive::Shaped(shape));
    let mut case = Waveform::default();
    circuit.waveform(Probe::Current(CASE), &mut case);
    for t in [0.0_f64, 40e-6, 300e-6] {
        let exact = 2e-3 + 1.4e-3 * (-1e4 * t).exp();
        assert!((case.at(t) - exact).abs() < 1e-15, "{t}: {} {exact}", case.at(t));
    }
    circuit.open_lead(CASE, true);
    circuit.waveform(Probe::Current(CASE), &mut case);
    assert!(case.at(0.0).abs() < 1e-15 && case.at(40e-6).abs() < 1e-15, "{case:?}");
}

/// Shares on three contacts: each source follows its own share, the return takes the rest.
#[test]
fn shares_divide_a_current_whatever_the_resistances_are() {
    let mut circuit = driven([-1.5e-3, -0.5e-3, 2e-3]);
    assert_eq!(currents(&circuit), [-1.5e-3, -0.5e-3, 2e-3]);
    assert!((circuit.value(Probe::Nodes(0, 3)) + 0.45 + 0.2).abs() < 1e-12);
    assert!((circuit.value(Probe::Nodes(1, 3)) + 0.35 + 0.2).abs() < 1e-12);
    // A bipolar program leaves the case out: the second contact becomes the reference.
    circuit.set_drive(&Drive::Currents(vec![-1e-3, 1e-3, 0.0]));
    assert_eq!(circuit.reference(), E2);
    assert_eq!(circuit.value(Probe::Current(CASE)), 0.0);
    assert!((circuit.value(Probe::Vout) + 1.0).abs() < 1e-12);
}
