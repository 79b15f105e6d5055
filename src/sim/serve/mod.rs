//! The simulated bench on pseudo-terminals, in real time: for a run that opens them, and for any other program.

mod bystander;
mod host;
mod lines;
mod pump;
mod selector;
mod socket;
mod terminal;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use crate::phantom::Phantom;
use crate::rig::{Driver, Rig, SimBench};

use super::SimError;
use super::world::SimWorld;
use host::Host;
use pump::{Hosts, Pump};
use socket::Socket;
use terminal::Terminal;

pub use bystander::Look;

/// What happens on a served bench.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News<'a> {
    /// For a person who looks on.
    Said(&'a str),
    /// A device (`stimulator`, `load`) has another pseudo-terminal now.
    Moved(&'static str, &'a Path),
}

/// Hears what happens on a served bench.
pub type Tell = Box<dyn Fn(News<'_>) + Send>;

/// What is plugged into a served bench: the phantoms of its slots, the first of them connected.
#[derive(Debug, Clone)]
pub struct Rack {
    bench: SimBench,
    phantoms: Vec<Phantom>,
    seed: u64,
    /// The rig whose drivers the ends speak to; without one they are native.
    rig: Option<Box<Rig>>,
    /// The load is an oscilloscope on this network port, 0 for any.
    scpi: Option<u16>,
    /// How often one has been connected: each time has noise of its own.
    plugged: u64,
}

impl Rack {
    /// A rack with these phantoms in its slots, which count from 1.
    pub fn new(bench: &SimBench, phantoms: Vec<Phantom>, seed: u64) -> Self {
        Self { bench: bench.clone(), phantoms, seed, rig: None, scpi: None, plugged: 0 }
    }

    /// The same with an oscilloscope for a load, on a network port of this computer (0: any that is free): on its input 1 the
    /// current of the phantom's first contact across 100 ohm, on 2 the output's voltage.
    pub fn with_oscilloscope(self, rig: &Rig, port: u16) -> Self {
        let rig = Rig { load: Driver::Scpi, channels: Vec::new(), ..rig.clone() };
        Self { rig: Some(Box::new(rig)), scpi: Some(port), ..self }
    }

    /// The wires are those of a rig's drivers.
    pub fn speaking(self, rig: &Rig) -> Self {
        Self { rig: Some(Box::new(rig.clone())), ..self }
    }

    /// A bench at rest with the phantom of a slot connected; `None` if there is no such slot.
    fn plug(&mut self, slot: usize) -> Option<Result<SimWorld, SimError>> {
        let phantom = self.phantoms.get(slot.checked_sub(1)?)?;
        let seed = self.seed.wrapping_add(self.plugged);
        self.plugged += 1;
        Some(SimWorld::new(&self.bench, self.rig.as_deref(), phantom, seed))
    }

    fn name(&self, slot: usize) -> &str {
        slot.checked_sub(1)
            .and_then(|index| self.phantoms.get(index))
            .map_or("nothing", |phantom| &phantom.name)
    }
}

/// A bench that is being served by a thread of its own; dropping it ends that, after what is on its way has been read.
pub struct Served {
    stimulator: PathBuf,
    load: Option<PathBuf>,
    scpi: Option<SocketAddr>,
    selector: PathBuf,
    bystander: PathBuf,
    /// For a probe on the stimulator's core, which is no port.
    #[cfg(feature = "probe")]
    world: Arc<Mutex<SimWorld>>,
    #[cfg(feature = "probe")]
    trouble: Option<crate::rig::ProbeTrouble>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Served {
    /// The stimulator's pseudo-terminal.
    pub fn stimulator(&self) -> &Path {
        &self.stimulator
    }

    /// The load's pseudo-terminal, where it is not on the network.
    pub fn load(&self) -> Option<&Path> {
        self.load.as_deref()
    }

    /// Where the oscilloscope listens, if the load is one.
    pub fn scpi(&self) -> Option<SocketAddr> {
        self.scpi
    }

    /// The phantom selector's pseudo-terminal.
    pub fn selector(&self) -> &Path {
        &self.selector
    }

    /// A debug probe on the stimulator's core, in this process.
    #[cfg(feature = "probe")]
    pub fn probe(&self) -> super::probe::SimulatedProbe {
        super::probe::SimulatedProbe::new(Arc::clone(&self.world), self.trouble)
    }

    /// The bystander's pseudo-terminal: it sees the output and pulls plugs.
    pub fn bystander(&self) -> &Path {
        &self.bystander
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            // It does not panic, and if it did there would be nothing to end.
            let _ = thread.join();
        }
    }
}

/// Serves a bench on four pseudo-terminals: stimulator, load, the selector that connects another phantom, and a bystander.
///
/// # Errors
/// When the phantom cannot be solved, or the system has no pseudo-terminal left.
pub fn serve(mut rack: Rack, tell: Tell) -> Result<Served, SimError> {
    let world =
        rack.plug(1).unwrap_or_else(|| Err(SimError::Network("no phantom is plugged in".to_owned())))?;
    let failed = |error: std::io::Error| SimError::Terminal(error.to_string());
    let terminal = || Terminal::open().map_err(failed);
    let (stimulator, selector, bystander) = (terminal()?, terminal()?, terminal()?);
    let load = match rack.scpi {
        Some(port) => Host::Socket(Socket::open(port).map_err(|error| {
            SimError::Socket(format!("port {port}: {error} (choose another with --scpi)"))
        })?),
        None => Host::Terminal(terminal()?),
    };
    let (path, scpi) = match &load {
        Host::Terminal(terminal) => (Some(terminal.path().to_owned()), None),
        Host::Socket(socket) => (None, Some(socket.address().map_err(failed)?)),
        Host::Unplugged(_) => (None, None),
    };
    let paths = [&stimulator, &selector, &bystander].map(|terminal| terminal.path().to_owned());
    let stop = Arc::new(AtomicBool::new(false));
    let [stimulator, selector, bystander] = [stimulator, selector, bystander].map(Host::Terminal);
    let world = Arc::new(Mutex::new(world));
    #[cfg(feature = "probe")]
    let (seen, trouble) = (Arc::clone(&world), rack.bench.probe);
    let pump = Pump::new(world, rack, Hosts { stimulator, load, selector, bystander }, tell);
    let heard = Arc::clone(&stop);
    let thread = std::thread::Builder::new()
        .name("bench".to_owned())
        .spawn(move || pump.run(&heard))
        .map_err(|error| SimError::Terminal(error.to_string()))?;
    let [stimulator, selector, bystander] = paths;
    Ok(Served {
        stimulator,
        load: path,
        scpi,
        selector,
        bystander,
        #[cfg(feature = "probe")]
        world: seen,
        #[cfg(feature = "probe")]
        trouble,
        stop,
        thread: Some(thread),
    })
}
