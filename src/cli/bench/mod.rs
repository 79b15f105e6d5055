//! `stimrig bench`: experiments on the tool itself.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use crate::record::EXIT_INTERNAL;

use super::Output;
use super::show::{provenance, put};

mod acquisition;
mod alarms;
mod coverage;
mod defects;
mod drills;
mod ended;
mod progress;
mod speed;
mod suite;

/// Test what the tool claims about itself
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    experiment: Experiment,
}

/// Which experiment.
#[derive(Debug, Subcommand)]
enum Experiment {
    /// How often value ± U holds the truth: a new simulated bench for every case
    Coverage(coverage::Args),
    /// How often a clean bench raises an alarm: the suite over many seeds
    Alarms(alarms::Args),
    /// Which check catches which defect, and at which smallest size
    Defects(defects::Args),
    /// How much of a processor receiving samples takes, over a pseudo-terminal
    Acquisition(acquisition::Args),
    /// Whether the bench ends off and its record closed, whatever goes wrong at a random instant
    Drills(drills::Args),
    /// How fast it measures and simulates, beside one plain look at the same samples
    Speed(speed::Args),
}

/// How to show the result.
#[derive(Debug, clap::Args)]
struct Show {
    /// How to show the result
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Write it to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table for people
    Text,
    /// JSON, with everything
    Json,
    /// A self-contained page with plots
    Html,
}

/// Runs it: 0 if what was to be shown holds, 1 if not.
pub fn run(args: &Args, output: &Output) -> u8 {
    match &args.experiment {
        Experiment::Coverage(args) => coverage::run(args),
        Experiment::Alarms(args) => alarms::run(args, output),
        Experiment::Defects(args) => defects::run(args, output),
        Experiment::Acquisition(args) => acquisition::run(args),
        Experiment::Drills(args) => drills::run(args),
        Experiment::Speed(args) => speed::run(args),
    }
}

/// JSON of a result with its origin.
fn json(result: &impl serde::Serialize) -> Result<String, String> {
    let mut value = serde_json::to_value(result).map_err(|error| error.to_string())?;
    if let Some(map) = value.as_object_mut() {
        map.insert("tool".to_owned(), provenance().into());
    }
    Ok(format!("{value:#}\n"))
}

/// Prints or writes a result; returns `code`, or why it could not be shown.
fn show(show: &Show, text: Result<String, String>, code: u8) -> u8 {
    match text {
        Ok(text) => put(&text, show.output.as_deref(), code),
        Err(error) => {
            say!("stimrig: {error}");
            EXIT_INTERNAL
        }
    }
}
