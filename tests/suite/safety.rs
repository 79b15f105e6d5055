//! Safety of the bench as its users see it: guards, killed runs, locks, `stimrig safe`, drills.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rstest::rstest;
use serde_json::Value;
use stimrig::store::verify;

use crate::command::{folders, root, run, stimrig, text};

/// The default bench with one limit changed.
fn tight(folder: &Path, from: &str, to: &str) -> PathBuf {
    let path = folder.join("tight.yaml");
    let text = fs::read_to_string(root().join("rig/sim.yaml")).unwrap();
    assert!(text.contains(from), "{from}");
    fs::write(&path, text.replace(from, to)).unwrap();
    path
}

/// A train on a phantom with an area, whose one check sees nothing of amplitude, charge, or direct current.
fn unasserting(folder: &Path) -> PathBuf {
    let path = folder.join("case.yaml");
    let head = "version: 1\nname: guarded\nphantom: scs-lead\nprogram: { amplitude: 2 mA, width: 200 us, rate: 50 Hz }\n";
    fs::write(&path, format!("{head}duration: 1.5 s\nexpect:\n  - link_errors: {{ at_most: 0 }}\n")).unwrap();
    path
}

/// Every limit of a rig file, each against a stimulator that only its defect drives beyond it.
#[rstest]
#[case("amplitude: 25 mA ", "amplitude: 2.1 mA ", "gain_error=10 %", "amplitude")]
#[case("charge_per_phase: 25 uC", "charge_per_phase: 0.45 uC", "width_error=30 %", "charge_per_phase")]
#[case("mean_dc: 100 uA", "mean_dc: 50 uA", "dc_leakage=80 uA", "mean_dc")]
// 0.4 µC on 0.12 cm²: k = log10(0.16 / 0.12) = 0.12; 20 % more charge makes it 0.28.
#[case("shannon_k: 4", "shannon_k: 0.2", "gain_error=20 %", "shannon_k")]
fn the_output_guard_trips_on_every_limit_without_an_assertion(
    #[case] from: &str,
    #[case] to: &str,
    #[case] defect: &str,
    #[case] limit: &str,
) {
    let folder = tempfile::tempdir().unwrap();
    let (rig, scenario) = (tight(folder.path(), from, to), unasserting(folder.path()));
    let arguments = [scenario.to_str().unwrap(), "--rig", rig.to_str().unwrap()];
    let (exit, record) = run(&arguments);
    assert_eq!((exit, &record["cases"][0]["outcome"]), (0, &"passed".into()), "a good one: {record:#}");
    let record = tripped(&[&arguments[..], &["--defect", defect]].concat(), limit);
    assert_eq!(record["safe_state"], "confirmed");
}

/// What `stimrig check` says of a scenario, and with which exit code.
fn checked(scenario: &str, more: &[&str]) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("case.yaml");
    fs::write(&path, format!("version: 1\nname: n\n{scenario}")).unwrap();
    let output = stimrig().arg("check").arg(&path).args(more).output().unwrap();
    (output.status.code().unwrap(), text(&output))
}

/// A recovery narrower than the leading phase is larger: 0.1 of 200 us at 20 mA. The cap is 12.7 mA.
#[test]
fn a_recovery_is_held_against_the_cap_too() {
    let program = |amplitude: &str, ratio: f64| {
        format!(
            "phantom: r500\nprogram: {{ amplitude: {amplitude}, width: 200 us, rate: 50 Hz, recovery: {{ ratio: {ratio} }} }}\nexpect:\n  - rate: {{ of: programmed, within: 1 % }}\n"
        )
    };
    let (exit, said) = checked(&program("2 mA", 0.1), &[]);
    assert!(exit == 2 && said.contains("a recovery of 20 mA is above the 12.7 mA"), "{exit}: {said}");
    let (exit, said) = checked(&program("2 mA", 0.5), &["--set", "limits.amplitude=3.9 mA"]);
    assert!(exit == 2 && said.contains("a recovery of 4 mA is above the 3.9 mA"), "{exit}: {said}");
    assert_eq!(checked(&program("2 mA", 0.5), &[]).0, 0);
    assert_eq!(checked(&program("12 mA", 4.0), &[]).0, 0);
    // And it is narrower than can be observed.
    let (exit, said) = checked(&program("0.5 mA", 0.05), &[]);
    assert!(exit == 2 && said.contains("a phase of 10 µs cannot be observed"), "{exit}: {said}");
}

