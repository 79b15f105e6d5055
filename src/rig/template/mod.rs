//! A user's own protocol, described in the rig file: text or binary, commands, replies, and what each number means.

mod checksum;
pub(super) mod exchange;
pub(super) mod lower;
mod message;
mod nearest;
pub(super) mod schema;

pub use checksum::Checksum;
pub use message::{Format, Framing, Item, Message, Number, Pattern, Piece, Reply, ReplyItem};
pub use nearest::{nearest, value};

use crate::signal::{Law, Polarity, Recovery, Waveform};

/// A number of a program that a command can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// Magnitude of the leading phase, A.
    Amplitude,
    /// Width of the leading phase, s.
    Width,
    /// Interphase interval, s.
    Gap,
    /// Pulses (alternating: pairs) per second, Hz.
    Rate,
    /// The same as a period, s.
    Period,
    /// Pulses until it ends by itself; 0 until it is stopped.
    Pulses,
    /// Seconds until it ends by itself; 0 until it is stopped.
    Duration,
    /// Growth after a start, s; 0 for none.
    Ramp,
}

impl Field {
    /// All, with their names in templates and their dimensions.
    pub const ALL: &'static [(&'static str, Self, crate::quantity::Dimension)] = {
        use crate::quantity::Dimension as D;
        &[
            ("amplitude", Self::Amplitude, D::Current),
            ("width", Self::Width, D::Time),
            ("gap", Self::Gap, D::Time),
            ("rate", Self::Rate, D::Frequency),
            ("period", Self::Period, D::Time),
            ("pulses", Self::Pulses, D::Number),
            ("duration", Self::Duration, D::Time),
            ("ramp", Self::Ramp, D::Time),
        ]
    };

    /// Its name in templates.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, field, _)| *field == self).map_or("", |(name, ..)| *name)
    }

    /// What kind of quantity it is.
    pub fn dimension(self) -> crate::quantity::Dimension {
        let found = Self::ALL.iter().find(|(_, field, _)| *field == self);
        found.map_or(crate::quantity::Dimension::Number, |(.., dimension)| *dimension)
    }
}

/// What the device does by itself, whatever it is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Fixed {
    /// Number and order of phases.
    pub waveform: Waveform,
    /// Sign of the leading phase at the output's first contact.
    pub leading: Polarity,
    /// How charge is recovered.
    pub recovery: Recovery,
    /// It connects its outputs between pulses, until the next one.
    pub recharge: bool,
    /// How its ramp grows.
    pub law: Law,
    /// Numbers that no command sets.
    pub numbers: Vec<(Field, f64)>,
}

/// A request and what is to come back.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// What is sent.
    pub send: Message,
    /// What is to come back; `None` for nothing.
    pub reply: Option<Reply>,
}

/// What the status exchange's words mean.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Meanings {
    /// Words of `state`: idle, running, latched.
    pub states: Vec<(String, StateWord)>,
    /// Words of `fault`, to the names of the language.
    pub faults: Vec<(String, String)>,
}

/// What an output is doing, as the status says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateWord {
    /// Off.
    Idle,
    /// Stimulating.
    Running,
    /// Off after a fault.
    Latched,
}

impl StateWord {
    /// All, with their names in rig files.
    pub const ALL: &'static [(&'static str, Self)] =
        &[("idle", Self::Idle), ("running", Self::Running), ("latched", Self::Latched)];
}

/// A described protocol.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// As the rig file has it, on one line: for another rig file.
    pub written: String,
    /// How messages are told apart.
    pub framing: Framing,
    /// Bits per second, where the port is a serial line.
    pub baud: u32,
    /// Patience with a reply, s.
    pub timeout: f64,
    /// What the device does by itself.
    pub fixed: Fixed,
    /// Smallest and largest value of a number.
    pub ranges: Vec<(Field, f64, f64)>,
    /// Who is there.
    pub hello: Option<Exchange>,
    /// What loads a program, in order.
    pub load: Vec<Exchange>,
    /// What starts it.
    pub start: Vec<Exchange>,
    /// What stops it.
    pub stop: Vec<Exchange>,
    /// What asks for its status.
    pub status: Option<Exchange>,
    /// The words of its status.
    pub meanings: Meanings,
    /// What clears a latched fault.
    pub acknowledge: Vec<Exchange>,
    /// What tells it that the host is alive.
    pub keepalive: Option<Exchange>,
    /// It takes a program while it runs.
    pub changes: bool,
}

impl Template {
    /// The first number of a field that the load commands carry.
    pub fn number(&self, field: Field) -> Option<&Number> {
        self.load.iter().flat_map(|exchange| exchange.send.numbers()).find(|number| number.field == field)
    }

    /// Whether the device answers a stop, so that somebody can say that it was heard.
    pub fn answers_stop(&self) -> bool {
        self.stop.iter().any(|exchange| exchange.reply.is_some())
    }

    /// Every exchange.
    pub fn exchanges(&self) -> impl Iterator<Item = &Exchange> {
        let one = [&self.hello, &self.status, &self.keepalive].into_iter().flatten();
        one.chain(&self.load).chain(&self.start).chain(&self.stop).chain(&self.acknowledge)
    }
}
