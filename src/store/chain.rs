//! `chain.jsonl` in the folder of all runs: one line for each run that ended, in the order in which they did.
//!
//! It says which run comes before the next one of its rig, and what hash its manifest had: a manifest written anew is noticed
//! even if nothing else was changed.

use std::fs::{self, File};
use std::io::{Read, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::names::{CHAIN, MANIFEST};
use super::{Link, Manifest, StoreError, manifest::sha256};

/// A run that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Rig it ran on.
    pub rig: String,
    /// Its id.
    pub run: String,
    /// SHA-256 of its manifest, hexadecimal.
    pub manifest: String,
    /// UTC start, RFC 3339.
    pub started: String,
    /// The line was made from the run's manifest, because the chain was lost: what was before it cannot be told.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub remade: bool,
}

/// The chain, held so that no other run ends meanwhile.
pub(super) struct Chain {
    file: File,
    lines: Vec<Ended>,
    /// Its last line lacks its end.
    cut: bool,
}

impl Chain {
    /// Opens the chain of a folder and waits until nobody else holds it. One that is not there is made from the manifests.
    pub(super) fn hold(runs: &Path) -> Result<Self, StoreError> {
        let path = runs.join(CHAIN);
        let mut file = File::options()
            .read(true)
            .append(true)
            .create(true)
            .open(&path)
            .map_err(|source| StoreError::file(&path, "open", source))?;
        // A file system without locks cannot be shared by two runs that end at once, but it can hold a chain.
        let _ = file.lock();
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(|source| StoreError::file(&path, "read", source))?;
        let (lines, cut) = parse(text.as_bytes());
        let mut chain = Self { file, lines, cut };
        if chain.lines.is_empty() {
            for ended in from_manifests(runs) {
                chain.append(runs, ended)?;
            }
        }
        Ok(chain)
    }

    /// The latest run of a rig.
    pub(super) fn latest(&self, rig: &str) -> Option<&Ended> {
        self.lines.iter().rev().find(|line| line.rig == rig)
    }

    /// Adds a run that ended.
    pub(super) fn append(&mut self, runs: &Path, ended: Ended) -> Result<(), StoreError> {
        let path = runs.join(CHAIN);
        let mut line = serde_json::to_vec(&ended)
            .map_err(|source| StoreError::Serialize { path: path.clone(), source })?;
        line.push(b'\n');
        if std::mem::take(&mut self.cut) {
            line.insert(0, b'\n');
        }
        let written = self.file.write_all(&line).and_then(|()| self.file.sync_data());
        written.map_err(|source| StoreError::file(&path, "append to the chain", source))?;
        self.lines.push(ended);
        Ok(())
    }
}

impl Ended {
    /// As the run before another.
    pub(super) fn link(&self) -> Link {
        Link { run: self.run.clone(), manifest: self.manifest.clone() }
    }
}

/// The lines of a folder's chain; nothing if there is none.
pub fn read_chain(runs: &Path) -> Vec<Ended> {
    fs::read(runs.join(CHAIN)).map(|text| parse(&text).0).unwrap_or_default()
}

/// The lines that are whole, and whether the last one lacks its end.
pub(super) fn parse(text: &[u8]) -> (Vec<Ended>, bool) {
    let lines = text.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
    (lines.collect(), !text.is_empty() && !text.ends_with(b"\n"))
}

/// The numbers, from 1, of the lines that cannot be read. A last one that lacks its end is not among them: whoever is killed
/// while writing it leaves it so.
pub(super) fn unreadable(text: &[u8]) -> Vec<usize> {
    let lines = text.split_inclusive(|byte| *byte == b'\n').enumerate();
    let wrong = lines.filter(|(_, line)| {
        let empty = line.trim_ascii().is_empty();
        line.ends_with(b"\n") && !empty && serde_json::from_slice::<Ended>(line).is_err()
    });
    wrong.map(|(at, _)| at + 1).collect()
}

/// Every run of a folder that has a manifest, by its start.
fn from_manifests(runs: &Path) -> Vec<Ended> {
    let entries = fs::read_dir(runs).into_iter().flatten().flatten();
    let ended = entries.filter_map(|entry| {
        let text = fs::read(entry.path().join(MANIFEST)).ok()?;
        let manifest: Manifest = serde_json::from_slice(&text).ok()?;
        let Manifest { rig, run, started, .. } = manifest;
        Some(Ended { rig, run, manifest: sha256(&text), started, remade: true })
    });
    let mut ended: Vec<Ended> = ended.collect();
    ended.sort_by(|a, b| (&a.started, &a.run).cmp(&(&b.started, &b.run)));
    ended
}
