//! Whole lines out of what a host writes, and their answers.

/// A host's lines, as they come in.
#[derive(Debug, Default)]
pub(super) struct Lines {
    line: Vec<u8>,
}

/// Longer than any request.
const LONGEST: usize = 64;

impl Lines {
    /// Takes bytes; hands each whole line that is not empty to `answer`, and returns what is to be sent back: what it says, or
    /// `error:` and why not.
    pub(super) fn receive(
        &mut self,
        bytes: &[u8],
        mut answer: impl FnMut(&[&str]) -> Result<String, String>,
    ) -> String {
        let mut answers = String::new();
        for byte in bytes {
            if !matches!(byte, b'\n' | b'\r') {
                self.line.push(*byte);
                self.line.truncate(LONGEST);
                continue;
            }
            let line = std::mem::take(&mut self.line);
            let line = String::from_utf8_lossy(&line);
            let words: Vec<&str> = line.split_whitespace().collect();
            if words.is_empty() {
                continue;
            }
            answers += &answer(&words).unwrap_or_else(|reason| format!("error: {reason}"));
            answers.push('\n');
        }
        answers
    }

    /// Whoever wrote half a line has gone.
    pub(super) fn forget(&mut self) {
        self.line.clear();
    }
}
