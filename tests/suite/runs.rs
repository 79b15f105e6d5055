//! The command `run` as its users see it: exit codes, records, files, signals.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::command::{checks, folders, root, run, stimrig, text};

#[test]
fn every_shipped_scenario_passes_on_the_default_bench() {
    let (exit, record) = run(&[]);
    let not_passed: Vec<_> =
        record["cases"].as_array().unwrap().iter().filter(|case| case["outcome"] != "passed").collect();
    assert!(not_passed.is_empty(), "{not_passed:#?}");
    assert_eq!(exit, 0);
    assert_eq!(
        (&record["fidelity"], &record["outcome"], &record["safe_state"]),
        (&"sim".into(), &"passed".into(), &"confirmed".into())
    );
    let seen: Vec<_> =
        record["cases"].as_array().unwrap().iter().filter_map(|case| case.get("unasked")).collect();
    assert!(seen.is_empty(), "a clean bench shows nothing beside the checks: {seen:?}");
    for (case, check) in checks(&record) {
        assert!(check["value"].is_number() && check["uncertainty"].is_number(), "{case}: {check:#}");
    }
}

/// The record without what must differ between two runs.
fn comparable(mut record: Value) -> Value {
    let fields = record.as_object_mut().unwrap();
    for field in ["id", "started", "ended", "elapsed", "host"] {
        fields.remove(field);
    }
    for case in fields["cases"].as_array_mut().unwrap() {
        let took = case.as_object_mut().unwrap().remove("elapsed").unwrap();
        assert!(took.as_f64().unwrap() > 0.0, "a case takes time");
    }
    record
}

#[test]
fn the_number_of_jobs_does_not_change_the_record() {
    let one = run(&["-E", "tag(smoke)", "--jobs", "1", "--seed", "7"]).1;
    let two = run(&["-E", "tag(smoke)", "--jobs", "2", "--seed", "7"]).1;
    assert_eq!(comparable(one.clone()), comparable(two));
    let other = run(&["-E", "tag(smoke)", "--jobs", "2", "--seed", "8"]).1;
    assert_ne!(comparable(one), comparable(other), "the seed changes nothing: nothing is drawn from it");
}

/// The blocks of samples and markers of a container. What stands before names the run, and what follows is the sum of all.
fn blocks(container: &[u8]) -> Vec<&[u8]> {
    let (mut blocks, mut rest) = (Vec::new(), &container[8..]);
    while !rest.is_empty() {
        let length = u32::from_le_bytes(*rest[4..].first_chunk().unwrap()) as usize + 12;
        let (block, behind) = rest.split_at(length);
        if [b"DATA", b"MARK"].contains(&block.first_chunk().unwrap()) {
            blocks.push(block);
        }
        rest = behind;
    }
    blocks
}

/// A case that is alone on several cores leaves its channels to threads that come and go.
#[test]
fn the_number_of_cores_changes_no_sample_of_a_case() {
    let runs = tempfile::tempdir().unwrap();
    for case in ["scenarios/scs/ten-kilohertz.yaml", "scenarios/steering/idle-contacts.yaml"] {
        let run = |jobs| crate::evidence::kept(runs.path(), &[case, "--jobs", jobs]).join("evidence");
        let [one, many] = ["1", "5"].map(run);
        let case = fs::read_dir(&one).unwrap().next().unwrap().unwrap().file_name();
        let mut channels = 0;
        for file in fs::read_dir(one.join(&case)).unwrap() {
            let name = file.unwrap().file_name();
            let [a, b] = [&one, &many].map(|folder| fs::read(folder.join(&case).join(&name)).unwrap());
            if name.to_string_lossy().ends_with(".trace") {
                channels += 1;
                assert!(blocks(&a).len() > 1 && blocks(&a) == blocks(&b), "{case:?}: {name:?}");
            }
        }
        assert!(channels > 1);
    }
}

