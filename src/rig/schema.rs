//! JSON Schemas of rig and phantom files. A test keeps their keys those of the lowering.

use serde_json::{Value, json};

use crate::quantity::Dimension;
use crate::source::schema::{
    any_of, count, list_of, map_of, object, pair_of, published, quantity, text, version, words,
};

use super::defect_file::{ValueKind, value_kind};
use super::{DefectKind, Driver, ProbeTrouble, Transport, template};

/// JSON Schema (draft-07) of a phantom file.
pub fn phantom_schema() -> Value {
    let element = object(
        &[
            ("r", quantity(Dimension::Resistance)),
            ("c", quantity(Dimension::Capacitance)),
            ("from", text()),
            ("to", text()),
            ("tolerance", quantity(Dimension::Ratio)),
            ("measured", json!({ "type": "string", "examples": ["1.0003 kohm ± 0.2 ohm"] })),
        ],
        &["from", "to"],
    );
    let body = object(
        &[
            ("$schema", text()),
            ("version", version()),
            ("name", text()),
            ("about", text()),
            ("contacts", map_of(text())),
            ("elements", list_of(element)),
            ("sense", map_of(pair_of(text()))),
            ("area", map_of(quantity(Dimension::Area))),
            ("source", text()),
        ],
        &["version", "name", "contacts", "elements"],
    );
    published("stimrig phantom", "A resistor-capacitor phantom of electrode and tissue.", body)
}

/// JSON Schema (draft-07) of a rig file.
pub fn rig_schema() -> Value {
    let body = object(
        &[
            ("$schema", text()),
            ("version", version()),
            ("name", text()),
            ("about", text()),
            ("stimulator", stimulator()),
            ("load", load()),
            (
                "probe",
                object(&[("selector", text()), ("chip", text()), ("elf", text())], &["selector", "chip"]),
            ),
            ("phantoms", map_of(text())),
            ("selector", port()),
            ("limits", limits()),
            ("calibration", text()),
            ("sim", sim()),
        ],
        &["version", "name", "stimulator", "load"],
    );
    published("stimrig rig", "A bench: stimulator, load, phantoms and hard limits.", body)
}

fn port() -> Value {
    object(&[("serial_number", text()), ("path", text()), ("pty", text()), ("tcp", text())], &[])
}

