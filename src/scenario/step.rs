//! What is done in a case, step by step.

use serde::{Deserialize, Serialize};

use crate::signal::Program;

/// Fault codes a stimulator reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FaultCode {
    /// No fault.
    None,
    /// A lead is open.
    OpenLead,
    /// A load below the short threshold.
    ShortLead,
    /// More current than commanded.
    OverCurrent,
    /// Output at compliance.
    Compliance,
    /// Commanded beyond the cap.
    OverAmplitude,
    /// Host fell silent.
    Watchdog,
    /// Supply dipped.
    BrownOut,
    /// Link errors.
    Link,
}

impl FaultCode {
    /// All, with their names in the language.
    pub const ALL: &'static [(Self, &'static str)] = &[
        (Self::None, "none"),
        (Self::OpenLead, "open-lead"),
        (Self::ShortLead, "short-lead"),
        (Self::OverCurrent, "over-current"),
        (Self::Compliance, "compliance"),
        (Self::OverAmplitude, "over-amplitude"),
        (Self::Watchdog, "watchdog"),
        (Self::BrownOut, "brown-out"),
        (Self::Link, "link"),
    ];

    /// Its name in the language.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(code, _)| *code == self).map_or("none", |(_, name)| name)
    }
}

/// A fault the load (or the debug probe) injects. Quantities in SI base units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Fault {
    /// The contact's lead relay opens.
    OpenLead {
        /// Which contact.
        contact: String,
    },
    /// A contact is shorted to its return, or two contacts together.
    ShortLead {
        /// The shorted pair.
        between: (String, String),
    },
    /// A resistor from a contact to the return.
    Leakage {
        /// Which contact.
        contact: String,
        /// Its resistance, ohm.
        ohms: f64,
    },
    /// The phantom's access resistance jumps.
    ImpedanceStep {
        /// To this, ohm.
        to: f64,
    },
    /// The stimulator's supply is cut.
    BrownOut {
        /// For this long, s.
        duration: f64,
    },
    /// Bytes of the stimulator's link are corrupted at this rate.
    CorruptLink {
        /// Fraction of bytes.
        rate: f64,
    },
    /// The stimulator's core is halted.
    CoreHalt,
    /// A command above the stimulator's cap.
    OverAmplitude {
        /// Commanded amplitude, A.
        amplitude: f64,
    },
}

impl Fault {
    /// Names in the language, in the order of the contract.
    pub const NAMES: &'static [&'static str] = &[
        "open-lead",
        "short-lead",
        "leakage",
        "impedance-step",
        "brown-out",
        "corrupt-link",
        "core-halt",
        "over-amplitude",
    ];

    /// Its name in the language.
    pub fn name(&self) -> &'static str {
        match self {
            Self::OpenLead { .. } => "open-lead",
            Self::ShortLead { .. } => "short-lead",
            Self::Leakage { .. } => "leakage",
            Self::ImpedanceStep { .. } => "impedance-step",
            Self::BrownOut { .. } => "brown-out",
            Self::CorruptLink { .. } => "corrupt-link",
            Self::CoreHalt => "core-halt",
            Self::OverAmplitude { .. } => "over-amplitude",
        }
    }
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Action {
    /// Start stimulation.
    Start,
    /// Stop stimulation.
    Stop,
    /// Let scenario time pass, s.
    Wait(f64),
    /// Change the running program: the whole new program.
    Set(Box<Program>),
    /// Load another program.
    Program(Box<Program>),
    /// Inject a fault.
    Inject(Fault),
    /// Clear a fault, by name.
    Clear(String),
    /// Clear the stimulator's latched fault.
    Acknowledge,
    /// No frame to the stimulator for this long, s.
    HostSilence(f64),
    /// Re-measure the load's own offset.
    Zero,
    /// Act on the stimulator's core through the debug probe.
    Probe(ProbeAction),
}

impl Action {
    /// Whether it is a fault or a host silence, which is like one.
    pub fn is_fault(&self) -> bool {
        matches!(self, Self::Inject(_) | Self::HostSilence(_))
    }
}

/// What the debug probe does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProbeAction {
    /// Halt the core.
    Halt,
    /// Let it run on.
    Resume,
    /// Reset it.
    Reset,
    /// Write a word at a symbol.
    Write {
        /// Symbol of the firmware image.
        symbol: String,
        /// Value.
        value: u32,
    },
}

/// One step of a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// What it does.
    pub action: Action,
    /// The instant it names (`as:`).
    pub name: Option<String>,
    /// Line in the scenario file, from 1.
    pub line: u32,
}
