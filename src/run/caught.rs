//! A panic as a value: what stimrig does wrong itself must not keep it from making the bench safe.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

/// Awaits a future; a panic in it ends it and is its error, in words. Where it happened is on standard error.
pub(super) async fn caught<F: Future>(future: F) -> Result<F::Output, String> {
    let mut future = pin!(future);
    std::future::poll_fn(move |context| {
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(payload) => Poll::Ready(Err(words(payload.as_ref()))),
        }
    })
    .await
}

/// Calls a function; a panic in it is its error, in words.
pub(super) fn caught_in<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|payload| words(payload.as_ref()))
}

fn words(payload: &(dyn Any + Send)) -> String {
    let said = payload.downcast_ref::<String>().map(String::as_str);
    let said = said.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no message");
    format!("internal error: {said} (a defect of stimrig: please report it)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_value_and_what_was_borrowed_is_still_there() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let mut steps = 0;
        let ended = runtime.block_on(caught(async {
            steps += 1;
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            steps += 1;
            assert_eq!(steps, 3, "on purpose");
        }));
        assert!(ended.unwrap_err().contains("on purpose"));
        assert_eq!(steps, 2);
        assert_eq!(runtime.block_on(caught(async { 7 })), Ok(7));
        assert_eq!(caught_in(|| 7), Ok(7));
    }
}
