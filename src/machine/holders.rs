//! Which programs hold a port open.

use std::path::Path;

use super::{Machine, entries, text_of};

/// A program that holds a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// Its command name.
    pub name: String,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (process {})", self.name, self.pid)
    }
}

impl Machine {
    /// A program of this name that runs.
    pub fn process_named(&self, name: &str) -> Option<Holder> {
        entries(self.path("/proc")).into_iter().find_map(|folder| {
            let pid: u32 = folder.file_name()?.to_str()?.parse().ok()?;
            let own = text_of(folder.join("comm"))?;
            (own == name).then_some(Holder { pid, name: own })
        })
    }

    /// Programs that have `path` open, apart from this one. Those of other users are seen by root only.
    pub fn holders(&self, path: &Path) -> Vec<Holder> {
        let Some(node) = self.resolved(path) else { return Vec::new() };
        let own = std::process::id();
        let processes = entries(self.path("/proc")).into_iter().filter_map(|folder| {
            let pid: u32 = folder.file_name()?.to_str()?.parse().ok()?;
            (pid != own).then_some((pid, folder))
        });
        let holding = processes.filter(|(_, folder)| {
            let open = entries(folder.join("fd"));
            open.iter().any(|fd| std::fs::read_link(fd).is_ok_and(|target| target == node))
        });
        holding
            .map(|(pid, folder)| Holder {
                pid,
                name: text_of(folder.join("comm")).unwrap_or_else(|| "a program".to_owned()),
            })
            .collect()
    }
}
