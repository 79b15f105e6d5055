//! The simulated bench on pseudo-terminals, in real time: for a run that opens them, and for any other program.

mod pump;
mod selector;
mod terminal;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crate::phantom::Phantom;
use crate::rig::SimBench;

use super::SimError;
use super::world::SimWorld;
use pump::Pump;
use terminal::Terminal;

/// Hears what happens on a served bench, for a person who looks on.
pub type Tell = Box<dyn Fn(&str) + Send>;

/// What is plugged into a served bench: the phantoms of its slots, the first of them connected.
#[derive(Debug, Clone)]
pub struct Rack {
    bench: SimBench,
    phantoms: Vec<Phantom>,
    seed: u64,
    /// How often one has been connected: each time has noise of its own.
    plugged: u64,
}

impl Rack {
    /// A rack with these phantoms in its slots, which count from 1.
    pub fn new(bench: &SimBench, phantoms: Vec<Phantom>, seed: u64) -> Self {
        Self { bench: bench.clone(), phantoms, seed, plugged: 0 }
    }

    /// A bench at rest with the phantom of a slot connected; `None` if there is no such slot.
    fn plug(&mut self, slot: usize) -> Option<Result<SimWorld, SimError>> {
        let phantom = self.phantoms.get(slot.checked_sub(1)?)?;
        let seed = self.seed.wrapping_add(self.plugged);
        self.plugged += 1;
        Some(SimWorld::new(&self.bench, phantom, seed))
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
    load: PathBuf,
    selector: PathBuf,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Served {
    /// The stimulator's pseudo-terminal.
    pub fn stimulator(&self) -> &Path {
        &self.stimulator
    }

    /// The load's pseudo-terminal.
    pub fn load(&self) -> &Path {
        &self.load
    }

    /// The phantom selector's pseudo-terminal.
    pub fn selector(&self) -> &Path {
        &self.selector
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

/// Serves a bench on three pseudo-terminals: stimulator, load, and the selector that connects another phantom.
///
/// # Errors
/// When the phantom cannot be solved, or the system has no pseudo-terminal left.
pub fn serve(mut rack: Rack, tell: Tell) -> Result<Served, SimError> {
    let world =
        rack.plug(1).unwrap_or_else(|| Err(SimError::Network("no phantom is plugged in".to_owned())))?;
    let open = || Terminal::open().map_err(|error| SimError::Terminal(error.to_string()));
    let (stimulator, load, selector) = (open()?, open()?, open()?);
    let paths = [&stimulator, &load, &selector].map(|terminal| terminal.path().to_owned());
    let stop = Arc::new(AtomicBool::new(false));
    let pump = Pump::new(world, rack, stimulator, load, selector, tell);
    let heard = Arc::clone(&stop);
    let thread = std::thread::Builder::new()
        .name("bench".to_owned())
        .spawn(move || pump.run(&heard))
        .map_err(|error| SimError::Terminal(error.to_string()))?;
    let [stimulator, load, selector] = paths;
    Ok(Served { stimulator, load, selector, stop, thread: Some(thread) })
}
