//! Colour, where it is wanted and nowhere else.

use crate::plot::harmless::harms;

/// What `--color` asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Choice {
    /// Colour on a terminal, unless the environment says otherwise.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Choice {
    /// Decides, given whether the output is a terminal. `NO_COLOR` (any value but empty) and `TERM=dumb` speak against colour,
    /// `GITHUB_ACTIONS` for it, whose log shows colours although it is no terminal.
    pub fn decide(self, terminal: bool, environment: impl Fn(&str) -> Option<String>) -> bool {
        let set = |name: &str| environment(name).is_some_and(|value| !value.is_empty());
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto if set("NO_COLOR") || environment("TERM").as_deref() == Some("dumb") => false,
            Self::Auto => terminal || set("GITHUB_ACTIONS"),
        }
    }
}

/// Puts colour around text, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    on: bool,
}

impl Paint {
    /// With or without colour.
    pub fn new(on: bool) -> Self {
        Self { on }
    }

    /// Good news.
    pub fn good(self, text: &str) -> String {
        self.with("32;1", text)
    }

    /// Bad news.
    pub fn bad(self, text: &str) -> String {
        self.with("31;1", text)
    }

    /// News that needs a look.
    pub fn odd(self, text: &str) -> String {
        self.with("33;1", text)
    }

    /// Headings.
    pub fn strong(self, text: &str) -> String {
        self.with("1", text)
    }

    /// What one reads second.
    pub fn faint(self, text: &str) -> String {
        self.with("2", text)
    }

    /// Waveforms.
    pub fn trace(self, text: &str) -> String {
        self.with("36", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.on && !text.is_empty() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// Text of others (names, reasons) without the characters that could move the cursor, recolour or clear a terminal, or turn what is
/// written around them into another order.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if harms(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_follows_the_flag_then_the_environment_then_the_terminal() {
        let decide = |choice: Choice, terminal: bool, set: &[(&str, &str)]| {
            choice.decide(terminal, |name| {
                set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert!(decide(Choice::Auto, true, &[]));
        assert!(!decide(Choice::Auto, false, &[]));
        assert!(!decide(Choice::Auto, true, &[("NO_COLOR", "1")]));
        assert!(decide(Choice::Auto, true, &[("NO_COLOR", "")]));
        assert!(!decide(Choice::Auto, true, &[("TERM", "dumb")]));
        assert!(decide(Choice::Auto, false, &[("GITHUB_ACTIONS", "true")]));
        assert!(decide(Choice::Always, false, &[("NO_COLOR", "1")]));
        assert!(!decide(Choice::Never, true, &[("GITHUB_ACTIONS", "true")]));
    }

    #[test]
    fn names_cannot_drive_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\r\n\u{9b}c"), "a\u{fffd}[2Jb\u{fffd}\u{fffd}\u{fffd}c");
        assert_eq!(plain("passed\u{202e}deliaf"), "passed\u{fffd}deliaf");
    }
}
