//! Bytes a device has sent and nobody has read yet.

/// A byte queue that is written in frames and read in whatever pieces the host asks for.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    bytes: Vec<u8>,
    read: usize,
}

impl Outbox {
    /// Appends bytes.
    pub(super) fn put(&mut self, bytes: &[u8]) {
        if self.read == self.bytes.len() {
            self.bytes.clear();
            self.read = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Bytes that nobody has read yet.
    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.read
    }

    /// Moves bytes out; returns how many.
    pub(super) fn take(&mut self, into: &mut [u8]) -> usize {
        let waiting = self.bytes.get(self.read..).unwrap_or_default();
        let count = waiting.len().min(into.len());
        if let (Some(to), Some(from)) = (into.get_mut(..count), waiting.get(..count)) {
            to.copy_from_slice(from);
        }
        self.read += count;
        count
    }
}
