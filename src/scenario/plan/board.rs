//! What the reference board's converter and timer cannot do: it would refuse it, and a change in the middle of a run.

use crate::quantity::{Dimension, engineering};
use crate::rig::{Driver, Rig, StimulatorSpec};
use crate::signal::{Program, Recovery};
use crate::source::{Diagnostic, Severity};

use super::super::Case;
use super::Planned;
use super::applied::{grain, on_grid};
use super::timer::{Timer, nanoseconds, passive, thousandths};

/// An amplitude that the converter moves by more than this part of itself is worth a warning: a third of the tolerance that
/// stimulators are usually judged by.
const COARSE: f64 = 0.01;

/// Something the board does not do as it is asked.
struct Unlike {
    severity: Severity,
    key: &'static str,
    what: String,
    help: Option<String>,
}

/// Refuses programs that a board whose grid is known would refuse, and warns of those that its grid changes.
pub(super) fn check(case: &Case, rig: &Rig, programs: &[Planned<'_>], problems: &mut Vec<Diagnostic>) {
    let (Driver::Simulated | Driver::Native, Some(sim)) = (rig.stimulator, &rig.sim) else { return };
    for planned in programs {
        let (asked, sent) = (planned.program.largest_current(), as_sent(planned.program).largest_current());
        let (cap, told) = (sim.stimulator.cap, rig.limits.amplitude.min(rig.cap));
        let above = |largest: f64, limit: f64| largest > limit * (1.0 + 1e-9);
        // What is above the rig's own limits is told by them.
        if above(sent, cap) && !above(asked, told) {
            let what = format!("{} is above the board's own cap of {}", current(sent), current(cap));
            let help = "`sim.stimulator.cap` is what it refuses; `stimulator.cap` beside it is what the rig file states";
            problems.push(planned.place(case, "amplitude").error(&what, Some(help)));
        }
        for Unlike { severity, key, what, help } in unlike(planned.program, &sim.stimulator) {
            problems.push(planned.place(case, key).diagnostic(severity, &what, help.as_deref()));
        }
    }
}

/// The program with its ratio as the board is told it.
fn as_sent(program: &Program) -> Program {
    let recovery = match program.recovery {
        Recovery::Ratio(ratio) => Recovery::Ratio(thousandths(ratio) as f64 / 1e3),
        other => other,
    };
    Program { recovery, ..program.clone() }
}

fn current(amperes: f64) -> String {
    engineering(amperes, Dimension::Current, 4)
}

fn time(seconds: f64) -> String {
    engineering(seconds, Dimension::Time, 6)
}

fn unlike(program: &Program, spec: &StimulatorSpec) -> Vec<Unlike> {
    let mut found = Vec::new();
    let mut tell = |severity, key, what: String, help: Option<String>| {
        found.push(Unlike { severity, key, what, help });
    };
    if let Recovery::Ratio(ratio) = program.recovery {
        let sent = thousandths(ratio) as f64 / 1e3;
        if ratio < 0.5e-3 {
            let what = format!("a ratio of {ratio} is none on the board, which takes thousandths");
            tell(Severity::Error, "recovery", what, Some("take a ratio of 0.001 or more".to_owned()));
        } else if (sent - ratio).abs() > 1e-9 * ratio {
            let what = format!("a ratio of {ratio} becomes {sent} on the board, which takes thousandths");
            tell(Severity::Warning, "recovery", what, None);
        }
    }
    let made = on_grid(program, spec);
    if made.amplitude > 0.0 && (made.amplitude - program.amplitude).abs() > COARSE * program.amplitude {
        let what = format!(
            "an amplitude of {} becomes {} on the board's converter",
            current(program.amplitude),
            current(made.amplitude)
        );
        let help = match grain(program) {
            1 => "take a larger amplitude".to_owned(),
            steps => format!("only every {steps}th step has a recovery of this ratio: take a rounder ratio"),
        };
        tell(Severity::Warning, "amplitude", what, Some(help));
    }
    let timer = Timer::of(spec);
    for (key, seconds) in shortest(program) {
        if nanoseconds(seconds) == 0 {
            tell(Severity::Error, key, format!("{} is nothing on the board's timer", time(seconds)), None);
        }
    }
    for (key, seconds) in
        [("width", Some(program.width)), ("recharge", program.recharge), ("recovery", passive(program))]
    {
        let Some(seconds) = seconds.filter(|seconds| timer.ticks(*seconds) == 0) else { continue };
        let what =
            format!("{} is less than half a tick of the board's timer, {}", time(seconds), time(spec.timer));
        tell(Severity::Error, key, what, None);
    }
    let (ticks, steps) = (timer.ticks(program.width), grain(program));
    if !ticks.is_multiple_of(steps) {
        let below = ticks - ticks % steps;
        let near = |ticks: u64| time(timer.seconds(ticks));
        let widths = [below, below + steps].into_iter().filter(|ticks| *ticks > 0).map(near);
        let what = format!(
            "a recovery of this ratio to {} ends between two ticks of the board's timer: its charge would not cancel",
            time(program.width)
        );
        let help = format!("take a rounder ratio, or a width of {}", widths.collect::<Vec<_>>().join(" or "));
        tell(Severity::Error, "recovery", what, Some(help));
    } else if let Some((length, room)) = timer.overlap(program) {
        let told = |ticks: u64| time(timer.seconds(ticks));
        let what = format!(
            "on the board's timer a pulse takes {}, and only {} are sure to be there until the next",
            told(length),
            told(room)
        );
        let help = "a shorter pulse, or a period of whole ticks, has room".to_owned();
        tell(Severity::Error, "rate", what, Some(help));
    }
    found
}

/// Times that are sent in whole nanoseconds and must be some.
fn shortest(program: &Program) -> Vec<(&'static str, f64)> {
    let ramp = program.ramp.map(|ramp| ("ramp", ramp.up));
    let cycle = program.cycle.map(|cycle| ("cycle", cycle.on_time.min(cycle.off_time)));
    ramp.into_iter().chain(cycle).collect()
}

#[cfg(test)]
mod tests;
