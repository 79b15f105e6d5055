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
        sim_only: 0,
        partition: String::new(),
        rerun_of: String::new(),
        settings: String::new(),
    }
}

/// Amplitudes in milliamperes within 1.94 to 2.06 mA, U = 3 uA.
fn line(values: &[Option<f64>]) -> CheckLine {
    let readings = values.iter().enumerate().map(|(run, value)| {
        let value = value.map(|value| value * 1e-3);
        let margin = value.map(|value| (value - 1.94e-3).min(2.06e-3 - value));
        let verdict = if value.is_some() { Verdict::Pass } else { Verdict::Invalid };
        let uncertainty = value.map(|_| 3e-6);
        let limits = (Some(1.94e-3), Some(2.06e-3));
        Reading {
            run,
            value,
            uncertainty,
            lower: limits.0,
            upper: limits.1,
            margin,
            verdict,
            sim_only: false,
        }
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
fn of_many_trends_that_only_scatter_none_is_told_to_shrink() {
    use rand::SeedableRng;
    use rand_distr::{Distribution, StandardNormal};
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
    let mut scattered = || -> CheckLine {
        line(&[(); 12].map(|()| Some(2.0 + 1e-3 * Distribution::<f64>::sample(&StandardNormal, &mut rng))))
    };
    let mut past = past(&[Some(2.0); 12]);
    past.lines = (0..400).map(|_| scattered()).collect();
    // About ten of them have a slope whose own interval lies below zero.
    let alone = past.lines.iter().filter(|line| {
        let one = Past { lines: vec![(*line).clone()], ..past.clone() };
        history(&one, Some("amplitude"), Split::default()).trends[0].erosion.is_some()
    });
    let alone = alone.count();
    assert!((3..20).contains(&alone), "{alone}");
    let told = |past: &Past| {
        let found = history(past, Some("amplitude"), Split::default());
        found.trends.iter().filter(|trend| trend.erosion.is_some()).count()
    };
    let by_chance = told(&past);
    assert!(by_chance <= 1, "{by_chance}");
    // One that does shrink is found among them: 1 uA a run, as much as the others scatter.
    past.lines.push(line(
        &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map(|at| Some(2.0 + at as f64 * 1e-3 + noise(at))),
    ));
    assert_eq!(told(&past), by_chance + 1);
}

/// Runs of one seed come out the same to the last bit; what then moves by a step of the table is outside limits that have no width.
#[test]
fn what_moves_by_next_to_nothing_of_its_uncertainty_is_not_told() {
    // U is 3 uA: a hundredth of it is negligible, a third is not.
    for (step, told) in [(0.03e-3, false), (1e-3, true)] {
        let once: Vec<_> = (0..20).map(|at| Some(if at == 19 { 2.0 + step } else { 2.0 })).collect();
        let from_then_on: Vec<_> = (0..20).map(|at| Some(if at >= 10 { 2.0 + step } else { 2.0 })).collect();
        for values in [once, from_then_on] {
            let found = history(&past(&values), Some("amplitude"), Split::default());
            let trend = &found.trends[0];
            assert!(trend.control.is_some_and(|chart| chart.moving_range > 0.0));
            assert_eq!((!trend.signals.is_empty(), trend.concern() > 0), (told, told), "{step}: {trend:?}");
        }
    }
    // A count has no uncertainty: one pulse fewer is one pulse fewer.
    let mut counts = line(&(0..20).map(|at| Some(if at == 19 { 1.999 } else { 2.0 })).collect::<Vec<_>>());
    counts.readings.iter_mut().for_each(|reading| reading.uncertainty = Some(0.0));
    let found = history(&Past { lines: vec![counts], ..past(&[Some(2.0); 20]) }, None, Split::default());
    assert!(found.trends[0].signals.contains(&Signal::Outside(19)));
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
fn a_pass_where_a_rig_was_asked_for_is_no_plain_pass_of_a_run_nor_of_a_value() {
    let mut past = past(&[Some(2.0), Some(2.0)]);
    past.runs[1] = PastRun { cases: 3, sim_only: 2, ..run(1, "sim", "sim", "aa") };
    past.lines[0].readings[1].sim_only = true;
    let found = history(&past, Some("amplitude"), Split::default());
    let said = text(&history(&past, None, Split::default()), 100);
    assert!(said.contains("  passed, 2 sim only  3 cases    simulator sim"), "{said}");
    assert!(said.contains(&format!("  {:<18}  1 case     rig bench", "passed")), "{said}");
    assert!(
        text(&found, 100).contains(": sim only, its case asks for a rig; limits"),
        "{}",
        text(&found, 100)
    );
    let page = page(&found, "test");
    assert!(
        page.contains("<td class=\"odd\">passed, 2 sim only</td>") && page.contains("pass (sim only)"),
        "{page}"
    );
    assert!(page.contains("<td class=\"good\">passed</td>"), "the one on a rig");
    let json: serde_json::Value = serde_json::from_str(&json(&found).unwrap()).unwrap();
    assert_eq!((&json["runs"][0]["sim_only"], &json["runs"][1]["sim_only"]), (&0.into(), &2.into()));
    let table = csv(&found).unwrap();
    let rows: Vec<::csv::StringRecord> =
        ::csv::Reader::from_reader(table.as_bytes()).records().map(Result::unwrap).collect();
    let mut only: Vec<&str> = rows.iter().map(|row| &row[19]).collect();
    only.sort_unstable();
    assert_eq!(only, ["no", "yes"]);
}

#[test]
fn a_run_that_is_less_or_other_than_the_suite_says_so() {
    let mut past = past(&[Some(2.0); 5]);
    past.runs[0].partition = "hash:1/2".into();
    past.runs[1].rerun_of = "run-000".into();
    past.runs[2].settings = "sim.adc.noise=9 lsb".into();
    past.runs[3].defects = vec!["gain_error".into()];
    past.runs[4].bundle = Bundle::Unsealed;
    let found = history(&past, None, Split::default());
    let (said, page) = (text(&found, 100), page(&found, "test"));
    for mark in
        ["part hash:1/2", "rerun", "set sim.adc.noise=9 lsb", "DEFECT ON PURPOSE gain_error", "NOT CLOSED"]
    {
        assert!(said.contains(&format!(", {mark}  run-00")), "{mark}: {said}");
        assert!(page.contains(&format!("<td class=\"odd\">{mark}</td>")), "{mark}: {page}");
    }
    assert!(
        page.matches("<td class=\"good\">passed</td>").count() == 3,
        "a pass with a defect is none, nor one of a run that is not closed"
    );
}

#[test]
fn a_bench_with_other_settings_is_in_no_trend_of_the_bench_without() {
    // Five runs on a bench that was made worse would make the spread of all, and their Cpk, that of another bench.
    let values: Vec<_> = (0..12).map(|at| Some(if at < 6 { 2.0 + noise(at) } else { 2.05 })).collect();
    let mut past = past(&values);
    past.runs.iter_mut().for_each(|run| run.fidelity = "sim".into());
    past.runs.iter_mut().skip(6).for_each(|run| run.settings = "sim.adc.noise=9 lsb".into());
    let found = history(&past, Some("amplitude"), Split::default());
    assert_eq!(found.trends.iter().map(|trend| trend.points.len()).collect::<Vec<_>>(), [6, 6]);
    let said = text(&found, 100);
    assert!(said.contains("(simulator bench, 6 values)"), "{said}");
    assert!(said.contains("(simulator bench, set sim.adc.noise=9 lsb, 6 values)"), "{said}");
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
