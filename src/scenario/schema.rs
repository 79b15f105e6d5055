//! JSON Schema of a scenario file. A test keeps its keys those of the lowering.

use serde_json::{Value, json};

use crate::quantity::Dimension;
use crate::signal::{Law, Polarity, Waveform};
use crate::source::schema::{
    any_of, count, list_of, map_of, object, pair_of, published, quantity, text, version, words,
};

use super::{Fault, FaultCode, Measurand, expect, program, read};

/// JSON Schema (draft-07) of a scenario file.
pub fn scenario_schema() -> Value {
    let body = object(
        &[
            ("$schema", text()),
            ("version", version()),
            ("name", text()),
            ("about", text()),
            ("verifies", list_of(text())),
            ("min_fidelity", names(read::FIDELITIES)),
            ("tags", list_of(text())),
            ("phantom", text()),
            ("limits", value(any_of(&[text(), list_of(text())]))),
            ("matrix", matrix()),
            ("program", program_schema(&["amplitude", "width", "rate"])),
            ("duration", value(quantity(Dimension::Time))),
            ("pulses", value(count(1))),
            ("steps", list_of(step())),
            ("expect", list_of(check())),
            ("decision", names(read::DECISIONS)),
        ],
        &["version", "name", "phantom", "program", "expect"],
    );
    published("stimrig scenario", "A program, the steps of its run, and what is expected of it.", body)
}

/// JSON Schema (draft-07) of a limit profile.
pub fn profile_schema() -> Value {
    let body = object(
        &[
            ("$schema", text()),
            ("version", version()),
            ("name", text()),
            ("about", text()),
            ("citation", text()),
            ("verified", json!({ "type": "boolean" })),
            ("verified_by", text()),
            ("expect", list_of(check())),
        ],
        &["version", "name", "citation", "verified", "expect"],
    );
    published("stimrig limit profile", "Limits of a standard or a class of devices, with their source.", body)
}

/// Or a name of the matrix, which may stand for any whole value.
fn value(schema: Value) -> Value {
    any_of(&[schema, json!({ "type": "string", "pattern": "^\\$[A-Za-z_][A-Za-z0-9_-]*$" })])
}

