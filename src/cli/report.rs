//! `stimrig report`: what was kept of runs, shown again.

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::ValueEnum;

use crate::record::{EXIT_USAGE, compare};
use crate::report::{MergeError, Part, compare as side_by_side, ctrf_of, junit_of, merge, page, tap_of};
use crate::store::read_run;

use super::compare::{Standing, standing};
use super::named_run::folder_of;
use super::show::{provenance, write};
use super::stdout;

/// What is wanted of `stimrig report`.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {
    /// Runs: one, two to compare, or the parts of one suite. A run is a folder, an id or the beginning of one, `latest` or `latest~1`
    #[arg(value_name = "RUN", required = true)]
    named: Vec<PathBuf>,
    /// Folder of all runs
    #[arg(long, value_name = "DIR", default_value = "runs", env = "STIMRIG_RUNS")]
    runs: PathBuf,
    /// Write it here instead of to standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// As what
    #[arg(long, value_enum, default_value = "html", value_name = "FORMAT")]
    format: Format,
    /// Merge runs of different rigs, tools, devices or seeds, and say so in the report
    #[arg(long)]
    mixed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One page that stands alone
    Html,
    /// The record
    Json,
    /// JUnit XML
    Junit,
    /// Common Test Report Format
    Ctrf,
    /// Test Anything Protocol
    Tap,
}

/// Runs it: 0, or 2 where a folder is no run or runs do not fit together.
pub(super) fn run(args: &Args) -> u8 {
    match report(args) {
        Ok(()) => 0,
        Err(what) => {
            say!("stimrig: {what}");
            EXIT_USAGE
        }
    }
}

fn report(args: &Args) -> Result<(), String> {
    let mut doubts = Vec::new();
    let mut read = |folder: &PathBuf| {
        let stored = read_run(folder).map_err(|error| error.to_string())?;
        let mut remarks = stored.notes;
        // Whoever edits a journal is not to have the page of a run that passed for it: every form says so, and so does stderr, for the
        // record, which has no place for it.
        if let Standing::Open(what) | Standing::Suspect(what) = standing(folder) {
            say!("note: {}: {what}", folder.display());
            let doubt = format!("{}: {what}", stored.record.id);
            remarks.push(doubt.clone());
            doubts.push(doubt);
        }
        Ok(Part { record: stored.record, figures: stored.figures, remarks })
    };
    let folders =
        args.named.iter().map(|named| folder_of(&args.runs, named).map_err(|error| error.to_string()));
    let folders: Vec<PathBuf> = folders.collect::<Result<_, String>>()?;
    let parts: Vec<Part> = folders.iter().map(&mut read).collect::<Result<_, String>>()?;
    // The same cases twice are no parts of one suite: two runs of them stand side by side.
    let shared = matches!(merge(parts.clone(), true), Err(MergeError::Twice { .. }));
    if let ([before, after], true) = (parts.as_slice(), shared) {
        return show(args, &compared(args.format, before, after)?);
    }
    let whole = merge(parts, args.mixed).map_err(|error| error.to_string())?;
    let folder = match folders.as_slice() {
        [only] => Some(only.as_path()),
        _ => None,
    };
    let text = match args.format {
        Format::Html => page(&whole.record, &whole.figures, &whole.remarks),
        Format::Json => {
            serde_json::to_string_pretty(&whole.record).map_err(|error| error.to_string())? + "\n"
        }
        Format::Junit => junit_of(&whole.record, folder, &doubts),
        Format::Ctrf => ctrf_of(&whole.record, folder, &doubts),
        Format::Tap => tap_of(&whole.record, &doubts),
    };
    show(args, &text)
}

/// What is other in the second of two runs.
fn compared(format: Format, before: &Part, after: &Part) -> Result<String, String> {
    let found = compare(&before.record, &after.record);
    let remarks: Vec<String> = before.remarks.iter().chain(&after.remarks).cloned().collect();
    let pair =
        side_by_side::Pair { before: &before.record, after: &after.record, found: &found, remarks: &remarks };
    match format {
        Format::Html => Ok(side_by_side::page(&pair, &provenance())),
        Format::Json => Ok(side_by_side::json(&pair)),
        _ => Err("both runs have the same cases: side by side they are html or json only".to_owned()),
    }
}

fn show(args: &Args, text: &str) -> Result<(), String> {
    match &args.output {
        Some(path) => write(path, text),
        None if args.format == Format::Html && std::io::stdout().is_terminal() => {
            Err("a page is not for a terminal: name a file with -o".to_owned())
        }
        None => stdout::print(text).map_err(|error| error.to_string()),
    }
}
