//! The stream of sample blocks: order, losses, and codes in the host's integers.

use stimrig_protocol::Frame;
use stimrig_protocol::block::{Block as WireBlock, Stream};

use crate::instrument::marker_bit;
use crate::signal::{Block, BlockSink, Marker, StreamKind};

/// Most bytes kept while nobody drains: as many as the device holds. Frames beyond are gone, which their numbers show.
const MOST_KEPT: usize = 32 << 20;

/// What has been received of one stream.
#[derive(Debug, Clone, Copy, Default)]
struct Received {
    /// Index of the next sample.
    next: u64,
}

/// Reads sample frames in order of arrival. Its buffers are reused from block to block.
#[derive(Debug, Default)]
pub(super) struct Samples {
    sequence: Option<u16>,
    /// Planes of a fast block, as they were asked for.
    planes: Option<usize>,
    fast: Received,
    slow: Received,
    codes: Vec<i16>,
    markers: Vec<Marker>,
    /// Frames that came in while a reply was awaited: sequence, length, payload, one after the other.
    backlog: Vec<u8>,
    lost_blocks: u64,
}

impl Samples {
    /// A stream begins, of so many fast channels.
    pub(super) fn restart(&mut self, channels: usize) {
        self.sequence = None;
        self.planes = Some(channels);
        self.fast = Received::default();
        self.slow = Received::default();
        self.backlog.clear();
    }

    /// Keeps a frame for later.
    pub(super) fn keep(&mut self, frame: Frame<'_>) {
        if self.backlog.len() + frame.payload.len() > MOST_KEPT {
            return;
        }
        let length = u32::try_from(frame.payload.len()).unwrap_or(0);
        self.backlog.extend_from_slice(&frame.sequence.to_le_bytes());
        self.backlog.extend_from_slice(&length.to_le_bytes());
        self.backlog.extend_from_slice(frame.payload);
    }

    /// Hands over what was kept; returns how many blocks.
    pub(super) fn take_kept(&mut self, sink: &mut dyn BlockSink) -> usize {
        let backlog = std::mem::take(&mut self.backlog);
        let mut rest = backlog.as_slice();
        let mut blocks = 0;
        while let Some((sequence, after)) = rest.split_first_chunk::<2>()
            && let Some((length, after)) = after.split_first_chunk::<4>()
            && let Some((payload, after)) = after.split_at_checked(u32::from_le_bytes(*length) as usize)
        {
            blocks += usize::from(self.take(u16::from_le_bytes(*sequence), payload, sink));
            rest = after;
        }
        self.backlog = backlog;
        self.backlog.clear();
        blocks
    }

    /// Hands over one block; false for one that is none, that has been seen, or that has other planes than were asked for.
    pub(super) fn take(&mut self, sequence: u16, payload: &[u8], sink: &mut dyn BlockSink) -> bool {
        let Some(block) = WireBlock::parse(payload) else { return false };
        let head = block.head;
        // A plane that is not there would be a channel on which nothing flows: such a block is as good as lost.
        let asked = self.planes.filter(|_| head.stream == Stream::Fast);
        if asked.is_some_and(|asked| asked != usize::from(head.planes)) {
            return false;
        }
        let (stream, received) = match head.stream {
            Stream::Fast => (StreamKind::Fast, &mut self.fast),
            Stream::Slow => (StreamKind::Slow, &mut self.slow),
        };
        if head.first < received.next {
            return false;
        }
        let missing = u64::from(sequence.wrapping_sub(self.sequence.unwrap_or(0)));
        let lost = head.first - received.next;
        // Samples that are missing without a number that is: the device had no room for them.
        let dropped = missing == 0 && lost > 0;
        self.lost_blocks += missing + u64::from(dropped);
        self.sequence = Some(sequence.wrapping_add(1));
        received.next = head.first + u64::from(head.count);
        self.codes.clear();
        self.codes.extend(block.codes());
        self.markers.clear();
        self.markers.extend(block.changes().filter_map(|change| {
            let sample = head.first + u64::from(change.after);
            marker_bit(change.bit).map(|bit| Marker { sample, bit, value: change.value })
        }));
        let count = usize::from(head.count);
        let (codes, markers) = (self.codes.as_slice(), self.markers.as_slice());
        sink.block(&Block { stream, first: head.first, count, codes, markers, lost });
        true
    }

