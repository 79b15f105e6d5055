//! The protocol of `hardware/protocol`, version 1.

mod load;
mod program;
mod samples;
mod stimulator;

pub use load::Load;
pub use stimulator::Stimulator;

/// Patience with one attempt at an ordinary request, ns: three times the latency timer of a USB serial bridge (16 ms).
const PATIENCE: u64 = 50_000_000;
/// Patience with one attempt at a stop, ns: asking again does no harm, waiting does.
const STOP_PATIENCE: u64 = 25_000_000;

/// Bytes as hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
