//! Writing a container.

use sha2::{Digest, Sha256};

use crate::quantity::hex;

use super::pack::pack;
use super::{Done, Head, MAGIC, Piece};

/// Turns the pieces of one channel into the bytes of its container.
///
/// What it has ready is taken with [`Encoder::take`]; to keep what is there when a process is killed, take and write often.
#[derive(Debug)]
pub struct Encoder {
    /// Samples there are with all that were lost, and how many were.
    samples: u64,
    lost: u64,
    ready: Vec<u8>,
    hash: Sha256,
}

impl Encoder {
    /// Begins with the head.
    pub fn new(head: &Head) -> Self {
        let mut encoder = Self { samples: 0, lost: 0, ready: MAGIC.to_vec(), hash: Sha256::new() };
        // A head is names and finite numbers: it is always text.
        encoder.block(b"HEAD", |out| out.extend(serde_json::to_vec(head).unwrap_or_default()));
        encoder
    }

    /// Puts a piece behind those before.
    pub fn put(&mut self, piece: &Piece) {
        match piece {
            Piece::Samples { first, lost, arrived, codes } => {
                self.samples = first + codes.len() as u64;
                self.lost += lost;
                self.block(b"DATA", |out| pack(*first, *lost, *arrived, codes, out));
            }
            Piece::Markers(markers) => {
                let rows: Vec<_> =
                    markers.iter().map(|marker| (marker.sample, marker.bit, marker.value)).collect();
                self.block(b"MARK", |out| out.extend(serde_json::to_vec(&rows).unwrap_or_default()));
            }
        }
    }

    /// Ends the container.
    pub fn finish(&mut self) {
        self.hash.update(self.ready.as_slice());
        let sha256 = hex(&self.hash.clone().finalize());
        let done = Done { samples: self.samples, lost: self.lost, sha256 };
        self.block(b"DONE", |out| out.extend(serde_json::to_vec(&done).unwrap_or_default()));
    }

    /// The bytes that are ready, to be written after all that were taken before.
    pub fn take(&mut self) -> Vec<u8> {
        self.hash.update(self.ready.as_slice());
        std::mem::take(&mut self.ready)
    }

    fn block(&mut self, tag: &[u8; 4], payload: impl FnOnce(&mut Vec<u8>)) {
        let from = self.ready.len();
        self.ready.extend_from_slice(tag);
        self.ready.extend_from_slice(&[0; 4]);
        payload(&mut self.ready);
        let length = (self.ready.len() - from - 8) as u32;
        if let Some(place) = self.ready.get_mut(from + 4..from + 8) {
            place.copy_from_slice(&length.to_le_bytes());
        }
        let sum = crc32fast::hash(self.ready.get(from..).unwrap_or(&[]));
        self.ready.extend_from_slice(&sum.to_le_bytes());
    }
}
