//! The simulated bench with an oscilloscope on a network port, in a process of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::command::stimrig;

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
