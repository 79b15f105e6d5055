//! What the steps make the stimulator do: trains from a start to a stop, and the programs in force in each.

use crate::signal::{Part, Program, Run, course};

use super::timeline::duration;
use super::{Action, Case};

/// A program of a train.
#[derive(Debug, Clone, PartialEq)]
pub struct InForce<'c> {
    /// When it is loaded, s after the start; 0 for the first.
    pub at: f64,
    /// The program.
    pub program: &'c Program,
    /// Where it is written (`program`, `steps[2].set`).
    pub path: String,
}

/// From a start to what ends the stimulation, as far as the steps alone say.
#[derive(Debug, Clone, PartialEq)]
pub struct Train<'c> {
    /// Scenario time of the start, s from the first step.
    pub start: f64,
    /// How long it runs at most, s: to its stop, to the end of the steps, or as long as the program runs by itself.
    pub length: f64,
    /// Programs in order of time; never empty.
    pub programs: Vec<InForce<'c>>,
}

impl<'c> Train<'c> {
    /// The stretches under each program, with the given programs in the place of the written ones.
    pub fn parts<'p>(&self, programs: &'p [Program]) -> Vec<Part<'p>> {
        let Some((first, later)) = programs.split_first() else { return Vec::new() };
        let changes: Vec<(f64, &Program)> =
            self.programs.iter().skip(1).map(|in_force| in_force.at).zip(later).collect();
        course(first, &changes)
    }

    /// The programs as written, one for each stretch.
    pub fn written(&self) -> Vec<Program> {
        self.programs.iter().map(|in_force| in_force.program.clone()).collect()
    }
}

/// Where one program runs, as far as the steps alone say.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stretch<'c> {
    /// The program.
    pub(super) program: &'c Program,
    /// From when, s from the first step.
    pub(super) from: f64,
    /// Until when at most: the next start or change, the stop, the end of the steps, or where the program ends by itself.
    pub(super) to: f64,
    /// A start begins it, and not a change while running.
    started: bool,
}

impl Case {
    /// Where which program runs. Each start begins anew: what ran before may have ended by itself, or by a fault.
    pub(super) fn stretches(&self) -> Vec<Stretch<'_>> {
        let mut all: Vec<Stretch<'_>> = Vec::new();
        let (mut program, mut running, mut now) = (&self.program, false, 0.0);
        for step in &self.steps {
            let mut begins = false;
            match &step.action {
                Action::Start => (running, begins) = (true, true),
                Action::Stop => running = false,
                Action::Set(loaded) | Action::Program(loaded) => (program, begins) = (loaded, running),
                _ => {}
            }
            if begins {
                let started = step.action == Action::Start;
                all.push(Stretch { program, from: now, to: now, started });
            }
            now += duration(&step.action);
            if let Some(last) = all.last_mut().filter(|_| running) {
                last.to = now;
            }
        }
        // How long a train lasts by itself whose program changed on the way is not asked here: it is longer rather than shorter.
        let mut alone = true;
        for stretch in all.iter_mut().rev() {
            if stretch.started
                && alone
                && let Some(limit) = stretch.program.pulse_limit()
            {
                stretch.to = stretch.to.min(stretch.from + stretch.program.start_of(limit));
            }
            alone = stretch.started;
        }
        all
    }

    /// Every train of the steps. A fault may end one earlier; nobody knows when, so it is not asked here.
    pub fn trains(&self) -> Vec<Train<'_>> {
        let mut trains: Vec<Train<'_>> = Vec::new();
        let mut running = false;
        let mut loaded = InForce { at: 0.0, program: &self.program, path: "program".to_owned() };
        let mut now = 0.0;
        for (index, step) in self.steps.iter().enumerate() {
            match &step.action {
                Action::Start if !running => {
                    running = true;
                    let programs = vec![InForce { at: 0.0, ..loaded.clone() }];
                    trains.push(Train { start: now, length: 0.0, programs });
                }
                Action::Stop => running = false,
                Action::Set(program) | Action::Program(program) => {
                    let key = if matches!(step.action, Action::Set(_)) { "set" } else { "program" };
                    loaded = InForce { at: 0.0, program, path: format!("steps[{index}].{key}") };
                    if let Some(train) = trains.last_mut().filter(|_| running) {
                        train.programs.push(InForce { at: now - train.start, ..loaded.clone() });
                    }
                }
                _ => {}
            }
            now += duration(&step.action);
            if let Some(train) = trains.last_mut().filter(|_| running) {
                train.length = now - train.start;
            }
        }
        for train in &mut trains {
            let own = train.programs.last().map_or(f64::INFINITY, |last| match last.program.run {
                Run::UntilStopped => f64::INFINITY,
                Run::Duration(seconds) => seconds,
                Run::Pulses(pulses) => last.program.start_of(pulses),
            });
            train.length = train.length.min(own);
        }
        trains
    }

    /// How long its stimulator may be silent while it stimulates, s: three periods without a pulse, after the off-time of a
    /// cycle. Shorter silence does not show that the output is off.
    pub fn longest_silence(&self) -> f64 {
        let silence =
            |program: &Program| 3.0 * program.period() + program.cycle.map_or(0.0, |cycle| cycle.off_time);
        let changed = self.steps.iter().filter_map(|step| match &step.action {
            Action::Set(program) | Action::Program(program) => Some(silence(program)),
            _ => None,
        });
        changed.fold(silence(&self.program), f64::max)
    }
}
