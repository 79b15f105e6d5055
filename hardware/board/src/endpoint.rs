//! The board's end of the wire: bytes in, replies out.

use stimrig_protocol::stimulator::{Refusal, Reply, Request};
use stimrig_protocol::{Decoder, Kind, MESSAGE_FRAME, decode_message, encode_message};

use crate::{Board, Hal, Policy};

/// A board on a byte stream. It executes each sequence number once and repeats its reply when asked again.
#[derive(Debug, Clone)]
pub struct Endpoint<P> {
    board: Board<P>,
    decoder: Decoder<[u8; MESSAGE_FRAME]>,
    last: Option<(u16, Reply)>,
}

impl<P: Policy> Endpoint<P> {
    /// Puts a board on a byte stream.
    pub fn new(board: Board<P>) -> Self {
        Self { board, decoder: Decoder::new([0; MESSAGE_FRAME]), last: None }
    }

    /// The board.
    pub fn board(&self) -> &Board<P> {
        &self.board
    }

    /// The board, to call its deadlines.
    pub fn board_mut(&mut self) -> &mut Board<P> {
        &mut self.board
    }

    /// Power is back after it was lost: the conversation begins anew.
    pub fn power_on(&mut self, now: u64, hal: &mut impl Hal) {
        self.decoder = Decoder::new([0; MESSAGE_FRAME]);
        self.last = None;
        self.board.power_on(now, hal);
    }

    /// Takes bytes received at `now` and hands the frame of each reply to `send`. With the core stopped nobody reads them.
    pub fn receive(&mut self, now: u64, mut bytes: &[u8], hal: &mut impl Hal, mut send: impl FnMut(&[u8])) {
        if self.board.is_halted() {
            return;
        }
        loop {
            let taken = self.decoder.push(bytes);
            bytes = bytes.get(taken..).unwrap_or_default();
            while let Some(frame) = self.decoder.pull() {
                if frame.kind != Kind::StimulatorRequest {
                    continue;
                }
                let sequence = frame.sequence;
                let request = decode_message::<Request>(frame.payload);
                // A hello begins a conversation, whatever the numbers of the one before.
                let again = !matches!(request, Ok(Request::Hello { .. }));
                let reply = match &self.last {
                    Some((last, reply)) if again && *last == sequence => {
                        self.board.alive(now);
                        reply.clone()
                    }
                    _ => match request {
                        Ok(request) => self.board.handle(now, &request, hal),
                        Err(_) => Reply::Refused(Refusal::Malformed),
                    },
                };
                let mut buffer = [0; MESSAGE_FRAME];
                if let Ok(length) = encode_message(&mut buffer, Kind::StimulatorReply, sequence, &reply) {
                    send(buffer.get(..length).unwrap_or_default());
                }
                self.last = Some((sequence, reply));
            }
            if bytes.is_empty() {
                return;
            }
        }
    }
}