fn names<T>(known: &[(&'static str, T)]) -> Value {
    value(words(known.iter().map(|(name, _)| *name)))
}

fn matrix() -> Value {
    let anything = json!({});
    json!({
        "type": "object",
        "properties": { "exclude": list_of(map_of(anything)) },
        "additionalProperties": { "type": "array", "minItems": 1 },
    })
}

fn program_properties() -> Vec<(&'static str, Value)> {
    let recovery = any_of(&[
        words(["mirrored", "none"]),
        object(
            &[("ratio", value(quantity(Dimension::Number))), ("passive", value(quantity(Dimension::Time)))],
            &[],
        ),
    ]);
    let ramp = object(&[("up", value(quantity(Dimension::Time))), ("law", names(Law::WORDS))], &["up"]);
    let burst = object(
        &[
            ("pulses", value(count(1))),
            ("rate", value(quantity(Dimension::Frequency))),
            ("recovery_after", value(words(["pulse", "burst"]))),
        ],
        &["pulses", "rate"],
    );
    let time = || value(quantity(Dimension::Time));
    let cycle = object(&[("on_time", time()), ("off_time", time())], &["on_time", "off_time"]);
    vec![
        ("waveform", names(Waveform::WORDS)),
        ("leading", names(Polarity::WORDS)),
        ("amplitude", value(quantity(Dimension::Current))),
        ("width", time()),
        ("gap", time()),
        ("recovery", value(recovery)),
        ("recharge", time()),
        ("rate", value(quantity(Dimension::Frequency))),
        ("ramp", value(ramp)),
        ("burst", value(burst)),
        ("cycle", value(cycle)),
        ("contacts", value(map_of(value(quantity(Dimension::Ratio))))),
    ]
}

fn program_schema(required: &[&str]) -> Value {
    value(object(&program_properties(), required))
}

fn step() -> Value {
    let nothing = || any_of(&[object(&[], &[]), json!({ "type": "null" })]);
    let set: Vec<_> =
        program_properties().into_iter().filter(|(key, _)| program::SET_KEYS.contains(key)).collect();
    let time = || value(quantity(Dimension::Time));
    let write = object(&[("symbol", text()), ("value", any_of(&[text(), count(0)]))], &["symbol", "value"]);
    object(
        &[
            ("as", text()),
            ("start", nothing()),
            ("stop", nothing()),
            ("acknowledge", nothing()),
            ("zero", nothing()),
            ("wait", time()),
            ("set", value(object(&set, &[]))),
            ("program", program_schema(&[])),
            ("inject", value(any_of(&[words(["core-halt"]), fault()]))),
            ("clear", value(any_of(&[words(Fault::NAMES.iter().copied()), fault()]))),
            ("host", object(&[("silence", time())], &["silence"])),
            ("probe", any_of(&[words(["halt", "resume", "reset"]), object(&[("write", write)], &["write"])])),
        ],
        &[],
    )
}

fn fault() -> Value {
    object(
        &[
            ("fault", value(words(Fault::NAMES.iter().copied()))),
            ("contact", text()),
            ("between", pair_of(text())),
            ("ohms", value(quantity(Dimension::Resistance))),
            ("to", value(quantity(Dimension::Resistance))),
            ("for", value(quantity(Dimension::Time))),
            ("rate", value(quantity(Dimension::Ratio))),
            ("amplitude", value(quantity(Dimension::Current))),
        ],
        &["fault"],
    )
}

/// One property per measurand, with the options that measurand takes.
fn check() -> Value {
    let properties: Vec<(&str, Value)> = Measurand::ALL.iter().map(|m| (m.name(), options(*m))).collect();
    let mut schema = object(&properties, &[]);
    if let Value::Object(map) = &mut schema {
        map.insert("minProperties".to_owned(), json!(1));
        map.insert("maxProperties".to_owned(), json!(1));
    }
    schema
}

fn options(measurand: Measurand) -> Value {
    let traits = measurand.traits();
    let own = || value(quantity(measurand.dimension()));
    let ratio = || value(quantity(Dimension::Ratio));
    let tolerance = object(&[("rel", ratio()), ("abs", own())], &[]);
    let mut keys: Vec<(&str, Value)> = vec![("note", text()), ("statistic", names(expect::STATISTICS))];
    if traits.bounds {
        keys.push(("at_most", own()));
        if measurand != Measurand::FaultReported {
            keys.push(("at_least", own()));
            keys.push(("between", value(pair_of(own()))));
            keys.push(("within", value(any_of(&[own(), ratio(), tolerance]))));
            keys.push(("of", any_of(&[words(["programmed", "applied"]), own()])));
        }
    }
    if traits.equals {
        let sign = words(["cathodic", "anodic"]);
        let equal = if measurand == Measurand::Polarity {
            any_of(&[json!({ "enum": [-1, 1] }), sign])
        } else {
            count(0)
        };
        keys.push(("equals", value(equal)));
    }
    if measurand.takes_window() {
        keys.push(("in", value(pair_of(text()))));
    }
    if traits.phase {
        keys.push(("phase", names(expect::PHASES)));
    }
    if traits.contact {
        keys.push(("contact", text()));
    }
    if !traits.definitions.is_empty() {
        keys.push(("definition", value(words(traits.definitions.iter().copied()))));
    }
    if traits.window {
        keys.push(("window", names(expect::WINDOWS)));
    }
    if traits.after != super::After::No {
        keys.push(("after", text()));
    }
    if traits.hold {
        keys.push(("for", value(quantity(Dimension::Time))));
    }
    let mut required: Vec<&str> = Vec::new();
    if measurand == Measurand::FaultReported {
        keys.push(("is", value(words(FaultCode::ALL.iter().map(|(_, name)| *name)))));
        required.push("is");
    }
    if matches!(traits.after, super::After::Instant | super::After::Fault) {
        required.push("after");
    }
    if measurand == Measurand::StaysOff {
        required.push("for");
    }
    let options = object(&keys, &required);
    if traits.holds { any_of(&[options, json!({ "const": true })]) } else { value(options) }
}

#[cfg(test)]
mod tests {
    use super::super::{profile, steps};
    use super::*;

    fn keys_of(object: &Value) -> Vec<&str> {
        let mut keys: Vec<&str> =
            object["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        keys
    }

    fn sorted<'k>(keys: &[&'k str]) -> Vec<&'k str> {
        let mut keys = keys.to_vec();
        keys.sort_unstable();
        keys
    }

    #[test]
    fn schema_and_lowering_know_the_same_keys() {
        let schema = scenario_schema();
        assert_eq!(keys_of(&schema), sorted(read::KEYS));
        assert_eq!(keys_of(&profile_schema()), sorted(profile::KEYS));
        let program = &schema["properties"]["program"]["anyOf"][0];
        assert_eq!(keys_of(program), sorted(program::KEYS));
        let inner = |key: &str| &program["properties"][key]["anyOf"][0];
        assert_eq!(keys_of(&inner("recovery")["anyOf"][1]), sorted(program::RECOVERY_KEYS));
        assert_eq!(keys_of(inner("ramp")), sorted(program::RAMP_KEYS));
        assert_eq!(keys_of(inner("burst")), sorted(program::BURST_KEYS));
        assert_eq!(keys_of(inner("cycle")), sorted(program::CYCLE_KEYS));
        let step = &schema["properties"]["steps"]["items"];
        assert_eq!(keys_of(step), sorted(&[steps::KEYS, &["as"]].concat()));
        assert_eq!(keys_of(&step["properties"]["set"]["anyOf"][0]), sorted(program::SET_KEYS));
        assert_eq!(keys_of(&step["properties"]["inject"]["anyOf"][0]["anyOf"][1]), sorted(steps::FAULT_KEYS));
        let check = &schema["properties"]["expect"]["items"];
        let names: Vec<&str> = Measurand::ALL.iter().map(|measurand| measurand.name()).collect();
        assert_eq!(keys_of(check), sorted(&names));
        // Every option is some measurand's, and no measurand has an option the lowering does not know.
        let mut used: Vec<&str> = Vec::new();
        for name in names {
            let options = &check["properties"][name]["anyOf"][0];
            used.extend(keys_of(options));
        }
        used.sort_unstable();
        used.dedup();
        assert_eq!(used, sorted(expect::KEYS));
    }
}
