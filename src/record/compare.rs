//! What is other in one run than in another.
//!
//! Two values of one quantity differ by d = after − before. Its uncertainty is that of both, less what they share: where the same
//! instrument measured both, its gain is off by the same unknown amount each time and cannot have made the difference. So
//! u²(d) = u²(before) + u²(after) − 2 Σ u_i(before) u_i(after), summed over the shared lines of the budgets (JCGM 100, 5.2.2, with a
//! correlation of 1).

use std::collections::{BTreeMap, BTreeSet};

use super::{CaseRecord, CheckRecord, Outcome, RunRecord};

/// Lines of a budget that are errors of the instrument itself, and stay what they are from run to run. Its offset does not: it is
/// measured anew before each case. Nor does its non-linearity, which is another one at every level: what decided may have been another
/// phase, or have another level, and a record does not say so.
const OF_THE_INSTRUMENT: [&str; 3] = ["gain", "shunt", "clock"];

/// Coverage factor of a difference; both values have many degrees of freedom or a factor of their own that is no smaller.
const COVERAGE: f64 = 1.96;

/// Two runs, compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// What is other about the runs themselves: what, before, after. An empty text is one that was not stated.
    pub about: Vec<(&'static str, String, String)>,
    /// Why the errors of the instruments are not the same in both; none if they are, and cancel.
    pub not_shared: Option<String>,
    /// In what the run itself came out worse, whatever its cases did: `passed → aborted`, `safe state confirmed → unconfirmed`.
    pub worse: Vec<String>,
    /// Cases in which something is other, worst first.
    pub cases: Vec<CaseChange>,
    /// Cases in which nothing is.
    pub same: usize,
}

/// A case in which something is other.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseChange {
    /// Scenario file.
    pub scenario: String,
    /// Its name.
    pub name: String,
    /// Its outcome before; none if it was not run.
    pub before: Option<Outcome>,
    /// Its outcome after; none if it was not run.
    pub after: Option<Outcome>,
    /// Whether it passed on the simulator only, where a rig is asked for: before, and after.
    pub sim_only: (bool, bool),
    /// What it is judged by that is other: `scenario`, `phantom`, `profiles`.
    pub inputs: Vec<&'static str>,
    /// Checks in which something is other.
    pub checks: Vec<CheckChange>,
}

/// A check in which something is other.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckChange {
    /// As it was; none if there was no such check.
    pub before: Option<CheckRecord>,
    /// As it is; none if there is no such check.
    pub after: Option<CheckRecord>,
    /// The values' difference, where both were measured.
    pub difference: Option<Difference>,
}

/// after − before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// In the unit of the check.
    pub value: f64,
    /// Expanded uncertainty of the difference (95 %).
    pub uncertainty: f64,
    /// The part of the uncertainty of both that cancels, expanded.
    pub cancelled: f64,
}

impl Difference {
    /// The interval of the difference does not hold zero.
    pub fn is_significant(&self) -> bool {
        self.value.abs() > self.uncertainty
    }
}

impl CheckChange {
    /// Whichever there is, the later one first.
    pub fn either(&self) -> Option<&CheckRecord> {
        self.after.as_ref().or(self.before.as_ref())
    }

    /// Its verdict became worse.
    pub fn is_regression(&self) -> bool {
        let rank = |check: &Option<CheckRecord>| check.as_ref().map_or(0, |check| check.verdict.badness());
        self.before.is_some() && self.after.is_some() && rank(&self.after) > rank(&self.before)
    }
}

impl CaseChange {
    /// It came out worse, or a case that passed, or a check in it, is not there any more. A pass on the simulator only is less than one
    /// that was not.
    pub fn is_regression(&self) -> bool {
        match (self.before, self.after) {
            (Some(before), Some(after)) => {
                after > before
                    || (before == Outcome::Passed && self.sim_only == (false, true))
                    || self.checks.iter().any(CheckChange::is_regression)
                    || self.gone().next().is_some()
            }
            (Some(before), None) => before == Outcome::Passed,
            (None, after) => after.is_some_and(|after| after > Outcome::Skipped),
        }
    }

