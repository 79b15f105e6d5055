//! Work on many things at once, with results in the order of the things.

use std::num::NonZero;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Fewer things than this are not worth a thread.
const FEW: usize = 4;

/// What `work` makes of each item, on as many threads as the machine has cores.
///
/// A panic in `work` goes on in the caller, as it would without threads.
pub(super) fn side_by_side<I, R>(items: I, work: impl Fn(I::Item) -> R + Sync) -> Vec<R>
where
    I: IntoIterator<IntoIter: ExactSizeIterator + Send>,
    R: Send,
{
    let items = items.into_iter();
    let count = items.len();
    let cores = if count < FEW { 1 } else { thread::available_parallelism().map_or(1, NonZero::get) };
    if cores == 1 {
        return items.map(work).collect();
    }
    let items = Mutex::new(items.enumerate());
    // A panic of the iterator goes on in its own thread, and with it everything ends.
    let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
    let worker = || {
        let mut done = Vec::new();
        while let Some((index, item)) = next() {
            done.push((index, work(item)));
        }
        done
    };
    let mut done = thread::scope(|scope| {
        let others: Vec<_> = (1..cores.min(count)).map(|_| scope.spawn(worker)).collect();
        let mut all = worker();
        for other in others {
            match other.join() {
                Ok(found) => all.extend(found),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        for count in [0, 1, 3, 4, 1000] {
            let items: Vec<usize> = (0..count).collect();
            let twice: Vec<usize> = (0..count).map(|k| 2 * k).collect();
            assert_eq!(side_by_side(&items, |item| item * 2), twice);
            assert_eq!(side_by_side(items, |item| item * 2), twice);
        }
    }

    #[test]
    #[should_panic(expected = "seven")]
    fn a_panic_is_not_swallowed() {
        let items: Vec<u32> = (0..100).collect();
        side_by_side(items, |item| assert_ne!(item, 7, "seven"));
    }
}
