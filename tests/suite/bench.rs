//! `stimrig bench`: the experiments as their users run them.

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
        (vec!["alarms", "-E", "tag(none)"], "no case is selected"),
    ] {
        let output = stimrig().arg("bench").args(&arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output).contains(said), "{arguments:?}: {}", text(&output));
    }
}
