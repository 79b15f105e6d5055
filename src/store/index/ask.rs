//! From rows to the past.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, Row, params};

use crate::record::{Attempt, Bundle, CheckLine, Outcome, Past, PastRun, Reading, Verdict, identity_begins};
use crate::store::MANIFEST;
use crate::store::chain::{Ended, read_chain};
use crate::store::read::in_order;

use super::notes::notes;
use super::{Index, IndexError};

/// Which part of the past is wanted. Everything is optional.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// Only this measurand; without it, all.
    pub measurand: Option<String>,
    /// Only runs of this device.
    pub dut: Option<String>,
    /// Only runs on this rig.
    pub rig: Option<String>,
    /// Only runs of a firmware whose hash begins so.
    pub firmware: Option<String>,
    /// Only cases whose name or file holds this.
    pub scenario: Option<String>,
    /// Only runs that began then or later, nanoseconds since 1970.
    pub since: Option<i64>,
    /// Only the latest so many runs; 0 for all.
    pub limit: usize,
    /// Runs with deliberate defects too.
    pub defects: bool,
}

/// A run's row.
pub(super) struct Found {
    id: i64,
    /// Its start, nanoseconds since 1970; 0 where it is not known.
    pub(super) started_ns: i64,
    /// Why it cannot be read.
    pub(super) trouble: Option<String>,
    /// Hash of its manifest; empty without one.
    manifest: String,
    pub(super) run: PastRun,
}

impl Found {
    /// The run, beside the chain: what is in it had that manifest, and without one or with another is not what it was. So is a folder
    /// that the chain knows as that of another run. Asked each time, because the chain is not among what the index is compared with.
    fn beside(mut self, chain: &[Ended], runs: &Path) -> Self {
        let mut own = chain.iter().filter(|line| line.run == self.run.id || line.run == self.run.folder);
        // One that has just ended may have been sealed since it was indexed.
        let missing = || !runs.join(&self.run.folder).join(MANIFEST).exists();
        let altered = match self.run.bundle {
            Bundle::Unsealed => own.next().is_some() && missing(),
            Bundle::Sealed => own.any(|line| line.manifest != self.manifest),
            Bundle::Altered => true,
        };
        if altered {
            self.run.bundle = Bundle::Altered;
        }
        self
    }
}

impl Index {
    /// What is asked for. The index must be up to date.
    ///
    /// # Errors
    /// When the database fails.
    pub fn past(&self, query: &Query) -> Result<Past, IndexError> {
        let failed = self.failed("read it");
        let chain = read_chain(&self.runs);
        let found = runs(&self.db).map_err(&failed)?;
        let found = found.into_iter().map(|found| found.beside(&chain, &self.runs));
        let mut past = Past::default();
        let mut named: BTreeMap<String, Found> =
            found.map(|found| (found.run.folder.clone(), found)).collect();
        let order = in_order(named.keys().cloned().collect(), &chain);
        let ordered: Vec<Found> = order.iter().filter_map(|name| named.remove(name)).collect();
        past.notes = notes(query, &ordered, &chain, &self.runs);
        let mut wanted: Vec<Found> = ordered.into_iter().filter(|found| wants(query, found)).collect();
        if query.limit > 0 && wanted.len() > query.limit {
            wanted.drain(..wanted.len() - query.limit);
        }
        let places: BTreeMap<i64, usize> =
            wanted.iter().enumerate().map(|(at, found)| (found.id, at)).collect();
        past.runs = wanted.into_iter().map(|found| found.run).collect();
        let subjects = subjects(&self.db, query).map_err(&failed)?;
        past.lines = lines(&self.db, query, &subjects, &places).map_err(&failed)?;
        if query.measurand.is_none() {
            past.attempts = attempts(&self.db, &subjects, &places).map_err(&failed)?;
        }
        Ok(past)
    }
}

/// Whether a run is among those that are asked for.
pub(super) fn wants(query: &Query, found: &Found) -> bool {
    let is = |wanted: &Option<String>, value: &str| wanted.as_ref().is_none_or(|wanted| wanted == value);
    let begins = query.firmware.as_ref().is_none_or(|wanted| identity_begins(&found.run.firmware, wanted));
    found.trouble.is_none()
        && found.run.bundle != Bundle::Altered
        && is(&query.dut, &found.run.dut)
        && is(&query.rig, &found.run.rig)
        && begins
        && query.since.is_none_or(|since| found.started_ns >= since)
        && (query.defects || found.run.defects.is_empty())
}

/// Text of a column; empty for null.
fn text(row: &Row<'_>, at: usize) -> rusqlite::Result<String> {
    Ok(row.get::<_, Option<String>>(at)?.unwrap_or_default())
}

