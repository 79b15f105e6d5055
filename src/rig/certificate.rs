//! What a calibration of a load says: gain and offset of its channels, who measured them, and until when that holds.

use jiff::civil::Date;

use crate::signal::{Calibration, Sensed};

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
        let same = |one: &&ChannelCertificate| {
            one.channel == channel && one.quantity == quantity && (one.range - range).abs() <= 1e-9 * range
        };
        let Some(found) = self.channels.iter().find(same) else { return stated };
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
}
