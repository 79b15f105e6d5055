//! placeholder
use serde_json::Value;
/// JSON Schema of a rig file.
pub fn rig_schema() -> Value {
    Value::Null
}
/// JSON Schema of a phantom file.
pub fn phantom_schema() -> Value {
    Value::Null
}
