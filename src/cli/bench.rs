//! `stimrig bench`: experiments on the rig itself.

use clap::{Subcommand, ValueEnum};

use crate::bench::{coverage, text};
use crate::record::EXIT_INTERNAL;

use super::stdout::print;

/// Test what the rig claims about itself
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    experiment: Experiment,
}

/// Which experiment.
#[derive(Debug, Subcommand)]
enum Experiment {
    /// How often value ± U holds the truth: a new simulated bench for every case
    Coverage {
        /// Benches to draw
        #[arg(long, default_value_t = 5000, value_parser = clap::value_parser!(u64).range(1..))]
        benches: u64,
        /// Seed of the draws
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Threads to use
        #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=256))]
        threads: u16,
        /// Output format
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// A table for people
    Text,
    /// JSON, with every stratum
    Json,
}

/// Runs it: 0 if the claim holds, 1 if not.
pub fn run(args: &Args) -> u8 {
    let Experiment::Coverage { benches, seed, threads, format } = &args.experiment;
    let result = coverage(*seed, *benches, usize::from(*threads));
    let text = match format {
        Format::Text => Ok(text(&result)),
        Format::Json => serde_json::to_string_pretty(&result).map(|json| json + "\n"),
    };
    let said = match text {
        Ok(text) => print(&text).map_err(|error| error.to_string()),
        Err(error) => Err(format!("coverage table: {error}")),
    };
    if let Err(error) = said {
        eprintln!("stimrig: {error}");
        return EXIT_INTERNAL;
    }
    u8::from(!result.holds())
}
