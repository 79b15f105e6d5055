//! `stimrig run`: scenarios on a rig, judged.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::quantity::counted;
use crate::record::{EXIT_INTERNAL, EXIT_UNSAFE, EXIT_USAGE, Event, Fold, RunRecord, Sink};
use crate::report::{Closing, Console, annotations, append_step_summary, ctrf, junit, page, tap};
use crate::rig::Rig;
use crate::run::{Cause, Interrupt, Options, Origin, Person, suite};
use crate::scenario::Plan;
use crate::source::{Diagnostic, render};
use crate::store::{Evidence, Index, JUNIT, REPORT, RunFolder, Signer, write_atomic, write_record};

use super::load::{load_bench, plugged_phantom};
use super::operator;
use super::recover::{recover, take};
use super::selection::Selection;
use super::{NoTests, Output, RunArgs, stdout};

/// Exit code when nothing ran.
const EXIT_NOTHING: u8 = 4;

/// Runs it; the exit codes are those of `stimrig --help`.
pub(super) fn run(args: &RunArgs, output: &Output) -> u8 {
    begin(args, None, output)
}

/// Runs what an earlier run left over.
pub(super) fn again(args: &RunArgs, rerun_of: String, output: &Output) -> u8 {
    begin(args, Some(rerun_of), output)
}

fn begin(args: &RunArgs, rerun_of: Option<String>, output: &Output) -> u8 {
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
    if let Some(problem) = operator::missing(&rig, args.operator.as_deref()) {
        say!("stimrig: {problem}; nothing was run, nothing was energised");
        return EXIT_USAGE;
    }
    let person = match operator::person(&rig, args.operator.as_deref(), &interrupt) {
        Ok(person) => person,
        Err(error) => return trouble(&format!("cannot listen to the terminal: {error}")),
    };
    let options = Options {
        id: uuid::Uuid::now_v7().to_string(),
        jobs: args.jobs.or_else(|| std::thread::available_parallelism().ok()).map_or(1, usize::from),
        max_fail: args.failures_allowed(),
        dut: args.dut.clone(),
        operator: args.operator.clone(),
        person: person.clone().map(Person),
        plugged,
        keep: args.keep.into(),
        tool: super::version::tool_version(),
        origin: Origin {
            overrides: overrides(args),
            partition: args.partition.map(|part| part.to_string()),
            rerun_of,
        },
        tamper: None,
    };
    if let Some(problem) = args
        .json
        .iter()
        .filter(|path| path.as_path() != Path::new("-"))
        .chain(&args.junit)
        .chain(&args.ctrf)
        .chain(&args.tap)
        .find_map(|path| unwritable(path))
    {
        say!("stimrig: {problem}; nothing was run, nothing was energised");
        return EXIT_USAGE;
    }
    let signer = match args.sign.as_deref().map(Signer::read).transpose() {
        Ok(signer) => signer,
        Err(error) => {
            say!("stimrig: --sign: {error}; nothing was run, nothing was energised");
            return EXIT_USAGE;
        }
    };
    let mut lock = match take(&rig, args.waiting(), &interrupt) {
        Ok(lock) => lock,
        Err(code) => return code,
    };
    if let Err(code) = recover(&rig, &args.runs, &lock, signer.as_ref(), &interrupt, person.as_ref()) {
        return code;
    }
    // Before anything is energised: a run that could not be kept is not worth running.
    let folder = match RunFolder::create(&args.runs, &options.id) {
        Ok(folder) => folder,
        Err(error) => {
            say!("stimrig: {error}; nothing was run, nothing was energised");
            return if error.is_full() { EXIT_INTERNAL } else { EXIT_USAGE };
        }
    };
    lock.runs_in(folder.path());
    let console = Console::stderr(output.console(plans.len()));
    let mut sinks = Sinks { folder, console, fold: Fold::default(), interrupt: interrupt.clone() };
    let alarmed = interrupt.clone();
    let alarm = move || alarmed.raise(Cause::Storage);
    let evidence = sinks.folder.evidence(&options.id, rig.is_in_virtual_time(), alarm);
    suite(&plans, &rig, &lock, &options, &interrupt, &evidence, &mut sinks);
    let Some(record) = sinks.fold.record() else { return trouble("the run left no record") };
    if record.exit_code == EXIT_UNSAFE {
        lock.leave_unsettled();
    }
    let mut trouble = keep(args, &mut sinks.folder, &record, &evidence, signer.as_ref());
    trouble.extend(evidence.trouble().map(|trouble| format!("raw samples: {trouble}")));
    // Evidence that was lost may not look like a pass.
    let code = if record.exit_code == 0 && !trouble.is_empty() { EXIT_INTERNAL } else { record.exit_code };
    let late = interrupt.cause().filter(|cause| cause.is_signal()).map(|cause| (cause.name(), code));
    let closing = Closing { folder: Some(sinks.folder.path()), trouble: &trouble, late };
    sinks.console.finish(&record, &closing);
    code
}

