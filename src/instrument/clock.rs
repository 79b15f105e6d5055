//! Scenario time.

/// Scenario time: real, or virtual.
#[async_trait::async_trait]
pub trait Clock: Send {
    /// Nanoseconds since the bench was opened.
    fn now(&self) -> u64;
    /// Lets this many nanoseconds pass.
    async fn sleep(&mut self, nanoseconds: u64);
}
