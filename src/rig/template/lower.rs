//! `stimulator.template` of a rig file, lowered.

use crate::quantity::Dimension;
use crate::signal::{Law, Polarity, Recovery, Waveform};
use crate::source::{At, Fields, Kind};

use super::exchange::{byte_of, exchange, exchanges, hex, meanings, pattern};
use super::{Checksum, Exchange, Field, Fixed, Framing, Meanings, Reply, ReplyItem, Template};

pub(in crate::rig) const KEYS: &[&str] = &[
    "text",
    "binary",
    "baud",
    "timeout",
    "fixed",
    "ranges",
    "hello",
    "load",
    "start",
    "stop",
    "status",
    "acknowledge",
    "keepalive",
    "changes",
];
pub(in crate::rig) const TEXT_KEYS: &[&str] = &["terminator", "refused"];
pub(in crate::rig) const BINARY_KEYS: &[&str] = &["header", "byte_order", "length", "checksum", "status"];
pub(in crate::rig) const FIXED_KEYS: &[&str] =
    &["waveform", "leading", "recovery", "recharge", "law", "amplitude", "width", "gap", "rate", "period"];
/// Reads a template.
pub(in crate::rig) fn lower(at: &At<'_>) -> Option<Template> {
    let fields = at.fields(KEYS)?;
    let framing = match (fields.get("text"), fields.get("binary")) {
        (Some(at), None) => text(&at)?,
        (None, Some(at)) => binary(&at)?,
        _ => {
            at.key_error("a template is either `text` or `binary`", Some("such as `text: {}`"));
            return None;
        }
    };
    let one = |key| fields.get(key).and_then(|at| exchange(&at, &framing));
    let several = |key: &'static str| -> Vec<Exchange> {
        fields.get(key).map_or_else(Vec::new, |at| exchanges(&at, &framing))
    };
    for key in ["load", "start", "stop"] {
        // A stop that sends nothing would be told as one that was obeyed.
        if let Some(at) = fields.require(key)
            && matches!(&at.node().kind, Kind::List(items) if items.is_empty())
        {
            at.key_error(
                &format!("`{key}` sends nothing"),
                Some("write at least one exchange, such as `{ send: … }`"),
            );
        }
    }
    let template = Template {
        written: at.node().flow(),
        baud: fields.or("baud", 115_200, |at| at.count(300).and_then(|baud| u32::try_from(baud).ok())),
        timeout: fields.or("timeout", 0.2, |at| at.positive(Dimension::Time)),
        fixed: fixed(&fields),
        ranges: fields.get("ranges").map_or_else(Vec::new, |at| ranges(&at)),
        hello: one("hello"),
        load: several("load"),
        start: several("start"),
        stop: several("stop"),
        status: one("status"),
        meanings: fields.get("status").map_or_else(Meanings::default, |at| meanings(&at)),
        acknowledge: several("acknowledge"),
        keepalive: one("keepalive"),
        changes: fields.or("changes", false, |at| at.flag()),
        framing,
    };
    complete(&template, &fields);
    Some(template)
}

/// What a program cannot do without must come from somewhere.
fn complete(template: &Template, fields: &Fields<'_>) {
    let Some(load) = fields.get("load") else { return };
    let told = |field| template.number(field).is_some();
    let known = |field| told(field) || template.fixed.numbers.iter().any(|(own, _)| *own == field);
    for (field, other) in
        [(Field::Amplitude, Field::Amplitude), (Field::Width, Field::Width), (Field::Rate, Field::Period)]
    {
        if !known(field) && !known(other) {
            let name = field.name();
            load.key_error(
                &format!("no command sets `{name}`, and `fixed` does not state it"),
                Some(&format!(
                    "write it into a command, such as `{{{name}:{}}}`, or state it in `fixed`",
                    match field {
                        Field::Amplitude => "uA",
                        Field::Width => "us",
                        _ => "Hz",
                    }
                )),
            );
        }
    }
    let names = |exchange: &Exchange| match &exchange.reply {
        Some(Reply::Text { pattern, .. }) => pattern.names().map(str::to_owned).collect::<Vec<_>>(),
        Some(Reply::Binary(items)) => items
            .iter()
            .filter_map(|item| match item {
                ReplyItem::Text(name, _) | ReplyItem::Number(name, _) => Some(name.clone()),
                ReplyItem::Skip(_) => None,
            })
            .collect(),
        None => Vec::new(),
    };
    if let (Some(status), Some(at)) = (&template.status, fields.get("status"))
        && !names(status).iter().any(|name| name == "state")
    {
        at.key_error("a status says at least what the output does", Some("name a part of the reply `state`"));
    }
}

