//! What goes wrong with a device behind `sigrok-cli`, each with its remedy.

use crate::instrument::{InstrumentError, InstrumentFault};

/// Why it did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// `sigrok-cli` cannot be started, and why.
    NotStarted(String),
    /// It, or its device, does not do what the rig file asks for.
    Refused(String),
    /// It ended by itself, with these last words.
    Ended(String),
    /// A signal ended it that is not this program's, with these last words.
    Crashed(String),
    /// It wrote something else than was asked for.
    Unexpected(String),
    /// Nothing in time.
    Silent,
}

impl Trouble {
    /// What to try next.
    fn next(&self) -> &'static str {
        match self {
            Self::NotStarted(_) => "install sigrok-cli",
            Self::Refused(_) => {
                "compare `load.device` and `load.options` with what `sigrok-cli --scan` finds"
            }
            // Its WAV writer makes room for a piece that is longer than all before without counting what still waits (libsigrok
            // 0.5.2).
            Self::Crashed(_) => {
                "run it again with less beside it: libsigrok 0.5.2 writes beyond its own buffer when it is kept waiting"
            }
            Self::Ended(_) | Self::Unexpected(_) | Self::Silent => {
                "plug the device in again, and let nothing else use it"
            }
        }
    }

    /// The error of what was being done.
    pub(super) fn while_doing(self, doing: &str) -> InstrumentError {
        let next = self.next().to_owned();
        let fault = match self {
            Self::NotStarted(why) => {
                InstrumentFault::Refused(format!("`sigrok-cli` cannot be started: {why}"))
            }
            Self::Refused(why) => InstrumentFault::Refused(why),
            Self::Ended(words) => InstrumentFault::Protocol(format!("sigrok-cli has ended: {words}")),
            Self::Crashed(words) => InstrumentFault::Protocol(format!("sigrok-cli has crashed: {words}")),
            Self::Unexpected(what) => InstrumentFault::Protocol(what),
            Self::Silent => InstrumentFault::Timeout,
        };
        InstrumentError { device: "sigrok device".to_owned(), doing: doing.to_owned(), fault, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remedy_follows_what_happened_whatever_words_came_with_it() {
        let words = || "sigrok-cli has crashed: cannot be started".to_owned();
        for (trouble, remedy) in [
            (Trouble::NotStarted(words()), "install sigrok-cli"),
            (Trouble::Refused(words()), "compare `load.device`"),
            (Trouble::Crashed(words()), "run it again with less beside it"),
            (Trouble::Ended(words()), "plug the device in again"),
            (Trouble::Unexpected(words()), "plug the device in again"),
            (Trouble::Silent, "plug the device in again"),
        ] {
            let error = trouble.clone().while_doing("read samples");
            assert!(error.next.starts_with(remedy), "{trouble:?}: {error}");
        }
    }
}
