//! `stimrig check`: everything that can be said about scenarios, rigs, phantoms and limit profiles without hardware.

use std::path::{Path, PathBuf};

use crate::phantom::Circuits;
use crate::quantity::counted;
use crate::record::EXIT_INTERNAL;
use crate::rig::{Rig, read_certificate, read_phantom};
use crate::scenario::{Case, plan_among, read_profile, unreached_defects};
use crate::source::{Diagnostic, Kind, Severity, Source, parse, render, write_yaml};

use super::load::{add, certificate_of, load_bench, load_cases, plugged_phantom, visit};
use super::plan_text::PlanText;
use super::run_args::assignment;
use super::side_by_side::side_by_side;
use super::stdout::print;
use super::text_file::read;

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

impl FileKind {
    fn name(self) -> &'static str {
        match self {
            Self::Scenario => "scenario",
            Self::Rig => "rig",
            Self::Phantom => "phantom",
            Self::Profile => "limit profile",
            Self::Calibration => "calibration",
        }
    }
}

/// Runs it: 0 if everything is right, 2 if not.
pub fn run(args: &Args, color: bool) -> u8 {
    let mut problems = Vec::new();
    let (mut scenarios, mut others) = (Vec::new(), Vec::new());
    for path in &args.paths {
        let files = if path.is_dir() { without_scenarios(path) } else { vec![path.clone()] };
        let found: Option<Vec<_>> = files.iter().map(|file| check_other(file)).collect();
        match found.filter(|found| !found.is_empty()) {
            Some(found) => {
                for (kind, found) in found {
                    others.push(kind);
                    problems.extend(found);
                }
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
        Ok(rig) => plans = plan_all(cases, &rig, args, &mut problems),
        Err(found) => problems.extend(found),
    }
    if args.strict {
        problems.iter_mut().for_each(|problem| problem.severity = Severity::Error);
    }
    say_all!("{}", render(&problems, color));
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    if errors > 0 {
        say!("{}; nothing would run", counted(errors, "error"));
        return 2;
    }
    if args.plan {
        let text = write_yaml(&plans).map_err(|error| format!("the plan cannot be written: {error}"));
        if let Err(error) = text.and_then(|text| print(&text).map_err(|error| error.to_string())) {
            say!("error: {error}");
            return EXIT_INTERNAL;
        }
    }
    say!("{}: all right", checked(files, plans.len(), &others));
    0
}

/// `1 scenario, 4 cases`, and what else there was: `2 rigs, 1 phantom`.
fn checked(scenarios: usize, cases: usize, others: &[FileKind]) -> String {
    let mut parts = Vec::new();
    if scenarios > 0 || others.is_empty() {
        parts.extend([counted(scenarios, "scenario"), counted(cases, "case")]);
    }
    for kind in [FileKind::Rig, FileKind::Phantom, FileKind::Profile, FileKind::Calibration] {
        match others.iter().filter(|other| **other == kind).count() {
            0 => {}
            count => parts.push(counted(count, kind.name())),
        }
    }
    parts.join(", ")
}

/// Plans every case; the text of each plan where it is asked for.
fn plan_all(
    cases: Vec<Case>,
    rig: &Rig,
    args: &Args,
    problems: &mut Vec<Diagnostic>,
) -> Vec<Option<PlanText>> {
    let circuits = Circuits::default();
    // Only all plans together show that a defect acts nowhere, which a run refuses. Nothing else asks for them again.
    let keep = rig.sim.as_ref().is_some_and(|bench| !bench.defects.is_empty());
    let (mut texts, mut plans) = (Vec::with_capacity(cases.len()), Vec::new());
    let planned = side_by_side(cases, |case| {
        let mut plan = plan_among(case, rig, args.strict, &circuits)?;
        let warnings = std::mem::take(&mut plan.warnings);
        Ok::<_, Vec<Diagnostic>>((
            args.plan.then(|| PlanText::of(&plan, rig)),
            warnings,
            keep.then_some(plan),
        ))
    });
    for one in planned {
        match one {
            Ok((text, warnings, plan)) => {
                add(problems, warnings);
                texts.push(text);
                plans.extend(plan);
            }
            Err(found) => add(problems, found),
        }
    }
    add(problems, unreached_defects(&plans, rig));
    texts
}

/// The files below a folder of benches, phantoms, profiles or calibrations; none of a folder in which a scenario is, whose
/// files are chosen as for a run.
fn without_scenarios(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let others = visit(folder, &mut |path| {
        let is_other = read(&path).is_ok_and(|source| kind_of(&source) != FileKind::Scenario);
        files.push(path);
        is_other
    });
    // What cannot be read is told as of a folder of scenarios.
    if others.is_ok_and(|others| others) { files } else { Vec::new() }
}

/// What a file is and its problems; `None` for a scenario, a folder, or a file that is not there.
fn check_other(path: &Path) -> Option<(FileKind, Vec<Diagnostic>)> {
    if !path.is_file() {
        return None;
    }
    let source = read(path).ok()?;
    let kind = kind_of(&source);
    let problems = match kind {
        FileKind::Scenario => return None,
        FileKind::Rig => Rig::read(&source).map_or_else(|found| found, |rig| named_by(&rig)),
        FileKind::Profile => read_profile(&source).err().unwrap_or_default(),
        FileKind::Calibration => read_certificate(&source).err().unwrap_or_default(),
        FileKind::Phantom => read_phantom(&source).err().unwrap_or_default(),
    };
    Some((kind, problems))
}

/// The problems of the files that a rig file names: a run would not begin with them.
fn named_by(rig: &Rig) -> Vec<Diagnostic> {
    let calibration = match certificate_of(rig) {
        Ok(certificate) => certificate.map(|certificate| rig.unread_of(&certificate)).unwrap_or_default(),
        Err(found) => found,
    };
    calibration.into_iter().chain(plugged_phantom(rig).err().unwrap_or_default()).collect()
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
