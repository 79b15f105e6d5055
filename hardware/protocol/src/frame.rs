//! Frames.
//!
//! | bytes | field |
//! |---|---|
//! | 0–1 | sync word `A5 5A` |
//! | 2 | protocol version |
//! | 3 | [`Kind`] |
//! | 4–5 | sequence number, little-endian |
//! | 6–7 | payload length, little-endian |
//! | 8–9 | CRC-16/IBM-3740 of bytes 2–7, little-endian |
//! | 10… | payload |
//! | last 4 | CRC-32/ISO-HDLC of everything after the sync word, little-endian |
//!
//! The length has a checksum of its own because it decides how long a receiver waits: a damaged length may not
//! swallow the frames behind it.

use crate::VERSION;
use crate::crc::{crc16, crc32};

/// First two bytes of a frame.
pub const SYNC: [u8; 2] = [0xA5, 0x5A];
/// Bytes before the payload.
pub const HEADER: usize = 10;
/// Bytes of a frame that are not payload.
pub const OVERHEAD: usize = HEADER + 4;
/// Longest payload.
pub const MAX_PAYLOAD: usize = u16::MAX as usize;

/// What a frame carries and which way it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Host to stimulator: [`crate::stimulator::Request`].
    StimulatorRequest,
    /// Stimulator to host: [`crate::stimulator::Reply`].
    StimulatorReply,
    /// Host to load: [`crate::load::Request`].
    LoadRequest,
    /// Load to host: [`crate::load::Reply`].
    LoadReply,
    /// Load to host, unasked: [`crate::block::Block`], with a sequence of its own.
    Samples,
}

impl Kind {
    /// Its byte in the header.
    pub const fn byte(self) -> u8 {
        match self {
            Self::StimulatorRequest => 1,
            Self::StimulatorReply => 2,
            Self::LoadRequest => 3,
            Self::LoadReply => 4,
            Self::Samples => 5,
        }
    }

    /// The kind a header names, if this version knows it.
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::StimulatorRequest),
            2 => Some(Self::StimulatorReply),
            3 => Some(Self::LoadRequest),
            4 => Some(Self::LoadReply),
            5 => Some(Self::Samples),
            _ => None,
        }
    }
}

/// A frame whose checksums were right, borrowed from the decoder's buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What it carries.
    pub kind: Kind,
    /// A request's number, echoed by its reply; samples count on their own.
    pub sequence: u16,
    /// The bytes between header and checksum.
    pub payload: &'a [u8],
}

/// The payload or the frame does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

impl core::fmt::Display for TooLong {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the frame does not fit its buffer")
    }
}

impl core::error::Error for TooLong {}

/// Writes a frame around `payload` to the start of `buffer`; returns its length.
///
/// # Errors
/// [`TooLong`] when the payload exceeds [`MAX_PAYLOAD`] or the frame exceeds `buffer`.
pub fn encode(buffer: &mut [u8], kind: Kind, sequence: u16, payload: &[u8]) -> Result<usize, TooLong> {
    buffer.get_mut(HEADER..HEADER + payload.len()).ok_or(TooLong)?.copy_from_slice(payload);
    seal(buffer, kind, sequence, payload.len())
}

/// Completes a frame whose payload already lies at `buffer[HEADER..HEADER + length]`; returns the frame's length. For
/// samples, which are written straight to their place.
///
/// # Errors
/// As [`encode`].
pub fn seal(buffer: &mut [u8], kind: Kind, sequence: u16, length: usize) -> Result<usize, TooLong> {
    let total = length + OVERHEAD;
    let frame = buffer.get_mut(..total).ok_or(TooLong)?;
    let short = u16::try_from(length).map_err(|_| TooLong)?;
    let head = frame.first_chunk_mut::<HEADER>().ok_or(TooLong)?;
    let [seq_low, seq_high] = sequence.to_le_bytes();
    let [len_low, len_high] = short.to_le_bytes();
    let fields = [VERSION, kind.byte(), seq_low, seq_high, len_low, len_high];
    let [crc_low, crc_high] = crc16(&fields).to_le_bytes();
    let [s0, s1] = SYNC;
    let [version, kind, ..] = fields;
    *head = [s0, s1, version, kind, seq_low, seq_high, len_low, len_high, crc_low, crc_high];
    let (checked, tail) = frame.split_last_chunk_mut::<4>().ok_or(TooLong)?;
    *tail = crc32(checked.get(SYNC.len()..).ok_or(TooLong)?).to_le_bytes();
    Ok(total)
}

/// The fields of a header (without the sync word) whose checksum is right.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header {
    pub(crate) kind: Option<Kind>,
    pub(crate) sequence: u16,
    pub(crate) length: usize,
}

impl Header {
    /// Reads a header that begins with the sync word; `None` if it is not one.
    pub(crate) fn parse(bytes: &[u8; HEADER]) -> Option<Self> {
        let [s0, s1, version, kind, seq_low, seq_high, len_low, len_high, crc_low, crc_high] = *bytes;
        let fields = [version, kind, seq_low, seq_high, len_low, len_high];
        let right = [s0, s1] == SYNC
            && version == VERSION
            && crc16(&fields) == u16::from_le_bytes([crc_low, crc_high]);
        right.then(|| Self {
            kind: Kind::from_byte(kind),
            sequence: u16::from_le_bytes([seq_low, seq_high]),
            length: usize::from(u16::from_le_bytes([len_low, len_high])),
        })
    }
}
