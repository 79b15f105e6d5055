//! `stimrig run`: scenarios on a rig, judged.

use std::path::{Path, PathBuf};

use crate::record::{EXIT_INTERNAL, EXIT_USAGE, Event, Fold, RunRecord, Sink};
use crate::report::{Console, annotations, append_step_summary, junit};
use crate::rig::Rig;
use crate::run::{Interrupt, Options, suite};
use crate::scenario::{Case, Plan, plan};
use crate::source::{Diagnostic, render};
use crate::store::{RunFolder, Signer, write_atomic, write_record};

use super::filter::Filter;
use super::load::{load_cases, load_rig, plugged_phantom};
use super::{NoTests, Output, RunArgs, stdout};

/// Exit code when nothing ran.
const EXIT_NOTHING: u8 = 4;

/// Runs it; the exit codes are those of `stimrig --help`.
pub(super) fn run(args: &RunArgs, output: &Output) -> u8 {
    let (rig, plans) = match prepare(args, output) {
        Ok(Some(prepared)) => prepared,
        Ok(None) => return nothing_selected(args.no_tests),
        Err(code) => return code,
    };
    let plugged = match plugged_phantom(&rig) {
        Ok(plugged) => plugged,
        Err(problems) => return refuse(&problems, output),
    };
    let interrupt = match Interrupt::listen() {
        Ok(interrupt) => interrupt,
        Err(error) => return trouble(&format!("cannot listen for signals: {error}")),
    };
    let options = Options {
        id: uuid::Uuid::now_v7().to_string(),
        jobs: args.jobs.or_else(|| std::thread::available_parallelism().ok()).map_or(1, usize::from),
        max_fail: args.failures_allowed(),
        dut: args.dut.clone(),
        operator: args.operator.clone(),
        plugged,
        keep: args.keep.into(),
        tool: concat!("stimrig ", env!("CARGO_PKG_VERSION"), " (", env!("STIMRIG_GIT"), ")").to_owned(),
    };
    if let Some(problem) = args.json.iter().chain(&args.junit).find_map(|path| unwritable(path)) {
        eprintln!("stimrig: {problem}; nothing was run, nothing was energised");
        return EXIT_USAGE;
    }
    let signer = match args.sign.as_deref().map(Signer::read).transpose() {
        Ok(signer) => signer,
        Err(error) => {
            eprintln!("stimrig: --sign: {error}; nothing was run, nothing was energised");
            return EXIT_USAGE;
        }
    };
    // Before anything is energised: a run that could not be kept is not worth running.
    let folder = match RunFolder::create(&args.runs, &options.id) {
        Ok(folder) => folder,
        Err(error) => {
            eprintln!("stimrig: {error}");
            return EXIT_USAGE;
        }
    };
    let console = Console::stderr(output.console(plans.len()));
    let mut sinks = Sinks { folder, console, fold: Fold::default() };
    let evidence = sinks.folder.evidence(&options.id, rig.is_simulated());
    suite(&plans, &rig, &options, &interrupt, &evidence, &mut sinks);
    let Some(record) = sinks.fold.record() else { return trouble("the run left no record") };
    let kept = keep(args, &mut sinks.folder, &record, signer.as_ref());
    sinks.console.finish(&record, Some(sinks.folder.path()));
    let evidence = evidence.trouble().map(|trouble| format!("raw samples: {trouble}"));
    for line in kept.iter().flatten().chain(&evidence) {
        eprintln!("stimrig: {line}");
    }
    // Evidence that was lost may not look like a pass.
    if record.exit_code == 0 && (!kept.iter().all(Option::is_none) || evidence.is_some()) {
        EXIT_INTERNAL
    } else {
        record.exit_code
    }
}

/// Why no file can appear at a path, as far as that can be known without writing it.
fn unwritable(path: &Path) -> Option<String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if path.is_dir() {
        Some(format!("{}: cannot be written: it is a folder", path.display()))
    } else if !folder.is_dir() {
        Some(format!("{}: cannot be written: there is no folder {}", path.display(), folder.display()))
    } else {
        None
    }
}

