//! Requirement × scenario × firmware × fidelity.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::{CaseRecord, Outcome, RunRecord, identity_begins};
use crate::scenario::Requirement;

use super::cell::{CaseCell, case_cell, together};
use super::{Cell, Column, Level, Now, Run, Standing};

/// How a requirement stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Proved on a rig.
    Rig,
    /// Proved on the simulator only.
    SimOnly,
    /// Not proved: why not, on the simulator or a rig.
    Hole(String),
}

/// A scenario that verifies a requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// Its file.
    pub file: String,
    /// A cell for each column.
    pub cells: Vec<Cell>,
}

/// A requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// What it demands.
    pub text: String,
    /// The scenarios that verify it.
    pub scenarios: Vec<Scenario>,
    /// How it stands.
    pub status: Status,
    /// Why it is not proved on a rig; none if it is.
    pub missing_on_rig: Option<String>,
    /// Why it is not proved where the simulator will do; none if it is. A pass on a rig does not unsay what failed on the simulator.
    pub missing_on_sim: Option<String>,
}

impl Row {
    /// Why it is not proved at a level; none if it is.
    pub fn missing(&self, level: Level) -> Option<&str> {
        match level {
            Level::Rig => self.missing_on_rig.as_deref(),
            Level::Sim => self.missing_on_sim.as_deref(),
        }
    }
}

/// The whole matrix.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Matrix {
    /// Columns: simulator before rig, current firmware first.
    pub columns: Vec<Column>,
    /// Requirements, in order of their file.
    pub rows: Vec<Row>,
    /// Ids that scenarios verify and no requirement has: id and scenario.
    pub unknown: Vec<(String, String)>,
    /// Runs that do not count: id and why.
    pub not_counted: Vec<(String, String)>,
    /// Runs that count.
    pub counted: usize,
    /// Runs that may have failed and show nothing any more, a sentence each: altered, or taken away.
    pub gaps: Vec<String>,
}

impl Matrix {
    /// Two firmwares that are both taken for the one to be proved, if there are: what one proved says nothing of the other.
    pub fn ambiguous(&self) -> Option<(&str, &str)> {
        let current = || self.columns.iter().filter(|column| column.current);
        let mut pairs = current().flat_map(|one| current().map(move |other| (one, other)));
        let found = pairs.find(|(one, other)| one.level == other.level && one.firmware != other.firmware);
        found.map(|(one, other)| (one.firmware.as_str(), other.firmware.as_str()))
    }
}

/// A case is found again by its name and the name of its file, wherever it was run from.
type Key = (String, String);

fn key(scenario: &str, name: &str) -> Key {
    let file = scenario.rsplit(['/', '\\']).next().unwrap_or(scenario);
    (file.to_owned(), name.to_owned())
}

type Records<'a> = BTreeMap<(Level, &'a str), BTreeMap<Key, Vec<(&'a RunRecord, &'a CaseRecord)>>>;

/// Traces requirements to what proves them. `runs` are in order; `firmware` is the beginning of the hash of the firmware to be proved.
pub fn trace(requirements: &[Requirement], cases: &[Now], runs: &[Run], firmware: Option<&str>) -> Matrix {
    let records = sorted(runs);
    let columns = columns(&records, runs, firmware);
    let mut by_requirement: BTreeMap<&str, BTreeMap<&str, Vec<&Now>>> = BTreeMap::new();
    for case in cases {
        for id in &case.verifies {
            by_requirement.entry(id).or_default().entry(&case.scenario).or_default().push(case);
        }
    }
    let rows = requirements.iter().map(|requirement| {
        let scenarios = by_requirement.get(requirement.id.as_str());
        row(requirement, scenarios, &columns, &records)
    });
    let rows = rows.collect();
    let known: BTreeSet<&str> = requirements.iter().map(|requirement| requirement.id.as_str()).collect();
    let unknown = by_requirement.iter().filter(|(id, _)| !known.contains(*id));
    let unknown =
        unknown.flat_map(|(id, files)| files.keys().map(|file| ((*id).to_owned(), (*file).to_owned())));
    let not_counted = runs.iter().filter_map(|run| Some((run.record.id.clone(), run.not_counted.clone()?)));
    let not_counted: Vec<(String, String)> = not_counted.collect();
    let counted = runs.len() - not_counted.len();
    Matrix { columns, rows, unknown: unknown.collect(), counted, not_counted, gaps: Vec::new() }
}

/// Fidelity of a case. What does not say `rig` is simulated, and a pass that asked for a rig and had none is a simulated one,
/// whatever its run says of itself.
fn level(record: &RunRecord, case: &CaseRecord) -> Level {
    if record.fidelity == Level::Rig.name() && !case.sim_only { Level::Rig } else { Level::Sim }
}

fn firmware_of(record: &RunRecord) -> &str {
    let stimulator = record.instruments.iter().find(|instrument| instrument.role == "stimulator");
    stimulator.map_or("", |instrument| instrument.firmware.as_str())
}

/// Whether a case of a run counts.
fn counts(run: &Run, case: &CaseRecord) -> bool {
    let stands = matches!(case.outcome, Outcome::Failed | Outcome::Unsafe | Outcome::Inconclusive);
    run.not_counted.is_none() || (run.killed && stands)
}

