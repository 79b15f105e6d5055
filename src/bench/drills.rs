//! Fault drills: something goes wrong at a random instant of a random scenario, and the bench must end off, its record closed
//! with the right cause, and nothing passed on incomplete data.

mod judge;
mod page;
mod ports;
mod scenario;
mod text;

pub use judge::{Seen, wrong};
pub use page::page;
pub use ports::{Next, PortSeen, PortTrial, wrong_on_ports};
pub use text::{text, verdict};

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Ctrl-C.
    Sigint,
    /// A polite kill.
    Sigterm,
    /// Ctrl-C twice.
    DoubleSigint,
    /// A panic in the runner.
    Panic,
    /// One port is gone.
    PortClosed,
    /// Neither board hears anything any more, as after a kill -9 of the host.
    HostSilent,
    /// A reply is lost, or all are from then on.
    ReplyLost,
    /// A reply is damaged, or all are from then on.
    ReplyDamaged,
    /// Sample blocks are lost.
    BlockLost,
    /// Sample blocks arrive twice.
    BlockTwice,
    /// A sample block arrives behind the next.
    BlocksSwapped,
    /// The stimulator's board resets itself.
    BoardReset,
    /// kill -9 of a process of its own.
    Sigkill,
    /// No room left for the run's files, in a process of its own.
    DiskFull,
    /// kill -9 of the host of boards behind ports.
    KilledOnPorts,
    /// A signal to the host of boards behind ports.
    SignalledOnPorts,
    /// The plug of a stimulator behind a port is pulled.
    StimulatorUnplugged,
    /// The plug of a load behind a port is pulled.
    LoadUnplugged,
}

impl Kind {
    /// Those that are tried within this process, in the order of the table.
    pub const WITHIN: [Self; 12] = [
        Self::Sigint,
        Self::Sigterm,
        Self::DoubleSigint,
        Self::Panic,
        Self::PortClosed,
        Self::HostSilent,
        Self::ReplyLost,
        Self::ReplyDamaged,
        Self::BlockLost,
        Self::BlockTwice,
        Self::BlocksSwapped,
        Self::BoardReset,
    ];

    /// Those that are tried on a bench behind ports.
    pub const ON_PORTS: [Self; 4] =
        [Self::KilledOnPorts, Self::SignalledOnPorts, Self::StimulatorUnplugged, Self::LoadUnplugged];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sigint => "Ctrl-C (SIGINT)",
            Self::Sigterm => "polite kill (SIGTERM)",
            Self::DoubleSigint => "Ctrl-C twice",
            Self::Panic => "panic in the runner",
            Self::PortClosed => "port closed",
            Self::HostSilent => "host silent",
            Self::ReplyLost => "reply lost",
            Self::ReplyDamaged => "reply damaged",
            Self::BlockLost => "sample block lost",
            Self::BlockTwice => "sample block twice",
            Self::BlocksSwapped => "sample blocks swapped",
            Self::BoardReset => "board resets itself",
            Self::Sigkill => "kill -9 (SIGKILL)",
            Self::DiskFull => "disk full",
            Self::KilledOnPorts => "kill -9, boards on ports",
            Self::SignalledOnPorts => "signal, boards on ports",
            Self::StimulatorUnplugged => "stimulator unplugged",
            Self::LoadUnplugged => "load unplugged",
        }
    }

    /// What must follow, besides an output that is off.
    pub fn must(self) -> &'static str {
        match self {
            Self::Sigint | Self::Sigterm | Self::DoubleSigint | Self::SignalledOnPorts => {
                "stopped and measured off within 2 s; aborted, with the signal as its cause"
            }
            Self::Panic => "stopped and measured off; aborted as an internal error",
            Self::PortClosed => "rig error; unsafe where the load is gone, because nobody saw it off",
            Self::HostSilent => {
                "both boards stop by themselves; rig error or unsafe, because nobody saw it off"
            }
            Self::ReplyLost | Self::ReplyDamaged => {
                "asked again, and judged as if nothing had been; a rig error if it goes on"
            }
            Self::BlockLost | Self::BlocksSwapped => {
                "never a pass on samples that a check needed and did not get"
            }
            Self::BlockTwice => "judged as if nothing had been",
            Self::BoardReset => "the pulses that were due and did not come are noticed",
            Self::Sigkill => "whoever comes next closes the record: host lost, exit code 137",
            Self::DiskFull => "stopped and measured off; aborted, exit code 70, what was kept can be read",
            Self::KilledOnPorts => {
                "off within the dead-man's time; the next start makes the rig safe and closes the record, exit code 137"
            }
            Self::StimulatorUnplugged => {
                "the load opens its interlock and sees it off; a rig error that names the stimulator"
            }
            Self::LoadUnplugged => {
                "the stimulator is stopped; unsafe, because nobody saw it off, or a rig error"
            }
        }
    }
}

