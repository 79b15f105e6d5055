//! Bytes in, frames out.

use crate::crc::crc32;
use crate::frame::{Frame, HEADER, Header, OVERHEAD, SYNC};

/// Finds frames in a stream of bytes of any quality.
///
/// Push bytes (or read them straight into [`Decoder::spare`]), pull frames until there are none. It owns no port and
/// no clock; an incomplete frame is not an error. Memory is the storage it was given: an array in firmware, a boxed
/// slice on a host. A frame too long for the storage is refused like a damaged one.
///
/// After any damage the search resumes one byte behind the refuted sync word, so a whole frame that follows (even one
/// that had been taken for the payload of a damaged one) is found.
#[derive(Debug, Clone)]
pub struct Decoder<S> {
    storage: S,
    start: usize,
    end: usize,
    rejected: u64,
    skipped: u64,
    /// The bytes at `start` are the rest of damage already counted.
    lost_sync: bool,
}

/// What the bytes at the read position are.
enum Found {
    Whole(Header),
    Incomplete,
    Refuted,
}

impl<S: AsRef<[u8]> + AsMut<[u8]>> Decoder<S> {
    /// An empty decoder. Frames with a payload of up to `storage` − [`OVERHEAD`] bytes are accepted.
    pub fn new(storage: S) -> Self {
        Self { storage, start: 0, end: 0, rejected: 0, skipped: 0, lost_sync: false }
    }

    /// Appends bytes; returns how many fitted. All fit if every frame was pulled before and `bytes` is no longer than
    /// the storage without one incomplete frame.
    pub fn push(&mut self, bytes: &[u8]) -> usize {
        let spare = self.spare();
        let taken = bytes.len().min(spare.len());
        for (to, from) in spare.iter_mut().zip(bytes) {
            *to = *from;
        }
        self.filled(taken);
        taken
    }

