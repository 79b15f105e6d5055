//! USB test and measurement instruments through the kernel's `/dev/usbtmcN`.
//!
//! The kernel makes one transfer of each `write()`, and a `read()` blocks until the instrument has answered or the
//! kernel's own patience (5 s) is over. So a thread owns the file; a read that outlasts its deadline is picked up by the next.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use async_trait::async_trait;
use tokio::sync::mpsc;

use crate::instrument::{InstrumentFault, Port};
use crate::machine::Machine;

use super::trouble::Trouble;
use super::{RealClock, fault_of};

/// The longest piece read at once: a longer answer comes in several.
const CHUNK: usize = 1 << 20;

/// Whether a path leads to such an instrument.
pub(super) fn is(path: &Path) -> bool {
    let named = |path: &Path| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("usbtmc"))
    };
    named(path) || std::fs::canonicalize(path).is_ok_and(|whole| named(&whole))
}

/// Opens it for a `device`.
pub(super) fn open(machine: &Machine, path: &Path, device: &str) -> Result<Box<dyn Port>, Trouble> {
    let file = File::options()
        .read(true)
        .write(true)
        .open(path)
        .map_err(|error| Trouble::of_path(machine, path, &error))?;
    let patience = if device == "stimulator" { STIMULATOR } else { PATIENCE };
    UsbtmcPort::new(file, patience)
        .map(|port| Box::new(port) as Box<dyn Port>)
        .map_err(|error| Trouble::of_path(machine, path, &error))
}

enum Ask {
    Write(Vec<u8>),
    Read(usize),
}

type Answer = Result<Vec<u8>, InstrumentFault>;

/// The file's owner and what it has said.
struct UsbtmcPort {
    asks: std::sync::mpsc::Sender<Ask>,
    answers: mpsc::UnboundedReceiver<Answer>,
    /// A read was asked for and has not been answered.
    reading: bool,
    /// Answers still to come that nobody waits for any more.
    late: usize,
    /// Read beyond what was asked for.
    rest: Vec<u8>,
    clock: RealClock,
    /// With a command, ns.
    patience: u64,
}

