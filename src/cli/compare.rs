//! `stimrig compare`: what is other in one run than in another.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::record::{EXIT_USAGE, compare};
use crate::report::compare::{Pair, json, page, text};
use crate::store::{find_run, read_record, verify};

use super::show::{provenance, put};

/// Something came out worse, and that was to be told by the exit code.
const EXIT_REGRESSION: u8 = 1;

/// Arguments of `compare`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A run is an id or the beginning of one, a folder, `latest`, or `latest~1` for the one before it.\n\
    Two values differ by d ± U(d); where the same instruments measured both, their errors of gain and clock cancel in it.\n\
    Exit codes: 0 whatever changed, 1 with --fail-on regression if something came out worse or a run is not what it was when it ended, 2 if a \
    run cannot be read."
)]
pub struct Args {
    /// The earlier run
    #[arg(value_name = "BEFORE", default_value = "latest~1")]
    before: String,
    /// The later run
    #[arg(value_name = "AFTER", default_value = "latest")]
    after: String,
    /// Folder of all runs
    #[arg(long, value_name = "DIR", default_value = "runs", env = "STIMRIG_RUNS")]
    runs: PathBuf,
    /// When to end with 1
    #[arg(long, value_enum, default_value = "never", value_name = "WHAT")]
    fail_on: FailOn,
    /// How to show it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Write it to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Whatever is other, 0
    Never,
    /// If the run, a case or a check came out worse, a case that passed is not run any more or on the simulator only, a check is not judged
    /// any more, or a run was altered after it ended
    Regression,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal
    Text,
    /// Everything
    Json,
    /// A self-contained page
    Html,
}

/// How far a run is to be taken for what it says.
pub(super) enum Standing {
    /// It is what it was when it ended.
    Intact,
    /// It was not closed, in words.
    Open(String),
    /// It need not be what it was when it ended: why.
    Suspect(String),
}

/// How far the run in a folder is to be taken for what it says.
pub(super) fn standing(folder: &Path) -> Standing {
    match verify(folder, None, false) {
        Ok(found) if found.is_intact() => Standing::Intact,
        Ok(found) if found.findings.is_empty() => Standing::Open(
            "has no manifest: it goes on or was never closed, and nothing proves that this is all there was"
                .to_owned(),
        ),
        Ok(_) => Standing::Suspect("altered after the run ended: `stimrig verify` says what".to_owned()),
        Err(error) => Standing::Suspect(format!("whether it is as it was cannot be told: {error}")),
    }
}

/// Runs the command.
pub fn run(args: &Args) -> u8 {
    let (mut remarks, mut altered) = (Vec::new(), false);
    let mut read = |wanted: &str| {
        let folder = find_run(&args.runs, wanted)?;
        let (record, cut) = read_record(&folder)?;
        let cut = cut.then(|| "the journal's last line is cut off: the run did not end".to_owned());
        // What was altered can be compared, but not unsaid.
        let standing = match standing(&folder) {
            Standing::Intact => None,
            Standing::Open(what) => Some(what),
            Standing::Suspect(what) => {
                altered = true;
                Some(what)
            }
        };
        for what in cut.into_iter().chain(standing) {
            say!("note: {}: {what}", folder.display());
            remarks.push(format!("{}: {what}", record.id));
        }
        Ok(record)
    };
    let both = read(&args.before).and_then(|before| Ok((before, read(&args.after)?)));
    let (before, after) = match both {
        Ok(both) => both,
        Err(error) => {
            let error: crate::store::ReadError = error;
            say!("stimrig: {error}");
            return EXIT_USAGE;
        }
    };
    let found = compare(&before, &after);
    let pair = Pair { before: &before, after: &after, found: &found, remarks: &remarks };
    let shown = match args.format {
        Format::Text => text(&pair),
        Format::Json => json(&pair),
        Format::Html => page(&pair, &provenance()),
    };
    // A run that somebody changed may have been better, or worse, than it says.
    let worse = args.fail_on == FailOn::Regression && (found.is_regression() || altered);
    put(&shown, args.output.as_deref(), if worse { EXIT_REGRESSION } else { 0 })
}
