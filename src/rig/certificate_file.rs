//! Calibration files: read, written, and described.

use jiff::civil::Date;
use serde_json::{Value, json};

use crate::quantity::{Dimension, Quantity};
use crate::signal::Sensed;
use crate::source::schema::{list_of, object, published, text, version, words};
use crate::source::{At, Context, Diagnostic, Fields, Source, parse};

use super::{Certificate, ChannelCertificate};

pub(super) const KEYS: &[&str] =
    &["$schema", "version", "certificate", "unit", "date", "due", "reference", "channels"];
pub(super) const CHANNEL_KEYS: &[&str] = &["channel", "quantity", "range", "gain", "offset"];
const QUANTITIES: &[(&str, Sensed)] = &[("current", Sensed::Current), ("voltage", Sensed::Voltage)];
const AN_OFFSET: &str = "such as `1.2 uA ± 0.1 uA`";
const A_GAIN: &str = "such as `1.00043 ± 0.00010`";

/// Reads a calibration file. What stands after ± is the expanded uncertainty (k = 2), as on a certificate.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_certificate(source: &Source) -> Result<Certificate, Vec<Diagnostic>> {
    let (root, problems) = parse(source)?;
    let context = Context::new(source, problems);
    let certificate = context.root(&root).fields(KEYS).and_then(|fields| lower(&fields, source));
    let failed = context.failed();
    match certificate {
        Some(certificate) if !failed => Ok(certificate),
        _ => Err(context.finish()),
    }
}

fn lower(fields: &Fields<'_>, source: &Source) -> Option<Certificate> {
    fields.check_version();
    let words = |key| fields.require(key).and_then(|at| at.text().map(str::to_owned));
    let (id, unit) = (words("certificate"), words("unit"));
    let (from, to) = (fields.require("date").and_then(|at| date(&at)), fields.require("due"));
    let due = to.as_ref().and_then(date);
    if let (Some(from), Some(due), Some(at)) = (from, due, &to)
        && due < from
    {
        at.error("it is due before it was measured", None);
    }
    let reference = fields.get("reference").and_then(|at| at.text().map(str::to_owned));
    let items = fields.require("channels").and_then(|at| at.list());
    let mut channels: Vec<ChannelCertificate> = Vec::new();
    for item in items? {
        let Some(one) = channel(&item) else { continue };
        if channels.iter().any(|known| known.is_of(&one.channel, one.quantity, one.range)) {
            let what = format!("this range of `{}` stands in the file before", one.channel);
            item.error(&what, Some("which of the two counts? leave one out"));
        }
        channels.push(one);
    }
    Some(Certificate {
        id: id?,
        unit: unit?,
        date: from?,
        due: due?,
        reference,
        file: source.name.clone(),
        channels,
    })
}

fn channel(at: &At<'_>) -> Option<ChannelCertificate> {
    let fields = at.fields(CHANNEL_KEYS)?;
    let name = fields.require("channel").and_then(|at| at.text().map(str::to_owned));
    let quantity =
        fields.require("quantity").and_then(|at| at.word("a quantity a channel senses", QUANTITIES))?;
    let dimension = dimension(quantity);
    let range = fields.require("range").and_then(|at| at.positive(dimension));
    let gain = fields.require("gain").and_then(|at| measured(&at, Dimension::Number, A_GAIN));
    if let (Some((gain, _)), Some(at)) = (gain, fields.get("gain"))
        && !(0.5..=2.0).contains(&gain)
    {
        at.error(
            &format!("a gain of {gain} is no calibration: it is what is indicated over what is true"),
            Some(A_GAIN),
        );
    }
    let offset = fields.require("offset").and_then(|at| measured(&at, dimension, AN_OFFSET));
    Some(ChannelCertificate { channel: name?, quantity, range: range?, gain: gain?, offset: offset? })
}

fn dimension(quantity: Sensed) -> Dimension {
    if quantity == Sensed::Current { Dimension::Current } else { Dimension::Voltage }
}

fn date(at: &At<'_>) -> Option<Date> {
    let text = at.text()?;
    let date = text.parse().ok();
    if date.is_none() {
        at.error(&format!("`{text}` is not a date"), Some("such as `2026-11-28`"));
    }
    date
}

/// Value and standard uncertainty, of `value ± expanded uncertainty`.
fn measured(at: &At<'_>, dimension: Dimension, example: &str) -> Option<(f64, f64)> {
    let text = at.text()?;
    let read = |part: &str| {
        let part = part.trim();
        match dimension {
            Dimension::Number => part.parse::<f64>().ok(),
            dimension => Quantity::parse_as(part, dimension).ok(),
        }
    };
    let parts = text.split_once('±').or_else(|| text.split_once("+-"));
    let found = parts.and_then(|(value, u)| Some((read(value)?, read(u)? / 2.0)));
    let found = found.filter(|(value, u)| value.is_finite() && u.is_finite() && *u >= 0.0);
    if found.is_none() {
        at.error(&format!("`{text}` is not a value with its uncertainty"), Some(example));
    }
    found
}