/// What a stimulator does that lacks its cap must not be more than the bench bears.
#[test]
fn an_injected_over_amplitude_keeps_to_the_charge_that_the_bench_bears() {
    let over = |width: &str| {
        format!(
            "phantom: r500\nprogram: {{ amplitude: 5 mA, width: {width}, rate: 20 Hz }}\nsteps:\n  - start: {{}}\n  - wait: 500 ms\n  - inject: {{ fault: over-amplitude, amplitude: 20 mA }}\n    as: over\n  - wait: 500 ms\n  - stop: {{}}\nexpect:\n  - fault_reported: {{ after: over, is: over-amplitude, at_most: 100 ms }}\n"
        )
    };
    let (exit, said) = checked(&over("2 ms"), &[]);
    assert!(
        exit == 2 && said.contains("is a charge of 40 µC, above the bench's limit of 25 µC"),
        "{exit}: {said}"
    );
    assert_eq!(checked(&over("1 ms"), &[]).0, 0);
}

/// Twenty phases of 10 uC within 0.2 s, and then nothing for 2.3 s: 200 uA over the second in which they come.
#[test]
fn a_mean_current_is_that_of_the_fullest_second() {
    let slow = "phantom: r500\nprogram: { waveform: monophasic, amplitude: 2 mA, width: 5 ms, rate: 0.4 Hz, burst: { pulses: 20, rate: 100 Hz }, recovery: none }\nduration: 6 s\nexpect:\n  - amplitude: { of: programmed, within: 3 % }\n";
    let (exit, said) = checked(slow, &[]);
    assert!(exit == 2 && said.contains("a mean current over 1 s of 200 µA"), "{exit}: {said}");
}

/// e2 is driven later: a check that names no contact would be about e1 alone.
const SWITCH: &str = "phantom: star-8\nprogram: { amplitude: 1 mA, width: 200 us, rate: 50 Hz, contacts: { e1: -100 %, case: 100 % } }\nsteps:\n  - start: {}\n  - wait: 1 s\n  - set: { contacts: { e2: -100 %, case: 100 % } }\n    as: other\n  - wait: 1 s\n  - stop: {}\nexpect:\n";

#[test]
fn a_check_says_which_contact_it_is_about_where_programs_drive_several() {
    let (exit, said) = checked(&format!("{SWITCH}  - amplitude: {{ of: programmed, within: 3 % }}\n"), &[]);
    assert!(exit == 2 && said.contains("drives `e1` first and `e2` later"), "{exit}: {said}");
    let named = "  - amplitude: { of: programmed, within: 3 %, contact: e1 }\n  - amplitude: { of: programmed, within: 3 %, contact: e2 }\n";
    let (exit, said) = checked(&format!("{SWITCH}{named}"), &[]);
    assert_eq!(exit, 0, "{said}");
    // On a rig that senses e1 alone, e2's current would be seen by nobody, the output guard included.
    let folder = tempfile::tempdir().unwrap();
    let rig = folder.path().join("rig.yaml");
    fs::write(&rig, "version: 1\nname: bench\nstimulator: { driver: native, port: { tcp: 'bench:9' }, cap: 10 mA }\nload: { driver: native, port: { tcp: 'bench:10' }, channels: { e1: { quantity: current, shunt: 100 ohm, ranges: [4 mA] } } }\nphantoms: { slot1: star-8 }\nlimits: { amplitude: 10 mA, charge_per_phase: 10 uC, mean_dc: 100 uA }\n").unwrap();
    let (exit, said) = checked(&format!("{SWITCH}{named}"), &["--strict", "--rig", rig.to_str().unwrap()]);
    assert!(exit == 2 && said.contains("a current channel for contact `e2`"), "{exit}: {said}");
}

