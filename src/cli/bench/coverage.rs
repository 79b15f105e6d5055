//! `stimrig bench coverage`.

use crate::bench::coverage::{coverage, text};
use crate::bench::html::coverage_page;

use super::{Format, Show, json, provenance, show};

/// How often value ± U holds the truth: a new simulated bench for every case
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Benches to draw, shared evenly by the strata
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..))]
    benches: u64,
    /// Seed of the draws
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads to use
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: u16,
    #[command(flatten)]
    show: Show,
}

/// Runs it: 0 if the claim holds, 1 if not.
pub(super) fn run(args: &Args) -> u8 {
    let found = coverage(args.seed, args.benches, usize::from(args.threads));
    let shown = match args.show.format {
        Format::Text => Ok(text(&found)),
        Format::Json => json(&found),
        Format::Html => Ok(coverage_page(&found, &provenance())),
    };
    show(&args.show, shown, u8::from(!found.holds()))
}
