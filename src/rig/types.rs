//! A rig file, resolved.

use crate::signal::Sensed;
use crate::source::Places;

use super::{Certificate, Pair, Protocol, SimBench, Transport};

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
    /// No stimulator is driven: what is measured was recorded before, or runs by itself.
    None,
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
        ("none", Self::None),
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

    /// Whether a board of `hardware/` is behind it, or the simulated end of one.
    pub(super) fn is_own(self) -> bool {
        matches!(self, Self::Native | Self::Simulated)
    }

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
#[derive(Debug, Clone, PartialEq, Default)]
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
    /// The capture file of a `recorded` load, relative to the rig file.
    pub file: Option<String>,
    /// Driver and connection of a `sigrok` load, as `sigrok-cli -d` takes them.
    pub device: Option<String>,
    /// Sample rate of a `sigrok` load, Hz.
    pub sample_rate: Option<f64>,
    /// Settings of a `sigrok` load, as `sigrok-cli --config` takes them.
    pub options: Vec<(String, String)>,
    /// Between which contacts the stimulator's outputs of two terminals are wired; empty takes the phantom's first
    /// contact and its return.
    pub outputs: Vec<Pair>,
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
    /// A recorded column: A or V for each displayed unit, and that unit (`A` or `V`).
    Scale {
        /// A (V for a voltage channel) per displayed unit.
        factor: f64,
        /// The displayed unit.
        per: String,
    },
}

/// How far a channel's reading may be from the truth. Half-widths: limits of error, not standard deviations.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Accuracy {
    /// Of the instrument, as a fraction of the reading; `None` where the file does not say.
    pub reading: Option<f64>,
    /// Offset of the instrument's input, V (A or V of the channel for a recording); `None` where the file does not say.
    pub offset: Option<f64>,
    /// Of the shunt, or of the monitor output's gain, as a fraction.
    pub element: f64,
    /// By how much the gains of two inputs differ whose difference is taken, as a fraction.
    pub mismatch: f64,
    /// Standard deviation of a sample, V at the input; `None` where the file does not say.
    pub noise: Option<f64>,
}

/// One channel of a load.
#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    /// Contact, sense or `vout`.
    pub name: String,
    /// What it senses.
    pub quantity: Sensed,
    /// Selectable ranges (± full scale), A or V, ascending; of a recording may be empty.
    pub ranges: Vec<f64>,
    /// How it senses.
    pub input: Input,
    /// The instrument's name of its input (`CH1`), or a recording's column.
    pub terminal: Option<String>,
    /// Attenuation of the probe at that input.
    pub probe: f64,
    /// How far it may be off.
    pub accuracy: Accuracy,
    /// The contacts between which a `vout` channel measures.
    pub of: Vec<String>,
}

impl Channel {
    /// A (V of a voltage channel) per volt at the instrument's input, or per displayed unit of a recording.
    pub fn factor(&self) -> f64 {
        let own = match &self.input {
            Input::Own => 1.0,
            Input::Shunt(ohm) => ohm.recip(),
            Input::Differential { shunt, .. } => shunt.map_or(1.0, f64::recip),
            Input::Monitor(volts_per_ampere) => volts_per_ampere.recip(),
            Input::Scale { factor, .. } => *factor,
        };
        own * self.probe
    }
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

/// What one record of a load without a stream holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RecordSpec {
    /// Samples per channel.
    pub memory: u64,
    /// The lowest sample rate at which a record is taken, Hz.
    pub sample_rate: f64,
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
    /// The stimulator reports its status, and what it latched can be acknowledged.
    pub status: bool,
    /// Has a debug probe, and this build can drive it.
    pub probe: bool,
    /// The stimulator takes a program while it runs.
    pub changes: bool,
    /// The host can start and stop the stimulator; otherwise a person does.
    pub commands: bool,
    /// The load can disconnect the stimulator from the phantom.
    pub interlock: bool,
    /// The load marks its relays and what the stimulator takes among its samples.
    pub markers: bool,
    /// Samples come while they are taken; otherwise a record is taken, and read when it is complete.
    pub stream: bool,
    /// Steps can be placed among the samples, by marker bits or by the host's clock. A recording has neither.
    pub placed: bool,
    /// What one record holds. `None` for a stream, and for a recording, which is as long as it is.
    pub record: Option<RecordSpec>,
    /// The run drives a stimulator, whose output must be seen off at the end.
    pub drives: bool,
}

impl Capabilities {
    /// Whether a fault can be injected.
    pub fn can(&self, fault: &str) -> bool {
        self.faults.iter().any(|known| known == fault)
    }
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
    /// What is stated about its protocol.
    pub protocol: Protocol,
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

    /// How near to the device a pass on it is: `rig` was measured on it by this run, `recorded` was measured before, `sim` is
    /// simulated. Only the first closes a requirement that asks for hardware.
    pub fn fidelity(&self) -> &'static str {
        match self.load {
            _ if self.is_simulated() => "sim",
            Driver::Recorded => "recorded",
            _ => "rig",
        }
    }

    /// True when a part of it is simulated, or reached through a pseudo-terminal, behind which there is no hardware either:
    /// its passes are marked as simulated for ever.
    pub fn is_simulated(&self) -> bool {
        let ports = [&self.wiring.stimulator, &self.wiring.load];
        self.is_in_process() || ports.into_iter().any(|port| matches!(port, Some(Port::Pty(_))))
    }
}
