//! Building blocks of JSON Schemas (draft-07) for files of this grammar.

use serde_json::{Map, Value, json};

use crate::quantity::Dimension;

/// A map with these keys and no others.
pub fn object(properties: &[(&str, Value)], required: &[&str]) -> Value {
    let properties: Map<String, Value> =
        properties.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// A map whose keys the user chooses.
pub fn map_of(value: Value) -> Value {
    json!({ "type": "object", "additionalProperties": value })
}

/// A list.
pub fn list_of(value: Value) -> Value {
    json!({ "type": "array", "items": value })
}

/// A list of exactly two.
pub fn pair_of(value: Value) -> Value {
    json!({ "type": "array", "items": value, "minItems": 2, "maxItems": 2 })
}

/// One of several words.
pub fn words<'w>(words: impl IntoIterator<Item = &'w str>) -> Value {
    json!({ "type": "string", "enum": words.into_iter().collect::<Vec<_>>() })
}

/// Text; a bare number is text too.
pub fn text() -> Value {
    json!({ "type": ["string", "number"] })
}

/// The version that every file states.
pub fn version() -> Value {
    json!({ "enum": [1, "1"] })
}

/// A whole number from `least` on; in quotes it is the same number.
pub fn count(least: u64) -> Value {
    json!({ "type": ["integer", "string"], "minimum": least, "pattern": "^(0|[1-9][0-9]*)$" })
}

/// Digits with or without a point, as a number's text begins.
const DIGITS: &str = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?";

/// Text of a quantity with a unit of its dimension, or a bare number where the dimension is a number.
pub fn quantity(dimension: Dimension) -> Value {
    let prefix = "[pnuµ\u{3bc}mkMG]?";
    let unit = match dimension {
        Dimension::Number => {
            return json!({ "type": ["number", "string"], "pattern": format!("^{DIGITS}$") });
        }
        Dimension::Current => format!("{prefix}A"),
        Dimension::Voltage => format!("{prefix}V"),
        Dimension::Charge => format!("{prefix}C"),
        Dimension::Time => format!("({prefix}s|min|h)"),
        Dimension::Frequency => format!("{prefix}Hz"),
        Dimension::Resistance => format!("{prefix}(ohm|Ω|\u{2126})"),
        Dimension::Capacitance => format!("{prefix}F"),
        Dimension::Ratio => "(%|ppm)".to_owned(),
        Dimension::Area => "[uµ\u{3bc}mc]?m[2²]".to_owned(),
        Dimension::ChargeDensity => "(C/m2|[uµ\u{3bc}m]C/cm[2²])".to_owned(),
        Dimension::Codes => "lsb".to_owned(),
    };
    let (what, example) = dimension.described();
    json!({
        "type": "string",
        "description": format!("{what}, such as {example}"),
        "pattern": format!("^\\s*{DIGITS}\\s*{unit}\\s*$"),
        "examples": [example],
    })
}

/// Either of several.
pub fn any_of(schemas: &[Value]) -> Value {
    json!({ "anyOf": schemas })
}

/// Head of a published schema.
pub fn published(title: &str, description: &str, body: Value) -> Value {
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
    schema.insert("title".to_owned(), json!(title));
    schema.insert("description".to_owned(), json!(description));
    if let Value::Object(body) = body {
        schema.extend(body);
    }
    Value::Object(schema)
}
