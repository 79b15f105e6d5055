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
    Two values differ by d ± U(d); where the same instruments measured both, their own errors cancel in it.\n\
    Exit codes: 0 whatever is other, 1 with --fail-on regression if something came out worse, 2 if a run cannot be read."
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
    /// If the run, a case or a check came out worse, or a case that passed is not run any more
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

/// Why a run need not be what it was when it ended; none if it is intact, or never ended.
pub(super) fn suspicion(folder: &Path) -> Option<String> {
    match verify(folder, None, false) {
        Ok(found) if found.findings.is_empty() => None,
        Ok(_) => Some("altered after the run ended: `stimrig verify` says what".to_owned()),
        Err(error) => Some(format!("whether it is as it was cannot be told: {error}")),
    }
}

/// Runs the command.
pub fn run(args: &Args) -> u8 {
    let read = |wanted: &str| {
        let folder = find_run(&args.runs, wanted)?;
        let (record, cut) = read_record(&folder)?;
        if cut {
            say!("note: {}: the journal's last line is cut off: the run did not end", folder.display());
        }
        // What was altered can be compared, but not unsaid.
        if let Some(what) = suspicion(&folder) {
            say!("note: {}: {what}", folder.display());
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
    let pair = Pair { before: &before, after: &after, found: &found };
    let shown = match args.format {
        Format::Text => text(&pair),
        Format::Json => json(&pair),
        Format::Html => page(&pair, &provenance()),
    };
    let worse = args.fail_on == FailOn::Regression && found.is_regression();
    put(&shown, args.output.as_deref(), if worse { EXIT_REGRESSION } else { 0 })
}
