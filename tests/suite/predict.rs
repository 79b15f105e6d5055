//! Predictions against an independent circuit simulator (`fixtures/ngspice`).

use stimrig::phantom::{Element, ElementKind, Phantom};
use stimrig::predict::{Options, figure, predict, summary, write_csv};
use stimrig::scenario::{Action, Case, Decision, Fidelity, Step};
use stimrig::signal::{Polarity, Program, Recovery, Run, Share, Waveform};

use crate::command::{stimrig, text};

/// The phantom of the references: 1 kΩ in series with 1 µF across 100 kΩ.
fn rc() -> Phantom {
    let element = |kind, value, from, to| Element { kind, value, tolerance: 0.0, measured_u: None, from, to };
    Phantom {
        name: "rc".into(),
        hash: String::new(),
        nodes: vec!["a".into(), "m".into(), "gnd".into()],
        contacts: vec![("e1".into(), 0), ("case".into(), 2)],
        elements: vec![
            element(ElementKind::Resistor, 1e3, 0, 1),
            element(ElementKind::Capacitor, 1e-6, 1, 2),
            element(ElementKind::Resistor, 1e5, 1, 2),
        ],
        senses: vec![("v1".into(), 0, 2), ("vdl".into(), 1, 2)],
        areas: vec![],
        source: None,
    }
}

fn case(recovery: Recovery, gap: f64, seconds: f64) -> Case {
    let program = Program {
        waveform: Waveform::Biphasic,
        leading: Polarity::Cathodic,
        amplitude: 2e-3,
        width: 200e-6,
        gap,
        recovery,
        recharge: None,
        rate: 50.0,
        ramp: None,
        burst: None,
        cycle: None,
        contacts: vec![
            Share { contact: "e1".into(), share: -1.0 },
            Share { contact: "case".into(), share: 1.0 },
        ],
        run: Run::UntilStopped,
    };
    let step = |action| Step { action, name: None, line: 1 };
    Case {
        file: "a.yaml".into(),
        hash: String::new(),
        number: 1,
        scenario: "a".into(),
        name: "a".into(),
        about: None,
        matrix: vec![],
        verifies: vec![],
        min_fidelity: Fidelity::Sim,
        tags: vec![],
        phantom: rc(),
        program,
        steps: vec![step(Action::Start), step(Action::Wait(seconds)), step(Action::Stop)],
        checks: vec![],
        limits: Vec::new(),
        decision: Decision::Guarded,
        places: Default::default(),
    }
}

/// Linear interpolation in a reference's column.
fn at(rows: &[Vec<f64>], t: f64, column: usize) -> f64 {
    let after = rows.partition_point(|row| row[0] < t).clamp(1, rows.len() - 1);
    let (a, b) = (&rows[after - 1], &rows[after]);
    a[column] + (b[column] - a[column]) * (t - a[0]) / (b[0] - a[0])
}

#[test]
fn a_train_follows_the_circuit_simulator() {
    let text = std::fs::read_to_string("fixtures/ngspice/biphasic_sym_50hz.csv").unwrap();
    let rows: Vec<Vec<f64>> = text
        .lines()
        .skip(1)
        .map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect())
        .collect();
    let prediction =
        predict(&case(Recovery::Mirrored, 50e-6, 0.19), &Options { rate: 1e5, applied: None }).unwrap();
    assert_eq!(prediction.rows(), 19_000);
    let mut compared = 0;
    for n in 0..prediction.rows() {
        // The reference's first pulse is at 1 ms; its edges last 100 ns, and rows on an edge have the value after it.
        let t = n as f64 / prediction.rate;
        let phase = t % 0.02;
        if [0.0, 200e-6, 250e-6, 450e-6, 0.02].iter().any(|edge| (phase - edge).abs() < 1e-7) {
            continue;
        }
        compared += 1;
        let (current, voltage, across) =
            (at(&rows, 1e-3 + t, 2), at(&rows, 1e-3 + t, 3), at(&rows, 1e-3 + t, 4));
        assert!((prediction.currents[0][n] - current).abs() < 5e-9, "current at {t}");
        assert!((prediction.currents[1][n] + current).abs() < 5e-9, "return at {t}");
        assert!(
            (prediction.voltages[0][n] - voltage).abs() < 7e-6,
            "{} {voltage} at {t}",
            prediction.voltages[0][n]
        );
        assert!((prediction.voltages[1][n] - across).abs() < 3e-6, "across the double layer at {t}");
    }
    assert!(compared > 18_900);
}