impl Certificate {
    /// As a file.
    pub fn to_yaml(&self) -> String {
        let mut text = format!(
            "# Calibration of a load. A reading is the truth times the gain, plus the offset; what stands after ± is the expanded\n\
             # uncertainty (k = 2).\nversion: 1\ncertificate: {:?}\nunit: {:?}\ndate: {}\ndue: {}\n",
            self.id, self.unit, self.date, self.due
        );
        if let Some(reference) = &self.reference {
            text.push_str(&format!("reference: {reference:?}\n"));
        }
        text.push_str("channels:\n");
        for one in &self.channels {
            let quantity =
                QUANTITIES.iter().find(|(_, sensed)| *sensed == one.quantity).map_or("", |(name, _)| name);
            let unit = dimension(one.quantity).unit();
            text.push_str(&format!(
                "  - {{ channel: {:?}, quantity: {quantity}, range: {} {unit}, gain: {:.7} ± {:.7}, offset: {:.4e} {unit} ± {:.1e} {unit} }}\n",
                one.channel, one.range, one.gain.0, 2.0 * one.gain.1, one.offset.0, 2.0 * one.offset.1
            ));
        }
        text
    }
}

/// JSON Schema (draft-07) of a calibration file.
pub fn calibration_schema() -> Value {
    let like = |example: &str| json!({ "type": "string", "examples": [example] });
    let channel = object(
        &[
            ("channel", text()),
            ("quantity", words(["current", "voltage"])),
            ("range", like("4 mA")),
            ("gain", like("1.00043 ± 0.00010")),
            ("offset", like("1.2 uA ± 0.1 uA")),
        ],
        CHANNEL_KEYS,
    );
    let day = json!({ "type": "string", "format": "date", "examples": ["2026-11-28"] });
    let body = object(
        &[
            ("$schema", text()),
            ("version", version()),
            ("certificate", text()),
            ("unit", text()),
            ("date", day.clone()),
            ("due", day),
            ("reference", text()),
            ("channels", list_of(channel)),
        ],
        &["version", "certificate", "unit", "date", "due", "channels"],
    );
    published("stimrig calibration", "Gain and offset of a load's channels, and until when they hold.", body)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "version: 1\ncertificate: CAL-1\nunit: SIM-LOAD-001\ndate: 2026-11-28\ndue: 2027-11-28\nchannels:\n\
        \u{20} - { channel: e1, quantity: current, range: 4 mA, gain: 1.00043 ± 0.0001, offset: -1.2 uA ± 0.2 uA }\n";

    #[test]
    fn a_file_is_read_and_written_to_the_same() {
        let read = read_certificate(&Source::new("c.yaml", FILE)).unwrap();
        assert_eq!(read.channels[0].gain, (1.00043, 0.00005));
        assert!(
            (read.channels[0].offset.0 + 1.2e-6).abs() < 1e-15
                && (read.channels[0].offset.1 - 1e-7).abs() < 1e-15
        );
        let again = read_certificate(&Source::new("c.yaml", read.to_yaml().as_str())).unwrap();
        assert_eq!(
            (&again.id, &again.unit, again.date, again.due),
            (&read.id, &read.unit, read.date, read.due)
        );
        let (one, other) = (&again.channels[0], &read.channels[0]);
        assert!((one.gain.0 - other.gain.0).abs() < 1e-7 && (one.offset.0 - other.offset.0).abs() < 1e-9);
    }

    #[test]
    fn a_range_of_a_channel_is_calibrated_once() {
        let again = |other: &str| {
            let line = FILE.lines().last().unwrap();
            let twice = format!("{FILE}{}\n", line.replace("4 mA", other).replace("1.00043", "1.05"));
            read_certificate(&Source::new("c.yaml", twice.as_str()))
        };
        assert_eq!(again("32 mA").unwrap().channels.len(), 2);
        let problems = again("4000 uA").unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].to_string().starts_with("c.yaml:8:"), "{}", problems[0]);
    }

    #[test]
    fn what_is_wrong_is_said_where_it_stands() {
        let wrong = FILE
            .replace("2027-11-28", "2025-11-28")
            .replace("1.00043 ± 0.0001", "1.00043")
            .replace("-1.2 uA ± 0.2 uA", "1 mV ± 1 uA")
            .replace("quantity: current", "quantity: curent");
        let problems = read_certificate(&Source::new("c.yaml", wrong.as_str())).unwrap_err();
        let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(said.iter().any(|text| text.contains("due before it was measured")), "{said:?}");
        assert!(said.iter().any(|text| text.starts_with("c.yaml:7:")), "{said:?}");
        let no_u = FILE.replace("1.00043 ± 0.0001", "1.00043").replace("-1.2 uA ± 0.2 uA", "1 mV ± 1 uA");
        let problems = read_certificate(&Source::new("c.yaml", no_u.as_str())).unwrap_err();
        let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(
            said.len() == 2 && said[0].contains("`1.00043` is not a value with its uncertainty"),
            "{said:?}"
        );
    }
}
