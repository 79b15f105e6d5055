//! A load's relays, and its own source.

use async_trait::async_trait;

use crate::scenario::Fault;

use super::InstrumentError;

/// What a load can connect, disconnect and drive.
///
/// # Errors
/// Every call fails with an [`InstrumentError`] when the device does not answer, refuses, or is gone.
#[async_trait]
pub trait Switches: Send {
    /// Closes (connects stimulator and phantom) or opens the interlock.
    async fn interlock(&mut self, closed: bool) -> Result<(), InstrumentError>;
    /// Injects a fault with its relays.
    async fn inject(&mut self, fault: &Fault) -> Result<(), InstrumentError>;
    /// Clears every fault of this name (`all` clears everything).
    async fn clear(&mut self, fault: &str) -> Result<(), InstrumentError>;
    /// Shorts the inputs for a zero (true) or ends it (false).
    async fn zero(&mut self, on: bool) -> Result<(), InstrumentError>;
    /// Drives the phantom from the load's own test source between a contact and its return; 0 A switches it off.
    async fn test_source(&mut self, contact: &str, amplitude: f64) -> Result<(), InstrumentError>;
}