fn driver(drivers: &[(&'static str, Driver)]) -> Value {
    words(drivers.iter().map(|(name, _)| *name).collect::<Vec<_>>())
}

/// What is under `stimulator:`.
fn stimulator() -> Value {
    object(
        &[
            ("driver", driver(Driver::OF_STIMULATOR)),
            ("port", port()),
            ("uid", text()),
            ("cap", quantity(Dimension::Current)),
            (
                "output",
                object(
                    &[
                        ("compliance", quantity(Dimension::Voltage)),
                        ("blocking_capacitor", quantity(Dimension::Capacitance)),
                        ("recharge", quantity(Dimension::Resistance)),
                    ],
                    &["compliance", "blocking_capacitor"],
                ),
            ),
            ("outputs", list_of(pair_of(text()))),
            ("command", any_of(&[text(), list_of(text())])),
            ("provides", list_of(words(["status", "changes"]))),
            (
                "steps",
                object(
                    &[
                        ("amplitude", quantity(Dimension::Current)),
                        ("width", quantity(Dimension::Time)),
                        ("gap", quantity(Dimension::Time)),
                        ("rate", quantity(Dimension::Frequency)),
                        ("period", quantity(Dimension::Time)),
                    ],
                    &[],
                ),
            ),
            ("volts_per_ampere", json!({ "type": "string", "examples": ["1 V/mA", "10 kohm"] })),
            ("template", template::schema::schema()),
        ],
        &["driver"],
    )
}

/// What is under `load:`.
fn load() -> Value {
    object(
        &[
            ("driver", driver(Driver::OF_LOAD)),
            ("port", port()),
            ("uid", text()),
            ("channels", map_of(channel())),
            ("file", text()),
            ("device", text()),
            ("options", map_of(text())),
            ("memory", count(1000)),
            ("sample_rate", quantity(Dimension::Frequency)),
        ],
        &["driver"],
    )
}

fn channel() -> Value {
    object(
        &[
            ("quantity", words(["current", "voltage"])),
            ("shunt", quantity(Dimension::Resistance)),
            ("ranges", list_of(any_of(&[quantity(Dimension::Current), quantity(Dimension::Voltage)]))),
            ("of", list_of(text())),
            ("plus", text()),
            ("minus", text()),
            ("monitor", json!({ "type": "string", "examples": ["2.5 mV/uA"] })),
            ("scale", json!({ "type": "string", "examples": ["1 mA/A", "10 mA/V"] })),
            ("input", text()),
            ("probe", quantity(Dimension::Number)),
            ("accuracy", quantity(Dimension::Ratio)),
            ("offset_error", any_of(&[quantity(Dimension::Voltage), quantity(Dimension::Current)])),
            ("tolerance", quantity(Dimension::Ratio)),
            ("mismatch", quantity(Dimension::Ratio)),
            ("noise", any_of(&[quantity(Dimension::Voltage), quantity(Dimension::Current)])),
        ],
        &[],
    )
}

fn limits() -> Value {
    object(
        &[
            ("amplitude", quantity(Dimension::Current)),
            ("charge_per_phase", quantity(Dimension::Charge)),
            ("mean_dc", quantity(Dimension::Current)),
            ("shannon_k", quantity(Dimension::Number)),
        ],
        &[],
    )
}

fn sim() -> Value {
    object(
        &[
            ("seed", count(0)),
            ("transport", words(Transport::ALL.iter().map(|(name, _)| *name).collect::<Vec<_>>())),
            ("stimulator", sim_stimulator()),
            ("adc", sim_adc()),
            (
                "dc",
                object(
                    &[("range", quantity(Dimension::Current)), ("bits", count(8)), ("filter", filter())],
                    &[],
                ),
            ),
            ("phantom", text()),
            ("defects", defects()),
            ("probe", words(ProbeTrouble::ALL.iter().map(|(name, _)| *name).collect::<Vec<_>>())),
        ],
        &[],
    )
}

fn sim_stimulator() -> Value {
    object(
        &[
            ("dac_bits", count(4)),
            ("dac", words(["sign-magnitude"])),
            ("full_scale", quantity(Dimension::Current)),
            ("cap", quantity(Dimension::Current)),
            ("compliance", quantity(Dimension::Voltage)),
            ("timer", quantity(Dimension::Time)),
            ("clock_error", quantity(Dimension::Ratio)),
            ("blocking_capacitor", quantity(Dimension::Capacitance)),
            ("recharge", quantity(Dimension::Resistance)),
            ("keepalive", quantity(Dimension::Time)),
            ("watchdog", quantity(Dimension::Time)),
            ("open_detect", count(1)),
            ("short_detect", quantity(Dimension::Resistance)),
            ("shutdown", quantity(Dimension::Time)),
        ],
        &[],
    )
}

fn sim_adc() -> Value {
    object(
        &[
            ("bits", count(8)),
            ("sample_rate", quantity(Dimension::Frequency)),
            ("current_ranges", list_of(quantity(Dimension::Current))),
            ("voltage_ranges", list_of(quantity(Dimension::Voltage))),
            ("noise", quantity(Dimension::Codes)),
            ("offset", quantity(Dimension::Codes)),
            ("gain_error", quantity(Dimension::Ratio)),
            ("inl", quantity(Dimension::Codes)),
            ("clock_error", quantity(Dimension::Ratio)),
            ("filter", filter()),
        ],
        &[],
    )
}

fn filter() -> Value {
    object(
        &[("type", words(["bessel"])), ("poles", count(1)), ("cutoff", quantity(Dimension::Frequency))],
        &[],
    )
}

fn defects() -> Value {
    let value = |kind: &DefectKind| match value_kind(*kind) {
        ValueKind::Flag => json!({ "type": "boolean" }),
        ValueKind::Amount(dimension) => quantity(dimension),
        ValueKind::Every => count(1),
        ValueKind::Contact => text(),
        ValueKind::TwoContacts => pair_of(text()),
        ValueKind::Stuck => words(["open", "closed"]),
    };
    let properties: Vec<(&str, Value)> =
        DefectKind::ALL.iter().map(|kind| (kind.name(), value(kind))).collect();
    object(&properties, &[])
}

#[cfg(test)]
mod tests {
    use super::super::template::{exchange, lower as template};
    use super::super::{channels, phantom_file, protocol, rig_file, sim_file};
    use super::*;

    /// Keys of the object at a JSON pointer, sorted, against those the lowering knows.
    fn same_keys(schema: &Value, pointer: &str, keys: &[&str]) {
        let object = schema.pointer(pointer).unwrap_or_else(|| panic!("{pointer}"));
        let mut own: Vec<&str> =
            object["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        let mut keys = keys.to_vec();
        own.sort_unstable();
        keys.sort_unstable();
        assert_eq!(own, keys, "{pointer}");
        assert_eq!(object["additionalProperties"], false, "{pointer}");
    }

    #[test]
    fn schema_and_lowering_know_the_same_keys() {
        let phantom = phantom_schema();
        same_keys(&phantom, "", phantom_file::KEYS);
        same_keys(&phantom, "/properties/elements/items", phantom_file::ELEMENT_KEYS);
        let rig = rig_schema();
        same_keys(&rig, "", rig_file::KEYS);
        let of = |path: &str| path.split('.').map(|key| format!("/properties/{key}")).collect::<String>();
        same_keys(&rig, &of("stimulator"), rig_file::STIMULATOR_KEYS);
        same_keys(&rig, &of("stimulator.output"), rig_file::OUTPUT_KEYS);
        same_keys(&rig, &of("stimulator.steps"), protocol::STEP_KEYS);
        same_keys(&rig, &of("stimulator.template"), template::KEYS);
        same_keys(&rig, &of("stimulator.template.text"), template::TEXT_KEYS);
        same_keys(&rig, &of("stimulator.template.binary"), template::BINARY_KEYS);
        same_keys(&rig, &of("stimulator.template.fixed"), template::FIXED_KEYS);
        same_keys(&rig, &of("stimulator.template.hello"), exchange::EXCHANGE_KEYS);
        let of_hello = |key: &str| format!("{}/items", of(&format!("stimulator.template.hello.{key}")));
        same_keys(&rig, &of_hello("payload"), exchange::ITEM_KEYS);
        same_keys(&rig, &of_hello("reply"), exchange::REPLY_KEYS);
        same_keys(&rig, &of("load"), rig_file::LOAD_KEYS);
        same_keys(&rig, &of("load.port"), rig_file::PORT_KEYS);
        same_keys(&rig, &format!("{}/additionalProperties", of("load.channels")), channels::KEYS);
        same_keys(&rig, &of("probe"), rig_file::PROBE_KEYS);
        same_keys(&rig, &of("limits"), rig_file::LIMIT_KEYS);
        same_keys(&rig, &of("sim"), sim_file::KEYS);
        same_keys(&rig, &of("sim.stimulator"), sim_file::STIMULATOR_KEYS);
        same_keys(&rig, &of("sim.adc"), sim_file::ADC_KEYS);
        same_keys(&rig, &of("sim.adc.filter"), sim_file::FILTER_KEYS);
        same_keys(&rig, &of("sim.dc"), sim_file::DC_KEYS);
        let defects: Vec<&str> = DefectKind::ALL.iter().map(|kind| kind.name()).collect();
        same_keys(&rig, &of("sim.defects"), &defects);
    }
}
