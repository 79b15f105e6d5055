//! The scenario language: the example of its contract, its matrix, and the shipped files.

use serde_json::Value;
use stimrig::cli::schema::{Format, schema};
use stimrig::scenario::{Action, Case, Criterion, Fault, Nominal, Tolerance, read_scenario, shipped};
use stimrig::signal::{Recovery, Run};
use stimrig::source::{Diagnostic, Kind, Node, Source, parse};

/// Reads a scenario over the shipped phantoms.
pub fn read(text: &str) -> (Vec<Case>, Vec<Diagnostic>) {
    read_scenario(&Source::new("s.yaml", text), &mut shipped)
}

/// The example of the contract, without `set` (see `the_whole_example_is_understood`).
const EXAMPLE: &str = r#"version: 1
name: Biphasic pulses over an SCS lead stay charge balanced
about: free text
verifies: [SYS-CB-001]
min_fidelity: rig
tags: [smoke, charge-balance]
phantom: scs-lead

matrix:
  amplitude: [0.5 mA, 2 mA, 10 mA]
  exclude: [{ amplitude: 10 mA }]

program:
  waveform: biphasic
  leading: cathodic
  amplitude: $amplitude
  width: 200 us
  gap: 50 us
  recovery: mirrored
  rate: 50 Hz
  ramp: { up: 200 ms, law: linear }
  contacts: { e1: -100 %, case: 100 % }

steps:
  - start: {}
  - wait: 1 s
  - set: { amplitude: 3 mA }
    as: louder
  - wait: 500 ms
  - inject: { fault: open-lead, contact: e1 }
    as: lead_opens
  - wait: 200 ms
  - clear: open-lead
  - acknowledge: {}
  - stop: {}

expect:
  - amplitude: { of: programmed, within: 3 %, in: [start, lead_opens] }
  - width: { of: programmed, within: { rel: 2 %, abs: 5 us }, phase: each }
  - charge_imbalance: { at_most: 0.5 % }
  - mean_dc_current: { within: 1 uA }
  - shutdown_latency: { after: lead_opens, at_most: 25 ms }
  - charge_after_fault: { after: lead_opens, at_most: 2 uC }
  - stays_off: { after: lead_opens, for: 150 ms }
  - fault_reported: { after: lead_opens, is: open-lead, at_most: 50 ms }

decision: guarded
"#;

