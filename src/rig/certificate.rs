//! What a calibration of a load says: gain and offset of its channels, who measured them, and until when that holds.

use jiff::civil::Date;

use crate::quantity::{Dimension, engineering};
use crate::signal::{Calibration, Sensed};
use crate::source::{Diagnostic, Severity};

use super::{Driver, Rig};

/// Gain and offset of one range of one channel.
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelCertificate {
    /// Contact, sense, or `vout`.
    pub channel: String,
    /// What it senses.
    pub quantity: Sensed,
    /// ± full scale, A or V.
    pub range: f64,
    /// Indicated over true, and its standard uncertainty.
    pub gain: (f64, f64),
    /// Indicated at zero, A or V, and its standard uncertainty.
    pub offset: (f64, f64),
}

impl ChannelCertificate {
    /// Whether it is of that range (± full scale, A or V) of that channel.
    pub fn is_of(&self, channel: &str, quantity: Sensed, range: f64) -> bool {
        self.channel == channel && self.quantity == quantity && self.is_among(&[range])
    }

    /// Whether its range is one of these, A or V.
    fn is_among(&self, ranges: &[f64]) -> bool {
        ranges.iter().any(|range| (self.range - range).abs() <= 1e-9 * range)
    }
}

/// A calibration of one load.
#[derive(Debug, Clone, PartialEq)]
pub struct Certificate {
    /// Its id.
    pub id: String,
    /// Unique id of the load it is for.
    pub unit: String,
    /// When it was measured.
    pub date: Date,
    /// Until when it holds.
    pub due: Date,
    /// What it was measured against.
    pub reference: Option<String>,
    /// Path of its file, for messages.
    pub file: String,
    /// Its channels.
    pub channels: Vec<ChannelCertificate>,
}

impl Certificate {
    /// What the record says of it.
    pub fn stated(&self) -> String {
        format!("{} {}..{}", self.id, self.date, self.due)
    }

    /// Why it does not hold on a day, if it does not.
    pub fn expired(&self, today: Date) -> Option<String> {
        (today > self.due).then(|| {
            format!("calibration {} was due on {}: calibrate anew (stimrig calibrate)", self.id, self.due)
        })
    }

    /// What samples of a channel mean: as the load states it, with gain and offset of the certificate where it has them.
    ///
    /// A reading is the truth times the gain, plus the offset.
    pub fn applied(&self, channel: &str, quantity: Sensed, range: f64, stated: Calibration) -> Calibration {
        let found = self.channels.iter().find(|one| one.is_of(channel, quantity, range));
        let Some(found) = found else { return stated };
        let lsb = stated.lsb / found.gain.0;
        Calibration {
            lsb,
            offset: stated.offset + found.offset.0 / stated.lsb,
            offset_u: found.offset.1 / stated.lsb,
            gain_u: found.gain.1 / found.gain.0,
            ..stated
        }
    }
}

