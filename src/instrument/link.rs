//! Requests and replies over a byte stream.

use stimrig_protocol::{Decoder, Frame, Kind, MESSAGE_FRAME, OVERHEAD, decode_message, encode_message};

use super::{InstrumentFault, LinkCounters, Port};

/// A request is sent so often before it is given up. The device executes a sequence number once and repeats its
/// reply, so every request may be repeated.
const ATTEMPTS: u32 = 4;

/// Takes the frames that are no reply (sample blocks), in order of arrival.
pub type Aside<'a> = dyn FnMut(Frame<'_>) + Send + 'a;

/// A reply type: which frames carry it.
pub trait Reply: serde::de::DeserializeOwned + Send {
    /// Kind of the request's frame.
    const REQUEST: Kind;
    /// Kind of the reply's frame.
    const REPLY: Kind;
}

impl Reply for stimrig_protocol::stimulator::Reply {
    const REQUEST: Kind = Kind::StimulatorRequest;
    const REPLY: Kind = Kind::StimulatorReply;
}

impl Reply for stimrig_protocol::load::Reply {
    const REQUEST: Kind = Kind::LoadRequest;
    const REPLY: Kind = Kind::LoadReply;
}

/// The host's end of the wire: framing, sequence numbers, deadlines and the one retry policy.
pub struct Link {
    port: Box<dyn Port>,
    decoder: Decoder<Box<[u8]>>,
    sequence: u16,
    counters: LinkCounters,
    heard: Heard,
    /// When the last byte came, in the port's time.
    last_heard: u64,
}

/// What came in during one exchange, to say what is wrong when none of it was the reply.
#[derive(Debug, Default)]
struct Heard {
    /// The first bytes.
    bytes: Vec<u8>,
    /// Whole frames, and the host's own among them.
    frames: u64,
    echoes: u64,
}

impl Heard {
    /// As much as shows what kind of device it is.
    const SHOWN: usize = 24;

    fn take(&mut self, bytes: &[u8]) {
        let room = Self::SHOWN.saturating_sub(self.bytes.len());
        self.bytes.extend(bytes.iter().take(room));
    }

    /// Why nothing of it was the reply.
    fn explained(&self) -> InstrumentFault {
        if self.echoes > 0 {
            return InstrumentFault::Protocol(
                "it sends back what it is sent: a looped cable, or a device that echoes".to_owned(),
            );
        }
        if self.frames > 0 || self.bytes.is_empty() {
            return InstrumentFault::Timeout;
        }
        let text: String =
            self.bytes.iter().map(|byte| std::ascii::escape_default(*byte).to_string()).collect();
        InstrumentFault::Protocol(format!("it speaks another protocol: `{text}`"))
    }
}

impl Link {
    /// A link over `port` for frames with a payload of up to `payload` bytes.
    pub fn new(port: Box<dyn Port>, payload: usize) -> Self {
        // Twice the longest frame: the rest of one may arrive together with the next.
        let storage = vec![0; 2 * (payload + OVERHEAD).max(MESSAGE_FRAME)];
        let decoder = Decoder::new(storage.into_boxed_slice());
        Self {
            port,
            decoder,
            sequence: 0,
            counters: LinkCounters::default(),
            heard: Heard::default(),
            last_heard: 0,
        }
    }

    /// The port's time, ns.
    pub fn now(&self) -> u64 {
        self.port.now()
    }

    /// What had to be put right so far. An attempt that failed is counted once: as rejected when its reply arrived
    /// damaged, as lost when it was the last, else as retried.
    pub fn counters(&self) -> LinkCounters {
        self.counters
    }

    /// Sample blocks found missing, which only the reader of the stream can know.
    pub fn count_lost_blocks(&mut self, blocks: u64) {
        self.counters.lost_blocks += blocks;
    }

