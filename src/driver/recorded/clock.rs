//! Time beside a recording: nothing happens, so nobody waits.

use async_trait::async_trait;

/// A clock that jumps.
#[derive(Debug, Default)]
pub struct Clock(u64);

#[async_trait]
impl crate::instrument::Clock for Clock {
    fn now(&self) -> u64 {
        self.0
    }

    async fn sleep(&mut self, nanoseconds: u64) {
        self.0 = self.0.saturating_add(nanoseconds);
    }
}
