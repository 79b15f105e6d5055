//! Whether ramps and cycles fit the time a case gives them.

use crate::quantity::{Dimension, engineering};
use crate::source::Context;

use super::Case;

/// Reports ramps that never end, and cycles that never turn.
pub(super) fn check(case: &Case, context: &Context<'_>) {
    let time = |seconds: f64| engineering(seconds, Dimension::Time, 4);
    let mut told: Vec<String> = Vec::new();
    for train in case.trains() {
        let mut before = None;
        for in_force in &train.programs {
            let program = in_force.program;
            // What a later program inherits is said where it is written, once.
            let key = |key: &str| {
                let own = format!("{}.{key}", in_force.path);
                if case.places.has(&own) { own } else { format!("program.{key}") }
            };
            let mut tell = |path: String, what: String, help: &str, fatal: bool| {
                if !told.contains(&path) {
                    let place = case.places.find(&path);
                    let told =
                        if fatal { place.error(&what, Some(help)) } else { place.warning(&what, Some(help)) };
                    context.report(told);
                }
                told.push(path);
            };
            if let Some(ramp) = program.ramp {
                let what = format!("a ramp of {} never ends", time(ramp.up));
                if ramp.up > train.length + 1e-9 {
                    let help = format!("stimulation lasts {}: run longer", time(train.length));
                    tell(key("ramp"), what, &help, true);
                } else if let Some(cycle) = program.cycle.filter(|cycle| ramp.up > cycle.on_time + 1e-9) {
                    let help = format!("it begins anew with each on-time of {}", time(cycle.on_time));
                    tell(key("ramp"), what, &help, true);
                }
            }
            let goes_on = std::mem::replace(&mut before, program.cycle) == program.cycle;
            if let Some(cycle) = program.cycle.filter(|_| !goes_on)
                && cycle.on_time + cycle.off_time > train.length - in_force.at + 1e-9
            {
                let what = format!(
                    "a cycle of {} does not come round in the {} it is given",
                    time(cycle.on_time + cycle.off_time),
                    time(train.length - in_force.at)
                );
                tell(key("cycle"), what, "run longer, or shorten its times", false);
            }
        }
    }
}
