//! What must hold for every network and every sequence of switching.

use proptest::prelude::*;

use super::golden::rc;
use super::*;

#[derive(Debug, Clone)]
enum Operation {
    Drive(f64),
    Off,
    Recharge,
    Lead(usize, bool),
    Interlock(bool),
    Leakage(f64),
    Short(bool),
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        4 => (-12e-3..12e-3_f64).prop_map(Operation::Drive),
        2 => Just(Operation::Off),
        2 => Just(Operation::Recharge),
        2 => (0..2_usize, any::<bool>()).prop_map(|(contact, open)| Operation::Lead(contact, open)),
        1 => any::<bool>().prop_map(Operation::Interlock),
        1 => (-1e-6..1e-6_f64).prop_map(Operation::Leakage),
    ]
}

fn operations() -> impl Strategy<Value = Vec<(Operation, f64)>> {
    // From far below the shortest time constant to far beyond.
    prop::collection::vec((operation(), (-7.0..-1.5_f64).prop_map(|e| 10.0_f64.powf(e))), 1..25)
}

fn apply(circuit: &mut Circuit, operation: &Operation) {
    match *operation {
        Operation::Drive(current) => circuit.set_drive(&Drive::Currents(vec![current, -current])),
        Operation::Off => circuit.set_drive(&Drive::Off),
        Operation::Recharge => circuit.set_drive(&Drive::Recharge),
        Operation::Lead(contact, open) => circuit.open_lead(contact, open),
        Operation::Interlock(closed) => circuit.set_interlock(closed),
        Operation::Leakage(amperes) => circuit.set_leakage(0, amperes),
        Operation::Short(closed) => circuit.short(0, 1, closed),
    }
}

/// Advances, integrating the currents of both contacts.
fn integrate(circuit: &mut Circuit, seconds: f64) -> [f64; 2] {
    let (mut left, mut charge, mut wave) = (seconds, [0.0; 2], Waveform::default());
    while left > 0.0 {
        let span = circuit.span(left);
        for (contact, charge) in charge.iter_mut().enumerate() {
            circuit.waveform(Probe::Current(contact), &mut wave);
            *charge += wave.integral(span);
        }
        circuit.step(span);
        left -= span;
    }
    charge
}

fn element(kind: ElementKind, value: f64, from: usize, to: usize) -> Element {
    Element { kind, value, tolerance: 0.0, measured_u: None, from, to }
}

/// Four resistors of 1 kΩ between the contacts, at nodes 0 and 4.
fn chain() -> Phantom {
    let mut phantom = rc(1.0, 1.0, 1.0);
    phantom.nodes = (0..5).map(|node| format!("n{node}")).collect();
    phantom.contacts = vec![("e1".into(), 0), ("case".into(), 4)];
    phantom.senses.clear();
    phantom.elements = (0..4).map(|k| element(ElementKind::Resistor, 1e3, k, k + 1)).collect();
    phantom
}

/// A random connected network: a chain of resistors between the contacts and elements anywhere.
fn network() -> impl Strategy<Value = Phantom> {
    let ends = (0..5_usize, 0..5_usize).prop_filter("two nodes", |(a, b)| a != b);
    let value = (any::<bool>(), 0.0..3.0_f64);
    let extra = prop::collection::vec((ends, value), 1..8);
    extra.prop_map(|extra| {
        let mut phantom = chain();
        phantom.elements.extend(extra.into_iter().map(|((from, to), (resistor, decade))| {
            let scale = 10.0_f64.powf(decade);
            if resistor {
                element(ElementKind::Resistor, 100.0 * scale, from, to)
            } else {
                element(ElementKind::Capacitor, 10e-9 * scale, from, to)
            }
        }));
        phantom
    })
}

fn energy(circuit: &Circuit) -> f64 {
    let own = circuit.phantom().elements.iter().filter(|element| element.kind == ElementKind::Capacitor);
    let farads = own.map(|element| element.value).chain([2.2e-6, 2.2e-6, 100e-12, 100e-12]);
    // The guarded inputs hold no energy of their own; they only follow.
    let stored = circuit.capacitor_voltages();
    farads.zip(stored).map(|(farad, volt)| 0.5 * farad * volt * volt).sum()
}

/// Lets time pass as [`Circuit::advance`] does; `None` when the limiters change so often that it does not.
fn passes(circuit: &mut Circuit, seconds: f64) -> Option<()> {
    let mut left = seconds;
    for _ in 0..100 {
        if left <= 0.0 {
            return Some(());
        }
        let span = circuit.span(left);
        circuit.step(span);
        left -= span;
    }
    None
}

