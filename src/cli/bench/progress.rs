//! Where an experiment stands, as long as it runs.

use std::io::{IsTerminal, Write};

/// Where an experiment stands, on a terminal only.
pub(super) fn progress(text: &str) {
    let mut stderr = std::io::stderr();
    if stderr.is_terminal() {
        // Nobody is left to tell when standard error is gone.
        let _ = write!(stderr, "\r\x1b[K{text}");
        let _ = stderr.flush();
    }
}
