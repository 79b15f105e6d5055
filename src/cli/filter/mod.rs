//! Filter expressions, as in nextest: `tag(smoke) & name(~balance)`.
//!
//! | predicate | matches |
//! |---|---|
//! | `name(…)` | the case's name, matrix values included |
//! | `tag(…)` | one of its tags |
//! | `phantom(…)` | its phantom |
//! | `requirement(…)` | one of the requirements it verifies |
//! | `file(…)` | the scenario's path |
//! | `all()`, `none()` | everything, nothing |
//!
//! Matchers: `~text` contains (the default), `=text` equals, `/regex/`. Operators, tightest first: `!` (`not`), `&` (`and`)
//! and `-` (and not), `|` (`+`, `or`); brackets group. A backslash takes the next character of a matcher as it is.

mod error;
mod evaluate;
mod parse;

pub use error::FilterError;
pub use evaluate::Subject;

/// What a predicate looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Name,
    Tag,
    Phantom,
    Requirement,
    File,
}

impl Field {
    const ALL: [(&'static str, Self); 5] = [
        ("name", Self::Name),
        ("tag", Self::Tag),
        ("phantom", Self::Phantom),
        ("requirement", Self::Requirement),
        ("file", Self::File),
    ];
}

/// How a predicate compares.
#[derive(Debug, Clone)]
enum Matcher {
    Contains(String),
    Equals(String),
    Regex(regex::Regex),
}

/// A parsed expression.
#[derive(Debug, Clone)]
enum Expression {
    All,
    None,
    Is(Field, Matcher),
    Not(Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
}

/// A filter over cases.
#[derive(Debug, Clone)]
pub struct Filter {
    expression: Expression,
}

impl Filter {
    /// Parses one expression.
    ///
    /// # Errors
    /// Points at the place that is wrong.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        parse::expression(text).map(|expression| Self { expression })
    }

    /// The union of several expressions, as a repeated `-E` means; without any, everything matches.
    ///
    /// # Errors
    /// Of the first expression that is wrong.
    pub fn any(texts: &[String]) -> Result<Self, FilterError> {
        let mut union: Option<Expression> = None;
        for text in texts {
            let next = parse::expression(text)?;
            union = Some(match union {
                None => next,
                Some(so_far) => Expression::Or(Box::new(so_far), Box::new(next)),
            });
        }
        Ok(Self { expression: union.unwrap_or(Expression::All) })
    }

    /// Whether a case is selected.
    pub fn matches(&self, subject: &Subject<'_>) -> bool {
        self.expression.holds(subject)
    }
}
