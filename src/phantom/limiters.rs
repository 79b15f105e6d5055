//! Sources at their compliance: when they begin to limit and when they cease to, against closed forms.

use super::circuit::RELEASE;
use super::contacts::star;
use super::golden::rc;
use super::*;

const E1: usize = 0;
const E2: usize = 1;
const CASE: usize = 2;

fn near(a: f64, b: f64) {
    assert!((a / b - 1.0).abs() < 1e-9, "{a} {b}");
}

/// No series capacitor.
fn direct() -> Output {
    Output { blocking_capacitor: 0.0, ..Output::default() }
}

/// The capacitor holds more than the current would keep on it: the source limits at first, and ceases to while it goes
/// on driving.
#[test]
fn limiting_ends_while_the_current_is_on_where_the_closed_form_says() {
    let (rs, c, rct, current) = (1e3, 1e-6, 2e3, 4e-3);
    for sign in [1.0, -1.0] {
        let mut circuit = Circuit::new(&rc(rs, c, rct), direct()).unwrap();
        circuit.set_drive(&Drive::Currents(vec![sign * current, -sign * current]));
        let mut voltages = circuit.capacitor_voltages();
        voltages[0] = sign * 14.0;
        circuit.set_capacitor_voltages(&voltages);
        assert!(circuit.at_compliance());
        // 15 V and 4 mA · 1 Ω behind 1 Ω and Rs, onto C ∥ Rct; it ceases where the capacitor leaves 4 mA room for Rs.
        let (source, path) = (15.0 + current, 1.0 + rs);
        let tau = c * rct * path / (rct + path);
        let end = source * rct / (rct + path);
        let instant = tau * ((14.0 - end) / (15.0 - current * rs - end)).ln();
        let span = circuit.span(0.1);
        // The voltage of a source that limits falls slowly, and it does so until it is 1e-11 below.
        assert!((span / instant - 1.0).abs() < 2e-7, "{span} {instant}");
        circuit.step(span);
        assert!(!circuit.at_compliance());
        near(circuit.value(Probe::Current(0)), sign * current);
        // From there on it is I·Rct that the capacitor goes to, with Rct·C, and nothing changes any more.
        assert_eq!(circuit.span(0.1), 0.1);
        circuit.step(rct * c);
        let left = sign * (8.0 + 3.0 * (-1.0_f64).exp());
        assert!((circuit.value(Probe::Nodes(1, 2)) - left).abs() < 1e-6);
    }
}

/// 300 Ω and 700 Ω over 100 Ω, and 2.2 µF in front of each: the second source reaches 15 V first.
#[test]
fn of_two_sources_each_begins_to_limit_in_its_own_time() {
    let mut circuit = Circuit::new(&star(), Output { limiter: 1e9, ..Output::default() }).unwrap();
    circuit.set_drive(&Drive::Currents(vec![2e-3, 4e-3, -6e-3]));
    let first = (15.0 - 4e-3 * 700.0 - 6e-3 * 100.0) / (4e-3 / 2.2e-6);
    let span = circuit.span(0.1);
    near(span, first);
    // Half of the way is not there yet; the other half is, without being looked for again.
    circuit.step(0.5 * span);
    assert!(!circuit.at_compliance());
    circuit.step(0.5 * span * (1.0 + 1e-12));
    assert!(circuit.at_compliance());
    // With an output of 1 GΩ a source that limits still gives its current, but for nanoamperes.
    assert!((circuit.value(Probe::Current(E1)) - 2e-3).abs() < 1e-12);
    assert!((circuit.value(Probe::Current(E2)) - 4e-3).abs() < 1e-7);
    let second = (15.0 - 2e-3 * 300.0 - 6e-3 * 100.0) / (2e-3 / 2.2e-6);
    let span = circuit.span(0.1);
    assert!(((first + span) / second - 1.0).abs() < 1e-4, "{first} {span} {second}");
    circuit.step(span);
    // Milliseconds lie between the two: that is no rounding, and the part below which limiting ends has not grown.
    assert_eq!(circuit.release, RELEASE);
}

