//! The record of a traceable instrument, from its file.

use std::path::Path;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::capture::{self, Capture};
use crate::quantity::hex;
use crate::run::{Interrupt, Recorded, recording};

/// How long a person may take to save it.
const PATIENCE: Duration = Duration::from_secs(600);

/// Reads the current that an instrument recorded while the levels were driven; waits for the file if it is not there yet.
/// `u` is the instrument's relative standard uncertainty. Returns the hash of the file too. A signal ends the waiting.
///
/// # Errors
/// A lowercase fragment: why the file cannot be used, and what to do.
pub(super) fn read(
    file: &Path,
    channel: Option<&str>,
    u: f64,
    interrupt: &Interrupt,
) -> Result<(Recorded, String), String> {
    let shown = file.display();
    await_file(file, interrupt)?;
    let bytes = recording(file).map_err(|error| format!("the reference {error}"))?;
    let capture =
        capture::read(&shown.to_string(), &bytes).map_err(|error| format!("the reference: {error}"))?;
    if let Some((line, off)) = capture.time.worst_deviation {
        return Err(format!(
            "the reference {shown}:{line}: samples are missing or unevenly spaced, by {off:.3e} s: export it again, whole"
        ));
    }
    let current = current(&capture, channel)?;
    Ok((Recorded { current, period: capture.time.dt, u }, hex(&Sha256::digest(&bytes))))
}

/// The column that holds the current.
fn current(capture: &Capture, channel: Option<&str>) -> Result<Vec<f64>, String> {
    let names: Vec<&str> = capture.traces.iter().map(|trace| trace.name.as_str()).collect();
    let said = |what: String| {
        format!(
            "the reference {}: {what}; it has {} (name one with --channel)",
            capture.file,
            names.join(", ")
        )
    };
    let found = match channel {
        Some(name) => capture.trace(name).ok_or_else(|| said(format!("there is no column `{name}`")))?,
        None => {
            let mut amperes = capture.traces.iter().filter(|trace| trace.unit == "A");
            match (amperes.next(), amperes.next()) {
                (Some(one), None) => one,
                (None, _) => return Err(said("no column is in ampere".to_owned())),
                (Some(_), Some(_)) => return Err(said("several columns are in ampere".to_owned())),
            }
        }
    };
    if found.unit != "A" {
        let unit = if found.unit.is_empty() { "no unit" } else { &found.unit };
        return Err(said(format!("its column `{}` has {unit}, and a current is in A", found.name)));
    }
    Ok(found.values.clone())
}

fn await_file(file: &Path, interrupt: &Interrupt) -> Result<(), String> {
    let began = Instant::now();
    let mut told = false;
    while !file.exists() {
        if !std::mem::replace(&mut told, true) {
            say!(
                "stimrig: every level was driven, the bench is off; save what the reference instrument recorded as {}",
                file.display()
            );
        }
        if let Some(cause) = interrupt.cause() {
            return Err(format!("ended by {}: nothing was written", cause.name()));
        }
        if began.elapsed() > PATIENCE {
            return Err(format!("the reference {} did not appear within 10 min", file.display()));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}
