//! From journals to rows.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use crate::quantity::hex;
use crate::record::{Bundle, CaseRecord, CheckRecord, RunRecord};
use crate::store::manifest::{hash_file, sha256};
use crate::store::read::{goes_on, name_of};
use crate::store::{JOURNAL, MANIFEST, Manifest, read_record, runs_in};

use super::notes::started_ns;
use super::{Index, IndexError};

/// What bringing an index up to date did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Synced {
    /// Runs read, because they are new or were changed.
    pub read: usize,
    /// Runs that are gone.
    pub gone: usize,
}

impl Index {
    /// Brings the index up to date with the journals.
    ///
    /// # Errors
    /// When the database fails.
    pub fn sync(&mut self) -> Result<Synced, IndexError> {
        // A folder without runs is an empty history.
        let folders = runs_in(&self.runs).unwrap_or_default();
        let folders = folders.into_iter().filter(|folder| *folder != self.runs);
        let there: BTreeMap<String, String> =
            folders.filter_map(|folder| Some((name_of(&folder)?, stamp(&folder)?))).collect();
        let failed = self.failed("bring it up to date");
        let known = known(&self.db).map_err(&failed)?;
        let gone: Vec<&String> = known.keys().filter(|name| !there.contains_key(*name)).collect();
        let new: Vec<(&String, &String)> =
            there.iter().filter(|(name, stamp)| known.get(*name) != Some(*stamp)).collect();
        let synced = Synced { read: new.len(), gone: gone.len() };
        if synced == Synced::default() {
            return Ok(synced);
        }
        let change = self.db.transaction().map_err(&failed)?;
        for name in gone {
            change.execute("DELETE FROM run WHERE folder = ?1", [name]).map_err(&failed)?;
        }
        for (name, stamp) in new {
            put(&change, &self.runs.join(name), name, stamp).map_err(&failed)?;
        }
        change.commit().map_err(&failed)?;
        Ok(synced)
    }

    /// Takes in one run that has just ended.
    ///
    /// # Errors
    /// When the database fails.
    pub fn take(&mut self, folder: &Path) -> Result<(), IndexError> {
        let (Some(name), Some(stamp)) = (name_of(folder), stamp(folder)) else { return Ok(()) };
        let failed = self.failed("add the run");
        let change = self.db.transaction().map_err(&failed)?;
        put(&change, folder, &name, &stamp).map_err(&failed)?;
        change.commit().map_err(&failed)
    }
}

/// The stamp of every run in the index.
fn known(db: &Connection) -> rusqlite::Result<BTreeMap<String, String>> {
    let mut asked = db.prepare_cached("SELECT folder, stamp FROM run")?;
    asked.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// What changes when a journal or manifest does, or the process of the run is gone. The time of the last change of an inode cannot
/// be set back as that of its content can.
fn stamp(folder: &Path) -> Option<String> {
    let of = |name: &str| match fs::metadata(folder.join(name)) {
        Ok(found) => {
            let (m, c) = ((found.mtime(), found.mtime_nsec()), (found.ctime(), found.ctime_nsec()));
            format!("{} {} {}.{:09} {}.{:09}", found.ino(), found.len(), m.0, m.1, c.0, c.1)
        }
        Err(_) => "none".to_owned(),
    };
    // One that is killed changes no file, and yet is not what it was.
    let still = if goes_on(folder) { " / goes on" } else { "" };
    Some(format!("{} / {}{still}", of(JOURNAL), of(MANIFEST)))
}

/// Puts a run in place of what was known of it.
fn put(db: &Connection, folder: &Path, name: &str, stamp: &str) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM run WHERE folder = ?1")?.execute([name])?;
    let record = match read_record(folder) {
        Ok((record, _)) => record,
        Err(error) => {
            let sql = "INSERT INTO run (folder, stamp, trouble) VALUES (?1, ?2, ?3)";
            db.prepare_cached(sql)?.execute(params![name, stamp, error.to_string()])?;
            return Ok(());
        }
    };
    let stimulator = record.instruments.iter().find(|instrument| instrument.role == "stimulator");
    let (bundle, manifest) = bundle(folder);
    let sim_only = record.cases.iter().filter(|case| case.sim_only).count();
    let sql = "INSERT INTO run (folder, stamp, run, started, started_ns, fidelity, outcome, rig, dut, firmware, tool, bundle, \
               defects, cases, manifest, sim_only, part, rerun_of, settings) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)";
    db.prepare_cached(sql)?.execute(params![
        name,
        stamp,
        record.id,
        record.started,
        started_ns(&record.started).unwrap_or_default(),
        record.fidelity,
        record.outcome.map(crate::record::Outcome::name),
        record.rig,
        record.dut.as_deref().unwrap_or_default(),
        stimulator.map_or("", |instrument| instrument.firmware.as_str()),
        record.tool,
        bundle.name(),
        record.defects.join(" "),
        record.cases.len() as i64,
        manifest,
        sim_only as i64,
        record.partition.as_deref().unwrap_or_default(),
        record.rerun_of.as_deref().unwrap_or_default(),
        settings(&record),
    ])?;
    let run = db.last_insert_rowid();
    // Repetitions of a case have the same checks.
    let mut positions = 0_i64..;
    for (position, case) in record.cases.iter().enumerate() {
        let subject = subject(db, case)?;
        let sql = "INSERT INTO attempt (run, position, subject, outcome, inputs) VALUES (?1, ?2, ?3, ?4, ?5)";
        db.prepare_cached(sql)?.execute(params![
            run,
            position as i64,
            subject,
            case.outcome.name(),
            inputs(&record, case)
        ])?;
        for check in &case.checks {
            let line = line(db, subject, check)?;
            let sql = "INSERT INTO reading (line, run, position, value, uncertainty, lower, upper, margin, verdict, sim_only) \
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
            db.prepare_cached(sql)?.execute(params![
                line,
                run,
                positions.next(),
                check.value,
                check.uncertainty,
                check.limit.lower,
                check.limit.upper,
                check.margin,
                check.verdict.name(),
                case.sim_only
            ])?;
        }
    }
    Ok(())
}

