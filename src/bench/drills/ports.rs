//! Drills on a bench behind ports: its boards go on when the host is killed, and somebody pulls one plug.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::record::RunRecord;
use crate::sim::Look;

use super::Kind;

/// What comes after a killed run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// `stimrig safe`.
    Safe,
    /// A plain `stimrig run`.
    Run,
}

/// One drill on ports.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PortTrial {
    /// From 0.
    pub number: u64,
    /// What happens to the run.
    pub kind: Kind,
    /// Which of the cases runs: this modulo how many there are.
    pub case: usize,
    /// When, as a part of the time that the run takes.
    pub at: f64,
    /// What comes after a run that is killed.
    pub next: Next,
    /// The boards' dead-men have their time before that; else it begins at once.
    pub waits: bool,
}

impl PortTrial {
    /// The trial of a number.
    pub fn draw(seed: u64, number: u64) -> Self {
        let mut dice = ChaCha8Rng::seed_from_u64(seed.rotate_left(32) ^ number ^ 0x0070_6f72_7473);
        // Half of them are killed.
        let kinds = [
            Kind::KilledOnPorts,
            Kind::StimulatorUnplugged,
            Kind::KilledOnPorts,
            Kind::LoadUnplugged,
            Kind::KilledOnPorts,
            Kind::SignalledOnPorts,
        ];
        let kind = kinds.get((number % 6) as usize).copied().unwrap_or(Kind::KilledOnPorts);
        Self {
            number,
            kind,
            case: dice.random_range(0..1 << 16),
            at: dice.random(),
            next: if dice.random() { Next::Safe } else { Next::Run },
            waits: dice.random(),
        }
    }
}

/// What a drill on ports came to.
#[derive(Debug, Clone, PartialEq)]
pub struct PortSeen {
    /// The bench just before it happened and just after.
    pub around: [Look; 2],
    /// The bench when the dead-men had had their time, or when the run had ended: what it did itself, not a run that came next.
    pub then: Look,
    /// The bench at the end of all.
    pub last: Look,
    /// Exit code of the run; `None` if it was killed.
    pub exit: Option<i32>,
    /// What exit code a signal is to give, and the name of the cause.
    pub signal: Option<(i32, &'static str)>,
    /// The run's record, once it was closed; `None` if nothing was begun that had to be recorded.
    pub record: Option<RunRecord>,
    /// What is wrong with its folder, if anything is.
    pub folder: Option<String>,
    /// It was killed while it was under way, and what came next did not close its record.
    pub left_open: bool,
    /// Exit code of what came next, and what it said.
    pub next: (i32, String),
    /// What this computer was measured to have kept from the run, and from what came next.
    pub starved: [Starved; 2],
}

/// What a computer that did too much else kept from a process in real time, as it was measured: by the bench's own clock and by the
/// kernel, not by what the process says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Starved {
    /// How long the bench's clock stood still, s: it was given no turn, and neither answered nor sent samples.
    pub stalled: f64,
    /// The longest that a thread of the process was ready and had no processor, s.
    pub waited: f64,
}

/// A bench that stood still for so long, s, may have kept its host from seeing the output off: that takes four fifths of the samples
/// of 0.1 s.
const STALLED: f64 = 0.02;
/// A host that waited for a processor for so long, s, may have missed an answer, for which it has 0.1 s on a port, or samples,
/// which a port keeps for less.
const WAITED: f64 = 0.05;

impl Starved {
    /// Between two looks at the bench, while a process waited for a processor for so long (s) at most.
    pub fn between(before: &Look, after: &Look, waited: f64) -> Self {
        Self { stalled: (after.stalled - before.stalled).max(0.0), waited }
    }

    /// Whether it was enough to keep a process from what it had to do in time.
    pub(super) fn disturbs(&self) -> bool {
        self.stalled >= STALLED || self.waited >= WAITED
    }

    /// In words.
    pub(super) fn told(&self) -> String {
        format!(
            "the bench had no turn for {:.0} ms, its host none for up to {:.0} ms",
            1e3 * self.stalled,
            1e3 * self.waited
        )
    }
}

impl PortSeen {
    /// From the mishap to the last instant at which current could reach the phantom, s of the bench's time, at most;
    /// `None` if none did any more.
    pub fn time_to_off(&self) -> Option<f64> {
        let [before, _] = &self.around;
        self.then.last_reached.map(|at| at - before.now).filter(|time| *time > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_from_a_process_is_measured_between_the_looks() {
        let now = Look {
            now: 1.0,
            driven: false,
            connected: false,
            last_driven: None,
            last_reached: None,
            stalled: 0.0,
        };
        let at = |stalled| Look { stalled, ..now };
        let starved = Starved::between(&at(0.25), &at(0.75), 0.125);
        assert_eq!(starved, Starved { stalled: 0.5, waited: 0.125 });
        assert!(starved.told().contains("no turn for 500 ms") && starved.told().contains("up to 125 ms"));
    }

    #[test]
    fn half_of_the_trials_kill_and_every_kind_comes() {
        let kinds: Vec<Kind> = (0..12).map(|number| PortTrial::draw(3, number).kind).collect();
        assert_eq!(kinds.iter().filter(|kind| **kind == Kind::KilledOnPorts).count(), 6);
        assert!(Kind::ON_PORTS.iter().all(|kind| kinds.contains(kind)));
        assert_eq!(PortTrial::draw(3, 5), PortTrial::draw(3, 5));
    }
}
