//! A rig file, resolved.

use crate::signal::Sensed;

use super::SimBench;

/// Which adapter speaks to an instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Driver {
    /// The protocol of `hardware/protocol`.
    Native,
    /// The device end of the same protocol, in this process.
    Simulated,
    /// Stimjim's text protocol.
    Stimjim,
    /// Pulse Pal's binary protocol.
    PulsePal,
    /// ScienceMode 4.
    ScienceMode,
    /// A protocol described in the rig file.
    Template,
    /// A user's program.
    Exec,
    /// A stimulator without a link.
    Manual,
    /// An oscilloscope.
    Scpi,
    /// Anything `sigrok-cli` supports.
    Sigrok,
    /// A capture file.
    Recorded,
}

/// One channel of a load.
#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    /// Contact, sense or `vout`.
    pub name: String,
    /// What it senses.
    pub quantity: Sensed,
    /// Selectable ranges (± full scale), A or V, ascending.
    pub ranges: Vec<f64>,
}

/// Hard limits of a bench: no plan may exceed them and the output guard trips on them.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Largest amplitude, A.
    pub amplitude: f64,
    /// Largest charge per phase, C.
    pub charge_per_phase: f64,
    /// Largest mean current over 1 s, A.
    pub mean_dc: f64,
    /// Largest Shannon k where the phantom states an area.
    pub shannon_k: Option<f64>,
}

/// What a rig can do; a scenario that asks for more is skipped with the missing ability named.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Capabilities {
    /// Faults it can inject, by their name in the language.
    pub faults: Vec<String>,
    /// Has its own test source for zero and phantom identification.
    pub test_source: bool,
    /// Has a slow channel for leakage.
    pub dc_channel: bool,
    /// Senses the stimulator's side of the lead relays.
    pub vout: bool,
    /// The stimulator reports its status.
    pub status: bool,
}

/// One bench.
#[derive(Debug, Clone, PartialEq)]
pub struct Rig {
    /// Its name.
    pub name: String,
    /// Path of its file as given, for reports and relative paths.
    pub file: String,
    /// SHA-256 of the file's bytes, hexadecimal.
    pub hash: String,
    /// Adapter of the stimulator.
    pub stimulator: Driver,
    /// The stimulator's stated maximum, A.
    pub cap: f64,
    /// Adapter of the load.
    pub load: Driver,
    /// Channels stated in the file; empty on a simulated load, which has one for every contact, sense and `vout`.
    pub channels: Vec<Channel>,
    /// Phantoms plugged in, slot → name (real rigs).
    pub phantoms: Vec<(String, String)>,
    /// Hard limits.
    pub limits: Limits,
    /// What it can do.
    pub capabilities: Capabilities,
    /// The simulated bench (present when a driver is `simulated`).
    pub sim: Option<SimBench>,
}

impl Rig {
    /// True when nothing of it is real: its passes are marked as simulated for ever.
    pub fn is_simulated(&self) -> bool {
        self.stimulator == Driver::Simulated || self.load == Driver::Simulated
    }
}
