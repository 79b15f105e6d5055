//! Who holds a bench, in words.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Who holds a bench.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Process.
    pub pid: u32,
    /// User.
    pub user: String,
    /// Machine; a container has its own.
    pub host: String,
    /// Rig it runs on, by name.
    pub rig: String,
    /// Its command line.
    pub command: String,
    /// Since when, UTC, RFC 3339.
    pub since: String,
    /// Folder of its run, once it has one.
    #[serde(default)]
    pub run: Option<PathBuf>,
    /// Folders of earlier runs that were killed while they held the device, and that nobody has seen to since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<PathBuf>,
}

impl Holder {
    /// This process, on a rig of this name.
    pub(super) fn new(rig: &str) -> Self {
        let words: Vec<String> =
            std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
        Self {
            pid: std::process::id(),
            user: user(),
            host: crate::machine::host_name(),
            rig: rig.to_owned(),
            command: words.join(" "),
            since: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            run: None,
            left: Vec::new(),
        }
    }

    /// What is left behind where this holder is gone and did not give the device back.
    pub(super) fn killed(self) -> Vec<PathBuf> {
        let mut runs = self.left;
        runs.extend(self.run);
        runs
    }

    /// How long it has held the bench, in whole seconds; `None` for a clock that went backwards.
    fn held(&self) -> Option<i64> {
        let since: jiff::Timestamp = self.since.parse().ok()?;
        let seconds = jiff::Timestamp::now().as_second() - since.as_second();
        (seconds >= 0).then_some(seconds)
    }
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "process {} of {} on {}, since {}", self.pid, self.user, self.host, self.since)?;
        match self.held() {
            Some(seconds) if seconds < 120 => write!(f, " ({seconds} s)")?,
            Some(seconds) if seconds < 7200 => write!(f, " ({} min)", seconds / 60)?,
            Some(seconds) => write!(f, " ({} h)", seconds / 3600)?,
            None => {}
        }
        write!(f, ": {}", self.command)
    }
}

/// A bench that somebody else holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Held {
    /// The rig that was wanted.
    pub rig: String,
    /// The device that is held.
    pub device: String,
    /// By whom; `None` when the lock file does not say.
    pub holder: Option<Holder>,
}

impl std::fmt::Display for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "rig `{}` is in use: {} is held by ", self.rig, self.device)?;
        match &self.holder {
            Some(holder) => write!(f, "{holder}"),
            None => f.write_str("another process"),
        }
    }
}

fn user() -> String {
    let named = ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    named
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()))
}
