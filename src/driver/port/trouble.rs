//! Why a port cannot be opened, before anybody knows for which device.

use std::path::Path;

use crate::instrument::{InstrumentError, InstrumentFault};
use crate::machine::Machine;

/// A port that cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    doing: String,
    fault: InstrumentFault,
    next: String,
}

impl Trouble {
    pub(super) fn new(doing: impl Into<String>, fault: InstrumentFault, next: impl Into<String>) -> Self {
        Self { doing: doing.into(), fault, next: next.into() }
    }

    /// A path that cannot be opened, from what the operating system said about it.
    pub(super) fn of_path(machine: &Machine, path: &Path, error: &std::io::Error) -> Self {
        let doing = format!("open {}", path.display());
        match error.kind() {
            std::io::ErrorKind::NotFound => Self::new(
                doing,
                InstrumentFault::Missing(format!("there is no {}", path.display())),
                "plug it in and switch it on, then `stimrig scan` shows what is there",
            ),
            std::io::ErrorKind::PermissionDenied => {
                Self::new(doing, InstrumentFault::Permission, machine.permission_remedy(path))
            }
            std::io::ErrorKind::ResourceBusy => Self::busy(machine, path),
            _ => Self::new(
                doing,
                InstrumentFault::Protocol(format!("it is no port that can be used ({error})")),
                "compare the path in the rig file with `stimrig scan`",
            ),
        }
    }

    /// A path that another program holds.
    pub(super) fn busy(machine: &Machine, path: &Path) -> Self {
        // All of them: one may be about to let go, such as a program whose device was unplugged.
        let holders: Vec<String> = machine.holders(path).iter().map(ToString::to_string).collect();
        let next = match holders.as_slice() {
            [holder] => format!("it is held by {holder}: end that program first"),
            [_, ..] => format!("it is held by {}: end these programs first", holders.join(" and ")),
            [] => "end the program that uses it: a terminal, another run, or ModemManager (`stimrig doctor` looks)"
                .to_owned(),
        };
        Self::new(format!("open {}", path.display()), InstrumentFault::Busy, next)
    }

    /// What was found, as a fragment.
    pub fn found(&self) -> String {
        self.fault.to_string()
    }

    /// What to do.
    pub fn next(&self) -> String {
        self.next.clone()
    }

    /// The error of a device.
    pub(super) fn of(self, device: &str) -> InstrumentError {
        InstrumentError { device: device.to_owned(), doing: self.doing, fault: self.fault, next: self.next }
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} ({})", self.doing, self.fault, self.next)
    }
}