impl UsbtmcPort {
    fn new(mut file: File, patience: u64) -> std::io::Result<Self> {
        let (asks, asked) = std::sync::mpsc::channel::<Ask>();
        let (answer, answers) = mpsc::unbounded_channel();
        std::thread::Builder::new().name("usbtmc".to_owned()).spawn(move || {
            let mut buffer = vec![0; CHUNK];
            while let Ok(ask) = asked.recv() {
                let result = match ask {
                    // One command, one write: the kernel makes a message of each.
                    Ask::Write(bytes) => match file.write(&bytes) {
                        Ok(count) if count == bytes.len() => Ok(Vec::new()),
                        Ok(_) => Err(InstrumentFault::Protocol("took part of a command only".to_owned())),
                        Err(error) => Err(fault_of(&error)),
                    },
                    Ask::Read(most) => match file.read(buffer.get_mut(..most).unwrap_or_default()) {
                        Ok(0) => Err(InstrumentFault::Disconnected),
                        Ok(count) => Ok(buffer.get(..count).unwrap_or_default().to_vec()),
                        Err(error) => Err(fault_of(&error)),
                    },
                };
                if answer.send(result).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self::over(asks, answers, patience))
    }

    /// One whose file is asked through these.
    fn over(
        asks: std::sync::mpsc::Sender<Ask>,
        answers: mpsc::UnboundedReceiver<Answer>,
        patience: u64,
    ) -> Self {
        let clock = RealClock::new();
        Self { asks, answers, reading: false, late: 0, rest: Vec::new(), clock, patience }
    }

    fn ask(&self, ask: Ask) -> Result<(), InstrumentFault> {
        self.asks.send(ask).map_err(|_| InstrumentFault::Disconnected)
    }

    /// What the file's owner answers; `None` when it has not by then. That the kernel's own patience is over is an answer.
    async fn answer(&mut self, deadline: u64) -> Option<Answer> {
        loop {
            match tokio::time::timeout(self.clock.until(deadline), self.answers.recv()).await {
                Ok(Some(_)) if self.late > 0 => self.late -= 1,
                Ok(Some(answer)) => return Some(answer),
                Ok(None) => return Some(Err(InstrumentFault::Disconnected)),
                Err(_) => return None,
            }
        }
    }

    fn hand_over(&mut self, buffer: &mut [u8]) -> usize {
        let count = self.rest.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(self.rest.drain(..count)) {
            *to = from;
        }
        count
    }
}

#[async_trait]
impl Port for UsbtmcPort {
    fn now(&self) -> u64 {
        self.clock.elapsed()
    }

    async fn read(&mut self, buffer: &mut [u8], deadline: u64) -> Result<usize, InstrumentFault> {
        if !self.rest.is_empty() {
            return Ok(self.hand_over(buffer));
        }
        // Asking an instrument that has nothing to say is an error on its side: without time to wait, nothing is asked.
        if !self.reading && self.clock.until(deadline).is_zero() {
            return Err(InstrumentFault::Timeout);
        }
        if !self.reading {
            self.ask(Ask::Read(CHUNK.min(buffer.len().max(1))))?;
            self.reading = true;
        }
        let answer = self.answer(deadline).await;
        self.reading = answer.is_none();
        self.rest = answer.unwrap_or(Err(InstrumentFault::Timeout))?;
        Ok(self.hand_over(buffer))
    }

    async fn pause(&mut self, deadline: u64) -> Result<(), InstrumentFault> {
        self.rest.clear();
        tokio::time::sleep(self.clock.until(deadline)).await;
        Ok(())
    }

    async fn write_all(&mut self, bytes: &[u8]) -> Result<(), InstrumentFault> {
        // What an earlier question is still answered with belongs to nobody any more.
        self.late += usize::from(std::mem::take(&mut self.reading));
        self.rest.clear();
        self.ask(Ask::Write(bytes.to_vec()))?;
        let deadline = self.clock.elapsed().saturating_add(self.patience);
        let answer = self.answer(deadline).await;
        self.late += usize::from(answer.is_none());
        answer.unwrap_or(Err(InstrumentFault::Timeout)).map(|_| ())
    }
}

/// Longer than the kernel's own patience, ns.
const PATIENCE: u64 = 6_000_000_000;
/// With a stimulator, ns: the command is on its way all the same, and whoever waits for it longer does not see whether the output is off.
const STIMULATOR: u64 = 400_000_000;

#[cfg(test)]
mod tests {
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;

    use super::*;

    /// A read that was posted to an instrument with nothing to say would block the file, and with it the next command.
    #[tokio::test]
    async fn a_pause_asks_nothing_of_the_instrument() {
        let (own, mut instrument) = UnixStream::pair().unwrap();
        let mut port = UsbtmcPort::new(File::from(OwnedFd::from(own)), PATIENCE).unwrap();
        let before = port.now();
        port.pause(before + 30_000_000).await.unwrap();
        assert!(port.now() >= before + 30_000_000 && !port.reading);
        let written =
            tokio::time::timeout(std::time::Duration::from_secs(2), port.write_all(b"*IDN?\n")).await;
        written.expect("nothing is in its way").unwrap();
        let mut heard = [0; 6];
        instrument.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"*IDN?\n");
    }

    /// The kernel gives a read up at the instant at which nobody waits for it any more: nothing is left that would answer the next
    /// command in its place.
    #[tokio::test]
    async fn a_read_that_the_kernel_has_given_up_is_over_however_late_that_is_heard() {
        let (asks, asked) = std::sync::mpsc::channel();
        let (answer, answers) = mpsc::unbounded_channel();
        let mut port = UsbtmcPort::over(asks, answers, PATIENCE);
        let clock = port.clock;
        let deadline = port.now() + 20_000_000;
        let mut buffer = [0; 16];
        let busy = async {
            answer.send(Err(InstrumentFault::Timeout)).unwrap();
            // This computer does something else until the deadline has passed, too.
            while clock.elapsed() <= deadline {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
        };
        let (read, ()) = tokio::join!(port.read(&mut buffer, deadline), busy);
        assert_eq!(read, Err(InstrumentFault::Timeout));
        assert!(matches!(asked.try_recv(), Ok(Ask::Read(_))));
        answer.send(Ok(Vec::new())).unwrap();
        answer.send(Ok(b"1\n".to_vec())).unwrap();
        port.write_all(b"*OPC?\n").await.unwrap();
        let deadline = port.now() + 1_000_000_000;
        assert_eq!(port.read(&mut buffer, deadline).await, Ok(2));
        assert_eq!(&buffer[..2], b"1\n");
    }

    /// Behind a read that the instrument does not answer the kernel lets no command past.
    #[tokio::test]
    async fn a_command_to_a_stimulator_is_not_waited_for_behind_a_read() {
        let (asks, asked) = std::sync::mpsc::channel();
        let (_answer, answers) = mpsc::unbounded_channel();
        let mut port = UsbtmcPort::over(asks, answers, STIMULATOR);
        port.reading = true;
        let begun = port.now();
        assert_eq!(port.write_all(b"OUTP OFF\n").await, Err(InstrumentFault::Timeout));
        assert!((STIMULATOR..2 * STIMULATOR).contains(&(port.now() - begun)));
        // It goes out as soon as it can, and whoever asks next is not answered in its place.
        assert!(matches!(asked.try_recv(), Ok(Ask::Write(bytes)) if bytes == b"OUTP OFF\n"));
        assert_eq!(port.late, 2);
    }
}
