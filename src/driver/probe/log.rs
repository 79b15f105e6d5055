//! The firmware's log: lines on the first up channel of an RTT control block.

use probe_rs::Core;
use probe_rs::rtt::Rtt;

/// A line longer than this is cut, so that a firmware gone wild costs no memory, bytes.
const LONGEST: usize = 400;
/// What is taken at once, bytes.
const CHUNK: usize = 1024;

/// Reads lines as they come.
#[derive(Debug, Default)]
pub(super) struct Log {
    rtt: Option<Rtt>,
    partial: Vec<u8>,
}

impl Log {
    /// Forgets the control block: after a reset the firmware builds it anew.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// The lines that are complete, from the control block at `address`. No control block yet means no lines: the firmware
    /// may not have built it.
    ///
    /// # Errors
    /// What the channel says.
    pub(super) fn lines(
        &mut self,
        core: &mut Core<'_>,
        address: u64,
    ) -> Result<Vec<String>, probe_rs::rtt::Error> {
        if self.rtt.is_none() {
            match Rtt::attach_at(core, address) {
                Ok(rtt) => self.rtt = Some(rtt),
                Err(probe_rs::rtt::Error::ControlBlockNotFound) => return Ok(Vec::new()),
                Err(error) => return Err(error),
            }
        }
        let channel = self.rtt.as_mut().and_then(|rtt| rtt.up_channel(0));
        let Some(channel) = channel else { return Ok(Vec::new()) };
        let mut chunk = [0; CHUNK];
        let count = channel.read(core, &mut chunk)?;
        Ok(self.split(chunk.get(..count).unwrap_or_default()))
    }

    fn split(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for byte in bytes {
            match byte {
                b'\n' => {
                    let line = std::mem::take(&mut self.partial);
                    lines.push(String::from_utf8_lossy(&line).trim_end().to_owned());
                }
                byte if self.partial.len() < LONGEST => self.partial.push(*byte),
                _ => {}
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_and_bounded() {
        let mut log = Log::default();
        assert_eq!(log.split(b"boo"), [""; 0]);
        assert_eq!(log.split(b"t\r\nstart\nx"), ["boot", "start"]);
        let wild = vec![b'a'; 10_000];
        assert_eq!(log.split(&wild), [""; 0]);
        assert_eq!(log.split(b"\n")[0].len(), LONGEST);
    }
}