#[test]
fn a_contact_that_is_not_driven_never_limits() {
    // Tied to a contact at its limit, which stands above the compliance by what its output resistance makes of the excess.
    let output = Output { limiter: 10.0, ..direct() };
    let mut circuit = Circuit::new(&star(), output).unwrap();
    circuit.set_drive(&Drive::Currents(vec![50e-3, 0.0, -50e-3]));
    circuit.short(E1, E2, true);
    let parallel = 300.0 * 700.001 / 1000.001 + 100.0;
    let voltage = (50e-3 + 1.5) / (1.0 / 10.0 + 1.0 / parallel);
    assert!(voltage > 15.0);
    for _ in 0..2 {
        near(circuit.value(Probe::Source(E1)), voltage);
        near(circuit.value(Probe::Current(E1)), voltage / parallel);
        assert!(circuit.value(Probe::Current(E2)).abs() < 1e-12);
        assert_eq!(circuit.span(1e-3), 1e-3);
        circuit.advance(1e-3);
    }
}

#[test]
fn what_is_switched_counts_for_the_limits_at_once() {
    // 40 mA over 400 Ω are 16 V.
    let driven = |amperes: f64| {
        let mut circuit = Circuit::new(&star(), direct()).unwrap();
        circuit.set_drive(&Drive::Currents(vec![amperes, 0.0, -amperes]));
        circuit
    };
    let mut circuit = driven(40e-3);
    assert!(circuit.at_compliance());
    circuit.short(E1, CASE, true);
    assert!(!circuit.at_compliance());
    near(circuit.value(Probe::Source(E1)), 40e-3 * 1e-3 * 400.0 / 400.001);
    circuit.short(E1, CASE, false);
    assert!(circuit.at_compliance());
    circuit.leak(E1, CASE, Some(1200.0)).unwrap();
    assert!(!circuit.at_compliance());
    near(circuit.value(Probe::Source(E1)), 40e-3 * 300.0);
    let mut circuit = driven(30e-3);
    assert!(!circuit.at_compliance());
    circuit.insert(Some((E1, 200.0))).unwrap();
    assert!(circuit.at_compliance());
    near(circuit.value(Probe::Source(E1)), (30e-3 + 15.0) / (1.0 + 1.0 / 600.0));
}

/// Equal positions of the switches share one decomposition, and what is kept of them is bounded.
#[test]
fn decompositions_are_kept_for_positions_that_come_back() {
    let mut circuit = Circuit::new(&star(), direct()).unwrap();
    circuit.set_drive(&Drive::Currents(vec![1e-3, 0.0, -1e-3]));
    let before = std::sync::Arc::clone(&circuit.topology);
    circuit.short(E1, E2, true);
    circuit.short(E2, CASE, true);
    circuit.short(E1, E2, false);
    circuit.short(E2, CASE, false);
    assert!(std::sync::Arc::ptr_eq(&before, &circuit.topology));
    // The order in which relays close makes no other position.
    circuit.short(E1, E2, true);
    circuit.short(E2, CASE, true);
    let both = std::sync::Arc::clone(&circuit.topology);
    circuit.short(E1, E2, false);
    circuit.short(E1, E2, true);
    assert!(std::sync::Arc::ptr_eq(&both, &circuit.topology));
    circuit.short(E1, E2, false);
    circuit.short(E2, CASE, false);
    for ohm in 1..=200 {
        circuit.leak(E1, CASE, Some(f64::from(ohm))).unwrap();
        let kept = circuit.cache.lock().unwrap().len();
        assert!(kept <= 64, "{kept}");
        let across = f64::from(ohm) * 400.0 / (f64::from(ohm) + 400.0);
        near(circuit.value(Probe::Nodes(0, 3)), 1e-3 * across);
    }
}

/// Two resistors and a capacitor that nothing drives: a drive that excites nothing has no time constant.
#[test]
fn a_drive_that_excites_nothing_has_no_time_constant() {
    let mut phantom = star();
    phantom.nodes.push("apart".into());
    let apart = |kind, value| Element { kind, value, from: 4, to: 3, ..phantom.elements[0].clone() };
    let more = [apart(ElementKind::Resistor, 1e3), apart(ElementKind::Capacitor, 1e-6)];
    phantom.elements.extend(more);
    let mut circuit = Circuit::new(&phantom, Output { sense_input: None, ..direct() }).unwrap();
    circuit.set_drive(&Drive::Currents(vec![1e-3, 0.0, -1e-3]));
    assert_eq!(circuit.time_constants().count(), 1);
    assert_eq!(circuit.slowest_time_constant(), 0.0);
}
