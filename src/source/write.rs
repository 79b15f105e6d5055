//! Values to YAML text.

/// A value as YAML, as it is written into plans and rig files.
///
/// # Errors
/// What the value holds that YAML cannot (a map whose keys are no text).
pub fn write_yaml<T: serde::Serialize>(value: &T) -> Result<String, String> {
    serde_yaml::to_string(value).map_err(|error| error.to_string())
}
