//! What the pulses tell about the load, end to end.

use serde_json::Value;

use crate::command::{checks, run};

const RESISTOR: &str = "version: 1\nname: NAME\ncontacts: { e1: a, case: gnd }\nelements:\n  - { r: OHMS ohm, from: a, to: gnd, tolerance: 0.1 % }\nsense: { v1: [a, gnd] }\n";
const SCENARIO: &str = "version: 1\nname: n\nphantom: ./named.yaml\nprogram: { amplitude: 1 mA, width: 200 us, gap: 50 us, rate: 50 Hz }\nduration: 300 ms\nexpect:\n  - phantom_identity: { at_most: 1 }\n";

/// Runs the scenario on `named`, 1 kohm, with another resistor plugged in.
fn plugged(ohms: &str) -> (i32, Value) {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("named.yaml", &RESISTOR.replace("NAME", "named").replace("OHMS", "1000"));
    write("other.yaml", &RESISTOR.replace("NAME", "other").replace("OHMS", ohms));
    write("scenario.yaml", SCENARIO);
    let scenario = folder.path().join("scenario.yaml");
    let other = format!("sim.phantom={}", folder.path().join("other.yaml").display());
    run(&[scenario.to_str().unwrap(), "--set", &other])
}

/// The load's own source sees 0.4 %; the stimulator's pulses are measured better than that.
#[test]
fn a_load_that_is_nearly_right_passes_the_test_source_and_not_the_pulses() {
    let (exit, record) = plugged("1000.5");
    assert_eq!(exit, 0, "{record:#}");
    let (exit, record) = plugged("1003.5");
    assert_eq!(exit, 1, "{record:#}");
    let value = checks(&record)[0].1["value"].as_f64().unwrap();
    assert!(value > 1.0 && value < 2.0, "{value}");
    // Farther off it is a wrong phantom before anything is energised.
    let (exit, record) = plugged("1010");
    assert_eq!((exit, record["cases"][0]["outcome"].as_str()), (3, Some("rig-error")), "{record:#}");
}

/// A weak output that still delivers is seen by its headroom alone.
#[test]
fn headroom_follows_the_contact_with_the_largest_voltage() {
    let headroom = |contacts: &str| {
        let folder = tempfile::tempdir().unwrap();
        let scenario = folder.path().join("scenario.yaml");
        let text = format!(
            "version: 1\nname: n\nphantom: star-8\nprogram: {{ amplitude: 5 mA, width: 200 us, gap: 50 us, rate: 50 Hz, contacts: {contacts} }}\nduration: 200 ms\nexpect:\n  - compliance_headroom: {{ at_least: 0.5 V, statistic: mean }}\n"
        );
        std::fs::write(&scenario, text).unwrap();
        let (exit, record) = run(&[scenario.to_str().unwrap()]);
        assert_eq!(exit, 0, "{record:#}");
        checks(&record)[0].1["value"].as_f64().unwrap()
    };
    // A contact's own resistor with its share, 188 ohm with all of it; interface and series capacitor with the charge.
    let volts = |amperes: f64, ohms: f64, farads: f64| {
        amperes * ohms + 5e-3 * 188.0 + amperes * 200e-6 * (1.0 / farads + 1.0 / 2.2e-6)
    };
    let one = headroom("{ e1: -100 %, case: 100 % }");
    // The voltage goes on rising to the end of the phase, at 1 mV/us; U is 3 mV, for the most part of the gain.
    assert!((one - (15.0 - volts(5e-3, 300.0, 4.7e-6))).abs() < 4e-3, "{one}");
    // `vout` is at e1; e3 has the larger voltage although it carries less.
    let two = headroom("{ e1: -55 %, e3: -45 %, case: 100 % }");
    assert!((two - (15.0 - volts(2.25e-3, 700.0, 2.2e-6))).abs() < 4e-3, "{two}");
}

