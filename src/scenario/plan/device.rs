//! What the rig's stimulator cannot do, told at the scenario's line.

use crate::quantity::{Dimension, engineering};
use crate::rig::Rig;
use crate::signal::Run;
use crate::source::Diagnostic;

use super::super::Case;
use super::Planned;

/// Refuses programs that the stimulator cannot emit, before anything is energised.
pub(super) fn check(case: &Case, rig: &Rig, programs: &[Planned<'_>], problems: &mut Vec<Diagnostic>) {
    for planned in programs {
        for impossible in rig.nearest(planned.program, &case.phantom).err().unwrap_or_default() {
            let place = planned.place(case, impossible.key);
            problems.push(place.error(&impossible.what, impossible.help.as_deref()));
        }
        // A train ends with its last whole period.
        let period = planned.program.period();
        let (longest, runs) = ((rig.longest_train() / period).floor() * period, planned.running);
        if planned.program.run == Run::UntilStopped && runs > longest {
            let time = |seconds| engineering(seconds, Dimension::Time, 3);
            let what = format!(
                "the steps take {}, and this stimulator ends a train by itself after {}",
                time(runs),
                time(longest)
            );
            problems.push(planned.place(case, "rate").error(&what, Some("run for a shorter time")));
        }
    }
}
