//! The board's end of the wire: bytes in, replies out.

use stimrig_protocol::stimulator::{Refusal, Reply, Request};
use stimrig_protocol::{Decoder, Kind, MESSAGE_FRAME, decode_message, encode_message};

use crate::{Board, Hal, Policy};

/// A frame comes in one piece: a pause this long within one is its end, ns. Shorter than a host waits before it asks again, so that
/// its next attempt is heard, whatever half of a frame lies before it.
const SILENCE: u64 = 25_000_000;

/// A board on a byte stream. It executes each sequence number once and repeats its reply when asked again.
#[derive(Debug, Clone)]
pub struct Endpoint<P> {
    board: Board<P>,
    decoder: Decoder<[u8; MESSAGE_FRAME]>,
    last: Option<(u16, Reply)>,
    /// When the last byte came, ticks.
    heard: u64,
}

impl<P: Policy> Endpoint<P> {
    /// Puts a board on a byte stream.
    pub fn new(board: Board<P>) -> Self {
        Self { board, decoder: Decoder::new([0; MESSAGE_FRAME]), last: None, heard: 0 }
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
        if now.saturating_sub(self.heard) >= self.board.spec().ticks(SILENCE) {
            // Whole frames were taken when they came: what is left would make a stop wait for the rest of another message.
            self.decoder = Decoder::new([0; MESSAGE_FRAME]);
        }
        self.heard = now;
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

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use stimrig_protocol::stimulator::State;

    use super::*;
    use crate::plan::tests::{program, spec};
    use crate::{AsDesigned, Line, Output, Reading};

    struct Nothing;

    impl Hal for Nothing {
        fn output(&mut self, _: Output) {}

        fn sense(&mut self, _: [usize; 2]) -> Reading {
            Reading::default()
        }

        fn toggle(&mut self, _: Line) {}
    }

    fn frame(sequence: u16, request: &Request) -> Vec<u8> {
        let mut buffer = [0; MESSAGE_FRAME];
        let length = encode_message(&mut buffer, Kind::StimulatorRequest, sequence, request).unwrap();
        buffer[..length].to_vec()
    }

    /// How many replies come to bytes at a tick.
    fn replies(endpoint: &mut Endpoint<AsDesigned>, tick: u64, bytes: &[u8]) -> usize {
        let mut count = 0;
        endpoint.receive(tick, bytes, &mut Nothing, |_| count += 1);
        count
    }

    #[test]
    fn half_a_frame_does_not_keep_a_stop_from_being_heard() {
        let mut endpoint = Endpoint::new(Board::new(spec(), AsDesigned));
        let load = frame(1, &Request::Load(program()));
        assert_eq!(replies(&mut endpoint, 0, &load), 1);
        assert_eq!(replies(&mut endpoint, 0, &frame(2, &Request::Start)), 1);
        // A host is killed in the middle of a message; the next one says stop, 50 ms later.
        assert_eq!(replies(&mut endpoint, 1_000, &frame(3, &Request::Load(program()))[..40]), 0);
        assert_eq!(replies(&mut endpoint, 51_000, &frame(4, &Request::Stop)), 1);
        assert_eq!(endpoint.board().status().state, State::Idle);
    }

    #[test]
    fn a_frame_that_comes_in_pieces_is_heard() {
        let mut endpoint = Endpoint::new(Board::new(spec(), AsDesigned));
        let load = frame(1, &Request::Load(program()));
        let (early, late) = load.split_at(40);
        assert_eq!(replies(&mut endpoint, 100_000, early), 0);
        assert_eq!(replies(&mut endpoint, 120_000, late), 1);
    }
}