/// The cases that count.
fn sorted(runs: &[Run]) -> Records<'_> {
    let mut records: Records<'_> = BTreeMap::new();
    for run in runs {
        let record = &run.record;
        for case in record.cases.iter().filter(|case| counts(run, case)) {
            let of = records.entry((level(record, case), firmware_of(record))).or_default();
            of.entry(key(&case.scenario, &case.name)).or_default().push((record, case));
        }
    }
    records
}

fn columns(records: &Records<'_>, runs: &[Run], wanted: Option<&str>) -> Vec<Column> {
    let latest = |wanted: Level| {
        let counted = runs.iter().rev().filter(|run| run.not_counted.is_none());
        let mut of_level =
            counted.filter(|run| run.record.cases.iter().any(|case| level(&run.record, case) == wanted));
        of_level.next().map(|run| firmware_of(&run.record))
    };
    let mut columns: Vec<Column> = records
        .keys()
        .map(|(level, firmware)| Column {
            level: *level,
            firmware: (*firmware).to_owned(),
            current: match wanted {
                Some(wanted) => identity_begins(firmware, wanted),
                None => latest(*level) == Some(*firmware),
            },
        })
        .collect();
    columns.sort_by(|a, b| {
        a.level.cmp(&b.level).then(b.current.cmp(&a.current)).then(a.firmware.cmp(&b.firmware))
    });
    columns
}

fn row(
    requirement: &Requirement,
    scenarios: Option<&BTreeMap<&str, Vec<&Now>>>,
    columns: &[Column],
    records: &Records<'_>,
) -> Row {
    let mut row = Row {
        id: requirement.id.clone(),
        text: requirement.text.clone(),
        scenarios: Vec::new(),
        status: Status::Hole("no scenario verifies it".to_owned()),
        missing_on_rig: Some("no scenario verifies it".to_owned()),
        missing_on_sim: Some("no scenario verifies it".to_owned()),
    };
    let Some(scenarios) = scenarios else { return row };
    let mut all: Vec<(&Now, Vec<CaseCell>)> = Vec::new();
    for (file, cases) in scenarios {
        let cells = cases.iter().map(|now| {
            let of = columns.iter().map(|column| {
                let known = records.get(&(column.level, column.firmware.as_str()));
                let known = known.and_then(|known| known.get(&key(&now.scenario, &now.name)));
                case_cell(now, known.map_or(&[], Vec::as_slice), column)
            });
            (*now, of.collect::<Vec<CaseCell>>())
        });
        let cells: Vec<(&Now, Vec<CaseCell>)> = cells.collect();
        let column = |at: usize| -> Vec<(&Now, CaseCell)> {
            cells.iter().filter_map(|(now, of)| Some((*now, of.get(at)?.clone()))).collect()
        };
        row.scenarios.push(Scenario {
            file: (*file).to_owned(),
            cells: (0..columns.len()).map(|at| together(&column(at))).collect(),
        });
        all.extend(cells);
    }
    row.missing_on_rig = missing(&all, columns, Level::Rig);
    row.missing_on_sim = missing(&all, columns, Level::Sim);
    row.status = match (&row.missing_on_rig, &row.missing_on_sim) {
        (None, _) => Status::Rig,
        (_, None) => Status::SimOnly,
        (_, Some(why)) => Status::Hole(why.clone()),
    };
    row
}

/// Why the cases do not prove their requirement at a level: the worst of them, and how many.
fn missing(cases: &[(&Now, Vec<CaseCell>)], columns: &[Column], level: Level) -> Option<String> {
    let mut missing: Vec<(Standing, &Now, Option<&str>)> = Vec::new();
    for (now, cells) in cases {
        let level = if now.rig_only { Level::Rig } else { level };
        let of_level = columns.iter().zip(cells).filter(|(column, _)| column.level >= level);
        let of_level: Vec<(&Column, &CaseCell)> = of_level.collect();
        // What failed on a rig is not made good by the simulator, nor the other way round, whatever firmware is the current one there.
        let passed = of_level.iter().any(|(_, cell)| cell.standing == Standing::Passed);
        let bad = of_level.iter().filter(|(_, cell)| match cell.standing {
            // What one of them cannot do, the other may have done.
            Standing::Not(Outcome::Skipped) => !passed,
            Standing::Not(_) => true,
            _ => false,
        });
        let worst = bad.max_by_key(|(_, cell)| cell.standing);
        let stale = of_level.iter().find(|(_, cell)| cell.standing == Standing::Stale);
        match (worst, passed, stale) {
            (Some((_, cell)), ..) => missing.push((cell.standing, now, cell.run.as_deref())),
            (None, true, _) => {}
            (None, false, Some((_, cell))) => missing.push((Standing::Stale, now, cell.run.as_deref())),
            (None, false, None) => missing.push((Standing::NotRun, now, None)),
        }
    }
    let (standing, now, run) = missing.iter().max_by_key(|(standing, ..)| *standing)?;
    let on = match level {
        Level::Rig => " on a rig",
        Level::Sim if now.rig_only => " on a rig, which it asks for",
        Level::Sim => "",
    };
    let run = run.map_or_else(String::new, |run| format!(" (run {run})"));
    let more = match missing.len() {
        1 => String::new(),
        several => format!(", and {} more of {} cases", several - 1, cases.len()),
    };
    Some(format!("{}{on}: {}{run}{more}", standing.name(), now.name))
}
