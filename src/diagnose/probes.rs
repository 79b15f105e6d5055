//! Debug probes that are plugged in.

/// A debug probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluggedProbe {
    /// Product name.
    pub model: String,
    /// What names it in a rig file.
    pub selector: String,
    /// Why it cannot be opened, if it cannot.
    pub trouble: Option<String>,
}

/// Those that are plugged in, also those that cannot be opened; none where stimrig is built without probes.
#[cfg(feature = "probe")]
pub fn probes() -> Vec<PluggedProbe> {
    let found = crate::driver::probe::list().into_iter();
    found
        .map(|probe| PluggedProbe { model: probe.model, selector: probe.selector, trouble: probe.trouble })
        .collect()
}

/// Those that are plugged in, also those that cannot be opened; none where stimrig is built without probes.
#[cfg(not(feature = "probe"))]
pub fn probes() -> Vec<PluggedProbe> {
    Vec::new()
}
