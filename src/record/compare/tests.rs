use super::*;
use crate::record::samples::{budget_line, case, check, head, profile};
use crate::record::{InstrumentRecord, LimitRecord, SafeState, Verdict};

fn run(checks: Vec<CheckRecord>, outcome: Outcome) -> RunRecord {
    let load = InstrumentRecord {
        role: "load".into(),
        driver: "native".into(),
        model: "m".into(),
        uid: "u".into(),
        firmware: String::new(),
        calibration: Some("c-1".into()),
    };
    RunRecord { instruments: vec![load], cases: vec![CaseRecord { checks, outcome, ..case("a") }], ..head() }
}

/// 2 mA plus so many microamperes: gain 3 uA, noise 1 uA, standard.
fn amplitude(above: f64) -> CheckRecord {
    CheckRecord {
        value: Some(2e-3 + above * 1e-6),
        uncertainty: Some(1.96 * 10_f64.sqrt() * 1e-6),
        coverage: Some(1.96),
        budget: vec![budget_line("gain", 3e-6), budget_line("noise", 1e-6)],
        ..check("amplitude", Verdict::Pass)
    }
}

#[test]
fn the_gain_of_one_instrument_cancels_and_that_of_two_does_not() {
    let (old, new) = (amplitude(0.0), amplitude(4.0));
    let one = difference(&old, &new, true).unwrap();
    // Only the noise of both is left: 1.96 × √2 uA.
    assert!((one.uncertainty - 1.96e-6 * 2_f64.sqrt()).abs() < 1e-12 && one.is_significant(), "{one:?}");
    let two = difference(&old, &new, false).unwrap();
    assert!((two.uncertainty - 1.96e-6 * 20_f64.sqrt()).abs() < 1e-12 && !two.is_significant(), "{two:?}");
    let mirrored = CheckRecord { value: new.value.map(|value| -value), ..new };
    assert_eq!(difference(&old, &mirrored, true).unwrap().cancelled, 0.0);
}

#[test]
fn the_claim_about_a_difference_holds_as_often_as_it_says() {
    use rand::SeedableRng;
    use rand_distr::{Distribution, StandardNormal};
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(11);
    let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
    for shared in [true, false] {
        let held = (0..4000).filter(|_| {
            let (gain, other) = (normal(), normal());
            let second = if shared { gain } else { other };
            let (old, new) = (amplitude(3.0 * gain + normal()), amplitude(3.0 * second + normal()));
            !difference(&old, &new, shared).unwrap().is_significant()
        });
        let share = held.count() as f64 / 4000.0;
        assert!((share - 0.95).abs() < 0.012, "{shared}: {share}");
    }
}

/// A converter whose deviation is drawn anew at each of 33 codes, straight between them, as a simulated one is: levels that lie less
/// than a segment apart, several segments apart, or on different sides of zero, as those of a check of each phase may.
#[test]
fn a_difference_of_levels_holds_whatever_the_converter_does_at_each() {
    use rand::{RngExt, SeedableRng};
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
    let measured = |level: f64, knots: &[f64; 33]| {
        let at = (level + 4e-3) / 8e-3 * 32.0;
        let from = at.floor();
        let (low, high) = (knots[from as usize], knots[from as usize + 1]);
        let deviation = low + (high - low) * (at - from);
        CheckRecord {
            value: Some((level + deviation).abs()),
            uncertainty: Some(1.96 * 1e-6),
            coverage: Some(1.96),
            budget: vec![budget_line("non-linearity", 1e-6)],
            ..check("amplitude", Verdict::Pass)
        }
    };
    for (old, new) in [(2e-3, 2.04e-3), (2e-3, 3.1e-3), (-2e-3, 2.04e-3)] {
        let held = (0..4000).filter(|_| {
            let knots: [f64; 33] = std::array::from_fn(|_| rng.random_range(-1.0..1.0) * 3_f64.sqrt() * 1e-6);
            let found = difference(&measured(old, &knots), &measured(new, &knots), true).unwrap();
            (found.value - (new.abs() - old.abs())).abs() <= found.uncertainty
        });
        let share = held.count() as f64 / 4000.0;
        assert!(share > 0.94, "{old} to {new}: {share}");
    }
}

