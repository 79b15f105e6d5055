//! Where the parts of a lowered file stood, for problems found later.

use std::collections::BTreeMap;

use super::{At, Place};

/// Path in the tree → place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Places(BTreeMap<String, Place>);

impl Places {
    /// Remembers where a value stands.
    pub fn keep(&mut self, at: &At<'_>) {
        self.0.insert(at.path().to_owned(), at.place());
    }

    /// Remembers a value and everything under it.
    pub fn keep_all(&mut self, at: &At<'_>) {
        self.keep(at);
        for child in at.children() {
            self.keep_all(&child);
        }
    }

    /// The place of a path, or of the nearest value above it.
    pub fn find(&self, path: &str) -> Place {
        let mut path = path;
        loop {
            if let Some(place) = self.0.get(path) {
                return place.clone();
            }
            if path.is_empty() {
                return Place::default();
            }
            path = path.get(..path.rfind(['.', '[']).unwrap_or(0)).unwrap_or("");
        }
    }

    /// True if the value was written.
    pub fn has(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }
}
