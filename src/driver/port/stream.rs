//! A port over any stream of bytes that the runtime can wait for.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::instrument::{InstrumentFault, Port};

use super::{RealClock, fault_of};

/// Bytes taken from the operating system at once: more than it keeps for a pseudo-terminal or a USB port.
const CHUNK: usize = 64 << 10;
/// Bytes read ahead at most. Beyond, the sender is left waiting.
const AHEAD: usize = 32 << 20;
/// How long a busy computer may let this process, or a simulator in another one, wait for its turn, ns.
const SLACK: u64 = 50_000_000;
/// Patience with a device that does not take what is written to it: what the operating system keeps for it is full, of which a request
/// is a hundredth. A stop may be behind this, so it is no longer than one exchange.
const WRITE: Duration = Duration::from_millis(250);

/// A port whose bytes are read ahead: the operating system keeps only 12 kB of a pseudo-terminal and 64 kB of a
/// USB port, which is a few milliseconds of samples.
pub(super) struct StreamPort<S> {
    inbox: Arc<Inbox>,
    writer: WriteHalf<S>,
    reader: JoinHandle<()>,
    clock: RealClock,
}

/// What has been read and not yet been asked for.
#[derive(Default)]
struct Inbox {
    state: Mutex<State>,
    /// Something arrived, or the port is gone.
    arrived: Notify,
    /// There is room again.
    taken: Notify,
}

#[derive(Default)]
struct State {
    bytes: VecDeque<u8>,
    gone: Option<InstrumentFault>,
}

impl Inbox {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: AsyncRead + AsyncWrite + Send + 'static> StreamPort<S> {
    /// A port over `stream`, which belongs to the current runtime.
    pub(super) fn new(stream: S) -> Self {
        let (reading, writer) = tokio::io::split(stream);
        let inbox = Arc::new(Inbox::default());
        let reader = tokio::spawn(read_ahead(reading, Arc::clone(&inbox)));
        Self { inbox, writer, reader, clock: RealClock::new() }
    }

    /// Moves what has arrived out; `None` when there is nothing.
    fn take(&self, buffer: &mut [u8]) -> Option<Result<usize, InstrumentFault>> {
        let mut state = self.inbox.state();
        if state.bytes.is_empty() {
            return state.gone.clone().map(Err);
        }
        // Reading from memory cannot fail.
        let count = state.bytes.read(buffer).unwrap_or(0);
        self.inbox.taken.notify_one();
        Some(Ok(count))
    }
}

async fn read_ahead<S: AsyncRead>(mut stream: ReadHalf<S>, inbox: Arc<Inbox>) {
    let mut chunk = vec![0; CHUNK];
    loop {
        while inbox.state().bytes.len() >= AHEAD {
            inbox.taken.notified().await;
        }
        let gone = match stream.read(&mut chunk).await {
            // A read of nothing is how a hang-up looks; it would be read again for ever.
            Ok(0) => Some(InstrumentFault::Disconnected),
            Ok(count) => {
                inbox.state().bytes.extend(chunk.get(..count).unwrap_or_default());
                None
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => None,
            Err(error) => Some(fault_of(&error)),
        };
        let ends = gone.is_some();
        if ends {
            inbox.state().gone = gone;
        }
        inbox.arrived.notify_one();
        if ends {
            return;
        }
    }
}

#[async_trait]
impl<S: AsyncRead + AsyncWrite + Send + 'static> Port for StreamPort<S> {
    fn now(&self) -> u64 {
        self.clock.elapsed()
    }

    fn slack(&self) -> u64 {
        SLACK
    }

    async fn read(&mut self, buffer: &mut [u8], deadline: u64) -> Result<usize, InstrumentFault> {
        if buffer.is_empty() {
            return Err(InstrumentFault::Protocol("no room to read into".to_owned()));
        }
        loop {
            if let Some(result) = self.take(buffer) {
                return result;
            }
            let wait = self.clock.until(deadline);
            if wait.is_zero() || tokio::time::timeout(wait, self.inbox.arrived.notified()).await.is_err() {
                // Whatever the operating system has is read before the answer is that there is nothing: this process may
                // have waited for its turn while the bytes were there.
                tokio::task::yield_now().await;
                return self.take(buffer).unwrap_or(Err(InstrumentFault::Timeout));
            }
        }
    }

    async fn write_all(&mut self, bytes: &[u8]) -> Result<(), InstrumentFault> {
        if let Some(gone) = &self.inbox.state().gone {
            return Err(gone.clone());
        }
        let written = async {
            self.writer.write_all(bytes).await?;
            self.writer.flush().await
        };
        match tokio::time::timeout(WRITE, written).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(fault_of(&error)),
            Err(_) => Err(InstrumentFault::Timeout),
        }
    }
}

impl<S> Drop for StreamPort<S> {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use stimrig_protocol::stimulator::{Reply, Request};
    use tokio::net::UnixStream;

    use super::*;
    use crate::instrument::Link;

    /// What is full is full for the next attempt too: a stop to a device that takes nothing holds up the interlock no longer than one
    /// that is not answered.
    #[tokio::test]
    async fn a_device_that_takes_nothing_does_not_hold_up_a_stop() {
        let (own, _deaf) = UnixStream::pair().unwrap();
        own.writable().await.unwrap();
        while own.try_write(&[0; 4096]).is_ok() {}
        let mut link = Link::new(Box::new(StreamPort::new(own)), 0);
        let begun = Instant::now();
        let stopped = link.exchange::<Reply>(&Request::Stop, 25_000_000, &mut |_| {}).await;
        assert_eq!(stopped, Err(InstrumentFault::Timeout));
        assert!(begun.elapsed() < Duration::from_millis(900), "{:?}", begun.elapsed());
        assert_eq!(link.counters().total(), 1);
    }
}
