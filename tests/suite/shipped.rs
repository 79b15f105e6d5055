//! The scenarios, benches and requirements that ship: all readable, runnable on the default bench, and complete.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use stimrig::rig::{DEFAULT_RIG, DefectKind, Rig};
use stimrig::scenario::{
    Check, Criterion, Measurand, Plan, plan, read_profile, read_requirements, read_scenario, shipped,
};
use stimrig::source::{Source, parse};

use crate::command::{checks, run};

fn yaml_files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the repository") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "yaml") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn source(path: &Path) -> Source {
    let text = std::fs::read_to_string(path).expect("readable");
    Source::new(path.to_str().expect("a plain name"), text.as_str())
}

fn scenarios() -> Vec<PathBuf> {
    let scenario =
        |path: &PathBuf| !path.ends_with("requirements.yaml") && !path.starts_with("scenarios/profiles");
    yaml_files("scenarios").into_iter().filter(scenario).collect()
}

/// Every case of every scenario, planned on the default bench.
fn plans() -> Vec<Plan> {
    let rig = Rig::read(&Source::new(DEFAULT_RIG.0, DEFAULT_RIG.1)).expect("the default bench is good");
    let mut plans = Vec::new();
    for path in scenarios() {
        let (cases, problems) = read_scenario(&source(&path), &mut shipped);
        assert!(problems.is_empty(), "{}: {problems:#?}", path.display());
        for case in cases {
            let name = case.name.clone();
            let plan = plan(case, &rig, true).unwrap_or_else(|problems| panic!("{name}: {problems:#?}"));
            assert!(plan.missing.is_empty(), "{name}: {:?}", plan.missing);
            plans.push(plan);
        }
    }
    plans
}

#[test]
fn every_scenario_can_run_on_the_default_bench_without_a_warning() {
    let plans = plans();
    assert!(scenarios().len() >= 15 && plans.len() > scenarios().len());
    // The whole suite is promised within ten seconds on two cores.
    let seconds: f64 = plans.iter().map(|plan| plan.duration).sum();
    assert!(seconds < 180.0, "{seconds} s of scenario time");
}

#[test]
fn every_measurand_that_can_be_measured_is_asked_for() {
    let used: BTreeSet<&str> = plans()
        .iter()
        .flat_map(|plan| plan.case.checks.iter().map(|check| check.measurand.name()).collect::<Vec<_>>())
        .collect();
    let can = Measurand::ALL.iter();
    let unused: Vec<_> = can.map(|measurand| measurand.name()).filter(|name| !used.contains(name)).collect();
    assert!(unused.is_empty(), "{unused:?}");
}

#[test]
fn requirements_are_listed_and_each_has_a_scenario() {
    let listed = read_requirements(&source(Path::new("scenarios/requirements.yaml")));
    let listed = listed.unwrap_or_else(|problems| panic!("{problems:#?}"));
    let listed: BTreeSet<String> = listed.into_iter().map(|requirement| requirement.id).collect();
    let verified: BTreeSet<String> = plans().into_iter().flat_map(|plan| plan.case.verifies).collect();
    assert_eq!(listed, verified);
}

#[test]
fn names_and_smoke_tags_are_as_promised() {
    let plans = plans();
    let names: BTreeSet<&str> = plans.iter().map(|plan| plan.case.name.as_str()).collect();
    assert_eq!(names.len(), plans.len(), "a name is said once");
    let smoke: Vec<_> = plans.iter().filter(|plan| plan.case.tags.iter().any(|tag| tag == "smoke")).collect();
    let files: BTreeSet<&str> = smoke.iter().map(|plan| plan.case.file.as_str()).collect();
    assert!((6..=8).contains(&files.len()), "{files:?}");
    assert!(smoke.iter().all(|plan| plan.duration <= 1.5), "smoke is quick");
}

#[test]
fn every_defect_has_its_bench() {
    let can = DefectKind::ALL.iter();
    for kind in can {
        let path = PathBuf::from(format!("rig/sim-defects/{}.yaml", kind.name()));
        let rig = Rig::read(&source(&path)).unwrap_or_else(|problems| panic!("{problems:#?}"));
        let defects = rig.sim.expect("simulated").defects;
        assert_eq!(defects.iter().map(|defect| defect.kind).collect::<Vec<_>>(), [*kind]);
    }
    for path in yaml_files("rig") {
        assert!(parse(&source(&path)).is_ok(), "{}", path.display());
    }
}

#[test]
fn the_tutorial_ends_as_it_says() {
    let page = std::fs::read_to_string("scenarios/README.md").expect("readable");
    let (_, tutorial) = page.split_once("## Tutorial").expect("there is one");
    let block = |kind: &str| {
        let (_, rest) = tutorial.split_once(&format!("```{kind}\n")).expect("an example");
        rest.split_once("```").expect("its end").0
    };
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("sacral.yaml");
    let path = file.to_str().expect("a plain name");
    std::fs::write(&file, block("text")).expect("written");
    let problems = read_scenario(&source(&file), &mut shipped);
    assert!(problems.1.iter().any(|problem| problem.what == "`210` has no unit"), "{problems:#?}");
    std::fs::write(&file, block("yaml")).expect("written");
    assert_eq!(run(&[path]).0, 0);
    let (exit, record) = run(&[path, "--defect", "phase_mismatch=1.5 %"]);
    assert_eq!(exit, 1);
    let failed: Vec<_> =
        checks(&record).into_iter().filter(|(_, check)| check["verdict"] == "fail").collect();
    assert!(failed.len() == 1 && failed[0].1["measurand"] == "charge_imbalance", "{failed:#?}");
    assert!(failed[0].1["sketch"].is_object(), "a failing check has its figure");
}

