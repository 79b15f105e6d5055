//! Exchanges of a template, lowered: what is sent, and what comes back.

use crate::quantity::{Dimension, Quantity};
use crate::source::At;

use super::{
    Exchange, Field, Format, Framing, Item, Meanings, Message, Number, Pattern, Piece, Reply, ReplyItem,
    StateWord,
};

pub(in crate::rig) const EXCHANGE_KEYS: &[&str] =
    &["send", "expect", "simulated", "opcode", "payload", "reply", "states", "faults"];
pub(in crate::rig) const ITEM_KEYS: &[&str] = &["ascii", "hex", "field", "as", "step"];
pub(in crate::rig) const REPLY_KEYS: &[&str] = &["skip", "name", "as", "ascii"];

/// What a status and a hello can tell.
pub(in crate::rig) const NAMES: &[&str] = &["model", "uid", "firmware", "state", "fault", "pulses"];

/// The exchanges of a command: one, or a list of them.
pub(super) fn exchanges(at: &At<'_>, framing: &Framing) -> Vec<Exchange> {
    match at.node().kind {
        crate::source::Kind::List(_) => {
            at.list().unwrap_or_default().iter().filter_map(|at| exchange(at, framing)).collect()
        }
        _ => exchange(at, framing).into_iter().collect(),
    }
}

/// One exchange.
pub(super) fn exchange(at: &At<'_>, framing: &Framing) -> Option<Exchange> {
    let fields = at.fields(EXCHANGE_KEYS)?;
    let of_text = ["send", "expect", "simulated"];
    let of_binary = ["opcode", "payload", "reply"];
    let (own, other) = match framing {
        Framing::Text { .. } => ("text", of_binary),
        Framing::Binary { .. } => ("binary", of_text),
    };
    for key in other {
        if let Some(at) = fields.get(key) {
            at.key_error(&format!("`{key}` is not for a {own} template"), None);
        }
    }
    match framing {
        Framing::Text { .. } => {
            let pieces = fields.require("send").and_then(|at| pieces(&at))?;
            let reply = fields.get("expect").and_then(|at| {
                let pattern = pattern(&at)?;
                let simulated = fields.get("simulated").and_then(|at| at.text().map(str::to_owned));
                let simulated = simulated.unwrap_or_else(|| answer_of(pattern.as_str()));
                Some(Reply::Text { pattern, simulated })
            });
            Some(Exchange { send: Message::Text(pieces), reply })
        }
        Framing::Binary { .. } => {
            let opcode = fields.require("opcode").and_then(|at| byte(&at))?;
            let payload = fields
                .get("payload")
                .map_or_else(|| Some(Vec::new()), |at| Some(at.list()?.iter().filter_map(item).collect()))?;
            let reply = fields.get("reply").map_or_else(
                || Some(Vec::new()),
                |at| Some(at.list()?.iter().filter_map(reply_item).collect()),
            )?;
            let send = Message::Binary { opcode, payload };
            let length = framing.stated_length(&send);
            if length > usize::from(u8::MAX) {
                let what = format!("a frame states its length in one byte, and this one's is {length}");
                at.key_error(&what, Some("leave a part of its payload out"));
            }
            Some(Exchange { send, reply: Some(Reply::Binary(reply)) })
        }
    }
}

fn byte(at: &At<'_>) -> Option<u8> {
    let text = at.text()?;
    let byte = byte_of(text);
    if byte.is_none() {
        at.error(&format!("`{text}` is not a byte"), Some("such as `0xA5`"));
    }
    byte
}

/// A regular expression.
pub(super) fn pattern(at: &At<'_>) -> Option<Pattern> {
    match Pattern::new(at.text()?) {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            let why = error.to_string();
            let last = why.lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned();
            at.error(&format!("this is no regular expression: {last}"), Some("such as `^OK$`"));
            None
        }
    }
}

/// `AMP {amplitude:uA}`: literal text and numbers in braces, `{name:unit}` or `{name:unit.decimals}`.
fn pieces(at: &At<'_>) -> Option<Vec<Piece>> {
    let text = at.text()?;
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((literal, behind)) = rest.split_once('{') {
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal.to_owned()));
        }
        let Some((inside, behind)) = behind.split_once('}') else {
            at.error("a brace is not closed", Some("such as `AMP {amplitude:uA}`"));
            return None;
        };
        pieces.push(Piece::Number(number(at, inside)?));
        rest = behind;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Literal(rest.to_owned()));
    }
    Some(pieces)
}

fn number(at: &At<'_>, inside: &str) -> Option<Number> {
    let (name, unit) = inside.split_once(':').unwrap_or((inside, ""));
    let Some((_, field, dimension)) = Field::ALL.iter().find(|(own, ..)| *own == name) else {
        at.error(
            &format!("there is no number `{name}`"),
            Some("one of: amplitude, width, gap, rate, period, pulses, duration, ramp"),
        );
        return None;
    };
    let (unit, decimals) = unit.split_once('.').unwrap_or((unit, "0"));
    let decimals = decimals.parse::<usize>().ok().filter(|decimals| *decimals <= 9);
    let scale = if *dimension == Dimension::Number {
        unit.is_empty().then_some(1.0)
    } else {
        Quantity::parse_as(&format!("1 {unit}"), *dimension).ok()
    };
    match (scale, decimals) {
        (Some(unit), Some(decimals)) => Some(Number { field: *field, unit, decimals }),
        _ => {
            let (_, example) = dimension.described();
            let unit = example.split_whitespace().last().unwrap_or("");
            let help = if *dimension == Dimension::Number {
                format!("such as `{{{name}}}`")
            } else {
                format!("such as `{{{name}:{unit}}}` or `{{{name}:{unit}.2}}`")
            };
            at.error(&format!("`{{{inside}}}` has no unit of its kind"), Some(&help));
            None
        }
    }
}

