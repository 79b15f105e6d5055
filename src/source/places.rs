//! Where the parts of a lowered file stood, for problems found later.

use std::sync::Arc;

use super::{At, Place, Source, Span};

/// Path in the tree → place, in the one file that was lowered or in what was laid over it: what was laid over it stands behind.
///
/// Every case has one and hardly any is asked, so it is quick to fill and to clone.
#[derive(Debug, Clone, Default)]
pub struct Places(Arc<Vec<(String, Arc<Source>, Span)>>);

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
        keep(Arc::make_mut(&mut self.0), at.clone(), &source);
    }

    /// The place of a path, or of the nearest value above it.
    pub fn find(&self, path: &str) -> Place {
        let mut path = path;
        loop {
            if let Some((_, source, span)) = self.0.iter().rfind(|(own, ..)| own == path) {
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
        self.0.iter().any(|(own, ..)| own == path)
    }
}

fn keep(kept: &mut Vec<(String, Arc<Source>, Span)>, at: At<'_>, source: &Arc<Source>) {
    let (children, span) = (at.children(), at.span());
    kept.push((at.into_path(), Arc::clone(source), span));
    for child in children {
        keep(kept, child, source);
    }
}
