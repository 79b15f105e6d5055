//! Stimulators of other makers: their drivers and their simulated device ends, both against recorded exchanges.

mod exec;
mod manual;
mod ports;
mod pulse_pal;
mod pulse_pal_firmware;
pub mod runs;
mod science_mode;
mod science_mode_levels;
mod scripted;
mod stimjim;
mod template;

use std::future::Future;

use stimrig::driver::native;
use stimrig::instrument::{Clock, Load as _, Switches as _};
use stimrig::phantom::Phantom;
use stimrig::rig::{Rig, builtin_phantom, read_phantom};
use stimrig::scenario::{Case, read_scenario, shipped};
use stimrig::sim::{self, Bench};
use stimrig::source::Source;

/// A text of the repository.
fn text(path: &str) -> String {
    std::fs::read_to_string(crate::command::root().join(path)).unwrap()
}

/// A shipped phantom.
pub fn phantom(name: &str) -> Phantom {
    let (path, text) = builtin_phantom(name).unwrap();
    read_phantom(&Source::new(path, text)).unwrap()
}

/// A rig file of the repository.
pub fn rig(path: &str) -> Rig {
    Rig::read(&Source::new(path, &text(path))).unwrap()
}

/// A bench of a rig file with a phantom plugged in.
fn bench(path: &str, phantom_name: &str) -> Bench {
    let rig = rig(path);
    sim::open_rig(&rig, rig.sim.as_ref().unwrap(), &phantom(phantom_name), 1).unwrap()
}

/// The only case of a scenario.
pub fn case(scenario: &str) -> Case {
    let source = Source::new("scenario.yaml", scenario);
    let (mut cases, problems) = read_scenario(&source, &mut shipped);
    assert_eq!(problems, Vec::new());
    cases.remove(0)
}

/// Runs to its end what waits.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Closes the load's interlock, so that the phantom is at the stimulator's outputs.
async fn close_interlock(bench_load: sim::MemoryPort, phantom: &Phantom) -> native::Load {
    let mut load = native::Load::new(Box::new(bench_load), phantom);
    load.identify().await.unwrap();
    load.interlock(true).await.unwrap();
    load
}

async fn pass(clock: &mut impl Clock, milliseconds: u64) {
    clock.sleep(milliseconds * 1_000_000).await;
}

/// Everything a port has to say now.
async fn hear(port: &mut sim::MemoryPort) -> Vec<u8> {
    use stimrig::instrument::Port;
    let mut heard = Vec::new();
    let mut buffer = [0; 256];
    let now = port.now();
    while let Ok(count) = port.read(&mut buffer, now).await {
        heard.extend_from_slice(&buffer[..count]);
    }
    heard
}
