//! Recorded waveforms: the bytes of an oscilloscope's export become traces on one time base.
//!
//! Every vendor writes its own header; what follows it is the same table of numbers. [`read`] looks at the header to
//! find out whose it is, takes names, units and time base from it, and then reads the rows in one pass. What is no text is
//! known by its first bytes ([`mod@format`]); integer codes need not be held ([`coded`]). It opens no file: whoever calls it hands in the
//! bytes, or what [`bytes()`] reads them from.

mod beside;
pub mod coded;
mod columns;
pub mod container;
mod dialect;
mod encoding;
mod error;
pub mod format;
mod header;
mod held;
mod table;
mod time_base;
mod trace;

pub use coded::{Coded, CodedChannel};
pub use dialect::Dialect;
pub use error::{CaptureError, CaptureFault};
pub use held::bytes;
pub use time_base::TimeBase;
pub use trace::{Capture, Trace};

/// The largest file that is read, bytes: 2²⁸ holds some ten million samples of two channels.
pub const MAX_BYTES: u64 = 1 << 28;

/// Reads an export.
///
/// `file` is used in messages alone.
///
/// # Errors
/// A [`CaptureError`] names the file, and the line and column where one is to blame, when the bytes are no text, the
/// table has no columns or no numbers, a cell is empty or not a finite number, the time runs backwards, or there are
/// fewer than two samples. A time base that is not uniform is no error: see [`TimeBase::worst_deviation`].
pub fn read(file: &str, bytes: &[u8]) -> Result<Capture, CaptureError> {
    if let Some(read) = format::read(file, bytes) {
        return read;
    }
    let text = encoding::text(bytes).map_err(|fault| CaptureError::whole(file, fault))?;
    if let Some(read) = beside::read(file, text) {
        return read;
    }
    let delimiter = header::delimiter(text);
    let (header, rows) = table::split(file, text, delimiter)?;
    let layout =
        dialect::layout(&header).map_err(|fault| CaptureError::at(file, header.last_line(), fault))?;
    let numbers = table::numbers(file, text, delimiter, &layout, rows)?;
    trace::assemble(file, layout, numbers)
}

#[cfg(test)]
mod tests;
