//! A port to which something happens, once, at an instant: for drills of what a bench does then.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use stimrig_protocol::frame::SYNC;
use stimrig_protocol::{Decoder, Kind, MAX_PAYLOAD, OVERHEAD, encode};

use super::{InstrumentFault, Port};

/// What happens to a wire.
#[derive(Clone)]
pub enum Mishap {
    /// The port is gone.
    Gone,
    /// Nothing arrives any more, either way: what the devices see of a host that was killed.
    Silence,
    /// Replies are lost.
    ReplyLost,
    /// A bit of a reply is flipped.
    ReplyDamaged,
    /// A bit of a request is flipped.
    RequestDamaged,
    /// Blocks of samples are lost.
    BlockLost,
    /// Blocks of samples arrive twice.
    BlockTwice,
    /// A block of samples arrives behind the next one.
    BlocksSwapped,
    /// Somebody is called, who may do what he likes.
    Call(Arc<dyn Fn() + Send + Sync>),
}

impl std::fmt::Debug for Mishap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Gone => "Gone",
            Self::Silence => "Silence",
            Self::ReplyLost => "ReplyLost",
            Self::ReplyDamaged => "ReplyDamaged",
            Self::RequestDamaged => "RequestDamaged",
            Self::BlockLost => "BlockLost",
            Self::BlockTwice => "BlockTwice",
            Self::BlocksSwapped => "BlocksSwapped",
            Self::Call(_) => "Call",
        })
    }
}

/// A mishap and its instant, shared by the wires it may happen to and by whoever wants to know when it did.
#[derive(Debug)]
pub struct Trap {
    mishap: Mishap,
    /// Port time from which on it happens, ns.
    at: u64,
    /// How many requests, replies or blocks it happens to.
    times: u64,
    hits: AtomicU64,
    /// When it happened first, ns; `u64::MAX` while it has not.
    sprung: AtomicU64,
}

impl Trap {
    /// Sets a trap at `at` ns of port time, for so many requests, replies or blocks.
    pub fn new(mishap: Mishap, at: u64, times: u64) -> Self {
        Self { mishap, at, times, hits: AtomicU64::new(0), sprung: AtomicU64::new(u64::MAX) }
    }

    /// When it happened first, ns; `None` while it has not.
    pub fn sprung(&self) -> Option<u64> {
        Some(self.sprung.load(Ordering::SeqCst)).filter(|at| *at != u64::MAX)
    }

