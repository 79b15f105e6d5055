//! `stimrig sim`: the simulated bench on pseudo-terminals, for a run in another terminal and for any other program.

mod screen;

use std::fs::File;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use crate::phantom::Phantom;
use crate::record::{EXIT_INTERNAL, EXIT_USAGE};
use crate::rig::{Driver, Rig, builtin_phantoms};
use crate::run::Interrupt;
use crate::sim::{News, Rack, Served, serve};
use crate::source::{Diagnostic, render};
use crate::store::write_atomic;

use super::load::{load_rig, named_phantom};
use super::run_args::assignment;
use super::{Output, sim_rig};

/// Links to the pseudo-terminals, in the folder.
const LINKS: [&str; 4] = ["stimulator", "load", "selector", "bystander"];
/// The rig file that names them.
const RIG: &str = "rig.yaml";
/// Held while a bench is served in a folder.
const LOCK: &str = ".lock";

/// `stimrig sim`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Simulated rig to serve [default: rig/sim.yaml, or the copy built into stimrig]
    #[arg(long, value_name = "FILE")]
    rig: Option<PathBuf>,
    /// Where the links to the pseudo-terminals and their rig file appear [default: a folder for this user's runtime files]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Plug in only this phantom (repeatable) [default: the rig's, else every shipped one]
    #[arg(long, value_name = "NAME")]
    phantom: Vec<String>,
    /// Override a value of the rig, such as sim.adc.noise='2 lsb' (repeatable)
    #[arg(long, value_name = "KEY=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
    /// Give the simulated stimulator a defect, such as gain_error='5 %' (repeatable)
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    defect: Vec<(String, String)>,
    /// Serve the load as an oscilloscope, a Rigol DS1000Z, on this network port of this computer (0: any that is free)
    /// [default: 0 where the rig's load is of `scpi`]
    #[arg(long, value_name = "PORT")]
    scpi: Option<u16>,
    /// Seed of everything random
    #[arg(long, value_name = "N", env = "STIMRIG_SEED")]
    seed: Option<u64>,
}

/// Serves until a signal ends it, which is its normal end.
pub(super) fn run(args: &Args, output: &Output) -> u8 {
    let (rig, phantoms) = match prepare(args) {
        Ok(prepared) => prepared,
        Err(problems) => {
            say_all!("{}", render(&problems, output.color()));
            return EXIT_USAGE;
        }
    };
    // Before the links are there, so that whoever sees them can already end this cleanly.
    let interrupt = match Interrupt::listen() {
        Ok(interrupt) => interrupt,
        Err(error) => return trouble(&format!("cannot listen for signals: {error}"), EXIT_INTERNAL),
    };
    let folder = args.dir.clone().unwrap_or_else(default_folder);
    let quiet = output.verbosity() < 0;
    let served = match Folder::claim(&folder)
        .and_then(|folder| folder.serve(&rig, phantoms.clone(), args.scpi, quiet))
    {
        Ok(served) => served,
        Err(why) => return trouble(&why, EXIT_USAGE),
    };
    if !quiet {
        say_all!("{}", screen::text(&rig, &served.served, &served.folder.path, &phantoms));
    }
    while interrupt.cause().is_none() {
        std::thread::sleep(Duration::from_millis(50));
    }
    0
}

fn prepare(args: &Args) -> Result<(Rig, Vec<Phantom>), Vec<Diagnostic>> {
    let mut set = args.set.clone();
    set.extend(args.seed.map(|seed| ("sim.seed".to_owned(), seed.to_string())));
    let rig = load_rig(args.rig.as_deref(), &set, &args.defect)?;
    let Some(bench) = &rig.sim else {
        let what = "this bench is real: there is nothing to simulate";
        return Err(vec![Diagnostic::of_file(&rig.file, what, Some("name a rig with `driver: simulated`"))]);
    };
    if matches!(rig.stimulator, Driver::Exec | Driver::Manual) {
        let what = format!("a stimulator of `{}` has no port that could be served", rig.stimulator.name());
        let help = "`stimrig run` rehearses it in its own process; serve a rig with another stimulator";
        return Err(vec![rig.places.find("stimulator").error(&what, Some(help))]);
    }
    if rig.load == Driver::Sigrok && args.scpi.is_none() {
        let help = "serve an oscilloscope in its place (--scpi 0), or a rig with another load";
        let what = "a load of `sigrok` is a program and has no port that could be served";
        return Err(vec![rig.places.find("load").error(what, Some(help))]);
    }
    let names: Vec<String> = if !args.phantom.is_empty() {
        args.phantom.clone()
    } else if let Some(name) = &bench.phantom {
        vec![name.clone()]
    } else if !rig.phantoms.is_empty() {
        rig.phantoms.iter().map(|(_, name)| name.clone()).collect()
    } else {
        builtin_phantoms().map(str::to_owned).collect()
    };
    let mut problems = Vec::new();
    let found = names
        .iter()
        .filter_map(|name| named_phantom(&rig, name).map_err(|found| problems.extend(found)).ok());
    let found: Vec<Phantom> = found.collect();
    if problems.is_empty() { Ok((rig, found)) } else { Err(problems) }
}

