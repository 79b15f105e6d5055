//! Blocks of raw samples as a load streams them: planar codes, their calibration, and marker bits.

use serde::{Deserialize, Serialize};

/// What a channel senses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sensed {
    /// Current into a contact, ampere.
    Current,
    /// Voltage between two nodes, volt.
    Voltage,
}

/// Calibration of one channel as stated by the load: value = (code − offset) · lsb. Standard uncertainties beside.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// A or V per code.
    pub lsb: f64,
    /// Stated offset, codes (0 unless a certificate says otherwise).
    pub offset: f64,
    /// Standard uncertainty of the offset, codes.
    pub offset_u: f64,
    /// Standard uncertainty of the gain, as a fraction.
    pub gain_u: f64,
    /// Integral non-linearity: half-width of the uniform draw at each of 33 knots over full scale, codes.
    pub inl: f64,
    /// Noise, standard deviation of one sample, codes (before quantisation).
    pub noise: f64,
    /// Lowest and highest code; a sample there is saturated.
    pub rails: (i16, i16),
    /// Of `gain_u`, what is the shunt's or the monitor output's, as a fraction; 0 where it is the channel's own.
    #[serde(default)]
    pub element_u: f64,
    /// Of `inl`, what a difference of two inputs leaves of their common mode, codes; 0 for a single input.
    #[serde(default)]
    pub common_mode: f64,
}

impl Default for Calibration {
    /// A perfect 16-bit converter of one unit per code.
    fn default() -> Self {
        Self {
            lsb: 1.0,
            offset: 0.0,
            offset_u: 0.0,
            gain_u: 0.0,
            inl: 0.0,
            noise: 0.0,
            rails: (i16::MIN, i16::MAX),
            element_u: 0.0,
            common_mode: 0.0,
        }
    }
}

impl Calibration {
    /// Whether a level, a mean of codes, lies at an end of the range.
    pub fn at_a_rail(&self, level: f32) -> bool {
        let (low, high) = self.rails;
        level <= f32::from(low) + 0.5 || level >= f32::from(high) - 0.5
    }

    /// What makes it no calibration; `None` if nothing does. An uncertainty that is no number would be left out of every
    /// budget.
    pub fn nonsense(&self) -> Option<&'static str> {
        let Self { lsb, offset, offset_u, gain_u, inl, noise, rails, element_u, common_mode } = *self;
        let uncertainties = [offset_u, gain_u, inl, noise, element_u, common_mode];
        if !(lsb.is_finite() && lsb > 0.0) {
            Some("a code is not worth a positive number of its unit")
        } else if !offset.is_finite() {
            Some("the offset is no number")
        } else if uncertainties.iter().any(|u| !u.is_finite() || *u < 0.0) {
            Some("an uncertainty, a non-linearity or a noise is negative or no number")
        } else if rails.0 >= rails.1 {
            Some("the range has no codes")
        } else {
            None
        }
    }
}

/// Standard deviation of one code of a converter whose own noise is `noise` codes: its reading is rounded to a whole code besides,
/// which is uniform over one and so 1/√12 (GUM, JCGM 100:2008, F.2.2.1), and independent of the noise.
pub fn code_noise(noise: f64) -> f64 {
    (noise.powi(2) + 1.0 / 12.0).sqrt()
}

/// Which of a load's streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StreamKind {
    /// Fast simultaneous channels.
    Fast,
    /// The slow leakage channel of every contact.
    Slow,
}

/// Bits the load samples together with its channels, unfiltered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MarkerBit {
    /// A lead relay is open.
    Lead,
    /// A short relay is closed.
    Short,
    /// A leakage resistor is connected.
    Leakage,
    /// The impedance step is in.
    Impedance,
    /// The interlock is closed: stimulator and phantom are connected.
    Interlock,
    /// The load's input is shorted for a zero.
    Zero,
    /// The load's test source drives the phantom.
    TestSource,
    /// The stimulator's supply is cut.
    Supply,
    /// The stimulator's acknowledge line: toggles when it takes a start.
    StartTaken,
    /// Toggles when it takes a stop.
    StopTaken,
    /// Toggles when it takes a program.
    ProgramTaken,
}

/// A change of a marker bit, in the sample time base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// First sample at which the bit has its new value.
    pub sample: u64,
    /// Which bit.
    pub bit: MarkerBit,
    /// Its new value.
    pub value: bool,
}

/// One block of raw codes, planar: all samples of the first channel, then of the second, ….
#[derive(Debug, Clone, Copy)]
pub struct Block<'a> {
    /// Which stream.
    pub stream: StreamKind,
    /// Index of its first sample since the stream began.
    pub first: u64,
    /// Samples per channel.
    pub count: usize,
    /// `count` codes per channel.
    pub codes: &'a [i16],
    /// Marker changes within (or just before) the block, ascending.
    pub markers: &'a [Marker],
    /// Samples per channel lost before this block.
    pub lost: u64,
}

/// A consumer of blocks.
pub trait BlockSink: Send {
    /// Takes one block.
    fn block(&mut self, block: &Block<'_>);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_or_negative_is_no_calibration() {
        let sound =
            Calibration { lsb: 1e-7, gain_u: 5e-4, offset_u: 2.0, noise: 0.7, ..Calibration::default() };
        assert_eq!(sound.nonsense(), None);
        let is = |wrong: Calibration| wrong.nonsense().is_some();
        for value in [f64::NAN, f64::INFINITY, -1.0] {
            assert!(is(Calibration { lsb: value, ..sound }));
            assert!(is(Calibration { offset_u: value, ..sound }));
            assert!(is(Calibration { gain_u: value, ..sound }));
            assert!(is(Calibration { inl: value, ..sound }));
            assert!(is(Calibration { noise: value, ..sound }));
            assert!(is(Calibration { element_u: value, ..sound }));
            assert!(is(Calibration { common_mode: value, ..sound }));
        }
        assert!(is(Calibration { lsb: 0.0, ..sound }) && is(Calibration { offset: f64::NAN, ..sound }));
        assert!(is(Calibration { rails: (5, 5), ..sound }) && is(Calibration { rails: (5, -5), ..sound }));
    }
}
