//! Sample blocks: a fixed head, marker changes, then the planes.
//!
//! | bytes | field (little-endian) |
//! |---|---|
//! | 0 | stream: 0 fast, 1 slow |
//! | 1 | planes |
//! | 2–3 | samples per plane |
//! | 4–11 | index of the first sample since the stream began |
//! | 12–19 | samples per plane the device itself had to drop since the stream began |
//! | 20–21 | marker changes |
//! | 22… | per change: samples after the first (u16; 0 also for one just before), bit (bit 7: its new value), 0 |
//! | then | planes: all codes of the first, then of the second, … (i16) |

use crate::frame::{HEADER, Kind, MAX_PAYLOAD, OVERHEAD, TooLong, seal};

/// Bytes before the marker changes.
pub const HEAD: usize = 22;
/// Bytes of one marker change.
pub const CHANGE: usize = 4;

/// Which stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// The fast channels.
    Fast,
    /// The leakage channel of each contact.
    Slow,
}

/// A change of a marker bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Samples after the block's first at which the bit has its new value.
    pub after: u16,
    /// Which bit (0–127).
    pub bit: u8,
    /// Its new value.
    pub value: bool,
}

/// What precedes the samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Which stream.
    pub stream: Stream,
    /// Number of planes.
    pub planes: u8,
    /// Samples per plane.
    pub count: u16,
    /// Index of the first.
    pub first: u64,
    /// Dropped by the device since the stream began, per plane.
    pub lost: u64,
}

/// A block as it lies in a frame's payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block<'a> {
    /// Head.
    pub head: Head,
    changes: &'a [u8],
    codes: &'a [u8],
}

/// Samples per plane that fit one frame with this many planes and marker changes.
pub const fn capacity(planes: usize, changes: usize) -> usize {
    let room = (MAX_PAYLOAD - HEAD).saturating_sub(changes * CHANGE);
    match planes {
        0 => 0,
        planes => room / (2 * planes),
    }
}

impl<'a> Block<'a> {
    /// Reads a payload; `None` if its parts do not add up to its length.
    pub fn parse(payload: &'a [u8]) -> Option<Self> {
        let (head, rest) = payload.split_first_chunk::<HEAD>()?;
        let (stream, head) = head.split_first()?;
        let (planes, head) = head.split_first()?;
        let (count, head) = head.split_first_chunk::<2>()?;
        let (first, head) = head.split_first_chunk::<8>()?;
        let (lost, head) = head.split_first_chunk::<8>()?;
        let changes = usize::from(u16::from_le_bytes(*head.first_chunk::<2>()?));
        let stream = match stream {
            0 => Stream::Fast,
            1 => Stream::Slow,
            _ => return None,
        };
        let count = u16::from_le_bytes(*count);
        let (changes, codes) = rest.split_at_checked(changes * CHANGE)?;
        let (first, lost) = (u64::from_le_bytes(*first), u64::from_le_bytes(*lost));
        let head = Head { stream, planes: *planes, count, first, lost };
        (codes.len() == 2 * usize::from(count) * usize::from(*planes)).then_some(Self {
            head,
            changes,
            codes,
        })
    }

    /// Marker changes in order.
    pub fn changes(&self) -> impl Iterator<Item = Change> + 'a {
        self.changes.as_chunks::<CHANGE>().0.iter().map(|[low, high, bit, _]| Change {
            after: u16::from_le_bytes([*low, *high]),
            bit: bit & 0x7F,
            value: bit & 0x80 != 0,
        })
    }

    /// All codes, plane after plane.
    pub fn codes(&self) -> impl ExactSizeIterator<Item = i16> + 'a {
        self.codes.as_chunks::<2>().0.iter().map(|code| i16::from_le_bytes(*code))
    }
}

/// Bytes of the frame of a block.
pub const fn frame_length(head: &Head, changes: usize) -> usize {
    OVERHEAD + HEAD + changes * CHANGE + 2 * head.count as usize * head.planes as usize
}

/// Writes a block as a frame to the start of `buffer`; returns the frame's length. `codes` are plane after plane.
///
/// # Errors
/// [`TooLong`] when the block does not fit the buffer or a frame.
pub fn encode_block(
    buffer: &mut [u8],
    sequence: u16,
    head: &Head,
    changes: &[Change],
    codes: &[i16],
) -> Result<usize, TooLong> {
    let total = frame_length(head, changes.len());
    let length = total - OVERHEAD;
    let payload = buffer.get_mut(HEADER..HEADER + length).ok_or(TooLong)?;
    let (fixed, rest) = payload.split_first_chunk_mut::<HEAD>().ok_or(TooLong)?;
    let number = u16::try_from(changes.len()).map_err(|_| TooLong)?;
    let fields = [u8::from(head.stream == Stream::Slow), head.planes]
        .into_iter()
        .chain(head.count.to_le_bytes())
        .chain(head.first.to_le_bytes())
        .chain(head.lost.to_le_bytes())
        .chain(number.to_le_bytes());
    for (to, from) in fixed.iter_mut().zip(fields) {
        *to = from;
    }
    let (marks, planes) = rest.split_at_mut_checked(changes.len() * CHANGE).ok_or(TooLong)?;
    for (to, change) in marks.as_chunks_mut::<CHANGE>().0.iter_mut().zip(changes) {
        let [low, high] = change.after.to_le_bytes();
        *to = [low, high, (change.bit & 0x7F) | (u8::from(change.value) << 7), 0];
    }
    for (to, code) in planes.as_chunks_mut::<2>().0.iter_mut().zip(codes) {
        *to = code.to_le_bytes();
    }
    seal(buffer, Kind::Samples, sequence, length)
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::Decoder;

    #[test]
    fn a_block_comes_back_as_it_was_sent() {
        let head = Head { stream: Stream::Slow, planes: 2, count: 3, first: 1 << 40, lost: 9 };
        let changes = [Change { after: 0, bit: 10, value: true }, Change { after: 2, bit: 0, value: false }];
        let codes = [1, -2, i16::MAX, i16::MIN, 5, -6];
        let mut buffer = [0; 256];
        let length = encode_block(&mut buffer, 3, &head, &changes, &codes).unwrap();
        assert_eq!(length, frame_length(&head, changes.len()));
        let mut decoder = Decoder::new([0; 256]);
        decoder.push(&buffer[..length]);
        let frame = decoder.pull().unwrap();
        let block = Block::parse(frame.payload).unwrap();
        assert_eq!(block.head, head);
        assert_eq!(block.changes().collect::<Vec<_>>(), changes);
        assert_eq!(block.codes().collect::<Vec<_>>(), codes);
        assert!(Block::parse(&frame.payload[..frame.payload.len() - 1]).is_none());
    }

    #[test]
    fn the_largest_block_fits_a_frame() {
        let planes = 5;
        let count = capacity(planes, 100);
        let head = Head { stream: Stream::Fast, planes: 5, count: count as u16, first: 0, lost: 0 };
        let length = frame_length(&head, 100);
        assert!(length - OVERHEAD <= MAX_PAYLOAD && length - OVERHEAD > MAX_PAYLOAD - 2 * planes);
    }
}
