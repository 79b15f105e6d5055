//! Is a run's folder what it was when the run ended?

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use crate::capture::container::{Decoder, EXTENSION, End, Planes};
use crate::record::{Event, RunRecord, fold};

use super::chain::{Ended, parse, read_chain, unreadable};
use super::keys::is_signed;
use super::listing::{is_run, runs_in};
use super::manifest::{Tree, is_plain, sha256};
use super::names::{CHAIN, EVIDENCE, JOURNAL, MANIFEST, RECORD, SIGNATURE};
use super::read::{name_of, newer};
use super::{Manifest, StoreError, VerifyError, read_journal};

/// Something that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// A file has other bytes.
    #[error("{0}: changed")]
    Changed(String),
    /// A file is gone.
    #[error("{0}: missing")]
    Missing(String),
    /// A file is new.
    #[error("{0}: added after the run")]
    Added(String),
    /// Not a file at all.
    #[error("{0}: added after the run: {1}")]
    Strange(String, &'static str),
    /// The manifest names a path outside the run's folder.
    #[error("manifest.json: names `{0}`, which is no path within the run")]
    Path(String),
    /// The manifest itself is not what was written.
    #[error("manifest.json: {0}")]
    Manifest(&'static str),
    /// The signature.
    #[error("manifest.sig: {0}")]
    Signature(&'static str),
    /// The chain to the run before, or from the one after.
    #[error("chain: {0}")]
    Chain(String),
    /// Files that contradict each other, although each is as it was.
    #[error("{0}")]
    Contradiction(String),
}

/// What was found about one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// Its folder.
    pub folder: PathBuf,
    /// Its manifest, if it has one that can be read.
    pub manifest: Option<Manifest>,
    /// What is not as it was. Nothing means intact, if there is a manifest.
    pub findings: Vec<Finding>,
    /// What a reader should know besides.
    pub notes: Vec<String>,
}

impl Verification {
    /// Everything is as it was when the run ended.
    pub fn is_intact(&self) -> bool {
        self.findings.is_empty() && self.manifest.is_some()
    }

    /// Compares the chain of a folder of runs with the runs that are there. The last one of a rig has none after it that would
    /// miss it: only the chain does. What is returned has the chain's path as its folder, and no manifest: no findings mean that
    /// every run it lists is there.
    ///
    /// # Errors
    /// When the chain cannot be read.
    pub fn of_chain(runs: &Path) -> Result<Self, VerifyError> {
        let path = runs.join(CHAIN);
        let text = match fs::read(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(StoreError::file(&path, "read", source).into()),
        };
        let bytes = text.as_deref().unwrap_or_default();
        let (lines, _) = parse(bytes);
        let mut found = Vec::new();
        if lines.is_empty() {
            let entries = fs::read_dir(runs).into_iter().flatten().flatten();
            let sealed = entries.filter(|entry| entry.path().join(MANIFEST).is_file()).count();
            let what = if text.is_some() { "lists no run" } else { "is gone" };
            let which = if sealed == 1 { "one sealed run lies" } else { "sealed runs lie" };
            if sealed > 0 {
                found.push(format!(
                    "chain.jsonl {what}, and {which} beside it: whether others were taken away cannot be told"
                ));
            }
        }
        found.extend(unreadable(bytes).into_iter().map(|line| {
            format!(
                "line {line} of chain.jsonl cannot be read: it was changed, or cut off where a run was killed as it ended; whether its run is here cannot be told"
            )
        }));
        for Ended { rig, run, .. } in lines {
            if !is_name(&run) {
                found.push(format!("chain.jsonl lists `{run}`, which is no name of a run"));
            } else if !is_run(&runs.join(&run)) {
                found.push(format!(
                    "run {run} of rig {rig} is not there any more: it was taken away after it ended, and what it showed is unknown"
                ));
            }
        }
        let findings = found.into_iter().map(Finding::Chain).collect();
        Ok(Self { folder: path, manifest: None, findings, notes: Vec::new() })
    }
}

/// A name that a run's folder can have, among the others.
fn is_name(run: &str) -> bool {
    is_plain(run) && !run.contains('/')
}

/// Compares a run with its manifest, its signature and its neighbours in the chain. With `key`, the manifest must be signed
/// by that public key (hexadecimal). With `whole_chain`, the run before must be there.
///
/// # Errors
/// When the folder is no run, its manifest is newer, or a file cannot be read.
pub fn verify(folder: &Path, key: Option<&str>, whole_chain: bool) -> Result<Verification, VerifyError> {
    if runs_in(folder)? != [folder] {
        return Err(VerifyError::NotARun(folder.to_owned()));
    }
    let mut found =
        Verification { folder: folder.to_owned(), manifest: None, findings: Vec::new(), notes: Vec::new() };
    let path = folder.join(MANIFEST);
    let runs = parent(folder);
    if !path.exists() {
        unfinished(&mut found, &read_chain(&runs))?;
        return Ok(found);
    }
    if path.is_symlink() {
        found.findings.push(Finding::Manifest("a symbolic link, no file of the run"));
        return Ok(found);
    }
    let text = fs::read(&path).map_err(|source| StoreError::file(&path, "read", source))?;
    let value = serde_json::from_slice::<serde_json::Value>(&text).unwrap_or_default();
    if let Some(version) = value.get("version").and_then(serde_json::Value::as_u64)
        && version > u64::from(Manifest::VERSION)
    {
        return Err(VerifyError::Newer { path, version });
    }
    let Ok(manifest) = serde_json::from_slice::<Manifest>(&text) else {
        found.findings.push(Finding::Manifest("changed: it is no manifest any more"));
        return Ok(found);
    };
    if !manifest.is_sealed_as(&text) {
        found.findings.push(Finding::Manifest("changed: its digest is of other bytes"));
    }
    signature(&mut found, &manifest, &text, key);
    files(&mut found, &manifest)?;
    let (hash, lines) = (sha256(&text), read_chain(&runs));
    chain(&mut found, &manifest, &hash, (&runs, &lines), whole_chain);
    place(&mut found, &manifest, &hash, &lines);
    if found.findings.is_empty() {
        agreement(&mut found, &manifest)?;
    }
    found.manifest = Some(manifest);
    Ok(found)
}

/// The folder of all runs. A run that is linked to is where the link is, not where somebody has moved it.
fn parent(folder: &Path) -> PathBuf {
    let named = named(folder);
    match named.parent() {
        Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
        Some(parent) => parent.to_owned(),
        None => named,
    }
}

/// A folder by a path that ends in its name: `.` and `..` have none before they are resolved.
fn named(folder: &Path) -> PathBuf {
    match folder.file_name() {
        Some(_) => folder.to_owned(),
        None => folder.canonicalize().unwrap_or_else(|_| folder.to_owned()),
    }
}

fn signature(found: &mut Verification, manifest: &Manifest, text: &[u8], key: Option<&str>) {
    let signature = fs::read(found.folder.join(SIGNATURE)).ok();
    let finding = match (&manifest.signer, signature, key) {
        (None, None, None) => return,
        (None, None, Some(_)) => Finding::Signature("missing: this run was not signed"),
        (None, Some(_), _) => Finding::Added(SIGNATURE.to_owned()),
        (Some(_), None, _) => Finding::Missing(SIGNATURE.to_owned()),
        (Some(signer), Some(signature), _) if !is_signed(text, &signature, signer) => {
            Finding::Signature("does not belong to this manifest")
        }
        (Some(signer), Some(_), Some(key)) if key != signer => Finding::Signature("made with another key"),
        (Some(signer), Some(_), given) => {
            let trust = if given.is_some() { "" } else { "; whose key that is, --key FILE decides" };
            found.notes.push(format!("signed by {signer}{trust}"));
            return;
        }
    };
    found.findings.push(finding);
}

fn files(found: &mut Verification, manifest: &Manifest) -> Result<(), StoreError> {
    let tree = Tree::read(&found.folder)?;
    for (path, entry) in &manifest.files {
        let finding = match tree.files.get(path) {
            _ if !is_plain(path) => Finding::Path(path.clone()),
            Some(there) if there == entry => continue,
            Some(_) => Finding::Changed(path.clone()),
            None => Finding::Missing(path.clone()),
        };
        found.findings.push(finding);
    }
    let added = tree.files.into_keys().filter(|path| !manifest.files.contains_key(path));
    found.findings.extend(added.map(Finding::Added));
    found.findings.extend(tree.strange.into_iter().map(|(path, what)| Finding::Strange(path, what)));
    Ok(())
}

fn chain(
    found: &mut Verification,
    manifest: &Manifest,
    hash: &str,
    (runs, lines): (&Path, &[Ended]),
    whole: bool,
) {
    let at = lines.iter().position(|line| line.run == manifest.run);
    let own = at.and_then(|at| lines.get(at));
    if own.is_some_and(|line| line.rig != manifest.rig || line.started != manifest.started) {
        let what =
            format!("the line of run {} in chain.jsonl names another rig or another start", manifest.run);
        found.findings.push(Finding::Chain(what));
    }
    if own.is_some_and(|line| line.manifest != hash) {
        found.findings.push(Finding::Manifest("written anew: the chain has another hash for this run"));
    }
    if own.is_none() && whole && !lines.is_empty() {
        let what = format!("run {} is not in chain.jsonl", manifest.run);
        found.findings.push(Finding::Chain(what));
    }
    let Some(previous) = &manifest.previous else { return };
    let named = format!("the run before, {},", previous.run);
    // Whoever added this run's line took the run before from the lines above it.
    let before = lines.iter().position(|line| line.run == previous.run);
    let added = own.is_some_and(|line| !line.remade);
    let (cut_out, moved) = (added && before.is_none(), added && before > at);
    let path = runs.join(&previous.run).join(MANIFEST);
    let problem = match fs::read(&path) {
        _ if !is_name(&previous.run) => "has no name of a run",
        _ if cut_out => "was taken out of chain.jsonl: what it showed is unknown",
        _ if moved => "comes after it in chain.jsonl: its lines were moved",
        Err(_) if whole => "is not there",
        Err(_) => {
            found.notes.push(format!("{named} is not here: the chain to it was not checked"));
            return;
        }
        Ok(text) if sha256(&text) != previous.manifest => "was changed: its manifest has another hash",
        Ok(text) => match serde_json::from_slice::<Manifest>(&text) {
            Ok(before) if before.rig != manifest.rig => "is of another rig",
            Ok(before) => {
                if before.started > manifest.started {
                    let (now, then) = (&manifest.started, &before.started);
                    found.notes.push(format!(
                        "they ran at once, or the clock went backwards: this run started {now}, {named} {then}; their order is the chain's"
                    ));
                }
                return;
            }
            Err(_) => "has no manifest that can be read",
        },
    };
    found.findings.push(Finding::Chain(format!("{named} {problem}")));
}

/// A folder that the chain knows as that of another run: what it held is gone, and a copy of this run stands in its place.
fn place(found: &mut Verification, manifest: &Manifest, hash: &str, lines: &[Ended]) {
    let Some(name) = name_of(&named(&found.folder)).filter(|name| *name != manifest.run) else { return };
    if lines.iter().any(|line| line.run == name && line.manifest != hash) {
        let what = format!(
            "run {name} is not here any more: its folder holds run {}, and what it showed is unknown",
            manifest.run
        );
        found.findings.push(Finding::Chain(what));
    }
}

/// Files that are as they were must also say the same.
fn agreement(found: &mut Verification, manifest: &Manifest) -> Result<(), StoreError> {
    let path = found.folder.join(JOURNAL);
    let (entries, _) = read_journal(&path)?;
    let folded = fold(entries.iter().map(|entry| &entry.event));
    let stored = fs::read(found.folder.join(RECORD)).ok();
    let stored = stored.and_then(|text| serde_json::from_slice::<RunRecord>(&text).ok());
    if folded.as_ref().is_some_and(|record| record.id != manifest.run || record.rig != manifest.rig) {
        let what = "journal.jsonl is of another run or rig than manifest.json";
        found.findings.push(Finding::Contradiction(what.to_owned()));
    }
    if folded != stored {
        let what = "record.json is not what journal.jsonl comes to";
        found.findings.push(Finding::Contradiction(what.to_owned()));
    }
    Ok(())
}

/// A run without a manifest: what of it can be read.
fn unfinished(found: &mut Verification, chain: &[Ended]) -> Result<(), VerifyError> {
    let (entries, cut) = match read_journal(&found.folder.join(JOURNAL)) {
        Ok(read) => read,
        Err(StoreError::Corrupt { line, .. }) => {
            if let Some(newer) = newer(&found.folder.join(JOURNAL)) {
                return Err(newer);
            }
            found.findings.push(Finding::Changed(format!("{JOURNAL}:{line}")));
            return Ok(());
        }
        Err(other) => return Err(other.into()),
    };
    let id = entries.iter().find_map(|entry| match &entry.event {
        Event::RunStarted(record) => Some(record.id.as_str()),
        _ => None,
    });
    // By its folder too, which may hold another run now.
    let name = name_of(&named(&found.folder));
    if chain.iter().any(|line| Some(line.run.as_str()) == id || Some(&line.run) == name.as_ref()) {
        found.findings.push(Finding::Missing(MANIFEST.to_owned()));
    }
    let last = if cut { ", its last line cut off" } else { "" };
    found.notes.push(format!("{JOURNAL}: {} events{last}", entries.len()));
    let ended = entries.iter().any(|entry| matches!(entry.event, Event::RunEnded { .. }));
    found.notes.push(match ended {
        true => "the run ended, but its manifest was not written: stopped in between, or removed".to_owned(),
        false => "the run did not end: nothing proves that what is here is all there was".to_owned(),
    });
    let cases = fs::read_dir(found.folder.join(EVIDENCE)).into_iter().flatten().flatten();
    let mut cases: Vec<PathBuf> = cases.map(|entry| entry.path()).collect();
    cases.sort();
    for case in cases {
        readable(found, &case)?;
    }
    Ok(())
}

/// How much of the samples of a case can be read.
fn readable(found: &mut Verification, case: &Path) -> Result<(), StoreError> {
    for path in traces(case)? {
        let shown = path.strip_prefix(&found.folder).unwrap_or(&path).display().to_string();
        let file = File::open(&path).map_err(|source| StoreError::file(&path, "open", source))?;
        let decoder = match Decoder::new(BufReader::new(file)) {
            Ok(decoder) => decoder,
            Err(_) => {
                found.notes.push(format!("{shown}: cut off before its first sample"));
                continue;
            }
        };
        let rate = decoder.head().sample_rate;
        let (mut planes, mut samples) = (Planes::new(vec![decoder]), 0);
        while let Ok(Some(stretch)) = planes.pull() {
            samples = stretch.first + stretch.count as u64;
        }
        match planes.end() {
            Some(End::Damaged { damage: crate::capture::container::Damage::Cut(_), .. }) | None => {
                found.notes.push(format!("{shown}: readable up to {:.3} s", samples as f64 / rate));
            }
            Some(End::Whole) => found.notes.push(format!("{shown}: whole, {:.3} s", samples as f64 / rate)),
            Some(_) => found.findings.push(Finding::Changed(shown)),
        }
    }
    Ok(())
}

/// The containers in the folder of a case, by name.
///
/// # Errors
/// When the folder cannot be read.
pub fn traces(case: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let entries = fs::read_dir(case).map_err(|source| StoreError::file(case, "read the folder", source))?;
    let paths = entries.flatten().map(|entry| entry.path());
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|extension| extension == EXTENSION)).collect();
    paths.sort();
    Ok(paths)
}
