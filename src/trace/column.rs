//! What a requirement can be proved on: a firmware at a fidelity.

/// What evidence is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A simulated bench will do; what a rig showed counts too.
    Sim,
    /// A real rig.
    Rig,
}

impl Level {
    /// Its name, as a record's fidelity.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sim => "sim",
            Self::Rig => "rig",
        }
    }
}

/// A column: one firmware at one fidelity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Column {
    /// Fidelity.
    pub level: Level,
    /// Firmware hash; empty if the stimulator states none.
    pub firmware: String,
    /// Whether it is the firmware to be proved: the one asked for, else that of the latest run at this fidelity.
    pub current: bool,
}
