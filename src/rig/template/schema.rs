//! JSON Schema of `stimulator.template`.

use serde_json::{Value, json};

use crate::quantity::Dimension;
use crate::signal::{Law, Polarity, Waveform};
use crate::source::schema::{any_of, count, list_of, map_of, object, pair_of, quantity, text, words};

use super::exchange::{FAULTS, NAMES};
use super::{Checksum, Field, Format, StateWord};

/// The schema.
pub(in crate::rig) fn schema() -> Value {
    let exchange = exchange();
    let several = any_of(&[exchange.clone(), list_of(exchange.clone())]);
    object(
        &[
            ("text", object(&[("terminator", text()), ("refused", text())], &[])),
            ("binary", binary()),
            ("baud", count(300)),
            ("timeout", quantity(Dimension::Time)),
            ("fixed", fixed()),
            ("ranges", ranges()),
            ("hello", exchange.clone()),
            ("load", several.clone()),
            ("start", several.clone()),
            ("stop", several.clone()),
            ("status", exchange.clone()),
            ("acknowledge", several),
            ("keepalive", exchange),
            ("changes", json!({ "type": "boolean" })),
        ],
        &["load", "start", "stop"],
    )
}

fn binary() -> Value {
    let checksums: Vec<&str> = Checksum::all().into_iter().map(|(name, _)| name).collect();
    object(
        &[
            ("header", text()),
            ("byte_order", words(["little", "big"])),
            ("length", words(["payload", "frame"])),
            ("checksum", words(checksums)),
            ("status", map_of(text())),
        ],
        &[],
    )
}

fn fixed() -> Value {
    object(
        &[
            ("waveform", words(Waveform::WORDS.iter().map(|(name, _)| *name))),
            ("leading", words(Polarity::WORDS.iter().map(|(name, _)| *name))),
            ("recovery", text()),
            ("recharge", json!({ "type": "boolean" })),
            ("law", words(Law::WORDS.iter().map(|(name, _)| *name))),
            ("amplitude", quantity(Dimension::Current)),
            ("width", quantity(Dimension::Time)),
            ("gap", quantity(Dimension::Time)),
            ("rate", quantity(Dimension::Frequency)),
            ("period", quantity(Dimension::Time)),
        ],
        &[],
    )
}

fn ranges() -> Value {
    let properties: Vec<(&str, Value)> =
        Field::ALL.iter().map(|(name, _, dimension)| (*name, pair_of(quantity(*dimension)))).collect();
    object(&properties, &[])
}

fn exchange() -> Value {
    let formats: Vec<&str> = Format::ALL.iter().map(|(name, _)| *name).collect();
    let fields: Vec<&str> = Field::ALL.iter().map(|(name, ..)| *name).collect();
    let states: Vec<&str> = StateWord::ALL.iter().map(|(name, _)| *name).collect();
    let item = object(
        &[
            ("ascii", text()),
            ("hex", text()),
            ("field", words(fields)),
            ("as", words(formats.clone())),
            ("step", json!({ "type": ["string", "number"] })),
        ],
        &[],
    );
    let reply = object(
        &[
            ("skip", count(1)),
            ("name", words(NAMES.iter().copied())),
            ("as", words(formats)),
            ("ascii", count(1)),
        ],
        &[],
    );
    object(
        &[
            ("send", text()),
            ("expect", text()),
            ("simulated", text()),
            ("opcode", text()),
            ("payload", list_of(item)),
            ("reply", list_of(reply)),
            ("states", map_of(words(states))),
            ("faults", map_of(words(FAULTS.iter().copied()))),
        ],
        &[],
    )
}
