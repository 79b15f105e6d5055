//! Codes to packed differences and back.

use bitpacking::{BitPacker, BitPacker4x};

/// Samples of a group.
const GROUP: usize = BitPacker4x::BLOCK_LEN;
/// Bytes before the widths.
const FIXED: usize = 32;

/// A stretch of codes as it lies in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packed<'a> {
    /// Index of its first sample.
    pub first: u64,
    /// Samples lost before it.
    pub lost: u64,
    /// Fast samples that had arrived before it (slow stream).
    pub arrived: u64,
    /// Samples.
    pub count: usize,
    /// Its first code.
    start: i16,
    /// Bits per number of each group.
    widths: &'a [u8],
    /// The groups.
    words: &'a [u8],
}

impl<'a> Packed<'a> {
    /// The payload of a `DATA` block, if it is one.
    pub fn parse(payload: &'a [u8]) -> Option<Self> {
        let (fixed, rest) = payload.split_at_checked(FIXED)?;
        let u64_at = |at: usize| Some(u64::from_le_bytes(*fixed.get(at..)?.first_chunk()?));
        let count = u32::from_le_bytes(*fixed.get(24..)?.first_chunk()?) as usize;
        let start = i16::try_from(i32::from_le_bytes(*fixed.get(28..)?.first_chunk()?)).ok()?;
        let (widths, words) = rest.split_at_checked(count.div_ceil(GROUP))?;
        let needed: usize = widths.iter().map(|width| usize::from(*width) * GROUP / 8).sum();
        let sound = count > 0
            && count <= super::LONGEST
            && widths.iter().all(|width| *width <= 16)
            && words.len() == needed;
        let (first, lost, arrived) = (u64_at(0)?, u64_at(8)?, u64_at(16)?);
        sound.then_some(Self { first, lost, arrived, count, start, widths, words })
    }

    /// Appends its codes.
    pub fn unpack(&self, codes: &mut Vec<i16>) {
        let packer = BitPacker4x::new();
        let mut numbers = [0_u32; GROUP];
        let (mut rest, mut left, mut code) = (self.words, self.count, self.start);
        codes.reserve(self.count);
        for width in self.widths {
            let Some((words, after)) = rest.split_at_checked(usize::from(*width) * GROUP / 8) else { return };
            rest = after;
            packer.decompress(words, &mut numbers, *width);
            codes.extend(numbers.iter().take(left).map(|number| {
                code = code.wrapping_add(unzigzag(*number));
                code
            }));
            left = left.saturating_sub(GROUP);
        }
    }
}

/// Appends the payload of a `DATA` block for these codes, of which there must be 1 to [`super::LONGEST`].
pub(super) fn pack(first: u64, lost: u64, arrived: u64, codes: &[i16], out: &mut Vec<u8>) {
    let start = codes.first().copied().unwrap_or(0);
    out.extend_from_slice(&first.to_le_bytes());
    out.extend_from_slice(&lost.to_le_bytes());
    out.extend_from_slice(&arrived.to_le_bytes());
    out.extend_from_slice(&(codes.len() as u32).to_le_bytes());
    out.extend_from_slice(&i32::from(start).to_le_bytes());
    let widths = out.len();
    out.resize(widths + codes.len().div_ceil(GROUP), 0);
    let packer = BitPacker4x::new();
    let mut before = start;
    for (index, group) in codes.chunks(GROUP).enumerate() {
        let mut numbers = [0_u32; GROUP];
        for (number, code) in numbers.iter_mut().zip(group) {
            *number = zigzag(code.wrapping_sub(before));
            before = *code;
        }
        let width = packer.num_bits(&numbers);
        if let Some(place) = out.get_mut(widths + index) {
            *place = width;
        }
        let mut words = [0; 2 * GROUP];
        let length = packer.compress(&numbers, &mut words, width);
        out.extend_from_slice(words.get(..length).unwrap_or(&[]));
    }
}

fn zigzag(difference: i16) -> u32 {
    u32::from(((difference << 1) ^ (difference >> 15)) as u16)
}

fn unzigzag(number: u32) -> i16 {
    ((number >> 1) as i16) ^ -((number & 1) as i16)
}
