//! What goes wrong in a drill, and what must follow.

use serde::Serialize;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Ctrl-C.
    Sigint,
    /// A polite kill.
    Sigterm,
    /// Ctrl-C twice.
    DoubleSigint,
    /// A panic in the runner.
    Panic,
    /// One port is gone.
    PortClosed,
    /// Neither board hears anything any more, as after a kill -9 of the host.
    HostSilent,
    /// A reply is lost, or all are from then on.
    ReplyLost,
    /// A reply is damaged, or all are from then on.
    ReplyDamaged,
    /// A request is damaged, or all are from then on.
    RequestDamaged,
    /// Sample blocks are lost.
    BlockLost,
    /// Sample blocks arrive twice.
    BlockTwice,
    /// A sample block arrives behind the next.
    BlocksSwapped,
    /// The stimulator's board resets itself.
    BoardReset,
    /// kill -9 of a process of its own.
    Sigkill,
    /// No room left for the run's files, in a process of its own.
    DiskFull,
    /// kill -9 of the host of boards behind ports.
    KilledOnPorts,
    /// A signal to the host of boards behind ports.
    SignalledOnPorts,
    /// The plug of a stimulator behind a port is pulled.
    StimulatorUnplugged,
    /// The plug of a load behind a port is pulled.
    LoadUnplugged,
}

impl Kind {
    /// Those that are tried within this process, in the order of the table.
    pub const WITHIN: [Self; 13] = [
        Self::Sigint,
        Self::Sigterm,
        Self::DoubleSigint,
        Self::Panic,
        Self::PortClosed,
        Self::HostSilent,
        Self::ReplyLost,
        Self::ReplyDamaged,
        Self::RequestDamaged,
        Self::BlockLost,
        Self::BlockTwice,
        Self::BlocksSwapped,
        Self::BoardReset,
    ];

    /// Those that are tried on a bench behind ports.
    pub const ON_PORTS: [Self; 4] =
        [Self::KilledOnPorts, Self::SignalledOnPorts, Self::StimulatorUnplugged, Self::LoadUnplugged];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sigint => "Ctrl-C (SIGINT)",
            Self::Sigterm => "polite kill (SIGTERM)",
            Self::DoubleSigint => "Ctrl-C twice",
            Self::Panic => "panic in the runner",
            Self::PortClosed => "port closed",
            Self::HostSilent => "host silent",
            Self::ReplyLost => "reply lost",
            Self::ReplyDamaged => "reply damaged",
            Self::RequestDamaged => "request damaged",
            Self::BlockLost => "sample block lost",
            Self::BlockTwice => "sample block twice",
            Self::BlocksSwapped => "sample blocks swapped",
            Self::BoardReset => "board resets itself",
            Self::Sigkill => "kill -9 (SIGKILL)",
            Self::DiskFull => "disk full",
            Self::KilledOnPorts => "kill -9, boards on ports",
            Self::SignalledOnPorts => "signal, boards on ports",
            Self::StimulatorUnplugged => "stimulator unplugged",
            Self::LoadUnplugged => "load unplugged",
        }
    }

    /// What must follow, besides an output that is off.
    pub fn must(self) -> &'static str {
        match self {
            Self::Sigint | Self::Sigterm | Self::DoubleSigint | Self::SignalledOnPorts => {
                "stopped and measured off within 2 s; aborted, with the signal as its cause"
            }
            Self::Panic => "stopped and measured off; aborted as an internal error",
            Self::PortClosed => "rig error; unsafe where the load is gone, because nobody saw it off",
            Self::HostSilent => {
                "both boards stop by themselves; rig error or unsafe, because nobody saw it off"
            }
            Self::ReplyLost | Self::ReplyDamaged | Self::RequestDamaged => {
                "asked again, and judged as if nothing had been; a rig error if it goes on"
            }
            Self::BlockLost | Self::BlocksSwapped => {
                "never a pass on samples that a check needed and did not get"
            }
            Self::BlockTwice => "judged as if nothing had been",
            Self::BoardReset => "the pulses that were due and did not come are noticed",
            Self::Sigkill => "whoever comes next closes the record: host lost, exit code 137",
            Self::DiskFull => "stopped and measured off; aborted, exit code 70, what was kept can be read",
            Self::KilledOnPorts => {
                "off within the dead-man's time; the next start makes the rig safe and closes the record, exit code 137"
            }
            Self::StimulatorUnplugged => {
                "the load opens its interlock and sees it off; a rig error that names the stimulator"
            }
            Self::LoadUnplugged => {
                "the stimulator is stopped; unsafe, because nobody saw it off, or a rig error"
            }
        }
    }
}
