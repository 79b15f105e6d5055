//! Wires that damage, drop and split what they carry.

use std::collections::VecDeque;

use async_trait::async_trait;
use stimrig::instrument::InstrumentFault;
use stimrig::rig::DefectKind::*;
use stimrig::rig::DefectValue::Amount;

use super::*;

/// The same few exchanges on a stimulator whose replies suffer: how often its lines toggled, and the link's counters.
fn suffer(
    kind: DefectKind,
    fraction: f64,
    case_seed: u64,
) -> (usize, usize, stimrig::instrument::LinkCounters) {
    block_on(async {
        let mut rig = Rig::open(&[(kind, Amount(fraction))], case_seed);
        rig.start(&program()).await;
        for _ in 0..20 {
            rig.stimulator.status().await.unwrap();
        }
        rig.stimulator.stop().await.unwrap();
        rig.clock.sleep(MS).await;
        rig.load.drain(&mut rig.recording).await.unwrap();
        let toggles = |bit| rig.recording.changes(bit).len();
        (toggles(MarkerBit::StartTaken), toggles(MarkerBit::StopTaken), rig.stimulator.link())
    })
}

#[test]
fn a_repeated_request_is_executed_once_and_each_failure_counted_once() {
    let (mut retried, mut rejected) = (0, 0);
    for case_seed in 0..30 {
        let (starts, stops, link) = suffer(DropsReplies, 0.05, case_seed);
        assert_eq!((starts, stops, link.rejected, link.lost), (1, 1, 0, 0));
        retried += link.retried;
        let (starts, stops, link) = suffer(CorruptReplies, 0.05, case_seed);
        assert_eq!((starts, stops, link.retried, link.lost), (1, 1, 0, 0));
        rejected += link.rejected;
    }
    // 30 × 23 exchanges, 5 % of the replies: 36 ± 6.
    assert!((18..=60).contains(&retried), "{retried}");
    assert!((18..=60).contains(&rejected), "{rejected}");
}

#[test]
fn an_instrument_that_never_answers_is_given_up() {
    block_on(async {
        let mut rig = Rig::open(&[(DropsReplies, Amount(1.0))], 1);
        let before = rig.clock.now();
        let error = rig.stimulator.identify().await.unwrap_err();
        assert_eq!(error.fault, InstrumentFault::Timeout);
        let link = rig.stimulator.link();
        // Asked again once whatever half of a frame may be in it is complete.
        assert_eq!((link.retried, link.lost, link.total()), (6, 2, 8));
        // Eight attempts of 50 ms of virtual time, and one to see whether a load is there instead.
        assert_eq!(rig.clock.now() - before, 450 * MS);
    });
}

/// Hands out what arrives in pieces of 1 to 64 bytes.
struct Slow {
    port: Box<dyn Port>,
    waiting: VecDeque<u8>,
    piece: usize,
}

#[async_trait]
impl Port for Slow {
    fn now(&self) -> u64 {
        self.port.now()
    }

    async fn read(&mut self, buffer: &mut [u8], deadline: u64) -> Result<usize, InstrumentFault> {
        if self.waiting.is_empty() {
            let mut bytes = vec![0; 1 << 16];
            let count = self.port.read(&mut bytes, deadline).await?;
            self.waiting.extend(&bytes[..count]);
        }
        self.piece = self.piece % 64 + 1;
        let count = self.piece.min(buffer.len()).min(self.waiting.len());
        for (to, from) in buffer.iter_mut().zip(self.waiting.drain(..count)) {
            *to = from;
        }
        Ok(count)
    }

    async fn write_all(&mut self, bytes: &[u8]) -> Result<(), InstrumentFault> {
        for byte in bytes {
            self.port.write_all(&[*byte]).await?;
        }
        Ok(())
    }
}

fn slow(port: Box<dyn Port>) -> Box<dyn Port> {
    Box::new(Slow { port, waiting: VecDeque::new(), piece: 0 })
}

#[test]
fn the_wire_may_split_anything_anywhere() {
    let codes = |stimulator: Wrap, load: Wrap| {
        block_on(async {
            let mut rig = Rig::behind(&[], 1, stimulator, load);
            rig.start(&program()).await;
            rig.wait(60, true).await;
            rig.stimulator.stop().await.unwrap();
            assert_eq!((rig.stimulator.link().total(), rig.load.link().total()), (0, 0));
            rig.recording.codes
        })
    };
    assert_eq!(codes(slow, slow), codes(|port| port, |port| port));
}

/// Swallows 100 bytes out of every 70 000.
struct Leaky {
    port: Box<dyn Port>,
    seen: usize,
}

#[async_trait]
impl Port for Leaky {
    fn now(&self) -> u64 {
        self.port.now()
    }

    async fn read(&mut self, buffer: &mut [u8], deadline: u64) -> Result<usize, InstrumentFault> {
        loop {
            let mut bytes = vec![0; buffer.len()];
            let count = self.port.read(&mut bytes, deadline).await?;
            let seen = self.seen;
            self.seen += count;
            let kept = (seen..).zip(&bytes[..count]).filter(|(at, _)| at % 70_000 < 69_900);
            let mut length = 0;
            for (to, (_, from)) in buffer.iter_mut().zip(kept) {
                *to = *from;
                length += 1;
            }
            if length > 0 {
                return Ok(length);
            }
        }
    }

    async fn write_all(&mut self, bytes: &[u8]) -> Result<(), InstrumentFault> {
        self.port.write_all(bytes).await
    }
}

#[test]
fn lost_samples_are_reported_where_they_are_missing() {
    block_on(async {
        let leaky: Wrap = |port| Box::new(Leaky { port, seen: 0 });
        let mut rig = Rig::behind(&[], 1, |port| port, leaky);
        rig.start(&program()).await;
        rig.wait(400, true).await;
        let (recording, link) = (&rig.recording, rig.load.link());
        // 400 ms of two channels of two bytes are 1.6 MB: some 22 losses, each within one block or across two.
        assert!((15..=30).contains(&recording.gaps), "{}", recording.gaps);
        assert!(link.lost_blocks >= recording.gaps as u64, "{link:?}");
        assert!(link.lost_blocks <= 2 * 23, "{link:?}");
        let last = recording.codes.len() as u64 + recording.lost;
        assert!(last.abs_diff(rig.clock.now() / 1000) <= 4096, "{last}");
    });
}
