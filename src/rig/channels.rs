//! `load.channels` of a rig file, lowered.

use crate::quantity::{Dimension, Quantity};
use crate::signal::Sensed;
use crate::source::{At, Fields};

use super::sim_file::ranges;
use super::{Accuracy, Channel, Driver, Input};

pub(super) const KEYS: &[&str] = &[
    "quantity",
    "shunt",
    "ranges",
    "of",
    "plus",
    "minus",
    "monitor",
    "scale",
    "input",
    "probe",
    "accuracy",
    "offset_error",
    "tolerance",
    "mismatch",
    "noise",
];

/// All channels of a load with this driver.
pub(super) fn lower(at: &At<'_>, driver: Option<Driver>) -> Option<Vec<Channel>> {
    Some(at.entries()?.iter().filter_map(|(key, at)| channel(&key.text, at, driver)).collect())
}

fn channel(name: &str, at: &At<'_>, driver: Option<Driver>) -> Option<Channel> {
    let fields = at.fields(KEYS)?;
    let default = if name == "vout" { Sensed::Voltage } else { Sensed::Current };
    let known = [("current", Sensed::Current), ("voltage", Sensed::Voltage)];
    let quantity = fields.or("quantity", default, |at| at.word("a quantity a channel senses", &known));
    let dimension = if quantity == Sensed::Current { Dimension::Current } else { Dimension::Voltage };
    // A recording was made on whatever range it was made.
    let stated =
        if driver == Some(Driver::Recorded) { fields.get("ranges") } else { fields.require("ranges") };
    let ranges = match stated {
        Some(at) => ranges(&at, dimension)?,
        None if driver == Some(Driver::Recorded) => Vec::new(),
        None => return None,
    };
    let of = fields
        .or("of", Vec::new(), |at| Some(at.list()?.iter().filter_map(At::text).map(str::to_owned).collect()));
    let input = input(&fields, quantity);
    let terminal = fields.get("input").and_then(|at| at.text().map(str::to_owned));
    if let Some(driver @ (Driver::Scpi | Driver::Sigrok | Driver::Recorded)) = driver {
        needs_of_third_parties(&fields, driver, quantity, &input);
    }
    let probe = fields.or("probe", 1.0, |at| at.positive(Dimension::Number));
    Some(Channel {
        name: name.to_owned(),
        quantity,
        ranges,
        input,
        terminal,
        probe,
        accuracy: accuracy(
            &fields,
            if driver == Some(Driver::Recorded) { dimension } else { Dimension::Voltage },
        ),
        of,
    })
}

/// What an instrument of a third party cannot say itself.
fn needs_of_third_parties(fields: &Fields<'_>, driver: Driver, quantity: Sensed, input: &Input) {
    let two = matches!(input, Input::Differential { .. });
    if !two && !fields.has("input") {
        let what = format!("a channel of a `{}` load names its `input`", driver.name());
        fields.at().key_error(&what, Some("such as `input: CH1`"));
    }
    if driver == Driver::Recorded && two {
        fields.at().key_error("a recording's channel is one of its columns", Some("name it with `input`"));
    }
    let amperes = match input {
        Input::Shunt(_) | Input::Monitor(_) | Input::Scale { .. } => true,
        Input::Differential { shunt, .. } => shunt.is_some(),
        Input::Own => driver == Driver::Recorded,
    };
    if quantity == Sensed::Current && !amperes {
        let help = "state the `shunt` it is measured across, or the `monitor` output's gain";
        fields.at().key_error(
            "this input senses a voltage, and nothing says which current it stands for",
            Some(help),
        );
    }
    // An oscilloscope that is identified has a data sheet; the others do not say what they are.
    if driver != Driver::Scpi && !fields.has("accuracy") {
        let help = "its limit of error as a part of the reading, such as `accuracy: 3 %`";
        fields.at().key_error("nothing says how accurate this channel is: state its `accuracy`", Some(help));
    }
}

fn accuracy(fields: &Fields<'_>, offset: Dimension) -> Accuracy {
    let part = |key| fields.get(key).and_then(|at| at.not_negative(Dimension::Ratio));
    Accuracy {
        reading: part("accuracy"),
        offset: fields.get("offset_error").and_then(|at| at.not_negative(offset)),
        element: part("tolerance").unwrap_or(0.0),
        mismatch: part("mismatch").unwrap_or(0.0),
        noise: fields.get("noise").and_then(|at| at.not_negative(offset)),
    }
}

fn input(fields: &Fields<'_>, quantity: Sensed) -> Input {
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
    if let Some(at) = fields.get("scale") {
        let dimension = if quantity == Sensed::Current { Dimension::Current } else { Dimension::Voltage };
        return scale(&at, dimension).unwrap_or(Input::Own);
    }
    shunt.map_or(Input::Own, Input::Shunt)
}

/// `1 mA/A`, `10 mA/V`: what one displayed unit stands for.
fn scale(at: &At<'_>, dimension: Dimension) -> Option<Input> {
    let text = at.text()?;
    let read = text.split_once('/').and_then(|(value, per)| {
        let value = Quantity::parse_as(value, dimension).ok()?;
        let one = Quantity::parse(&format!("1 {}", per.trim())).ok()?;
        let known = matches!(one.dimension, Dimension::Current | Dimension::Voltage);
        (known && value != 0.0)
            .then(|| Input::Scale { factor: value / one.value, per: one.dimension.unit().to_owned() })
    });
    if read.is_none() {
        at.error(
            &format!("`{text}` does not say what a displayed unit stands for"),
            Some("such as `1 mA/A` or `10 mA/V`"),
        );
    }
    read
}

/// Volts per ampere.
pub(super) fn ratio(text: &str) -> Option<f64> {
    let (volts, amperes) = text.split_once('/')?;
    let volts = Quantity::parse_as(volts, Dimension::Voltage).ok()?;
    let amperes = Quantity::parse_as(&format!("1 {}", amperes.trim()), Dimension::Current).ok()?;
    Some(volts / amperes)
}

/// `2.5 mV/uA` → 2500 V/A.
fn gain(at: &At<'_>) -> Option<f64> {
    let text = at.text()?;
    // Without a gain it says nothing about the current; a negative one is that of an inverting output.
    let gain = ratio(text).filter(|gain| gain.is_finite() && *gain != 0.0);
    if gain.is_none() {
        at.error(&format!("`{text}` is not a voltage per current"), Some("such as `2.5 mV/uA`"));
    }
    gain
}
