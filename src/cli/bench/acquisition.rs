//! `stimrig bench acquisition`.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::cli::itself::itself;
use crate::record::{EXIT_INTERNAL, EXIT_USAGE};
use crate::rig::{Port, builtin_phantom, read_phantom};
use crate::run::{Acquisition, acquisition};
use crate::source::Source;

use super::{Format, Show, json, show};

/// Processor of the host that receiving may take.
const CORES: f64 = 0.2;
const PHANTOM: &str = "r1k";
/// ± full scale of the simulated load's lower current range, A.
const RANGE: f64 = 4e-3;

/// How much of a processor receiving two channels takes, over a pseudo-terminal from a simulated load in another process
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Seconds to receive
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u16).range(1..=3600))]
    seconds: u16,
    /// Samples per second and channel, in millions
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=10))]
    megasamples: u16,
    #[command(flatten)]
    show: Show,
}

/// Runs it: 0 if nothing was lost and the processor time stayed within its goal, 1 if not.
pub(super) fn run(args: &Args) -> u8 {
    let found = match measure(args) {
        Ok(found) => found,
        Err((code, what)) => {
            say!("stimrig: {what}");
            return code;
        }
    };
    let shown = match args.show.format {
        Format::Text => Ok(text(&found)),
        Format::Json => json(&found),
        Format::Html => Err("this experiment has no page: ask for text or json".to_owned()),
    };
    show(&args.show, shown, u8::from(!found.holds(CORES)))
}

fn measure(args: &Args) -> Result<Acquisition, (u8, String)> {
    let internal = |error: std::io::Error| (EXIT_INTERNAL, error.to_string());
    let folder = std::env::temp_dir().join(format!("stimrig-acquisition-{}", std::process::id()));
    let bench = Bench::serve(&folder, args.megasamples).map_err(internal)?;
    let (path, text) = builtin_phantom(PHANTOM).unwrap_or_default();
    let phantom =
        read_phantom(&Source::new(path, text)).map_err(|_| (EXIT_USAGE, format!("no phantom {PHANTOM}")))?;
    let load = Port::Pty(folder.join("load").display().to_string());
    let found = acquisition(&load, &phantom, RANGE, Duration::from_secs(args.seconds.into()));
    drop(bench);
    // Its own folder, empty by now; one that is not is left to be looked at.
    let _ = std::fs::remove_dir(&folder);
    found.map_err(|error| (3, error.to_string()))
}

/// The simulated bench in a process of its own, so that its work is not counted as the host's.
struct Bench(Child);

impl Bench {
    fn serve(folder: &Path, megasamples: u16) -> std::io::Result<Self> {
        let mut child = itself()?
            .args(["sim", "--phantom", PHANTOM, "--dir"])
            .arg(folder)
            .arg("--set")
            .arg(format!("sim.adc.sample_rate={megasamples} MHz"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        // Its first words come when everything is there.
        let said = child.stderr.take();
        let bench = Self(child);
        let mut line = String::new();
        if let Some(said) = said {
            let mut said = BufReader::new(said);
            said.read_line(&mut line)?;
            std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        }
        if folder.join("load").exists() {
            Ok(bench)
        } else {
            Err(std::io::Error::other(format!("the simulated bench did not start: {}", line.trim())))
        }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if let Some(pid) = rustix::process::Pid::from_raw(self.0.id().cast_signed()) {
            // One that has ended by itself is as good.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let _ = self.0.wait();
    }
}

fn text(found: &Acquisition) -> String {
    format!(
        "{} channels at {:.3} MS/s for {:.1} s: {:.2} MB/s, {} samples each, {} lost, {:.1} % of one core (at most {:.0} %)\n",
        found.channels,
        found.sample_rate * 1e-6,
        found.seconds,
        found.bytes_per_second * 1e-6,
        found.samples,
        found.lost,
        found.cores * 100.0,
        CORES * 100.0,
    )
}
