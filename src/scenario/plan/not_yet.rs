//! What a rig file may name and the runner cannot drive yet: one table. Supporting a driver removes its row.

use crate::rig::{Driver, Rig};
use crate::source::Diagnostic;

/// The table.
const NOT_YET: &[Driver] =
    &[Driver::Stimjim, Driver::PulsePal, Driver::ScienceMode, Driver::Template, Driver::Exec, Driver::Manual];

/// The drivers of a rig that are in the table, at their lines.
pub(super) fn find(rig: &Rig) -> Vec<Diagnostic> {
    [("stimulator.driver", rig.stimulator), ("load.driver", rig.load)]
        .into_iter()
        .filter(|(_, driver)| NOT_YET.contains(driver))
        .map(|(path, driver)| {
            let what = format!("the driver `{}` cannot be run yet", driver.name());
            rig.places.find(path).error(&what, None)
        })
        .collect()
}
