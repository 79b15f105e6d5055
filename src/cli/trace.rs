//! `stimrig trace`: which requirement is proved, by what.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::record::{EXIT_INTERNAL, EXIT_USAGE, RunRecord, readable};
use crate::scenario::{Requirement, read_requirements};
use crate::source::{nearest, render};
use crate::store::{
    Ended, Finding, ReadError, ordered_runs, read_chain, read_public_key, read_record, verify,
};
use crate::trace::{Level, Matrix, Now, Run, csv, json, page, text, trace};

use super::Output;
use super::history::instant;
use super::load::load_cases;
use super::show::{provenance, put};
use super::side_by_side::side_by_side;
use super::text_file::read;

/// A requirement that was to be proved is not.
const EXIT_HOLE: u8 = 1;

/// Arguments of `trace`.
#[derive(Debug, clap::Args)]
#[command(after_help = "A run counts if its bundle is intact, of one that was killed what failed; \
    the worst current judgement of a case stands, so running it again never turns it green.\n\
    What was judged with another firmware, scenario, profile or phantom is stale. A pass on the simulator never counts for a rig.\n\
    Exit codes: 0, 1 if a requirement that --require names is not proved, 2 for files and arguments that are wrong.")]
pub struct Args {
    /// Folder of all runs
    #[arg(long, value_name = "DIR", default_value = "runs", env = "STIMRIG_RUNS")]
    runs: PathBuf,
    /// Folder of the scenarios
    #[arg(long, value_name = "DIR", default_value = "scenarios")]
    scenarios: PathBuf,
    /// File of the requirements (id: text) [default: requirements.yaml among the scenarios]
    #[arg(long, value_name = "FILE")]
    requirements: Option<PathBuf>,
    /// Exit 1 unless these are proved: all, or ids separated by commas
    #[arg(long, value_name = "all|IDS", value_delimiter = ',')]
    require: Vec<String>,
    /// What --require asks for
    #[arg(long, value_enum, default_value = "sim", requires = "require")]
    fidelity: FidelityArg,
    /// Firmware to be proved, by the beginning of its hash [default: that of the latest run]
    #[arg(long, value_name = "HASH")]
    firmware: Option<String>,
    /// Only runs that began on this day (UTC) or at this instant, or later
    #[arg(long, value_name = "DATE", value_parser = instant)]
    since: Option<i64>,
    /// Public key that runs must be signed with to count
    #[arg(long, value_name = "FILE", env = "STIMRIG_KEY")]
    key: Option<PathBuf>,
    /// How to show it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Write it to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FidelityArg {
    /// A simulated bench will do, a rig too
    Sim,
    /// A real rig
    Rig,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal
    Text,
    /// A self-contained page
    Html,
    /// A row for each requirement, scenario, firmware and fidelity
    Csv,
    /// Everything
    Json,
}

/// Runs the command.
pub fn run(args: &Args, output: &Output) -> u8 {
    let matrix = match build(args, output) {
        Ok(built) => built,
        Err(code) => return code,
    };
    if let Some((one, other)) = matrix.ambiguous() {
        let wanted = args.firmware.as_deref().unwrap_or_default();
        let (one, other) = (readable(one), readable(other));
        return refuse(&format!(
            "--firmware: `{wanted}` is the beginning of `{one}` and of `{other}`: give more of it"
        ));
    }
    let (wanted, level) = match wanted(args, &matrix) {
        Ok(wanted) => (wanted, if args.fidelity == FidelityArg::Rig { Level::Rig } else { Level::Sim }),
        Err(what) => return refuse(&what),
    };
    let shown = match args.format {
        Format::Text => Ok(text(&matrix)),
        Format::Html => Ok(page(&matrix, &provenance())),
        Format::Csv => csv(&matrix).map_err(|error| error.to_string()),
        Format::Json => Ok(json(&matrix)),
    };
    let shown = match shown {
        Ok(shown) => put(&shown, args.output.as_deref(), 0),
        Err(error) => {
            say!("stimrig: {error}");
            EXIT_INTERNAL
        }
    };
    if shown != 0 {
        return shown;
    }
    let mut holes = 0;
    for row in matrix.rows.iter().filter(|row| wanted.contains(row.id.as_str())) {
        if let Some(why) = row.missing(level) {
            holes += 1;
            say!("stimrig: {} is not proved: {why}", row.id);
        }
    }
    for gap in &matrix.gaps {
        say!("stimrig: {gap}");
    }
    // A run that was taken away may have been the one that failed.
    let incomplete = !matrix.gaps.is_empty() && !wanted.is_empty();
    if holes > 0 || incomplete { EXIT_HOLE } else { 0 }
}

fn refuse(what: &str) -> u8 {
    say!("stimrig: {what}");
    EXIT_USAGE
}

