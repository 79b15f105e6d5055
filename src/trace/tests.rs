use crate::record::samples::{case, head};
use crate::record::{CaseRecord, InstrumentRecord, Outcome, RunRecord};
use crate::scenario::Requirement;

use super::*;

fn requirements() -> Vec<Requirement> {
    let of = |id: &str| Requirement { id: id.into(), text: format!("<i>{id}</i>"), line: 1 };
    vec![of("R-1"), of("R-2"), of("R-3")]
}

fn now(name: &str, verifies: &[&str]) -> Now {
    Now {
        scenario: "scenarios/amplitude/a.yaml".into(),
        name: name.into(),
        verifies: verifies.iter().map(|id| (*id).to_owned()).collect(),
        rig_only: false,
        hash: "11".into(),
        phantom: ("r1k".into(), "33".into()),
        profiles: Vec::new(),
    }
}

/// A run of these cases that counts.
fn run(id: &str, fidelity: &str, firmware: &str, cases: &[(&str, Outcome)]) -> Run {
    let stimulator = InstrumentRecord {
        role: "stimulator".into(),
        driver: "native".into(),
        model: "m".into(),
        uid: "u".into(),
        firmware: firmware.into(),
        calibration: None,
    };
    let cases = cases.iter().map(|(name, outcome)| CaseRecord { outcome: *outcome, ..case(name) });
    let record = RunRecord {
        id: id.into(),
        fidelity: fidelity.into(),
        instruments: vec![stimulator],
        cases: cases.collect(),
        ..head()
    };
    Run { record, not_counted: None, killed: false }
}

/// Status of the first requirement, whose only case is `a`, and why it is not proved on a rig.
fn status(runs: &[Run]) -> (Status, Option<String>) {
    let found = trace(&requirements(), &[now("a", &["R-1"])], runs, None);
    (found.rows[0].status.clone(), found.rows[0].missing_on_rig.clone())
}