#[test]
fn a_run_leaves_its_files_and_they_agree() {
    let runs = tempfile::tempdir().unwrap();
    let junit = runs.path().join("out.xml");
    let status = stimrig()
        .args(["run", "scenarios/timing/rate.yaml", "--junit"])
        .arg(&junit)
        .arg("--runs")
        .arg(runs.path().join("runs"))
        .output()
        .unwrap();
    assert_eq!(status.status.code(), Some(0), "{}", text(&status));
    let folder = folders(&runs.path().join("runs")).pop().unwrap();
    let record: Value = serde_json::from_slice(&fs::read(folder.join("record.json")).unwrap()).unwrap();
    let schema = stimrig().args(["schema", "record"]).output().unwrap();
    let schema: Value = serde_json::from_slice(&schema.stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> = validator.iter_errors(&record).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert_eq!(record["cases"].as_array().unwrap().len(), 3);
    assert!(fs::read_to_string(folder.join("journal.jsonl")).unwrap().lines().count() > 6);
    let xml = fs::read_to_string(junit).unwrap();
    assert!(xml.contains("tests=\"3\"") && xml.contains("failures=\"0\""), "{xml}");
    assert_eq!(xml, fs::read_to_string(folder.join("junit.xml")).unwrap());
}

#[test]
fn an_interrupted_run_ends_safe_with_its_own_exit_code() {
    let runs = tempfile::tempdir().unwrap();
    let scenario = runs.path().join("long.yaml");
    fs::write(
        &scenario,
        "version: 1\nname: long\nphantom: r1k\nprogram: { amplitude: 1 mA, width: 200 us, rate: 50 Hz }\nduration: 600 s\nexpect:\n  - amplitude: { of: programmed, within: 3 % }\n",
    )
    .unwrap();
    for (signal, code, name) in [("-INT", 130, "SIGINT"), ("-TERM", 143, "SIGTERM")] {
        let child = stimrig()
            .arg("run")
            .arg(&scenario)
            .args(["--json", "-", "--runs"])
            .arg(runs.path().join("runs"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(700));
        let sent =
            std::process::Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{name}: {}", text(&output));
        let record: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(record["safe_state"], "confirmed");
        assert_eq!(record["cases"][0]["outcome"], "aborted");
        assert!(record["cases"][0]["reason"].as_str().unwrap().contains(name));
        // Whoever looks at the terminal's last line only.
        let said = text(&output);
        let last = said.lines().next_back().unwrap_or_default();
        let expected = format!("interrupted by {name} (");
        assert!(last.starts_with(&expected) && last.contains(": 1 was cut short · output off"), "{said}");
        assert!(last.contains(&format!("· exit code {code} (aborted by SIG")), "{said}");
    }
}

#[test]
fn bad_input_energises_nothing_and_is_exit_2() {
    let runs = tempfile::tempdir().unwrap();
    let bad = runs.path().join("bad.yaml");
    let good = root().join("scenarios/timing/rate.yaml");
    fs::write(&bad, "version: 1\nname: bad\nphantom: r1k\nprogram: { amplitud: 1 mA, width: 200, rate: 50 Hz }\nexpect: []\n").unwrap();
    let output = stimrig()
        .arg("run")
        .args([&good, &bad])
        .arg("--runs")
        .arg(runs.path().join("runs"))
        .output()
        .unwrap();
    let said = text(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    for words in ["bad.yaml:4:", "amplitud", "amplitude", "width", "expect"] {
        assert!(said.contains(words), "`{words}` not in:\n{said}");
    }
    // One bad file among many: nothing ran.
    assert!(!runs.path().join("runs").exists());
}

#[test]
fn a_phantom_that_is_not_the_named_one_is_a_rig_error_naming_both() {
    let (exit, record) = run(&["scenarios/timing/rate.yaml#2", "--set", "sim.phantom=r500"]);
    assert_eq!(exit, 3, "{record:#}");
    let reason = record["cases"][0]["reason"].as_str().unwrap();
    assert!(
        reason.contains("wrong phantom") && reason.contains("1 kΩ") && reason.contains("500"),
        "{reason}"
    );
}

/// Nobody is at its ports, or another program is, which may be driving what is there.
#[test]
fn a_bench_that_cannot_be_opened_is_a_rig_error_that_claims_to_have_seen_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (rig, scenario) = (folder.path().join("bench.yaml"), folder.path().join("case.yaml"));
    fs::write(
        &rig,
        "version: 1\nname: deserted\nstimulator: { driver: native, port: { tcp: '127.0.0.1:9' }, cap: 10 mA }\n\
         load: { driver: native, port: { tcp: '127.0.0.1:10' }, channels: { e1: { quantity: current, shunt: 100 ohm, ranges: [4 mA] } } }\n\
         phantoms: { slot1: r1k }\nlimits: { amplitude: 10 mA, charge_per_phase: 10 uC, mean_dc: 100 uA }\n",
    )
    .unwrap();
    fs::write(
        &scenario,
        "version: 1\nname: never begun\nphantom: r1k\nprogram: { amplitude: 1 mA, width: 200 us, rate: 50 Hz }\nduration: 1 s\n\
         expect:\n  - amplitude: { of: programmed, within: 3 % }\n",
    )
    .unwrap();
    let mut command = stimrig();
    command.arg("run").arg(&scenario).arg("--rig").arg(&rig).args(["--json", "-", "--runs"]);
    command.arg(folder.path().join("runs")).env("STIMRIG_LOCK_DIR", folder.path().join("locks"));
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    let record: Value = serde_json::from_slice(&output.stdout).unwrap();
    let case = &record["cases"][0];
    assert_eq!(case["outcome"], "rig-error", "{case:#}");
    let notes = case["notes"].to_string();
    assert!(notes.contains("nothing was energised by this case; the output was not measured"), "{case:#}");
}

#[test]
fn the_output_guard_trips_whatever_the_scenario_asserts() {
    let runs = tempfile::tempdir().unwrap();
    let rig = runs.path().join("tight.yaml");
    let text = fs::read_to_string(root().join("rig/sim.yaml")).unwrap();
    // The plan would refuse an amplitude beyond the limit; a defect that drives more than programmed meets the guard.
    fs::write(&rig, text.replace("amplitude: 25 mA ", "amplitude: 2.05 mA ")).unwrap();
    let (exit, record) = run(&[
        "scenarios/timing/pulse-width.yaml#2",
        "--rig",
        rig.to_str().unwrap(),
        "--defect",
        "gain_error=10 %",
    ]);
    assert_eq!(exit, 1, "{record:#}");
    assert!(record["cases"][0]["reason"].as_str().unwrap().contains("output guard"), "{record:#}");
    assert_eq!(record["safe_state"], "confirmed");
}

#[test]
fn selecting_nothing_is_exit_4() {
    let output = stimrig().args(["run", "-E", "name(=no such scenario)"]).output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", text(&output));
}

#[test]
fn a_tolerance_about_a_stated_quantity_needs_nothing_of_the_program() {
    let runs = tempfile::tempdir().unwrap();
    let scenario = runs.path().join("stated.yaml");
    let head =
        "version: 1\nname: stated\nphantom: r1k\nprogram: { amplitude: 2 mA, width: 200 us, rate: 50 Hz }\n";
    let expect = "duration: 1.2 s\nexpect:\n  - mean_dc_current: { of: 0 A, within: 1 uA }\n  - net_charge: { of: 0 C, within: 4 nC }\n  - rate: { of: 60 Hz, within: 1 % }\n";
    fs::write(&scenario, head.to_owned() + expect).unwrap();
    let (exit, record) = run(&[scenario.to_str().unwrap()]);
    let verdicts: Vec<_> = checks(&record).iter().map(|(_, check)| check["verdict"].clone()).collect();
    assert_eq!((exit, verdicts), (1, vec!["pass".into(), "pass".into(), "fail".into()]), "{record:#}");
}

/// Most checks are about the pulses that came. Where some did not, and no check counts them, a pass says so.
#[test]
fn a_pass_says_what_the_pulses_showed_beside_the_checks() {
    let remarks = |defect: &str, scenario: &str| {
        let (exit, record) = run(&[scenario, "--defect", defect]);
        let remarks = record["cases"][0]["unasked"].as_array().cloned().unwrap_or_default();
        (exit, remarks.iter().map(|remark| remark.as_str().unwrap().to_owned()).collect::<Vec<_>>())
    };
    let balance = "scenarios/charge-balance/symmetric-biphasic.yaml#1";
    let (exit, missing) = remarks("missing_pulse_every=25", balance);
    assert_eq!((exit, missing.len()), (0, 1), "{missing:?}");
    assert!(missing[0].starts_with("programmed pulses that did not come: 2 "), "{missing:?}");
    let (exit, extra) = remarks("extra_pulse_every=25", balance);
    assert_eq!((exit, extra.len()), (0, 1), "{extra:?}");
    assert!(extra[0].starts_with("pulses at no programmed instant"), "{extra:?}");
    // Where a check counts them it says so itself.
    let (exit, judged) = remarks("missing_pulse_every=25", "scenarios/timing/pulse-train.yaml#1");
    assert_eq!((exit, judged.len()), (1, 0), "{judged:?}");
}
