//! Whether a case matches.

use crate::scenario::Case;

use super::{Expression, Field, Matcher};

/// What a filter sees of a case.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Subject<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its tags.
    pub tags: &'a [String],
    /// Its phantom.
    pub phantom: &'a str,
    /// Requirement ids.
    pub requirements: &'a [String],
    /// Path of the scenario.
    pub file: &'a str,
}

impl<'a> From<&'a Case> for Subject<'a> {
    fn from(case: &'a Case) -> Self {
        Self {
            name: &case.name,
            tags: &case.tags,
            phantom: &case.phantom.name,
            requirements: &case.verifies,
            file: &case.file,
        }
    }
}

impl Expression {
    /// Whether it holds for a case.
    pub(super) fn holds(&self, subject: &Subject<'_>) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::Is(field, matcher) => match field {
                Field::Name => matcher.accepts(subject.name),
                Field::Phantom => matcher.accepts(subject.phantom),
                Field::File => matcher.accepts(subject.file),
                Field::Tag => subject.tags.iter().any(|tag| matcher.accepts(tag)),
                Field::Requirement => subject.requirements.iter().any(|id| matcher.accepts(id)),
            },
            Self::Not(inner) => !inner.holds(subject),
            Self::And(left, right) => left.holds(subject) && right.holds(subject),
            Self::Or(left, right) => left.holds(subject) || right.holds(subject),
        }
    }
}

impl Matcher {
    fn accepts(&self, text: &str) -> bool {
        match self {
            Self::Contains(part) => text.contains(part.as_str()),
            Self::Equals(whole) => text == whole,
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}
