//! `manifest.json`: the hash of every file of a run, chained to the run before it on the same rig.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::quantity::hex;

use super::StoreError;
use super::names::{MANIFEST, SIGNATURE};

/// Length and hash of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Bytes.
    pub bytes: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
}

/// The run before, on the same rig.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Its id.
    pub run: String,
    /// SHA-256 of its `manifest.json`, hexadecimal.
    pub manifest: String,
}

/// What a run consisted of when it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Of this format: 1.
    pub version: u32,
    /// Id of the run.
    pub run: String,
    /// Rig it ran on.
    pub rig: String,
    /// Version of the tool that wrote it.
    pub tool: String,
    /// UTC start of the run, RFC 3339.
    pub started: String,
    /// The run before it on the same rig; null for the first.
    pub previous: Option<Link>,
    /// Public key that signs it, hexadecimal; null if it is not signed.
    pub signer: Option<String>,
    /// Every file but the manifest and its signature: path within the run's folder, with `/`.
    pub files: BTreeMap<String, FileEntry>,
    /// SHA-256 of this manifest as it is written with an empty string here, hexadecimal.
    pub digest: String,
}

impl Manifest {
    /// The version written.
    pub const VERSION: u32 = 1;

    /// Its bytes, with its own digest in place.
    pub(super) fn seal(mut self) -> serde_json::Result<Vec<u8>> {
        self.digest.clear();
        self.digest = sha256(&self.text()?);
        self.text()
    }

    /// Whether these are the bytes it was sealed as.
    pub(super) fn is_sealed_as(&self, bytes: &[u8]) -> bool {
        self.clone().seal().is_ok_and(|sealed| sealed == bytes)
    }

    fn text(&self) -> serde_json::Result<Vec<u8>> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        Ok(text)
    }
}

/// Every file below a run's folder but the manifest and its signature, by its path with `/`. What is neither file nor
/// folder, and a folder without anything in it, stands under its path with what it is.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub files: BTreeMap<String, FileEntry>,
    /// Path, and what it is: `a symbolic link`, `an empty folder`, `neither file nor folder`.
    pub strange: BTreeMap<String, &'static str>,
}

impl Tree {
    /// Walks the folder and hashes what is in it.
    pub(super) fn read(folder: &Path) -> Result<Self, StoreError> {
        let mut tree = Self::default();
        tree.walk(folder, "")?;
        Ok(tree)
    }

    fn walk(&mut self, folder: &Path, inside: &str) -> Result<(), StoreError> {
        let failed = |doing: &'static str| move |source| StoreError::file(folder, doing, source);
        let mut empty = true;
        for entry in fs::read_dir(folder).map_err(failed("read the folder"))? {
            let entry = entry.map_err(failed("read the folder"))?;
            let kind = entry.file_type().map_err(failed("read the folder"))?;
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            empty = false;
            let shown = if inside.is_empty() { name } else { format!("{inside}/{name}") };
            // A folder or a link of that name is none of them.
            if kind.is_file() && (shown == MANIFEST || shown == SIGNATURE) {
                continue;
            }
            if kind.is_dir() {
                self.walk(&path, &shown)?;
            } else if kind.is_file() {
                let entry = hash_file(&path).map_err(|source| StoreError::file(&path, "read", source))?;
                self.files.insert(shown, entry);
            } else {
                let what = if kind.is_symlink() { "a symbolic link" } else { "neither file nor folder" };
                self.strange.insert(shown, what);
            }
        }
        if empty && !inside.is_empty() {
            self.strange.insert(inside.to_owned(), "an empty folder");
        }
        Ok(())
    }
}

/// A path that stays within the folder it is joined to: no `..`, no root, nothing empty, spelled in one way only.
pub(super) fn is_plain(path: &str) -> bool {
    let plain = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    plain
        && !path.is_empty()
        && path.split('/').all(|part| !part.is_empty() && part != ".")
        && !path.contains('\\')
}

/// Length and hash of a file.
pub(super) fn hash_file(path: &Path) -> io::Result<FileEntry> {
    let mut file = File::open(path)?;
    let (mut hash, mut bytes, mut part) = (Sha256::new(), 0, vec![0; 1 << 16]);
    loop {
        match file.read(&mut part) {
            Ok(0) => return Ok(FileEntry { bytes, sha256: hex(&hash.finalize()) }),
            Ok(read) => {
                hash.update(part.get(..read).unwrap_or(&[]));
                bytes += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// SHA-256 of bytes, hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}
