//! Trains of which most pulses lie packed by the time they are judged.

use std::fs;

use serde_json::Value;

use crate::command::{checks, run};
use crate::evidence::{kept, verified};

/// Half a second at 10 kHz: 5000 pulses, of which the last 900 or so are not packed.
const TRAIN: &str = "\
version: 1
name: half a second at 10 kHz
phantom: scs-lead
program: { amplitude: 1 mA, width: 20 us, gap: 10 us, rate: 10 kHz }
duration: 500 ms
expect:
  - amplitude: { of: programmed, within: 3 % }
  - amplitude: { of: programmed, within: 3 %, statistic: p99 }
  - charge_imbalance: { at_most: 2 %, statistic: worst }
  - charge_imbalance: { at_most: 2 %, statistic: p99 }
  - residual_voltage: { at_most: 100 mV, statistic: p99 }
  - width: { of: programmed, within: 2 us }
  - transition_time: { at_most: 5 us }
  - rate: { of: programmed, within: 1 % }
  - compliance_headroom: { at_least: 5 V }
  - kirchhoff_residual: { at_most: 10 uA }
";

fn judged(options: &[&str]) -> (i32, Value) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("train.yaml");
    fs::write(&file, TRAIN).unwrap();
    run(&[&[file.to_str().unwrap()], options].concat())
}

fn verdicts(record: &Value) -> Vec<(&str, &str, &str)> {
    checks(record)
        .into_iter()
        .map(|(_, check)| {
            let word = |key: &str| check[key].as_str().unwrap();
            (word("measurand"), word("statistic"), word("verdict"))
        })
        .collect()
}

#[test]
fn every_pulse_of_a_long_train_is_judged() {
    let (exit, record) = judged(&[]);
    assert_eq!(exit, 0, "{record:#}");
    for (_, check) in checks(&record).iter().filter(|(_, check)| check["measurand"] != "rate") {
        let count = check["count"].as_u64().unwrap();
        assert!((4995..=5000).contains(&count), "{check:#}");
    }
}

#[test]
fn the_one_pulse_in_two_thousand_that_strays_is_found_where_it_is() {
    let (exit, record) = judged(&["--defect", "missing_recovery_every=2000"]);
    assert_eq!(exit, 1, "{record:#}");
    let all = checks(&record);
    let imbalance = |statistic: &str| {
        let mut found = all.iter().map(|(_, check)| *check);
        found.find(|c| c["measurand"] == "charge_imbalance" && c["statistic"] == statistic).unwrap()
    };
    let worst = imbalance("worst");
    assert_eq!(worst["verdict"], "fail", "{worst:#}");
    assert_eq!(worst["worst"]["pulse"].as_u64().unwrap() % 2000, 1999, "{worst:#}");
    // One in a hundred may stray; two of five thousand do.
    assert_eq!(imbalance("p99")["verdict"], "pass", "{:#}", imbalance("p99"));
    let (exit, record) = judged(&["--defect", "gain_error=5 %"]);
    assert_eq!(exit, 1, "{record:#}");
    let failed =
        |(measurand, _, verdict): &(&str, &str, &str)| (*verdict == "fail") == (*measurand == "amplitude");
    assert!(verdicts(&record).iter().all(failed), "{:?}", verdicts(&record));
}

#[test]
fn a_long_train_is_judged_again_to_the_same_values() {
    let folder = tempfile::tempdir().unwrap();
    let (file, runs) = (folder.path().join("train.yaml"), folder.path().join("runs"));
    fs::write(&file, TRAIN).unwrap();
    let kept = kept(&runs, &["-q", file.to_str().unwrap()]);
    let (code, said) = verified(&[&kept], &["--reanalyze"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("every value the same"), "{said}");
}
