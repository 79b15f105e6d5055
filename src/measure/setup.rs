//! What a recorder must know before the first sample.

use serde::{Deserialize, Serialize};

use crate::signal::{Calibration, Program, Sensed};

/// One channel of a stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChannelSetup {
    /// Contact, sense or `vout`.
    pub name: String,
    /// What it senses.
    pub sensed: Sensed,
    /// As the load states it.
    pub calibration: Calibration,
}

/// The slow stream: one channel per contact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SlowSetup {
    /// Samples per second and channel, Hz.
    pub sample_rate: f64,
    /// Low-pass filter: poles and −3 dB frequency, Hz.
    pub filter: (u32, f64),
    /// Channels in the order of the planes; named like the contacts.
    pub channels: Vec<ChannelSetup>,
}

/// What some checks need beyond the tables of pulses, and what is therefore measured only where they ask.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Wanted {
    /// Every pulse on all current channels at once.
    pub joint: bool,
    /// The shape of every phase on these contacts.
    pub shapes: Vec<String>,
    /// Current and voltage channel of each contact whose edges are fitted.
    pub pairs: Vec<(usize, usize)>,
    /// Voltage channels whose extremes during driven phases are kept.
    pub outputs: Vec<usize>,
    /// The contacts whose tables of pulses are asked for; `None` for all. Of the others only the first pulses are kept, and where all
    /// contacts are measured at once, of later ones when they were.
    pub tables: Option<Vec<String>>,
    /// Voltage channels whose level before each pulse is asked for; `None` for all.
    #[serde(default)]
    pub rests: Option<Vec<usize>>,
}

impl Wanted {
    /// Whether the level of a voltage channel before each pulse is asked for.
    pub fn reads_rests(&self, channel: usize) -> bool {
        self.rests.as_ref().is_none_or(|rests| rests.contains(&channel))
    }
}

/// Everything a [`crate::measure::Recorder`] needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// Samples per second and fast channel as the load states them, Hz.
    pub sample_rate: f64,
    /// Standard uncertainty of the sample clock, as a fraction.
    pub clock_u: f64,
    /// Anti-alias filter: Bessel poles and −3 dB frequency, Hz.
    pub filter: (u32, f64),
    /// Fast channels in the order of the planes.
    pub channels: Vec<ChannelSetup>,
    /// Index (into `channels`) of the current channel of the default contact.
    pub main: usize,
    /// Index of the stimulator-side voltage channel.
    pub vout: Option<usize>,
    /// The slow stream, where there is one.
    pub slow: Option<SlowSetup>,
    /// What is measured besides.
    pub wanted: Wanted,
    /// The program loaded first.
    pub program: Program,
}
