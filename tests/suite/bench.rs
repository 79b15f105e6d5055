//! `stimrig bench`: the experiments as their users run them.

use std::fs;
use std::process::{Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::command::{stimrig, text};

fn bench(arguments: &[&str]) -> (Option<i32>, String) {
    let output = stimrig().arg("bench").args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!said.is_empty(), "{arguments:?}: {}", text(&output));
    (output.status.code(), said)
}

/// Twenty benches of the same kind, none of them defective: a check that fails there fails for no reason.
#[test]
fn smoke_raises_no_alarm_on_twenty_clean_benches() {
    let (exit, said) = bench(&["alarms", "-E", "tag(smoke)", "--seeds", "20", "--format", "json"]);
    let found: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(found["alarms"], Value::Array(vec![]), "{said}");
    assert_eq!(exit, Some(0));
    assert!(found["cases"].as_u64().unwrap() >= 20 * 8 && found["checks"].as_u64() > found["cases"].as_u64());
}

#[test]
fn a_defect_is_caught_down_to_about_the_limit_of_its_check() {
    let only = ["defects", "scenarios/amplitude/accuracy-over-range.yaml", "--only", "gain_error"];
    let (exit, said) = bench(&[&only[..], &["--format", "json"]].concat());
    assert_eq!(exit, Some(0), "{said}");
    let found: Value = serde_json::from_str(&said).unwrap();
    let row = &found["defects"][0];
    assert_eq!((&row["defect"], &row["shown"]), (&"gain_error".into(), &"5 %".into()));
    let caught = row["caught"].as_array().unwrap();
    let amplitude = caught.iter().find(|by| by["measurand"] == "amplitude").unwrap();
    // `of: applied` allows 1 %; U is some tenths of a per cent at 0.1 mA.
    let smallest = amplitude["smallest"].as_f64().unwrap();
    assert!((0.01..0.04).contains(&smallest), "{said}");
}

#[test]
fn a_defect_that_no_check_sees_is_said_to_be_missed() {
    let only = ["defects", "scenarios/timing/rate.yaml", "--only", "gain_error"];
    let (exit, said) = bench(&only);
    assert_eq!(exit, Some(1));
    assert!(said.contains("NOT CAUGHT") && said.contains("1 not caught"), "{said}");
}

#[test]
fn every_experiment_has_a_page_that_stands_alone() {
    let folder = tempfile::tempdir().unwrap();
    for (experiment, marks) in [
        (vec!["coverage", "--benches", "16"], vec!["residual_voltage", "shutdown_latency", "<svg"]),
        (vec!["alarms", "scenarios/timing/rate.yaml", "--seeds", "1"], vec!["No alarm", "<svg"]),
        (
            vec!["defects", "scenarios/timing/rate.yaml", "--only", "rate_error"],
            vec!["All 1 defects", "<svg"],
        ),
        (
            vec!["drills", "--trials", "24", "--processes", "0", "--ports", "0", "--seed", "1"],
            vec!["what must follow", "Every output was off", "both boards stop by themselves"],
        ),
        (vec!["speed", "--megasamples", "1", "--runs", "1"], vec!["analysis, 50 Hz pulses", "<svg"]),
    ] {
        let page = folder.path().join("page.html");
        let output = stimrig()
            .arg("bench")
            .args(&experiment)
            .args(["--format", "html", "-o"])
            .arg(&page)
            .output()
            .unwrap();
        let html = std::fs::read_to_string(&page).unwrap_or_else(|_| panic!("{}", text(&output)));
        for mark in marks {
            assert!(html.contains(mark), "{experiment:?}: {mark}");
        }
        let lower = html.to_lowercase();
        assert!(
            !lower.contains("http") && !lower.contains("<script") && !lower.contains("nan"),
            "{experiment:?}"
        );
    }
}

#[test]
fn what_an_experiment_cannot_do_is_said() {
    for (arguments, said) in [
        (vec!["defects", "--only", "gain_eror"], "did you mean `gain_error`?"),
        (vec!["defects", "--benches", "/nowhere"], "has no bench with such a defect"),
        (
            vec!["defects", "--benches", "/nowhere", "--only", "droop"],
            "--only droop: no bench of that name in",
        ),
        (vec!["alarms", "-E", "tag(none)"], "no case is selected"),
    ] {
        let output = stimrig().arg("bench").args(&arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output).contains(said), "{arguments:?}: {}", text(&output));
    }
}

const RATE: &str = "scenarios/timing/rate.yaml#1";