    /// Room for the next bytes; say with [`Decoder::filled`] how many were written. Empty only while frames can be
    /// pulled.
    pub fn spare(&mut self) -> &mut [u8] {
        let storage = self.storage.as_mut();
        if self.start > 0 {
            storage.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        storage.get_mut(self.end..).unwrap_or_default()
    }

    /// The first `count` bytes of the last [`Decoder::spare`] are now valid.
    pub fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.storage.as_ref().len());
    }

    /// The next whole frame, if there is one.
    pub fn pull(&mut self) -> Option<Frame<'_>> {
        let (header, kind) = loop {
            match self.look() {
                Found::Incomplete => return None,
                Found::Refuted => self.refute(),
                Found::Whole(header) => match header.kind {
                    Some(kind) => break (header, kind),
                    // A right frame of a kind this version does not know: all of it is passed over.
                    None => {
                        self.rejected += 1;
                        self.start += header.length + OVERHEAD;
                    }
                },
            }
        };
        let payload = self.start + HEADER..self.start + HEADER + header.length;
        self.start += header.length + OVERHEAD;
        self.lost_sync = false;
        let payload = self.storage.as_ref().get(payload)?;
        Some(Frame { kind, sequence: header.sequence, payload })
    }

    /// Gives up the frame in progress, because the line fell silent in the middle of it: whatever lies behind its sync
    /// word is searched again at the next [`Decoder::pull`].
    pub fn expire(&mut self) {
        if self.end - self.start >= SYNC.len() && matches!(self.look(), Found::Incomplete) {
            self.refute();
        }
    }

    /// Bytes held that are not yet a frame.
    pub fn pending(&self) -> usize {
        self.end - self.start
    }

    /// Stretches of damage met so far: failed checksums, wrong lengths, noise between frames. Each is counted once
    /// however many false starts the search made in it.
    pub fn rejected(&self) -> u64 {
        self.rejected
    }

    /// Bytes that belonged to no frame.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    fn look(&self) -> Found {
        let storage = self.storage.as_ref();
        let bytes = storage.get(self.start..self.end).unwrap_or_default();
        let begins = bytes.iter().zip(&SYNC).all(|(byte, sync)| byte == sync);
        if !begins {
            return Found::Refuted;
        }
        let Some(head) = bytes.first_chunk::<HEADER>() else { return Found::Incomplete };
        let Some(header) = Header::parse(head) else { return Found::Refuted };
        let total = header.length + OVERHEAD;
        if total > storage.len() {
            return Found::Refuted;
        }
        let Some((checked, sum)) = bytes.get(SYNC.len()..total).and_then(<[u8]>::split_last_chunk::<4>)
        else {
            return Found::Incomplete;
        };
        if crc32(checked) == u32::from_le_bytes(*sum) { Found::Whole(header) } else { Found::Refuted }
    }

    /// Moves to the next byte that could begin a frame.
    fn refute(&mut self) {
        let bytes = self.storage.as_ref().get(self.start + 1..self.end).unwrap_or_default();
        let [first, _] = SYNC;
        let step = 1 + bytes.iter().position(|byte| *byte == first).unwrap_or(bytes.len());
        self.start += step;
        self.skipped += step as u64;
        if !self.lost_sync {
            self.rejected += 1;
            self.lost_sync = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;
    use crate::frame::{Kind, encode};

    fn frame(sequence: u16, payload: &[u8]) -> Vec<u8> {
        let mut buffer = std::vec![0; payload.len() + OVERHEAD];
        let length = encode(&mut buffer, Kind::Samples, sequence, payload).unwrap();
        assert_eq!(length, buffer.len());
        buffer
    }

    /// Everything a decoder finds in `bytes` handed over in pieces of the given lengths, and at last by idle lines.
    fn decode(bytes: &[u8], pieces: &[usize]) -> Vec<(u16, Vec<u8>)> {
        let mut decoder = Decoder::new([0; 512]);
        let mut found = Vec::new();
        let mut pieces = pieces.iter().copied().cycle();
        let mut rest = bytes;
        while !rest.is_empty() {
            let piece = pieces.next().unwrap_or(usize::MAX).clamp(1, rest.len());
            let taken = decoder.push(&rest[..piece]);
            rest = &rest[taken..];
            while let Some(frame) = decoder.pull() {
                found.push((frame.sequence, frame.payload.to_vec()));
            }
        }
        while decoder.pending() > 1 {
            decoder.expire();
            while let Some(frame) = decoder.pull() {
                found.push((frame.sequence, frame.payload.to_vec()));
            }
        }
        found
    }

    /// Payloads rich in sync words, headers and whole frames: what a decoder could be fooled by.
    fn payload() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..120),
            prop::collection::vec(prop::sample::select(&[0xA5_u8, 0x5A, 1, 5, 0][..]), 0..120),
        ]
    }

    #[derive(Debug, Clone)]
    enum Damage {
        Flip(u8),
        Drop(u8),
        Twice,
        Insert(Vec<u8>),
        Cut,
        None,
    }

    fn damage() -> impl Strategy<Value = Damage> {
        prop_oneof![
            3 => Just(Damage::None),
            1 => (0_u8..8).prop_map(Damage::Flip),
            1 => (1_u8..5).prop_map(Damage::Drop),
            1 => Just(Damage::Twice),
            1 => prop::collection::vec(prop::sample::select(&[0xA5_u8, 0x5A, 1, 5, 0, 77][..]), 1..20).prop_map(Damage::Insert),
            1 => Just(Damage::Cut),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn any_split_gives_the_frames_back(
            payloads in prop::collection::vec(payload(), 1..12),
            pieces in prop::collection::vec(1_usize..300, 1..8),
        ) {
            let sent: Vec<(u16, Vec<u8>)> = payloads.into_iter().enumerate().map(|(n, p)| (n as u16, p)).collect();
            let bytes: Vec<u8> = sent.iter().flat_map(|(n, p)| frame(*n, p)).collect();
            prop_assert_eq!(decode(&bytes, &pieces), sent);
        }

        #[test]
        fn untouched_frames_survive_their_neighbours_and_no_damaged_one_is_delivered(
            frames in prop::collection::vec((payload(), damage(), any::<prop::sample::Index>()), 1..12),
            pieces in prop::collection::vec(1_usize..300, 1..8),
        ) {
            let mut bytes = Vec::new();
            let mut expected = Vec::new();
            let mut damaged = Vec::new();
            for (n, (payload, damage, at)) in frames.into_iter().enumerate() {
                let sequence = n as u16;
                let whole = frame(sequence, &payload);
                let mut one = whole.clone();
                let at = at.index(one.len());
                match damage {
                    Damage::None => {}
                    Damage::Flip(bit) => one[at] ^= 1 << bit,
                    Damage::Drop(count) => drop(one.drain(at..(at + usize::from(count)).min(one.len()))),
                    Damage::Twice => one.insert(at, one[at]),
                    Damage::Insert(noise) => drop(one.splice(at..at, noise)),
                    Damage::Cut => one.truncate(at),
                }
                // Noise before or behind a frame, or a doubled byte at its end, leaves it whole.
                if one.ends_with(&whole) || one.starts_with(&whole) {
                    expected.push((sequence, payload));
                } else {
                    damaged.push(whole);
                }
                bytes.extend(one);
            }
            // A last byte that was lost and is also the next frame's first makes the damaged frame whole, and the next
            // one not: no decoder can tell.
            let stands = |whole: &Vec<u8>| bytes.windows(whole.len()).any(|piece| piece == whole.as_slice());
            prop_assume!(!damaged.iter().any(stands));
            prop_assert_eq!(decode(&bytes, &pieces), expected);
        }

        #[test]
        fn noise_is_never_a_frame_and_never_fills_the_decoder(noise in prop::collection::vec(any::<u8>(), 0..4000)) {
            prop_assert_eq!(decode(&noise, &[100]), Vec::new());
        }
    }

    #[test]
    fn a_frame_in_a_damaged_frames_payload_is_still_found() {
        let inner = frame(2, b"inner");
        let mut outer = frame(1, &inner);
        let last = outer.len() - 1;
        outer[last] ^= 1;
        assert_eq!(decode(&outer, &[1000]), [(2, b"inner".to_vec())]);
    }

    #[test]
    fn damage_is_counted_once_and_a_frame_longer_than_the_storage_is_damage() {
        let mut decoder = Decoder::new([0; 64]);
        decoder.push(&frame(1, &[0xA5; 60])[..60]);
        assert!(decoder.pull().is_none());
        decoder.push(&frame(2, b"next"));
        assert_eq!(decoder.pull().map(|frame| frame.sequence), Some(2));
        assert_eq!((decoder.rejected(), decoder.skipped()), (1, 60));
    }
}
