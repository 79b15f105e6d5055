//! `stimrig flash`: firmware into the stimulator's core.

use std::path::PathBuf;

use crate::quantity::counted;
use crate::record::{EXIT_RIG, EXIT_USAGE};
use crate::run::{FlashError, Flashing, Waiting, flash};
use crate::source::render;
use crate::store::{FlashedRecord, record_flash};

use super::load::load_rig;
use super::recover::{recover_ahead, take};
use super::run_args::assignment;
use super::signals::{ended, listen};
use super::stdout::print;

/// Arguments of `flash`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// ELF or Intel HEX image [default: `probe.elf` of the rig file]
    image: Option<PathBuf>,
    /// Rig whose probe is used [default: rig/sim.yaml]
    #[arg(long, value_name = "FILE", env = "STIMRIG_RIG")]
    rig: Option<PathBuf>,
    /// Set a value of a simulated rig, such as sim.probe=locked
    #[arg(long, value_name = "KEY=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
    /// I see that the output is off: flash a stimulator that cannot say so itself
    #[arg(long)]
    output_off: bool,
    /// Keep the list of what was flashed in this folder, in which a killed run may have left its record open
    #[arg(long, value_name = "DIR", default_value = "runs", env = "STIMRIG_RUNS")]
    runs: PathBuf,
}

/// Runs it: 0 flashed and verified, 2 the image or the rig file is at fault, 3 the rig is, 6 a killed run left it and it does not
/// confirm its safe state, 130 and 143 a signal came: before anything was written, or while an image was that is now complete.
pub fn run(args: &Args, color: bool) -> u8 {
    let rig = match load_rig(args.rig.as_deref(), &args.set, &[]) {
        Ok(rig) => rig,
        Err(problems) => {
            say_all!("{}", render(&problems, color));
            return EXIT_USAGE;
        }
    };
    let interrupt = match listen() {
        Ok(interrupt) => interrupt,
        Err(code) => return code,
    };
    // Nobody else has the rig meanwhile.
    let lock = match take(&rig, Waiting::No, &interrupt) {
        Ok(lock) => lock,
        Err(code) => return code,
    };
    if let Err(code) = recover_ahead(&rig, &args.runs, &lock, &interrupt) {
        if !args.output_off {
            return code;
        }
        // Its firmware may be all that keeps it from confirming. Whoever comes next hears of the killed run again.
        let next = format!("`stimrig safe --rig {}` is still to be done", rig.file);
        say!("stimrig: flashing all the same, because --output-off says that the output is off; {next}");
    }
    let how = Flashing {
        output_off: args.output_off,
        interrupt: &interrupt,
        tell: &|what| say!("stimrig: {what}"),
    };
    let report = match flash(&rig, args.image.as_deref(), &how) {
        Ok(report) => report,
        Err(error) => {
            say!("error: {error}");
            return match error {
                FlashError::File(_) => EXIT_USAGE,
                FlashError::Rig(_) => EXIT_RIG,
                FlashError::Ended(cause) => ended(cause),
            };
        }
    };
    let (flashed, probe) = (&report.flashed, &report.probe);
    let record = FlashedRecord {
        time: jiff::Timestamp::now().to_string(),
        rig: rig.name.clone(),
        rig_hash: rig.hash.clone(),
        chip: probe.chip.clone(),
        probe: probe.uid.clone(),
        image: report.image.clone(),
        bytes: flashed.bytes,
        firmware: flashed.read_back.clone(),
        tool: super::version::tool_version(),
    };
    // Recorded before it is told: a reader of the output that has gone away must not cost the line.
    let recorded = record_flash(&args.runs, &record);
    let text = format!(
        "flashed {} ({} bytes in {}) into {} through {}\nverified; read back: sha256 {}\n",
        report.image,
        flashed.bytes,
        counted(flashed.pieces, "piece"),
        probe.chip,
        probe.uid,
        flashed.read_back
    );
    if let Err(error) = print(&text) {
        say!("stimrig: {error}");
    }
    match recorded {
        // Whoever asked for the end is not told that all is well: what was to come next may not.
        Ok(()) => interrupt.cause().map_or(0, ended),
        Err(error) => {
            say!("error: flashed, but not recorded: {error}");
            EXIT_RIG
        }
    }
}