/// The ids that must be proved.
fn wanted<'a>(args: &'a Args, matrix: &'a Matrix) -> Result<BTreeSet<&'a str>, String> {
    let known: BTreeSet<&str> = matrix.rows.iter().map(|row| row.id.as_str()).collect();
    if args.require.iter().any(|id| id == "all") {
        return if known.is_empty() { Err("there is no requirement to prove".to_owned()) } else { Ok(known) };
    }
    let mut wanted = BTreeSet::new();
    for id in args.require.iter().map(|id| id.trim()) {
        if !known.contains(id) {
            let near = nearest(id, known.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
            return Err(format!("--require: there is no requirement `{id}`{}", near.unwrap_or_default()));
        }
        wanted.insert(id);
    }
    Ok(wanted)
}

/// The matrix, with the runs of the chain that are not there any more.
fn build(args: &Args, output: &Output) -> Result<Matrix, u8> {
    let problems = |found: &[crate::source::Diagnostic]| {
        say_all!("{}", render(found, output.color()));
        EXIT_USAGE
    };
    let loaded = load_cases(std::slice::from_ref(&args.scenarios)).map_err(|found| problems(&found))?;
    let cases: Vec<Now> = loaded.cases.iter().map(Now::from).collect();
    let requirements = requirements(args, &cases).map_err(|found| problems(&found))?;
    let key =
        args.key.as_deref().map(read_public_key).transpose().map_err(|error| refuse(&error.to_string()))?;
    if !args.runs.is_dir() {
        let what =
            format!("{}: there is no such folder; name that of all runs with --runs", args.runs.display());
        return Err(refuse(&what));
    }
    let folders = ordered_runs(&args.runs);
    // Verifying reads every file of every run. A panic ends the command: a run that was not looked at may have failed.
    let runs = side_by_side(&folders, |folder| one(folder, key.as_deref()));
    let recent = |at: Option<i64>| args.since.is_none_or(|since| at.is_none_or(|at| at >= since));
    let (mut kept, mut unreadable, mut gaps) = (Vec::new(), Vec::new(), Vec::new());
    let mut there: BTreeSet<String> = BTreeSet::new();
    for Judged { name, run, why, suspect, killed } in runs {
        there.insert(name.clone());
        there.extend(run.as_ref().map(|record| record.id.clone()));
        if !recent(run.as_ref().and_then(|record| started(&record.started))) {
            continue;
        }
        if suspect {
            let why = why.as_deref().unwrap_or_default();
            gaps.push(format!(
                "run {name} does not count, and may have failed: {why} (--since leaves out what is older)"
            ));
        }
        match run {
            Some(record) => kept.push(Run { record, not_counted: why, killed }),
            None => unreadable.push((name, why.unwrap_or_default())),
        }
    }
    let mut matrix = trace(&requirements, &cases, &kept, args.firmware.as_deref());
    matrix.not_counted.extend(unreadable);
    let gone = |line: &Ended| !there.contains(&line.run) && recent(started(&line.started));
    let lost = read_chain(&args.runs).into_iter().filter(gone).map(|line| {
        format!("run {} of rig {} is not here any more: what it showed is unknown (--since leaves out what is older)", line.run, line.rig)
    });
    gaps.extend(lost);
    matrix.gaps = gaps;
    Ok(matrix)
}

/// Nanoseconds since 1970.
fn started(text: &str) -> Option<i64> {
    i64::try_from(text.parse::<jiff::Timestamp>().ok()?.as_nanosecond()).ok()
}

/// The requirements of the file; without one, the ids that scenarios name.
fn requirements(args: &Args, cases: &[Now]) -> Result<Vec<Requirement>, Vec<crate::source::Diagnostic>> {
    let beside = args.scenarios.join("requirements.yaml");
    let path = args.requirements.clone().or_else(|| beside.is_file().then_some(beside));
    if let Some(path) = path {
        return read_requirements(&read(&path).map_err(|problem| vec![*problem])?);
    }
    say!(
        "note: no requirements.yaml in {}: only the ids that scenarios name are traced",
        args.scenarios.display()
    );
    let ids: BTreeSet<&String> = cases.iter().flat_map(|case| &case.verifies).collect();
    Ok(ids.into_iter().map(|id| Requirement { id: id.clone(), text: String::new(), line: 0 }).collect())
}

/// A run, and whether it counts.
struct Judged {
    name: String,
    /// None if it cannot be read.
    run: Option<RunRecord>,
    /// Why it does not count.
    why: Option<String>,
    /// Somebody may have made it so: it is not what it was when it ended.
    suspect: bool,
    /// It did not end: what had failed in it counts.
    killed: bool,
}

fn one(folder: &Path, key: Option<&str>) -> Judged {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let of = |run, why, suspect| Judged { name: name.clone(), run, why, suspect, killed: false };
    let record = match read_record(folder) {
        Ok((record, _)) => record,
        // Nothing had happened yet, unless the manifest or the chain says that something had.
        Err(error @ ReadError::NeverBegan(_)) => {
            let began = verify(folder, key, false)
                .map_or(true, |found| found.manifest.is_some() || !found.findings.is_empty());
            return of(None, Some(error.to_string()), began);
        }
        // Whoever cannot read it, because a newer stimrig wrote it or somebody made it say so, does not know that it passed.
        Err(error) => return of(None, Some(error.to_string()), true),
    };
    let defects = record.defects.join(", ");
    let (why, suspect) = match verify(folder, key, false) {
        Err(error) => (Some(error.to_string()), true),
        Ok(found) => match (found.findings.as_slice(), &found.manifest) {
            ([], None) => {
                let why = "unfinished: nothing proves that it is all there was; what failed in it counts";
                return Judged {
                    killed: defects.is_empty(),
                    ..of(Some(record), Some(why.to_owned()), false)
                };
            }
            ([], Some(_)) if !defects.is_empty() => {
                (Some(format!("its stimulator had a deliberate defect: {defects}")), false)
            }
            ([], Some(_)) => (None, false),
            ([first, more @ ..], manifest) => {
                let more = if more.is_empty() { String::new() } else { format!(", and {} more", more.len()) };
                let signature = found.findings.iter().all(|finding| matches!(finding, Finding::Signature(_)));
                // Signed by nobody, or by somebody else, it is still what it was.
                let unsigned =
                    signature && manifest.as_ref().is_some_and(|manifest| manifest.signer.as_deref() != key);
                let word = if unsigned { "" } else { "altered: " };
                (Some(format!("{word}{first}{more}")), !unsigned)
            }
        },
    };
    of(Some(record), why, suspect)
}