/// A defect without a bench was left out without a word, and the rest was all there is.
#[test]
fn a_defect_without_a_bench_is_named_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let bench = |name: &str, from: &str| {
        let text = fs::read_to_string(format!("rig/sim-defects/{from}.yaml")).unwrap();
        fs::write(folder.path().join(format!("{name}.yaml")), text).unwrap();
    };
    bench("rate_error", "rate_error");
    // One that has another defect than it is named after.
    bench("droop", "rate_error");
    let defects = |more: &[&str]| -> Output {
        let mut command = stimrig();
        command.args(["bench", "defects", RATE, "--benches"]).arg(folder.path()).args(more);
        command.output().unwrap()
    };
    for (missing, said) in
        [("overshoot", "--only overshoot: no bench of that name"), ("droop", "does not give its stimulator")]
    {
        let output = defects(&["--only", "rate_error", "--only", missing]);
        assert_eq!(output.status.code(), Some(2), "{missing}: {}", text(&output));
        assert!(text(&output).contains(said), "{missing}: {}", text(&output));
    }
    let output = defects(&[]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}{}", text(&output));
    let named = |why: &str| said.lines().find(|line| line.starts_with("not tried: ") && line.contains(why));
    assert!(said.contains("1 defects, 0 not caught"), "{said}");
    assert!(named("no bench of that name").is_some_and(|line| line.contains("overshoot")), "{said}");
    assert!(named("droop.yaml does not give").is_some_and(|line| line.contains("droop (")), "{said}");
}

/// It was put into the bench past the check that refuses it everywhere else, and nothing caught it.
#[test]
fn a_defect_that_cannot_act_on_the_bench_is_no_gap_in_the_suite() {
    let on_stimjim = |more: &[&str]| {
        let mut command = stimrig();
        command.args(["bench", "defects", RATE, "--rig", "rig/stimjim.yaml"]).args(more);
        command.output().unwrap()
    };
    let output = on_stimjim(&["--only", "rate_error", "--only", "watchdog_disabled"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    let refused = "`watchdog_disabled` does nothing to the simulated end of a `stimjim` stimulator";
    assert!(text(&output).contains(refused) && output.stdout.is_empty(), "{}", text(&output));
    // Where nobody asks for it by name it is left out, and that is said.
    let folder = tempfile::tempdir().unwrap();
    for name in ["rate_error", "watchdog_disabled"] {
        let file = format!("{name}.yaml");
        fs::copy(format!("rig/sim-defects/{file}"), folder.path().join(file)).unwrap();
    }
    let output = on_stimjim(&["--format", "json", "--benches", folder.path().to_str().unwrap()]);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output)));
    let tried: Vec<&Value> = found["defects"].as_array().unwrap().iter().map(|row| &row["defect"]).collect();
    assert_eq!(tried, ["rate_error"]);
    let groups = found["untried"].as_array().unwrap();
    let inert = groups.iter().find(|group| group["defects"] == serde_json::json!(["watchdog_disabled"]));
    let why = inert.and_then(|group| group["why"].as_str()).unwrap_or_default();
    assert!(why.starts_with("does nothing to the simulated end"), "{found:#}");
}

/// Exit code of an experiment that is sent a signal. One that comes before anybody listens just ends the process: then again,
/// later.
fn signalled(arguments: &[&str], signal: Signal) -> Option<i32> {
    [300, 1000, 3000, 10_000].into_iter().find_map(|after| {
        let mut command = stimrig();
        command.arg("bench").args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        std::thread::sleep(Duration::from_millis(after));
        kill_process(Pid::from_child(&child), signal).unwrap();
        child.wait().unwrap().code()
    })
}

#[test]
fn an_experiment_that_a_signal_ends_has_the_code_of_the_signal() {
    let alarms = ["alarms", RATE, "--seeds", "1000000"];
    assert_eq!(signalled(&alarms, Signal::INT), Some(130));
    assert_eq!(signalled(&alarms, Signal::TERM), Some(143));
    assert_eq!(signalled(&["defects", "-E", "tag(smoke)"], Signal::INT), Some(130));
    let drills = ["drills", "--trials", "1000000", "--processes", "0", "--ports", "0", "--seed", "1"];
    assert_eq!(signalled(&drills, Signal::INT), Some(130));
}

/// They kill what they start: it must never be a run on the rig that somebody exported for the day's work. With one that is
/// nowhere, a process ends before it has a run.
#[test]
fn what_drills_start_is_deaf_to_the_environment() {
    let exported = [
        ("STIMRIG_RIG", "/nowhere/rig.yaml"),
        ("STIMRIG_FILTER", "name(~nothing)"),
        ("STIMRIG_PARTITION", "slice:2/2"),
    ];
    // A process may be killed before it has begun, at a random instant: then at others.
    let has_run = (1..=8).any(|seed: u32| {
        let mut command = stimrig();
        command.args([
            "bench",
            "drills",
            "--trials",
            "0",
            "--processes",
            "4",
            "--ports",
            "0",
            "--format",
            "json",
        ]);
        let output = command.args(["--seed", &seed.to_string()]).envs(exported).output().unwrap();
        let found: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output)));
        // The fourth is started by a shell, on a small disk.
        assert!(!found["wrong"].to_string().contains("no run: "), "{found:#}");
        found["kinds"]["sigkill"]["happened"].as_u64() > Some(0)
    });
    assert!(has_run, "no process came as far as a run");
}
