//! What ends a run early: the first cause asks every case to end in the safe state, a second signal shortens diagnostics.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use rustix::process::Signal;
use tokio::sync::Notify;

/// What ended a run early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// SIGINT: Ctrl-C, exit code 130.
    Interrupt,
    /// SIGTERM, exit code 143.
    Terminate,
    /// SIGHUP: the terminal is gone, exit code 143.
    Hangup,
    /// stimrig itself went wrong, exit code 70.
    Internal,
    /// Journal or samples could not be written, exit code 70: a run that cannot be kept is not worth running.
    Storage,
}

impl Cause {
    const ALL: [Self; 5] = [Self::Interrupt, Self::Terminate, Self::Hangup, Self::Internal, Self::Storage];

    /// Its name in events and records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
            Self::Hangup => "SIGHUP",
            Self::Internal => crate::record::INTERNAL_ERROR,
            Self::Storage => crate::record::STORAGE_LOST,
        }
    }

    /// Somebody outside asked for the end.
    pub fn is_signal(self) -> bool {
        matches!(self, Self::Interrupt | Self::Terminate | Self::Hangup)
    }
}

/// Whether, and by what, the run was asked to end. Cheap to clone and to ask between slices.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    first: Arc<AtomicU8>,
    signals: Arc<AtomicU8>,
    /// Wakes whoever waits for the first cause.
    raised: Arc<Notify>,
}

impl Interrupt {
    /// Listens for SIGINT, SIGTERM and SIGHUP from now on, on a thread of its own.
    ///
    /// What else would end or suspend this process under an output that is on is heard too: Ctrl-\ counts as Ctrl-C, the end of
    /// the processor time that it may use as SIGTERM. Ctrl-Z does nothing, and a file that may not grow any more is an error of whoever writes it.
    ///
    /// # Errors
    /// When the thread or the signal handlers cannot be set up.
    pub fn listen() -> io::Result<Self> {
        let interrupt = Self::default();
        let heard = interrupt.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let ([mut ints, mut quits, mut terms, mut limits, mut hangs], _deaf) = {
            use tokio::signal::unix::{SignalKind, signal};
            let _entered = runtime.enter();
            let heard = |number: Signal| signal(SignalKind::from_raw(number.as_raw()));
            let ends = [Signal::INT, Signal::QUIT, Signal::TERM, Signal::XCPU, Signal::HUP];
            let [int, quit, term, limit, hang] = ends.map(heard);
            ([int?, quit?, term?, limit?, hang?], [heard(Signal::TSTP)?, heard(Signal::XFSZ)?])
        };
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            runtime.block_on(async move {
                loop {
                    let signal = tokio::select! {
                        _ = ints.recv() => Cause::Interrupt,
                        _ = quits.recv() => Cause::Interrupt,
                        _ = terms.recv() => Cause::Terminate,
                        _ = limits.recv() => Cause::Terminate,
                        _ = hangs.recv() => Cause::Hangup,
                    };
                    heard.raise(signal);
                }
            });
        })?;
        Ok(interrupt)
    }

    /// Notes a cause, as the handlers do with a signal.
    pub fn raise(&self, cause: Cause) {
        let code = Cause::ALL.iter().zip(1..).find(|(known, _)| **known == cause).map_or(0, |(_, code)| code);
        // Only the first cause names the exit code.
        let _ = self.first.compare_exchange(0, code, Ordering::SeqCst, Ordering::SeqCst);
        if cause.is_signal() {
            // Whoever leans on Ctrl-C presses it more than 255 times.
            let _ = self.signals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |seen| seen.checked_add(1));
        }
        self.raised.notify_waiters();
    }

    /// Waits for the first cause, on any runtime; at once where there is one.
    pub async fn raised(&self) -> Cause {
        loop {
            // Whoever looks first and listens then misses what comes in between.
            let mut heard = pin!(self.raised.notified());
            heard.as_mut().enable();
            match self.cause() {
                Some(cause) => return cause,
                None => heard.await,
            }
        }
    }

    /// The first cause.
    pub fn cause(&self) -> Option<Cause> {
        let code = self.first.load(Ordering::SeqCst);
        Cause::ALL.iter().zip(1..).find(|(_, known)| *known == code).map(|(cause, _)| *cause)
    }

    /// True once a second signal asked to skip what is only for reports.
    pub fn is_urgent(&self) -> bool {
        self.signals.load(Ordering::SeqCst) > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Signals are heard on another thread than the one that waits.
    #[test]
    fn whoever_waits_for_a_cause_is_woken_by_it() {
        let interrupt = Interrupt::default();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let waiting = interrupt.clone();
        let (ready, is_ready) = std::sync::mpsc::channel();
        let raiser = std::thread::spawn(move || {
            is_ready.recv().unwrap();
            waiting.raise(Cause::Storage);
            waiting.raise(Cause::Terminate);
        });
        let first = runtime.block_on(async {
            let mut raised = pin!(interrupt.raised());
            // Asked for the first time before there is anything, so that nothing but the wake can end it.
            let early = std::future::poll_fn(|context| {
                std::task::Poll::Ready(raised.as_mut().poll(context).is_ready())
            });
            assert!(!early.await, "nothing was raised");
            ready.send(()).unwrap();
            raised.await
        });
        raiser.join().unwrap();
        assert_eq!(first, Cause::Storage);
        assert_eq!(runtime.block_on(interrupt.raised()), Cause::Storage, "one that is there is told at once");
    }

    #[test]
    fn the_first_cause_names_the_exit_and_a_second_signal_hurries() {
        let interrupt = Interrupt::default();
        assert_eq!(interrupt.cause(), None);
        interrupt.raise(Cause::Terminate);
        interrupt.raise(Cause::Internal);
        assert!(!interrupt.is_urgent(), "nobody pressed a key twice");
        interrupt.raise(Cause::Interrupt);
        assert_eq!(interrupt.cause(), Some(Cause::Terminate));
        assert!(interrupt.is_urgent());
        for cause in Cause::ALL {
            let interrupt = Interrupt::default();
            (0..300).for_each(|_| interrupt.raise(cause));
            assert_eq!(interrupt.cause(), Some(cause));
        }
    }
}
