//! Writing a container.

use sha2::{Digest, Sha256};

use crate::quantity::hex;
use crate::signal::Marker;

use super::pack::pack;
use super::{Done, Head, LONGEST, MAGIC};

/// Turns the samples of one channel into the bytes of its container, block by block.
///
/// What it has ready is taken with [`Encoder::take`]; to keep what is there when a process is killed, take and write often.
#[derive(Debug)]
pub struct Encoder {
    pending: Vec<i16>,
    /// Index of the first pending sample, samples lost before it, and when it arrived.
    first: u64,
    lost: u64,
    arrived: u64,
    total_lost: u64,
    ready: Vec<u8>,
    hash: Sha256,
}

impl Encoder {
    /// Begins with the head.
    pub fn new(head: &Head) -> Self {
        let mut encoder = Self {
            pending: Vec::with_capacity(LONGEST),
            first: 0,
            lost: 0,
            arrived: 0,
            total_lost: 0,
            ready: MAGIC.to_vec(),
            hash: Sha256::new(),
        };
        // A head is names and finite numbers: it is always text.
        encoder.block(b"HEAD", |out| out.extend(serde_json::to_vec(head).unwrap_or_default()));
        encoder
    }

    /// Samples from index `first` on, `lost` of them missing before it.
    pub fn samples(&mut self, first: u64, lost: u64, codes: &[i16]) {
        if lost > 0 || first != self.next() {
            self.flush();
            (self.first, self.lost) = (first, lost);
            self.total_lost += lost;
        }
        let mut rest = codes;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(LONGEST - self.pending.len()));
            self.pending.extend_from_slice(now);
            rest = later;
            if self.pending.len() == LONGEST {
                self.flush();
            }
        }
    }

    /// As [`Encoder::samples`], of the slow stream, when `arrived` fast samples had come: a block of their own.
    pub fn slow(&mut self, first: u64, lost: u64, arrived: u64, codes: &[i16]) {
        self.flush();
        self.arrived = arrived;
        self.samples(first, lost, codes);
        self.flush();
    }

    /// Changes of marker bits; they stand before the samples given next.
    pub fn markers(&mut self, markers: &[Marker]) {
        if markers.is_empty() {
            return;
        }
        self.flush();
        let rows: Vec<_> = markers.iter().map(|marker| (marker.sample, marker.bit, marker.value)).collect();
        self.block(b"MARK", |out| out.extend(serde_json::to_vec(&rows).unwrap_or_default()));
    }

    /// Ends the container.
    pub fn finish(&mut self) {
        self.flush();
        let samples = self.next();
        self.hash.update(self.ready.as_slice());
        let sha256 = hex(&self.hash.clone().finalize());
        let done = Done { samples, lost: self.total_lost, sha256 };
        self.block(b"DONE", |out| out.extend(serde_json::to_vec(&done).unwrap_or_default()));
    }

    /// The bytes that are ready, to be written after all that were taken before.
    pub fn take(&mut self) -> Vec<u8> {
        self.hash.update(self.ready.as_slice());
        std::mem::take(&mut self.ready)
    }

    /// Whether anything is ready.
    pub fn is_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    fn next(&self) -> u64 {
        self.first + self.pending.len() as u64
    }

    fn flush(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let pending = std::mem::take(&mut self.pending);
        let (first, lost, arrived) = (self.first, self.lost, self.arrived);
        self.block(b"DATA", |out| pack(first, lost, arrived, &pending, out));
        (self.first, self.lost) = (first + pending.len() as u64, 0);
        self.pending = pending;
        self.pending.clear();
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
