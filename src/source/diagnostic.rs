//! What is wrong with a file, and where.

use super::Span;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; `--strict` makes it an error.
    Warning,
    /// Nothing runs.
    Error,
}

/// A place in a file, with the line it stands on, so that it can be shown without the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// Path of the file as given.
    pub file: String,
    /// Line, column and length; line 0 means the whole file.
    pub span: Span,
    /// Where in the tree, such as `steps[2].inject.contact`.
    pub path: String,
    /// The line of text.
    pub excerpt: String,
}

impl Place {
    /// A place whose line cannot be shown.
    pub fn bare(file: &str, span: Span) -> Self {
        Self { file: file.to_owned(), span, ..Self::default() }
    }

    /// A diagnostic here.
    pub fn diagnostic(&self, severity: Severity, what: &str, help: Option<&str>) -> Diagnostic {
        Diagnostic { severity, place: self.clone(), what: what.to_owned(), help: help.map(str::to_owned) }
    }

    /// An error here.
    pub fn error(&self, what: &str, help: Option<&str>) -> Diagnostic {
        self.diagnostic(Severity::Error, what, help)
    }

    /// A warning here.
    pub fn warning(&self, what: &str, help: Option<&str>) -> Diagnostic {
        self.diagnostic(Severity::Warning, what, help)
    }
}

/// One problem of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Where.
    pub place: Place,
    /// What is wrong: a lowercase fragment that names the thing.
    pub what: String,
    /// What was expected, the nearest word, or what to do.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error of a file as a whole.
    pub fn of_file(file: &str, what: &str, help: Option<&str>) -> Self {
        Place::bare(file, Span::default()).error(what, help)
    }

    /// True if nothing may run.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl std::fmt::Display for Diagnostic {
    /// `file:line:column: error: what`, the line every editor understands.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let Place { file, span, .. } = &self.place;
        if span.line == 0 {
            write!(f, "{file}: {severity}: {}", self.what)
        } else {
            write!(f, "{file}:{}:{}: {severity}: {}", span.line, span.column, self.what)
        }
    }
}
