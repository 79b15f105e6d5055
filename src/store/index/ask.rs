//! From rows to the past.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rusqlite::{Connection, Row, params};

use crate::record::{Attempt, Bundle, CheckLine, Outcome, Past, PastRun, Reading, Verdict};
use crate::store::chain::read_chain;
use crate::store::read::in_order;

use super::alike::alike;
use super::found::{Found, Query, wants};
use super::notes::notes;
use super::{Index, IndexError};

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

/// The cases that are wanted: file, by the path it goes by, and name.
fn subjects(db: &Connection, query: &Query) -> rusqlite::Result<BTreeMap<i64, (String, String)>> {
    let mut asked = db.prepare_cached("SELECT id, scenario, name FROM subject")?;
    let all = asked.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
    let mut all: BTreeMap<i64, (String, String)> = all.collect::<rusqlite::Result<_>>()?;
    let paths = alike(&all.values().map(|(file, _)| file.clone()).collect());
    for (file, _) in all.values_mut() {
        if let Some(path) = paths.get(file) {
            file.clone_from(path);
        }
    }
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
    let (mut lines, mut places_of) = (Vec::<CheckLine>::new(), BTreeMap::new());
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
        let line = CheckLine {
            scenario: scenario.clone(),
            case: case.clone(),
            measurand: row.get(2)?,
            unit: row.get(3)?,
            statistic: row.get(4)?,
            text: row.get(5)?,
            profile: row.get(6)?,
            readings,
        };
        if line.readings.is_empty() {
            continue;
        }
        // A file with several paths has a line for each.
        match places_of.entry(check(&line)) {
            Entry::Vacant(place) => {
                place.insert(lines.len());
                lines.push(line);
            }
            Entry::Occupied(place) => {
                let known = lines.get_mut(*place.get()).map(|line| &mut line.readings);
                known.into_iter().for_each(|readings| readings.extend_from_slice(&line.readings));
            }
        }
    }
    lines.iter_mut().for_each(|line| line.readings.sort_by_key(|reading| reading.run));
    Ok(lines)
}

/// What tells a check from every other.
fn check(line: &CheckLine) -> [String; 7] {
    let CheckLine { scenario, case, measurand, unit, statistic, text, profile, .. } = line;
    [scenario, case, measurand, unit, statistic, text, profile].map(String::clone)
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
