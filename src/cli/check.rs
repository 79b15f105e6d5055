//! `stimrig check`: everything that can be said about scenarios, rigs, phantoms and limit profiles without hardware.

use std::path::{Path, PathBuf};

use crate::phantom::Circuits;
use crate::record::EXIT_INTERNAL;
use crate::rig::{Rig, read_certificate, read_phantom};
use crate::scenario::{Case, plan_among, read_profile, unreached_defects};
use crate::source::{Diagnostic, Kind, Severity, Source, parse, render, write_yaml};

use super::load::{load_bench, load_cases, read};
use super::plan_text::PlanText;
use super::run_args::assignment;
use super::side_by_side::side_by_side;
use super::stdout::print;

/// Check scenarios, rigs, phantoms and limit profiles without hardware
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Scenario, rig, phantom and profile files, folders, or FILE#NUMBER for one case [default: scenarios/]
    pub paths: Vec<PathBuf>,
    /// Print the plan of every case as YAML
    #[arg(long)]
    pub plan: bool,
    /// Rig to plan against [default: rig/sim.yaml]
    #[arg(long, value_name = "FILE", env = "STIMRIG_RIG")]
    pub rig: Option<PathBuf>,
    /// Set a value of a simulated rig, such as sim.adc.noise='2 lsb'
    #[arg(long, value_name = "KEY=VALUE", value_parser = assignment)]
    pub set: Vec<(String, String)>,
    /// Add a defect to a simulated rig, such as gain_error='5 %'
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    pub defect: Vec<(String, String)>,
    /// Warnings and missing capabilities are errors
    #[arg(long)]
    pub strict: bool,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FileKind {
    Scenario,
    Rig,
    Phantom,
    Profile,
    Calibration,
}

/// Runs it: 0 if everything is right, 2 if not.
pub fn run(args: &Args, color: bool) -> u8 {
    let mut problems = Vec::new();
    let (mut scenarios, mut others) = (Vec::new(), 0);
    for path in &args.paths {
        match check_other(path) {
            Some(found) => {
                others += 1;
                problems.extend(found);
            }
            None => scenarios.push(path.clone()),
        }
    }
    let (mut cases, mut files) = (Vec::new(), 0);
    if !scenarios.is_empty() || args.paths.is_empty() {
        match load_cases(&scenarios) {
            Ok(loaded) => {
                (cases, files) = (loaded.cases, loaded.files);
                problems.extend(loaded.warnings);
            }
            Err(found) => problems.extend(found),
        }
    }
    let mut plans = Vec::new();
    match load_bench(args.rig.as_deref(), &args.set, &args.defect) {
        Ok(rig) => plans = plan_all(&cases, &rig, args, &mut problems),
        Err(found) => problems.extend(found),
    }
    if args.strict {
        problems.iter_mut().for_each(|problem| problem.severity = Severity::Error);
    }
    say_all!("{}", render(&problems, color));
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    if errors > 0 {
        say!("{errors} error{}; nothing would run", if errors == 1 { "" } else { "s" });
        return 2;
    }
    if args.plan {
        let text = write_yaml(&plans).map_err(|error| format!("the plan cannot be written: {error}"));
        if let Err(error) = text.and_then(|text| print(&text).map_err(|error| error.to_string())) {
            say!("error: {error}");
            return EXIT_INTERNAL;
        }
    }
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let others = if others == 0 { String::new() } else { format!(", {}", plural(others, "other file")) };
    say!("{}, {}{others}: all right", plural(files, "scenario"), plural(plans.len(), "case"));
    0
}

/// Plans every case; the text of each plan where it is asked for.
fn plan_all(cases: &[Case], rig: &Rig, args: &Args, problems: &mut Vec<Diagnostic>) -> Vec<Option<PlanText>> {
    let circuits = Circuits::default();
    let planned = side_by_side(cases, |case| {
        let plan = plan_among(case.clone(), rig, args.strict, &circuits)?;
        Ok((args.plan.then(|| PlanText::of(&plan, rig)), plan))
    });
    let (mut texts, mut plans) = (Vec::with_capacity(cases.len()), Vec::with_capacity(cases.len()));
    for one in planned {
        match one {
            Ok((text, plan)) => {
                add(problems, plan.warnings.clone());
                texts.push(text);
                plans.push(plan);
            }
            Err(found) => add(problems, found),
        }
    }
    // Only all of them together show that a defect acts nowhere, which a run refuses.
    add(problems, unreached_defects(&plans, rig));
    texts
}

/// The same line of a scenario is wrong once, however many cases share it.
fn add(problems: &mut Vec<Diagnostic>, found: Vec<Diagnostic>) {
    for problem in found {
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
}

/// The problems of a rig, phantom or profile file; `None` for a scenario, a folder, or a file that is not there.
fn check_other(path: &Path) -> Option<Vec<Diagnostic>> {
    if !path.is_file() {
        return None;
    }
    let source = read(path).ok()?;
    match kind_of(&source) {
        FileKind::Scenario => None,
        FileKind::Rig => Some(Rig::read(&source).err().unwrap_or_default()),
        FileKind::Profile => Some(read_profile(&source).err().unwrap_or_default()),
        FileKind::Calibration => Some(read_certificate(&source).err().unwrap_or_default()),
        FileKind::Phantom => Some(read_phantom(&source).err().unwrap_or_default()),
    }
}

fn kind_of(source: &Source) -> FileKind {
    let Ok((root, _)) = parse(source) else { return FileKind::Scenario };
    let Kind::Map(entries) = &root.kind else { return FileKind::Scenario };
    let has = |key: &str| entries.iter().any(|(own, _)| own.text == key);
    if has("certificate") {
        FileKind::Calibration
    } else if has("citation") || has("verified") {
        FileKind::Profile
    } else if has("program") || has("expect") {
        FileKind::Scenario
    } else if has("stimulator") || has("load") || has("sim") {
        FileKind::Rig
    } else if has("elements") || has("contacts") {
        FileKind::Phantom
    } else {
        FileKind::Scenario
    }
}
