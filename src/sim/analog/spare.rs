//! Cores that nobody needs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::{ThreadPool, ThreadPoolBuilder};

/// The cores a run may use on which, at this moment, no case runs: the cases that do run share them. By default there are none.
#[derive(Debug, Clone, Default)]
pub struct Spare {
    cores: usize,
    /// Threads that run cases.
    busy: Arc<AtomicUsize>,
    /// One thread less than there are cores: some case has the last.
    pool: Option<Arc<ThreadPool>>,
}

impl Spare {
    /// What is left of `cores` while `busy` threads run cases.
    pub fn new(cores: usize, busy: usize) -> Self {
        let pool = || ThreadPoolBuilder::new().num_threads(cores - 1).build().ok().map(Arc::new);
        // Where there can be no more threads, each case does with its own.
        let pool = if cores > 1 { pool() } else { None };
        Self { cores, busy: Arc::new(AtomicUsize::new(busy)), pool }
    }

    /// One of the threads has nothing left to run.
    pub fn leave(&self) {
        self.busy.fetch_sub(1, Ordering::Relaxed);
    }

    /// Does `work` on this thread, and at the same time on as many spare cores as there are, at `most` so many.
    pub(super) fn share(&self, most: usize, work: impl Fn() + Sync) {
        let cores = self.cores.saturating_sub(self.busy.load(Ordering::Relaxed)).min(most);
        match &self.pool {
            Some(pool) if cores > 0 => pool.in_place_scope(|scope| {
                (0..cores).for_each(|_| scope.spawn(|_| work()));
                work();
            }),
            _ => work(),
        }
    }
}
