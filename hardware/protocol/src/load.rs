//! What host and load say to each other. Every request has exactly one reply, with the request's sequence number; sample
//! blocks ([`crate::block`]) come in between.

use serde::{Deserialize, Serialize};

use crate::Text;

/// Host to load. Repeating works as for [`crate::stimulator::Request`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// Who is there? Answered by [`Reply::Hello`].
    Hello {
        /// The host's protocol version.
        protocol: u8,
    },
    /// Plane `index` of the fast stream is this channel. Indices are given in order; 0 begins a new set-up.
    Channel {
        /// Position among the planes.
        index: u8,
        /// Which channel.
        channel: Channel,
        /// ± full scale, nA or nV: one of the load's ranges.
        range: u64,
    },
    /// Starts streaming the channels set up; sample 0 of both streams is the next to be taken.
    Stream {
        /// Whether the slow stream runs too.
        slow: bool,
    },
    /// How to read a plane. Answered by [`Reply::Calibration`].
    Calibration {
        /// Of the slow stream.
        slow: bool,
        /// Which plane.
        index: u8,
    },
    /// Ends streaming; the rest of the samples comes before the reply.
    EndStream,
    /// Connects (true) or disconnects stimulator and phantom.
    Interlock {
        /// Connected.
        closed: bool,
    },
    /// Switches a fault on.
    Inject(Fault),
    /// Switches off every fault of this kind.
    Clear(FaultKind),
    /// Shorts the inputs for a zero, or ends it.
    Zero {
        /// Shorted.
        on: bool,
    },
    /// Drives a contact against the return with the load's own current source.
    TestSource {
        /// Which contact.
        contact: u8,
        /// Current, pA; 0 is off.
        amplitude: i64,
    },
    /// The host is alive.
    Keepalive,
}

/// Load to host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// To [`Request::Hello`].
    Hello(Hello),
    /// To [`Request::Calibration`].
    Calibration(Calibration),
    /// Taken.
    Done,
    /// Not taken, and why.
    Refused(Refusal),
}

/// What a load is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    /// Protocol version of the device.
    pub protocol: u8,
    /// Product name.
    pub model: Text,
    /// Unique id.
    pub uid: [u8; 12],
    /// First bytes of the SHA-256 of the firmware image.
    pub firmware: [u8; 16],
    /// Calibration: id, date and due date.
    pub calibration: Text,
    /// Samples per second and channel, mHz.
    pub sample_rate: u64,
    /// Standard uncertainty of the sample clock, 10⁻⁹.
    pub clock_u: u32,
    /// Poles of the anti-alias filter (Bessel).
    pub filter_poles: u8,
    /// Its −3 dB frequency, mHz.
    pub filter_cutoff: u64,
    /// Samples per second of the slow stream, mHz.
    pub slow_rate: u64,
    /// Poles of the slow stream's filter (Bessel).
    pub slow_poles: u8,
    /// Its −3 dB frequency, mHz.
    pub slow_cutoff: u64,
    /// Contacts it switches and senses.
    pub contacts: u8,
    /// Voltage channels besides.
    pub senses: u8,
    /// Patience without a frame before the interlock opens and the test source is switched off, ns.
    pub watchdog: u64,
}

/// One channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Channel {
    /// Current of a contact.
    Contact(u8),
    /// A voltage channel of the phantom.
    Sense(u8),
    /// Voltage on the stimulator's side of the lead relays.
    Vout,
}

/// How to read a plane: value = (code − offset) · lsb, with standard uncertainties. Floating point because these are
/// statements about a measurement and not commands.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// A or V per code.
    pub lsb: f64,
    /// Codes.
    pub offset: f64,
    /// Codes.
    pub offset_u: f64,
    /// Fraction.
    pub gain_u: f64,
    /// Half-width of the integral non-linearity, codes.
    pub inl: f64,
    /// Noise of one sample, codes.
    pub noise: f64,
    /// Lowest code.
    pub low: i16,
    /// Highest code.
    pub high: i16,
}

/// A fault a load can switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    /// A lead relay opens.
    OpenLead {
        /// Which contact.
        contact: u8,
    },
    /// Two contacts are connected.
    ShortLead {
        /// The pair.
        between: (u8, u8),
    },
    /// A resistor from a contact to the return.
    Leakage {
        /// Which contact.
        contact: u8,
        /// mΩ.
        resistance: u64,
    },
    /// The access resistance jumps.
    ImpedanceStep {
        /// mΩ.
        to: u64,
    },
    /// The stimulator's supply is cut.
    BrownOut {
        /// ns.
        duration: u64,
    },
}

/// The kinds of [`Fault`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FaultKind {
    /// Every kind.
    All,
    /// [`Fault::OpenLead`].
    OpenLead,
    /// [`Fault::ShortLead`].
    ShortLead,
    /// [`Fault::Leakage`].
    Leakage,
    /// [`Fault::ImpedanceStep`].
    ImpedanceStep,
    /// [`Fault::BrownOut`].
    BrownOut,
}

/// Why a request was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// No message of this version.
    Malformed,
    /// The versions differ.
    Version,
    /// No such channel or contact, or indices out of order.
    Channel,
    /// Not one of its ranges.
    Range,
    /// Not while streaming.
    Streaming,
    /// Only while streaming.
    NotStreaming,
    /// The load has no relay for this fault.
    Fault,
    /// Not while stimulator and phantom are connected (or the reverse).
    Interlock,
}

impl Refusal {
    /// As a lowercase fragment.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Malformed => "no message of this protocol version",
            Self::Version => "the protocol versions differ",
            Self::Channel => "no such channel or contact",
            Self::Range => "not one of the load's ranges",
            Self::Streaming => "not while streaming",
            Self::NotStreaming => "nothing is being streamed",
            Self::Fault => "the load has no relay for this fault",
            Self::Interlock => "the interlock is in the wrong position",
        }
    }
}