fn lines(problems: &[Diagnostic]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn the_whole_example_is_understood() {
    let (cases, problems) = read(EXAMPLE);
    assert_eq!(lines(&problems), Vec::<String>::new());
    let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    let name = "Biphasic pulses over an SCS lead stay charge balanced";
    assert_eq!(names, [format!("{name} [amplitude=0.5 mA]"), format!("{name} [amplitude=2 mA]")]);
    let case = &cases[1];
    assert_eq!((case.number, case.program.amplitude, case.program.width), (2, 2e-3, 2e-4));
    assert_eq!(case.program.run, Run::UntilStopped);
    assert_eq!(case.steps.len(), 9);
    let Action::Set(louder) = &case.steps[2].action else { panic!("{:?}", case.steps[2]) };
    assert_eq!((louder.amplitude, louder.width), (3e-3, 2e-4));
    assert_eq!(case.steps[4].action, Action::Inject(Fault::OpenLead { contact: "e1".into() }));
    assert_eq!((case.steps[4].name.as_deref(), case.steps[4].line), (Some("lead_opens"), 30));
    let tolerance = Tolerance { rel: 0.02, abs: 5e-6 };
    assert_eq!(case.checks[1].criterion, Criterion::Within { of: Nominal::Programmed, tolerance });
    assert_eq!(case.checks[3].criterion, Criterion::Magnitude(1e-6));
    assert_eq!(case.checks[6].hold, Some(0.15));
    assert_eq!(case.checks[7].line, 45);
    assert_eq!(case.checks[2].text, "charge_imbalance: { at_most: 0.5 % }");
}

#[test]
fn default_steps_wait_for_the_stimulator_to_end_by_itself() {
    let text = "version: 1\nname: n\nphantom: r1k\nprogram: { amplitude: 2 mA, width: 200 us, rate: 50 Hz }\npulses: 100\nexpect:\n  - pulse_count: { equals: 100 }\n";
    let (cases, problems) = read(text);
    assert_eq!(lines(&problems), Vec::<String>::new());
    let case = &cases[0];
    assert_eq!(case.program.run, Run::Pulses(100));
    let [start, wait, stop] = case.steps.as_slice() else { panic!("{:?}", case.steps) };
    assert_eq!((&start.action, &stop.action), (&Action::Start, &Action::Stop));
    // The last pulse begins at 1.98 s and takes 400 us.
    assert!(matches!(wait.action, Action::Wait(time) if time > 1.9804 && time < 2.0), "{wait:?}");
    let contacts: Vec<(&str, f64)> =
        case.program.contacts.iter().map(|s| (s.contact.as_str(), s.share)).collect();
    assert_eq!(contacts, [("e1", -1.0), ("case", 1.0)]);
}

#[test]
fn any_whole_value_may_come_from_the_matrix() {
    let text = "version: 1\nname: n\nphantom: $load\nmatrix:\n  load: [r1k, scs-lead]\n  recovery: [mirrored, { ratio: 4 }]\n  limit: [1 %]\nprogram: { amplitude: 1 mA, width: 200 us, rate: 50 Hz, recovery: $recovery }\nexpect:\n  - charge_imbalance: { at_most: $limit }\n";
    let (cases, problems) = read(text);
    assert_eq!(lines(&problems), Vec::<String>::new());
    let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "n [load=r1k, recovery=mirrored, limit=1 %]",
            "n [load=r1k, recovery={ratio: 4}, limit=1 %]",
            "n [load=scs-lead, recovery=mirrored, limit=1 %]",
            "n [load=scs-lead, recovery={ratio: 4}, limit=1 %]",
        ]
    );
    assert_eq!(cases[2].phantom.name, "scs-lead");
}

#[test]
fn the_grammar_beyond_the_first_release_is_read_too() {
    let text = r#"version: 1
name: n
phantom: r1k
program:
  waveform: alternating
  amplitude: 1 mA
  width: 200 us
  rate: 50 Hz
  recharge: 1 ms
  cycle: { on_time: 500 ms, off_time: 500 ms }
  ramp: { up: 100 ms, law: quarter-sine }
steps:
  - probe: halt
  - probe: { write: { symbol: fault_mask, value: 0x1 } }
  - probe: resume
  - start: {}
  - wait: 500 ms
  - inject: { fault: brown-out, for: 10 ms }
    as: dip
  - inject: { fault: short-lead, between: [e1, case] }
  - inject: { fault: leakage, contact: e1, ohms: 10 kohm }
  - inject: { fault: impedance-step, to: 5 kohm }
  - inject: { fault: corrupt-link, rate: 1 % }
  - inject: { fault: over-amplitude, amplitude: 15 mA }
  - inject: core-halt
  - wait: 500 ms
  - clear: core-halt
  - clear: { fault: short-lead, between: [e1, case] }
  - program: { waveform: triphasic, burst: { pulses: 3, rate: 400 Hz } }
  - wait: 700 ms
  - stop: {}
expect:
  - amplitude: { of: programmed, within: 3 %, statistic: p99, in: [start, stop] }
  - restart_refused: true
  - cycle_on: { of: programmed, within: 5 % }
  - cap_never_exceeded: {}
  - pulses_after_fault: { after: dip, equals: 0 }
"#;
    let (cases, problems) = read(text);
    assert_eq!(lines(&problems), Vec::<String>::new());
    assert_eq!(cases[0].steps.len(), 18);
    assert_eq!(cases[0].checks.len(), 5);
}

