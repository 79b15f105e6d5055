//! The output of a simulated bench as it is, whatever its wires say.

/// The output as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Truth {
    /// The stimulator drives a current, or tries to.
    pub driven: bool,
    /// The interlock connects it with the phantom.
    pub connected: bool,
    /// When it drove last, ns; `None` if it never did.
    pub last_driven: Option<u64>,
    /// When current from it could reach the phantom last, ns; `None` if it never could.
    pub last_reached: Option<u64>,
}
