use crate::record::{Attempt, Bundle, CheckLine, Outcome, Past, PastRun, Reading, Verdict};
use crate::statistics::Signal;

use super::*;

fn run(at: usize, fidelity: &str, rig: &str, firmware: &str) -> PastRun {
    PastRun {
        folder: format!("run-{at:03}"),
        id: format!("run-{at:03}"),
        started: format!("2026-03-{:02}T08:00:00Z", at % 28 + 1),
        fidelity: fidelity.into(),
        outcome: Some(Outcome::Passed),
        rig: rig.into(),
        dut: "<b>7</b>".into(),
        firmware: firmware.into(),
        tool: "stimrig".into(),
        bundle: Bundle::Sealed,
        defects: Vec::new(),
        cases: 1,
    }
}

/// Amplitudes in milliamperes within 1.94 to 2.06 mA, U = 3 uA.
fn line(values: &[Option<f64>]) -> CheckLine {
    let readings = values.iter().enumerate().map(|(run, value)| {
        let value = value.map(|value| value * 1e-3);
        let margin = value.map(|value| (value - 1.94e-3).min(2.06e-3 - value));
        let verdict = if value.is_some() { Verdict::Pass } else { Verdict::Invalid };
        let uncertainty = value.map(|_| 3e-6);
        Reading { run, value, uncertainty, lower: Some(1.94e-3), upper: Some(2.06e-3), margin, verdict }
    });
    CheckLine {
        scenario: "a.yaml".into(),
        case: "two <i>mA</i>".into(),
        measurand: "amplitude".into(),
        unit: "A".into(),
        statistic: "worst".into(),
        text: "amplitude: { of: programmed, within: 3 % }".into(),
        profile: String::new(),
        readings: readings.collect(),
    }
}

fn past(values: &[Option<f64>]) -> Past {
    let runs = (0..values.len()).map(|at| run(at, "rig", "bench", "aa")).collect();
    Past { runs, lines: vec![line(values)], attempts: Vec::new(), notes: Vec::new() }
}

/// Some noise about a value, the same every time.
fn noise(at: usize) -> f64 {
    ((at * 7919 % 101) as f64 / 101.0 - 0.5) * 2e-3
}

#[test]
fn a_margin_that_shrinks_is_told_long_before_it_fails() {
    // From 2 mA upwards by 1 uA a run; 57 uA are left beyond U at 2 mA.
    let values: Vec<_> = (0..20).map(|at| Some(2.0 + at as f64 * 1e-3 + noise(at))).collect();
    let found = history(&past(&values), Some("amplitude"), Split::default());
    let erosion = found.trends[0].erosion.unwrap();
    assert!((erosion.slope + 1e-6).abs() < 2e-7 && (erosion.runs - 38.0).abs() < 6.0, "{erosion:?}");
    assert!(erosion.runs_interval.0 < erosion.runs && erosion.runs < erosion.runs_interval.1);
    assert!(found.trends[0].points.iter().all(|point| point.verdict == "pass"), "nothing has failed yet");
    let said = text(&found, 100);
    assert!(said.contains("MARGIN SHRINKS") && said.contains("used up in about 38 runs"), "{said}");
    // The same values in another order only scatter.
    let mut scattered = values;
    scattered.sort_by_key(|value| (value.unwrap() * 1e7) as i64 * 7919 % 101);
    let found = history(&past(&scattered), Some("amplitude"), Split::default());
    assert_eq!(found.trends[0].erosion, None);
    assert!(found.trends[0].capability.unwrap().cpk > 2.0);
}

#[test]
fn a_value_outside_the_control_limits_is_named_although_it_passes() {
    let mut values: Vec<_> = (0..20).map(|at| Some(2.0 + noise(at))).collect();
    values[4] = None;
    values[12] = Some(2.008);
    let found = history(&past(&values), Some("amplitude"), Split::default());
    assert_eq!(found.trends[0].signals, [Signal::Outside(12)]);
    assert_eq!(found.trends[0].unmeasured, 1);
    let said = text(&found, 100);
    assert!(said.contains("outside the control limits once in run run-012") && said.contains('◆'), "{said}");
    assert!(said.contains("1 of 20 could not be measured"), "{said}");
}

#[test]
fn simulator_and_rig_and_two_rigs_are_never_in_one_trend() {
    let mut past = past(&[Some(2.0); 9]);
    for (at, run) in past.runs.iter_mut().enumerate() {
        (run.fidelity, run.rig) =
            [("sim", "a"), ("rig", "a"), ("rig", "b")].map(|(f, r)| (f.into(), r.into()))[at % 3].clone();
        run.firmware = ["aa", "bb"][at / 5].into();
    }
    let found = history(&past, None, Split::default());
    assert_eq!(found.trends.iter().map(|trend| trend.points.len()).collect::<Vec<_>>(), [3, 3, 3]);
    let split = history(&past, None, Split { firmware: true, dut: true });
    assert_eq!(split.trends.len(), 6);
    assert!(
        split
            .trends
            .iter()
            .all(|trend| trend.points.iter().all(|p| Some(&p.firmware) == trend.firmware.as_ref()))
    );
}

#[test]
fn only_what_strays_with_nothing_changed_is_a_flake() {
    let mut past = past(&[Some(2.0); 12]);
    past.runs[11].firmware = "bb".into();
    let outcomes = [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 1];
    past.attempts = outcomes
        .iter()
        .enumerate()
        .map(|(run, outcome)| Attempt {
            run,
            scenario: "a.yaml".into(),
            case: "a".into(),
            outcome: [Outcome::Passed, Outcome::Failed, Outcome::Aborted][*outcome],
            inputs: "x".into(),
        })
        .collect();
    let found = history(&past, None, Split::default());
    let flake = &found.flakes[0];
    assert_eq!(
        (flake.strayed, flake.of, found.repeated),
        (1, 10, 1),
        "neither the aborted run nor the new firmware counts"
    );
    assert!(
        (flake.interval.0 - 0.0179).abs() < 1e-3 && (flake.interval.1 - 0.4042).abs() < 1e-3,
        "{flake:?}"
    );
    // Judged by something else, it is another thing that came out otherwise.
    past.attempts[3].inputs = "y".into();
    assert!(history(&past, None, Split::default()).flakes.is_empty());
}

#[test]
fn every_form_holds_every_value_and_no_text_leaves_its_element() {
    let values: Vec<_> = (0..8).map(|at| Some(2.0 + noise(at))).collect();
    let found = history(&past(&values), Some("amplitude"), Split::default());
    let json: serde_json::Value = serde_json::from_str(&json(&found).unwrap()).unwrap();
    assert_eq!(json["trends"][0]["points"].as_array().unwrap().len(), 8);
    assert!(json["trends"][0]["control"]["mean"].is_number() && json["version"] == 1);
    let table = csv(&found).unwrap();
    let mut rows = ::csv::Reader::from_reader(table.as_bytes());
    let values: Vec<f64> = rows.records().map(|row| row.unwrap()[13].parse().unwrap()).collect();
    assert_eq!(Some(values[3]), found.trends[0].points[3].value, "to the last bit");
    let page = page(&found, "test");
    assert!(page.contains("<circle") && !page.contains("<i>mA") && !page.contains("<b>7"), "{page}");
    assert!(text(&history(&Past::default(), None, Split::default()), 80).contains("no run"));
}
