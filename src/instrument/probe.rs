//! The debug probe's port.

use async_trait::async_trait;

use super::InstrumentError;

/// Who a probe and the target behind it are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeIdentity {
    /// Product name of the probe.
    pub model: String,
    /// Its serial number or selector.
    pub uid: String,
    /// The target's chip.
    pub chip: String,
    /// SHA-256 over what the image covers, as read back from the target's flash, hexadecimal; `None` without an image.
    pub firmware: Option<String>,
    /// Name of the image, and the same hash of it.
    pub image: Option<(String, String)>,
}

/// What is known of the stimulator's output when its core is to be stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputState {
    /// It is off.
    Off,
    /// It may be enabled: the core is not stopped.
    Enabled,
    /// It may be enabled, and to stop the core is exactly what a scenario injects.
    Injected,
}

/// A firmware image: ELF or Intel HEX.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Its file name, for messages and the record.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What was flashed or verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flashed {
    /// Bytes of the image that lie in the target's flash.
    pub bytes: u64,
    /// Pieces they lie in.
    pub pieces: usize,
    /// SHA-256 over them, in order of address, as in the image.
    pub image: String,
    /// The same as read back from the target.
    pub read_back: String,
}

/// A debug probe on a stimulator's core. One owner; every call has its own deadline. Only [`DebugProbe::identify`],
/// [`DebugProbe::flash`], [`DebugProbe::halt`], [`DebugProbe::reset`] and [`DebugProbe::release`] stop the core, and none of
/// them does so where the output may be enabled, unless a scenario injects exactly that.
///
/// # Errors
/// Every call fails with an [`InstrumentError`] when the probe or its target does not answer, refuses, or is gone.
#[async_trait]
pub trait DebugProbe: Send {
    /// Attaches, which stops the core for some milliseconds, and says who is there.
    async fn identify(&mut self, output: OutputState) -> Result<ProbeIdentity, InstrumentError>;
    /// Writes an image into the target's flash, verifies it, reads it back, and starts it.
    async fn flash(&mut self, image: &Image, output: OutputState) -> Result<Flashed, InstrumentError>;
    /// Compares the target's flash with an image.
    async fn verify(&mut self, image: &Image) -> Result<Flashed, InstrumentError>;
    /// Stops the core.
    async fn halt(&mut self, output: OutputState) -> Result<(), InstrumentError>;
    /// Lets the core go on where it was.
    async fn resume(&mut self) -> Result<(), InstrumentError>;
    /// Resets the target and lets it run.
    async fn reset(&mut self, output: OutputState) -> Result<(), InstrumentError>;
    /// Reads memory while the core runs.
    async fn read(&mut self, address: u64, length: usize) -> Result<Vec<u8>, InstrumentError>;
    /// Writes memory while the core runs.
    async fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), InstrumentError>;
    /// Address and size of a symbol of the image.
    async fn symbol(&mut self, name: &str) -> Result<(u64, u64), InstrumentError>;
    /// Lines the firmware has logged since the last call, oldest first.
    async fn log(&mut self) -> Result<Vec<String>, InstrumentError>;
    /// Lets go of the target, which stops the core for a moment; where the output may be enabled the session is abandoned instead.
    async fn release(&mut self, output: OutputState);
}
