//! `stimrig history`: many runs at once.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;

use crate::history::{History, Split, csv, history, json, page, text};
use crate::record::{EXIT_INTERNAL, EXIT_USAGE, Past};
use crate::scenario::Measurand;
use crate::source::nearest;
use crate::store::{Index, IndexError, Query, runs_in};

use super::show::{provenance, put};

/// How long to wait for another stimrig that has the index.
const PATIENCE: Duration = Duration::from_secs(30);

/// Arguments of `history`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Without a measurand: the latest runs, what did not repeat, and the trends that are worth a look.\n\
    A trend is one check of one case on one rig; the simulator and a rig are never in one, nor is a simulated bench with \
    other --set. Runs that were altered after they ended are left out and named; so are, without --defects, those of a simulated stimulator with a deliberate defect."
)]
pub struct Args {
    /// Measurand whose trends to show, such as amplitude
    #[arg(value_name = "MEASURAND")]
    measurand: Option<String>,
    /// Folder of all runs
    #[arg(long, value_name = "DIR", default_value = "runs", env = "STIMRIG_RUNS")]
    runs: PathBuf,
    /// Only runs of this device under test
    #[arg(long, value_name = "SERIAL")]
    dut: Option<String>,
    /// Only runs on the rig of this name
    #[arg(long, value_name = "NAME")]
    rig: Option<String>,
    /// Only runs of a firmware whose hash begins so
    #[arg(long, value_name = "HASH")]
    firmware: Option<String>,
    /// Only cases whose name or file holds this text
    #[arg(long, value_name = "TEXT")]
    scenario: Option<String>,
    /// Only runs that began on this day (UTC) or at this instant, or later
    #[arg(long, value_name = "DATE", value_parser = instant)]
    since: Option<i64>,
    /// Only the latest N runs of those; 0 for all
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
    /// A trend for each device, or for each firmware (repeatable)
    #[arg(long, value_enum, value_name = "WHAT")]
    by: Vec<By>,
    /// Runs with deliberate defects too
    #[arg(long)]
    defects: bool,
    /// Make the index anew from the journals first
    #[arg(long)]
    rebuild: bool,
    /// How to show it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Write it to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    /// Serial of the device under test
    Dut,
    /// Firmware hash
    Firmware,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal, with small charts
    Text,
    /// Everything, in SI base units
    Json,
    /// A row for each value
    Csv,
    /// A self-contained page with plots
    Html,
}

/// Nanoseconds since 1970 of an RFC 3339 instant, or of the beginning of a day in UTC.
pub(super) fn instant(text: &str) -> Result<i64, String> {
    let day = || text.parse::<jiff::civil::Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    let found = text.parse::<jiff::Timestamp>().ok().or_else(|| day().map(|day| day.timestamp()));
    let found = found.ok_or_else(|| {
        "neither a day such as 2026-11-01 nor an instant such as 2026-11-01T08:00:00Z".to_owned()
    })?;
    i64::try_from(found.as_nanosecond()).map_err(|_| "too far away".to_owned())
}

/// Runs the command: 0, or 2 if there is nothing to look at or it cannot be written.
pub fn run(args: &Args) -> u8 {
    if let Some(wanted) = &args.measurand
        && Measurand::ALL.iter().all(|measurand| measurand.name() != wanted)
    {
        let near = nearest(wanted, Measurand::ALL.iter().map(|measurand| measurand.name()));
        let near = near.map_or_else(
            || "`stimrig explain` lists them".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        return refuse(&format!("there is no measurand `{wanted}`; {near}"));
    }
    if !args.runs.is_dir() {
        return refuse(&format!(
            "{}: there is no such folder; name that of all runs with --runs",
            args.runs.display()
        ));
    }
    // An index in the folder of a sealed run would be a file that was added to it.
    if runs_in(&args.runs).is_ok_and(|found| found == [args.runs.clone()]) {
        return refuse(&format!("{}: is one run; name the folder of all runs", args.runs.display()));
    }
    let query = Query {
        measurand: args.measurand.clone(),
        dut: args.dut.clone(),
        rig: args.rig.clone(),
        firmware: args.firmware.clone(),
        scenario: args.scenario.clone(),
        since: args.since,
        limit: args.limit,
        defects: args.defects,
    };
    let past = match past(&args.runs, &query, args.rebuild) {
        Ok(past) => past,
        Err(error) => return refuse(&error.to_string()),
    };
    let split = Split { dut: args.by.contains(&By::Dut), firmware: args.by.contains(&By::Firmware) };
    let found = history(&past, args.measurand.as_deref(), split);
    match shown(&found, args.format) {
        Ok(text) => put(&text, args.output.as_deref(), 0),
        Err(error) => {
            say!("stimrig: {error}");
            EXIT_INTERNAL
        }
    }
}

fn refuse(what: &str) -> u8 {
    say!("stimrig: {what}");
    EXIT_USAGE
}

/// The past as the index has it. Where there can be no index, from the journals themselves, which takes longer and says so.
fn past(runs: &Path, query: &Query, rebuild: bool) -> Result<Past, IndexError> {
    let asked = |mut index: Index| {
        index.sync()?;
        index.past(query)
    };
    // Whatever this folder is, nobody asked for an index in it.
    if runs_in(runs).is_err() {
        return Index::in_memory(runs).and_then(asked);
    }
    if rebuild {
        return Index::anew(runs, PATIENCE).and_then(asked);
    }
    let found = Index::open(runs, PATIENCE).and_then(asked);
    match found {
        // Broken in a way that opening it did not show.
        Err(IndexError::Database { .. }) => {
            Index::anew(runs, PATIENCE).and_then(asked).or_else(|error| without(runs, error, asked))
        }
        Err(error @ (IndexError::Network { .. } | IndexError::Store(_))) => without(runs, error, asked),
        other => other,
    }
}

fn without(
    runs: &Path,
    why: IndexError,
    asked: impl FnOnce(Index) -> Result<Past, IndexError>,
) -> Result<Past, IndexError> {
    say!("stimrig: no index ({why}); read from the journals, which takes longer");
    Index::in_memory(runs).and_then(asked)
}

fn shown(found: &History, format: Format) -> Result<String, String> {
    let said = |error: &dyn std::error::Error| error.to_string();
    match format {
        Format::Text => {
            let width = terminal_size::terminal_size().map_or(100, |(width, _)| usize::from(width.0));
            Ok(text(found, width))
        }
        Format::Json => json(found).map_err(|error| said(&error)),
        Format::Csv => csv(found).map_err(|error| said(&error)),
        Format::Html => Ok(page(found, &provenance())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_instants_are_understood() {
        assert_eq!(instant("1970-01-02").unwrap(), 86_400_000_000_000);
        assert_eq!(instant("1970-01-01T00:00:01Z").unwrap(), 1_000_000_000);
        assert!(instant("yesterday").unwrap_err().contains("2026-11-01"));
    }
}
