//! A rig file, resolved.

use crate::signal::Sensed;
use crate::source::Places;

use super::{Certificate, SimBench, Transport};

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

impl Driver {
    /// Drivers of a stimulator, with their names in rig files.
    pub const OF_STIMULATOR: &'static [(&'static str, Self)] = &[
        ("native", Self::Native),
        ("stimjim", Self::Stimjim),
        ("pulse-pal", Self::PulsePal),
        ("science-mode", Self::ScienceMode),
        ("template", Self::Template),
        ("exec", Self::Exec),
        ("manual", Self::Manual),
        ("simulated", Self::Simulated),
    ];

    /// Drivers of a load, with their names in rig files.
    pub const OF_LOAD: &'static [(&'static str, Self)] = &[
        ("native", Self::Native),
        ("scpi", Self::Scpi),
        ("sigrok", Self::Sigrok),
        ("recorded", Self::Recorded),
        ("simulated", Self::Simulated),
    ];

    /// Its name in rig files.
    pub fn name(self) -> &'static str {
        let mut all = Self::OF_STIMULATOR.iter().chain(Self::OF_LOAD);
        all.find(|(_, driver)| *driver == self).map_or("", |(name, _)| *name)
    }
}

/// How an instrument is found. Never by `ttyACM0`: that name belongs to whoever was plugged in first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Port {
    /// USB serial number.
    SerialNumber(String),
    /// A stable device path.
    Path(String),
    /// A pseudo-terminal.
    Pty(String),
    /// `host:port`.
    Tcp(String),
}

/// A debug probe on the stimulator's core.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// Vendor, product and serial of the probe.
    pub selector: String,
    /// Target name as probe-rs knows it.
    pub chip: String,
    /// Firmware image with symbols, relative to the rig file.
    pub elf: Option<String>,
}

impl Probe {
    /// The selector of the probe on a simulated bench.
    pub const SIMULATED: &'static str = "simulated";
    /// Whether this build can drive a probe at all.
    pub const BUILT_IN: bool = cfg!(feature = "probe");

    /// Whether it stands on the simulated bench.
    pub fn is_simulated(&self) -> bool {
        self.selector == Self::SIMULATED
    }
}

/// A stimulator's output stage, as far as it decides what a load sees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OutputStage {
    /// Largest voltage across its load, V (either sign).
    pub compliance: f64,
    /// Series capacitor, F; 0 means none.
    pub blocking_capacitor: f64,
    /// Resistance of the closed recharge switch, ohm.
    pub recharge: f64,
}

/// What ties a rig file to the things on the bench.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wiring {
    /// The stimulator's port.
    pub stimulator: Option<Port>,
    /// The load's port.
    pub load: Option<Port>,
    /// The phantom selector's port, where slots are switched.
    pub selector: Option<Port>,
    /// The stimulator's unique id, as it says it.
    pub stimulator_uid: Option<String>,
    /// The load's unique id, as it says it.
    pub load_uid: Option<String>,
    /// The debug probe.
    pub probe: Option<Probe>,
    /// Calibration file, relative to the rig file.
    pub calibration: Option<String>,
    /// Program and arguments of an `exec` driver.
    pub command: Vec<String>,
}

/// How a channel senses.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Input {
    /// The load's own input.
    #[default]
    Own,
    /// Across a shunt (ohm).
    Shunt(f64),
    /// The difference of two inputs, across a shunt (ohm) for a current.
    Differential {
        /// Positive input.
        plus: String,
        /// Negative input.
        minus: String,
        /// Shunt, ohm.
        shunt: Option<f64>,
    },
    /// A stimulator's monitor output, V per A.
    Monitor(f64),
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
    /// How it senses.
    pub input: Input,
    /// The contacts between which a `vout` channel measures.
    pub of: Vec<String>,
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
    /// Has a debug probe, and this build can drive it.
    pub probe: bool,
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
    /// The stimulator's output stage as the file states it.
    pub stage: Option<OutputStage>,
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
    /// Ports, probe and calibration.
    pub wiring: Wiring,
    /// The load's calibration, once its file has been read.
    pub certificate: Option<Certificate>,
    /// Where its parts stand in the file.
    pub places: Places,
}

impl Rig {
    /// The stimulator's output stage, stated or simulated; without it nothing can be said about voltages before a run.
    pub fn output_stage(&self) -> Option<OutputStage> {
        let simulated = self.sim.as_ref().map(|bench| OutputStage {
            compliance: bench.stimulator.compliance,
            blocking_capacitor: bench.stimulator.blocking_capacitor,
            recharge: bench.stimulator.recharge,
        });
        self.stage.or(simulated)
    }

    /// True when all of it is in this process and its time stands still while the host does something else.
    pub fn is_in_virtual_time(&self) -> bool {
        self.sim.as_ref().is_some_and(|bench| bench.transport == Transport::Memory)
    }

    /// True when the bench is simulated in this process: nothing of it outlives it, and any number of runs may have one.
    pub fn is_in_process(&self) -> bool {
        self.sim.is_some()
    }

    /// True when a part of it is simulated, or reached through a pseudo-terminal, behind which there is no hardware either:
    /// its passes are marked as simulated for ever.
    pub fn is_simulated(&self) -> bool {
        let ports = [&self.wiring.stimulator, &self.wiring.load];
        self.is_in_process() || ports.into_iter().any(|port| matches!(port, Some(Port::Pty(_))))
    }
}
