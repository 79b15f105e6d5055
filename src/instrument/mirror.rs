//! What a stimulator that the host does not reach through a port is said to do.

use serde::{Deserialize, Serialize};

use crate::signal::Program;

/// One line to a simulated output stage that stands in for such a stimulator: a helper program's answers, or an operator's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Mirror {
    /// This program is set.
    Load(Box<Program>),
    /// It is switched on.
    Start,
    /// It is switched off.
    Stop,
}

impl Mirror {
    /// As a line of JSON.
    pub fn line(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(self).unwrap_or_default();
        line.push(b'\n');
        line
    }
}
