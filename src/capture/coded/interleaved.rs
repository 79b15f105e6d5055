//! Frames of 16-bit codes, little-endian, one code of each channel in a frame.

use std::io::{Read, Seek, SeekFrom};

use super::super::error::CaptureFault;
use super::super::format::unreadable;
use super::Blocks;

/// Bytes read at a time: what a first-level cache cannot hold, but a second-level one.
const BLOCK: usize = 1 << 18;

/// Where the frames lie.
#[derive(Debug)]
pub(in super::super) struct Interleaved<R> {
    input: R,
    what: &'static str,
    /// Byte of the first frame.
    start: u64,
    frames: u64,
    channels: usize,
    /// Frames read.
    done: u64,
    bytes: Vec<u8>,
}

impl<R: Read + Seek> Interleaved<R> {
    /// `frames` of so many channels from byte `start` on, of a file of the kind `what`.
    pub(in super::super) fn new(
        input: R,
        what: &'static str,
        start: u64,
        frames: u64,
        channels: usize,
    ) -> Self {
        Self { input, what, start, frames, channels, done: 0, bytes: Vec::new() }
    }
}

impl<R: Read + Seek + Send> Blocks for Interleaved<R> {
    fn rewind(&mut self) -> Result<(), CaptureFault> {
        self.done = 0;
        self.input.seek(SeekFrom::Start(self.start)).map_err(|error| unreadable(self.what, error))?;
        Ok(())
    }

    fn pull(&mut self, wanted: &[usize], planes: &mut [Vec<i16>]) -> Result<Option<u64>, CaptureFault> {
        let frame = 2 * self.channels;
        let count = (self.frames - self.done).min((BLOCK / frame.max(1)).max(1) as u64) as usize;
        if count == 0 {
            return Ok(None);
        }
        self.bytes.resize(count * frame, 0);
        self.input.read_exact(&mut self.bytes).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => unreadable(self.what, "it ends before its last sample"),
            _ => unreadable(self.what, error),
        })?;
        self.done += count as u64;
        let (codes, _) = self.bytes.as_chunks::<2>();
        for (plane, index) in planes.iter_mut().zip(wanted) {
            match self.channels {
                1 => plane.extend(codes.iter().map(|code| i16::from_le_bytes(*code))),
                many => plane
                    .extend(codes.iter().skip(*index).step_by(many).map(|code| i16::from_le_bytes(*code))),
            }
        }
        Ok(Some(0))
    }
}
