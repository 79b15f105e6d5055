//! `stimrig bench alarms`.

use crate::bench::alarms::{alarms, text};
use crate::bench::html::alarms_page;
use crate::cli::Output;

use super::progress::progress;
use super::suite::{Selection, Suite};
use super::{Format, Show, json, provenance, show};

/// How often a clean bench raises an alarm: the suite over many seeds
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    selection: Selection,
    /// Seeds to run: each is another bench of the same kind
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// First seed
    #[arg(long, default_value_t = 1)]
    first_seed: u64,
    #[command(flatten)]
    show: Show,
}

/// Runs it: 0 if nothing alarmed, 1 if something did; a signal has its own code.
pub(super) fn run(args: &Args, output: &Output) -> u8 {
    let suite = match Suite::load(&args.selection, output) {
        Ok(suite) => suite,
        Err(code) => return code,
    };
    let found = alarms(args.first_seed, args.seeds, |seed| {
        progress(&format!("seed {seed} of {}", args.first_seed + args.seeds - 1));
        suite.run(seed, &[], None)
    });
    progress("");
    let found = match found {
        Ok(found) => found,
        Err(ended) => return ended.told(),
    };
    let shown = match args.show.format {
        Format::Text => Ok(text(&found)),
        Format::Json => json(&found),
        Format::Html => Ok(alarms_page(&found, &provenance())),
    };
    show(&args.show, shown, u8::from(!found.holds()))
}
