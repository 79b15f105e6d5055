//! `stimrig calibrate`: gain and offset of a load's channels, into a file that a rig file can name.

mod reference;

use std::cell::RefCell;
use std::io::Write;
use std::path::PathBuf;

use jiff::ToSpan;

use crate::machine::today;
use crate::phantom::Phantom;
use crate::quantity::{Dimension, Quantity, engineering, with_uncertainty};
use crate::record::{EXIT_RIG, EXIT_USAGE, readable};
use crate::rig::{Certificate, Rig};
use crate::run::{Calibrated, Calibration, Reference, Waiting, calibrate};
use crate::scenario::{Plan, Unresolved, Wanted, plan, read_scenario};
use crate::signal::Sensed;
use crate::source::{Diagnostic, Source, render};
use crate::store::{StoreError, write_new};

use super::load::{load_rig, plugged_phantom};
use super::recover::{recover_ahead, take};
use super::resolve::resolve;
use super::run_args::assignment;
use super::show::put;
use super::signals::{ended, listen};

/// Arguments of `calibrate`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to write the calibration
    file: PathBuf,
    /// Rig whose load is calibrated [default: rig/sim.yaml]
    #[arg(long, value_name = "FILE", env = "STIMRIG_RIG")]
    rig: Option<PathBuf>,
    /// The reference resistor that is plugged in: a phantom of one resistor, by name or path; its `measured` value counts
    #[arg(long, value_name = "PHANTOM", default_value = "r1k")]
    phantom: String,
    /// Expanded uncertainty (k = 2) of the load's test source, from its own certificate, such as '0.02 %'
    #[arg(long, value_name = "RATIO", required_unless_present = "reference", conflicts_with = "reference")]
    source_u: Option<String>,
    /// What a traceable instrument records of the same current while the levels are driven (a file that `stimrig analyze`
    /// reads); it is waited for, and one of an earlier calibration with the same --dwell counts too
    #[arg(long, value_name = "FILE", requires = "reference_u")]
    reference: Option<PathBuf>,
    /// Expanded uncertainty (k = 2) of that instrument, from its certificate, such as '0.01 %'
    #[arg(long, value_name = "RATIO", requires = "reference")]
    reference_u: Option<String>,
    /// The column of that file that holds the current [default: the one in ampere]
    #[arg(long, value_name = "NAME", requires = "reference")]
    channel: Option<String>,
    /// How long each level is read
    #[arg(long, value_name = "DURATION", default_value = "50ms", value_parser = dwell)]
    dwell: f64,
    /// Id of the certificate
    #[arg(long, value_name = "ID")]
    certificate: Option<String>,
    /// Days until it is due
    #[arg(long, value_name = "DAYS", default_value_t = 365)]
    due: u32,
    /// Set a value of a simulated rig, such as sim.seed=7
    #[arg(long, value_name = "KEY=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
    /// Replace the file if it is there
    #[arg(long)]
    force: bool,
    /// Folder in which a killed run may have left its record open
    #[arg(long, value_name = "DIR", default_value = "runs", env = "STIMRIG_RUNS")]
    runs: PathBuf,
}

