//! Which stimrig this is.

/// Version of the tool, for provenance.
pub(super) fn tool_version() -> String {
    concat!("stimrig ", env!("CARGO_PKG_VERSION"), " (", env!("STIMRIG_GIT"), ")").to_owned()
}
