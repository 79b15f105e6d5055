//! Bytes of a port, taken as lines or by count, with deadlines and bounds.

use crate::instrument::{InstrumentFault, Port};

/// A device that answers sends no longer line than this, and does not talk so much unasked.
const MOST: usize = 64 * 1024;

/// What came in time is read as soon as this computer comes to it. Of what is read behind a deadline, nothing beyond so many bytes came
/// in time: the device goes on talking, and would be listened to for ever.
const OVERDUE: usize = 4096;

/// A port and what has been read from it ahead.
pub(super) struct Wire {
    port: Box<dyn Port>,
    ahead: Vec<u8>,
    /// A deadline, and how many bytes were read behind it.
    overdue: (u64, usize),
}

impl Wire {
    /// Over a port from which nothing has been read.
    pub(super) fn new(port: Box<dyn Port>) -> Self {
        Self { port, ahead: Vec::new(), overdue: (0, 0) }
    }

    /// The instant `patience` ns from now, and what a busy computer adds on a real port.
    pub(super) fn after(&self, patience: u64) -> u64 {
        self.port.now().saturating_add(patience).saturating_add(self.port.slack())
    }

    /// Sends bytes in one write.
    ///
    /// # Errors
    /// What the port says.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> Result<(), InstrumentFault> {
        self.port.write_all(bytes).await
    }

    /// The next line, without its terminator.
    ///
    /// # Errors
    /// [`InstrumentFault::Timeout`] when it has not come by `deadline`, [`InstrumentFault::Protocol`] when what comes is no
    /// text, and what the port says.
    pub(super) async fn line(&mut self, terminator: &[u8], deadline: u64) -> Result<String, InstrumentFault> {
        loop {
            let width = terminator.len().max(1);
            if let Some(end) = self.ahead.windows(width).position(|bytes| bytes == terminator) {
                let line: Vec<u8> = self.ahead.drain(..end + width).take(end).collect();
                let text = String::from_utf8(line).map_err(|_| no_text())?;
                return Ok(text.trim_end_matches('\r').to_owned());
            }
            if self.ahead.len() > MOST {
                self.ahead.clear();
                return Err(no_text());
            }
            self.fill(deadline).await?;
        }
    }

    /// The next `count` bytes.
    ///
    /// # Errors
    /// As [`Wire::line`].
    pub(super) async fn take(&mut self, count: usize, deadline: u64) -> Result<Vec<u8>, InstrumentFault> {
        while self.ahead.len() < count {
            self.fill(deadline).await?;
        }
        Ok(self.ahead.drain(..count).collect())
    }

    /// Throws away what has come and what still comes until `patience` ns have passed.
    ///
    /// # Errors
    /// [`InstrumentFault::Protocol`] when it does not end, and what the port says.
    pub(super) async fn hush(&mut self, patience: u64) -> Result<(), InstrumentFault> {
        let deadline = self.after(patience);
        let mut thrown = 0;
        loop {
            self.throw_away(&mut thrown)?;
            match self.fill(deadline).await {
                Ok(()) => {}
                Err(InstrumentFault::Timeout) => return Ok(()),
                Err(fault) => return Err(fault),
            }
        }
    }

    /// Throws away what has come, without waiting: what is asked next is answered by what comes behind it.
    ///
    /// # Errors
    /// As [`Wire::hush`].
    pub(super) async fn clear(&mut self) -> Result<(), InstrumentFault> {
        let mut thrown = 0;
        loop {
            self.throw_away(&mut thrown)?;
            self.listen().await?;
            if self.ahead.is_empty() {
                return Ok(());
            }
        }
    }

    /// Throws away what has come, `thrown` bytes so far.
    fn throw_away(&mut self, thrown: &mut usize) -> Result<(), InstrumentFault> {
        *thrown += self.ahead.len();
        self.ahead.clear();
        if *thrown > MOST {
            let what = "bytes without end that nobody asked for: another device is on this port";
            return Err(InstrumentFault::Protocol(what.to_owned()));
        }
        Ok(())
    }

    /// Reads what has arrived, without waiting, and keeps it: notices a port that is gone.
    ///
    /// # Errors
    /// What the port says.
    pub(super) async fn listen(&mut self) -> Result<(), InstrumentFault> {
        let deadline = self.port.now();
        match self.fill(deadline).await {
            Ok(()) | Err(InstrumentFault::Timeout) => Ok(()),
            Err(fault) => Err(fault),
        }
    }

    async fn fill(&mut self, deadline: u64) -> Result<(), InstrumentFault> {
        let late = self.port.now() > deadline;
        if self.overdue.0 != deadline {
            self.overdue = (deadline, 0);
        }
        if late && self.overdue.1 >= OVERDUE {
            return Err(InstrumentFault::Timeout);
        }
        let mut buffer = [0; 512];
        let count = self.port.read(&mut buffer, deadline).await?;
        self.overdue.1 += if late { count } else { 0 };
        self.ahead.extend_from_slice(buffer.get(..count).unwrap_or_default());
        Ok(())
    }
}

fn no_text() -> InstrumentFault {
    InstrumentFault::Protocol(
        "bytes that are no lines of text: another device, or another baud rate".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;

    use super::*;

    /// Says a byte every millisecond, for ever.
    struct Chatter(u64);

    #[async_trait]
    impl Port for Chatter {
        fn now(&self) -> u64 {
            self.0
        }

        async fn read(&mut self, buffer: &mut [u8], _: u64) -> Result<usize, InstrumentFault> {
            self.0 += 1_000_000;
            buffer[0] = b'x';
            Ok(1)
        }

        async fn write_all(&mut self, _: &[u8]) -> Result<(), InstrumentFault> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_device_that_never_stops_talking_misses_its_deadline_all_the_same() {
        let chatter = || Wire::new(Box::new(Chatter(0)));
        let deadline = 200_000_000;
        assert_eq!(chatter().line(b"\n", deadline).await, Err(InstrumentFault::Timeout));
        let mut wire = chatter();
        let mut taken = 0;
        while let Ok(bytes) = wire.take(1, deadline).await {
            taken += bytes.len();
            assert!(taken < 10_000, "it would be listened to for ever");
        }
        // As many as came in time, and what a busy computer may have left waiting.
        assert!(taken >= 200 + OVERDUE, "{taken}");
    }
}
