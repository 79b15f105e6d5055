//! A port whose bytes can be damaged on purpose: the fault `corrupt-link`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{InstrumentFault, Port};

/// How many of the bytes on a link are damaged; shared with whoever injects the fault.
#[derive(Debug, Default)]
pub struct Disturbance(AtomicU64);

impl Disturbance {
    /// Damages this fraction of the bytes from now on, either way; 0 ends it.
    pub fn set(&self, rate: f64) {
        self.0.store(rate.to_bits(), Ordering::Relaxed);
    }

    fn rate(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }
}

/// A port behind a [`Disturbance`]: each byte is hit with its rate, and one of its bits flipped.
pub struct DisturbedPort {
    port: Box<dyn Port>,
    disturbance: Arc<Disturbance>,
    dice: ChaCha8Rng,
}

impl DisturbedPort {
    /// Puts a disturbance on a port; the same seed hits the same bytes.
    pub fn new(port: Box<dyn Port>, disturbance: Arc<Disturbance>, seed: u64) -> Self {
        Self { port, disturbance, dice: ChaCha8Rng::seed_from_u64(seed ^ 0x6469_7374_7572_6265) }
    }

    fn hit(&mut self, bytes: &mut [u8]) {
        let rate = self.disturbance.rate();
        if rate <= 0.0 {
            return;
        }
        for byte in bytes {
            if self.dice.random::<f64>() < rate {
                *byte ^= 1 << self.dice.random_range(0..8_u32);
            }
        }
    }
}

#[async_trait]
impl Port for DisturbedPort {
    fn now(&self) -> u64 {
        self.port.now()
    }

    fn slack(&self) -> u64 {
        self.port.slack()
    }

    async fn read(&mut self, buffer: &mut [u8], deadline: u64) -> Result<usize, InstrumentFault> {
        let count = self.port.read(buffer, deadline).await?;
        self.hit(buffer.get_mut(..count).unwrap_or_default());
        Ok(count)
    }

    async fn pause(&mut self, deadline: u64) -> Result<(), InstrumentFault> {
        self.port.pause(deadline).await
    }

    async fn write_all(&mut self, bytes: &[u8]) -> Result<(), InstrumentFault> {
        let mut sent = bytes.to_vec();
        self.hit(&mut sent);
        self.port.write_all(&sent).await
    }
}
