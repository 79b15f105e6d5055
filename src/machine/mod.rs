//! The computer a bench hangs on: which ports it has, who holds them, who may open them. Read from sysfs and proc, so
//! that a test can make up a computer in a folder.

mod access;
mod holders;
mod ports;
mod usb;

pub use holders::Holder;
pub use ports::{HardwarePort, PortKind};
pub use usb::UsbDevice;

use std::path::{Path, PathBuf};

/// The day, UTC.
pub fn today() -> jiff::civil::Date {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// What this computer is called; `unknown` where its kernel does not say.
pub fn host_name() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| "unknown".to_owned(), |name| name.trim().to_owned())
}

/// A computer, as its file system shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    root: PathBuf,
}

impl Machine {
    /// This computer.
    pub fn here() -> Self {
        Self::at("/")
    }

    /// A computer whose `/dev`, `/sys`, `/proc` and `/etc` lie below `root`.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Where an absolute path of that computer lies on this one.
    pub fn path(&self, absolute: impl AsRef<Path>) -> PathBuf {
        let absolute = absolute.as_ref();
        self.root.join(absolute.strip_prefix("/").unwrap_or(absolute))
    }

    /// What that computer calls a path that lies below its root.
    pub fn named(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(&self.root) {
            Ok(inside) => Path::new("/").join(inside),
            Err(_) => path.to_owned(),
        }
    }

    /// The node behind a link of that computer, as that computer calls it.
    fn resolved(&self, path: &Path) -> Option<PathBuf> {
        std::fs::canonicalize(self.path(path)).ok().map(|whole| self.named(&whole))
    }
}

/// The text of a small file without the white space around it; `None` if there is none.
fn text_of(path: impl AsRef<Path>) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The entries of a folder in order of their names; none if it cannot be read.
fn entries(folder: impl AsRef<Path>) -> Vec<PathBuf> {
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    entries
}
