//! Who may open a port.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Machine, entries};

impl Machine {
    /// The group that owns a path: its name, or its number where it has none.
    pub fn group_of(&self, path: &Path) -> Option<String> {
        let gid = std::fs::metadata(self.path(path)).ok()?.gid();
        let groups = std::fs::read_to_string(self.path("/etc/group")).unwrap_or_default();
        let named = groups.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            (fields.nth(1)?.parse() == Ok(gid)).then(|| name.to_owned())
        });
        Some(named.unwrap_or_else(|| gid.to_string()))
    }

    /// The installed rules of stimrig, if there are any.
    pub fn udev_rules(&self) -> Option<PathBuf> {
        let folders =
            ["/etc/udev/rules.d", "/run/udev/rules.d", "/usr/lib/udev/rules.d", "/lib/udev/rules.d"];
        let all = folders.into_iter().flat_map(|folder| entries(self.path(folder)));
        let ours = |path: &PathBuf| {
            path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.contains("stimrig"))
        };
        all.into_iter().find(ours).map(|path| self.named(&path))
    }

    /// What lets a user open a port that is forbidden.
    pub fn permission_remedy(&self, path: &Path) -> String {
        let rules = "install rig/udev/69-stimrig.rules and plug it in again";
        match self.group_of(path).filter(|group| group != "root" && group != "0") {
            Some(group) => format!("{rules}, or `sudo usermod -aG {group} $USER` and log in again"),
            None => rules.to_owned(),
        }
    }
}