/// Why no file can appear at a path, as far as that can be known without writing it.
fn unwritable(path: &Path) -> Option<String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if path == Path::new("-") {
        Some("-: only the record can go to standard output (--json -); name a file".to_owned())
    } else if path.is_dir() {
        Some(format!("{}: cannot be written: it is a folder", path.display()))
    } else if !folder.is_dir() {
        Some(format!("{}: cannot be written: there is no folder {}", path.display(), folder.display()))
    } else if super::show::is_in_a_sealed_run(path) {
        Some(format!(
            "{}: lies in a run that is sealed, and would change it: write elsewhere",
            path.display()
        ))
    } else {
        None
    }
}

/// Everything that can be wrong is said before anything is energised.
fn prepare(args: &RunArgs, output: &Output) -> Result<Option<(Rig, Vec<Plan>)>, u8> {
    let selection = Selection::of(args).map_err(|error| {
        say!("{error}");
        EXIT_USAGE
    })?;
    let rig = load_bench(args.rig.as_deref(), &laid_over(args), &args.defect);
    let selected =
        selection.plans(rig.as_ref().map_err(Clone::clone)).map_err(|found| refuse(&found, output))?;
    let (Ok(rig), false) = (rig, selected.plans.is_empty()) else { return Ok(None) };
    if output.verbosity() >= 0 && !selected.warnings.is_empty() {
        say_all!("{}", render(&selected.warnings, output.color()));
    }
    Ok(Some((rig, selected.plans)))
}

/// `--set` in order, the seed last: it has an option of its own.
fn laid_over(args: &RunArgs) -> Vec<(String, String)> {
    let mut set = args.set.clone();
    set.extend(args.seed.map(|seed| ("sim.seed".to_owned(), seed.to_string())));
    set
}

/// What the command line lays over the rig file, for the record.
fn overrides(args: &RunArgs) -> Vec<String> {
    let set = laid_over(args).into_iter().map(|(key, value)| format!("--set {key}={value}"));
    set.chain(args.defect.iter().map(|(name, value)| format!("--defect {name}={value}"))).collect()
}

/// Shows the problems; nothing has been energised.
fn refuse(problems: &[Diagnostic], output: &Output) -> u8 {
    say_all!("{}", render(problems, output.color()));
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    say!("{}; nothing was run, nothing was energised", counted(errors, "error"));
    EXIT_USAGE
}

fn nothing_selected(no_tests: NoTests) -> u8 {
    match no_tests {
        NoTests::Fail => {
            say!(
                "stimrig: no case is selected; `stimrig list` shows what there is (--no-tests=warn accepts this)"
            );
            EXIT_NOTHING
        }
        NoTests::Warn => {
            say!("stimrig: no case is selected");
            0
        }
        NoTests::Pass => 0,
    }
}

fn trouble(what: &str) -> u8 {
    say!("stimrig: {what}");
    EXIT_INTERNAL
}

/// Writes every file that was asked for; says what could not be written.
fn keep(
    args: &RunArgs,
    folder: &mut RunFolder,
    record: &RunRecord,
    evidence: &Evidence,
    signer: Option<&Signer>,
) -> Vec<String> {
    let xml = junit(record, Some(folder.path()));
    // The page is made of what is on disk, so that it can be made again to the byte.
    let (pictures, lost) = match evidence.pictures() {
        Ok(pictures) => (pictures, None),
        Err(error) => (Vec::new(), Some(error.to_string())),
    };
    let html = page(record, &pictures, &[]);
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
    let copy = |path: &Option<PathBuf>, text: &dyn Fn() -> String| {
        path.as_deref().and_then(|path| said(write_atomic(path, text().as_bytes())))
    };
    let copies = [
        copy(&args.junit, &|| xml.clone()),
        copy(&args.ctrf, &|| ctrf(record, Some(folder.path()))),
        copy(&args.tap, &|| tap(record)),
    ];
    let finished = said(folder.finish(record, &[(JUNIT, &xml), (REPORT, &html)]));
    // The manifest last: it is of everything else.
    let sealed = said(folder.seal(record, signer));
    index(args, folder);
    let github = github(record, folder.path());
    [finished, lost, sealed, json, github].into_iter().chain(copies).flatten().collect()
}

/// Takes the run into the index. The history brings itself up to date from the journals, so nothing is lost if this fails.
fn index(args: &RunArgs, folder: &RunFolder) {
    let taken =
        Index::open(&args.runs, Duration::from_secs(2)).and_then(|mut index| index.take(folder.path()));
    if let Err(error) = taken {
        say!("stimrig: the history index does not have this run yet: {error}");
    }
}

/// Annotations and the step summary, where GitHub runs this.
fn github(record: &RunRecord, folder: &Path) -> Option<String> {
    std::env::var_os("GITHUB_ACTIONS")?;
    let lines = annotations(record);
    if !lines.is_empty() {
        say!("{}", lines.join("\n"));
    }
    let summary = std::env::var_os("GITHUB_STEP_SUMMARY")?;
    append_step_summary(Path::new(&summary), record, folder)
        .err()
        .map(|error| format!("step summary: {error}"))
}

/// Everything that follows a run.
struct Sinks {
    folder: RunFolder,
    console: Console,
    fold: Fold,
    interrupt: Interrupt,
}

impl Sink for Sinks {
    fn take(&mut self, event: &Event) {
        // The journal first: it is the truth.
        self.folder.take(event);
        // A run that cannot be kept is not worth going on with.
        if self.folder.is_short() {
            self.interrupt.raise(Cause::Storage);
        }
        self.fold.take(event);
        self.console.take(event);
    }
}