/// What a larger amplitude leaves on the series capacitor is predicted from when it is in force: 10 V and 0.91 V of 15 V.
#[test]
fn headroom_follows_a_change_of_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = folder.path().join("scenario.yaml");
    let text = "version: 1\nname: n\nphantom: r1k\nprogram: { amplitude: 2 mA, width: 200 us, gap: 50 us, rate: 50 Hz }\nsteps:\n  - start: {}\n  - wait: 100 ms\n  - set: { amplitude: 10 mA }\n    as: louder\n  - wait: 200 ms\n  - stop: {}\nexpect:\n  - compliance_headroom: { at_least: 1 V, in: [louder, stop] }\n";
    std::fs::write(&scenario, text).unwrap();
    let (exit, record) = run(&[scenario.to_str().unwrap()]);
    assert_eq!(exit, 0, "{record:#}");
    let headroom = checks(&record)[0].1["value"].as_f64().unwrap();
    assert!((headroom - (15.0 - 10.0 - 10e-3 * 200e-6 / 2.2e-6)).abs() < 0.02, "{headroom}");
}

const INTERFACE: &str = "version: 1\nname: NAME\ncontacts: { e1: a, case: gnd }\nelements:\n  - { r: 450 ohm, from: a, to: b, tolerance: 0.1 % }\n  - { c: 4.7 uF, from: b, to: gnd, tolerance: 1 % }\n  - { r: OHMS kohm, from: b, to: gnd, tolerance: 1 % }\nsense: { v1: [a, gnd] }\n";

/// Charge that nothing takes back leaks through the resistor across the capacitor: in 94 ms with 20 kohm. It is seen in half a
/// second of pulses, neither at an edge nor along a phase, and not in a tenth of that.
#[test]
fn a_leak_across_the_capacitor_is_judged_where_its_time_constant_fits() {
    let identity = |ohms: &str, duration: &str| {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("named.yaml", &INTERFACE.replace("NAME", "named").replace("OHMS", "20"));
        write("other.yaml", &INTERFACE.replace("NAME", "other").replace("OHMS", ohms));
        let program = "waveform: monophasic, amplitude: 0.2 mA, width: 200 us, recovery: none, rate: 50 Hz";
        let scenario = SCENARIO.replace("amplitude: 1 mA, width: 200 us, gap: 50 us, rate: 50 Hz", program);
        write("scenario.yaml", &scenario.replace("300 ms", duration));
        let scenario = folder.path().join("scenario.yaml");
        let other = format!("sim.phantom={}", folder.path().join("other.yaml").display());
        let (exit, record) = run(&[scenario.to_str().unwrap(), "--set", &other]);
        (exit, checks(&record)[0].1["value"].as_f64().unwrap_or_else(|| panic!("{record:#}")))
    };
    let (exit, clean) = identity("20", "500 ms");
    assert!(exit == 0 && clean < 1.0, "{clean}");
    let (exit, wrong) = identity("18", "500 ms");
    assert!(exit == 1 && wrong > 2.0, "{wrong}");
    let (exit, unseen) = identity("18", "50 ms");
    assert!(exit == 0 && unseen < 1.0, "{unseen}");
}

/// 10.9 V on a channel that ends at 4 V: what is seen of it leaves more of the compliance than there is.
#[test]
fn a_voltage_beyond_its_range_shows_no_headroom() {
    let (exit, record) =
        run(&["scenarios/electrode/compliance.yaml", "--set", "sim.adc.voltage_ranges=[2 V, 4 V]"]);
    assert_eq!(exit, 3, "{record:#}");
    let headroom: Vec<_> = checks(&record)
        .into_iter()
        .map(|(_, check)| check)
        .filter(|check| check["measurand"] == "compliance_headroom")
        .collect();
    assert_eq!(headroom.len(), 2);
    for check in headroom {
        assert_eq!(check["verdict"], "invalid", "{check:#}");
        assert!(check["reason"].as_str().unwrap().starts_with("clipped"), "{check:#}");
    }
}

