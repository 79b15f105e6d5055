//! The same scenario on two benches that differ in the load's driver only: the reference load, and an oscilloscope.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use serde_json::Value;
use stimrig::instrument::{Clock, Port};
use stimrig::rig::Rig;
use stimrig::sim;
use stimrig::source::Source;

use crate::bench_on_ports::SimBench;
use crate::command::{run, stimrig, text};
use crate::stimulators::phantom;

const SCENARIO: &str = "fixtures/loads/oscilloscope.yaml";

fn verdicts(record: &Value) -> Vec<(String, String)> {
    let checks = record["cases"][0]["checks"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    checks.map(|check| (text(&check["measurand"]), text(&check["verdict"]))).collect()
}

#[test]
fn a_clean_stimulator_passes_on_either_load() {
    for rig in ["rig/sim.yaml", "rig/scope-sim.yaml"] {
        let (exit, record) = run(&["--rig", rig, SCENARIO]);
        let case = &record["cases"][0];
        assert_eq!((exit, &case["safe_state"]), (0, &"confirmed".into()), "{rig}: {case:#}");
        for check in case["checks"].as_array().unwrap() {
            assert_eq!(check["verdict"], "pass", "{rig}: {check:#}");
        }
    }
}

#[test]
fn what_the_oscilloscope_could_not_do_is_in_the_record() {
    let (_, record) = run(&["--rig", "rig/scope-sim.yaml", SCENARIO]);
    let notes = record["cases"][0]["notes"].to_string();
    for words in ["no interlock", "no test source", "output seen off to within", "taken on a range of"] {
        assert!(notes.contains(words), "{words}: {notes}");
    }
}

#[test]
fn a_wrong_gain_fails_and_a_small_mismatch_is_inconclusive_on_eight_bits() {
    let on = |defect: &str| run(&["--rig", "rig/scope-sim.yaml", "--defect", defect, SCENARIO]);
    let (exit, record) = on("gain_error=20 %");
    let failed: Vec<_> = verdicts(&record).into_iter().filter(|(_, verdict)| verdict == "fail").collect();
    assert_eq!((exit, failed), (1, vec![("amplitude".to_owned(), "fail".to_owned())]));
    let (exit, record) = on("phase_mismatch=25 %");
    assert_eq!(exit, 1);
    let imbalance = verdicts(&record).into_iter().find(|(name, _)| name == "charge_imbalance").unwrap();
    assert_eq!(imbalance.1, "fail");
    // 9 % lies below the limit of 10 %, but eight bits do not know it that well.
    let (exit, record) = on("phase_mismatch=9.5 %");
    let imbalance = verdicts(&record).into_iter().find(|(name, _)| name == "charge_imbalance").unwrap();
    assert_eq!((exit, imbalance.1.as_str()), (5, "inconclusive"));
}

#[test]
fn an_ignored_stop_is_seen_by_the_oscilloscope() {
    // A train that only a stop ends.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stop.yaml");
    let scenario = std::fs::read_to_string(crate::command::root().join(SCENARIO)).unwrap();
    let steps = "steps:\n  - start: {}\n  - wait: 600 ms\n  - stop: {}";
    let scenario = scenario.replace("duration: 600 ms", steps) + "  - stop_latency: { at_most: 400 ms }\n";
    std::fs::write(&file, scenario).unwrap();
    let on = |more: &[&str]| run(&[&["--rig", "rig/scope-sim.yaml", file.to_str().unwrap()], more].concat());
    assert_eq!(on(&[]).0, 0);
    let (exit, record) = on(&["--defect", "stop_ignored=true"]);
    let case = &record["cases"][0];
    assert!(exit == 1 || exit == 6, "{case:#}");
    let reasons = format!("{} {}", case["reason"], case["notes"]);
    assert!(reasons.contains("stop") || exit == 6, "{reasons}");
}

#[test]
fn what_clips_is_taken_again_on_the_next_range() {
    // The stimulator delivers far more than the range that was chosen for what it is programmed to.
    let (exit, record) = run(&["--rig", "rig/scope-sim.yaml", "--defect", "gain_error=200 %", SCENARIO]);
    let case = &record["cases"][0];
    assert_eq!(exit, 1, "{case:#}");
    let notes = case["notes"].to_string();
    assert!(notes.contains("e1 was taken on a range of 16 mA"), "{notes}");
    let amplitude = &case["checks"][0];
    assert!((amplitude["value"].as_f64().unwrap().abs() - 6e-3).abs() < 3e-4, "{amplitude:#}");
}

#[test]
fn a_case_longer_than_a_record_is_refused_with_the_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("long.yaml");
    let scenario = std::fs::read_to_string(crate::command::root().join(SCENARIO)).unwrap();
    std::fs::write(&file, scenario.replace("duration: 600 ms", "duration: 30 s")).unwrap();
    let output =
        crate::command::stimrig().args(["run", "--rig", "rig/scope-sim.yaml"]).arg(&file).output().unwrap();
    let text = crate::command::text(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("the case needs a record of 30.6 s") && text.contains("holds 15 s"), "{text}");
}