    /// The measurands of which fewer checks are judged than before. One that is written otherwise is another check in its
    /// place.
    pub fn gone(&self) -> impl Iterator<Item = &str> {
        let of = |side: fn(&CheckChange) -> (&Option<CheckRecord>, &Option<CheckRecord>)| {
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            for change in &self.checks {
                if let (Some(only), None) = side(change) {
                    *counts.entry(only.measurand.as_str()).or_default() += 1;
                }
            }
            counts
        };
        let (before, after) =
            (of(|change| (&change.before, &change.after)), of(|change| (&change.after, &change.before)));
        before
            .into_iter()
            .filter(move |(name, count)| after.get(name).is_none_or(|now| now < count))
            .map(|(name, _)| name)
    }
}

impl Comparison {
    /// Cases that came out worse.
    pub fn regressions(&self) -> impl Iterator<Item = &CaseChange> {
        self.cases.iter().filter(|case| case.is_regression())
    }

    /// A case came out worse, or the run as a whole did.
    pub fn is_regression(&self) -> bool {
        !self.worse.is_empty() || self.regressions().next().is_some()
    }
}

/// Compares two runs. Cases are found again by scenario and name, wherever the scenario lies, checks by what they say.
pub fn compare(before: &RunRecord, after: &RunRecord) -> Comparison {
    let not_shared = not_shared(before, after);
    let pairs = paired(before, after);
    let all = pairs.len();
    let changes = pairs.into_iter().map(|(old, new)| change(before, after, old, new, not_shared.is_none()));
    let mut cases: Vec<CaseChange> = changes.flatten().collect();
    cases.sort_by_key(|case| (!case.is_regression(), std::cmp::Reverse(case.after)));
    let (about, worse) = (about(before, after), worse(before, after));
    Comparison { about, not_shared, worse, same: all - cases.len(), cases }
}

/// In what the run itself came out worse. What ends it early, or leaves its output on, need not be in any of its cases.
fn worse(before: &RunRecord, after: &RunRecord) -> Vec<String> {
    // Where nothing ran, nothing was shown, as of cases that were skipped.
    let outcome = |record: &RunRecord| record.outcome.unwrap_or(Outcome::Skipped);
    let name = |record: &RunRecord| record.outcome.map_or("nothing ran", Outcome::name);
    let mut worse = Vec::new();
    if outcome(after) > outcome(before) {
        worse.push(format!("{} → {}", name(before), name(after)));
    }
    let (was, is) = (before.safe_state, after.safe_state);
    if was != is && was.and(is) == is {
        worse.push(format!("safe state {} → {}", was.name(), is.name()));
    }
    worse
}

/// A case before and after.
type Pair<'a> = (Option<&'a CaseRecord>, Option<&'a CaseRecord>);

/// Every case of either run once, with the same case of the other one. Of several of one name in one file, the first is the first
/// again, and none stands for another.
fn paired<'a>(before: &'a RunRecord, after: &'a RunRecord) -> Vec<Pair<'a>> {
    let moved = moved(before, after);
    let mut later = by_title(after);
    let mut pairs = Vec::new();
    for ((file, title), old) in by_title(before) {
        let file = moved.get(file).copied().unwrap_or(file);
        let new = later.remove(&(file, title)).unwrap_or_default();
        let most = old.len().max(new.len());
        pairs.extend((0..most).map(|at| (old.get(at).copied(), new.get(at).copied())));
    }
    pairs.extend(later.into_values().flatten().map(|added| (None, Some(added))));
    pairs
}

/// The cases of each scenario and title, in their order.
fn by_title(record: &RunRecord) -> BTreeMap<(&str, String), Vec<&CaseRecord>> {
    let mut found: BTreeMap<(&str, String), Vec<&CaseRecord>> = BTreeMap::new();
    for case in &record.cases {
        found.entry((&case.scenario, case.title())).or_default().push(case);
    }
    found
}

