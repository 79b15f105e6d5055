//! What differs between makes: words, arithmetic and limits. One file each.

use async_trait::async_trait;

use super::talk::{Talk, number, shown};
use super::trouble::Trouble;
use super::words::Words;
use super::{keysight, rigol, siglent, siglent_new, tektronix};

/// How a waveform's bytes become codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// One byte, unsigned.
    U8,
    /// One byte, signed.
    I8,
    /// Two bytes, unsigned, low byte first; 32768 is taken off, so that they fit.
    U16,
    /// Two bytes, signed, low byte first.
    I16,
}

impl Coding {
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
        }
    }

    /// Appends the codes of a payload.
    pub(super) fn read(self, payload: &[u8], codes: &mut Vec<i16>) {
        let pairs = payload.as_chunks::<2>().0.iter();
        match self {
            Self::U8 => codes.extend(payload.iter().map(|byte| i16::from(*byte))),
            Self::I8 => codes.extend(payload.iter().map(|byte| i16::from(*byte as i8))),
            Self::U16 => {
                codes.extend(pairs.map(|pair| (i32::from(u16::from_le_bytes(*pair)) - 32_768) as i16))
            }
            Self::I16 => codes.extend(pairs.map(|pair| i16::from_le_bytes(*pair))),
        }
    }
}

/// A record of one input as the instrument describes it: volts = (code − zero) · lsb, seconds = start + n · period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Layout {
    /// Samples.
    pub points: u64,
    /// Between samples, s.
    pub period: f64,
    /// First sample, s after the trigger.
    pub start: f64,
    /// Volt per code.
    pub lsb: f64,
    /// Code of 0 V.
    pub zero: f64,
    /// Its bytes.
    pub coding: Coding,
    /// Codes at and beyond which a sample is saturated.
    pub rails: (i16, i16),
    /// Codes between two levels of the converter.
    pub step: f64,
}

/// What the acquisition is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Taking the samples before the trigger, which is not heeded yet; or it says no more than that it runs.
    Filling,
    /// Waiting for its trigger, with the samples before it held.
    Ready,
    /// Triggered, and not done.
    Triggered,
    /// Done, or never begun.
    Stopped,
}

impl State {
    /// The state that an answer names by one of `words`.
    pub(super) fn named(answer: &str, words: &[(&str, Self)]) -> Result<Self, Trouble> {
        let answer = answer.to_ascii_lowercase();
        let found = words.iter().find(|(word, _)| answer.starts_with(word)).map(|(_, state)| *state);
        found.ok_or_else(|| Trouble::Answer(format!("`{}` is no state of an acquisition", shown(&answer))))
    }
}

/// Time and memory asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Span {
    /// Before the trigger, s.
    pub before: f64,
    /// From the trigger on, s.
    pub after: f64,
    /// The lowest sample rate, Hz.
    pub sample_rate: f64,
    /// Inputs that are used.
    pub inputs: usize,
}

impl Span {
    pub(super) fn length(&self) -> f64 {
        self.before + self.after
    }
}

/// The words and the arithmetic of a make.
#[async_trait]
pub(super) trait Dialect: Send + Sync {
    fn words(&self) -> &'static Words;
    /// Time base and memory.
    fn time(&self, span: &Span) -> Vec<String>;
    /// What the acquisition is doing.
    async fn state(&self, talk: &mut Talk) -> Result<State, Trouble>;
    /// As [`Dialect::state`], between the arming and the first [`State::Ready`].
    async fn armed(&self, talk: &mut Talk) -> Result<State, Trouble> {
        self.state(talk).await
    }
    /// Selects an input of the record that was taken and describes it.
    async fn layout(&self, talk: &mut Talk, input: &str) -> Result<Layout, Trouble>;
}