#[test]
fn faults_that_need_relays_are_skipped_by_name() {
    let (exit, record) = run(&["--rig", "rig/scope-sim.yaml", "scenarios/fault-shutdown/open-lead.yaml"]);
    assert_eq!(exit, 4, "{record:#}");
    let reason = record["cases"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("the fault `open-lead`"), "{reason}");
}

#[test]
fn the_oscilloscope_waits_for_its_trigger_once_it_holds_what_lies_before() {
    let text = std::fs::read_to_string(crate::command::root().join("rig/scope-sim.yaml")).unwrap();
    let rig = Rig::read(&Source::new("rig/scope-sim.yaml", &text)).unwrap();
    let bench = sim::open_rig(&rig, rig.sim.as_ref().unwrap(), &phantom("r1k"), 1).unwrap();
    let (mut scope, mut clock) = (bench.load, bench.clock);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        // Six divisions of 50 ms before the middle of the screen; no pulse comes.
        scope.write_all(b":TIM:SCAL 0.05\n:TRIG:EDGE:LEV 5\n:SING\n").await.unwrap();
        let mut states = Vec::new();
        for (said, milliseconds) in [("", 250), ("", 100), (":TFOR\n", 0), ("", 350)] {
            scope.write_all(said.as_bytes()).await.unwrap();
            clock.sleep(milliseconds * 1_000_000).await;
            scope.write_all(b":TRIG:STAT?\n").await.unwrap();
            let mut answer = [0; 16];
            let soon = scope.now() + 1_000_000;
            let count = scope.read(&mut answer, soon).await.unwrap();
            states.push(String::from_utf8_lossy(&answer[..count]).trim().to_owned());
        }
        assert_eq!(states, ["RUN", "WAIT", "TD", "STOP"]);
    });
}

/// What the oscilloscope shows of a step from nothing to 5 mA in 100 ohm, as codes: 6000 samples before the trigger and as many
/// behind it.
fn step_on(set_up: &str) -> Vec<u8> {
    let read = |file: &str| {
        let text = std::fs::read_to_string(crate::command::root().join(file)).unwrap();
        Rig::read(&Source::new(file, &text)).unwrap()
    };
    // A stimulator of which a level is asked for, and no train.
    let (scope, pal) = (read("rig/scope-sim.yaml"), read("rig/pulse-pal.yaml"));
    let rig = Rig { stimulator: pal.stimulator, protocol: pal.protocol, sim: pal.sim, ..scope };
    let bench = sim::open_rig(&rig, rig.sim.as_ref().unwrap(), &phantom("r1k"), 1).unwrap();
    let (mut scope, mut stimulator, mut clock) = (bench.load, bench.stimulator, bench.clock);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        // 10 MS/s: more samples come at a time than it keeps while it waits.
        let lines = format!("{set_up}:TIM:SCAL 0.0001\n:SING\n");
        scope.write_all(lines.as_bytes()).await.unwrap();
        clock.sleep(30_000_000).await;
        stimulator.write_all(&[0xD5, 0x4F, 1, 0, 0xC0]).await.unwrap();
        clock.sleep(30_000_000).await;
        let lines =
            b":WAV:SOUR CHAN1\n:WAV:MODE RAW\n:WAV:STAR 1\n:WAV:STOP 12000\n:TRIG:STAT?\n:WAV:DATA?\n";
        scope.write_all(lines).await.unwrap();
        let mut heard = Vec::new();
        let mut buffer = [0; 4096];
        let soon = scope.now() + 1_000_000;
        while let Ok(count) = scope.read(&mut buffer, soon).await {
            heard.extend_from_slice(&buffer[..count]);
        }
        let head = b"STOP\n#9000012000";
        assert!(heard.starts_with(head), "{}", String::from_utf8_lossy(&heard[..head.len()]));
        heard[head.len()..head.len() + 12_000].to_vec()
    })
}