/// Here rounding took the level of a source that limits 1e-9 V below its compliance, where it ceased to.
#[test]
fn a_source_that_sits_at_its_compliance_lets_time_pass() {
    let mut phantom = chain();
    phantom.elements.push(element(ElementKind::Capacitor, 1e-8, 1, 0));
    phantom.elements.push(element(ElementKind::Capacitor, 3.919_113_613_632_924_5e-8, 2, 0));
    let steps = [
        (Operation::Drive(0.0), 0.031_622_776_601_683_79),
        (Operation::Drive(0.010_048_856_867_103_648), 2.895_328_229_477_677_7e-6),
        (Operation::Lead(0, false), 0.002_147_845_581_300_708),
        (Operation::Leakage(-2.148_477_136_274_184_6e-7), 5.709_527_733_915_834e-6),
        (Operation::Drive(-0.002_570_003_508_688_539_6), 3.823_942_306_731_372e-7),
        (Operation::Recharge, 0.000_145_998_864_560_840_5),
        (Operation::Drive(1.324_020_311_128_379_6e-5), 1.067_628_808_369_183e-6),
        (Operation::Lead(1, true), 0.031_622_776_601_683_79),
    ];
    let mut circuit = Circuit::new(&phantom, Output::default()).unwrap();
    let mut widest = 0.0_f64;
    for (operation, seconds) in &steps {
        apply(&mut circuit, operation);
        for _ in 0..3 {
            assert!(passes(&mut circuit, seconds / 3.0).is_some(), "{operation:?}");
            widest = widest.max(circuit.release);
        }
    }
    // It took a wider step, still far below what anybody measures, and the next change of drive begins anew.
    assert!(widest > 1e-11 && widest < 1e-6, "{widest}");
    circuit.set_drive(&Drive::Off);
    assert_eq!(circuit.release, 1e-11);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// The charge on a capacitor in series with the contact is the integral of the contact's current, whatever is
    /// switched, limited or left floating meanwhile.
    #[test]
    fn charge_is_conserved(steps in operations()) {
        let mut phantom = rc(1e3, 1e-6, 1e5);
        phantom.elements.pop();
        let mut circuit = Circuit::new(&phantom, Output::default()).unwrap();
        let mut brought = 0.0;
        for (operation, seconds) in &steps {
            apply(&mut circuit, operation);
            let [out, back] = integrate(&mut circuit, *seconds);
            prop_assert!((out + back).abs() < 1e-15, "Kirchhoff: {out} {back}");
            brought += out;
            let held = 1e-6 * circuit.value(Probe::Nodes(1, 2));
            prop_assert!((held - brought).abs() < 1e-12, "{held} C held, {brought} C brought after {operation:?}");
        }
    }

    /// However the rounding of a network falls where a source begins to limit or ceases to, time goes on.
    #[test]
    fn limiters_change_no_more_than_a_few_times(
        phantom in network(),
        steps in operations(),
        parts in 1..9_u32,
    ) {
        let mut circuit = Circuit::new(&phantom, Output::default()).unwrap();
        for (operation, seconds) in &steps {
            apply(&mut circuit, operation);
            for _ in 0..parts {
                prop_assert!(passes(&mut circuit, seconds / f64::from(parts)).is_some(), "{operation:?}");
            }
        }
    }

    /// Stepping is exact: one step or many give the same state, for any network.
    #[test]
    fn any_split_of_time_gives_the_same_state(phantom in network(), steps in operations(), parts in 2..9_u32) {
        let mut whole = Circuit::new(&phantom, Output::default()).unwrap();
        let mut split = whole.clone();
        for (operation, seconds) in &steps {
            apply(&mut whole, operation);
            whole.advance(*seconds);
            apply(&mut split, operation);
            for _ in 0..parts {
                split.advance(seconds / f64::from(parts));
            }
            for (a, b) in whole.capacitor_voltages().iter().zip(split.capacitor_voltages()) {
                prop_assert!((a - b).abs() < 1e-8, "{a} {b} after {operation:?}");
            }
        }
    }

    /// Nothing but a source adds energy: with the output off, switching and waiting only lose it.
    #[test]
    fn a_network_left_alone_loses_energy(phantom in network(), current in -5e-3..5e-3_f64, steps in operations()) {
        let mut circuit = Circuit::new(&phantom, Output::default()).unwrap();
        circuit.set_drive(&Drive::Currents(vec![current, -current]));
        circuit.advance(1e-3);
        circuit.set_drive(&Drive::Off);
        let mut before = energy(&circuit);
        for (operation, seconds) in &steps {
            match operation {
                Operation::Off | Operation::Recharge => apply(&mut circuit, operation),
                Operation::Drive(current) => apply(&mut circuit, &Operation::Short(*current > 0.0)),
                _ => continue,
            }
            circuit.advance(*seconds);
            let after = energy(&circuit);
            // 100 pF of guarded input at a few volts may follow its lead.
            prop_assert!(after <= before * (1.0 + 1e-9) + 2e-8, "{before} J became {after} J after {operation:?}");
            before = after;
        }
    }

    /// The access resistance is never negative nor above any DC path, and nothing grows by itself.
    #[test]
    fn networks_are_passive(phantom in network()) {
        let output = Output { blocking_capacitor: 0.0, sense_input: None, ..Output::default() };
        let circuit = Circuit::new(&phantom, output).unwrap();
        prop_assert!(circuit.access_resistance(0) >= -1e-9);
        prop_assert!(circuit.access_resistance(0) <= 4e3 * (1.0 + 1e-9), "at most the chain of resistors");
        prop_assert!(circuit.time_constants().all(|tau| tau > 0.0));
    }
}

#[test]
fn a_resistor_alone_needs_no_state() {
    let mut phantom = rc(1e3, 1e-6, 1e5);
    phantom.elements.remove(1);
    let output = Output { blocking_capacitor: 0.0, sense_input: None, ..Output::default() };
    let mut circuit = Circuit::new(&phantom, output).unwrap();
    circuit.set_drive(&Drive::Currents(vec![1e-4, -1e-4]));
    circuit.advance(1.0);
    assert!((circuit.value(Probe::Vout) - 10.1).abs() < 1e-9);
    circuit.set_drive(&Drive::Currents(vec![1e-3, -1e-3]));
    assert!(circuit.at_compliance());
    circuit.advance(1.0);
    assert!((circuit.value(Probe::Current(0)) - 15.0 / 101e3).abs() < 1e-7);
}