#[test]
fn every_defect_that_can_be_simulated_is_caught_by_name() {
    let (cases, page) = (
        std::fs::read_to_string("tests/suite/defects.rs").expect("readable"),
        std::fs::read_to_string("rig/README.md").expect("readable"),
    );
    let can = DefectKind::ALL.iter();
    for name in can.map(|kind| kind.name()) {
        assert!(cases.contains(&format!("#[case(\"{name}\", ")), "no scenario is known to catch {name}");
        assert!(page.contains(&format!("`{name}`")), "rig/README.md says nothing of {name}");
    }
}

#[test]
fn every_scenario_says_where_its_numbers_come_from_and_what_it_verifies() {
    for plan in &plans() {
        assert!(plan.case.about.is_some() && !plan.case.tags.is_empty(), "{}", plan.case.name);
        assert!(!plan.case.verifies.is_empty(), "{} verifies nothing", plan.case.name);
    }
}

/// A scenario that claims a requirement asks for no less than its figure: else a pass of that scenario would prove too much.
#[test]
fn a_scenario_asks_for_the_figure_of_what_it_verifies() {
    let within = |check: &Check, rel: f64, abs: f64| match check.criterion {
        Criterion::Within { tolerance, .. } => tolerance.rel <= rel && tolerance.abs <= abs,
        _ => false,
    };
    let below = |check: &Check, most: f64| match check.criterion {
        Criterion::AtMost(limit) | Criterion::Magnitude(limit) => limit <= most,
        _ => false,
    };
    let asks = |id: &str, check: &Check| match (id, check.measurand) {
        ("SYS-AM-001", Measurand::Amplitude | Measurand::ChargePerPhase) => within(check, 0.03, 0.0),
        ("SYS-TI-001", Measurand::Width) => within(check, 0.02, 5e-6),
        ("SYS-TI-002", Measurand::Rate) => within(check, 0.005, 0.0),
        ("SYS-TI-005", Measurand::StartLatency) => below(check, 20e-3),
        ("SYS-CB-001" | "SYS-CB-008", Measurand::ChargeImbalance) => below(check, 0.005),
        ("SYS-CB-004", Measurand::MeanDcCurrent | Measurand::DcLeakageCurrent) => below(check, 100e-9),
        ("SYS-CB-005", Measurand::ResidualVoltage) => below(check, 50e-3),
        ("SYS-CB-007", Measurand::MeanDcCurrent) => below(check, 1e-6),
        ("SYS-FS-001" | "SYS-FS-002", Measurand::ShutdownLatency) => below(check, 25e-3),
        ("SYS-FS-003", Measurand::ShutdownLatency) => below(check, 0.6),
        ("SYS-SA-001", Measurand::StopLatency) => below(check, 0.1),
        _ => false,
    };
    let figures = [
        "SYS-AM-001",
        "SYS-TI-001",
        "SYS-TI-002",
        "SYS-TI-005",
        "SYS-CB-001",
        "SYS-CB-004",
        "SYS-CB-005",
        "SYS-CB-007",
        "SYS-CB-008",
        "SYS-FS-001",
        "SYS-FS-002",
        "SYS-FS-003",
        "SYS-SA-001",
    ];
    let mut held = BTreeSet::new();
    for plan in &plans() {
        let checks = &plan.case.checks;
        for id in plan.case.verifies.iter().filter(|id| figures.contains(&id.as_str())) {
            let asked = checks.iter().any(|check| asks(id, check));
            assert!(asked, "{} verifies {id} and asks for less", plan.case.name);
            held.insert(id.clone());
        }
        if plan.case.verifies.iter().any(|id| id == "SYS-TI-002") {
            let counted = |check: &Check| check.measurand == Measurand::MissingPulses;
            assert!(checks.iter().any(counted), "{} misses no pulse", plan.case.name);
        }
    }
    assert_eq!(held.len(), figures.len(), "{held:?}");
}

#[test]
fn every_example_of_the_language_page_can_run() {
    let page = std::fs::read_to_string("scenarios/README.md").expect("readable");
    let rig = Rig::read(&Source::new(DEFAULT_RIG.0, DEFAULT_RIG.1)).expect("the default bench is good");
    let examples: Vec<&str> = page
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("```").map(|(example, _)| example))
        .collect();
    assert!(examples.len() >= 9, "{}", examples.len());
    for example in examples {
        if example.contains("\ncitation: ") {
            read_profile(&Source::new("example.yaml", example)).expect("a good limit profile");
            continue;
        }
        let (cases, problems) = read_scenario(&Source::new("example.yaml", example), &mut shipped);
        assert!(problems.is_empty(), "{example}\n{problems:#?}");
        for case in cases {
            plan(case, &rig, true).unwrap_or_else(|problems| panic!("{example}\n{problems:#?}"));
        }
    }
}
