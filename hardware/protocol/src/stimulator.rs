//! What host and stimulator say to each other. Every request has exactly one reply, with the request's sequence number.

use serde::{Deserialize, Serialize};

use crate::{MAX_CONTACTS, Text};

/// Host to stimulator.
///
/// A device executes a sequence number once: the same number again gets the same reply again, so a host whose reply was
/// lost may repeat any request. [`Request::Hello`] alone is always executed, because it begins a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::large_enum_variant, reason = "there is no allocator to box a program with")]
pub enum Request {
    /// Who is there? Answered by [`Reply::Hello`].
    Hello {
        /// The host's protocol version.
        protocol: u8,
    },
    /// Loads a program, also while running (then from the next pulse on). Answered by [`Reply::Applied`].
    Load(Program),
    /// Starts the loaded program. Answered by [`Reply::Done`]; without effect while running.
    Start,
    /// Stops behind the pulse in progress. Answered by [`Reply::Done`] in any state.
    Stop,
    /// Answered by [`Reply::Status`].
    Status,
    /// Clears a latched fault. Answered by [`Reply::Done`], also when there is none.
    Acknowledge,
    /// The host is alive (as every other frame says too). Answered by [`Reply::Done`].
    Keepalive,
}

/// Stimulator to host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// To [`Request::Hello`].
    Hello(Hello),
    /// To [`Request::Load`]: the program on the device's own grid.
    Applied(Program),
    /// Taken.
    Done,
    /// To [`Request::Status`].
    Status(Status),
    /// Not taken, and why.
    Refused(Refusal),
}

/// What a stimulator is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Protocol version of the device.
    pub protocol: u8,
    /// Product name.
    pub model: Text,
    /// Unique id.
    pub uid: [u8; 12],
    /// First bytes of the SHA-256 of the firmware image.
    pub firmware: [u8; 16],
    /// Number of outputs.
    pub outputs: u8,
    /// Largest amplitude it accepts, pA.
    pub cap: u64,
    /// Full scale of its DAC, either sign, pA.
    pub full_scale: u64,
    /// Bits of its DAC, sign included.
    pub dac_bits: u8,
    /// Compliance, either sign, µV.
    pub compliance: u64,
    /// Tick of its timer, ns.
    pub tick: u32,
    /// Patience without a frame while running, ns.
    pub watchdog: u64,
}

/// Order and number of phases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Waveform {
    /// A leading phase and an active recovery.
    Biphasic,
    /// A leading phase.
    Monophasic,
    /// ½, −1, ½ of the amplitude.
    Triphasic,
    /// One phase per half period, of alternating sign.
    Alternating,
}

/// How charge is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Recovery {
    /// Same amplitude and width.
    Mirrored,
    /// A k-th of the amplitude for k times the width; k in thousandths.
    Ratio(u32),
    /// The recharge switch closed.
    Passive {
        /// For this long, ns.
        duration: u64,
        /// After the last pulse of a burst only.
        per_burst: bool,
    },
    /// Not at all.
    None,
}

/// How a ramp grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Law {
    /// Amplitude, along a straight line.
    Linear,
    /// Amplitude, along a quarter of a sine.
    QuarterSine,
    /// Width, along a straight line.
    Width,
}

/// Growth after each start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ramp {
    /// From the first pulse to the plateau, ns.
    pub up: u64,
    /// Shape.
    pub law: Law,
}

/// Groups of pulses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Burst {
    /// Pulses in each.
    pub pulses: u32,
    /// From pulse to pulse within it, ps.
    pub period: u64,
}

/// Times on and off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cycle {
    /// On, ns.
    pub on: u64,
    /// Off, ns.
    pub off: u64,
}

/// When it ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Run {
    /// Never.
    UntilStopped,
    /// Pulses that begin less than this behind the first, ns.
    Duration(u64),
    /// This many pulses.
    Pulses(u64),
}

/// A program. In a request: what is wanted. In a reply: what the device made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Phases.
    pub waveform: Waveform,
    /// Whether the leading phase is anodic.
    pub anodic: bool,
    /// Magnitude of the leading phase, pA.
    pub amplitude: u64,
    /// Width of the leading phase, ns.
    pub width: u64,
    /// Between the phases, ns.
    pub gap: u64,
    /// How charge is taken back.
    pub recovery: Recovery,
    /// Recharge switch after each pulse besides the recovery, ns.
    pub recharge: Option<u64>,
    /// From pulse (pair, burst) to pulse, ps.
    pub period: u64,
    /// Growth.
    pub ramp: Option<Ramp>,
    /// Groups.
    pub burst: Option<Burst>,
    /// On and off.
    pub cycle: Option<Cycle>,
    /// Share of each output in a cathodic leading phase, millionths; 0 is not driven.
    pub shares: [i32; MAX_CONTACTS],
    /// End.
    pub run: Run,
}

/// What the output is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Off.
    Idle,
    /// Stimulating.
    Running,
    /// Off (or about to be) after a fault, until acknowledged.
    Latched,
}

/// Declared faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FaultCode {
    /// None.
    None,
    /// Open lead.
    OpenLead,
    /// Load below the short threshold.
    ShortLead,
    /// More current than commanded.
    OverCurrent,
    /// Output at compliance.
    Compliance,
    /// A command beyond the cap.
    OverAmplitude,
    /// The host fell silent.
    Watchdog,
    /// The supply dipped.
    BrownOut,
    /// Link errors.
    Link,
}

/// A stimulator's report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Output.
    pub state: State,
    /// Declared fault.
    pub fault: FaultCode,
    /// Pulses begun since the start.
    pub pulses: u64,
}

/// Why a request was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// No message of this version.
    Malformed,
    /// The versions differ.
    Version,
    /// A fault is latched: acknowledge first.
    Latched,
    /// Nothing to start.
    NoProgram,
    /// Amplitude above the cap; declared as a fault too.
    OverAmplitude,
    /// Amplitude below one DAC code.
    Amplitude,
    /// Phases or pulses overlap, or a time is zero on the timer grid.
    Timing,
    /// Shares do not balance, or name an output that is not there.
    Shares,
    /// A combination this device does not do.
    Unsupported,
}

impl Refusal {
    /// As a lowercase fragment.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Malformed => "no message of this protocol version",
            Self::Version => "the protocol versions differ",
            Self::Latched => "a fault is latched, acknowledge it first",
            Self::NoProgram => "no program is loaded",
            Self::OverAmplitude => "the amplitude exceeds the cap",
            Self::Amplitude => "the amplitude is below one step of the DAC",
            Self::Timing => "the phases do not fit the period on the timer grid",
            Self::Shares => "the shares do not balance or name an output that is not there",
            Self::Unsupported => "the device does not do this combination",
        }
    }
}