/// The case of bursts that are recharged for `passive` at their end, and changed by `steps` while they run.
fn recharged_bursts(passive: &str, steps: &str) -> Case {
    let text = format!(
        r#"version: 1
name: n
phantom: r1k
program:
  waveform: monophasic
  amplitude: 1 mA
  width: 200 us
  rate: 40 Hz
  recovery: {{ passive: {passive} }}
  burst: {{ pulses: 5, rate: 500 Hz, recovery_after: burst }}
steps:
  - start: {{}}
{steps}  - stop: {{}}
expect:
  - width: {{ of: programmed, within: 3 %, in: [start, stop] }}
"#
    );
    let (mut cases, problems) = read(&text);
    assert_eq!(lines(&problems), Vec::<String>::new());
    cases.remove(0)
}

#[test]
fn another_duration_of_a_recovery_leaves_it_after_the_burst() {
    let steps = r"  - wait: 500 ms
  - set: { recovery: { passive: 12 ms } }
  - wait: 500 ms
  - program: { recovery: { passive: 11 ms } }
  - wait: 500 ms
  - program: { recovery: { passive: 1 ms }, burst: { pulses: 3, rate: 400 Hz } }
  - wait: 500 ms
";
    // Within a burst there would be no room for 12 ms.
    let case = recharged_bursts("10 ms", steps);
    let recovery = |step: usize| match &case.steps[step].action {
        Action::Set(program) | Action::Program(program) => program.recovery,
        other => panic!("{other:?}"),
    };
    assert_eq!(recovery(2), Recovery::Passive { duration: 12e-3, per_burst: true });
    assert_eq!(recovery(4), Recovery::Passive { duration: 11e-3, per_burst: true });
    // A burst that is written anew says so itself, or it is after each pulse.
    assert_eq!(recovery(6), Recovery::Passive { duration: 1e-3, per_burst: false });
}

#[test]
fn a_mistake_in_the_program_or_the_phantom_hides_no_other() {
    let text = "version: 1\nname: n\nphantom: r1kk\nprogram: { amplitude: 2 mA, width: 200, rate: 50 Hz, contacts: { e1: -100 %, back: 100 % } }\nsteps:\n  - start: {}\n  - wait: 1\n  - inject: { fault: open-lead, contact: e9 }\n  - set: { gap: 5 mA }\n  - stpo: {}\nexpect:\n  - amplitude: { of: programmed, within: 3, contact: e7 }\n";
    // Of contacts nothing can be said: nobody knows whose.
    let expected = [
        "s.yaml:3:10: error: there is no phantom `r1kk`",
        "s.yaml:4:36: error: `200` has no unit",
        "s.yaml:7:11: error: `1` has no unit",
        "s.yaml:9:17: error: `5 mA` is a current, expected a time, such as `200 us`",
        "s.yaml:10:5: error: there is no step `stpo`",
        "s.yaml:12:42: error: `3` has no unit",
    ];
    let (cases, problems) = read(text);
    assert!(cases.is_empty());
    assert_eq!(lines(&problems), expected);
    // With the phantom that was meant, what its contacts are called is told beside all that.
    let (_, problems) = read(&text.replace("r1kk", "r1k"));
    let contacts = [
        "s.yaml:4:78: error: `back` is not a contact of phantom `r1k`",
        "s.yaml:8:42: error: there is no contact in phantom `r1k` named `e9`",
        "s.yaml:12:54: error: there is no contact in phantom `r1k` named `e7`",
    ];
    let said = lines(&problems);
    assert!(
        contacts.iter().chain(&expected[1..]).all(|line| said.contains(&(*line).to_owned())),
        "{said:#?}"
    );
    assert_eq!(said.len(), 8);
}

/// What a plain program on 1 kohm is told of one check.
fn of_check(check: &str) -> Vec<String> {
    let head = "version: 1\nname: n\nphantom: r1k\nprogram: { amplitude: 2 mA, width: 200 us, rate: 50 Hz }\nexpect:\n  - ";
    lines(&read(&format!("{head}{check}\n")).1)
}