/// One item of a payload.
fn item(at: &At<'_>) -> Option<Item> {
    let fields = at.fields(ITEM_KEYS)?;
    if let Some(at) = fields.get("ascii") {
        return Some(Item::Bytes(at.text()?.as_bytes().to_vec()));
    }
    if let Some(at) = fields.get("hex") {
        return hex(&at).map(Item::Bytes);
    }
    let names: Vec<(&str, (Field, Dimension))> =
        Field::ALL.iter().map(|(name, field, dimension)| (*name, (*field, *dimension))).collect();
    let (field, dimension) =
        fields.require("field").and_then(|at| at.word("a number of a program", &names))?;
    let format = fields.require("as").and_then(|at| at.word("a format", Format::ALL))?;
    let unit = if dimension == Dimension::Number {
        fields.or("step", 1.0, |at| at.positive(dimension))
    } else {
        fields.require("step").and_then(|at| at.positive(dimension))?
    };
    Some(Item::Number(Number { field, unit, decimals: 0 }, format))
}

/// One item of a reply.
fn reply_item(at: &At<'_>) -> Option<ReplyItem> {
    let fields = at.fields(REPLY_KEYS)?;
    let count = |at: &At<'_>| at.count(1).and_then(|bytes| usize::try_from(bytes).ok());
    if let Some(at) = fields.get("skip") {
        return count(&at).map(ReplyItem::Skip);
    }
    let names: Vec<(&str, &str)> = NAMES.iter().map(|name| (*name, *name)).collect();
    let name = fields.require("name").and_then(|at| at.word("what a reply can tell", &names))?.to_owned();
    if let Some(at) = fields.get("ascii") {
        return count(&at).map(|bytes| ReplyItem::Text(name, bytes));
    }
    let format = fields.require("as").and_then(|at| at.word("a format", Format::ALL))?;
    Some(ReplyItem::Number(name, format))
}

/// What the words of a status mean.
pub(super) fn meanings(at: &At<'_>) -> Meanings {
    let Some(fields) = at.fields(EXCHANGE_KEYS) else { return Meanings::default() };
    let states = fields.get("states").and_then(|at| at.entries()).unwrap_or_default();
    let faults = fields.get("faults").and_then(|at| at.entries()).unwrap_or_default();
    let known: Vec<(&str, &str)> = FAULTS.iter().map(|name| (*name, *name)).collect();
    Meanings {
        states: states
            .iter()
            .filter_map(|(key, at)| Some((key.text.clone(), at.word("a state", StateWord::ALL)?)))
            .collect(),
        faults: faults
            .iter()
            .filter_map(|(key, at)| Some((key.text.clone(), at.word("a fault", &known)?.to_owned())))
            .collect(),
    }
}

/// Fault codes of the language.
pub(in crate::rig) const FAULTS: &[&str] = &[
    "none",
    "open-lead",
    "short-lead",
    "over-current",
    "compliance",
    "over-amplitude",
    "watchdog",
    "brown-out",
    "link",
];

/// What a simulated device answers to match a pattern of literal text and named groups.
fn answer_of(pattern: &str) -> String {
    let mut answer = String::new();
    let mut rest = pattern.trim_start_matches('^').trim_end_matches('$');
    while let Some(character) = rest.chars().next() {
        if let Some(behind) = rest.strip_prefix("(?<").or(rest.strip_prefix("(?P<"))
            && let Some((name, behind)) = behind.split_once('>')
        {
            answer.push_str(&format!("{{{name}}}"));
            rest = behind.split_once(')').map_or("", |(_, behind)| behind);
        } else if let Some(behind) = rest.strip_prefix('\\') {
            let escaped = behind.chars().next();
            answer.extend(escaped);
            rest = behind.get(escaped.map_or(0, char::len_utf8)..).unwrap_or("");
        } else {
            answer.push(character);
            rest = rest.get(character.len_utf8()..).unwrap_or("");
        }
    }
    answer
}

/// `0xA5`, or a plain number.
pub(super) fn byte_of(text: &str) -> Option<u8> {
    match text.strip_prefix("0x") {
        Some(digits) => u8::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// `A5 01`, blanks as one likes.
pub(super) fn hex(at: &At<'_>) -> Option<Vec<u8>> {
    let text = at.text()?;
    let digits: String = text.chars().filter(|character| !character.is_whitespace()).collect();
    let pairs: Option<Vec<u8>> = digits
        .as_bytes()
        .chunks(2)
        .map(|pair| {
            let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
            u8::from_str_radix(pair, 16).ok()
        })
        .collect();
    if pairs.is_none() {
        at.error(&format!("`{text}` are not bytes in hexadecimal"), Some("such as `A5 01`"));
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_pattern_is_its_own_answer() {
        assert_eq!(answer_of("^OK$"), "OK");
        assert_eq!(answer_of(r"^V1\.2,(?<uid>[0-9A-F]+),(?P<state>\w+)$"), "V1.2,{uid},{state}");
    }
}
