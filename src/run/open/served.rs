//! A simulated bench on pseudo-terminals, in this process and in real time.

use async_trait::async_trait;

use crate::driver::port::RealClock;
use crate::instrument::Clock;
use crate::phantom::Phantom;
use crate::rig::{Port, Rig, SimBench};
use crate::sim::{Rack, Served, serve};

use super::wire::Wire;

/// Real time on a bench that ends with its clock, after the ports to it are closed.
pub(super) struct ServedClock {
    clock: RealClock,
    _bench: Served,
}

/// What is opened: the wires to stimulator and load, the bench's clock, and a probe on the stimulator's core.
pub(super) struct Opened<'a> {
    pub(super) stimulator: Wire<'a>,
    pub(super) load: Wire<'a>,
    pub(super) clock: Box<dyn Clock>,
    #[cfg(feature = "probe")]
    pub(super) probe: crate::sim::probe::SimulatedProbe,
}

/// Serves a bench with a phantom plugged in.
///
/// # Errors
/// What keeps it from being served.
pub(super) fn open<'a>(
    rig: &Rig,
    bench: &SimBench,
    plugged: &Phantom,
    seed: u64,
) -> Result<Opened<'a>, String> {
    let served = serve(Rack::new(bench, vec![plugged.clone()], seed).speaking(rig), Box::new(|_| {}))
        .map_err(|error| error.to_string())?;
    let port = |path: &std::path::Path| Port::Pty(path.display().to_string());
    let stimulator = Wire::terminal("stimulator", port(served.stimulator()));
    let load = Wire::terminal("load", port(served.load().unwrap_or(std::path::Path::new(""))));
    Ok(Opened {
        stimulator,
        load,
        #[cfg(feature = "probe")]
        probe: served.probe(),
        clock: Box::new(ServedClock { clock: RealClock::new(), _bench: served }),
    })
}

#[async_trait]
impl Clock for ServedClock {
    fn now(&self) -> u64 {
        self.clock.now()
    }

    async fn sleep(&mut self, nanoseconds: u64) {
        self.clock.sleep(nanoseconds).await;
    }
}
