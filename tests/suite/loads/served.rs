//! The simulated bench with an oscilloscope on a network port, in a process of its own.

use std::net::SocketAddr;

use serde_json::Value;

use crate::bench_on_ports::SimBench;
use crate::command::run;

/// `stimrig sim --scpi`, and where it listens.
pub struct Sim {
    pub bench: SimBench,
    pub address: SocketAddr,
}

impl Sim {
    /// Serves it; returns when it listens.
    pub fn serve() -> Self {
        let bench = SimBench::serve(&["--scpi", "0", "--phantom", "r1k"]);
        let rig = bench.rig_text();
        let at = rig.find("127.0.0.1:").map(|at| &rig[at..]);
        let address = at.and_then(|at| at.split(|c: char| !matches!(c, '0'..='9' | '.' | ':')).next());
        let address = address.and_then(|address| address.parse().ok());
        Self { bench, address: address.expect("its rig file says where it listens") }
    }

    /// Runs a scenario on it, and says how long its clock stood still meanwhile, s, because this computer was busy elsewhere:
    /// the host's clock, by which an oscilloscope's record is placed, went on. Again if it did, but not for ever.
    pub fn run(&self, scenario: &str) -> (i32, Value, f64) {
        let stalled = || self.bench.look()["stalled"].as_f64().unwrap();
        let once = || {
            let before = stalled();
            let (exit, record) = run(&["--rig", self.bench.rig().to_str().unwrap(), scenario]);
            (exit, record, stalled() - before)
        };
        let mut last = once();
        for _ in 0..4 {
            if last.2 > 0.0 {
                last = once();
            }
        }
        last
    }
}
