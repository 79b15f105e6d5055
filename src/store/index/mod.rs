//! `index.sqlite` in the folder of all runs: what their history is asked for, without reading a thousand journals.
//!
//! It is derived. The journals are the truth: before each question it is compared with them (size, times and inode of every
//! journal and manifest) and brought up to date; a missing, older or broken one is made anew. Whoever opens it holds
//! `index.lock`, so that two processes never work on it at once.

mod alike;
mod ask;
mod fill;
mod found;
mod notes;
mod place;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::StoreError;

pub use fill::Synced;
pub use found::Query;
pub use place::network;

/// Name of the index in the folder of all runs.
pub const INDEX: &str = "index.sqlite";
/// Held while it is open.
const LOCK: &str = "index.lock";
/// Raised whenever a table changes, or what is put into one; an index of any other is made anew.
const SCHEMA: i32 = 3;

const TABLES: &str = "
CREATE TABLE run (
    id INTEGER PRIMARY KEY, folder TEXT NOT NULL UNIQUE, stamp TEXT NOT NULL, trouble TEXT, run TEXT, started TEXT, started_ns INTEGER,
    fidelity TEXT, outcome TEXT, rig TEXT, dut TEXT, firmware TEXT, tool TEXT, bundle TEXT, defects TEXT, cases INTEGER,
    manifest TEXT, sim_only INTEGER, part TEXT, rerun_of TEXT, settings TEXT
);
CREATE TABLE subject (id INTEGER PRIMARY KEY, scenario TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (name, scenario));
CREATE TABLE attempt (
    run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, position INTEGER NOT NULL, subject INTEGER NOT NULL, outcome TEXT NOT NULL,
    inputs TEXT NOT NULL, PRIMARY KEY (run, position)
) WITHOUT ROWID;
CREATE TABLE line (
    id INTEGER PRIMARY KEY, subject INTEGER NOT NULL, measurand TEXT NOT NULL, unit TEXT NOT NULL, statistic TEXT NOT NULL,
    text TEXT NOT NULL, profile TEXT NOT NULL, UNIQUE (measurand, subject, text, profile, unit, statistic)
);
CREATE TABLE reading (
    line INTEGER NOT NULL, run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, position INTEGER NOT NULL, value REAL,
    uncertainty REAL, lower REAL, upper REAL, margin REAL, verdict TEXT NOT NULL, sim_only INTEGER NOT NULL, PRIMARY KEY (line, run, position)
) WITHOUT ROWID;
CREATE INDEX reading_of_run ON reading (run);
";

/// Why there is no index. Runs are not affected.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// Not a place for a database.
    #[error("{}: lies on {kind}, where a database breaks when two machines write to it; keep runs on a local disk", .folder.display())]
    Network {
        /// The folder of all runs.
        folder: PathBuf,
        /// Which file system.
        kind: &'static str,
    },
    /// Somebody else is at it.
    #[error("{}: another stimrig holds the index; the next `stimrig history` brings it up to date", .0.display())]
    Busy(PathBuf),
    /// The database library refused.
    #[error("{}: {doing}: {source}; remove the file, it is made anew from the journals", path.display())]
    Database {
        /// The index.
        path: PathBuf,
        /// What was being done, as a fragment.
        doing: &'static str,
        /// Why it failed.
        source: rusqlite::Error,
    },
    /// The file system refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An open index.
#[derive(Debug)]
pub struct Index {
    db: Connection,
    runs: PathBuf,
    path: PathBuf,
    /// Held until the index is closed; none in memory.
    _lock: Option<File>,
}

impl Index {
    /// Opens the index of a folder of runs, or makes an empty one in place of one that is broken or of another version.
    /// Waits `patience` for whoever holds it.
    ///
    /// # Errors
    /// On a network file system; when somebody else holds it for longer; when it cannot be made.
    pub fn open(runs: &Path, patience: Duration) -> Result<Self, IndexError> {
        Self::begin(runs, patience, false)
    }

    /// An empty index in place of whatever there is.
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    pub fn anew(runs: &Path, patience: Duration) -> Result<Self, IndexError> {
        Self::begin(runs, patience, true)
    }

    /// An empty index in memory, for a folder that cannot hold one.
    ///
    /// # Errors
    /// When the database library fails.
    pub fn in_memory(runs: &Path) -> Result<Self, IndexError> {
        let path = PathBuf::from("index in memory");
        let made = Connection::open_in_memory().and_then(|db| db.execute_batch(TABLES).map(|()| db));
        let db =
            made.map_err(|source| IndexError::Database { path: path.clone(), doing: "make it", source })?;
        Ok(Self { db, runs: runs.to_owned(), path, _lock: None })
    }

    fn begin(runs: &Path, patience: Duration, anew: bool) -> Result<Self, IndexError> {
        if let Some(kind) = network(runs)? {
            return Err(IndexError::Network { folder: runs.to_owned(), kind });
        }
        let lock = hold(runs, patience)?;
        let path = runs.join(INDEX);
        let db = match connect(&path) {
            Ok(Some(db)) if !anew => db,
            // Broken, of another version, or not there: the journals have everything that was in it.
            _ => {
                remove(&path)?;
                make(&path).map_err(|source| IndexError::Database {
                    path: path.clone(),
                    doing: "make it",
                    source,
                })?
            }
        };
        Ok(Self { db, runs: runs.to_owned(), path, _lock: Some(lock) })
    }

    fn failed(&self, doing: &'static str) -> impl Fn(rusqlite::Error) -> IndexError + use<> {
        let path = self.path.clone();
        move |source| IndexError::Database { path: path.clone(), doing, source }
    }
}

/// Waits for the lock. A file system without locks cannot be shared, and then there is nobody to wait for.
fn hold(runs: &Path, patience: Duration) -> Result<File, IndexError> {
    let path = runs.join(LOCK);
    let file = File::options().write(true).create(true).truncate(false).open(&path);
    let file = file.map_err(|source| StoreError::file(&path, "open", source))?;
    let until = Instant::now() + patience;
    loop {
        match file.try_lock() {
            Ok(()) | Err(TryLockError::Error(_)) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(TryLockError::WouldBlock) => return Err(IndexError::Busy(runs.join(INDEX))),
        }
    }
}

/// The database, if it is one of this version.
fn connect(path: &Path) -> rusqlite::Result<Option<Connection>> {
    if !path.is_file() {
        return Ok(None);
    }
    let db = Connection::open(path)?;
    set(&db)?;
    let version: i32 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    // Tables that lie about their version are found by the first question to them.
    let asked = "SELECT count(*) FROM run, (SELECT 1 FROM line, reading, attempt, subject LIMIT 0)";
    db.query_row(asked, [], |row| row.get::<_, i64>(0))?;
    Ok((version == SCHEMA).then_some(db))
}

fn make(path: &Path) -> rusqlite::Result<Connection> {
    let db = Connection::open(path)?;
    set(&db)?;
    db.execute_batch(TABLES)?;
    db.pragma_update(None, "user_version", SCHEMA)?;
    Ok(db)
}

fn set(db: &Connection) -> rusqlite::Result<()> {
    db.busy_timeout(Duration::from_secs(5))?;
    db.set_prepared_statement_cache_capacity(32);
    db.pragma_update(None, "journal_mode", "WAL")?;
    // After a power cut it may lack its last runs, which the next comparison finds.
    db.pragma_update(None, "synchronous", "NORMAL")?;
    db.pragma_update(None, "foreign_keys", true)
}

fn remove(path: &Path) -> Result<(), StoreError> {
    for end in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        match fs::remove_file(&name) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::file(Path::new(&name), "remove", source));
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