/// A limit of 300 ms beside one of 25 ms: what stays off does so from the tighter one on.
#[test]
fn a_loose_limit_does_not_loosen_what_stays_off() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dips.yaml");
    let text = "version: 1\nname: dip\nphantom: r1k\nprogram: { amplitude: 1 mA, width: 200 us, rate: 50 Hz }\nsteps:\n  - start: {}\n  - wait: 500 ms\n  - inject: { fault: brown-out, for: 200 ms }\n    as: dips\n  - wait: 1 s\n  - stop: {}\nexpect:\n  - shutdown_latency: { after: dips, at_most: 300 ms }\n  - shutdown_latency: { after: dips, at_most: 25 ms }\n  - stays_off: { after: dips, for: 400 ms }\n";
    fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap();
    assert_eq!(run(&[path]).0, 0);
    let (exit, record) = run(&[path, "--defect", "brown_out_glitch=true"]);
    let stays = &record["cases"][0]["checks"][2];
    assert_eq!((exit, stays["verdict"].as_str()), (1, Some("fail")), "{stays:#}");
}

/// The record of a run that the output guard ends at a limit.
fn tripped(arguments: &[&str], limit: &str) -> Value {
    let (exit, record) = run(arguments);
    let reason = record["cases"][0]["reason"].as_str().unwrap();
    assert!(
        exit == 1 && reason.starts_with(&format!("output guard: {limit} ")),
        "{arguments:?}: {exit}: {reason}"
    );
    record
}

/// A program right at a limit runs on every bench; one that is beyond what the load is uncertain by does not.
#[rstest]
#[case("amplitude: 25 mA ", "amplitude: 2 mA ", "gain_error=2 %", "amplitude")]
#[case("charge_per_phase: 25 uC", "charge_per_phase: 0.4 uC", "width_error=2 %", "charge_per_phase")]
fn the_output_guard_allows_for_its_own_uncertainty_and_for_no_more(
    #[case] from: &str,
    #[case] to: &str,
    #[case] defect: &str,
    #[case] limit: &str,
) {
    let folder = tempfile::tempdir().unwrap();
    let (rig, scenario) = (tight(folder.path(), from, to), unasserting(folder.path()));
    for seed in 1..=4 {
        let seed = format!("sim.seed={seed}");
        let arguments = [scenario.to_str().unwrap(), "--rig", rig.to_str().unwrap(), "--set", &seed];
        // Without the stimulator's own error, which is none of the guard's.
        let (exit, record) = run(&arguments);
        assert_eq!(exit, 0, "{seed}: {record:#}");
        tripped(&[&arguments[..], &["--defect", defect]].concat(), limit);
    }
}

#[test]
fn a_board_that_is_not_the_one_of_the_rig_file_is_refused_before_anything_is_energised() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = unasserting(folder.path());
    let run_with = |from: &str, to: &str| {
        let rig = tight(folder.path(), from, to);
        run(&[scenario.to_str().unwrap(), "--rig", rig.to_str().unwrap()])
    };
    let bound = |role: &str, uid: &str| {
        let from = format!("{role}: {{ driver: simulated }}");
        let to = format!("{role}: {{ driver: simulated, uid: \"{uid}\" }}");
        run_with(&from, &to)
    };
    // SIM-STIM-001 and SIM-LOAD-001.
    let (stimulator, load) = ("53494d2d5354494d2d303031", "53494d2d4c4f41442d303031");
    assert_eq!(bound("stimulator", &stimulator.to_uppercase()).0, 0);
    assert_eq!(bound("load", load).0, 0);
    for (role, wrong) in [("stimulator", load), ("load", stimulator)] {
        let (exit, record) = bound(role, wrong);
        let case = &record["cases"][0];
        let reason = case["reason"].as_str().unwrap();
        assert_eq!((exit, &case["outcome"]), (3, &"rig-error".into()), "{record:#}");
        assert!(
            reason.contains(&format!("wrong {role}")) && reason.contains(stimulator) && reason.contains(load),
            "{reason}"
        );
        assert!(case["events"].as_array().unwrap().is_empty(), "nothing was started");
    }
}

