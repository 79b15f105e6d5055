//! The channels of one stream, read side by side.

use std::io::{Read, Seek};

use crate::signal::Marker;

use super::{Damage, Decoder, Fault, Head, Item};

/// A stretch of samples of every channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch<'a> {
    /// Index of its first sample.
    pub first: u64,
    /// Samples lost before it, as its blocks say.
    pub lost: u64,
    /// Samples that are not there before it: lost, or their blocks were taken away.
    pub missing: u64,
    /// Fast samples that had arrived before it (slow stream).
    pub arrived: u64,
    /// Samples per channel; 0 where only markers are left.
    pub count: usize,
    /// `count` codes per channel, one channel after the other.
    pub codes: &'a [i16],
    /// Markers since the stretch before.
    pub markers: &'a [Marker],
}

/// How the channels end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum End {
    /// All of them as they were written.
    #[error("whole")]
    Whole,
    /// One of them is damaged; what stands before it is good.
    #[error("`{channel}` {damage}")]
    Damaged {
        /// Name of the channel.
        channel: String,
        /// Where and how.
        damage: Damage,
    },
    /// They are not of one recording.
    #[error("`{0}` does not hold the same samples as the other channels")]
    Apart(String),
    /// Their blocks are not in order.
    #[error("the block of sample {0} stands behind later ones")]
    Behind(u64),
}

/// Reads several containers in step, in the memory of one block each.
#[derive(Debug)]
pub struct Planes<R> {
    decoders: Vec<Decoder<R>>,
    codes: Vec<i16>,
    markers: Vec<Marker>,
    /// Where the next sample belongs.
    next: u64,
    end: Option<End>,
}

impl<R: Read> Planes<R> {
    /// Of channels that were written together; their order is kept.
    pub fn new(decoders: Vec<Decoder<R>>) -> Self {
        Self { decoders, codes: Vec::new(), markers: Vec::new(), next: 0, end: None }
    }

    /// The heads, in order.
    pub fn heads(&self) -> impl Iterator<Item = &Head> {
        self.decoders.iter().map(Decoder::head)
    }

    /// How they ended, once [`Planes::pull`] has returned `None`.
    pub fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    /// The next stretch.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn pull(&mut self) -> Result<Option<Stretch<'_>>, Fault> {
        if self.end.is_some() || self.decoders.is_empty() {
            self.end.get_or_insert(End::Whole);
            return Ok(None);
        }
        self.codes.clear();
        self.markers.clear();
        let mut shape: Option<(u64, u64, u64, usize)> = None;
        for (index, decoder) in self.decoders.iter_mut().enumerate() {
            let channel = decoder.head().channel.clone();
            let found = loop {
                match decoder.pull()? {
                    Some(Ok(Item::Data(packed))) => {
                        packed.unpack(&mut self.codes);
                        break (packed.first, packed.lost, packed.arrived, packed.count);
                    }
                    Some(Ok(Item::Markers(found))) if index == 0 => self.markers.extend(found),
                    Some(Ok(Item::Markers(_))) => {}
                    // The end counts as a stretch of nothing, so that it must be everybody's.
                    Some(Ok(Item::Done(_))) | None => break (0, 0, 0, 0),
                    Some(Err(damage)) => {
                        self.end = Some(End::Damaged { channel, damage });
                        return Ok(None);
                    }
                }
            };
            if *shape.get_or_insert(found) != found {
                self.end = Some(End::Apart(channel));
                return Ok(None);
            }
        }
        let (first, lost, arrived, count) = shape.unwrap_or_default();
        let mut missing = lost;
        if count == 0 {
            self.end = Some(End::Whole);
            if self.markers.is_empty() {
                return Ok(None);
            }
        } else {
            // What a block says of the one before it holds only while that one is there.
            let Some(apart) = first.checked_sub(self.next) else {
                self.end = Some(End::Behind(first));
                return Ok(None);
            };
            missing = lost.max(apart);
            self.next = first.saturating_add(count as u64);
        }
        let Self { codes, markers, .. } = self;
        Ok(Some(Stretch { first, lost, missing, arrived, count, codes, markers }))
    }
}

impl<R: Read + Seek> Planes<R> {
    /// Begins again at the first stretch.
    ///
    /// # Errors
    /// When a file cannot be read any more.
    pub fn rewind(&mut self) -> Result<(), Fault> {
        self.next = 0;
        self.end = None;
        self.decoders.iter_mut().try_for_each(Decoder::rewind)
    }
}
