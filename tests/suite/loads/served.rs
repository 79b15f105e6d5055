//! The simulated bench with an oscilloscope on a network port, in a process of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bench_on_ports::ask;
use crate::command::{run, stimrig};

/// `stimrig sim --scpi`, and where it listens.
pub struct Sim {
    child: Child,
    pub address: SocketAddr,
    pub folder: tempfile::TempDir,
}

impl Drop for Sim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Sim {
    /// Serves it; returns when it listens.
    pub fn serve() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = stimrig()
            .args(["sim", "--scpi", "0", "--phantom", "r1k", "--dir"])
            .arg(folder.path())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = lines.find_map(|line| {
            let line = line.unwrap();
            line.get(line.find("127.0.0.1:")?..)?.split_whitespace().next()?.parse().ok()
        });
        // What it says later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address: address.expect("it says where it listens"), folder }
    }

    /// Runs a scenario on it, and says how long its clock stood still meanwhile, s, because this computer was busy elsewhere:
    /// the host's clock, by which an oscilloscope's record is placed, went on. Again if it did, but not for ever.
    pub fn run(&self, scenario: &str) -> (i32, Value, f64) {
        self.rig();
        let (rig, bystander) = (self.folder.path().join("rig.yaml"), self.folder.path().join("bystander"));
        let stalled = || {
            let seen: Value = serde_json::from_str(&ask(&bystander, "look")).unwrap();
            seen["stalled"].as_f64().unwrap()
        };
        let once = || {
            let before = stalled();
            let (exit, record) = run(&["--rig", rig.to_str().unwrap(), scenario]);
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

    /// The text of its rig file.
    pub fn rig(&self) -> String {
        let file = self.folder.path().join("rig.yaml");
        let begun = Instant::now();
        while !file.exists() {
            assert!(begun.elapsed() < Duration::from_secs(60), "no rig file appeared");
            std::thread::sleep(Duration::from_millis(20));
        }
        std::fs::read_to_string(file).unwrap()
    }
}