fn hole(runs: &[Run]) -> String {
    match status(runs).0 {
        Status::Hole(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_simulated_pass_never_counts_for_a_rig() {
    let sim = run("s", "sim", "aa", &[("a", Outcome::Passed)]);
    let (found, on_rig) = status(std::slice::from_ref(&sim));
    assert_eq!(found, Status::SimOnly);
    assert_eq!(on_rig.unwrap(), "not run on a rig: a");
    let rig = run("r", "rig", "aa", &[("a", Outcome::Passed)]);
    assert_eq!(status(&[sim.clone(), rig.clone()]), (Status::Rig, None));
    // A pass that asked for a rig and had none, in a run that says it is one.
    let mut pretending = rig.clone();
    pretending.record.cases[0].sim_only = true;
    assert_eq!(status(&[pretending]).0, Status::SimOnly);
    // A case that asks for a rig is not proved at all without one.
    let asks = Now { rig_only: true, ..now("a", &["R-1"]) };
    let found = trace(&requirements(), &[asks], &[sim], None);
    assert!(found.rows[0].missing(Level::Sim).unwrap().contains("on a rig, which it asks for"));
}

#[test]
fn running_again_never_turns_it_green() {
    let of = |id: &str, outcome| run(id, "rig", "aa", &[("a", outcome)]);
    let (passed, failed) = (of("p", Outcome::Passed), of("f", Outcome::Failed));
    assert_eq!(hole(&[failed.clone(), passed.clone(), passed.clone()]), "failed: a (run f)");
    assert_eq!(
        hole(&[passed.clone(), of("i", Outcome::Inconclusive), passed.clone()]),
        "inconclusive: a (run i)"
    );
    // What judged nothing stands until a later run judges, and hides no failure.
    let invalid = of("v", Outcome::Invalid);
    assert_eq!(hole(&[passed.clone(), invalid.clone()]), "invalid: a (run v)");
    assert_eq!(status(&[invalid.clone(), passed.clone()]).0, Status::Rig);
    assert_eq!(hole(&[failed.clone(), invalid]), "failed: a (run f)");
    assert_eq!(status(&[passed.clone(), of("k", Outcome::Skipped)]).0, Status::Rig);
    assert_eq!(hole(&[of("k", Outcome::Skipped)]), "skipped: a (run k)");
    // Neither side makes good what failed on the other.
    let sim = run("s", "sim", "aa", &[("a", Outcome::Failed)]);
    assert_eq!(hole(&[sim, of("k", Outcome::Skipped)]).split(':').next(), Some("failed"));
    let sim = run("s", "sim", "aa", &[("a", Outcome::Passed)]);
    assert_eq!(status(&[sim.clone(), of("k", Outcome::Skipped)]).0, Status::SimOnly);
    assert_eq!(hole(&[sim, failed]), "failed: a (run f)");
}

#[test]
fn a_skip_does_not_unsay_what_went_wrong() {
    let of = |id: &str, outcome| run(id, "rig", "aa", &[("a", outcome)]);
    let sim = run("s", "sim", "aa", &[("a", Outcome::Passed)]);
    for outcome in [Outcome::RigError, Outcome::Invalid, Outcome::Aborted] {
        let runs = [sim.clone(), of("e", outcome), of("k", Outcome::Skipped)];
        assert_eq!(hole(&runs), format!("{}: a (run e)", outcome.name()));
        // What judges later does, and of two skips the latest is named.
        let judged = [of("e", outcome), of("k", Outcome::Skipped), of("p", Outcome::Passed)];
        assert_eq!(status(&judged).0, Status::Rig);
    }
    assert_eq!(hole(&[of("k", Outcome::Skipped), of("l", Outcome::Skipped)]), "skipped: a (run l)");
}

#[test]
fn a_simulated_pass_of_a_case_that_asks_for_a_rig_is_shown_as_that() {
    let asks = |name: &str| Now { rig_only: true, ..now(name, &["R-1"]) };
    let cases = [asks("a"), asks("b")];
    let both =
        |fidelity: &str, second| run(fidelity, fidelity, "aa", &[("a", Outcome::Passed), ("b", second)]);
    let sim = both("sim", Outcome::Passed);
    let found = trace(&requirements(), &cases, &[sim.clone(), both("rig", Outcome::Passed)], None);
    let cells = &found.rows[0].scenarios[0].cells;
    assert_eq!(
        cells.iter().map(|cell| cell.standing).collect::<Vec<_>>(),
        [Standing::SimOnly, Standing::Passed]
    );
    assert_eq!((cells[0].passed, cells[0].of, &cells[0].case), (2, 2, &None));
    let (said, page) = (text(&found), page(&found, "test"));
    assert!(said.contains("[1] sim only 2/2 by run sim  [2] passed 2/2 by run rig\n"), "{said}");
    assert!(page.contains("<td class=\"odd\">sim only 2/2"), "{page}");
    let value: serde_json::Value = serde_json::from_str(&json(&found)).unwrap();
    assert_eq!(value["requirements"][0]["scenarios"][0]["cells"][0]["standing"], "sim only");
    assert!(csv(&found).unwrap().contains(",sim only,2,2,"), "{}", csv(&found).unwrap());
    // One that failed is worse, and a case that the simulator will do for is passed there.
    let failed = trace(&requirements(), &cases, &[both("sim", Outcome::Failed)], None);
    let cell = &failed.rows[0].scenarios[0].cells[0];
    assert_eq!((cell.standing, cell.passed), (Standing::Not(Outcome::Failed), 1));
    let plain = trace(&requirements(), &[now("a", &["R-1"])], &[sim], None);
    assert_eq!(plain.rows[0].scenarios[0].cells[0].standing, Standing::Passed);
}

#[test]
fn what_passed_names_the_runs_that_prove_it() {
    let cases = [now("a", &["R-1"]), now("b", &["R-1"]), now("c", &["R-1"])];
    let of = |id: &str, cases: &[(&str, Outcome)]| run(id, "rig", "aa", cases);
    let (passed, failed) = (Outcome::Passed, Outcome::Failed);
    // The later of two runs that passed a case is named, and a run that passed two cases once.
    let runs =
        [of("r1", &[("a", passed), ("b", passed)]), of("r2", &[("b", passed)]), of("r3", &[("c", passed)])];
    let found = trace(&requirements(), &cases, &runs, None);
    assert_eq!(found.rows[0].scenarios[0].cells[0].passed_by, ["r1", "r2", "r3"]);
    let words = "passed 3/3 by runs r1, r2, r3";
    assert!(text(&found).contains(&format!("[1] {words}\n")), "{}", text(&found));
    let shown = page(&found, "test");
    assert!(shown.contains(&format!("<td class=\"good\">{words}</td>")), "{shown}");
    assert!(shown.contains("<td>R-1: &lt;i&gt;R-1&lt;/i&gt;</td>"), "what was proved is told: {shown}");
    let value: serde_json::Value = serde_json::from_str(&json(&found)).unwrap();
    let cell = &value["requirements"][0]["scenarios"][0]["cells"][0];
    assert_eq!(cell["passed_by"], serde_json::json!(["r1", "r2", "r3"]));
    // What failed is told with its run where it says why; what passed beside it is not lost.
    let runs = [of("r1", &[("a", passed), ("b", passed), ("c", failed)])];
    let found = trace(&requirements(), &cases, &runs, None);
    assert!(text(&found).contains("[1] failed, 2/3 passed by run r1\n"), "{}", text(&found));
    let none = trace(&requirements(), &cases, &[of("r1", &[("a", failed)])], None);
    assert!(text(&none).contains("[1] failed, 0/3 passed\n"), "{}", text(&none));
}

#[test]
fn a_pass_on_a_rig_does_not_hide_a_failure_on_the_simulator() {
    let rig = run("r", "rig", "aa", &[("a", Outcome::Passed)]);
    let sim = |outcome| run("s", "sim", "bb", &[("a", outcome)]);
    let traced = |runs: &[Run]| trace(&requirements(), &[now("a", &["R-1"])], runs, None);
    let found = traced(&[rig.clone(), sim(Outcome::Failed)]);
    let row = &found.rows[0];
    assert_eq!((&row.status, row.missing(Level::Rig)), (&Status::Rig, None));
    assert_eq!(row.missing(Level::Sim), Some("failed: a (run s)"));
    // Whoever is refused is told why.
    assert!(text(&found).contains("but on the simulator: failed: a (run s)"), "{}", text(&found));
    assert!(page(&found, "test").contains("Proved on a rig, but not on the simulator"));
    // What the simulator has not run, or cannot do, a rig may prove.
    assert_eq!(traced(std::slice::from_ref(&rig)).rows[0].missing(Level::Sim), None);
    assert_eq!(traced(&[rig, sim(Outcome::Skipped)]).rows[0].missing(Level::Sim), None);
}

#[test]
fn what_changed_since_is_stale_and_named() {
    let good = run("r", "rig", "aa", &[("a", Outcome::Passed)]);
    let stale = |change: &dyn Fn(&mut RunRecord)| {
        let mut old = good.clone();
        change(&mut old.record);
        let found = trace(&requirements(), &[now("a", &["R-1"])], &[old], None);
        assert!(
            matches!(&found.rows[0].status, Status::Hole(why) if why.starts_with("stale: a (run r)")),
            "{found:?}"
        );
        found.rows[0].scenarios[0].cells[0].changed.join(" ")
    };
    assert_eq!(
        stale(&|record| record.scenarios.values_mut().for_each(|hash| *hash = "12".into())),
        "scenario"
    );
    assert_eq!(stale(&|record| record.cases[0].phantom_hash = "34".into()), "phantom");
    let profile = crate::record::samples::profile("p");
    assert_eq!(stale(&|record| record.cases[0].profiles = vec![profile.clone()]), "profiles");
    // A newer firmware has run, though another case: what the older one proved is stale.
    let newer = run("n", "rig", "bb", &[("b", Outcome::Passed)]);
    let runs = [good.clone(), newer];
    assert_eq!(hole(&runs), "stale: a (run r)");
    let found = trace(&requirements(), &[now("a", &["R-1"])], &runs, Some("aa"));
    assert_eq!(found.rows[0].status, Status::Rig, "asked for by its hash");
    assert!(found.columns[0].current && found.columns[0].firmware == "aa");
    // A failure of the older firmware is not one of this one.
    let failed = run("f", "rig", "aa", &[("a", Outcome::Failed)]);
    assert_eq!(status(&[failed, run("n", "rig", "bb", &[("a", Outcome::Passed)])]).0, Status::Rig);
}

#[test]
fn a_run_that_does_not_count_proves_and_disproves_nothing_but_is_named() {
    let mut altered = run("x", "rig", "aa", &[("a", Outcome::Passed)]);
    altered.not_counted = Some("altered".into());
    let found = trace(&requirements(), &[now("a", &["R-1"])], &[altered], None);
    assert_eq!(found.rows[0].missing(Level::Sim), Some("not run: a"));
    assert_eq!((found.counted, &found.not_counted[..]), (0, &[("x".to_owned(), "altered".to_owned())][..]));
}

#[test]
fn what_failed_in_a_run_that_was_killed_still_counts_and_what_passed_does_not() {
    let killed = |outcome| {
        let mut run = run("k", "rig", "aa", &[("a", outcome)]);
        (run.not_counted, run.killed) = (Some("unfinished".into()), true);
        run
    };
    let passed = run("p", "rig", "aa", &[("a", Outcome::Passed)]);
    for outcome in [Outcome::Failed, Outcome::Unsafe, Outcome::Inconclusive] {
        assert_eq!(hole(&[killed(outcome), passed.clone()]), format!("{}: a (run k)", outcome.name()));
    }
    for outcome in [Outcome::Passed, Outcome::Aborted] {
        assert_eq!(hole(&[killed(outcome)]), "not run: a");
        assert_eq!(status(&[killed(outcome), passed.clone()]).0, Status::Rig);
    }
    // Of another scenario than the one that is traced it is stale, as everything else.
    let mut old = killed(Outcome::Failed);
    old.record.scenarios.values_mut().for_each(|hash| *hash = "12".into());
    assert_eq!(status(&[old, passed]).0, Status::Rig);
}

#[test]
fn what_two_firmwares_proved_is_not_put_together() {
    let runs = [
        run("r", "rig", "ab1", &[("a", Outcome::Passed)]),
        run("s", "rig", "ab2", &[("b", Outcome::Passed)]),
    ];
    let cases = [now("a", &["R-1"]), now("b", &["R-1"])];
    let traced = |wanted: Option<&str>| trace(&requirements(), &cases, &runs, wanted);
    assert_eq!(traced(Some("ab")).ambiguous(), Some(("ab1", "ab2")));
    for wanted in [None, Some("ab1"), Some("ab2"), Some("ff")] {
        let found = traced(wanted);
        assert_eq!(found.ambiguous(), None, "{wanted:?}");
        assert!(matches!(found.rows[0].status, Status::Hole(_)), "{wanted:?}");
    }
    // The simulator's own is another column, not another firmware to be proved.
    let both = [runs[0].clone(), run("t", "sim", "ab3", &[("a", Outcome::Passed)])];
    assert_eq!(trace(&requirements(), &cases, &both, Some("ab")).ambiguous(), None);
}

#[test]
fn runs_that_were_taken_away_are_in_every_form_that_has_a_place_for_them() {
    let good = run("r", "rig", "aa", &[("a", Outcome::Passed)]);
    let all = [Requirement { id: "R-1".into(), text: String::new(), line: 1 }];
    let mut found = trace(&all, &[now("a", &["R-1"])], &[good], None);
    assert!(page(&found, "test").contains("class=\"verdict good\""));
    found.gaps = vec!["run <x> is not here any more".into()];
    assert!(text(&found).contains("  MISSING: run <x> is not here any more\n"));
    let value: serde_json::Value = serde_json::from_str(&json(&found)).unwrap();
    assert_eq!(value["gaps"][0], "run <x> is not here any more");
    let page = page(&found, "test");
    assert!(
        page.contains("run &lt;x&gt; is not here any more") && page.contains("class=\"verdict bad\""),
        "{page}"
    );
}

#[test]
fn every_case_must_pass_and_every_form_says_so() {
    let cases = [now("a", &["R-1", "R-2"]), now("b", &["R-1", "R-9"])];
    let runs = [run("r", "rig", "aa", &[("a", Outcome::Passed)])];
    let found = trace(&requirements(), &cases, &runs, None);
    assert_eq!(found.rows[0].missing(Level::Rig), Some("not run on a rig: b"));
    assert_eq!(
        (&found.rows[1].status, found.rows[2].missing(Level::Sim)),
        (&Status::Rig, Some("no scenario verifies it"))
    );
    assert_eq!(found.unknown, [("R-9".to_owned(), "scenarios/amplitude/a.yaml".to_owned())]);
    let cell = &found.rows[0].scenarios[0].cells[0];
    assert_eq!(
        (cell.standing, cell.passed, cell.of, cell.case.as_deref()),
        (Standing::NotRun, 1, 2, Some("b"))
    );
    let said = text(&found);
    for words in [
        "3 requirements: 1 proved on a rig, 0 on the simulator only, 2 not proved",
        "not run, 1/2 passed",
        "R-9  verified by",
        "no scenario verifies it",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let value: serde_json::Value = serde_json::from_str(&json(&found)).unwrap();
    assert_eq!(value["requirements"][1]["scenarios"][0]["cells"][0]["run"], "r");
    let table = csv(&found).unwrap();
    assert_eq!(::csv::Reader::from_reader(table.as_bytes()).records().map(Result::unwrap).count(), 3);
    let page = page(&found, "test");
    assert!(!page.contains("<i>") && page.contains("&lt;i&gt;R-3"), "{page}");
}
