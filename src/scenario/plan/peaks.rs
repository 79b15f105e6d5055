//! What a case reaches at most.

/// The largest magnitudes that a case reaches: voltages, V, and the current of a recharge, A.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Peaks {
    /// Of any driven source, upstream of its series capacitor.
    pub(super) source: f64,
    /// Across the phantom, from any driven contact.
    pub(super) phantom: f64,
    /// Of any series capacitor.
    pub(super) series: f64,
    /// Of the current of any contact while the recharge switch is closed.
    pub(super) recharge: f64,
}

impl Peaks {
    /// The larger of each.
    pub(super) fn max(self, other: Self) -> Self {
        Self {
            source: self.source.max(other.source),
            phantom: self.phantom.max(other.phantom),
            series: self.series.max(other.series),
            recharge: self.recharge.max(other.recharge),
        }
    }
}