/// Half a volt is 62 levels of 8 mV, and as many of 80 mV for one that is told of a probe of ten.
fn assert_step(codes: &[u8]) {
    let off = |code: u8, is: i32| i32::from(code) - is;
    let before = codes[..5900].iter().all(|code| off(*code, 127).abs() <= 4);
    let behind = codes[6100..].iter().all(|code| off(*code, 189).abs() <= 4);
    assert!(before && behind, "{:?} {:?}", &codes[..20], &codes[11_980..]);
}

#[test]
fn the_oscilloscope_keeps_what_lies_before_a_trigger_that_is_long_past_when_it_is_found() {
    assert_step(&step_on(":CHAN1:SCAL 0.2\n:TRIG:EDGE:LEV 0.25\n"));
}

#[test]
fn the_oscilloscope_shows_and_triggers_on_what_is_in_front_of_a_probe() {
    assert_step(&step_on(":CHAN1:PROB 10\n:CHAN1:SCAL 2\n:TRIG:EDGE:LEV 2.5\n"));
}

#[test]
fn nothing_is_started_on_an_output_that_is_on_already() {
    let (exit, record) = run(&["--rig", "rig/scope-sim.yaml", "--defect", "dc_leakage=1.5 mA", SCENARIO]);
    let case = &record["cases"][0];
    // It is told to stop, and seen to go on: that is what is said, loudly.
    assert_eq!((exit, &case["safe_state"]), (6, &"unconfirmed".into()), "{case:#}");
    assert!(case["reason"].as_str().unwrap().contains("output still active"), "{case:#}");
    assert_eq!(case["events"], Value::Array(Vec::new()), "{case:#}");
}

/// A record begins with its trigger. Where the first pulse is late, the start lies before it, and is not moved into it.
#[test]
fn a_first_pulse_that_is_late_is_late_on_a_scope_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("late.yaml");
    std::fs::write(
        &file,
        "version: 1\nname: late\nphantom: r1k\nprogram: { amplitude: 2 mA, width: 200 us, rate: 50 Hz }\nduration: 500 ms\n\
         expect:\n  - start_latency: { at_most: 100 ms }\n",
    )
    .unwrap();
    let late = ["--rig", "rig/scope-sim.yaml", "--defect", "start_delay=300ms", file.to_str().unwrap()];
    let (exit, record) = run(&late);
    let latency = &record["cases"][0]["checks"][0];
    let value = latency["value"].as_f64().unwrap();
    assert!(exit == 1 && latency["verdict"] == "fail" && (0.28..0.35).contains(&value), "{latency:#}");
    let start = &record["cases"][0]["events"][0];
    assert!(
        start["name"] == "start" && start["time"].as_f64().unwrap() < -0.2 && start["sample"].is_null(),
        "{start:#}"
    );
    assert_eq!(run(&["--rig", "rig/scope-sim.yaml", file.to_str().unwrap()]).0, 0);
}

/// Without being asked for a port: on a pseudo-terminal nothing would find it.
#[test]
fn the_oscilloscope_of_a_rig_is_served_on_the_network_as_it_is_wired() {
    let bench = SimBench::serve(&["--rig", "rig/scope-sim.yaml"]);
    let written = bench.rig_text();
    assert!(written.contains("input: \"CH1\", shunt: 100 Ω, accuracy: 1 %"), "{written}");
    let address = written.split("tcp: \"").nth(1).and_then(|rest| rest.split('"').next());
    let mut scope = TcpStream::connect(address.unwrap()).unwrap();
    scope.write_all(b"*IDN?\n").unwrap();
    let mut answer = String::new();
    BufReader::new(scope).read_line(&mut answer).unwrap();
    assert!(answer.starts_with("RIGOL"), "{answer}");
    // What is written beside it can be used.
    let output = stimrig().args(["check", "--rig"]).arg(bench.rig()).arg(SCENARIO).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}

#[test]
fn a_load_that_is_a_program_cannot_be_served() {
    let folder = tempfile::tempdir().unwrap();
    let rig = folder.path().join("sigrok.yaml");
    let load = "driver: sigrok, device: demo, sample_rate: 200 kHz, channels: { e1: { input: A0, shunt: 10 kohm, accuracy: 1 %, ranges: [2 mA] } }";
    std::fs::write(
        &rig,
        format!("version: 1\nname: n\nstimulator: {{ driver: simulated }}\nload: {{ {load} }}\n"),
    )
    .unwrap();
    let output = stimrig().args(["sim", "--dir"]).arg(folder.path()).arg("--rig").arg(&rig).output().unwrap();
    let said = text(&output);
    assert!(output.status.code() == Some(2) && said.contains("no port that could be served"), "{said}");
}
