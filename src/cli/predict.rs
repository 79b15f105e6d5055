//! `stimrig predict`.

use std::path::{Path, PathBuf};

use crate::plot::{PlotError, draw};
use crate::predict::{Options, PredictError, figure, predict, summary, write_csv};
use crate::quantity::{Dimension, Quantity, QuantityError};
use crate::record::EXIT_USAGE;
use crate::source::{Diagnostic, render};

use crate::store::write_atomic;

use super::load::load_rig;
use super::pick_case::{NoCase, pick_case};
use super::run_args::assignment;
use super::stdout::{OutputError, print, stream};

/// Arguments of `predict`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Scenario file, or FILE#N for one case of its matrix
    #[arg(value_name = "SCENARIO")]
    scenario: PathBuf,
    /// Which case of the matrix, from 1
    #[arg(long, value_name = "N")]
    case: Option<usize>,
    /// Write currents and voltages as CSV (`-`: standard output)
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Draw the first pulse and the whole run as SVG
    #[arg(long, value_name = "FILE.svg", value_parser = super::show::svg)]
    plot: Option<PathBuf>,
    /// Rows per second
    #[arg(long, value_name = "RATE", default_value = "1 MHz")]
    rate: String,
    /// What the rig's stimulator would deliver, with its steps, timer and series capacitor, instead of the programmed values
    #[arg(long)]
    applied: bool,
    /// Rig whose stimulator --applied asks [default: rig/sim.yaml]
    #[arg(long, value_name = "FILE", env = "STIMRIG_RIG")]
    rig: Option<PathBuf>,
    /// Set a value of a simulated rig for --applied, such as sim.stimulator.dac_bits=12
    #[arg(long, value_name = "KEY=VALUE", value_parser = assignment, requires = "applied")]
    set: Vec<(String, String)>,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    NoCase(#[from] NoCase),
    #[error("the rig cannot be read\n{}", render(.0, false).trim_end())]
    Rig(Vec<Diagnostic>),
    #[error("--rate: {0}")]
    Rate(QuantityError),
    #[error("--rate: `{0}` is not more than 0 Hz")]
    NoRate(String),
    #[error(transparent)]
    Predict(#[from] PredictError),
    #[error(transparent)]
    Plot(#[from] PlotError),
    #[error(transparent)]
    Output(#[from] OutputError),
}

/// Runs the command: 0, 2 for a file or an option that is wrong, 70 where standard output could not be written.
pub fn run(args: &Args) -> u8 {
    match execute(args) {
        Ok(()) => 0,
        Err(failure) => {
            say!("error: {failure}");
            match failure {
                Failure::Output(error) => error.code(),
                _ => EXIT_USAGE,
            }
        }
    }
}

fn execute(args: &Args) -> Result<(), Failure> {
    let rate = Quantity::parse_as(&args.rate, Dimension::Frequency).map_err(Failure::Rate)?;
    if rate <= 0.0 {
        return Err(Failure::NoRate(args.rate.clone()));
    }
    let case = pick_case(&args.scenario, args.case)?;
    // Without --applied no rig is asked, whatever the environment names.
    let rig = || load_rig(args.rig.as_deref(), &args.set, &[]).map_err(Failure::Rig);
    let applied = args.applied.then(rig).transpose()?;
    let prediction = predict(&case, &Options { rate, applied })?;
    match args.csv.as_deref() {
        Some(path) if path == Path::new("-") => stream(|out| write_csv(&prediction, out))?,
        csv => {
            if let Some(path) = csv {
                let mut bytes = Vec::new();
                // A vector takes every write.
                write_csv(&prediction, &mut bytes).map_err(OutputError::Stdout)?;
                write_atomic(path, &bytes).map_err(OutputError::from)?;
            }
            print(&summary(&prediction))?;
        }
    }
    if let Some(path) = &args.plot {
        write_atomic(path, draw(&figure(&prediction))?.as_bytes()).map_err(OutputError::from)?;
    }
    Ok(())
}
