//! What is wrong with a filter, and where.

use std::fmt;

/// A filter expression that cannot be read. Its display shows the expression with a caret under the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterError {
    /// The expression as written.
    pub text: String,
    /// Byte offset of the place.
    pub at: usize,
    /// Length of the place in bytes; at least one character is marked.
    pub length: usize,
    /// What is wrong, as a fragment.
    pub what: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |part: Option<&str>| part.map_or(0, |part| part.chars().count());
        let before = width(self.text.get(..self.at));
        let marked = width(self.text.get(self.at..self.at + self.length)).max(1);
        // One line for one line: a newline inside the expression would move the caret.
        let shown: String = self.text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        writeln!(f, "filter: {}", self.what)?;
        writeln!(f, "  {shown}")?;
        write!(f, "  {:before$}{:^<marked$}", "", "")?;
        if let Some(help) = &self.help {
            write!(f, "\n  {help}")?;
        }
        Ok(())
    }
}

impl std::error::Error for FilterError {}
