//! The published schema of `record.json`.

use schemars::generate::SchemaSettings;

use super::RunRecord;

/// JSON Schema (draft-07) of `record.json`.
///
/// It describes what is *written*: every field is required, and null only where a value may not apply.
pub fn schema() -> schemars::Schema {
    SchemaSettings::draft07().for_serialize().into_generator().into_root_schema_for::<RunRecord>()
}

#[cfg(test)]
mod tests {
    use super::super::samples::{case, check, head};
    use super::super::{RunRecord, Verdict};
    use super::*;

    fn validator() -> jsonschema::Validator {
        jsonschema::draft7::new(schema().as_value()).expect("the schema itself is valid")
    }

    #[test]
    fn a_record_obeys_its_schema_and_reads_back() {
        let mut record = head();
        record.cases = vec![case("one")];
        record.cases[0].checks = vec![check("amplitude", Verdict::Pass), check("width", Verdict::Invalid)];
        let json = serde_json::to_value(&record).expect("serialises");
        validator().validate(&json).expect("obeys the schema");
        let text = serde_json::to_string(&record).expect("serialises");
        assert_eq!(serde_json::from_str::<RunRecord>(&text).expect("reads back"), record);
    }

    #[test]
    fn every_field_of_a_check_is_required() {
        let mut record = head();
        record.cases = vec![case("one")];
        record.cases[0].checks = vec![check("amplitude", Verdict::Pass)];
        let json = serde_json::to_value(&record).expect("serialises");
        let fields: Vec<String> =
            json["cases"][0]["checks"][0].as_object().expect("an object").keys().cloned().collect();
        assert!(fields.contains(&"uncertainty_family".to_owned()));
        for field in fields {
            let mut without = json.clone();
            without["cases"][0]["checks"][0].as_object_mut().expect("an object").remove(&field);
            assert!(validator().validate(&without).is_err(), "`{field}` may not be missing");
        }
    }
}
