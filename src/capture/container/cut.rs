//! Cutting the samples of one channel into what its container holds.

use crate::signal::Marker;

use super::LONGEST;

/// What stands in a container between its head and its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// At most [`LONGEST`] codes that follow one another.
    Samples {
        /// Index of the first.
        first: u64,
        /// Samples lost before it.
        lost: u64,
        /// Fast samples that had arrived before it (slow stream).
        arrived: u64,
        /// The codes.
        codes: Vec<i16>,
    },
    /// Changes of marker bits, before the samples that follow.
    Markers(Vec<Marker>),
}

/// Gathers the samples of one channel, as they come, into pieces. It only copies them: whoever measures is not held up, and
/// [packing](super::Encoder) may be done elsewhere.
#[derive(Debug)]
pub struct Cutter {
    pending: Vec<i16>,
    /// Index of the first pending sample, samples lost before it, and when it arrived.
    first: u64,
    lost: u64,
    arrived: u64,
    ready: Vec<Piece>,
}

impl Default for Cutter {
    fn default() -> Self {
        Self { pending: Vec::with_capacity(LONGEST), first: 0, lost: 0, arrived: 0, ready: Vec::new() }
    }
}

impl Cutter {
    /// Samples from index `first` on, `lost` of them missing before it.
    pub fn samples(&mut self, first: u64, lost: u64, codes: &[i16]) {
        if lost > 0 || first != self.first + self.pending.len() as u64 {
            self.flush();
            (self.first, self.lost) = (first, lost);
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

    /// As [`Cutter::samples`], of the slow stream, when `arrived` fast samples had come: a piece of their own.
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
        self.ready.push(Piece::Markers(markers.to_vec()));
    }

    /// Nothing follows what is pending.
    pub fn flush(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let next = self.first + self.pending.len() as u64;
        // Most pieces are as long as this one.
        let room = Vec::with_capacity(self.pending.len());
        let codes = std::mem::replace(&mut self.pending, room);
        let (first, lost, arrived) = (self.first, self.lost, self.arrived);
        self.ready.push(Piece::Samples { first, lost, arrived, codes });
        (self.first, self.lost) = (next, 0);
    }

    /// The pieces that are ready, to be put behind all that were taken before.
    pub fn take(&mut self) -> impl Iterator<Item = Piece> {
        self.ready.drain(..)
    }
}

#[cfg(test)]
impl Cutter {
    /// The container of all that it was given.
    pub(in crate::capture) fn contained(mut self, head: &super::Head) -> Vec<u8> {
        self.flush();
        let mut encoder = super::Encoder::new(head);
        let mut bytes = encoder.take();
        for piece in self.take() {
            encoder.put(&piece);
            bytes.extend(encoder.take());
        }
        encoder.finish();
        bytes.extend(encoder.take());
        bytes
    }
}