#[test]
fn the_gain_of_other_currents_may_be_that_of_another_range() {
    let (old, new) =
        (run(vec![amplitude(0.0)], Outcome::Passed), run(vec![amplitude(1000.0)], Outcome::Passed));
    let cancelled = |change: &dyn Fn(&mut RunRecord)| {
        let mut new = new.clone();
        change(&mut new);
        compare(&old, &new).cases[0].checks[0].difference.unwrap().cancelled
    };
    assert!(cancelled(&|_| ()) > 0.0);
    assert!(cancelled(&|new| new.cases[0].profiles = vec![profile("p")]) > 0.0, "limits change no current");
    assert_eq!(cancelled(&|new| new.scenarios.values_mut().for_each(|hash| *hash = "12".into())), 0.0);
    assert_eq!(cancelled(&|new| new.cases[0].phantom_hash = "44".into()), 0.0);
}

#[test]
fn only_what_is_other_is_told_the_worst_first() {
    let old = run(vec![amplitude(0.0), check("width", Verdict::Pass)], Outcome::Passed);
    let same = compare(&old, &old.clone());
    assert_eq!((same.cases.len(), same.same, same.about.len()), (0, 1, 0));
    let mut new = run(vec![amplitude(1.0), check("width", Verdict::Fail)], Outcome::Failed);
    new.tool = "stimrig 9".into();
    new.cases.push(case("b"));
    let found = compare(&old, &new);
    assert_eq!(found.about.iter().map(|(what, ..)| *what).collect::<Vec<_>>(), ["tool"]);
    assert_eq!(found.cases.iter().map(|case| case.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(found.cases[0].checks.len(), 1, "1 uA is not significant, the verdict is");
    assert!(found.cases[0].checks[0].is_regression() && found.regressions().count() == 1);
    let back = compare(&new, &old);
    assert_eq!(
        back.regressions().map(|case| case.name.as_str()).collect::<Vec<_>>(),
        ["b"],
        "b is not run any more"
    );
}

/// Cases of one name, each in its file with its outcome.
fn cases(of: &[(&str, Outcome)]) -> RunRecord {
    let cases = of.iter().map(|(file, outcome)| CaseRecord {
        scenario: (*file).to_owned(),
        outcome: *outcome,
        ..case("a")
    });
    RunRecord { cases: cases.collect(), ..head() }
}

#[test]
fn a_case_of_the_same_name_does_not_hide_one_that_failed() {
    use Outcome::{Failed, Passed};
    let regressed = |old: &[(&str, Outcome)], new: &[(&str, Outcome)]| {
        let found = compare(&cases(old), &cases(new));
        let regressions: Vec<_> = found.regressions().map(|case| case.scenario.clone()).collect();
        (regressions, found.cases.len(), found.same)
    };
    // Two files of one name, the first of which fails now.
    let two = [("x/a.yaml", Passed), ("y/a.yaml", Passed)];
    let one_failed = [("x/a.yaml", Failed), ("y/a.yaml", Passed)];
    assert_eq!(regressed(&two, &one_failed), (vec!["x/a.yaml".to_owned()], 1, 1));
    // Two cases of one name in one file.
    let twice = [("a.yaml", Passed), ("a.yaml", Passed)];
    assert_eq!(
        regressed(&twice, &[("a.yaml", Failed), ("a.yaml", Passed)]),
        (vec!["a.yaml".to_owned()], 1, 1)
    );
    assert_eq!(regressed(&twice, &twice[..1]), (vec!["a.yaml".to_owned()], 1, 1), "one is not run any more");
    // Run from elsewhere, a file is found by its name, but not where that could be two.
    assert_eq!(
        regressed(&[("a.yaml", Passed)], &[("/ci/a.yaml", Failed)]),
        (vec!["/ci/a.yaml".to_owned()], 1, 0)
    );
    let (_, changed, same) = regressed(&two, &[("/ci/a.yaml", Passed)]);
    assert_eq!((changed, same), (3, 0), "two that are gone, one that is new");
}

#[test]
fn a_run_that_became_worse_as_a_whole_is_one_although_every_case_is_the_same() {
    let old = RunRecord { outcome: Some(Outcome::Passed), ..cases(&[("a.yaml", Outcome::Passed)]) };
    let aborted = RunRecord { outcome: Some(Outcome::Aborted), ..old.clone() };
    let live = RunRecord { safe_state: SafeState::Unconfirmed, ..old.clone() };
    let unseen = RunRecord { safe_state: SafeState::Impossible, ..old.clone() };
    for (before, after, worse) in [
        (&old, &old, &[][..]),
        (&old, &aborted, &["passed → aborted"]),
        (&aborted, &old, &[]),
        (&old, &live, &["safe state confirmed → unconfirmed"]),
        (&unseen, &live, &["safe state impossible → unconfirmed"]),
        (&live, &unseen, &[]),
    ] {
        let found = compare(before, after);
        assert_eq!(found.worse, worse);
        assert_eq!((found.is_regression(), found.cases.len()), (!worse.is_empty(), 0), "{worse:?}");
    }
}

#[test]
fn a_pass_on_the_simulator_is_less_than_one_on_a_rig_that_was_asked_for() {
    let rig = run(vec![amplitude(0.0)], Outcome::Passed);
    let mut sim = rig.clone();
    sim.cases[0].sim_only = true;
    let found = compare(&rig, &sim);
    assert_eq!((found.cases.len(), found.same, found.cases[0].sim_only), (1, 0, (false, true)));
    assert!(found.is_regression());
    assert!(!compare(&sim, &rig).is_regression() && !compare(&sim, &sim).is_regression());
    assert_eq!((compare(&sim, &rig).cases.len(), compare(&sim, &sim).same), (1, 1));
    let mut failed = rig.clone();
    failed.cases[0].outcome = Outcome::Failed;
    assert!(!compare(&failed, &sim).is_regression(), "what had failed came out no worse");
}

#[test]
fn a_check_that_is_not_judged_any_more_is_a_regression_and_one_that_is_written_otherwise_is_not() {
    let width = || check("width", Verdict::Pass);
    let both = run(vec![amplitude(0.0), width()], Outcome::Passed);
    let one = run(vec![amplitude(0.0)], Outcome::Passed);
    let found = compare(&both, &one);
    assert_eq!(found.cases[0].gone().collect::<Vec<_>>(), ["width"]);
    assert!(found.is_regression() && !compare(&one, &both).is_regression());
    // Another limit: another check of the same measurand takes its place, and is judged.
    let tighter = CheckRecord { text: "width: { within: 1 % }".into(), ..width() };
    let other = run(vec![amplitude(0.0), tighter.clone()], Outcome::Passed);
    assert!(!compare(&both, &other).is_regression() && !compare(&other, &both).is_regression());
    // One for two is one too few.
    let two = run(vec![amplitude(0.0), width(), width()], Outcome::Passed);
    assert!(compare(&two, &other).is_regression());
}

#[test]
fn other_limits_scenarios_and_instruments_are_told() {
    let old = run(vec![amplitude(0.0)], Outcome::Passed);
    let mut new = old.clone();
    new.scenarios.values_mut().for_each(|hash| *hash = "12".into());
    new.cases[0].phantom_hash = "44".into();
    new.cases[0].checks[0].limit =
        LimitRecord { upper: Some(2.2e-3), ..new.cases[0].checks[0].limit.clone() };
    new.instruments[0].calibration = Some("c-2".into());
    let found = compare(&old, &new);
    assert_eq!(found.cases[0].inputs, ["scenario", "phantom"]);
    assert_eq!(found.cases[0].checks.len(), 1);
    assert!(found.not_shared.unwrap().contains("calibration"));
    assert_eq!(found.about[0], ("calibration of the load", "c-1".to_owned(), "c-2".to_owned()));
}