impl Rig {
    /// What is said of each line of a calibration that is of no range of any channel of this rig: a warning, because a certificate
    /// may well cover ranges that a bench does not use. Where no line is read they are errors: the record would name a calibration
    /// that was applied to nothing.
    pub fn unread_of(&self, certificate: &Certificate) -> Vec<Diagnostic> {
        // A simulated load has a channel for whatever the phantom has.
        let simulated = self.sim.as_ref().filter(|_| self.load == Driver::Simulated).map(|sim| &sim.adc);
        let is_read = |one: &ChannelCertificate| match (simulated, one.quantity) {
            (Some(adc), Sensed::Current) => one.is_among(&adc.current_ranges),
            (Some(adc), Sensed::Voltage) => one.is_among(&adc.voltage_ranges),
            (None, quantity) => self
                .channels
                .iter()
                .any(|own| own.name == one.channel && own.quantity == quantity && one.is_among(&own.ranges)),
        };
        let unread = certificate.channels.iter().filter(|one| !is_read(one));
        let severity =
            if certificate.channels.iter().any(is_read) { Severity::Warning } else { Severity::Error };
        let problem = |one: &ChannelCertificate| {
            let dimension = match one.quantity {
                Sensed::Current => Dimension::Current,
                Sensed::Voltage => Dimension::Voltage,
            };
            let what = format!(
                "calibration {} has a line for `{}` at {}, and this rig has no such range: it would be applied to nothing",
                certificate.id,
                one.channel,
                engineering(one.range, dimension, 4)
            );
            let help = format!("correct it in {}, or the `channels` here", certificate.file);
            self.places.find("calibration").diagnostic(severity, &what, Some(&help))
        };
        unread.map(problem).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_is_the_truth_times_the_gain_plus_the_offset() {
        let certificate = Certificate {
            id: "C".to_owned(),
            unit: "U".to_owned(),
            date: Date::constant(2026, 1, 1),
            due: Date::constant(2027, 1, 1),
            reference: None,
            file: "c.yaml".to_owned(),
            channels: vec![ChannelCertificate {
                channel: "e1".to_owned(),
                quantity: Sensed::Current,
                range: 4e-3,
                gain: (1.001, 1e-5),
                offset: (2e-6, 1e-7),
            }],
        };
        let stated = Calibration {
            lsb: 1e-7,
            offset: 0.0,
            offset_u: 2.0,
            gain_u: 5e-4,
            inl: 1.0,
            noise: 0.7,
            rails: (-32768, 32767),
            ..Calibration::default()
        };
        let applied = certificate.applied("e1", Sensed::Current, 4e-3, stated);
        // 2 mA read as 2.002 mA and 2 uA more: 20 040 codes.
        assert!(((20_040.0 - applied.offset) * applied.lsb - 2e-3).abs() < 1e-12);
        assert!((applied.offset_u - 1.0).abs() < 1e-9 && (applied.gain_u - 1e-5 / 1.001).abs() < 1e-12);
        // Another range, channel or quantity is as the load states it.
        assert_eq!(certificate.applied("e1", Sensed::Current, 32e-3, stated), stated);
        assert_eq!(certificate.applied("e1", Sensed::Voltage, 4e-3, stated), stated);
        assert_eq!(certificate.expired(Date::constant(2027, 1, 1)), None);
        assert!(
            certificate.expired(Date::constant(2027, 1, 2)).is_some_and(|why| why.contains("2027-01-01"))
        );
    }

    #[test]
    fn a_calibration_that_is_applied_to_nothing_is_an_error() {
        use crate::rig::read_certificate;
        use crate::source::Source;
        let certificate = |channel: &str, range: &str| {
            let text = format!(
                "version: 1\ncertificate: C\nunit: U\ndate: 2026-01-01\ndue: 2027-01-01\nchannels:\n  - {{ channel: {channel}, quantity: current, range: {range}, gain: 1.001 ± 0.0001, offset: 0 A ± 1 nA }}\n"
            );
            read_certificate(&Source::new("c.yaml", &text)).unwrap()
        };
        let rig = |stimulator: &str, load: &str| {
            let limits = "{ amplitude: 1 mA, charge_per_phase: 1 uC, mean_dc: 1 uA }";
            let text = format!(
                "version: 1\nname: r\nstimulator: {stimulator}\nload: {load}\nlimits: {limits}\ncalibration: c.yaml\n"
            );
            Rig::read(&Source::new("r.yaml", &text)).unwrap()
        };
        let real = rig(
            "{ driver: native, port: { pty: a } }",
            "{ driver: native, port: { pty: b }, channels: { e1: { shunt: 100 ohm, ranges: [4 mA, 32 mA] } } }",
        );
        assert_eq!(real.unread_of(&certificate("e1", "32 mA")), Vec::new());
        for (channel, range) in [("el", "4 mA"), ("e1", "4 A")] {
            let problems = real.unread_of(&certificate(channel, range));
            assert!(problems.len() == 1 && problems[0].place.span.line == 6, "{problems:?}");
            assert!(problems[0].is_error());
            // Beside a line that is read it is one of a range that this bench does not use.
            let mut both = certificate("e1", "4 mA");
            both.channels.extend(certificate(channel, range).channels);
            let problems = real.unread_of(&both);
            assert!(problems.len() == 1 && !problems[0].is_error(), "{problems:?}");
        }
        // A phantom's contacts are not known here, the ranges are.
        let simulated = rig("{ driver: simulated }", "{ driver: simulated }");
        assert_eq!(simulated.unread_of(&certificate("e7", "4 mA")), Vec::new());
        assert_eq!(simulated.unread_of(&certificate("e7", "5 mA")).len(), 1);
    }
}