/// The dialect of an instrument by what it says it is: maker, model, serial number, firmware.
pub(super) fn of(maker: &str, model: &str) -> Option<Box<dyn Dialect>> {
    let (maker, model) = (maker.to_ascii_uppercase(), model.to_ascii_uppercase());
    let begins = |names: &[&str]| names.iter().any(|name| model.starts_with(name));
    if maker.contains("RIGOL") {
        if begins(&["DHO"]) {
            return Some(Box::new(&rigol::DHO));
        }
        if begins(&["MSO5"]) {
            return Some(Box::new(&rigol::MSO5000));
        }
        return begins(&["DS1", "MSO1"]).then(|| Box::new(&rigol::DS1000Z) as Box<dyn Dialect>);
    }
    if (maker.contains("KEYSIGHT") || maker.contains("AGILENT"))
        && begins(&["DSO-X", "MSO-X", "DSOX", "MSOX", "EDUX"])
    {
        return Some(Box::new(keysight::InfiniiVision));
    }
    if maker.contains("SIGLENT") {
        // These spread their codes in a way of their own, which their preambles do not tell for certain.
        if begins(&["SDS6", "SDS7"]) {
            return None;
        }
        let new = begins(&["SDS5"]) || model.ends_with("HD") || model.contains("PLUS");
        if new {
            return Some(Box::new(siglent_new::Siglent));
        }
        return begins(&["SDS1", "SDS2"]).then(|| Box::new(siglent::Siglent) as Box<dyn Dialect>);
    }
    if maker.contains("TEKTRONIX") {
        let deep = begins(&["MSO", "DPO", "MDO"]);
        return (deep || begins(&["TBS", "TDS"]))
            .then(|| Box::new(tektronix::Tektronix { deep }) as Box<dyn Dialect>);
    }
    None
}

/// The next of 1, 2, 5, 10, … that is not below.
pub(super) fn one_two_five(value: f64) -> f64 {
    let decade = 10_f64.powf(value.log10().floor());
    let found =
        [1.0, 2.0, 5.0].into_iter().map(|step| step * decade).find(|step| *step >= value * (1.0 - 1e-9));
    found.unwrap_or(10.0 * decade)
}

/// The smallest of some depths that is not below, else the largest.
pub(super) fn deep_enough<T: Copy + Default>(depths: &[(u64, T)], samples: f64) -> T {
    let found = depths.iter().find(|(depth, _)| *depth as f64 >= samples).or(depths.last());
    found.map_or_else(T::default, |(_, depth)| *depth)
}

/// The numbers of an answer that lists them.
pub(super) fn fields(answer: &str, count: usize) -> Result<Vec<f64>, Trouble> {
    let numbers: Option<Vec<f64>> = answer.split([',', ';']).map(number).collect();
    numbers
        .filter(|numbers| numbers.len() >= count)
        .ok_or_else(|| Trouble::Answer(format!("`{}` is no preamble of {count} numbers", shown(answer))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makers_are_known_by_their_identity() {
        let name = |maker, model| of(maker, model).map(|dialect| dialect.words().name);
        assert_eq!(name("RIGOL TECHNOLOGIES", "DS1104Z"), Some("Rigol DS1000Z"));
        assert_eq!(name("RIGOL TECHNOLOGIES", "DHO804"), Some("Rigol DHO"));
        assert_eq!(name("KEYSIGHT TECHNOLOGIES", "DSO-X 3024A"), Some("Keysight InfiniiVision"));
        assert_eq!(name("Siglent Technologies", "SDS1104X-E"), Some("Siglent, legacy"));
        assert_eq!(name("Siglent Technologies", "SDS2104X Plus"), Some("Siglent, EN11"));
        assert_eq!(name("Siglent Technologies", "SDS824X HD"), Some("Siglent, EN11"));
        assert_eq!(name("TEKTRONIX", "TBS2104B"), Some("Tektronix"));
        assert_eq!(name("RIGOL TECHNOLOGIES", "MSO5074"), Some("Rigol MSO5000"));
        assert_eq!(name("Siglent Technologies", "SDS5034X"), Some("Siglent, EN11"));
        assert_eq!(name("Siglent Technologies", "SDS6204A"), None);
        assert_eq!(name("HEWLETT-PACKARD", "34401A"), None);
        assert_eq!(name("RIGOL TECHNOLOGIES", "DM3058"), None);
    }

    #[test]
    fn steps_are_rounded_up() {
        for (value, step) in [(0.2, 0.2), (0.21, 0.5), (0.6, 1.0), (1e-3, 1e-3), (1.0001e-3, 2e-3)] {
            assert!((one_two_five(value) / step - 1.0).abs() < 1e-9, "{value}");
        }
        let depths = [(10, "10"), (100, "100")];
        assert_eq!((deep_enough(&depths, 11.0), deep_enough(&depths, 1e3)), ("100", "100"));
    }
}
