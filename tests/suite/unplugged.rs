//! Plugs pulled in the middle of a case, end to end: what the run says, and what the bench really did.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rstest::rstest;
use rustix::process::Signal;
use serde_json::Value;

use crate::bench_on_ports::{SimBench, eventually};
use crate::command::{in_real_time, run_in_real_time, stimrig, text};

/// A case that nobody waits for to end.
const LONG: &str = "version: 1\nname: long\nphantom: r1k\n\
     program: { amplitude: 1 mA, width: 200 us, rate: 50 Hz }\nduration: 60 s\n\
     expect:\n  - amplitude: { of: programmed, within: 5 % }\n";

/// `stimrig run` in a process of its own, on a served bench.
pub struct Running {
    child: Child,
    runs: tempfile::TempDir,
}

impl Running {
    /// Starts it and waits until the stimulator drives; if the run ends before, that is its end.
    pub fn until_it_drives(bench: &SimBench, scenario: &str) -> Self {
        let driven = || bench.look()["last_driven"].as_f64().unwrap_or(0.0);
        let before = driven();
        let file = bench.path("case.yaml");
        fs::write(&file, scenario).unwrap();
        let runs = tempfile::tempdir().unwrap();
        let mut command = stimrig();
        command.arg("run").arg(&file).arg("--rig").arg(bench.rig());
        command
            .arg("--json")
            .arg(runs.path().join("record.json"))
            .arg("--runs")
            .arg(runs.path().join("runs"))
            .env("STIMRIG_LOCK_DIR", bench.path("locks"));
        let child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut running = Self { child, runs };
        let begun = Instant::now();
        while driven() <= before && running.child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < Duration::from_secs(60), "it never drove");
            std::thread::sleep(Duration::from_millis(20));
        }
        running
    }

    /// Kills it and deletes its folder of runs; whether it was still under way.
    fn killed_and_deleted(mut self) -> bool {
        self.child.kill().unwrap();
        self.child.wait().unwrap().signal() == Some(Signal::KILL.as_raw())
    }

    /// Its exit code and record, once it has ended by itself, and what it said.
    pub fn end(self) -> (i32, Value, String) {
        let output = self.child.wait_with_output().unwrap();
        let record = fs::read(self.runs.path().join("record.json"));
        let record = record.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        (output.status.code().unwrap_or(-1), record.unwrap_or_default(), text(&output))
    }
}

/// The output is off, and its current reached the phantom no longer than the boards' dead-men allow (half a second of the bench's own
/// time, and the pulse in progress).
fn is_off_since(bench: &SimBench, pulled: &Value) {
    eventually("the output stays on", || {
        let look = bench.look();
        look["driven"] == false && look["connected"] == false
    });
    let (look, now) = (bench.look(), pulled["now"].as_f64().unwrap());
    let last = look["last_reached"].as_f64().unwrap_or(0.0);
    assert!(last < now + 1.0, "pulled at {now}, and the output reached the phantom until {last}");
}

/// With the load there the output is seen to be off; without it nobody sees, and that outranks the rig error.
#[rstest]
#[case::stimulator("stimulator", 3, "confirmed")]
#[case::load("load", 6, "impossible")]
fn a_plug_that_is_pulled_in_a_case_is_named_and_the_other_board_makes_it_safe(
    #[case] plug: &str,
    #[case] code: i32,
    #[case] safe_state: &str,
) {
    let bench = SimBench::serve(&["--phantom", "r1k"]);
    let (exit, record) = in_real_time(|| {
        let running = Running::until_it_drives(&bench, LONG);
        assert_eq!(bench.bystander(&format!("unplug {plug}")), "ok");
        let pulled = bench.look();
        let (exit, record, _) = running.end();
        is_off_since(&bench, &pulled);
        assert_eq!(bench.bystander(&format!("plug {plug}")), "ok");
        (exit, record)
    });
    let case = &record["cases"][0];
    assert_eq!((exit, &record["safe_state"]), (code, &safe_state.into()), "{case:#}");
    let reason = case["reason"].as_str().unwrap();
    assert!(reason.contains(&format!("{plug}: ")) && reason.contains("the port is gone"), "{case:#}");
    assert!(reason.contains(&format!("plug the {plug} in again")), "{case:#}");
    // What was done nevertheless is said where nobody saw what came of it.
    assert!(exit == 3 || case["notes"].to_string().contains("stop acknowledged"), "{case:#}");
    // It was under way, and nothing of it counts.
    assert_eq!(case["events"][0]["name"], "start", "{case:#}");
    assert_eq!(case["checks"].as_array().map_or(0, Vec::len), 0, "{case:#}");
    // With the plug in again the same bench passes.
    let rig = bench.rig();
    let (exit, record) = run_in_real_time(&["--rig", rig.to_str().unwrap(), "scenarios/timing/rate.yaml#1"]);
    assert_eq!((exit, &record["safe_state"]), (0, &"confirmed".into()), "{record:#}");
}

#[test]
fn a_bench_that_vanishes_is_noticed_within_a_second() {
    let (mut took, mut said) = (Duration::ZERO, String::new());
    let (exit, record) = in_real_time(|| {
        let bench = SimBench::serve(&[]);
        let running = Running::until_it_drives(&bench, LONG);
        bench.signal(Signal::KILL);
        let pulled = Instant::now();
        let (exit, record, last) = running.end();
        (took, said) = (pulled.elapsed(), last);
        (exit, record)
    });
    assert_eq!(exit, 6, "{said}");
    assert_eq!((&record["outcome"], &record["safe_state"]), (&"unsafe".into(), &"impossible".into()));
    // A second to notice, and the attempts of the way to the safe state.
    assert!(took < Duration::from_secs(4), "{took:?}");
}

/// As recipes of continuous integration clean up: the lock alone still knows of that run.
#[test]
fn the_bench_of_a_killed_run_is_made_safe_though_its_folder_is_deleted() {
    let bench = SimBench::serve(&["--phantom", "r1k"]);
    // What comes next is no run, and has a folder of runs of its own.
    let next = || {
        let mut command = stimrig();
        command.arg("flash").arg("--rig").arg(bench.rig()).arg("--runs").arg(bench.path("others"));
        let output = command.env("STIMRIG_LOCK_DIR", bench.path("locks")).output().unwrap();
        (output.status.code(), text(&output))
    };
    let (exit, said) = in_real_time(|| {
        eventually("no run was met under way", || {
            Running::until_it_drives(&bench, LONG).killed_and_deleted()
        });
        let (exit, said) = next();
        (exit.unwrap_or(-1), said.into())
    });
    let said = said.as_str().unwrap();
    let safe = said.contains("making rig") && said.contains("output measured off");
    assert!(safe && said.contains("its folder is gone, so there is no record to close"), "{exit}: {said}");
    // It has no probe, and that is all that is wrong with it.
    assert!(exit == 3 && said.contains("has no debug probe"), "{exit}: {said}");
    let (exit, said) = next();
    assert!(exit == Some(3) && !said.contains("was killed"), "it was seen to: {exit:?}: {said}");
}
