//! The debug probe: cores that are halted, words that are flipped, logs, images, and what can be wrong with a probe.
#![cfg(feature = "probe")]

mod cases;
mod driver;
mod flash;

use std::path::PathBuf;

use crate::command::root;

/// A rig file of the simulated bench in a folder, with `probe` and what stands under `sim`.
pub fn rig(folder: &tempfile::TempDir, probe: &str, sim: &str) -> PathBuf {
    let path = folder.path().join("rig.yaml");
    let text = format!(
        "version: 1\nname: probed\nstimulator: {{ driver: simulated }}\nload: {{ driver: simulated }}\n{probe}\n{sim}\n"
    );
    std::fs::write(&path, text).unwrap();
    path
}

/// A shipped scenario.
pub fn scenario(name: &str) -> String {
    root().join(format!("scenarios/{name}.yaml")).display().to_string()
}
