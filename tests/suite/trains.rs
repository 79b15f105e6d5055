//! Trains that are started, changed and steered while they run: nothing is wrong on the bench as it is, whatever the instant.

use serde_json::Value;

use crate::command::{checks, run};

/// Three contacts at one node: what flows back through the second while the switch is closed is more than what does through the first.
const FORK: &str = "version: 1
name: fork
contacts: { e1: a, e2: b, case: gnd }
elements:
  - { r: 3 kohm, from: a, to: t, tolerance: 0.1 % }
  - { r: 300 ohm, from: b, to: t, tolerance: 0.1 % }
  - { r: 100 ohm, from: t, to: gnd, tolerance: 0.1 % }
sense: { v1: [a, gnd] }
source: none
";

/// Exit code and checks of a scenario on the simulated bench.
fn judged(phantom: &str, program: &str, steps: &str, expect: &[&str], more: &[&str]) -> (i32, Vec<Value>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("train.yaml");
    std::fs::write(folder.path().join("fork.yaml"), FORK).unwrap();
    let list = |items: Vec<&str>| items.iter().map(|item| format!("  - {item}\n")).collect::<String>();
    let text = format!(
        "version: 1\nname: train\nphantom: {phantom}\nprogram: {{ {program} }}\nsteps:\n{}expect:\n{}",
        list(steps.split("; ").collect()).replace(" as ", "\n    as: "),
        list(expect.to_vec())
    );
    std::fs::write(&path, text).unwrap();
    let mut arguments = vec![path.to_str().unwrap()];
    arguments.extend_from_slice(more);
    let (exit, record) = run(&arguments);
    let found = checks(&record).into_iter().map(|(_, check)| check.clone()).collect();
    (exit, found)
}

fn passes(phantom: &str, program: &str, steps: &str, expect: &[&str]) -> Vec<Value> {
    let (exit, found) = judged(phantom, program, steps, expect, &[]);
    assert_eq!(exit, 0, "{program}; {steps}: {found:#?}");
    found
}

const WHOLE: [&str; 4] = [
    "rate: { of: programmed, within: 0.5 %, in: [start, end] }",
    "missing_pulses: { equals: 0, in: [start, end] }",
    "extra_pulses: { equals: 0, in: [start, end] }",
    "charge_imbalance: { at_most: 0.5 %, in: [start, end] }",
];

/// A stop comes between the two pulses of a pair, and a start before the second: the board finishes the pair and then begins.
#[test]
fn a_start_that_waits_for_a_pair_begins_another_train_behind_it() {
    let pairs = "waveform: alternating, amplitude: 2 mA, width: 200 us, rate: 2 Hz";
    let steps = "start: {}; wait: 1.6 s; stop: {}; wait: 30 ms; start: {} as again; wait: 1.6 s; stop: {} as end; wait: 600 ms";
    let latency = "start_latency: { at_most: 300 ms }";
    let found = passes(
        "r1k",
        pairs,
        steps,
        &[WHOLE.as_slice(), &[latency, "polarity: { equals: cathodic, in: [start, end] }"]].concat(),
    );
    // The second pulse is due 150 ms behind the stop, and the new train begins when it is over.
    let late = found[4]["value"].as_f64().unwrap();
    assert!((late - 0.1203).abs() < 2e-3, "{late}");
}

#[test]
fn a_start_while_running_changes_nothing() {
    let steps = "start: {}; wait: 560 ms; start: {} as again; wait: 1 s; stop: {} as end; wait: 300 ms";
    let amplitude = "amplitude: { of: programmed, within: 3 %, in: [start, end] }";
    for program in ["rate: 50 Hz, ramp: { up: 300 ms }", "rate: 20 Hz, burst: { pulses: 4, rate: 200 Hz }"] {
        let program = format!("amplitude: 2 mA, width: 200 us, {program}");
        passes("r1k", &program, steps, &[WHOLE.as_slice(), &[amplitude]].concat());
    }
}

/// What the ramp begins with is so small that a recharge of 2 % of the plateau stands out.
#[test]
fn a_small_recharge_takes_nothing_from_the_phases_behind_a_ramp() {
    let program = "waveform: alternating, amplitude: 2 mA, width: 15 us, recharge: 2 ms, rate: 9 Hz, ramp: { up: 356 ms }";
    let steps = "start: {}; wait: 2 s; stop: {} as end";
    let expect = [
        "amplitude: { of: programmed, within: 0.5 % }",
        "charge_per_phase: { of: programmed, within: 0.5 % }",
    ];
    passes("rc-1k-1u", program, steps, &expect);
}

/// In pairs, what earlier pulses have left flows back behind a later one with its own sign.
#[test]
fn a_recharge_in_the_sign_of_its_pulse_is_neither_of_it_nor_another() {
    let program = "waveform: alternating, leading: anodic, amplitude: 886 uA, width: 60 us, recharge: 1 ms, rate: 27.8 Hz, ramp: { up: 150 ms }, cycle: { on_time: 500 ms, off_time: 180 ms }";
    let steps = "start: {}; wait: 2 s; stop: {} as end";
    let expect = [
        "missing_pulses: { equals: 0, in: [start, end] }",
        "extra_pulses: { equals: 0, in: [start, end] }",
        "amplitude: { of: programmed, within: 3 %, in: [start, end] }",
    ];
    passes("cpe-ladder", program, steps, &expect);
}