#[test]
fn a_row_on_an_edge_has_the_value_after_it() {
    let prediction =
        predict(&case(Recovery::Ratio(4.0), 0.0, 0.04), &Options { rate: 1e6, applied: None }).unwrap();
    let current = &prediction.currents[0];
    let around =
        [(0, -2e-3), (199, -2e-3), (200, 5e-4), (999, 5e-4), (1000, 0.0), (19_999, 0.0), (20_000, -2e-3)];
    for (row, expected) in around {
        assert!((current[row] - expected).abs() < 1e-15, "row {row}: {}", current[row]);
    }
    let mut bytes = Vec::new();
    write_csv(&prediction, &mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("time_s,e1_A,case_A,v1_V,vdl_V"));
    let first: Vec<f64> = lines.next().unwrap().split(',').map(|cell| cell.parse().unwrap()).collect();
    // At t = 0 the capacitor is empty: v = R·i.
    assert!(
        (first[1] + 2e-3).abs() < 1e-15 && (first[3] + 2.0).abs() < 1e-9 && first[4].abs() < 1e-12,
        "{first:?}"
    );
    assert_eq!(text.lines().count(), 40_001);
}

#[test]
fn a_prediction_can_be_analysed_back() {
    let mut prediction =
        predict(&case(Recovery::Mirrored, 50e-6, 0.1), &Options { rate: 1e6, applied: None }).unwrap();
    // Quiet before the first pulse, as a scope's pre-trigger has it.
    for plane in prediction.currents.iter_mut().chain(prediction.voltages.iter_mut()) {
        plane.splice(0..0, [0.0; 500]);
    }
    let mut bytes = Vec::new();
    write_csv(&prediction, &mut bytes).unwrap();
    let capture = stimrig::capture::read("predicted.csv", &bytes).unwrap();
    let analysis = stimrig::analyze::analyze(&capture, &stimrig::analyze::Options::default()).unwrap();
    assert_eq!(analysis.pulses.len(), 5, "{:?}", analysis.findings);
    let pulse = &analysis.pulses.get(2).unwrap();
    let lead = &pulse.phases[0];
    assert!((lead.amplitude.value - 2e-3).abs() < 1e-9);
    // Edges between samples: known to half an interval each.
    assert!((lead.width.value - 200e-6).abs() <= lead.width.expanded());
    assert!(pulse.charge_imbalance.value.abs() <= pulse.charge_imbalance.expanded());
    let rate = analysis.summary.iter().find(|row| row.name == "rate").unwrap();
    assert!((rate.estimate.value - 50.0).abs() < 1e-6);
    // The step across 1 kΩ, and what 400 nC leave on 1 µF.
    assert!(
        (pulse.access_resistance.as_ref().unwrap().value - 1000.0).abs() < 10.0,
        "{:?}",
        pulse.access_resistance
    );
    assert!((pulse.polarization.as_ref().unwrap().value + 0.4).abs() < 0.01, "{:?}", pulse.polarization);
}

#[test]
fn a_prediction_follows_a_change_from_the_next_pulse_on() {
    let mut case = case(Recovery::Mirrored, 50e-6, 0.05);
    let louder = Program { amplitude: 3e-3, rate: 100.0, ..case.program.clone() };
    let step = |action| Step { action, name: None, line: 1 };
    case.steps.splice(2..2, [step(Action::Set(Box::new(louder))), step(Action::Wait(0.05))]);
    let options = Options { rate: 1e5, applied: None };
    let prediction = predict(&case, &options).unwrap();
    let at = |milliseconds: f64| prediction.currents[0][(milliseconds * 100.0).round() as usize + 10];
    assert_eq!(prediction.rows(), 10_000);
    assert_eq!(
        [0.0, 20.0, 40.0, 50.0, 60.0, 70.0, 80.0].map(at),
        [-2e-3, -2e-3, -2e-3, 0.0, -3e-3, -3e-3, -3e-3]
    );
}

/// A millisecond from row to row meets hardly any of a phase of 200 us: what is largest lies between them.
#[test]
fn the_extremes_are_those_of_the_whole_however_far_apart_the_rows_are() {
    let options = Options { rate: 1e3, applied: None };
    let prediction = predict(&case(Recovery::Mirrored, 50e-6, 0.02), &options).unwrap();
    // 2 mA through 1 kohm and, with R C = 0.1 s, into 1 uF across 100 kohm: I R (1 − a), and what the second phase leaves of it.
    let (a, ab) = ((-200e-6_f64 / 0.1).exp(), (-250e-6_f64 / 0.1).exp());
    let (first, left) = (200.0 * (1.0 - a), 200.0 * (1.0 - a) * (1.0 - ab));
    for (found, expected) in prediction.extremes.iter().zip([
        (-2e-3, 2e-3),
        (-2e-3, 2e-3),
        (-2.0 - first, 2.0 + left),
        (-first, left),
    ]) {
        assert!(
            (found.0 - expected.0).abs() < 1e-9 && (found.1 - expected.1).abs() < 1e-9,
            "{found:?} {expected:?}"
        );
    }
    assert!(summary(&prediction).contains("e1: -2 mA to 2 mA"), "{}", summary(&prediction));
}