/// e1 drives first and is idle from the switch on; what leaks into it then is an idle contact's.
#[test]
fn a_contact_is_idle_by_the_program_in_force() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = folder.path().join("scenario.yaml");
    let text = "version: 1\nname: n\nphantom: star-8\nprogram: { amplitude: 2 mA, width: 200 us, gap: 50 us, rate: 50 Hz, contacts: { e1: -100 %, e2: 100 % } }\nsteps:\n  - zero: {}\n  - start: {}\n  - wait: 100 ms\n  - program: { amplitude: 2 mA, width: 200 us, gap: 50 us, rate: 50 Hz, contacts: { e5: -100 %, e6: 100 % } }\n  - wait: 2.5 s\n  - wait: 1.5 s\n    as: quiet\n  - stop: {}\nexpect:\n  - dc_leakage_current: { at_most: 100 nA, contact: idle, in: [quiet, stop] }\n  - current_share: { within: 1 %, contact: idle, in: [quiet, stop] }\n";
    std::fs::write(&scenario, text).unwrap();
    let path = scenario.to_str().unwrap();
    let (exit, record) = run(&[path]);
    assert_eq!(exit, 0, "{record:#}");
    let (exit, record) = run(&[path, "--defect", "dc_leakage=250 nA"]);
    assert_eq!(exit, 1, "{record:#}");
    let found = checks(&record);
    assert_eq!(found[0].1["verdict"], "fail", "{record:#}");
    assert_eq!(found[1].1["verdict"], "pass", "{record:#}");
}

/// Runs 300 ms of 2 mA into 1 kohm with a defect, judged by its headroom.
fn headroom_with(defect: &str) -> (i32, Value) {
    let folder = tempfile::tempdir().unwrap();
    let scenario = folder.path().join("scenario.yaml");
    let text = "version: 1\nname: n\nphantom: r1k\nprogram: { amplitude: 2 mA, width: 200 us, gap: 50 us, rate: 50 Hz }\nduration: 300 ms\nexpect:\n  - compliance_headroom: { at_least: 0.5 V }\n";
    std::fs::write(&scenario, text).unwrap();
    let (exit, record) = run(&[scenario.to_str().unwrap(), "--defect", defect]);
    (exit, checks(&record)[0].1.clone())
}

/// 1.76 V and what they leave on the series capacitor of 15 V: a gain that is 12 % too small is no lack of voltage.
#[test]
fn a_current_that_is_too_small_leaves_the_headroom_what_it_is() {
    let (exit, found) = headroom_with("gain_error=-12 %");
    assert_eq!(exit, 0, "{found:#}");
    let (value, u) = (found["value"].as_f64().unwrap(), found["uncertainty"].as_f64().unwrap());
    let truth = 15.0 - 1.76 - 1.76e-3 * 200e-6 / 2.2e-6;
    assert!(u > 0.0 && (value - truth).abs() < 0.03, "{value} ± {u}");
    // Of a phase that did not come nobody has seen the voltage.
    let (exit, found) = headroom_with("missing_recovery_every=5");
    assert_eq!((exit, found["verdict"].as_str()), (3, Some("invalid")), "{found:#}");
    assert!(found["reason"].as_str().unwrap().contains("lacks a phase"), "{found:#}");
}

