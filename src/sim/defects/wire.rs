//! Defects of the wire: replies that arrive damaged, or never.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::rig::{Defect, DefectKind};
use crate::sim::outbox::Outbox;

use super::amount;

/// What happens to the stimulator's replies on their way.
pub(in crate::sim) struct WireDefects {
    corrupt: f64,
    drop: f64,
    dice: ChaCha8Rng,
}

impl WireDefects {
    /// Those of the list that concern the wire.
    pub(in crate::sim) fn new(defects: &[Defect], seed: u64) -> Self {
        Self {
            corrupt: amount(defects, DefectKind::CorruptReplies).unwrap_or(0.0),
            drop: amount(defects, DefectKind::DropsReplies).unwrap_or(0.0),
            dice: ChaCha8Rng::seed_from_u64(seed ^ 0x7769_7265),
        }
    }

    /// Sends a frame as this wire does.
    pub(in crate::sim) fn send(&mut self, frame: &[u8], out: &mut Outbox) {
        if self.drop > 0.0 && self.dice.random::<f64>() < self.drop {
            return;
        }
        if self.corrupt > 0.0 && self.dice.random::<f64>() < self.corrupt {
            let mut damaged = frame.to_vec();
            let (at, bit) =
                (self.dice.random_range(0..damaged.len().max(1)), self.dice.random_range(0..8_u32));
            if let Some(byte) = damaged.get_mut(at) {
                *byte ^= 1 << bit;
            }
            out.put(&damaged);
            return;
        }
        out.put(frame);
    }
}
