//! Somebody who stands beside a served bench: sees its output whatever the wires say, and pulls plugs.
//!
//! A line `look` is answered with one line of JSON (a [`Look`]); `unplug stimulator` and `unplug load` hang up on whoever has that
//! port open, `plug stimulator` and `plug load` put it back, each answered by `ok`.

use serde::{Deserialize, Serialize};

use crate::sim::Truth;
use crate::sim::world::End;

/// Nanoseconds in a second.
const SECOND: f64 = 1e9;

/// What is seen of the output. Times in seconds since the bench was opened, on its own clock: where the computer was busy
/// elsewhere, that stood still.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// Now.
    pub now: f64,
    /// The stimulator drives a current, or tries to.
    pub driven: bool,
    /// The interlock connects it with the phantom.
    pub connected: bool,
    /// When it drove last; `null` if it never did.
    pub last_driven: Option<f64>,
    /// When its current could reach the phantom last; `null` if it never could.
    pub last_reached: Option<f64>,
    /// How long the bench's clock stood still in all: so much a host's clock is ahead of it.
    pub stalled: f64,
}

/// What is asked of the bystander.
pub(super) enum Asked {
    Look,
    Unplug(End),
    Plug(End),
}

impl Asked {
    /// What a line asks for.
    pub(super) fn of(words: &[&str]) -> Result<Self, String> {
        let end = |name: &str| match name {
            "stimulator" => Some(End::Stimulator),
            "load" => Some(End::Load),
            _ => None,
        };
        let asked = match words {
            ["look"] => Some(Self::Look),
            ["unplug", name] => end(name).map(Self::Unplug),
            ["plug", name] => end(name).map(Self::Plug),
            _ => None,
        };
        asked.ok_or_else(|| "expected `look`, `unplug stimulator`, `unplug load`, `plug …`".to_owned())
    }
}

/// What happened on a bench through all its phantoms: each one that is connected begins a world of its own at time 0.
#[derive(Debug, Default)]
pub(super) struct History {
    /// How long the worlds before this one lasted, ns.
    before: u64,
    last_driven: Option<u64>,
    last_reached: Option<u64>,
    /// How long time stood still, ns.
    stalled: u64,
}

impl History {
    /// The bench now, in a world that is so old (ns).
    pub(super) fn look(&self, now: u64, truth: Truth) -> Look {
        let seconds = |at: u64| at as f64 / SECOND;
        Look {
            now: (self.before + now) as f64 / SECOND,
            driven: truth.driven,
            connected: truth.connected,
            last_driven: self.latest(truth.last_driven, self.last_driven).map(seconds),
            last_reached: self.latest(truth.last_reached, self.last_reached).map(seconds),
            stalled: seconds(self.stalled),
        }
    }

    /// Time stood still for so long, ns.
    pub(super) fn stood_still(&mut self, nanoseconds: u64) {
        self.stalled += nanoseconds;
    }

    /// A world ends here.
    pub(super) fn close(&mut self, now: u64, truth: Truth) {
        self.last_driven = self.latest(truth.last_driven, self.last_driven);
        self.last_reached = self.latest(truth.last_reached, self.last_reached);
        self.before += now;
    }

    /// An instant of this world, or of one before it, ns of all.
    fn latest(&self, own: Option<u64>, earlier: Option<u64>) -> Option<u64> {
        own.map(|at| at + self.before).or(earlier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_earlier_phantom_saw_is_not_forgotten() {
        let mut history = History::default();
        let on = Truth {
            driven: true,
            connected: true,
            last_driven: Some(2_000_000_000),
            last_reached: Some(1_000_000_000),
        };
        history.stood_still(250_000_000);
        history.close(3_000_000_000, on);
        let seen = history.look(500_000_000, Truth::default());
        let expected = Look {
            now: 3.5,
            driven: false,
            connected: false,
            last_driven: Some(2.0),
            last_reached: Some(1.0),
            stalled: 0.25,
        };
        assert_eq!(seen, expected);
        let again = history.look(500_000_000, Truth { last_driven: Some(250_000_000), ..on });
        assert_eq!((again.last_driven, again.last_reached), (Some(3.25), Some(4.0)));
    }

    #[test]
    fn a_line_that_asks_for_nothing_is_refused() {
        assert!(matches!(Asked::of(&["unplug", "load"]), Ok(Asked::Unplug(End::Load))));
        for words in [&["unplug"][..], &["unplug", "selector"], &["look", "here"]] {
            assert!(Asked::of(words).is_err());
        }
    }
}