    /// Notes that it happens now; true the first time.
    fn spring(&self, now: u64) -> bool {
        self.sprung.compare_exchange(u64::MAX, now, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// Whether it happens to the request, reply or block that arrives now.
    fn hits(&self, now: u64) -> bool {
        let hit = now >= self.at && self.hits.fetch_add(1, Ordering::SeqCst) < self.times;
        if hit {
            self.spring(now);
        }
        hit
    }
}

/// A port behind a [`Trap`].
pub struct TrappedPort {
    port: Box<dyn Port>,
    trap: Arc<Trap>,
    decoder: Decoder<Box<[u8]>>,
    /// Bytes for the host, and how many it has read.
    out: Vec<u8>,
    read: usize,
    /// A block that waits for the next one to pass it.
    held: Option<Vec<u8>>,
}

impl TrappedPort {
    /// Puts a trap on a port.
    pub fn new(port: Box<dyn Port>, trap: Arc<Trap>) -> Self {
        let decoder = Decoder::new(vec![0; 2 * (MAX_PAYLOAD + OVERHEAD)].into_boxed_slice());
        Self { port, trap, decoder, out: Vec::new(), read: 0, held: None }
    }

    /// What happens to every call from the instant on: `Ok(true)` when nothing arrives any more.
    fn step_on(&self) -> Result<bool, InstrumentFault> {
        let now = self.port.now();
        if now < self.trap.at {
            return Ok(false);
        }
        match &self.trap.mishap {
            Mishap::Gone => {
                self.trap.spring(now);
                Err(InstrumentFault::Disconnected)
            }
            Mishap::Silence => {
                self.trap.spring(now);
                Ok(true)
            }
            Mishap::Call(call) => {
                if self.trap.spring(now) {
                    call();
                }
                Ok(false)
            }
            _ => Ok(false),
        }
    }

    fn happens_to(&self, kind: Kind) -> bool {
        let reply = matches!(kind, Kind::StimulatorReply | Kind::LoadReply);
        let request = matches!(kind, Kind::StimulatorRequest | Kind::LoadRequest);
        match self.trap.mishap {
            Mishap::ReplyLost | Mishap::ReplyDamaged => reply,
            Mishap::RequestDamaged => request,
            Mishap::BlockLost | Mishap::BlockTwice | Mishap::BlocksSwapped => kind == Kind::Samples,
            Mishap::Gone | Mishap::Silence | Mishap::Call(_) => false,
        }
    }

    /// Passes on the frames that are whole.
    fn pass_on(&mut self) {
        if self.read == self.out.len() {
            self.out.clear();
            self.read = 0;
        }
        let now = self.port.now();
        let mut frames = Vec::new();
        while let Some(frame) = self.decoder.pull() {
            let mut bytes = vec![0; frame.payload.len() + OVERHEAD];
            if encode(&mut bytes, frame.kind, frame.sequence, frame.payload).is_ok() {
                frames.push((frame.kind, bytes));
            }
        }
        for (kind, mut bytes) in frames {
            let hit = self.happens_to(kind) && self.trap.hits(now);
            match (&self.trap.mishap, hit) {
                (Mishap::ReplyLost | Mishap::BlockLost, true) => continue,
                (Mishap::ReplyDamaged, true) => {
                    // Somewhere in its payload or checksum, never twice in the same place.
                    let at = OVERHEAD.min(bytes.len() - 1)
                        + (now as usize % bytes.len().saturating_sub(OVERHEAD).max(1));
                    flip(&mut bytes, at, now);
                }
                (Mishap::BlockTwice, true) => self.out.extend_from_slice(&bytes),
                (Mishap::BlocksSwapped, true) if self.held.is_none() => {
                    self.held = Some(bytes);
                    continue;
                }
                _ => {}
            }
            self.out.extend_from_slice(&bytes);
            if kind == Kind::Samples {
                self.out.extend(self.held.take().into_iter().flatten());
            }
        }
    }
}

#[async_trait]
impl Port for TrappedPort {
    fn now(&self) -> u64 {
        self.port.now()
    }

    async fn read(&mut self, buffer: &mut [u8], deadline: u64) -> Result<usize, InstrumentFault> {
        loop {
            let silent = self.step_on()?;
            let waiting = self.out.get(self.read..).unwrap_or_default();
            if !waiting.is_empty() && !silent {
                let count = waiting.len().min(buffer.len());
                if let (Some(to), Some(from)) = (buffer.get_mut(..count), waiting.get(..count)) {
                    to.copy_from_slice(from);
                }
                self.read += count;
                return Ok(count);
            }
            // Even what nobody hears takes its time.
            let count = self.port.read(self.decoder.spare(), deadline).await?;
            self.decoder.filled(count);
            self.pass_on();
        }
    }

    async fn write_all(&mut self, bytes: &[u8]) -> Result<(), InstrumentFault> {
        if self.step_on()? {
            return Ok(());
        }
        let now = self.port.now();
        // A host writes a request as a whole; what begins no frame is none.
        let kind = bytes.strip_prefix(&SYNC).and_then(|rest| rest.get(1)).copied().and_then(Kind::from_byte);
        if kind.is_some_and(|kind| self.happens_to(kind)) && self.trap.hits(now) {
            let mut damaged = bytes.to_vec();
            // Anywhere, the sync word and the length included: the device must find the next request all the same.
            flip(&mut damaged, now as usize % bytes.len().max(1), now);
            return self.port.write_all(&damaged).await;
        }
        self.port.write_all(bytes).await
    }
}

/// Flips a bit of byte `at`, another one at another instant.
fn flip(bytes: &mut [u8], at: usize, now: u64) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << (now % 8);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Keeps what is written, at an instant of its own.
    struct Written {
        now: u64,
        bytes: Arc<Mutex<Vec<u8>>>,
    }

    #[async_trait]
    impl Port for Written {
        fn now(&self) -> u64 {
            self.now
        }

        async fn read(&mut self, _: &mut [u8], _: u64) -> Result<usize, InstrumentFault> {
            Err(InstrumentFault::Timeout)
        }

        async fn write_all(&mut self, bytes: &[u8]) -> Result<(), InstrumentFault> {
            self.bytes.lock().unwrap().extend_from_slice(bytes);
            Ok(())
        }
    }

    /// What of four writes reaches a device as a frame, with a trap for two from 100 ns on.
    #[tokio::test]
    async fn a_damaged_request_is_none_and_the_next_one_is_heard() {
        let mut request = [0; 3 + OVERHEAD];
        encode(&mut request, Kind::StimulatorRequest, 7, b"abc").unwrap();
        // Every bit of every byte is hit by some instant.
        for instant in 100..100 + 8 * request.len() as u64 {
            let trap = Arc::new(Trap::new(Mishap::RequestDamaged, 100, 2));
            let mut decoder = Decoder::new([0; 256]);
            let mut arrived = Vec::new();
            for now in [99, instant, instant, instant] {
                let bytes = Arc::new(Mutex::new(Vec::new()));
                let port = Box::new(Written { now, bytes: Arc::clone(&bytes) });
                let mut port = TrappedPort::new(port, Arc::clone(&trap));
                // What begins no frame is passed on as it is, and uses nothing up.
                port.write_all(&[0; 4]).await.unwrap();
                port.write_all(&request).await.unwrap();
                let bytes = bytes.lock().unwrap().clone();
                decoder.push(&bytes);
                arrived.push(std::iter::from_fn(|| decoder.pull().map(|frame| frame.sequence)).count());
            }
            assert_eq!(arrived, [1, 0, 0, 1], "at {instant} ns");
            assert_eq!(trap.sprung(), Some(instant));
        }
    }
}
