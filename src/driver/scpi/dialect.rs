//! What differs between makes: words, arithmetic and limits. One file each.

use async_trait::async_trait;

use crate::instrument::InstrumentFault;

use super::talk::{Errors, Talk};
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
    /// Waiting for its trigger.
    Waiting,
    /// Triggered, and not done.
    Running,
    /// Done, or never begun.
    Stopped,
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

/// A trigger on an input.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Edge {
    pub input: String,
    /// V.
    pub level: f64,
    pub rising: bool,
}

/// What a maker's data sheet states for its class: limits of error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct DataSheet {
    /// Of the gain, as a fraction of full scale.
    pub gain: f64,
    /// Of the offset, as a part of a range's full scale, and V beside that.
    pub offset: (f64, f64),
    /// Of the time base.
    pub clock: f64,
}

/// The words and the arithmetic of a make.
#[async_trait]
pub(super) trait Dialect: Send + Sync {
    fn name(&self) -> &'static str;
    /// How errors are asked for.
    fn errors(&self) -> Errors;
    /// What is said first, so that answers are bare.
    fn hello(&self) -> &'static [&'static str] {
        &[]
    }
    fn data_sheet(&self) -> DataSheet;
    /// Names of its inputs.
    fn inputs(&self) -> &'static [&'static str];
    fn stop(&self) -> &'static str;
    /// Switches an input on, ± `full` volts at the socket, DC, no offset, no attenuation counted in.
    fn channel(&self, input: &str, full: f64) -> Vec<String>;
    fn off(&self, input: &str) -> String;
    /// Time base and memory.
    fn time(&self, span: &Span) -> Vec<String>;
    fn trigger(&self, edge: &Edge) -> Vec<String>;
    /// Arms one record.
    fn arm(&self) -> Vec<&'static str>;
    /// Triggers at once.
    fn force(&self) -> &'static str;
    async fn state(&self, talk: &mut Talk) -> Result<State, InstrumentFault>;
    /// Selects an input of the record that was taken and describes it.
    async fn layout(&self, talk: &mut Talk, input: &str) -> Result<Layout, InstrumentFault>;
    /// Samples that one transfer may hold; `u64::MAX` where an input comes whole or not at all.
    fn chunk(&self) -> u64;
    /// Samples [from, from + count) of an input, as they come.
    async fn fetch(
        &self,
        talk: &mut Talk,
        input: &str,
        from: u64,
        count: u64,
    ) -> Result<Vec<u8>, InstrumentFault>;
}

/// The dialect of an instrument by what it says it is: maker, model, serial number, firmware.
pub(super) fn of(maker: &str, model: &str) -> Option<Box<dyn Dialect>> {
    let (maker, model) = (maker.to_ascii_uppercase(), model.to_ascii_uppercase());
    let begins = |names: &[&str]| names.iter().any(|name| model.starts_with(name));
    if maker.contains("RIGOL") {
        if begins(&["DHO"]) {
            return Some(Box::new(rigol::DHO));
        }
        return begins(&["DS1", "MSO1", "MSO5"]).then(|| Box::new(rigol::DS1000Z) as Box<dyn Dialect>);
    }
    if (maker.contains("KEYSIGHT") || maker.contains("AGILENT"))
        && begins(&["DSO-X", "MSO-X", "DSOX", "MSOX", "EDUX"])
    {
        return Some(Box::new(keysight::InfiniiVision));
    }
    if maker.contains("SIGLENT") {
        let new = begins(&["SDS5", "SDS6", "SDS7"]) || model.ends_with("HD") || model.contains("PLUS");
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
pub(super) fn deep_enough(depths: &[u64], samples: f64) -> u64 {
    let found = depths.iter().copied().find(|depth| *depth as f64 >= samples);
    found.or(depths.last().copied()).unwrap_or(0)
}

/// The numbers of an answer that lists them.
pub(super) fn fields(answer: &str, count: usize) -> Result<Vec<f64>, InstrumentFault> {
    let numbers: Option<Vec<f64>> = answer.split([',', ';']).map(super::talk::number).collect();
    numbers.filter(|numbers| numbers.len() >= count).ok_or_else(|| {
        let text = super::talk::shown(answer);
        InstrumentFault::Protocol(format!("`{text}` is no preamble of {count} numbers"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makers_are_known_by_their_identity() {
        let name = |maker, model| of(maker, model).map(|dialect| dialect.name());
        assert_eq!(name("RIGOL TECHNOLOGIES", "DS1104Z"), Some("Rigol DS1000Z"));
        assert_eq!(name("RIGOL TECHNOLOGIES", "DHO804"), Some("Rigol DHO"));
        assert_eq!(name("KEYSIGHT TECHNOLOGIES", "DSO-X 3024A"), Some("Keysight InfiniiVision"));
        assert_eq!(name("Siglent Technologies", "SDS1104X-E"), Some("Siglent, legacy"));
        assert_eq!(name("Siglent Technologies", "SDS2104X Plus"), Some("Siglent, EN11"));
        assert_eq!(name("Siglent Technologies", "SDS824X HD"), Some("Siglent, EN11"));
        assert_eq!(name("TEKTRONIX", "TBS2104B"), Some("Tektronix"));
        assert_eq!(name("HEWLETT-PACKARD", "34401A"), None);
        assert_eq!(name("RIGOL TECHNOLOGIES", "DM3058"), None);
    }

    #[test]
    fn steps_are_rounded_up() {
        for (value, step) in [(0.2, 0.2), (0.21, 0.5), (0.6, 1.0), (1e-3, 1e-3), (1.0001e-3, 2e-3)] {
            assert!((one_two_five(value) / step - 1.0).abs() < 1e-9, "{value}");
        }
        assert_eq!((deep_enough(&[10, 100], 11.0), deep_enough(&[10, 100], 1e3)), (100, 100));
    }
}
