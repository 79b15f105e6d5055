//! A byte stream to an instrument.

use async_trait::async_trait;

use super::InstrumentFault;

/// A byte stream with deadlines: a serial port, a pseudo-terminal, a socket, or memory.
///
/// Deadlines are instants of the port's own time, so that the same link runs on a bench in real time and in memory on
/// virtual time.
#[async_trait]
pub trait Port: Send {
    /// The port's time, ns.
    fn now(&self) -> u64;

    /// How late an answer may come through no fault of the device, ns: nothing in memory, a busy computer's turn-taking on
    /// a real port.
    fn slack(&self) -> u64 {
        0
    }

    /// Reads what there is into `buffer`, waiting for the first byte until `deadline`; a deadline that has passed does
    /// not wait. Returns at least 1.
    ///
    /// # Errors
    /// [`InstrumentFault::Timeout`] when nothing came, [`InstrumentFault::Disconnected`] when the port is gone.
    async fn read(&mut self, buffer: &mut [u8], deadline: u64) -> Result<usize, InstrumentFault>;

    /// Lets time pass until `deadline`, and throws away what comes meanwhile. A port on which a read is itself a request does not
    /// read: it would ask one who has nothing to say.
    ///
    /// # Errors
    /// [`InstrumentFault::Disconnected`] when the port is gone.
    async fn pause(&mut self, deadline: u64) -> Result<(), InstrumentFault> {
        let mut thrown = [0; 4096];
        loop {
            match self.read(&mut thrown, deadline).await {
                Ok(_) if self.now() < deadline => {}
                Ok(_) | Err(InstrumentFault::Timeout) => return Ok(()),
                Err(fault) => return Err(fault),
            }
        }
    }

    /// Writes all of `bytes`.
    ///
    /// # Errors
    /// [`InstrumentFault::Disconnected`] when the port is gone.
    async fn write_all(&mut self, bytes: &[u8]) -> Result<(), InstrumentFault>;
}
