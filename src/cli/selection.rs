//! Which cases run: files and folders, filters, a part of them, or those that an earlier run left over; each as often as
//! asked for.

use std::path::PathBuf;

use crate::phantom::Circuits;
use crate::rig::Rig;
use crate::scenario::{Case, Plan, plan_among, unreached_defects};
use crate::source::Diagnostic;

use super::RunArgs;
use super::filter::{Filter, FilterError};
use super::load::{add, load_cases};
use super::partition::Partition;
use super::side_by_side::side_by_side;

/// What the command line selects.
pub(super) struct Selection {
    paths: Vec<PathBuf>,
    filter: Filter,
    partition: Option<Partition>,
    repeat: u32,
    strict: bool,
}

/// The plans of a selection, and what a person should know about them.
pub(super) struct Selected {
    /// In order; the whole list again for each repetition.
    pub plans: Vec<Plan>,
    /// Warnings, each once.
    pub warnings: Vec<Diagnostic>,
}

impl Selection {
    /// Reads the arguments.
    ///
    /// # Errors
    /// A filter expression that is wrong.
    pub fn of(args: &RunArgs) -> Result<Self, FilterError> {
        Ok(Self {
            paths: args.paths.iter().map(PathBuf::from).collect(),
            filter: Filter::any(&args.filter)?,
            partition: args.partition,
            repeat: args.repeat.map_or(1, std::num::NonZeroU32::get),
            strict: args.strict,
        })
    }

    /// Reads the files and binds the selected cases to the rig; no plan where nothing is selected. The rig's own
    /// problems are told together with theirs.
    ///
    /// # Errors
    /// Everything that is wrong with any of them.
    pub fn plans(&self, rig: Result<&Rig, Vec<Diagnostic>>) -> Result<Selected, Vec<Diagnostic>> {
        let mut problems = Vec::new();
        let rig = rig.map_err(|found| problems.extend(found)).ok();
        let loaded = load_cases(&self.paths).map_err(|found| problems.extend(found)).ok();
        let (Some(rig), Some(loaded)) = (rig, loaded) else { return Err(problems) };
        let matching = loaded.cases.into_iter().filter(|case| self.filter.matches(&case.into()));
        let selected: Vec<Case> = matching
            .enumerate()
            .filter(|(at, case)| self.partition.is_none_or(|part| part.takes(*at, &case.name)))
            .map(|(_, case)| case)
            .collect();
        let (mut once, circuits) = (Vec::with_capacity(selected.len()), Circuits::default());
        let plan = |case: &Case| plan_among(case.clone(), rig, self.strict, &circuits);
        for planned in side_by_side(&selected, plan) {
            match planned {
                Ok(plan) => once.push(plan),
                Err(found) => add(&mut problems, found),
            }
        }
        let mut warnings = loaded.warnings;
        let unreached = unreached_defects(&once, rig);
        let (errors, unreached): (Vec<_>, Vec<_>) = unreached.into_iter().partition(Diagnostic::is_error);
        problems.extend(errors);
        warnings.extend(unreached);
        if problems.iter().any(Diagnostic::is_error) {
            return Err(problems);
        }
        add(&mut warnings, once.iter().flat_map(|plan| plan.warnings.iter().cloned()));
        Ok(Selected { plans: repeated(once, self.repeat), warnings })
    }
}

/// The whole list so many times over, so that a drift meets every case alike.
fn repeated(once: Vec<Plan>, times: u32) -> Vec<Plan> {
    if times <= 1 {
        return once;
    }
    let attempts = 1..=times;
    attempts.flat_map(|attempt| once.iter().map(move |plan| Plan { attempt, ..plan.clone() })).collect()
}