/// One drill. Its number and the seed of all decide everything about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// From 0.
    pub number: u64,
    /// What goes wrong.
    pub kind: Kind,
    /// On the load's wire instead of the stimulator's, where it is one of the two.
    pub on_load: bool,
    /// To how many replies or blocks; `u64::MAX` for all from then on.
    pub times: u64,
    /// When, s of scenario time since the bench was opened.
    pub at: f64,
    /// The scenario, as its file would have it.
    pub scenario: String,
    /// Every check of it passes on a clean bench if nothing goes wrong.
    pub plain: bool,
}

/// Setup and teardown take about this long, s of scenario time.
const AROUND: (f64, f64) = (0.35, 0.5);
/// Without its host a board goes on for its dead-man's time, and ends the pulse in progress, s.
const DEAD_MAN: f64 = 0.65;
/// From a signal to a bench that is off, s.
const SIGNALLED: f64 = 2.0;

impl Trial {
    /// The trial of a number.
    pub fn draw(seed: u64, number: u64) -> Self {
        let mut dice = ChaCha8Rng::seed_from_u64(seed.rotate_left(32) ^ number ^ 0x6472_696c_6c73);
        let kind = Kind::WITHIN.get((number % Kind::WITHIN.len() as u64) as usize).copied();
        let kind = kind.unwrap_or(Kind::Sigint);
        let (scenario, plain, length) = scenario::draw(&mut dice, number);
        let lasting = dice.random::<f64>() < 0.3;
        let times = match kind {
            Kind::ReplyLost | Kind::ReplyDamaged if lasting => u64::MAX,
            // A request is sent four times before it is given up.
            Kind::ReplyLost | Kind::ReplyDamaged => dice.random_range(1..=2),
            _ => dice.random_range(1..=4),
        };
        let on_load = dice.random::<bool>();
        let at = dice.random_range(0.0..AROUND.0 + length + AROUND.1);
        Self { number, kind, on_load, times, at, scenario, plain }
    }

    /// How it went wrong, in words.
    pub fn told(&self) -> String {
        let wire = if self.on_load { "load" } else { "stimulator" };
        let times = if self.times == u64::MAX { "all".to_owned() } else { self.times.to_string() };
        let how = match self.kind {
            Kind::PortClosed => format!(" ({wire})"),
            Kind::ReplyLost | Kind::ReplyDamaged => format!(" ({wire}, {times})"),
            Kind::BlockLost | Kind::BlockTwice => format!(" ({times})"),
            _ => String::new(),
        };
        format!("{}{how} at {:.3} s", self.kind.name(), self.at)
    }
}

/// A trial in which something was not as it must be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Wrong {
    /// Its number among those of its kind of bench.
    pub trial: u64,
    /// What repeats it, behind `stimrig bench drills`.
    pub repeat: String,
    /// What went wrong, and when.
    pub mishap: String,
    /// What was not as it must be.
    pub what: String,
    /// The scenario.
    pub scenario: String,
}

