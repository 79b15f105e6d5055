//! Is the stimulator's return tied to earth through an oscilloscope?

use crate::rig::{Driver, Input, Rig};

use super::Finding;

const SUBJECT: &str = "return to earth";

/// Every ground clip of an oscilloscope is earth. A single-ended channel across a shunt ties one side of the shunt, and so the
/// stimulator's return, to it: a stimulator on a computer's USB port then shorts its return to its supply's ground, and a
/// current that should flow through the phantom finds another way.
pub(super) fn look(rig: &Rig) -> Option<Finding> {
    if rig.load != Driver::Scpi {
        return None;
    }
    let single = rig.channels.iter().filter(|channel| matches!(channel.input, Input::Own | Input::Shunt(_)));
    let names: Vec<&str> = single.map(|channel| channel.name.as_str()).collect();
    Some(if names.is_empty() {
        Finding::good(SUBJECT, "every channel is differential or a monitor output")
    } else {
        Finding::warning(
            SUBJECT,
            format!("{}: ground clips tie the stimulator's return to earth", names.join(", ")),
            "measure between two channels (`plus: CH1, minus: CH2`), or run the stimulator from a battery behind a USB isolator",
        )
    })
}