/// A run that goes on until somebody ends it.
fn endless(folder: &Path) -> PathBuf {
    let path = folder.join("long.yaml");
    fs::write(
        &path,
        "version: 1\nname: long\nphantom: r1k\nprogram: { amplitude: 1 mA, width: 200 us, rate: 50 Hz }\nduration: 3600 s\n\
         expect:\n  - amplitude: { of: programmed, within: 3 % }\n",
    )
    .unwrap();
    path
}

/// A run killed by SIGKILL while its case was under way.
fn killed(folder: &Path) -> PathBuf {
    let runs = folder.join("runs");
    let mut child = stimrig()
        .arg("run")
        .arg(endless(folder))
        .args(["--keep", "always", "--runs"])
        .arg(&runs)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let began = Instant::now();
    let journal = loop {
        let journal = folders(&runs).first().map(|run| run.join("journal.jsonl"));
        let text = journal.as_ref().and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default();
        if text.contains("\"started\"") && text.contains("case-started") {
            break journal.unwrap();
        }
        assert!(began.elapsed() < Duration::from_secs(60), "it never started");
        std::thread::sleep(Duration::from_millis(10));
    };
    child.kill().unwrap();
    child.wait().unwrap();
    journal.parent().unwrap().to_owned()
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn the_next_start_closes_the_record_of_a_killed_run() {
    let folder = tempfile::tempdir().unwrap();
    let run = killed(folder.path());
    let before = verify(&run, None, false).unwrap();
    assert!(before.findings.is_empty() && before.manifest.is_none(), "{:?}", before.findings);
    let next = stimrig()
        .args(["run", "scenarios/timing/rate.yaml#3", "--runs"])
        .arg(folder.path().join("runs"))
        .output()
        .unwrap();
    let said = text(&next);
    assert_eq!(next.status.code(), Some(0), "{said}");
    assert!(said.contains("was killed during long") && said.contains("closed, aborted"), "{said}");
    let record = json(&run.join("record.json"));
    assert_eq!((&record["interrupted"], &record["exit_code"]), (&"host lost".into(), &137.into()));
    let case = &record["cases"][0];
    assert_eq!((&case["outcome"], &case["safe_state"]), (&"aborted".into(), &"confirmed".into()));
    assert!(case["reason"].as_str().unwrap().starts_with("interrupted:"));
    assert!(fs::read_to_string(run.join("junit.xml")).unwrap().contains("interrupted: its host was killed"));
    // Both runs, and the chain between them.
    let verified = stimrig().arg("verify").arg(folder.path().join("runs")).output().unwrap();
    let said = String::from_utf8_lossy(&verified.stdout).into_owned();
    assert_eq!((verified.status.code(), said.matches("intact").count()), (Some(0), 2), "{said}");
}

/// Killed on a bench with ports; what has the same name now is a simulation, which says nothing about it.
#[test]
fn a_run_of_another_bench_of_that_name_stays_open_and_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let run = killed(folder.path());
    let journal = run.join("journal.jsonl");
    let text_of = fs::read_to_string(&journal).unwrap();
    assert!(text_of.contains("\"devices\":[]"), "a simulated bench has none");
    fs::write(&journal, text_of.replacen("\"devices\":[]", "\"devices\":[\"/dev/ttyACM7\"]", 1)).unwrap();
    let runs = folder.path().join("runs");
    for args in [&["run", "scenarios/timing/rate.yaml#3", "--runs"][..], &["safe", "--runs"]] {
        let next = stimrig().args(args).arg(&runs).output().unwrap();
        let said = text(&next);
        assert_eq!(next.status.code(), Some(0), "{said}");
        for words in [
            "was killed during long",
            "on another bench",
            "/dev/ttyACM7",
            "MAY STILL BE ON",
            "stimrig safe --rig",
        ] {
            assert!(said.contains(words), "`{words}` not in {said}");
        }
        assert!(!said.contains("closed, aborted") && !run.join("record.json").exists(), "{said}");
    }
}

