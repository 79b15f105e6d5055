//! `stimrig bench speed`.

use crate::bench::html::speed_page;
use crate::bench::speed::{speed, text};

use super::{Format, Show, json, provenance, show};

/// How fast it measures and simulates, beside one plain look at the same samples
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Millions of samples to analyse
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
    megasamples: u16,
    /// Runs of each figure, of which the median counts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=100))]
    runs: u16,
    #[command(flatten)]
    show: Show,
}

/// Runs it: 0 if every goal is reached, 1 if not.
pub(super) fn run(args: &Args) -> u8 {
    let found = speed(usize::from(args.megasamples) * 1_000_000, usize::from(args.runs));
    let shown = match args.show.format {
        Format::Text => Ok(text(&found)),
        Format::Json => json(&found),
        Format::Html => Ok(speed_page(&found, &provenance())),
    };
    show(&args.show, shown, u8::from(!found.holds()))
}