fn runs(db: &Connection) -> rusqlite::Result<Vec<Found>> {
    let sql = "SELECT id, folder, trouble, run, started, started_ns, fidelity, outcome, rig, dut, firmware, tool, bundle, defects, cases, manifest, sim_only, part, rerun_of, settings FROM run";
    db.prepare_cached(sql)?
        .query_map([], |row| {
            Ok(Found {
                id: row.get(0)?,
                started_ns: row.get::<_, Option<i64>>(5)?.unwrap_or_default(),
                trouble: row.get(2)?,
                manifest: text(row, 15)?,
                run: PastRun {
                    folder: text(row, 1)?,
                    id: text(row, 3)?,
                    started: text(row, 4)?,
                    fidelity: text(row, 6)?,
                    outcome: Outcome::of_name(&text(row, 7)?),
                    rig: text(row, 8)?,
                    dut: text(row, 9)?,
                    firmware: text(row, 10)?,
                    tool: text(row, 11)?,
                    bundle: Bundle::of_name(&text(row, 12)?).unwrap_or(Bundle::Unsealed),
                    defects: text(row, 13)?.split_whitespace().map(str::to_owned).collect(),
                    cases: row.get::<_, Option<i64>>(14)?.unwrap_or_default() as usize,
                    sim_only: row.get::<_, Option<i64>>(16)?.unwrap_or_default() as usize,
                    partition: text(row, 17)?,
                    rerun_of: text(row, 18)?,
                    settings: text(row, 19)?,
                },
            })
        })?
        .collect()
}

/// The cases that are wanted: file and name.
fn subjects(db: &Connection, query: &Query) -> rusqlite::Result<BTreeMap<i64, (String, String)>> {
    let mut asked = db.prepare_cached("SELECT id, scenario, name FROM subject")?;
    let all = asked.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
    let all: BTreeMap<i64, (String, String)> = all.collect::<rusqlite::Result<_>>()?;
    let Some(part) = &query.scenario else { return Ok(all) };
    let holds =
        |(file, name): &(String, String)| file.contains(part.as_str()) || name.contains(part.as_str());
    Ok(all.into_iter().filter(|(_, subject)| holds(subject)).collect())
}

fn lines(
    db: &Connection,
    query: &Query,
    subjects: &BTreeMap<i64, (String, String)>,
    places: &BTreeMap<i64, usize>,
) -> rusqlite::Result<Vec<CheckLine>> {
    let Some(first) = places.keys().next() else { return Ok(Vec::new()) };
    let sql = "SELECT id, subject, measurand, unit, statistic, text, profile FROM line WHERE ?1 IS NULL OR measurand = ?1 ORDER BY measurand, subject, id";
    let mut asked = db.prepare_cached(sql)?;
    let mut of_line = db.prepare_cached(
        "SELECT run, value, uncertainty, lower, upper, margin, verdict, sim_only FROM reading WHERE line = ?1 AND run >= ?2",
    )?;
    let mut rows = asked.query([&query.measurand])?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        let Some((scenario, case)) = subjects.get(&row.get(1)?) else { continue };
        let mut readings = Vec::new();
        let mut values = of_line.query(params![row.get::<_, i64>(0)?, first])?;
        while let Some(value) = values.next()? {
            let Some(run) = places.get(&value.get(0)?) else { continue };
            readings.push(Reading {
                run: *run,
                value: value.get(1)?,
                uncertainty: value.get(2)?,
                lower: value.get(3)?,
                upper: value.get(4)?,
                margin: value.get(5)?,
                verdict: verdict(value.get_ref(6)?.as_str()?),
                sim_only: value.get(7)?,
            });
        }
        readings.sort_by_key(|reading| reading.run);
        if !readings.is_empty() {
            lines.push(CheckLine {
                scenario: scenario.clone(),
                case: case.clone(),
                measurand: row.get(2)?,
                unit: row.get(3)?,
                statistic: row.get(4)?,
                text: row.get(5)?,
                profile: row.get(6)?,
                readings,
            });
        }
    }
    Ok(lines)
}

fn attempts(
    db: &Connection,
    subjects: &BTreeMap<i64, (String, String)>,
    places: &BTreeMap<i64, usize>,
) -> rusqlite::Result<Vec<Attempt>> {
    let Some(first) = places.keys().next() else { return Ok(Vec::new()) };
    let mut asked = db.prepare_cached("SELECT run, subject, outcome, inputs FROM attempt WHERE run >= ?1")?;
    let mut rows = asked.query([first])?;
    let mut attempts = Vec::new();
    while let Some(row) = rows.next()? {
        let (Some(run), Some((scenario, case))) = (places.get(&row.get(0)?), subjects.get(&row.get(1)?))
        else {
            continue;
        };
        let outcome = row.get_ref(2)?.as_str()?;
        let Some(outcome) = Outcome::of_name(outcome) else {
            continue;
        };
        attempts.push(Attempt {
            run: *run,
            scenario: scenario.clone(),
            case: case.clone(),
            outcome,
            inputs: row.get(3)?,
        });
    }
    attempts.sort_by_key(|attempt| attempt.run);
    Ok(attempts)
}

/// A verdict by its name; what is none proves nothing.
fn verdict(name: &str) -> Verdict {
    let all = [Verdict::Pass, Verdict::Fail, Verdict::Inconclusive];
    all.into_iter().find(|verdict| verdict.name() == name).unwrap_or(Verdict::Invalid)
}
