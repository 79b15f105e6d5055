//! SIGINT and SIGTERM: the first asks every case to end in the safe state, a second shortens diagnostics.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// The signal that ended a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT, exit code 130.
    Interrupt,
    /// SIGTERM, exit code 143.
    Terminate,
}

impl Signal {
    /// Its name in events.
    pub fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
        }
    }
}

/// Whether, and by what, the run was asked to end. Cheap to clone and to ask between slices.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    first: Arc<AtomicU8>,
    count: Arc<AtomicU8>,
}

impl Interrupt {
    /// Listens for SIGINT and SIGTERM from now on, on a thread of its own.
    ///
    /// # Errors
    /// When the thread or the signal handlers cannot be set up.
    pub fn listen() -> io::Result<Self> {
        let interrupt = Self::default();
        let heard = interrupt.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (mut ints, mut terms) = {
            use tokio::signal::unix::{SignalKind, signal};
            let _entered = runtime.enter();
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
        };
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            runtime.block_on(async move {
                loop {
                    let signal = tokio::select! {
                        _ = ints.recv() => Signal::Interrupt,
                        _ = terms.recv() => Signal::Terminate,
                    };
                    heard.raise(signal);
                }
            });
        })?;
        Ok(interrupt)
    }

    /// Notes a signal, as the handlers do.
    pub fn raise(&self, signal: Signal) {
        let code = match signal {
            Signal::Interrupt => 1,
            Signal::Terminate => 2,
        };
        // Only the first signal names the exit code.
        let _ = self.first.compare_exchange(0, code, Ordering::SeqCst, Ordering::SeqCst);
        self.count.fetch_add(1, Ordering::SeqCst);
    }

    /// The first signal that arrived.
    pub fn signal(&self) -> Option<Signal> {
        match self.first.load(Ordering::SeqCst) {
            1 => Some(Signal::Interrupt),
            2 => Some(Signal::Terminate),
            _ => None,
        }
    }

    /// True once a second signal asked to skip what is only for reports.
    pub fn is_urgent(&self) -> bool {
        self.count.load(Ordering::SeqCst) > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_signal_names_the_exit_and_the_second_hurries() {
        let interrupt = Interrupt::default();
        assert_eq!(interrupt.signal(), None);
        interrupt.raise(Signal::Terminate);
        assert!(!interrupt.is_urgent());
        interrupt.raise(Signal::Interrupt);
        assert_eq!(interrupt.signal(), Some(Signal::Terminate));
        assert!(interrupt.is_urgent());
    }
}