#[test]
fn a_limit_that_nothing_could_miss_or_meet_is_refused() {
    for (check, word) in [
        ("amplitude: { at_least: 0 mA }", "could never fail"),
        ("missing_pulses: { at_least: 0 }", "could never fail"),
        ("amplitude: { between: [-5 mA, 5 mA] }", "`amplitude` is never negative"),
        ("width: { between: [-0.1 us, 300 us] }", "`width` is never negative"),
        ("rate: { of: -50 Hz, within: 1 % }", "`rate` is never negative"),
        ("extra_pulses: { between: [-1, 1] }", "`extra_pulses` is never negative"),
    ] {
        let said = of_check(check);
        assert!(said.len() == 1 && said[0].contains(word), "{check}: {said:?}");
    }
    for check in [
        "amplitude: { at_least: 1.9 mA }",
        "net_charge: { between: [-4 nC, 4 nC] }",
        "net_charge: { of: -1 nC, within: { abs: 4 nC } }",
        "charge_imbalance: { between: [-1 %, 1 %] }",
        "gap: { between: [-1 us, 1 us] }",
        "overshoot: { between: [-5 %, 10 %] }",
    ] {
        assert_eq!(of_check(check), [""; 0], "{check}");
    }
}

#[test]
fn a_value_stands_once_in_an_axis_of_the_matrix() {
    let with = |values: &str| {
        let text = format!(
            "version: 1\nname: n\nphantom: r1k\nmatrix:\n  a: {values}\nprogram: {{ amplitude: $a, width: 200 us, rate: 50 Hz }}\nexpect:\n  - width: {{ of: programmed, within: 3 % }}\n"
        );
        lines(&read(&text).1)
    };
    assert_eq!(with("[1 mA, 2 mA]"), [""; 0]);
    let told = "s.yaml:5:19: error: `1 mA` stands in `a` before: two cases would have one name";
    assert_eq!(with("[1 mA, 2 mA, 1 mA]"), [told]);
}

#[test]
fn on_times_that_cannot_be_told_apart_are_refused() {
    let with = |on_time: &str, off_time: &str| {
        let text = format!(
            "version: 1\nname: n\nphantom: r1k\nprogram: {{ amplitude: 2 mA, width: 200 us, rate: 50 Hz, cycle: {{ on_time: {on_time}, off_time: {off_time} }} }}\nexpect:\n  - width: {{ of: programmed, within: 3 % }}\n"
        );
        lines(&read(&text).1)
    };
    // 400 ms are twenty whole periods of 20 ms; of the third of 50 ms, 10 ms lie in the off-time.
    for (on_time, off_time, word) in [
        ("400 ms", "11 ms", None),
        ("400 ms", "9 ms", Some("begins 9 ms behind the last period")),
        ("50 ms", "21 ms", None),
        ("50 ms", "19 ms", Some("less than half a period of 20 ms: they are one train")),
    ] {
        let said = with(on_time, off_time);
        let right = word.map_or(said.is_empty(), |word| said.len() == 1 && said[0].contains(word));
        assert!(right, "{on_time} {off_time}: {said:?}");
    }
}

#[test]
fn a_burst_that_is_written_anew_is_recharged_as_it_says() {
    let steps = r"  - wait: 500 ms
  - program: { burst: { pulses: 3, rate: 400 Hz } }
  - wait: 500 ms
  - program: { amplitude: 2 mA }
  - wait: 500 ms
";
    let case = recharged_bursts("1.5 ms", steps);
    let recovery = |step: usize| match &case.steps[step].action {
        Action::Program(program) => program.recovery,
        other => panic!("{other:?}"),
    };
    // `pulse` is what a burst means that does not say; where none is written, the scenario's is.
    assert_eq!(recovery(2), Recovery::Passive { duration: 1.5e-3, per_burst: false });
    assert_eq!(recovery(4), Recovery::Passive { duration: 1.5e-3, per_burst: true });
}