/// Where the files of the earlier run are in the later one. Run from elsewhere, a file has another path; its name finds it again
/// where no other file of either run is called the same.
fn moved<'a>(before: &'a RunRecord, after: &'a RunRecord) -> BTreeMap<&'a str, &'a str> {
    let (old, new) = (by_file_name(before), by_file_name(after));
    let only = |paths: &BTreeSet<&'a str>| if paths.len() == 1 { paths.first().copied() } else { None };
    old.iter().filter_map(|(name, paths)| Some((only(paths)?, only(new.get(name)?)?))).collect()
}

/// The scenarios of a run by the name of their file.
fn by_file_name(record: &RunRecord) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for case in &record.cases {
        found.entry(file_name(&case.scenario)).or_default().insert(&case.scenario);
    }
    found
}

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

fn about(before: &RunRecord, after: &RunRecord) -> Vec<(&'static str, String, String)> {
    let instrument = |record: &RunRecord, role: &str, field: fn(&super::InstrumentRecord) -> String| {
        let found = record.instruments.iter().find(|instrument| instrument.role == role);
        found.map(field).unwrap_or_default()
    };
    let both = |what, of: &dyn Fn(&RunRecord) -> String| (what, of(before), of(after));
    let text = |of: &Option<String>| of.clone().unwrap_or_default();
    let uid = |instrument: &super::InstrumentRecord| format!("{} {}", instrument.model, instrument.uid);
    let firmware = |instrument: &super::InstrumentRecord| instrument.firmware.clone();
    let calibration =
        |instrument: &super::InstrumentRecord| instrument.calibration.clone().unwrap_or_default();
    let all = [
        both("fidelity", &|record| record.fidelity.clone()),
        both("rig", &|record| record.rig.clone()),
        both("rig file", &|record| record.rig_hash.clone()),
        both("device under test", &|record| text(&record.dut)),
        both("firmware", &|record| instrument(record, "stimulator", firmware)),
        both("stimulator", &|record| instrument(record, "stimulator", uid)),
        both("load", &|record| instrument(record, "load", uid)),
        both("calibration of the load", &|record| instrument(record, "load", calibration)),
        both("deliberate defects", &|record| or_none(record.defects.join(", "))),
        both("laid over the rig", &|record| or_none(record.overrides.join(" "))),
        both("part of the suite", &|record| record.partition.clone().unwrap_or_else(|| "whole".to_owned())),
        both("seed", &|record| record.seed.map(|seed| seed.to_string()).unwrap_or_default()),
        both("tool", &|record| record.tool.clone()),
        both("host", &|record| record.host.clone()),
        both("operator", &|record| text(&record.operator)),
        both("outcome", &|record| {
            record.outcome.map_or_else(String::new, |outcome| outcome.name().to_owned())
        }),
        both("safe state", &|record| record.safe_state.name().to_owned()),
    ];
    all.into_iter().filter(|(_, before, after)| before != after).collect()
}

/// A list, or a word for an empty one.
fn or_none(list: String) -> String {
    if list.is_empty() { "none".to_owned() } else { list }
}

/// Why the instruments' own errors need not be the same in both runs.
fn not_shared(before: &RunRecord, after: &RunRecord) -> Option<String> {
    let load = |record: &RunRecord| {
        let load = record.instruments.iter().find(|instrument| instrument.role == "load");
        load.map(|load| (load.uid.clone(), load.calibration.clone()))
    };
    let why = if before.fidelity != after.fidelity {
        "one is simulated"
    } else if before.rig != after.rig {
        "another rig"
    } else if before.rig_hash != after.rig_hash {
        "another rig file"
    } else if load(before).is_none() || load(before) != load(after) {
        "another load, or another calibration of it"
    } else if settings(before) != settings(after) {
        "other settings of the simulated bench"
    } else if before.seed != after.seed {
        "the simulated load has another seed, and errors drawn from it"
    } else {
        return None;
    };
    Some(why.to_owned())
}

/// What the command line laid over the rig, but for what is wrong with the stimulator on purpose and the seed.
fn settings(record: &RunRecord) -> Vec<&String> {
    let settings = record.overrides.iter();
    settings.filter(|laid| laid.starts_with("--set") && !laid.contains(" sim.seed=")).collect()
}

