//! One case on one firmware at one fidelity.

use crate::record::{CaseRecord, Outcome, RunRecord};

use super::{Column, Level, Now};

/// How a case, or a scenario's cases together, stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Judged, and passed.
    Passed,
    /// Passed on the simulator, where the case asks for a rig: it proves nothing of what it was written for.
    SimOnly,
    /// Judged once, but what it was judged with has changed since.
    Stale,
    /// No run that counts.
    NotRun,
    /// A run that judged nothing, or did not pass.
    Not(Outcome),
}

impl Standing {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::SimOnly => "sim only",
            Self::Stale => "stale",
            Self::NotRun => "not run",
            Self::Not(outcome) => outcome.name(),
        }
    }

    /// It was judged and passed, wherever that was.
    pub fn is_pass(self) -> bool {
        matches!(self, Self::Passed | Self::SimOnly)
    }
}

/// A scenario in a column of the matrix: all its cases together, the worst of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The worst of its cases.
    pub standing: Standing,
    /// Cases that passed and are current, on the simulator those too that ask for a rig.
    pub passed: usize,
    /// Cases there are.
    pub of: usize,
    /// Runs that count and are current.
    pub runs: usize,
    /// What changed since, where it is stale: `scenario`, `phantom`, `profile …`, `firmware`.
    pub changed: Vec<String>,
    /// Id of the run that decides: the worst, or the latest.
    pub run: Option<String>,
    /// Ids of the runs in which the cases that passed did, each once: what has to be shown to whoever asks for the proof.
    pub passed_by: Vec<String>,
    /// The case that decides, where not all passed.
    pub case: Option<String>,
}

/// What there is of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CaseCell {
    pub standing: Standing,
    pub runs: usize,
    pub changed: Vec<String>,
    pub run: Option<String>,
}

/// The records of a case in a column, in order, to how it stands.
pub(super) fn case_cell(now: &Now, records: &[(&RunRecord, &CaseRecord)], column: &Column) -> CaseCell {
    let mut stale: Option<(Vec<String>, &RunRecord)> = None;
    let mut judged: Option<(Outcome, &RunRecord)> = None;
    let mut unjudged: Option<(Outcome, &RunRecord)> = None;
    let mut runs = 0;
    for (run, case) in records {
        let mut changed = changes(now, run, case);
        if !column.current {
            changed.push("firmware".to_owned());
        }
        if !changed.is_empty() {
            stale = Some((changed, run));
            continue;
        }
        runs += 1;
        match case.outcome {
            Outcome::Passed | Outcome::Inconclusive | Outcome::Failed | Outcome::Unsafe => {
                // Later runs never make it better; of equals the latest is named.
                if judged.is_none_or(|(worst, _)| case.outcome >= worst) {
                    judged = Some((case.outcome, run));
                }
                unjudged = None;
            }
            Outcome::Invalid | Outcome::RigError | Outcome::Aborted => unjudged = Some((case.outcome, run)),
            // What a rig cannot do says nothing about what another one did, nor about what went wrong there: of what judged
            // nothing only another skip is replaced by it.
            Outcome::Skipped if judged.is_some() => {}
            Outcome::Skipped if unjudged.is_some_and(|(outcome, _)| outcome != Outcome::Skipped) => {}
            Outcome::Skipped => unjudged = Some((case.outcome, run)),
        }
    }
    let of = |standing, run: Option<&RunRecord>, changed| CaseCell {
        standing,
        runs,
        changed,
        run: run.map(|run| run.id.clone()),
    };
    match (judged, unjudged, stale) {
        (Some((worst @ (Outcome::Failed | Outcome::Unsafe), run)), _, _) => {
            of(Standing::Not(worst), Some(run), Vec::new())
        }
        (_, Some((outcome, run)), _) => of(Standing::Not(outcome), Some(run), Vec::new()),
        (Some((Outcome::Passed, run)), None, _) => {
            let short = now.rig_only && column.level == Level::Sim;
            of(if short { Standing::SimOnly } else { Standing::Passed }, Some(run), Vec::new())
        }
        (Some((outcome, run)), None, _) => of(Standing::Not(outcome), Some(run), Vec::new()),
        (None, None, Some((changed, run))) => of(Standing::Stale, Some(run), changed),
        (None, None, None) => of(Standing::NotRun, None, Vec::new()),
    }
}

/// What the case is judged with now and was not then.
fn changes(now: &Now, run: &RunRecord, case: &CaseRecord) -> Vec<String> {
    let mut changed = Vec::new();
    if run.scenarios.get(&case.scenario) != Some(&now.hash) {
        changed.push("scenario".to_owned());
    }
    if case.phantom != now.phantom.0 || case.phantom_hash != now.phantom.1 {
        changed.push("phantom".to_owned());
    }
    let then = || case.profiles.iter().map(|profile| (&profile.name, &profile.hash));
    if !then().eq(now.profiles.iter().map(|(name, hash)| (name, hash))) {
        let other = now.profiles.iter().find(|(name, hash)| !then().any(|known| known == (name, hash)));
        changed.push(other.map_or_else(|| "profiles".to_owned(), |(name, _)| format!("profile {name}")));
    }
    changed
}

/// The cases of a scenario together.
pub(super) fn together(cases: &[(&Now, CaseCell)]) -> Cell {
    let worst = cases.iter().max_by_key(|(_, cell)| cell.standing);
    let passed: Vec<&CaseCell> =
        cases.iter().map(|(_, cell)| cell).filter(|cell| cell.standing.is_pass()).collect();
    let mut passed_by: Vec<String> = Vec::new();
    for run in passed.iter().filter_map(|cell| cell.run.as_ref()) {
        if !passed_by.contains(run) {
            passed_by.push(run.clone());
        }
    }
    let mut changed: Vec<String> = cases.iter().flat_map(|(_, cell)| cell.changed.iter().cloned()).collect();
    changed.sort();
    changed.dedup();
    Cell {
        standing: worst.map_or(Standing::NotRun, |(_, cell)| cell.standing),
        passed: passed.len(),
        of: cases.len(),
        runs: cases.iter().map(|(_, cell)| cell.runs).max().unwrap_or(0),
        changed,
        run: worst.and_then(|(_, cell)| cell.run.clone()),
        passed_by,
        case: worst.filter(|(_, cell)| !cell.standing.is_pass()).map(|(now, _)| now.name.clone()),
    }
}
