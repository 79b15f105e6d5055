//! Fault drills: something goes wrong at a random instant of a random scenario, and the bench must end off, its record closed
//! with the right cause, and nothing passed on incomplete data.

mod judge;
mod kind;
mod page;
mod ports;
mod scenario;
mod shown;
mod text;

pub use judge::{Seen, wrong};
pub use kind::Kind;
pub use page::page;
pub use ports::{Next, PortSeen, PortTrial, Starved};
pub use shown::{Shown, shown_on_ports};
pub use text::{text, verdict};

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

/// One drill. Its number and the seed of all decide everything about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// From 0.
    pub number: u64,
    /// What goes wrong.
    pub kind: Kind,
    /// On the load's wire instead of the stimulator's, where it is one of the two.
    pub on_load: bool,
    /// To how many requests, replies or blocks; `u64::MAX` for all from then on.
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
            Kind::ReplyLost | Kind::ReplyDamaged | Kind::RequestDamaged if lasting => u64::MAX,
            // A request is sent four times before it is given up.
            Kind::ReplyLost | Kind::ReplyDamaged | Kind::RequestDamaged => dice.random_range(1..=2),
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
            Kind::ReplyLost | Kind::ReplyDamaged | Kind::RequestDamaged => {
                format!(" ({wire}, {times})")
            }
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

/// A trial in real time that shows nothing: something was not as it must be, and this computer was measured to have done too much
/// else for it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Nothing {
    /// Its number among those of its kind of bench.
    pub trial: u64,
    /// What repeats it, behind `stimrig bench drills`.
    pub repeat: String,
    /// What went wrong, and when.
    pub mishap: String,
    /// What was not as it must be.
    pub what: String,
    /// What was measured of the computer.
    pub why: String,
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
    /// Those that show nothing, good or bad: they are not among those that happened.
    pub nothing: u64,
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
    /// Every trial that shows nothing.
    pub nothing: Vec<Nothing>,
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
            nothing: Vec::new(),
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

    /// The command that repeats a trial.
    fn command(&self, repeat: &str) -> String {
        format!("stimrig bench drills --seed {} {repeat}", self.seed)
    }

    /// Counts a trial that shows nothing.
    pub fn count_nothing(&mut self, kind: Kind, nothing: Nothing) {
        let tally = self.kinds.entry(kind).or_default();
        tally.trials += 1;
        tally.nothing += 1;
        self.nothing.push(nothing);
    }

    /// Trials of the kinds that run in real time on ports, of which alone some may show nothing.
    pub fn on_ports(&self) -> u64 {
        let tallies = Kind::ON_PORTS.iter().filter_map(|kind| self.kinds.get(kind));
        tallies.map(|tally| tally.trials).sum()
    }

    /// Whether so many show nothing that what the others show is no result: more than a fifth of those on ports.
    pub fn is_too_busy(&self) -> bool {
        5 * self.nothing.len() as u64 > self.on_ports()
    }

    /// Whether something was tried, happened, nothing was wrong, and hardly anything shows nothing.
    pub fn holds(&self) -> bool {
        self.wrong.is_empty() && !self.is_too_busy() && self.kinds.values().any(|tally| tally.happened > 0)
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
    fn a_trial_that_shows_nothing_is_never_good_and_too_many_are_no_result() {
        let nothing = || Nothing {
            trial: 4,
            repeat: "--ports 5".into(),
            mishap: "kill".into(),
            what: "ended with 6".into(),
            why: "no turn for 500 ms".into(),
        };
        let mut drills = Drills::new(1, 0);
        drills.count(Kind::Sigint, Some("aborted"), None);
        drills.count_nothing(Kind::KilledOnPorts, nothing());
        assert!(!drills.holds(), "one of one on ports, whatever happened elsewhere");
        assert!(verdict(&drills).contains("1 of 1 trials on ports shows nothing"), "{}", verdict(&drills));
        for _ in 0..4 {
            drills.count(Kind::LoadUnplugged, Some("unsafe"), None);
        }
        assert!(drills.holds(), "a fifth is not more than a fifth");
        let tally = &drills.kinds[&Kind::KilledOnPorts];
        assert_eq!((tally.trials, tally.happened, tally.nothing), (1, 0, 1));
        let (text, page) = (text(&drills), page(&drills, "here"));
        for words in ["but for 1 that shows nothing", "no turn for 500 ms", "--ports 5", "ended with 6"] {
            assert!(text.contains(words) && page.contains(words), "`{words}` not in {text}{page}");
        }
        let json = serde_json::to_value(&drills).unwrap();
        assert_eq!(json["nothing"][0]["why"], "no turn for 500 ms");
        assert_eq!(json["kinds"]["killed-on-ports"]["nothing"], 1);
        drills.count_nothing(Kind::StimulatorUnplugged, nothing());
        assert!(!drills.holds() && verdict(&drills).contains("2 of 6"), "{}", verdict(&drills));
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