/// It is what one looks at before energising: nothing larger than it says may come.
#[test]
fn the_summary_is_of_every_program_and_names_what_starts_again() {
    let step = |action| Step { action, name: None, line: 1 };
    let options = Options { rate: 1e4, applied: None };
    let mut case = case(Recovery::Mirrored, 0.0, 1.0);
    case.program = Program { amplitude: 1e-3, rate: 20.0, ..case.program };
    let steady = summary(&predict(&case, &options).unwrap());
    let expected =
        "a\n  20 pulses in 1 s: 1 mA, 200 µs, gap 0 s, 20 Hz\n  charge per phase 200 nC\n  e1: -1 mA to 1 mA";
    assert!(steady.starts_with(expected), "{steady}");
    let louder = Program { amplitude: 3e-3, rate: 100.0, ..case.program.clone() };
    let loudest = Program { amplitude: 4e-3, ..louder.clone() };
    case.steps.splice(2..2, [step(Action::Set(Box::new(louder))), step(Action::Wait(1.0))]);
    case.steps.extend([
        step(Action::Wait(0.1)),
        step(Action::Program(Box::new(loudest))),
        step(Action::Start),
        step(Action::Wait(1.0)),
        step(Action::Stop),
    ]);
    let changed = summary(&predict(&case, &options).unwrap());
    let expected = "a\n  120 pulses in 2 s: up to 3 mA, changes while running\n    from 0 s: 1 mA, 200 µs, gap 0 s, 20 Hz\n    \
                    from 1 s: 3 mA, 200 µs, gap 0 s, 100 Hz\n  charge per phase up to 600 nC\n  starts again once after the \
                    first stop, at 2.1 s: up to 4 mA, charge per phase up to 800 nC; not in the other lines\n  e1: -3 mA to 3 mA";
    assert!(changed.starts_with(expected), "{changed}");
}

#[test]
fn no_phase_is_shaded_in_the_colour_of_a_contact() {
    let passive = Recovery::Passive { duration: 2e-3, per_burst: false };
    for recovery in [Recovery::Mirrored, passive] {
        let prediction =
            predict(&case(recovery, 50e-6, 0.04), &Options { rate: 1e5, applied: None }).unwrap();
        let figure = figure(&prediction);
        let traces: Vec<_> = figure.panels.iter().flat_map(|panel| &panel.series).map(|s| s.colour).collect();
        let bands: Vec<_> = figure.panels.iter().flat_map(|panel| &panel.bands).collect();
        assert!(bands.len() >= 4 && bands.iter().all(|band| !traces.contains(&band.colour)), "{bands:?}");
    }
}

const PLAIN: &str = "version: 1\nname: p\nphantom: r1k\nprogram: { amplitude: 2 mA, width: 200 us, rate: 50 Hz }\nduration: 100 ms\nexpect:\n  - amplitude: { of: programmed, within: 3 % }\n";

#[test]
fn what_is_applied_is_what_the_named_rig_makes_of_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let scenario = file("s.yaml", PLAIN);
    let predicted = |arguments: &[&str]| {
        let output = stimrig().arg("predict").arg(&scenario).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned() + &text(&output))
    };
    let peaks = |arguments: &[&str], peak: &str| {
        let (code, said) = predicted(arguments);
        assert!(code == Some(0) && said.contains(&format!("e1: -{peak} to {peak}, ")), "{said}");
    };
    peaks(&[], "2 mA");
    // 2621 codes of 25 mA / 32767, and ten of 25 mA / 127.
    peaks(&["--applied"], "2 mA");
    let coarse = ["--applied", "--set", "sim.stimulator.dac_bits=8"];
    peaks(&coarse, "1.969 mA");
    let bench = "version: 1\nname: b\nstimulator: { driver: simulated }\nload: { driver: simulated }\nsim: { stimulator: { dac_bits: 8 } }\n";
    let bench = file("b.yaml", bench).display().to_string();
    peaks(&["--applied", "--rig", &bench], "1.969 mA");
    // Of what nobody asks a rig for, none is read.
    peaks(&["--rig", "there-is-none.yaml"], "2 mA");
    let refused = |arguments: &[&str], why: &str| {
        let (code, said) = predicted(arguments);
        assert!(code == Some(2) && said.contains(why), "{said}");
    };
    refused(&["--set", "sim.stimulator.dac_bits=8"], "--applied");
    refused(&["--applied", "--rig", "there-is-none.yaml"], "there-is-none.yaml");
    let stimjim =
        "version: 1\nname: s\nstimulator: { driver: stimjim, cap: 3 mA }\nload: { driver: simulated }\n";
    let stimjim = file("stimjim.yaml", stimjim).display().to_string();
    peaks(&["--applied", "--rig", &stimjim], "2 mA");
    file("s.yaml", &PLAIN.replace("rate: 50 Hz", "rate: 50 Hz, ramp: { up: 50 ms, law: linear }"));
    refused(&["--applied", "--rig", &stimjim], "rig `s` would refuse this: a Stimjim has no ");
}