/// e1 drives alone, and is then left out, or shares with e2: a voltage over a current of noise, and one over half the current, are
/// not the resistance that is stated for the program of the scenario.
#[test]
fn pulses_of_other_contacts_say_nothing_of_a_contact() {
    let resistance = "  - access_resistance: { of: 488 ohm, within: 5 %, contact: e1 }\n";
    for (contacts, more) in
        [("{ e2: -100 %, case: 100 % }", resistance), ("{ e1: -50 %, e2: -50 %, case: 100 % }", "")]
    {
        let folder = tempfile::tempdir().unwrap();
        let scenario = folder.path().join("scenario.yaml");
        let text = format!(
            "version: 1\nname: n\nphantom: star-8\nprogram: {{ amplitude: 2 mA, width: 200 us, gap: 50 us, rate: 50 Hz, contacts: {{ e1: -100 %, case: 100 % }} }}\nsteps:\n  - start: {{}}\n  - wait: 200 ms\n  - set: {{ contacts: {contacts} }}\n  - wait: 200 ms\n  - stop: {{}}\nexpect:\n  - phantom_identity: {{ at_most: 1 }}\n{more}"
        );
        std::fs::write(&scenario, text).unwrap();
        let (exit, record) = run(&[scenario.to_str().unwrap()]);
        assert_eq!(exit, 0, "{contacts}: {record:#}");
    }
}

/// The second and third pulse of a burst find the interface charged: 20 kohm beside 47 nF have a time constant of 0.94 ms, and the
/// pulses are 2.5 ms apart. What that loses meanwhile is no other phantom.
#[test]
fn an_interface_that_is_still_charged_is_the_phantom_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = folder.path().join("scenario.yaml");
    let text = "version: 1\nname: n\nphantom: retina-4k\nprogram: { leading: anodic, amplitude: 0.361 mA, width: 300 us, recovery: { ratio: 5 }, rate: 40 Hz, burst: { pulses: 3, rate: 400 Hz } }\nduration: 200 ms\nexpect:\n  - phantom_identity: { at_most: 1 }\n";
    std::fs::write(&scenario, text).unwrap();
    let (exit, record) = run(&[scenario.to_str().unwrap()]);
    assert_eq!(exit, 0, "{record:#}");
}

/// A share has the sign of its program, whichever phase of a pair leads.
#[test]
fn the_shares_of_pairs_do_not_depend_on_which_phase_leads() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = folder.path().join("scenario.yaml");
    for leading in ["cathodic", "anodic"] {
        let text = format!(
            "version: 1\nname: n\nphantom: star-8\nprogram: {{ waveform: alternating, leading: {leading}, amplitude: 2 mA, width: 200 us, rate: 50 Hz, contacts: {{ e1: -70 %, e2: -30 %, case: 100 % }} }}\nduration: 200 ms\nexpect:\n  - current_share: {{ of: programmed, within: 5 %, contact: e1 }}\n  - current_share: {{ of: programmed, within: 5 %, contact: e2 }}\n  - current_share: {{ of: programmed, within: 5 %, contact: case }}\n"
        );
        std::fs::write(&scenario, text).unwrap();
        let (exit, record) = run(&[scenario.to_str().unwrap()]);
        assert_eq!(exit, 0, "{leading}: {record:#}");
        let shares: Vec<f64> =
            checks(&record).iter().map(|(_, check)| check["value"].as_f64().unwrap()).collect();
        let off = shares.iter().zip([-0.7, -0.3, 1.0]).map(|(found, asked)| (found - asked).abs());
        assert!(off.fold(0.0, f64::max) < 2e-3, "{leading}: {shares:?}");
    }
}

/// What a recharge takes back is in no phase: where a later program brings one, what is left says nothing of the interface.
#[test]
fn a_recharge_that_comes_later_is_no_other_phantom() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = folder.path().join("scenario.yaml");
    let text = "version: 1\nname: n\nphantom: scs-lead\nprogram: { amplitude: 2 mA, width: 200 us, gap: 50 us, rate: 50 Hz }\nsteps:\n  - start: {}\n  - wait: 300 ms\n  - program: { waveform: monophasic, recovery: { passive: 5 ms } }\n  - wait: 600 ms\n  - stop: {}\nexpect:\n  - phantom_identity: { at_most: 1 }\n";
    std::fs::write(&scenario, text).unwrap();
    let (exit, record) = run(&[scenario.to_str().unwrap()]);
    assert_eq!(exit, 0, "{record:#}");
}
