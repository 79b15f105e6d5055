//! The wire between a host, a stimulator and a load: protocol version 1.
//!
//! Host, simulator and firmware compile these same types, so there is one description of every byte. Three layers:
//!
//! * [`frame`]: sync word, header with its own checksum, payload, CRC-32. [`Decoder`] turns a byte stream of any
//!   quality back into frames, in a buffer of fixed size and without allocation.
//! * [`stimulator`] and [`load`]: what is said, requests and replies side by side, encoded with `postcard`.
//! * [`block`]: samples, as planar little-endian codes.
//!
//! Units on the wire are integers: picoampere, nanosecond (the period of a train in picoseconds, because a period
//! rounded to a timer tick drifts away from its rate).
//!
//! # Why not COBS
//!
//! Byte stuffing costs a pass over every sample on both sides, a data-dependent branch per run, and a copy. Here
//! finding a frame costs a comparison per *frame*; samples stay where they arrived and only the CRC touches them. What
//! stuffing buys, a delimiter that never occurs in data, is replaced by the header's own checksum: a sync word inside
//! samples is refuted after ten bytes with probability 1 − 2⁻¹⁶, and always by the CRC-32, after which the search goes
//! on with the very next byte.
//!
//! ```
//! use stimrig_protocol::{Decoder, Kind, encode};
//!
//! let mut bytes = [0; 64];
//! let length = encode(&mut bytes, Kind::StimulatorRequest, 7, b"payload").unwrap();
//! let mut decoder = Decoder::new([0; 64]);
//! decoder.push(&bytes[..length]);
//! let frame = decoder.pull().unwrap();
//! assert_eq!((frame.sequence, frame.payload), (7, &b"payload"[..]));
//! ```
#![no_std]

#[cfg(test)]
extern crate std;

pub mod block;
mod crc;
mod decoder;
pub mod frame;
pub mod load;
mod message;
pub mod stimulator;

pub use decoder::Decoder;
pub use frame::{Frame, Kind, MAX_PAYLOAD, OVERHEAD, TooLong, encode};
pub use message::{MESSAGE_FRAME, MessageError, Text, decode_message, encode_message};

/// The version of everything in this crate. It changes with any byte on the wire.
pub const VERSION: u8 = 1;

/// Outputs of a stimulator, and contacts of a load, that the messages have room for.
pub const MAX_CONTACTS: usize = 32;