#[test]
fn safe_measures_a_rig_and_closes_what_was_left_open() {
    let folder = tempfile::tempdir().unwrap();
    let run = killed(folder.path());
    let safe = |runs: &Path| {
        let output = stimrig().args(["safe", "--runs"]).arg(runs).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &text(&output);
        (output.status.code(), said)
    };
    let (exit, said) = safe(&folder.path().join("runs"));
    assert_eq!(exit, Some(0), "{said}");
    for words in ["safe state confirmed", "interlock open", "output measured off", "closed, aborted"] {
        assert!(said.contains(words), "`{words}` not in {said}");
    }
    assert!(verify(&run, None, false).unwrap().is_intact());
    // Without any journal it does the same.
    let (exit, said) = safe(&folder.path().join("nowhere"));
    assert!(exit == Some(0) && said.contains("safe state confirmed") && !said.contains("closed"), "{said}");
}

/// A bench behind ports where nobody is.
fn deserted(folder: &Path) -> PathBuf {
    let rig = folder.join("bench.yaml");
    fs::write(
        &rig,
        "version: 1\nname: bench-a\nstimulator: { driver: native, port: { tcp: '127.0.0.1:9' }, cap: 10 mA }\n\
         load: { driver: native, port: { tcp: '127.0.0.1:10' }, channels: { e1: { quantity: current, shunt: 100 ohm, ranges: [4 mA] } } }\n\
         phantoms: { slot1: r1k }\nlimits: { amplitude: 10 mA, charge_per_phase: 10 uC, mean_dc: 100 uA }\n",
    )
    .unwrap();
    rig
}

#[test]
fn a_killed_run_is_not_forgotten_until_its_bench_is_seen_to_be_off() {
    let folder = tempfile::tempdir().unwrap();
    let (rig, locks) = (deserted(folder.path()), folder.path().join("locks"));
    let on_it = |args: &[&str]| {
        let mut command = stimrig();
        command.args(args).arg("--rig").arg(&rig);
        command.env("STIMRIG_LOCK_DIR", &locks).env("STIMRIG_RUNS", folder.path().join("others"));
        let output = command.output().unwrap();
        (output.status.code(), text(&output))
    };
    // Makes the lock files.
    on_it(&["safe"]);
    let files: Vec<_> = fs::read_dir(&locks).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 2);
    let run = killed(folder.path());
    let holder = serde_json::json!({
        "pid": 4242, "user": "ada", "host": "bench", "rig": "bench-a", "command": "stimrig run", "since": "2026-01-02T03:04:05Z", "run": run
    });
    files.iter().for_each(|file| fs::write(file, format!("{holder}\n")).unwrap());
    let scenario = endless(folder.path());
    let certificate = folder.path().join("cal.yaml");
    let run_it = ["run", scenario.to_str().unwrap()];
    let calibrate = ["calibrate", certificate.to_str().unwrap(), "--source-u", "0.01 %"];
    // Its folder is there, on another bench by its record; then it is gone.
    for words in ["on another bench", "its folder is gone, so there is no record to close"] {
        // Each of them twice: what the first was told, the second is.
        for args in [&run_it[..], &["flash"], &calibrate, &run_it, &["flash"], &calibrate, &["safe"]] {
            let (exit, said) = on_it(args);
            assert!(exit == Some(6) && said.contains("SAFE STATE IMPOSSIBLE"), "{args:?}: {exit:?}: {said}");
            assert!(args == ["safe"] || said.contains(words), "{args:?}: {said}");
            for file in &files {
                let text = fs::read_to_string(file).unwrap();
                assert!(text.contains(run.to_str().unwrap()), "after {args:?}: {text}");
            }
        }
        if run.exists() {
            fs::remove_dir_all(&run).unwrap();
        }
    }
    // New firmware may be what it takes, where a person sees that the output is off; it is not what settles it.
    let (exit, said) = on_it(&["flash", "--output-off"]);
    assert!(
        exit == Some(3) && said.contains("is still to be done") && said.contains("no debug probe"),
        "{said}"
    );
    assert!(fs::read_to_string(&files[0]).unwrap().contains(run.to_str().unwrap()));
}

#[test]
fn an_image_that_was_flashed_is_recorded_though_nobody_reads_what_is_told() {
    let runs = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = stimrig();
    command.args(["flash", "--runs"]).arg(runs.path()).stdout(writer);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_eq!(fs::read_to_string(runs.path().join("flashed.jsonl")).unwrap().lines().count(), 1);
}

