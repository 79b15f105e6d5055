//! The person at the bench.

/// Somebody who can be told what to do, and answers with the Enter key.
#[async_trait::async_trait]
pub trait Operator: Send + Sync {
    /// Says something.
    fn tell(&self, text: &str);
    /// Says something and waits until it is done; false when the run is being ended instead.
    async fn confirm(&self, text: &str) -> bool;
}