/// A folder of this user that is empty after a restart.
fn default_folder() -> PathBuf {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|folder| folder.is_dir());
    match runtime {
        Some(folder) => folder.join("stimrig-sim"),
        None => std::env::temp_dir().join(format!("stimrig-sim-{}", rustix::process::getuid().as_raw())),
    }
}

fn trouble(what: &str, code: u8) -> u8 {
    say!("stimrig: {what}");
    code
}

/// A folder in which no other bench is served.
struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    fn claim(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let failed =
            |error: std::io::Error| format!("{shown}: cannot be used: {error} (choose another with --dir)");
        std::fs::create_dir_all(path).map_err(failed)?;
        let path = std::path::absolute(path).map_err(failed)?;
        let lock =
            File::options().create(true).truncate(false).write(true).open(path.join(LOCK)).map_err(failed)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|_| {
            format!("{shown}: another `stimrig sim` serves its bench there (end it, or choose another folder with --dir)")
        })?;
        Ok(Self { path, _lock: lock })
    }

    fn serve(
        self,
        rig: &Rig,
        phantoms: Vec<Phantom>,
        scpi: Option<u16>,
        quiet: bool,
    ) -> Result<ServedFolder, String> {
        let Some(bench) = &rig.sim else { return Err("this bench is real".to_owned()) };
        let rack = Rack::new(bench, phantoms.clone(), bench.seed);
        let rack = match (rig.load, scpi) {
            // An oscilloscope stands on the network, and the rig's own is wired as the rig says.
            (Driver::Scpi, port) => rack.with_oscilloscope(rig, port.unwrap_or(0)).speaking(rig),
            (_, Some(port)) => rack.with_oscilloscope(rig, port),
            (_, None) => rack.speaking(rig),
        };
        let links = self.path.clone();
        let tell = move |news: News<'_>| match news {
            News::Said(what) if !quiet => say!("{what}"),
            News::Said(_) => {}
            News::Moved(device, to) => {
                if let Err(why) = link(&links.join(device), to) {
                    say!("stimrig: {why}");
                }
            }
        };
        let served = serve(rack, Box::new(tell)).map_err(|error| error.to_string())?;
        let text = sim_rig::text(rig, bench, &phantoms, &self.path, served.scpi());
        let folder = ServedFolder { served, folder: self };
        let served = &folder.served;
        let targets =
            [Some(served.stimulator()), served.load(), Some(served.selector()), Some(served.bystander())];
        for (name, target) in LINKS.into_iter().zip(targets) {
            let path = folder.folder.path.join(name);
            match target {
                Some(target) => link(&path, target)?,
                None => remove_link(&path),
            }
        }
        // Last, so that whoever finds it finds everything.
        write_atomic(&folder.folder.path.join(RIG), text.as_bytes()).map_err(|error| error.to_string())?;
        Ok(folder)
    }
}

/// Makes a link, in the place of one that is there.
fn link(path: &Path, target: &Path) -> Result<(), String> {
    remove_link(path);
    symlink(target, path).map_err(|error| format!("{}: {error} (remove it)", path.display()))
}

/// A link that an earlier bench left; anything else is somebody's file.
fn remove_link(link: &Path) {
    if std::fs::symlink_metadata(link).is_ok_and(|found| found.file_type().is_symlink()) {
        // What cannot be removed is met again when the link is made.
        let _ = std::fs::remove_file(link);
    }
}

/// A bench that is served, and the folder that leads to it; both end together.
struct ServedFolder {
    served: Served,
    folder: Folder,
}

impl Drop for ServedFolder {
    fn drop(&mut self) {
        let files = LINKS.into_iter().chain([RIG, LOCK]);
        for file in files {
            let path = self.folder.path.join(file);
            // Gone already is as good.
            let _ = std::fs::remove_file(path);
        }
    }
}
