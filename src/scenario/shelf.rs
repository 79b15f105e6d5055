//! The files a scenario names: phantoms and limit profiles.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use crate::phantom::Phantom;
use crate::rig::{builtin_phantom, builtin_phantoms, read_phantom};
use crate::source::{At, Diagnostic, Source, nearest};

use super::profile::{Profile, builtin_profile, builtin_profiles, read_profile};

/// What a scenario names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted<'n> {
    /// A phantom, by name or path.
    Phantom(&'n str),
    /// A limit profile, by name or path.
    Profile(&'n str),
}

impl<'n> Wanted<'n> {
    /// The name or path as the scenario gives it.
    pub fn name(self) -> &'n str {
        match self {
            Self::Phantom(name) | Self::Profile(name) => name,
        }
    }

    /// What it is, in a message.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Phantom(_) => "phantom",
            Self::Profile(_) => "limit profile",
        }
    }
}

/// Finds a file among those built into the binary.
///
/// # Errors
/// When none of that name is built in, with those that are.
pub fn shipped(wanted: Wanted<'_>) -> Result<Source, Unresolved> {
    let (found, known): (_, Vec<&str>) = match wanted {
        Wanted::Phantom(name) => (builtin_phantom(name), builtin_phantoms().collect()),
        Wanted::Profile(name) => (builtin_profile(name), builtin_profiles().collect()),
    };
    found.map(|(path, text)| Source::new(path, text)).ok_or_else(|| Unresolved {
        what: format!("there is no {} `{}`", wanted.noun(), wanted.name()),
        known: known.into_iter().map(str::to_owned).collect(),
    })
}

/// A file that could not be found or read.
#[derive(Debug, Clone, PartialEq)]
pub struct Unresolved {
    /// What went wrong, as a lowercase fragment.
    pub what: String,
    /// Names that would have been found.
    pub known: Vec<String>,
}

/// How a scenario's file finds another.
pub type Resolve<'r> = dyn FnMut(Wanted<'_>) -> Result<Source, Unresolved> + 'r;

/// Phantoms and limit profiles that were read: those of a suite are few, and most of its scenarios name the same.
#[derive(Debug, Default)]
pub struct Library {
    /// By the hash of the file, which is all that a phantom knows of it.
    phantoms: Mutex<HashMap<String, Phantom>>,
    /// By the hash and the name of the file.
    profiles: Mutex<HashMap<(String, String), Profile>>,
}

impl Library {
    fn phantom(&self, source: &Source) -> Result<Phantom, Vec<Diagnostic>> {
        read_once(&self.phantoms, source.hash.clone(), || read_phantom(source))
    }

    fn profile(&self, source: &Source) -> Result<Profile, Vec<Diagnostic>> {
        read_once(&self.profiles, (source.hash.clone(), source.name.clone()), || read_profile(source))
    }
}

/// What is known by a key, or is read and known from then on; what is wrong with it is told to everyone who names it.
fn read_once<K: Eq + Hash, T: Clone>(
    known: &Mutex<HashMap<K, T>>,
    key: K,
    read: impl FnOnce() -> Result<T, Vec<Diagnostic>>,
) -> Result<T, Vec<Diagnostic>> {
    // What a panic left behind is whole: everything is put in at once.
    let known = || known.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(value) = known().get(&key) {
        return Ok(value.clone());
    }
    let value = read()?;
    known().insert(key, value.clone());
    Ok(value)
}

/// Files read so far, so that a matrix reads each once.
pub(super) struct Shelf<'r> {
    resolve: &'r mut Resolve<'r>,
    library: &'r Library,
    phantoms: Vec<(String, Option<Phantom>)>,
    profiles: Vec<(String, Option<Profile>)>,
}

impl<'r> Shelf<'r> {
    pub(super) fn new(resolve: &'r mut Resolve<'r>, library: &'r Library) -> Self {
        Self { resolve, library, phantoms: Vec::new(), profiles: Vec::new() }
    }

    /// The phantom a value names, or a problem there.
    pub(super) fn phantom(&mut self, at: &At<'_>) -> Option<Phantom> {
        let name = at.text()?;
        if let Some((_, known)) = self.phantoms.iter().find(|(own, _)| own == name) {
            return known.clone();
        }
        let found =
            read(at, name, (self.resolve)(Wanted::Phantom(name)), |source| self.library.phantom(source));
        self.phantoms.push((name.to_owned(), found.clone()));
        found
    }

    /// The profiles of `limits`: one name, or a list of them.
    pub(super) fn profiles(&mut self, at: &At<'_>) -> Vec<(String, Profile)> {
        let named = if at.node().as_text().is_some() { Some(vec![at.clone()]) } else { at.list() };
        let mut found: Vec<(String, Profile)> = Vec::new();
        for at in named.unwrap_or_default() {
            let Some(profile) = self.profile(&at) else { continue };
            if found.iter().any(|(_, known)| known.name == profile.name) {
                at.error(&format!("profile `{}` is named twice", profile.name), None);
                continue;
            }
            found.push((at.path(), profile));
        }
        found
    }

    fn profile(&mut self, at: &At<'_>) -> Option<Profile> {
        let name = at.text()?;
        if let Some((_, known)) = self.profiles.iter().find(|(own, _)| own == name) {
            return known.clone();
        }
        let found =
            read(at, name, (self.resolve)(Wanted::Profile(name)), |source| self.library.profile(source));
        self.profiles.push((name.to_owned(), found.clone()));
        found
    }
}

/// Lowers what was found; what was not is a problem where it is named.
fn read<T>(
    at: &At<'_>,
    name: &str,
    found: Result<Source, Unresolved>,
    lower: impl FnOnce(&Source) -> Result<T, Vec<Diagnostic>>,
) -> Option<T> {
    match found {
        Ok(source) => match lower(&source) {
            Ok(value) => Some(value),
            Err(problems) => {
                problems.into_iter().for_each(|problem| at.context().report(problem));
                None
            }
        },
        Err(Unresolved { what, known }) => {
            let near =
                nearest(name, known.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
            let list = (!known.is_empty()).then(|| format!("one of: {}", known.join(", ")));
            at.error(&what, near.or(list).as_deref());
            None
        }
    }
}
