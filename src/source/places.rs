//! Where the parts of a lowered file stood, for problems found later.

use std::collections::BTreeMap;

use std::sync::Arc;

use super::{At, Place, Source, Span};

/// Path in the tree → place, in the one file that was lowered or in what was laid over it.
#[derive(Debug, Clone, Default)]
pub struct Places(BTreeMap<String, (Arc<Source>, Span)>);

/// Two files that say the same in different places are the same.
impl PartialEq for Places {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Places {
    /// Remembers where a value and everything under it stand.
    pub fn keep_all(&mut self, at: &At<'_>) {
        let source = Arc::new(at.context().source().clone());
        self.keep(at, &source);
    }

    fn keep(&mut self, at: &At<'_>, source: &Arc<Source>) {
        self.0.insert(at.path().to_owned(), (Arc::clone(source), at.span()));
        for child in at.children() {
            self.keep(&child, source);
        }
    }

    /// The place of a path, or of the nearest value above it.
    pub fn find(&self, path: &str) -> Place {
        let mut path = path;
        loop {
            if let Some((source, span)) = self.0.get(path) {
                return source.place(*span, path);
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
