//! `load.channels` of a rig file, lowered.

use crate::quantity::{Dimension, Quantity};
use crate::signal::Sensed;
use crate::source::{At, Fields};

use super::sim_file::ranges;
use super::{Channel, Input};

pub(super) const KEYS: &[&str] = &["quantity", "shunt", "ranges", "of", "plus", "minus", "monitor"];

/// All channels.
pub(super) fn lower(at: &At<'_>) -> Option<Vec<Channel>> {
    Some(at.entries()?.iter().filter_map(|(key, at)| channel(&key.text, at)).collect())
}

fn channel(name: &str, at: &At<'_>) -> Option<Channel> {
    let fields = at.fields(KEYS)?;
    let default = if name == "vout" { Sensed::Voltage } else { Sensed::Current };
    let known = [("current", Sensed::Current), ("voltage", Sensed::Voltage)];
    let quantity = fields.or("quantity", default, |at| at.word("a quantity a channel senses", &known));
    let dimension = if quantity == Sensed::Current { Dimension::Current } else { Dimension::Voltage };
    let ranges = fields.require("ranges").and_then(|at| ranges(&at, dimension));
    let of = fields
        .or("of", Vec::new(), |at| Some(at.list()?.iter().filter_map(At::text).map(str::to_owned).collect()));
    Some(Channel { name: name.to_owned(), quantity, ranges: ranges?, input: input(&fields), of })
}

fn input(fields: &Fields<'_>) -> Input {
    let shunt = fields.get("shunt").and_then(|at| at.positive(Dimension::Resistance));
    let text = |key| fields.get(key).and_then(|at| at.text().map(str::to_owned));
    if fields.has("plus") || fields.has("minus") {
        if !(fields.has("plus") && fields.has("minus")) {
            fields.at().error("a differential channel has both `plus` and `minus`", None);
        }
        return match (text("plus"), text("minus")) {
            (Some(plus), Some(minus)) => Input::Differential { plus, minus, shunt },
            _ => Input::Own,
        };
    }
    if let Some(at) = fields.get("monitor") {
        return gain(&at).map_or(Input::Own, Input::Monitor);
    }
    shunt.map_or(Input::Own, Input::Shunt)
}

/// `2.5 mV/uA` → 2500 V/A.
fn gain(at: &At<'_>) -> Option<f64> {
    let text = at.text()?;
    let gain = text.split_once('/').and_then(|(volts, amperes)| {
        let volts = Quantity::parse_as(volts, Dimension::Voltage).ok()?;
        let amperes = Quantity::parse_as(&format!("1 {}", amperes.trim()), Dimension::Current).ok()?;
        Some(volts / amperes)
    });
    if gain.is_none() {
        at.error(&format!("`{text}` is not a voltage per current"), Some("such as `2.5 mV/uA`"));
    }
    gain
}