/// A tree as JSON, scalars typed as an editor's YAML reader would.
fn json(node: &Node) -> Value {
    match &node.kind {
        Kind::Scalar { text, quoted } if *quoted => Value::String(text.clone()),
        Kind::Scalar { text, .. } => match text.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "" | "~" | "null" => Value::Null,
            text => match (text.parse::<i64>(), text.parse::<f64>()) {
                (Ok(whole), _) => whole.into(),
                (_, Ok(number)) => number.into(),
                _ => Value::String(text.to_owned()),
            },
        },
        Kind::List(items) => items.iter().map(json).collect(),
        Kind::Map(entries) => {
            Value::Object(entries.iter().map(|(key, value)| (key.text.clone(), json(value))).collect())
        }
    }
}

fn tree(text: &str) -> Value {
    json(&parse(&Source::new("f", text)).unwrap().0)
}

fn files(folder: &str) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![std::path::PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() && name != "profiles" && name != "calibration" {
                folders.push(path);
            } else if name.ends_with(".yaml") && name != "requirements.yaml" {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn shipped_files_are_valid_to_editors_too() {
    let check = |folder: &str, schema: Value| {
        let validator = jsonschema::draft7::new(&schema).unwrap();
        let files = files(folder);
        assert!(!files.is_empty(), "{folder}");
        for path in files {
            let value = tree(&std::fs::read_to_string(&path).unwrap());
            let errors: Vec<String> =
                validator.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect();
            assert_eq!(errors, Vec::<String>::new(), "{}", path.display());
        }
    };
    check("scenarios", schema(Format::Scenario));
    check("rig", schema(Format::Rig));
    check("fixtures/phantoms", schema(Format::Phantom));
}

#[test]
fn the_schema_refuses_what_the_language_refuses() {
    let validator = jsonschema::draft7::new(&schema(Format::Scenario)).unwrap();
    assert!(validator.is_valid(&tree(EXAMPLE)));
    // A number in quotes is the same number.
    for (plain, quoted) in
        [("version: 1\n", "version: \"1\"\n"), ("recovery: mirrored", "recovery: { ratio: \"4\" }")]
    {
        let text = EXAMPLE.replacen(plain, quoted, 1);
        assert!(validator.is_valid(&tree(&text)), "{quoted}");
        assert_eq!(lines(&read(&text).1), Vec::<String>::new(), "{quoted}");
    }
    for (right, wrong) in [
        ("width: 200 us", "widht: 200 us"),
        ("width: 200 us", "width: 200"),
        ("width: 200 us", "width: 200 mV"),
        ("width: 200 us", "width: 2.0.0 us"),
        ("rate: 50 Hz", "rate: 50 ms"),
        ("leading: cathodic", "leading: cathodal"),
        ("law: linear", "law: cubic"),
        ("- stop: {}", "- stpo: {}"),
        ("charge_imbalance: { at_most: 0.5 % }", "charge_imbalance: { at_most: 0.5 mA }"),
        ("charge_imbalance: { at_most: 0.5 % }", "charge_balance: { at_most: 0.5 % }"),
        ("is: open-lead", "is: open"),
        (", for: 150 ms", ""),
        ("decision: guarded", "decision: strict"),
        ("version: 1", "version: 2"),
    ] {
        let text = EXAMPLE.replacen(right, wrong, 1);
        assert_ne!(text, EXAMPLE, "{right}");
        assert!(!validator.is_valid(&tree(&text)), "{wrong}");
        assert!(!read(&text).1.is_empty(), "{wrong}");
    }
}

#[test]
fn every_published_schema_is_a_schema() {
    for format in [Format::Scenario, Format::Rig, Format::Phantom, Format::Record] {
        let schema = schema(format);
        assert!(jsonschema::meta::is_valid(&schema), "{format:?}");
        assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#", "{format:?}");
    }
}
