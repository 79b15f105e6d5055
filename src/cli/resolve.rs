//! Where the files lie that a scenario or a rig names: phantoms and limit profiles.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::scenario::{Unresolved, Wanted, shipped};
use crate::source::{Diagnostic, Source};

use super::text_file::read;

/// Folders of each ancestor in which a name is looked up.
fn shelves(wanted: Wanted<'_>) -> &'static [&'static str] {
    match wanted {
        Wanted::Phantom(_) => &["fixtures/phantoms"],
        Wanted::Profile(_) => &["scenarios/profiles", "profiles"],
    }
}

/// Finds the files that others name, for many of them: what most scenarios of a suite name is looked for and read once.
#[derive(Debug, Default)]
pub struct Finder {
    known: Mutex<Known>,
}

impl Finder {
    /// A path beside the scenario, else a name: in the shelf of the nearest ancestor that has it, or built in. A phantom's name
    /// may also lie beside the scenario; a profile's may not, for a scenario is often called what its limits are called.
    ///
    /// # Errors
    /// When there is no such file, or it cannot be read.
    pub fn resolve(&self, folder: &Path, wanted: Wanted<'_>) -> Result<Source, Unresolved> {
        // What a panic left behind is whole: all of it is put in at once.
        self.known.lock().unwrap_or_else(PoisonError::into_inner).resolve(folder, wanted)
    }
}

/// As [`Finder::resolve`], for one file.
///
/// # Errors
/// As there.
pub fn resolve(folder: &Path, wanted: Wanted<'_>) -> Result<Source, Unresolved> {
    Finder::default().resolve(folder, wanted)
}

/// What was looked for already.
#[derive(Debug, Default)]
struct Known {
    /// What the files of a folder name.
    wanted: HashMap<PathBuf, Vec<Found>>,
    /// Folders that may be shelves, and whether there is such a folder.
    shelves: HashMap<PathBuf, bool>,
    /// Files read, by the path that is shown.
    files: HashMap<PathBuf, Source>,
}

/// What was found under a name.
#[derive(Debug)]
struct Found {
    noun: &'static str,
    name: String,
    source: Result<Source, Unresolved>,
}

impl Known {
    fn resolve(&mut self, folder: &Path, wanted: Wanted<'_>) -> Result<Source, Unresolved> {
        let (noun, name) = (wanted.noun(), wanted.name());
        let mut before = self.wanted.get(folder).into_iter().flatten();
        if let Some(found) = before.find(|found| found.noun == noun && found.name == name) {
            return found.source.clone();
        }
        let source = self.find(folder, wanted);
        let found = Found { noun, name: name.to_owned(), source: source.clone() };
        self.wanted.entry(folder.to_owned()).or_default().push(found);
        source
    }

    fn find(&mut self, folder: &Path, wanted: Wanted<'_>) -> Result<Source, Unresolved> {
        let name = wanted.name();
        let is_path = name.contains('/') || name.ends_with(".yaml") || name.ends_with(".yml");
        let beside = if is_path { folder.join(name) } else { folder.join(format!("{name}.yaml")) };
        if (is_path || matches!(wanted, Wanted::Phantom(_))) && beside.is_file() {
            return self.read(beside);
        }
        if is_path {
            let what = format!("there is no {} file `{}`", wanted.noun(), beside.display());
            return Err(Unresolved { what, known: Vec::new() });
        }
        let mut known: Vec<String> = Vec::new();
        let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        for (ancestor, up) in whole.ancestors().zip(0..) {
            for place in shelves(wanted) {
                let shelf = ancestor.join(place);
                if !self.is_folder(&shelf) {
                    continue;
                }
                if shelf.join(format!("{name}.yaml")).is_file() {
                    // Shown relative to the scenario's own path where that is short enough to follow.
                    let short: Option<PathBuf> = folder.ancestors().nth(up).map(|above| above.join(place));
                    let shown = short.filter(|shown| self.is_folder(shown)).unwrap_or(shelf);
                    return self.read(shown.join(format!("{name}.yaml")));
                }
                let entries = std::fs::read_dir(&shelf).into_iter().flatten().flatten();
                known.extend(entries.filter_map(|entry| {
                    entry.file_name().to_str()?.strip_suffix(".yaml").map(str::to_owned)
                }));
            }
        }
        shipped(wanted).map_err(|mut unresolved| {
            unresolved.known.extend(known);
            unresolved.known.sort();
            unresolved.known.dedup();
            unresolved
        })
    }

    fn is_folder(&mut self, path: &Path) -> bool {
        if let Some(is) = self.shelves.get(path) {
            return *is;
        }
        let is = path.is_dir();
        self.shelves.insert(path.to_owned(), is);
        is
    }

    fn read(&mut self, path: PathBuf) -> Result<Source, Unresolved> {
        if let Some(source) = self.files.get(&path) {
            return Ok(source.clone());
        }
        let unread = |problem: Box<Diagnostic>| Unresolved { what: problem.to_string(), known: Vec::new() };
        let source = read(&path).map_err(unread)?;
        self.files.insert(path, source.clone());
        Ok(source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_or_not_found_once_is_not_looked_for_again() {
        let root = tempfile::tempdir().unwrap();
        let (one, other) = (root.path().join("scenarios/one"), root.path().join("scenarios/other"));
        let shelf = root.path().join("fixtures/phantoms");
        for folder in [&one, &other, &shelf] {
            std::fs::create_dir_all(folder).unwrap();
        }
        let file = shelf.join("mine.yaml");
        std::fs::write(&file, "first").unwrap();
        let (finder, wanted) = (Finder::default(), Wanted::Phantom("mine"));
        let read = |finder: &Finder, folder: &Path| {
            finder.resolve(folder, wanted).map(|source| (source.name.clone(), source.text.to_string()))
        };
        let first = Ok((file.display().to_string(), "first".to_owned()));
        assert_eq!(read(&finder, &one), first);
        std::fs::write(&file, "second").unwrap();
        assert_eq!(read(&finder, &one), first);
        assert_eq!(read(&finder, &other), first, "the file is read once for all folders");
        assert_eq!(read(&Finder::default(), &one).unwrap().1, "second");
        // A profile of that name is another thing, and what is beside a scenario belongs to its folder.
        let missing = finder.resolve(&one, Wanted::Profile("mine")).unwrap_err();
        assert_eq!(missing.what, "there is no limit profile `mine`");
        std::fs::create_dir_all(root.path().join("profiles")).unwrap();
        std::fs::write(root.path().join("profiles/mine.yaml"), "late").unwrap();
        assert_eq!(finder.resolve(&one, Wanted::Profile("mine")).unwrap_err(), missing);
        assert_eq!(resolve(&one, Wanted::Profile("mine")).unwrap().text.to_string(), "late");
        std::fs::write(other.join("mine.yaml"), "beside").unwrap();
        assert_eq!(read(&Finder::default(), &other).unwrap().1, "beside");
        assert_eq!(read(&Finder::default(), &one).unwrap().1, "second");
    }
}
