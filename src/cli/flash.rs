//! `stimrig flash`: firmware into the stimulator's core.

use std::path::PathBuf;

use crate::record::{EXIT_RIG, EXIT_USAGE};
use crate::run::{FlashError, Interrupt, Waiting, flash};
use crate::source::render;
use crate::store::{FlashedRecord, record_flash};

use super::load::load_rig;
use super::recover::{recover_ahead, take};
use super::run_args::assignment;
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
/// confirm its safe state.
pub fn run(args: &Args, color: bool) -> u8 {
    let rig = match load_rig(args.rig.as_deref(), &args.set, &[]) {
        Ok(rig) => rig,
        Err(problems) => {
            say_all!("{}", render(&problems, color));
            return EXIT_USAGE;
        }
    };
    // Nobody else has the rig meanwhile.
    let lock = match take(&rig, Waiting::No, &Interrupt::default()) {
        Ok(lock) => lock,
        Err(code) => return code,
    };
    if let Err(code) = recover_ahead(&rig, &args.runs, &lock) {
        if !args.output_off {
            return code;
        }
        // Its firmware may be all that keeps it from confirming. Whoever comes next hears of the killed run again.
        let next = format!("`stimrig safe --rig {}` is still to be done", rig.file);
        say!("stimrig: flashing all the same, because --output-off says that the output is off; {next}");
    }
    let report = match flash(&rig, args.image.as_deref(), args.output_off) {
        Ok(report) => report,
        Err(error) => {
            say!("error: {error}");
            return if matches!(error, FlashError::File(_)) { EXIT_USAGE } else { EXIT_RIG };
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
        tool: super::run::tool_version(),
    };
    // Recorded before it is told: a reader of the output that has gone away must not cost the line.
    let recorded = record_flash(&args.runs, &record);
    let pieces = if flashed.pieces == 1 { "piece" } else { "pieces" };
    let text = format!(
        "flashed {} ({} bytes in {} {pieces}) into {} through {}\nverified; read back: sha256 {}\n",
        report.image, flashed.bytes, flashed.pieces, probe.chip, probe.uid, flashed.read_back
    );
    if let Err(error) = print(&text) {
        say!("stimrig: {error}");
    }
    match recorded {
        Ok(()) => 0,
        Err(error) => {
            say!("error: flashed, but not recorded: {error}");
            EXIT_RIG
        }
    }
}
