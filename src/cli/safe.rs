//! `stimrig safe`: forces the safe state of a rig, measures it, and closes what a killed run left open.

use std::path::PathBuf;

use crate::quantity::{Dimension, Quantity};
use crate::record::{EXIT_INTERNAL, EXIT_UNSAFE, EXIT_USAGE, SafeState};
use crate::rig::{Driver, Rig};
use crate::run::{Waiting, make_safe};
use crate::source::render;

use super::load::load_rig;
use super::recover::{SILENCE, alarm, close, left_open, take};
use super::run_args::waiting;
use super::signals::listen;
use super::stdout::print;
use super::{Output, operator};

/// Arguments of `safe`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 the output was measured off, 6 it was not or could not be, as with a source that runs by itself, 3 the rig is in use, 2 the rig file is wrong."
)]
pub struct Args {
    /// Rig file [default: rig/sim.yaml, or the copy built into stimrig]
    #[arg(long, value_name = "FILE", env = "STIMRIG_RIG")]
    rig: Option<PathBuf>,
    /// Folder in which a killed run may have left its record open
    #[arg(long, value_name = "DIR", default_value = "runs", env = "STIMRIG_RUNS")]
    runs: PathBuf,
    /// Watch the output for at least this long: the longest pause of whatever may be running
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = duration)]
    watch: f64,
    /// Who is at the bench and switches a stimulator off that is driven by hand
    #[arg(long, value_name = "NAME", env = "STIMRIG_OPERATOR")]
    operator: Option<String>,
    /// Wait for a rig that somebody else holds: so long, such as --wait=10min, or until it is free
    #[arg(
        long,
        value_name = "DURATION",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "forever",
        value_parser = waiting,
        env = "STIMRIG_WAIT"
    )]
    wait: Option<Waiting>,
}

/// A time in s.
fn duration(text: &str) -> Result<f64, String> {
    let parsed = Quantity::parse(text).map_err(|error| error.to_string())?;
    if parsed.dimension == Dimension::Time && (0.0..=600.0).contains(&parsed.value) {
        Ok(parsed.value)
    } else {
        Err(format!("`{text}` is no duration up to 10 min, such as {SILENCE}s"))
    }
}

/// Runs the command.
pub fn run(args: &Args, output: &Output) -> u8 {
    let rig = match load_rig(args.rig.as_deref(), &[], &[]) {
        Ok(rig) => rig,
        Err(problems) => {
            say_all!("{}", render(&problems, output.color()));
            return EXIT_USAGE;
        }
    };
    let interrupt = match listen() {
        Ok(interrupt) => interrupt,
        Err(code) => return code,
    };
    let lock = match take(&rig, args.wait.unwrap_or(Waiting::No), &interrupt) {
        Ok(lock) => lock,
        Err(code) => return code,
    };
    let name = operator::whoever(args.operator.as_deref());
    let person = match operator::person(&rig, Some(&name), &interrupt) {
        Ok(person) => person,
        Err(error) => {
            say!("stimrig: cannot listen to the terminal: {error}");
            return EXIT_INTERNAL;
        }
    };
    if let (None, Some(why)) = (&person, operator::missing(&rig, Some(&name))) {
        say!("stimrig: {why}");
    }
    let mut safe = make_safe(&rig, &lock, args.watch, &interrupt, person.as_ref());
    if person.is_some() {
        safe.found.insert(0, format!("the person at the bench is {name}"));
    }
    let (state, by_itself) = (safe.safe_state, runs_by_itself(&rig));
    let shown = if by_itself { SafeState::Impossible } else { state };
    let mut text = format!("rig {}: safe state {}\n", rig.name, shown.name());
    for line in &safe.found {
        text += &format!("  {line}\n");
    }
    if rig.is_in_process() {
        text += "  note: this bench is simulated within stimrig; nothing outside of it can be energised\n";
    }
    if let Err(error) = print(&text) {
        say!("stimrig: {error}");
    }
    if state == SafeState::Confirmed {
        let code = close(left_open(&rig, &args.runs, &lock), &safe, &lock, None);
        if !by_itself {
            return code;
        }
        say!(
            "stimrig: rig `{}` drives no stimulator: what runs by itself on it was neither stopped nor measured; switch it off by hand",
            rig.name
        );
        return EXIT_UNSAFE;
    }
    say!("{}", alarm(&rig, state));
    EXIT_UNSAFE
}

/// Something may flow on this rig that no run of it has started: nothing can be told to stop it.
fn runs_by_itself(rig: &Rig) -> bool {
    !rig.capabilities.drives && rig.load != Driver::Recorded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    #[test]
    fn a_source_that_runs_by_itself_is_not_made_safe_and_a_recording_needs_nothing() {
        for (file, by_itself) in [("sigrok-demo", true), ("recorded", false), ("stimjim", false)] {
            let path = format!("{}/rig/{file}.yaml", env!("CARGO_MANIFEST_DIR"));
            let text = std::fs::read_to_string(&path).unwrap();
            let rig = Rig::read(&Source::new(&path, &text)).unwrap();
            assert_eq!(runs_by_itself(&rig), by_itself, "{file}");
        }
    }
}
