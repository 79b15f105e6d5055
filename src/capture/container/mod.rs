//! The container of one channel's raw samples, `<channel>_<unit>.trace`: what a run keeps as evidence.
//!
//! A file is the eight bytes `STIMRAW1` and then blocks. All numbers are little-endian. A block is
//!
//! | bytes | what |
//! |---|---|
//! | 4 | tag: `HEAD`, `DATA`, `MARK` or `DONE`; a reader skips tags it does not know |
//! | 4 | n, length of the payload (u32) |
//! | n | payload |
//! | 4 | CRC-32 (zlib's) of tag, length and payload |
//!
//! * `HEAD`, first and once: the [`Head`] as JSON. A sample is `(code − offset) · lsb` in `unit`, taken at `index / sample_rate`.
//! * `DATA`: a [`Packed`] stretch of codes, none longer than [`LONGEST`]: `first` u64, index of its first sample · `lost` u64,
//!   samples missing before it · `arrived` u64, for the slow stream how many fast samples had come before · `count` u32 ·
//!   `start` i32, its first code · then one byte for each group of 128 samples, the bits w of a number in it · then the
//!   groups, 16·w bytes each. A number is the difference to the code before (16 bits, wrapping; 0 for the first), zigzag:
//!   0, −1, 1, −2, … are 0, 1, 2, 3, …. Number i of a group lies in lane i mod 4; a lane's 32 numbers are packed from the
//!   lowest bit on into w words (u32), and word j of lane l is word 4j + l of the group. The last group is filled with 0.
//! * `MARK`: changes of marker bits as JSON, `[[sample, "bit", value], …]`, before the `DATA` they fall into.
//! * `DONE`, last: [`Done`] as JSON, with the SHA-256 of every byte before it. A file without it was cut off; every whole block
//!   before that is good.
//!
//! Blocks depend on nothing but the head, so that any of them can be read alone. `fixtures/README.md` shows a reader in NumPy.

mod cut;
mod decode;
mod encode;
mod pack;
mod planes;

use serde::{Deserialize, Serialize};

use crate::signal::{Calibration, Sensed, StreamKind};

pub use cut::{Cutter, Piece};
pub use decode::{Damage, Decoder, Fault, Item};
pub use encode::Encoder;
pub use pack::Packed;
pub use planes::{End, Planes, Stretch};

/// The bytes a container begins with.
pub const MAGIC: &[u8; 8] = b"STIMRAW1";

/// What a container's file name ends in.
pub const EXTENSION: &str = "trace";

/// Samples of a `DATA` block at most.
pub const LONGEST: usize = 1 << 16;

/// Everything about a channel but its samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// Of this format: 1.
    pub version: u32,
    /// Id of the run.
    pub run: String,
    /// Position of the case among the selected ones, from 0.
    pub case: usize,
    /// Name of the case.
    pub name: String,
    /// Contact, sense or `vout`.
    pub channel: String,
    /// What it senses.
    pub sensed: Sensed,
    /// `A` or `V`.
    pub unit: String,
    /// Which of the load's streams.
    pub stream: StreamKind,
    /// Samples per second, Hz.
    pub sample_rate: f64,
    /// Standard uncertainty of the sample clock, as a fraction.
    pub clock_u: f64,
    /// Poles of the low-pass filter before the converter.
    pub filter_poles: u32,
    /// Its −3 dB frequency, Hz.
    pub filter_cutoff: f64,
    /// Scale, offset and their uncertainties, as the load states them.
    #[serde(flatten)]
    pub calibration: Calibration,
}

impl Head {
    /// The newest version this program reads.
    pub const VERSION: u32 = 1;

    /// The value a code stands for, in `unit`.
    pub fn value(&self, code: i16) -> f64 {
        (f64::from(code) - self.calibration.offset) * self.calibration.lsb
    }
}

/// How a container ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// One past the index of the last sample.
    pub samples: u64,
    /// Samples that were lost on the way.
    pub lost: u64,
    /// SHA-256 of every byte before this block, hexadecimal.
    pub sha256: String,
}

#[cfg(test)]
mod tests;
