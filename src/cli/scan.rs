//! `stimrig scan`: who is behind each port, which debug probes are there, and a rig file for them.

use std::path::PathBuf;

use crate::diagnose::{Answer, Scanned, probes, rig_file, scan};
use crate::instrument::{InstrumentError, InstrumentFault};
use crate::machine::Machine;
use crate::quantity::counted;
use crate::record::{EXIT_INTERNAL, EXIT_RIG, EXIT_USAGE};
use crate::rig::Port;
use crate::run::{LockError, RigLock};
use crate::store::write_atomic;

use super::Output;
use super::stdout::print;

/// Exit code when no instrument was found.
const EXIT_NOTHING: u8 = 4;

/// `stimrig scan`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Ask these too: pseudo-terminals and other paths, or HOST:PORT
    #[arg(value_name = "PORT")]
    ports: Vec<String>,
    /// Ask only the ports named
    #[arg(long, requires = "ports")]
    only: bool,
    /// Write the rig file here instead of to standard output; never over a file that is there
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Name of the bench in the rig file
    #[arg(long, default_value = "bench", value_name = "NAME")]
    name: String,
}

/// Asks, tells, and writes the rig file.
pub(super) fn run(args: &Args, output: &Output) -> u8 {
    if let Some(file) = args.output.as_ref().filter(|file| file.exists()) {
        say!("stimrig: {}: there is such a file: name another, or remove it", file.display());
        return EXIT_USAGE;
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say!("stimrig: no runtime: {error}");
            return EXIT_INTERNAL;
        }
    };
    let besides: Vec<Port> = args.ports.iter().map(|name| named(name)).collect();
    let scanned = runtime.block_on(scan(&Machine::here(), &besides, args.only, hold));
    if output.verbosity() >= 0 {
        for one in &scanned {
            say_all!("{}", line(one));
        }
    }
    let probes = if args.only { Vec::new() } else { probes() };
    if output.verbosity() >= 0 {
        for probe in &probes {
            let trouble =
                probe.trouble.as_ref().map(|why| format!(", cannot be opened: {why}")).unwrap_or_default();
            say!("{}\n    debug probe: selector {}{trouble}", probe.model, probe.selector);
        }
    }
    let Some(text) = rig_file(&args.name, &scanned, &probes) else {
        say!(
            "stimrig: no instrument answered on {}; `stimrig doctor` looks for the reason, `stimrig sim` serves a simulated bench",
            counted(scanned.len(), "port")
        );
        let closed = scanned.iter().any(|one| matches!(one.answer, Answer::Closed(_)));
        return if closed { EXIT_RIG } else { EXIT_NOTHING };
    };
    let written = match &args.output {
        Some(file) => write_atomic(file, text.as_bytes()).map_err(|error| error.to_string()),
        None => print(&text).map_err(|error| error.to_string()),
    };
    match (written, &args.output) {
        (Err(error), _) => {
            say!("stimrig: {error}");
            EXIT_USAGE
        }
        (Ok(()), Some(file)) => {
            let file = file.display();
            say!(
                "written: {file}; read it, correct it, then: stimrig check {file} && stimrig doctor --rig {file}"
            );
            0
        }
        (Ok(()), None) => 0,
    }
}

/// Keeps runs from a port while it is asked; whose it is, if it is somebody's.
fn hold(port: &Port) -> Result<RigLock, InstrumentError> {
    RigLock::take_port(port).map_err(|error| {
        let (fault, next) = match &error {
            LockError::Held(held) | LockError::Ended(held) => {
                let holder =
                    held.holder.as_ref().map_or_else(|| "another process".to_owned(), ToString::to_string);
                (InstrumentFault::Busy, format!("not asked: it is held by {holder}"))
            }
            LockError::File { .. } => (InstrumentFault::Refused(error.to_string()), "not asked".to_owned()),
        };
        InstrumentError { device: "port".to_owned(), doing: "ask who is there".to_owned(), fault, next }
    })
}

fn named(name: &str) -> Port {
    let is_path = name.starts_with('/') || name.starts_with('.') || std::fs::exists(name).unwrap_or(false);
    if !is_path && name.contains(':') {
        return Port::Tcp(name.to_owned());
    }
    // As a rig file has it, which is read from anywhere.
    let path = std::path::absolute(name).map_or_else(|_| name.to_owned(), |path| path.display().to_string());
    let target = std::fs::canonicalize(&path).unwrap_or_default();
    if target.starts_with("/dev/pts") { Port::Pty(path) } else { Port::Path(path) }
}

fn line(one: &Scanned) -> String {
    let about = &one.about;
    let mut text = match &one.answer {
        Answer::Stimulator { identity, .. } => format!("{about}\n    stimulator: {identity}\n"),
        Answer::Load(found) => {
            format!(
                "{about}\n    load: {}, uid {}, calibration {}\n",
                found.model, found.uid, found.calibration
            )
        }
        Answer::Instrument(idn) => format!("{about}\n    instrument: {idn}\n"),
        Answer::Unknown(what) => format!("{about}\n    no instrument known here: {what}\n"),
        Answer::Silence => format!("{about}\n    silent: switched off, or another protocol or speed\n"),
        Answer::Closed(error) => format!("{about}\n    {}: {}\n", error.fault, error.next),
    };
    if !one.doubles.is_empty() {
        let others: Vec<_> = one.doubles.iter().map(|path| path.display().to_string()).collect();
        text += &format!("    the same serial number as {}: named by its path\n", others.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_named_from_anywhere() {
        assert_eq!(named("192.168.1.20:5555"), Port::Tcp("192.168.1.20:5555".to_owned()));
        assert_eq!(named("/dev/ttyS7"), Port::Path("/dev/ttyS7".to_owned()));
        let here = std::env::current_dir().unwrap();
        for name in ["ttyS7", "./ttyS7"] {
            assert_eq!(named(name), Port::Path(here.join("ttyS7").display().to_string()), "{name}");
        }
    }
}
