//! Arguments and exit codes.
//!
//! Each command is a file with its `Args` and a `run` that returns the exit code; a new command is a file, a variant and a
//! line in `dispatch`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::record::EXIT_INTERNAL;

#[macro_use]
mod stderr;

mod analyze;
mod bench;
mod calibrate;
mod check;
mod compare;
mod doctor;
mod explain;
mod export;
pub mod filter;
mod flash;
mod history;
mod itself;
mod keygen;
mod list;
pub mod load;
mod named_run;
mod new;
mod operator;
mod output;
mod partition;
mod pick_case;
mod plan_text;
mod predict;
mod recover;
mod report;
mod rerun;
mod resolve;
mod rigs;
mod run;
mod run_args;
mod safe;
mod scan;
pub mod schema;
mod selection;
mod shell;
mod show;
mod side_by_side;
mod signals;
mod sim;
mod sim_rig;
mod stdout;
mod text_file;
mod trace;
mod verify;
mod version;

pub use output::Output;
pub use run_args::{NoTests, RunArgs};

/// What a run ends with, for whoever reads it in a pipeline.
const EXIT_CODES: &str = "Exit codes: 0 passed, 1 failed, 2 usage or file error, 3 rig error or not measurable, 4 nothing ran, \
                          5 inconclusive, 6 safe state not confirmed, 70 internal error, 130/143 interrupted.";

/// Tests neurostimulators: drives a stimulator and a load across a tissue phantom, runs scenarios, and judges what was
/// measured.
#[derive(Debug, Parser)]
#[command(name = "stimrig", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = EXIT_CODES)]
struct Cli {
    #[command(flatten)]
    output: Output,
    #[command(subcommand)]
    command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
enum Command {
    /// Run scenarios on a rig and judge what was measured
    Run(RunArgs),
    /// Run the cases of an earlier run that did not pass or never started, on the same rig
    Rerun(rerun::Args),
    /// Force the safe state of a rig, measure it, and close what a killed run left open
    Safe(safe::Args),
    /// List scenarios and their cases
    List(list::Args),
    /// Check scenarios, rigs, phantoms and limit profiles without hardware
    Check(check::Args),
    /// Ask every port who is there, and write a rig file for what is plugged in
    Scan(scan::Args),
    /// List benches: connected or not, who holds them, how old their calibration is
    Rigs(rigs::Args),
    /// Look for what keeps a bench from working, with the remedy
    Doctor(doctor::Args),
    /// Serve the simulated bench on pseudo-terminals, in real time
    Sim(sim::Args),
    /// Show what a scenario programs, exactly: waveform as CSV or SVG, without a rig
    Predict(predict::Args),
    /// Measure a recorded waveform: CSV of a scope, sigrok, WAV, NumPy, Parquet, VCD, or a run's raw samples
    Analyze(analyze::Args),
    /// Write raw samples of a run as sr, csv, wav, npy, parquet or vcd
    Export(export::Args),
    /// Verify that runs are what they were when they ended
    Verify(verify::Args),
    /// Show trends over many runs: control limits, capability, what does not repeat, shrinking margins
    History(history::Args),
    /// Show what is other in one run than in another
    Compare(compare::Args),
    /// Trace requirements to the runs that prove them
    Trace(trace::Args),
    /// Make the page of a run again, compare two, or merge the parts of a suite
    Report(report::Args),
    /// Make a key to sign runs with
    Keygen(keygen::Args),
    /// Test what the rig claims about itself
    Bench(bench::Args),
    /// Write firmware into the stimulator's core through the debug probe, verify it, and read it back
    Flash(flash::Args),
    /// Calibrate a load against a reference resistor and write a calibration file
    Calibrate(calibrate::Args),
    /// Explain a measurand: definition, window, criteria, uncertainty
    Explain(explain::Args),
    /// Print a JSON Schema: scenario, rig, phantom, limit profile or record
    Schema(schema::Args),
    /// Write a commented file to start from: scenario, rig, phantom or limit profile
    New(new::Args),
    /// Print a completion script for a shell
    Completions(shell::Completions),
    /// Print a man page
    Man(shell::Man),
}

/// Runs a command; what it returns is the exit code of the process.
fn dispatch(command: Command, output: &Output) -> u8 {
    match command {
        Command::Run(args) => run::run(&args, output),
        Command::Rerun(args) => rerun::run(&args, output),
        Command::Safe(args) => safe::run(&args, output),
        Command::List(args) => list::run(&args, output),
        Command::Check(args) => check::run(&args, output.color()),
        Command::Scan(args) => scan::run(&args, output),
        Command::Rigs(args) => rigs::run(&args, output.color()),
        Command::Doctor(args) => doctor::run(&args, output),
        Command::Sim(args) => sim::run(&args, output),
        Command::Predict(args) => predict::run(&args),
        Command::Analyze(args) => analyze::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::History(args) => history::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Trace(args) => trace::run(&args, output),
        Command::Report(args) => report::run(&args),
        Command::Keygen(args) => keygen::run(&args),
        Command::Bench(args) => bench::run(&args, output),
        Command::Flash(args) => flash::run(&args, output.color()),
        Command::Calibrate(args) => calibrate::run(&args, output.color()),
        Command::Explain(args) => explain::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::New(args) => new::run(&args),
        Command::Completions(args) => shell::completions(&args),
        Command::Man(args) => shell::man(&args),
    }
}

/// Runs the command line.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // Help and version are not errors to clap's exit code; everything else is a usage error, 2.
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(crate::record::EXIT_USAGE));
        }
    };
    cli.output.install_tracing();
    // A panic is a defect of stimrig, never a verdict: it must not look like one (1), nor like a rig error.
    let code = catch_unwind(AssertUnwindSafe(|| dispatch(cli.command, &cli.output)));
    ExitCode::from(code.unwrap_or(EXIT_INTERNAL))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }
}