fn subject(db: &Connection, case: &CaseRecord) -> rusqlite::Result<i64> {
    let known = db
        .prepare_cached("SELECT id FROM subject WHERE name = ?1 AND scenario = ?2")?
        .query_row([&case.name, &case.scenario], |row| row.get(0))
        .optional()?;
    if let Some(known) = known {
        return Ok(known);
    }
    db.prepare_cached("INSERT INTO subject (name, scenario) VALUES (?1, ?2)")?
        .execute([&case.name, &case.scenario])?;
    Ok(db.last_insert_rowid())
}

fn line(db: &Connection, subject: i64, check: &CheckRecord) -> rusqlite::Result<i64> {
    let key = params![
        check.measurand,
        subject,
        check.text,
        check.profile.as_deref().unwrap_or_default(),
        check.unit,
        check.statistic
    ];
    let sql = "SELECT id FROM line WHERE measurand = ?1 AND subject = ?2 AND text = ?3 AND profile = ?4 AND unit = ?5 AND statistic = ?6";
    if let Some(known) = db.prepare_cached(sql)?.query_row(key, |row| row.get(0)).optional()? {
        return Ok(known);
    }
    let sql = "INSERT INTO line (measurand, subject, text, profile, unit, statistic) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    db.prepare_cached(sql)?.execute(key)?;
    Ok(db.last_insert_rowid())
}

/// What the command line set on the simulated bench, but for its seed: another bench, whatever its rig file says.
fn settings(record: &RunRecord) -> String {
    let set = record.overrides.iter().filter_map(|laid| laid.strip_prefix("--set "));
    set.filter(|set| !set.starts_with("sim.seed=")).collect::<Vec<&str>>().join(", ")
}

/// What a case was judged by and the bench it ran on, as one hash. The seed is left out: on a simulated bench nothing else would
/// ever come out otherwise.
fn inputs(record: &RunRecord, case: &CaseRecord) -> String {
    let mut hash = Sha256::new();
    let scenario = record.scenarios.get(&case.scenario).map_or("", String::as_str);
    let profiles = case.profiles.iter().map(|profile| profile.hash.as_str());
    let laid = record.overrides.iter().map(String::as_str).filter(|laid| !laid.contains(" sim.seed="));
    let one = [record.rig_hash.as_str(), scenario, case.phantom_hash.as_str(), case.phantom.as_str()];
    // An empty part ends the first list, which may be of any length.
    for part in one.into_iter().chain(profiles).chain([""]).chain(laid) {
        hash.update(part);
        hash.update([0]);
    }
    hex(hash.finalize().get(..8).unwrap_or_default())
}

/// Whether the journal is the one its manifest names, and the hash of that manifest, which the chain states too; empty without one.
/// The other files matter to `verify`, not to a history.
fn bundle(folder: &Path) -> (Bundle, String) {
    let Ok(text) = fs::read(folder.join(MANIFEST)) else { return (Bundle::Unsealed, String::new()) };
    let manifest = serde_json::from_slice::<Manifest>(&text).ok();
    let named = manifest.filter(|manifest| manifest.is_sealed_as(&text));
    let named = named.and_then(|manifest| manifest.files.get(JOURNAL).cloned());
    let bundle = match (named, hash_file(&folder.join(JOURNAL))) {
        (Some(named), Ok(found)) if named == found => Bundle::Sealed,
        _ => Bundle::Altered,
    };
    (bundle, sha256(&text))
}
