//! Messages in frames.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::frame::{HEADER, Kind, OVERHEAD, seal};

/// A buffer of this many bytes holds the frame of any request or reply.
pub const MESSAGE_FRAME: usize = 512;

/// A message that could not be written or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageError {
    /// It does not fit the buffer.
    TooLong,
    /// The bytes are not a message of this version.
    Malformed,
}

impl core::fmt::Display for MessageError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the message does not fit its buffer",
            Self::Malformed => "the payload is no message of this protocol version",
        })
    }
}

impl core::error::Error for MessageError {}

/// Writes `message` as a frame to the start of `buffer`; returns the frame's length.
///
/// # Errors
/// [`MessageError::TooLong`] when it does not fit; [`MESSAGE_FRAME`] bytes are always enough.
pub fn encode_message<M: Serialize>(
    buffer: &mut [u8],
    kind: Kind,
    sequence: u16,
    message: &M,
) -> Result<usize, MessageError> {
    let end = buffer.len().saturating_sub(OVERHEAD - HEADER);
    let room = buffer.get_mut(HEADER..end).ok_or(MessageError::TooLong)?;
    let length = postcard::to_slice(message, room).map_err(|_| MessageError::TooLong)?.len();
    seal(buffer, kind, sequence, length).map_err(|_| MessageError::TooLong)
}

/// Reads a message from a frame's payload; trailing bytes are refused.
///
/// # Errors
/// [`MessageError::Malformed`] when the payload is something else.
pub fn decode_message<M: DeserializeOwned>(payload: &[u8]) -> Result<M, MessageError> {
    match postcard::take_from_bytes(payload) {
        Ok((message, [])) => Ok(message),
        _ => Err(MessageError::Malformed),
    }
}

/// Short text of fixed size: UTF-8, filled up with zero bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text(pub [u8; 32]);

impl Text {
    /// The text, cut to what fits.
    pub fn new(text: &str) -> Self {
        let mut bytes = [0; 32];
        let cut =
            (0..=text.len().min(bytes.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        for (to, from) in bytes.iter_mut().zip(text.bytes().take(cut)) {
            *to = from;
        }
        Self(bytes)
    }

    /// The text; empty if a device sent something that is none.
    pub fn as_str(&self) -> &str {
        let length = self.0.iter().position(|byte| *byte == 0).unwrap_or(self.0.len());
        self.0.get(..length).and_then(|bytes| core::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!(Text::new("SCS 3 µA").as_str(), "SCS 3 µA");
        let long = "µµµµµµµµµµµµµµµµµµµµ";
        assert_eq!(Text::new(long).as_str().chars().count(), 16);
        assert_eq!(Text([0xFF; 32]).as_str(), "");
    }
}