/// What all trials of a kind came to.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Tally {
    /// Trials.
    pub trials: u64,
    /// Those in which it happened before the run was over.
    pub happened: u64,
    /// Outcomes of those, by name.
    pub outcomes: BTreeMap<String, u64>,
    /// Those in which something was not as it must be.
    pub wrong: u64,
}

/// The result of the experiment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drills {
    /// Seed.
    pub seed: u64,
    /// First trial.
    pub first: u64,
    /// What was tried, by kind.
    pub kinds: BTreeMap<Kind, Tally>,
    /// Everything that was not as it must be, in the order of the trials.
    pub wrong: Vec<Wrong>,
    /// How long it took, s.
    pub elapsed: f64,
    /// Longest time from a signal to the end of a run in which it was seen, in real time, s: measured on processes of
    /// their own.
    pub slowest_signal: Option<f64>,
    /// Longest time from a kill or a pulled plug to the last instant at which current could reach the phantom, s: on a
    /// bench behind ports, in its own time.
    pub slowest_off: Option<f64>,
}

impl Drills {
    /// No trials yet.
    pub fn new(seed: u64, first: u64) -> Self {
        Self {
            seed,
            first,
            kinds: BTreeMap::new(),
            wrong: Vec::new(),
            elapsed: 0.0,
            slowest_signal: None,
            slowest_off: None,
        }
    }

    /// Counts a trial: its outcome if the mishap happened, and what was wrong.
    pub fn count(&mut self, kind: Kind, outcome: Option<&str>, wrong: Option<Wrong>) {
        let tally = self.kinds.entry(kind).or_default();
        tally.trials += 1;
        if let Some(outcome) = outcome {
            tally.happened += 1;
            *tally.outcomes.entry(outcome.to_owned()).or_default() += 1;
        }
        if let Some(wrong) = wrong {
            tally.wrong += 1;
            self.wrong.push(wrong);
        }
    }

    /// All trials.
    pub fn trials(&self) -> u64 {
        self.kinds.values().map(|tally| tally.trials).sum()
    }

    /// Whether something was tried, happened, and nothing was wrong.
    pub fn holds(&self) -> bool {
        self.wrong.is_empty() && self.kinds.values().any(|tally| tally.happened > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::{DEFAULT_RIG, Rig};
    use crate::scenario::{plan, read_scenario, shipped};
    use crate::source::{Source, render};

    #[test]
    fn every_scenario_drawn_can_run_and_the_same_number_is_the_same_trial() {
        let rig = Rig::read(&Source::new(DEFAULT_RIG.0, DEFAULT_RIG.1)).unwrap();
        for number in 0..400 {
            let trial = Trial::draw(7, number);
            assert_eq!(trial, Trial::draw(7, number));
            let source = Source::new("drill", trial.scenario.as_str());
            let (cases, problems) = read_scenario(&source, &mut shipped);
            assert!(problems.is_empty(), "{}\n{}", trial.scenario, render(&problems, false));
            let planned = plan(cases.into_iter().next().unwrap(), &rig, false);
            let planned =
                planned.unwrap_or_else(|problems| panic!("{}\n{}", trial.scenario, render(&problems, false)));
            assert!(planned.missing.is_empty());
        }
        assert_ne!(Trial::draw(7, 1), Trial::draw(8, 1));
    }

    #[test]
    fn nothing_tried_shows_nothing() {
        let mut drills = Drills::new(1, 0);
        assert!(!drills.holds());
        drills.count(Kind::Sigint, None, None);
        assert!(!drills.holds(), "it never happened");
        drills.count(Kind::Sigint, Some("aborted"), None);
        assert!(drills.holds());
        let repeat = "--first 3 --trials 1".to_owned();
        let wrong = Wrong { trial: 3, repeat, mishap: "m".into(), what: "w".into(), scenario: "s".into() };
        drills.count(Kind::Panic, Some("passed"), Some(wrong));
        assert!(!drills.holds() && drills.trials() == 3);
        assert!(text(&drills).contains("--first 3 --trials 1"));
    }
}
