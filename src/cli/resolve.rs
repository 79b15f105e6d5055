//! Where the files lie that a scenario or a rig names: phantoms and limit profiles.

use std::path::{Path, PathBuf};

use crate::scenario::{Unresolved, Wanted, shipped};
use crate::source::{Diagnostic, Source};

use super::load::read;

/// Folders of each ancestor in which a name is looked up.
fn shelves(wanted: Wanted<'_>) -> &'static [&'static str] {
    match wanted {
        Wanted::Phantom(_) => &["fixtures/phantoms"],
        Wanted::Profile(_) => &["scenarios/profiles", "profiles"],
    }
}

/// A path beside the scenario, else a name: in the shelf of the nearest ancestor that has it, or built in. A phantom's name may
/// also lie beside the scenario; a profile's may not, for a scenario is often called what its limits are called.
pub fn resolve(folder: &Path, wanted: Wanted<'_>) -> Result<Source, Unresolved> {
    let unread = |problem: Box<Diagnostic>| Unresolved { what: problem.to_string(), known: Vec::new() };
    let name = wanted.name();
    let is_path = name.contains('/') || name.ends_with(".yaml") || name.ends_with(".yml");
    let beside = if is_path { folder.join(name) } else { folder.join(format!("{name}.yaml")) };
    if beside.is_file() && (is_path || matches!(wanted, Wanted::Phantom(_))) {
        return read(&beside).map_err(unread);
    }
    if is_path {
        let what = format!("there is no {} file `{}`", wanted.noun(), beside.display());
        return Err(Unresolved { what, known: Vec::new() });
    }
    let mut known: Vec<String> = Vec::new();
    let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    for (ancestor, up) in whole.ancestors().zip(0..) {
        for place in shelves(wanted) {
            let shelf = ancestor.join(place);
            if shelf.join(format!("{name}.yaml")).is_file() {
                // Shown relative to the scenario's own path where that is short enough to follow.
                let short: Option<PathBuf> = folder.ancestors().nth(up).map(|above| above.join(place));
                let shown = short.filter(|shown| shown.is_dir()).unwrap_or(shelf);
                return read(&shown.join(format!("{name}.yaml"))).map_err(unread);
            }
            let entries = std::fs::read_dir(&shelf).into_iter().flatten().flatten();
            known
                .extend(entries.filter_map(|entry| {
                    entry.file_name().to_str()?.strip_suffix(".yaml").map(str::to_owned)
                }));
        }
    }
    shipped(wanted).map_err(|mut unresolved| {
        unresolved.known.extend(known);
        unresolved.known.sort();
        unresolved.known.dedup();
        unresolved
    })
}