fn change(
    before: &RunRecord,
    after: &RunRecord,
    old: Option<&CaseRecord>,
    new: Option<&CaseRecord>,
    shared: bool,
) -> Option<CaseChange> {
    let some = new.or(old)?;
    let mut inputs = Vec::new();
    let mut checks = Vec::new();
    if let (Some(old), Some(new)) = (old, new) {
        if before.scenarios.get(&old.scenario) != after.scenarios.get(&new.scenario) {
            inputs.push("scenario");
        }
        if (&old.phantom, &old.phantom_hash) != (&new.phantom, &new.phantom_hash) {
            inputs.push("phantom");
        }
        let profiles =
            |case: &CaseRecord| case.profiles.iter().map(|profile| profile.hash.clone()).collect::<Vec<_>>();
        if profiles(old) != profiles(new) {
            inputs.push("profiles");
        }
        // Other currents may be measured in another range, whose gain is another one. Limits change no current.
        let as_before = inputs.iter().all(|input| *input == "profiles");
        checks = check_changes(&old.checks, &new.checks, shared && as_before);
    }
    let (was, is) = (old.map(|case| case.outcome), new.map(|case| case.outcome));
    let only = |case: Option<&CaseRecord>| case.is_some_and(|case| case.sim_only);
    let sim_only = (only(old), only(new));
    let changed = was != is || sim_only.0 != sim_only.1 || !inputs.is_empty() || !checks.is_empty();
    changed.then(|| CaseChange {
        scenario: some.scenario.clone(),
        name: some.title(),
        before: was,
        after: is,
        sim_only,
        inputs,
        checks,
    })
}

fn check_changes(old: &[CheckRecord], new: &[CheckRecord], shared: bool) -> Vec<CheckChange> {
    let same = |a: &CheckRecord, b: &CheckRecord| {
        (&a.measurand, &a.text, &a.profile, &a.statistic, &a.unit)
            == (&b.measurand, &b.text, &b.profile, &b.statistic, &b.unit)
    };
    let mut taken = vec![false; new.len()];
    let mut changes = Vec::new();
    for before in old {
        let at = new.iter().zip(&taken).position(|(after, taken)| !taken && same(before, after));
        let after = at.and_then(|at| {
            if let Some(taken) = taken.get_mut(at) {
                *taken = true;
            }
            new.get(at)
        });
        let difference = after.and_then(|after| difference(before, after, shared));
        let limits = |check: &CheckRecord| check.limit.clone();
        let changed = after.is_none_or(|after| {
            after.verdict != before.verdict
                || limits(after) != limits(before)
                || difference.is_some_and(|found| found.is_significant())
        });
        if changed {
            changes.push(CheckChange { before: Some(before.clone()), after: after.cloned(), difference });
        }
    }
    let added = new.iter().zip(&taken).filter(|(_, taken)| !**taken);
    changes.extend(added.map(|(after, _)| CheckChange {
        before: None,
        after: Some(after.clone()),
        difference: None,
    }));
    changes
}

/// The difference of the values of two checks of the same thing, where both were measured. `shared`: by the same instrument.
pub fn difference(before: &CheckRecord, after: &CheckRecord, shared: bool) -> Option<Difference> {
    let (old, new) = (before.value?, after.value?);
    let standard =
        |check: &CheckRecord| check.uncertainty.unwrap_or(0.0) / check.coverage.unwrap_or(COVERAGE).max(1.0);
    let separate = standard(before).powi(2) + standard(after).powi(2);
    // An error of gain moves values of different signs apart, not together: then nothing is taken off.
    let together = shared && old.signum() == new.signum();
    let covariance: f64 = if together {
        OF_THE_INSTRUMENT.iter().map(|name| line(before, name) * line(after, name)).sum()
    } else {
        0.0
    };
    let left = (separate - 2.0 * covariance).max(0.0);
    Some(Difference {
        value: new - old,
        uncertainty: COVERAGE * left.sqrt(),
        cancelled: COVERAGE * (separate - left).sqrt(),
    })
}

/// Standard uncertainty of a line of a budget.
fn line(check: &CheckRecord, name: &str) -> f64 {
    check.budget.iter().filter(|line| line.input == name).map(|line| line.contribution).sum()
}

#[cfg(test)]
mod tests;