#[test]
fn a_rig_in_use_is_refused_with_who_has_it_and_can_be_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let rig = deserted(folder.path());
    let safe = |more: &[&str]| {
        let mut command = stimrig();
        command.args(["safe", "--rig"]).arg(&rig).args(more).arg("--runs").arg(folder.path().join("runs"));
        command.env("STIMRIG_LOCK_DIR", folder.path().join("locks"));
        command.output().unwrap()
    };
    // Nobody is there: it cannot be shown to be safe, and says so loudly.
    let alone = safe(&[]);
    let said = text(&alone);
    assert_eq!(alone.status.code(), Some(6), "{said}");
    assert!(said.contains("SAFE STATE IMPOSSIBLE") && said.contains("by hand"), "{said}");
    // Somebody has it.
    let lock = fs::read_dir(folder.path().join("locks")).unwrap().next().unwrap().unwrap().path();
    let held = fs::File::options().read(true).write(true).open(&lock).unwrap();
    held.lock().unwrap();
    let holder = "{\"pid\":4242,\"user\":\"ada\",\"host\":\"bench\",\"rig\":\"bench-a\",\"command\":\"stimrig run\",\"since\":\"2026-01-02T03:04:05Z\"}\n";
    fs::write(&lock, holder).unwrap();
    let refused = safe(&[]);
    let said = text(&refused);
    assert_eq!(refused.status.code(), Some(3), "{said}");
    for words in
        ["bench-a", "in use", "4242", "ada", "2026-01-02T03:04:05Z", "--wait", "nothing was energised"]
    {
        assert!(said.contains(words), "`{words}` not in {said}");
    }
    let waited = safe(&["--wait=300ms"]);
    assert_eq!(waited.status.code(), Some(3));
    assert!(text(&waited).contains("waiting"), "{}", text(&waited));
}

/// So many drills within this process, on processes and on ports: how often each kind struck while a run was under way.
fn drills([trials, processes, ports]: [&str; 3], seed: u64) -> BTreeMap<String, u64> {
    let mut command = stimrig();
    command.args(["bench", "drills", "--trials", trials, "--processes", processes, "--ports", ports]);
    let output = command.args(["--seed", &seed.to_string(), "--format", "json"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let found: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{}", text(&output)));
    assert_eq!(found["wrong"], Value::Array(vec![]), "{said}");
    let kinds = found["kinds"].as_object().unwrap().iter();
    let happened: BTreeMap<String, u64> =
        kinds.map(|(kind, tally)| (kind.clone(), tally["happened"].as_u64().unwrap())).collect();
    // Nothing wrong is no good end where nothing happened, nor where more than a fifth of those on ports show nothing.
    let on_ports = ["killed-on-ports", "signalled-on-ports", "stimulator-unplugged", "load-unplugged"];
    let of_ports =
        |what: &str| -> u64 { on_ports.iter().filter_map(|kind| found["kinds"][kind][what].as_u64()).sum() };
    let nothing = of_ports("nothing");
    assert_eq!(found["nothing"].as_array().map(Vec::len), Some(nothing as usize), "{said}");
    let none = happened.values().all(|times| *times == 0) || 5 * nothing > of_ports("trials");
    assert_eq!(output.status.code(), Some(i32::from(none)), "{said}");
    happened
}

#[test]
fn drills_end_off_recorded_and_with_their_cause() {
    let mut happened = drills(["96", "6", "6"], 1);
    assert_eq!(happened.len(), 19, "{happened:?}");
    // Where processes are slow to start, what strikes a run in real time may come before it or after it: with other seeds, at
    // other times, until each has struck one.
    for seed in 2..12 {
        if happened.values().all(|times| *times > 0) {
            break;
        }
        for (kind, times) in drills(["0", "6", "6"], seed) {
            *happened.entry(kind).or_default() += times;
        }
    }
    let never: Vec<_> = happened.iter().filter(|(_, times)| **times == 0).collect();
    assert!(never.is_empty(), "nothing is shown by {never:?}");
}
