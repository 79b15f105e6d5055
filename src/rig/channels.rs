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
    one_way(&fields, quantity);
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

/// What a volt at the input stands for is said once, and a voltage is no current: of two, one would be left unread, and a
/// voltage over a shunt would be told as a hundredth of itself.
fn one_way(fields: &Fields<'_>, quantity: Sensed) {
    const WAYS: [&str; 3] = ["shunt", "monitor", "scale"];
    let mut given = WAYS.into_iter().filter(|key| fields.has(key));
    let (Some(first), second) = (given.next(), given.next()) else { return };
    if let Some((second, at)) = second.and_then(|second| Some((second, fields.get(second)?))) {
        at.key_error(
            &format!("`{first}` already says what this channel senses, and `{second}` would not be read"),
            Some("leave one of them out"),
        );
    }
    if quantity == Sensed::Voltage && first != "scale" {
        let what = format!("`{first}` makes a current of a voltage, and this channel senses a voltage");
        let help = "write `quantity: current`, or leave it out; a probe's attenuation is `probe`, a column's unit `scale`";
        if let Some(at) = fields.get(first) {
            at.key_error(&what, Some(help));
        }
    }
    let two = fields.has("plus") || fields.has("minus");
    for key in ["input", "monitor", "scale"].into_iter().filter(|key| two && fields.has(key)) {
        if let Some(at) = fields.get(key) {
            let what =
                format!("`plus` and `minus` are two inputs across a shunt, and `{key}` would not be read");
            at.key_error(&what, Some("leave it out"));
        }
    }
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

#[cfg(test)]
mod tests {
    use crate::rig::Rig;
    use crate::source::Source;

    /// What is said of a channel of an oscilloscope.
    fn said(channel: &str) -> Vec<String> {
        let text = format!(
            "version: 1\nname: s\nstimulator: {{ driver: simulated }}\nload:\n  driver: scpi\n  channels:\n    {channel}\n"
        );
        let found = Rig::read(&Source::new("rig.yaml", &text)).err().unwrap_or_default();
        found.iter().map(|problem| problem.what.clone()).collect()
    }

    #[test]
    fn a_channel_says_once_what_it_senses() {
        for good in [
            "e1: { input: CH1, shunt: 100 ohm, ranges: [4 mA] }",
            "e1: { input: CH1, monitor: 1 mV/uA, ranges: [4 mA] }",
            "e1: { plus: CH1, minus: CH2, shunt: 100 ohm, ranges: [4 mA] }",
            "v1: { quantity: voltage, plus: CH1, minus: CH2, ranges: [2 V] }",
            "vout: { input: CH1, probe: 10, ranges: [20 V] }",
        ] {
            assert_eq!(said(good), [""; 0], "{good}");
        }
        for (bad, word) in [
            // 2 V over 100 ohm were told as 20 mV.
            (
                "v1: { quantity: voltage, input: CH1, shunt: 100 ohm, ranges: [2 V] }",
                "`shunt` makes a current",
            ),
            ("vout: { input: CH1, monitor: 1 mV/uA, ranges: [2 V] }", "`monitor` makes a current"),
            (
                "e1: { input: CH1, shunt: 100 ohm, monitor: 1 mV/uA, ranges: [4 mA] }",
                "`monitor` would not be read",
            ),
            (
                "e1: { plus: CH1, minus: CH2, input: CH3, shunt: 1 ohm, ranges: [4 mA] }",
                "`input` would not be read",
            ),
        ] {
            let said = said(bad);
            assert!(said.iter().any(|what| what.contains(word)), "{bad}: {said:?}");
        }
    }
}