    /// Sends a request and awaits its reply, `patience` ns for each attempt.
    ///
    /// # Errors
    /// [`InstrumentFault::Timeout`] when no attempt was answered, [`InstrumentFault::Protocol`] for an answer that is
    /// none, and what the port says.
    pub async fn exchange<R: Reply>(
        &mut self,
        request: &(impl serde::Serialize + Sync),
        patience: u64,
        aside: &mut Aside<'_>,
    ) -> Result<R, InstrumentFault> {
        self.sequence = self.sequence.wrapping_add(1);
        let mut buffer = [0; MESSAGE_FRAME];
        let length = encode_message(&mut buffer, R::REQUEST, self.sequence, request)
            .map_err(|error| InstrumentFault::Protocol(error.to_string()))?;
        let frame = buffer.get(..length).unwrap_or_default();
        self.heard = Heard::default();
        let mut attempt = 1;
        loop {
            let damage = self.decoder.skipped();
            // What does not take a request has not heard those before it either: to write again only makes the next stop wait.
            if let Err(fault) = self.port.write_all(frame).await {
                self.counters.lost += 1;
                return Err(fault);
            }
            let fault = match self.answer(patience, aside).await {
                Ok(reply) => return Ok(reply),
                Err(fault) => fault,
            };
            if fault != InstrumentFault::Timeout || attempt == ATTEMPTS {
                self.counters.lost += 1;
                let timed_out = fault == InstrumentFault::Timeout;
                return Err(if timed_out { self.heard.explained() } else { fault });
            }
            // Silence in the middle of a frame: what comes next begins a new one. One that is still arriving goes on.
            if self.port.now().saturating_sub(self.last_heard) >= patience / 2 {
                self.decoder.expire();
            }
            if self.decoder.skipped() > damage {
                self.counters.rejected += 1;
            } else {
                self.counters.retried += 1;
            }
            attempt += 1;
        }
    }

    /// Completes whatever half of a frame a host before this one left in the device: bytes that begin no frame, as many as
    /// the longest message has.
    ///
    /// # Errors
    /// What the port says.
    pub async fn resynchronise(&mut self) -> Result<(), InstrumentFault> {
        self.port.write_all(&[0; MESSAGE_FRAME]).await
    }

    /// Asks a device of another kind than the expected one, once, and counts nothing: is it that which is there?
    ///
    /// # Errors
    /// As [`Link::exchange`].
    pub async fn ask_stranger<R: Reply>(
        &mut self,
        request: &(impl serde::Serialize + Sync),
        patience: u64,
    ) -> Result<R, InstrumentFault> {
        self.sequence = self.sequence.wrapping_add(1);
        let mut buffer = [0; MESSAGE_FRAME];
        let length = encode_message(&mut buffer, R::REQUEST, self.sequence, request)
            .map_err(|error| InstrumentFault::Protocol(error.to_string()))?;
        self.decoder.expire();
        self.port.write_all(buffer.get(..length).unwrap_or_default()).await?;
        self.answer(patience, &mut |_| {}).await
    }

    /// Reads what has arrived, without waiting. Returns false when there was nothing.
    ///
    /// # Errors
    /// What the port says.
    pub async fn poll(&mut self, aside: &mut Aside<'_>) -> Result<bool, InstrumentFault> {
        let deadline = self.port.now();
        match self.fill(deadline).await {
            Ok(()) => {}
            Err(InstrumentFault::Timeout) => return Ok(false),
            Err(fault) => return Err(fault),
        }
        while let Some(frame) = self.decoder.pull() {
            aside(frame);
        }
        Ok(true)
    }

    /// The reply to the request that was written last.
    async fn answer<R: Reply>(&mut self, patience: u64, aside: &mut Aside<'_>) -> Result<R, InstrumentFault> {
        let deadline = self.port.now().saturating_add(patience).saturating_add(self.port.slack());
        loop {
            self.fill(deadline).await?;
            let mut reply = None;
            while let Some(frame) = self.decoder.pull() {
                self.heard.frames += 1;
                self.heard.echoes += u64::from(frame.kind == R::REQUEST);
                if frame.kind == Kind::Samples {
                    aside(frame);
                } else if frame.kind == R::REPLY && frame.sequence == self.sequence {
                    reply = Some(decode_message::<R>(frame.payload));
                }
                // Anything else is the late answer to an attempt that has been counted.
            }
            if let Some(reply) = reply {
                return reply.map_err(|error| InstrumentFault::Protocol(error.to_string()));
            }
            if self.port.now() >= deadline {
                return Err(InstrumentFault::Timeout);
            }
        }
    }

    async fn fill(&mut self, deadline: u64) -> Result<(), InstrumentFault> {
        let room = self.decoder.spare();
        let count = self.port.read(room, deadline).await?;
        self.last_heard = self.port.now();
        self.heard.take(room.get(..count).unwrap_or_default());
        self.decoder.filled(count);
        Ok(())
    }
}