fn text(at: &At<'_>) -> Option<Framing> {
    let fields = at.fields(TEXT_KEYS)?;
    let terminator = fields.or("terminator", "\n".to_owned(), |at| Some(at.text()?.to_owned()));
    if terminator.is_empty() {
        at.error("lines need something that ends them", Some("such as `terminator: \"\\n\"`"));
    }
    Some(Framing::Text { terminator, refused: fields.get("refused").and_then(|at| pattern(&at)) })
}

fn binary(at: &At<'_>) -> Option<Framing> {
    let fields = at.fields(BINARY_KEYS)?;
    let checksums = Checksum::all();
    Some(Framing::Binary {
        header: fields.or("header", Vec::new(), hex),
        big: fields
            .or("byte_order", false, |at| at.word("a byte order", &[("little", false), ("big", true)])),
        whole: fields.or("length", false, |at| {
            at.word("what a length counts", &[("payload", false), ("frame", true)])
        }),
        checksum: fields.get("checksum").and_then(|at| at.word("a checksum", &checksums)),
        status: fields.get("status").map_or_else(Vec::new, |at| status_bytes(&at)),
    })
}

/// `{ 0x00: ok, 0xF0: checksum }`.
fn status_bytes(at: &At<'_>) -> Vec<(u8, String)> {
    let entries = at.entries().unwrap_or_default();
    entries
        .iter()
        .filter_map(|(key, value)| {
            let Some(byte) = byte_of(&key.text) else {
                value.key_error(&format!("`{}` is not a byte", key.text), Some("such as `0xF0`"));
                return None;
            };
            Some((byte, value.text()?.to_owned()))
        })
        .collect()
}

fn fixed(fields: &Fields<'_>) -> Fixed {
    let mut fixed = Fixed {
        waveform: Waveform::Biphasic,
        leading: Polarity::Cathodic,
        recovery: Recovery::Mirrored,
        recharge: false,
        law: Law::Linear,
        numbers: Vec::new(),
    };
    let Some(own) = fields.get("fixed").and_then(|at| at.fields(FIXED_KEYS)) else { return fixed };
    fixed.waveform = own.or("waveform", fixed.waveform, |at| at.word("a waveform", Waveform::WORDS));
    fixed.leading = own.or("leading", fixed.leading, |at| at.word("a polarity", Polarity::WORDS));
    fixed.recharge = own.or("recharge", false, |at| at.flag());
    fixed.law = own.or("law", fixed.law, |at| at.word("a law of ramps", Law::WORDS));
    fixed.recovery = match fixed.waveform {
        Waveform::Biphasic => Recovery::Mirrored,
        _ => Recovery::None,
    };
    fixed.recovery = own.or("recovery", fixed.recovery, |at| match at.node().as_text() {
        Some("mirrored") => Some(Recovery::Mirrored),
        Some("none") => Some(Recovery::None),
        Some(text) => match text.strip_prefix("ratio ").and_then(|ratio| ratio.trim().parse().ok()) {
            Some(ratio) if ratio > 0.0 => Some(Recovery::Ratio(ratio)),
            _ => {
                at.error(
                    &format!("`{text}` is not a recovery a device can be fixed to"),
                    Some("one of: mirrored, none, ratio 4"),
                );
                None
            }
        },
        None => {
            at.error("expected a word", Some("one of: mirrored, none, ratio 4"));
            None
        }
    });
    for (name, field, dimension) in Field::ALL.iter().filter(|(name, ..)| FIXED_KEYS.contains(name)) {
        if let Some(value) = own.get(name).and_then(|at| at.not_negative(*dimension)) {
            fixed.numbers.push((*field, value));
        }
    }
    fixed
}

/// `{ amplitude: [0.1 mA, 5 mA] }`.
fn ranges(at: &At<'_>) -> Vec<(Field, f64, f64)> {
    let entries = at.entries().unwrap_or_default();
    entries
        .iter()
        .filter_map(|(key, at)| {
            let Some((_, field, dimension)) = Field::ALL.iter().find(|(name, ..)| *name == key.text) else {
                at.key_error(
                    &format!("there is no number `{}`", key.text),
                    Some("one of: amplitude, width, gap, rate, period, pulses, duration, ramp"),
                );
                return None;
            };
            match at.list()?.as_slice() {
                [least, most] => {
                    Some((*field, least.not_negative(*dimension)?, most.not_negative(*dimension)?))
                }
                _ => {
                    at.error("a range has two ends", Some("such as `[0.1 mA, 5 mA]`"));
                    None
                }
            }
        })
        .collect()
}