/// Everything that can be wrong is said before anything is energised.
fn prepare(args: &RunArgs, output: &Output) -> Result<Option<(Rig, Vec<Plan>)>, u8> {
    let filter = Filter::any(&args.filter).map_err(|error| {
        eprintln!("{error}");
        EXIT_USAGE
    })?;
    let mut set = args.set.clone();
    set.extend(args.seed.map(|seed| ("sim.seed".to_owned(), seed.to_string())));
    let paths: Vec<PathBuf> = args.paths.iter().map(PathBuf::from).collect();
    let mut problems = Vec::new();
    let rig = load_rig(args.rig.as_deref(), &set, &args.defect).map_err(|found| problems.extend(found)).ok();
    let loaded = load_cases(&paths).map_err(|found| problems.extend(found)).ok();
    let (Some(rig), Some(loaded)) = (rig, loaded) else { return Err(refuse(&problems, output)) };
    let selected: Vec<Case> = loaded.cases.into_iter().filter(|case| filter.matches(&case.into())).collect();
    if selected.is_empty() {
        return Ok(None);
    }
    let mut plans = Vec::new();
    for case in selected {
        match plan(case, &rig, args.strict) {
            Ok(plan) => plans.push(plan),
            Err(found) => problems.extend(found),
        }
    }
    if problems.iter().any(Diagnostic::is_error) {
        return Err(refuse(&problems, output));
    }
    let warnings = plans.iter().flat_map(|plan| plan.warnings.iter().cloned());
    let mut told: Vec<Diagnostic> = loaded.warnings;
    for warning in warnings {
        // Every case of a matrix meets the same line.
        if !told.contains(&warning) {
            told.push(warning);
        }
    }
    if output.verbosity() >= 0 && !told.is_empty() {
        eprint!("{}", render(&told, output.color()));
    }
    Ok(Some((rig, plans)))
}

/// Shows the problems; nothing has been energised.
fn refuse(problems: &[Diagnostic], output: &Output) -> u8 {
    eprint!("{}", render(problems, output.color()));
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    eprintln!("{errors} error{}; nothing was run, nothing was energised", if errors == 1 { "" } else { "s" });
    EXIT_USAGE
}

fn nothing_selected(no_tests: NoTests) -> u8 {
    match no_tests {
        NoTests::Fail => {
            eprintln!(
                "stimrig: no case is selected; `stimrig list` shows what there is (--no-tests=warn accepts this)"
            );
            EXIT_NOTHING
        }
        NoTests::Warn => {
            eprintln!("stimrig: no case is selected");
            0
        }
        NoTests::Pass => 0,
    }
}

fn trouble(what: &str) -> u8 {
    eprintln!("stimrig: {what}");
    EXIT_INTERNAL
}

/// Writes every file that was asked for; says what could not be written.
fn keep(
    args: &RunArgs,
    folder: &mut RunFolder,
    record: &RunRecord,
    signer: Option<&Signer>,
) -> [Option<String>; 5] {
    let xml = junit(record);
    let said = |result: Result<(), crate::store::StoreError>| result.err().map(|error| error.to_string());
    let json = args.json.as_deref().and_then(|path| {
        if path == Path::new("-") {
            let text = serde_json::to_string_pretty(record).map_err(|error| error.to_string());
            return text
                .and_then(|text| stdout::print(&(text + "\n")).map_err(|error| error.to_string()))
                .err();
        }
        said(write_record(path, record))
    });
    let copy = args.junit.as_deref().and_then(|path| said(write_atomic(path, xml.as_bytes())));
    let finished = said(folder.finish(record, &xml));
    // The manifest last: it is of everything else.
    let sealed = said(folder.seal(record, signer));
    [finished, sealed, json, copy, github(record)]
}

/// Annotations and the step summary, where GitHub runs this.
fn github(record: &RunRecord) -> Option<String> {
    std::env::var_os("GITHUB_ACTIONS")?;
    let lines = annotations(record);
    if !lines.is_empty() {
        eprintln!("{}", lines.join("\n"));
    }
    let summary = std::env::var_os("GITHUB_STEP_SUMMARY")?;
    append_step_summary(Path::new(&summary), record).err().map(|error| format!("step summary: {error}"))
}

/// Everything that follows a run.
struct Sinks {
    folder: RunFolder,
    console: Console,
    fold: Fold,
}

impl Sink for Sinks {
    fn take(&mut self, event: &Event) {
        // The journal first: it is the truth.
        self.folder.take(event);
        self.fold.take(event);
        self.console.take(event);
    }
}
