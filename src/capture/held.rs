//! The bytes of a file that is held whole.

use std::io::Read;

use super::format::unreadable;
use super::{CaptureError, CaptureFault, MAX_BYTES};

/// Reads an open file to its end, [`MAX_BYTES`] of it at most. `stated` is the size that the system states, bytes: none, 0, of
/// pipes and devices, which may never end. `file` is used in messages alone.
///
/// # Errors
/// When there are more bytes, or they cannot be read.
pub fn bytes(file: &str, input: impl Read, stated: u64) -> Result<Vec<u8>, CaptureError> {
    let too_large = |bytes| CaptureError::whole(file, CaptureFault::TooLarge { bytes, limit: MAX_BYTES });
    if stated > MAX_BYTES {
        return Err(too_large(stated));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(stated).unwrap_or(0));
    let read = input.take(MAX_BYTES + 1).read_to_end(&mut bytes);
    match read.map_err(|error| CaptureError::whole(file, unreadable("file", error)))? as u64 {
        read if read > MAX_BYTES => Err(too_large(read)),
        _ => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Error, repeat};

    use super::*;

    #[test]
    fn what_is_too_large_is_not_held_whatever_size_is_stated() {
        assert_eq!(bytes("a.csv", Cursor::new(b"1,2"), 3).unwrap(), b"1,2");
        // A device that states no size, and one that is larger than it says.
        assert_eq!(bytes("pipe", Cursor::new(b"1,2"), 0).unwrap(), b"1,2");
        for (input, stated, size) in
            [(repeat(b'1'), 0, MAX_BYTES + 1), (repeat(b'1'), MAX_BYTES + 7, MAX_BYTES + 7)]
        {
            let fault = bytes("a.csv", input, stated).unwrap_err().fault;
            assert_eq!(fault, CaptureFault::TooLarge { bytes: size, limit: MAX_BYTES });
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
                Err(Error::other("the disk is gone"))
            }
        }
        let said = bytes("a.csv", Broken, 3).unwrap_err().to_string();
        assert!(said.starts_with("a.csv: ") && said.contains("the disk is gone"), "{said}");
    }
}
