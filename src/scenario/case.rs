//! One expansion of a scenario's matrix: what the runner runs.

use serde::{Deserialize, Serialize};

use crate::phantom::Phantom;
use crate::signal::Program;
use crate::source::{Diagnostic, Place, Places, Severity};

use super::step::{Action, ProbeAction, Step};
use super::{Check, Criterion, Measurand, Profile};

/// How a verdict treats uncertainty (ILAC-G8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Decision {
    /// Pass only if the whole interval is inside the limit (w = U).
    #[default]
    Guarded,
    /// The value alone decides, and every report says so.
    Simple,
}

/// What evidence a requirement asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum Fidelity {
    /// A simulated bench will do.
    #[default]
    Sim,
    /// A real rig.
    Rig,
}

/// One case: a scenario with one combination of its matrix, everything resolved and in SI base units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// Scenario file as given.
    pub file: String,
    /// SHA-256 of its bytes, hexadecimal.
    pub hash: String,
    /// Counting from 1 within the file (`FILE#2`).
    pub number: usize,
    /// The scenario's name.
    pub scenario: String,
    /// `<scenario name> [k=v, …]`.
    pub name: String,
    /// The scenario's free text.
    pub about: Option<String>,
    /// Matrix values of this case, as written, in matrix order.
    pub matrix: Vec<(String, String)>,
    /// Requirement ids.
    pub verifies: Vec<String>,
    /// Evidence asked for.
    pub min_fidelity: Fidelity,
    /// Tags.
    pub tags: Vec<String>,
    /// The phantom.
    pub phantom: Phantom,
    /// What is loaded first.
    pub program: Program,
    /// What is done, in order; `start`/run/`stop` made explicit.
    pub steps: Vec<Step>,
    /// What is judged: the checks of the scenario, then those of its limit profiles.
    pub checks: Vec<Check>,
    /// The limit profiles it names, in its order.
    #[serde(default)]
    pub limits: Vec<Profile>,
    /// Decision rule.
    pub decision: Decision,
    /// Where its parts stand in the scenario file (`program.width`, `steps[2].inject`, `expect[0].amplitude`).
    #[serde(skip)]
    pub places: Places,
}

impl Case {
    /// The program in force when a step begins.
    pub fn in_force(&self, step: usize) -> &Program {
        let loaded = self.steps.iter().take(step).rev().find_map(|step| match &step.action {
            Action::Set(program) | Action::Program(program) => Some(program.as_ref()),
            _ => None,
        });
        loaded.unwrap_or(&self.program)
    }

    /// The tightest limit that the case's checks set to the shutdown after an instant, s: a scenario's own does not loosen a
    /// profile's.
    pub fn shutdown_limit(&self, after: Option<&str>) -> Option<f64> {
        let limits = self.checks.iter().filter_map(|check| match (check.measurand, check.criterion) {
            (Measurand::ShutdownLatency, Criterion::AtMost(limit)) if check.after.as_deref() == after => {
                Some(limit)
            }
            _ => None,
        });
        limits.min_by(f64::total_cmp)
    }

    /// The step that names an instant, or is the first of its kind where the instant is built in.
    pub fn step_of(&self, instant: &str) -> Option<usize> {
        let named = self.steps.iter().position(|step| step.name.as_deref() == Some(instant));
        named.or_else(|| match instant {
            "start" => self.steps.iter().position(|step| step.action == Action::Start),
            "stop" => self.steps.iter().position(|step| step.action == Action::Stop),
            _ => None,
        })
    }

    /// The fault's step that a `restart_refused` is about: `after:`, else the first there is.
    pub fn refusing_fault(&self, check: &Check) -> Option<usize> {
        match &check.after {
            Some(after) => self.step_of(after),
            None => self.steps.iter().position(|step| step.action.is_fault()),
        }
    }

    /// Steps of faults after which a start is sent that must be refused.
    pub fn refused_restarts(&self) -> Vec<usize> {
        let asked = self.checks.iter().filter(|check| check.measurand == Measurand::RestartRefused);
        let mut steps: Vec<usize> = asked.filter_map(|check| self.refusing_fault(check)).collect();
        steps.sort_unstable();
        steps.dedup();
        steps
    }

    /// How long the core stays halted behind the step that halts it, s.
    pub fn halted_for(&self, step: usize) -> f64 {
        let goes_on = |action: &Action| match action {
            Action::Probe(ProbeAction::Resume | ProbeAction::Reset) => true,
            Action::Clear(fault) => fault == "core-halt",
            _ => false,
        };
        let behind = self.steps.iter().skip(step + 1).take_while(|step| !goes_on(&step.action));
        behind.map(|step| super::step_duration(&step.action)).sum()
    }

    /// Where a check, or one of its keys, stands in the scenario: one of a profile stands where the profile is named.
    pub fn place_of(&self, check: &Check, key: &str) -> Place {
        self.places.find(&if key.is_empty() { check.path.clone() } else { format!("{}.{key}", check.path) })
    }

    /// A problem of a check at one of its keys; the message says whose check it is where the line does not.
    pub(super) fn problem(
        &self,
        check: &Check,
        key: &str,
        severity: Severity,
        what: &str,
        help: Option<&str>,
    ) -> Diagnostic {
        let place = self.place_of(check, key);
        match &check.profile {
            Some(profile) => {
                let name = check.measurand.name();
                let of = if what.contains(name) { String::new() } else { format!(", `{name}`") };
                let what = format!("profile `{profile}`{of}: {what}");
                place.diagnostic(severity, &what, help)
            }
            None => place.diagnostic(severity, what, help),
        }
    }
}