/// Runs it: 0 written, 2 a file or an argument is wrong, 3 the rig is at fault, 6 a killed run left it and it does not confirm its
/// safe state, 130 and 143 a signal ended it.
pub fn run(args: &Args, color: bool) -> u8 {
    let refuse = |problems: Vec<Diagnostic>| {
        say_all!("{}", render(&problems, color));
        EXIT_USAGE
    };
    let rig = match load_rig(args.rig.as_deref(), &args.set, &[]) {
        Ok(rig) => rig,
        Err(problems) => return refuse(problems),
    };
    let stated = match (&args.reference_u, &args.source_u) {
        (Some(stated), _) => ("--reference-u", stated),
        (None, Some(stated)) => ("--source-u", stated),
        (None, None) => return EXIT_USAGE,
    };
    let u = match Quantity::parse_as(stated.1, Dimension::Ratio) {
        Ok(u) if u > 0.0 && u < 0.1 => u / 2.0,
        _ => {
            say!("error: {} {}: expected a ratio such as '0.02 %'", stated.0, stated.1);
            return EXIT_USAGE;
        }
    };
    let planned = match reference_plan(&rig, &args.phantom) {
        Ok(plan) => plan,
        Err(problems) => return refuse(problems),
    };
    let plugged = match plugged_phantom(&rig) {
        Ok(plugged) => plugged,
        Err(problems) => return refuse(problems),
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
        return code;
    }
    let hash = RefCell::new(String::new());
    let reading = args.reference.as_deref().map(|file| {
        let (hash, interrupt) = (&hash, &interrupt);
        move || {
            let (recorded, digest) = reference::read(file, args.channel.as_deref(), u, interrupt)?;
            *hash.borrow_mut() = digest;
            Ok(recorded)
        }
    });
    let reference = match &reading {
        Some(reading) => Reference::Recorded(reading),
        None => Reference::Source(u),
    };
    let how = Calibration { reference, dwell: args.dwell, interrupt: &interrupt };
    let calibrated = match calibrate(&rig, &planned, plugged.as_ref(), &how) {
        Ok(calibrated) => calibrated,
        Err(reason) => {
            say!("error: {reason}");
            let ended = interrupt.cause().map(ended);
            return ended.unwrap_or(EXIT_RIG);
        }
    };
    let against = match &args.reference {
        Some(file) => format!("record {} (U {}, sha256 {})", file.display(), stated.1, hash.borrow()),
        None => format!("test source of the load (U {})", stated.1),
    };
    let certificate = certificate(args, &planned.case.phantom, calibrated, &against);
    // Also where the file cannot be written: it took the bench a while to find.
    let code = put(&told(&certificate), None, 0);
    let written = write_new(&args.file, args.force, |file| {
        let path = args.file.clone();
        file.write_all(certificate.to_yaml().as_bytes()).map_err(|source| StoreError::File {
            path,
            doing: "write",
            source,
        })
    });
    match written {
        Ok(()) => {
            let file = args.file.display();
            put(&format!("written to {file}: name it as `calibration:` in the rig file\n"), None, code)
        }
        Err(error) => {
            say!("error: {error}");
            EXIT_USAGE
        }
    }
}

/// A plan whose phantom is the reference. Nothing of it is loaded or started.
fn reference_plan(rig: &Rig, phantom: &str) -> Result<Plan, Vec<Diagnostic>> {
    let amplitude = 1e-4_f64.min(rig.limits.amplitude).min(rig.cap);
    let text = format!(
        "version: 1\nname: calibration\nphantom: {phantom:?}\n\
         program: {{ amplitude: {amplitude} A, width: 200 us, rate: 50 Hz }}\nduration: 1 s\n\
         expect:\n  - amplitude: {{ of: programmed, within: 50 % }}\n"
    );
    let mut found =
        |wanted: Wanted<'_>| -> Result<Source, Unresolved> { resolve(std::path::Path::new(""), wanted) };
    let (cases, problems) = read_scenario(&Source::new("calibration", text.as_str()), &mut found);
    match cases.into_iter().next() {
        Some(case) => plan(case, rig, false),
        None => Err(problems),
    }
}

/// How long a level is read, s.
fn dwell(text: &str) -> Result<f64, String> {
    let parsed = Quantity::parse_as(text, Dimension::Time).ok().filter(|time| (0.01..=60.0).contains(time));
    parsed.ok_or_else(|| format!("`{text}` is no duration from 10 ms to 1 min"))
}

fn certificate(args: &Args, phantom: &Phantom, calibrated: Calibrated, against: &str) -> Certificate {
    let date = today();
    let (ohm, u) = calibrated.resistor;
    let reference = format!(
        "{against}, phantom {} of {}",
        phantom.name,
        with_uncertainty(ohm, 2.0 * u, Dimension::Resistance)
    );
    Certificate {
        id: args.certificate.clone().unwrap_or_else(|| format!("{}-{date}", calibrated.unit)),
        unit: calibrated.unit,
        date,
        // A date so far away that there is none is the last there is.
        due: date.checked_add(i64::from(args.due).days()).unwrap_or(jiff::civil::Date::MAX),
        reference: Some(reference),
        file: args.file.display().to_string(),
        channels: calibrated.channels,
    }
}

/// What is shown of it.
fn told(certificate: &Certificate) -> String {
    let mut text = format!("{} for load {}\n", certificate.stated(), readable(&certificate.unit));
    for one in &certificate.channels {
        let dimension = if one.quantity == Sensed::Current { Dimension::Current } else { Dimension::Voltage };
        text += &format!(
            "  {:<8} {:>8}  gain {:.6} ± {:.6}  offset {}\n",
            one.channel,
            engineering(one.range, dimension, 3),
            one.gain.0,
            2.0 * one.gain.1,
            with_uncertainty(one.offset.0, 2.0 * one.offset.1, dimension)
        );
    }
    text
}