    /// Blocks found missing since the last call.
    pub(super) fn lost_blocks(&mut self) -> u64 {
        std::mem::take(&mut self.lost_blocks)
    }
}

#[cfg(test)]
mod tests {
    use stimrig_protocol::Decoder;
    use stimrig_protocol::block::{Head, encode_block};

    use super::*;

    #[derive(Default)]
    struct Seen(Vec<(u64, usize, u64)>);

    impl BlockSink for Seen {
        fn block(&mut self, block: &Block<'_>) {
            self.0.push((block.first, block.count, block.lost));
        }
    }

    fn send(samples: &mut Samples, sink: &mut Seen, sequence: u16, first: u64, lost: u64) {
        let head = Head { stream: Stream::Fast, planes: 1, count: 10, first, lost };
        let mut buffer = [0; 128];
        let length = encode_block(&mut buffer, sequence, &head, &[], &[7; 10]).unwrap();
        let mut decoder = Decoder::new([0; 128]);
        decoder.push(&buffer[..length]);
        let frame = decoder.pull().unwrap();
        samples.take(frame.sequence, frame.payload, sink);
    }

    #[test]
    fn a_host_that_never_drains_loses_samples_and_no_memory() {
        let (mut samples, mut sink) = (Samples::default(), Seen::default());
        let mut buffer = vec![0; 1 << 16];
        let codes = vec![7; 20_000];
        let frames = MOST_KEPT / 40_000 + 5;
        for k in 0..frames {
            let head =
                Head { stream: Stream::Fast, planes: 1, count: 20_000, first: 20_000 * k as u64, lost: 0 };
            let length = encode_block(&mut buffer, k as u16, &head, &[], &codes).unwrap();
            let mut decoder = Decoder::new(vec![0; 1 << 16]);
            decoder.push(&buffer[..length]);
            samples.keep(decoder.pull().unwrap());
        }
        assert!(samples.backlog.len() <= MOST_KEPT);
        let kept = samples.take_kept(&mut sink);
        assert!(kept < frames && kept + 10 > frames);
        // What was dropped is missed as soon as the next block arrives.
        send(&mut samples, &mut sink, frames as u16, 20_000 * frames as u64, 0);
        assert_eq!(sink.0.last(), Some(&(20_000 * frames as u64, 10, 20_000 * (frames - kept) as u64)));
        assert_eq!(samples.lost_blocks(), (frames - kept) as u64);
    }

    #[test]
    fn a_gap_is_counted_in_blocks_and_said_in_samples() {
        let (mut samples, mut sink) = (Samples::default(), Seen::default());
        send(&mut samples, &mut sink, 0, 0, 0);
        send(&mut samples, &mut sink, 3, 30, 0);
        assert_eq!((sink.0.as_slice(), samples.lost_blocks()), (&[(0, 10, 0), (30, 10, 20)][..], 2));
        // A block received twice is taken once.
        send(&mut samples, &mut sink, 3, 30, 0);
        assert_eq!((sink.0.len(), samples.lost_blocks()), (2, 0));
        // The device had no room for five samples.
        send(&mut samples, &mut sink, 4, 45, 5);
        assert_eq!((sink.0.last(), samples.lost_blocks()), (Some(&(45, 10, 5)), 1));
    }

    /// Two channels were asked for: a block of one is missed like any other that did not come.
    #[test]
    fn a_block_of_other_planes_is_lost() {
        let (mut samples, mut sink) = (Samples::default(), Seen::default());
        samples.restart(2);
        send(&mut samples, &mut sink, 0, 0, 0);
        assert!(sink.0.is_empty());
        samples.restart(1);
        send(&mut samples, &mut sink, 1, 10, 0);
        assert_eq!((sink.0.as_slice(), samples.lost_blocks()), (&[(10, 10, 10)][..], 1));
    }
}