/// The case takes a fifth of the pulse, and in the recharge more than that, in the same direction.
#[test]
fn a_recharge_between_contacts_is_no_pulse_of_any() {
    let program = "waveform: monophasic, amplitude: 1 mA, width: 200 us, gap: 50 us, recovery: { passive: 3 ms }, rate: 20 Hz, contacts: { e1: -100 %, e2: 78 %, case: 22 % }";
    let steps = "start: {}; wait: 500 ms; stop: {}";
    let expect = [
        "extra_pulses: { equals: 0, contact: case }",
        "current_share: { of: programmed, within: 5 %, contact: e1 }",
        "current_share: { of: programmed, within: 5 %, contact: case }",
    ];
    passes("./fork.yaml", program, steps, &expect);
}

/// The burst that the change meets is still recharged for 2 ms.
#[test]
fn a_recharge_that_is_shortened_within_a_burst_is_as_long_as_before_behind_it() {
    let program = "waveform: monophasic, amplitude: 446 uA, width: 120 us, gap: 8 us, recovery: { passive: 2 ms }, rate: 75 Hz, burst: { pulses: 6, rate: 800 Hz, recovery_after: burst }";
    let expect =
        ["extra_pulses: { equals: 0, in: [start, end] }", "burst_pulses: { equals: 6, in: [start, end] }"];
    for wait in [161, 163, 164, 166] {
        let steps = format!(
            "start: {{}}; wait: {wait} ms; set: {{ recovery: {{ passive: 1 ms }} }}; wait: 300 ms; stop: {{}} as end"
        );
        passes("rc-1k-1u", program, &steps, &expect);
    }
}

/// 4 uA of a leading phase go under in the noise of the range for 12 mA, 8 uA of its recovery do not.
#[test]
fn a_latency_is_as_uncertain_as_a_leading_phase_that_is_not_seen() {
    let program = "amplitude: 6 mA, width: 200 us, gap: 100 us, recovery: { ratio: 0.5 }, rate: 100 Hz, ramp: { up: 7.5 s }";
    let steps = "start: {}; wait: 7.8 s; stop: {}";
    let found = passes("r500", program, steps, &["start_latency: { at_most: 20 ms }"]);
    let [value, u] = ["value", "uncertainty"].map(|key| found[0][key].as_f64().unwrap());
    // The first pulse begins 100.6 us behind the start.
    assert!((value - 100.6e-6).abs() < u && u < 400e-6, "{value} {u}");
}

/// The outer phases of its first pulses are seen by nobody, the middle one is, and has the other sign.
#[test]
fn a_share_is_not_that_of_the_phase_behind_one_that_is_not_seen() {
    let program =
        "waveform: triphasic, amplitude: 10 mA, width: 200 us, gap: 100 us, rate: 100 Hz, ramp: { up: 7 s }";
    let steps = "start: {}; wait: 7.2 s; stop: {}";
    let share = "current_share: { of: programmed, within: 5 %, contact: case, in: [start, stop] }";
    let (_, found) = judged("r500", program, steps, &[share], &[]);
    assert_eq!(found[0]["verdict"], "invalid", "{found:#?}");
}

/// The second program drives another contact than the first.
#[test]
fn a_latency_is_that_of_the_contact_that_the_program_then_drives() {
    let program = "amplitude: 2 mA, width: 200 us, rate: 50 Hz, contacts: { e1: -100 %, case: 100 % }";
    let steps = "start: {}; wait: 300 ms; stop: {}; wait: 200 ms; program: { contacts: { e2: -100 %, case: 100 % } }; start: {} as again; wait: 300 ms; stop: {} as end";
    let latency = ["start_latency: { at_most: 20 ms }"];
    passes("star-8", program, steps, &latency);
    let (exit, found) = judged("star-8", program, steps, &latency, &["--defect", "start_delay=50 ms"]);
    assert!(exit == 1 && found[0]["count"] == 2, "{found:#?}");
}

/// A contact that a change leaves without a share is judged by its share until then, and as an idle one from there on.
#[test]
fn a_contact_that_a_change_makes_idle_has_no_share_to_keep() {
    let program =
        "amplitude: 2 mA, width: 200 us, rate: 50 Hz, contacts: { e1: -70 %, e2: -30 %, case: 100 % }";
    let steps = "start: {}; wait: 310 ms; set: { contacts: { e1: -100 %, case: 100 % } } as alone; wait: 300 ms; stop: {}";
    let share = "current_share: { of: programmed, within: 5 %, contact: e2 }";
    passes(
        "star-8",
        program,
        steps,
        &[share, "current_share: { within: 1 %, contact: idle, in: [alone, stop] }"],
    );
    let (exit, found) = judged("star-8", program, steps, &[share], &["--defect", "share_error=10 %"]);
    assert!(exit == 1 && found[0]["verdict"] == "fail", "{found:#?}");
}

/// The first pulses of every on-time are too small to be found: nobody knows whether they came.
#[test]
fn pulses_at_the_foot_of_a_later_ramp_are_not_said_to_be_missing() {
    let program = "amplitude: 62 uA, width: 25 us, gap: 50 us, rate: 882 Hz, ramp: { up: 150 ms, law: quarter-sine }, cycle: { on_time: 153 ms, off_time: 50 ms }";
    let steps = "start: {}; wait: 900 ms; stop: {}";
    let expect = [
        "missing_pulses: { equals: 0, in: [start, stop] }",
        "extra_pulses: { equals: 0, in: [start, stop] }",
    ];
    let (_, found) = judged("r2k", program, steps, &expect, &[]);
    assert!(found.iter().all(|check| check["verdict"] != "fail"), "{found:#?}");
}
