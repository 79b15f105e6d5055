//! Real time.

use std::time::{Duration, Instant};

use async_trait::async_trait;

use crate::instrument::Clock;

/// The clock of a real bench.
#[derive(Debug, Clone, Copy)]
pub struct RealClock {
    opened: Instant,
}

impl RealClock {
    /// A clock that begins now.
    pub fn new() -> Self {
        Self { opened: Instant::now() }
    }

    /// Nanoseconds since it began.
    pub(super) fn elapsed(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// How long until an instant of this clock; nothing if it has passed.
    pub(super) fn until(&self, instant: u64) -> Duration {
        Duration::from_nanos(instant.saturating_sub(self.elapsed()))
    }
}

impl Default for RealClock {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Clock for RealClock {
    fn now(&self) -> u64 {
        self.elapsed()
    }

    async fn sleep(&mut self, nanoseconds: u64) {
        tokio::time::sleep(Duration::from_nanos(nanoseconds)).await;
    }
}
