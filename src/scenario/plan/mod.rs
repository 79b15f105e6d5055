//! A case bound to a rig: everything that can be known before anything is energised.

mod applied;
mod board;
mod changes;
mod channels;
mod device;
mod drive;
mod expected;
mod limits;
mod needs;
mod peaks;
mod reach;
mod recharge;
mod record;
mod shares;
#[cfg(test)]
mod tests;
mod timer;
mod unseen;

use crate::phantom::Circuits;
use crate::rig::Rig;
use crate::signal::{Program, Recovery, Sensed};
use crate::source::{Diagnostic, Place, Severity};

use super::{Action, Case, Criterion, Measurand, Timeline};

pub use applied::quantised;
pub use reach::unreached_defects;
pub use record::RecordPlan;

/// A stream channel of the load.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedChannel {
    /// Contact, sense or `vout`.
    pub name: String,
    /// What it senses.
    pub quantity: Sensed,
    /// ± full scale to select, A or V.
    pub range: f64,
}

/// A case on a rig. If it exists, nothing about running it can be a usage error.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The case.
    pub case: Case,
    /// Which repetition of the case this is, from 1; 0 where it is run once.
    pub attempt: u32,
    /// Channels to stream: every contact, every sense, `vout`.
    pub channels: Vec<PlannedChannel>,
    /// The slow leakage channel is needed too.
    pub slow: bool,
    /// What the rig lacks; if anything, the case is skipped.
    pub missing: Vec<String>,
    /// The first program as the board will quantise it.
    pub applied: Program,
    /// Largest predicted voltage at the stimulator's output, V; `None` on a bench whose output stage is unknown.
    pub peak_voltage: Option<f64>,
    /// Largest predicted current of a passive recharge through a contact, A; `None` where nothing recharges, and on a bench whose
    /// output stage is unknown. It may be more than any amplitude, and then decides the range of the currents.
    pub peak_recharge: Option<f64>,
    /// `settled`, s after the first leading edge; `None` if it never settles.
    pub settled: Option<f64>,
    /// How long it takes to settle after a ramp or a change, s.
    pub settling: Option<f64>,
    /// Length of the steps in scenario time, s.
    pub duration: f64,
    /// What a person should know before running it.
    pub warnings: Vec<Diagnostic>,
}

impl Plan {
    /// Its case's name, and which repetition it is where it is repeated.
    pub fn title(&self) -> String {
        let name = &self.case.name;
        if self.attempt == 0 { name.clone() } else { format!("{name} (attempt {})", self.attempt) }
    }

    /// Largest current that the case asks for, A: of all its programs and of an injected over-amplitude.
    pub fn largest_amplitude(&self) -> f64 {
        channels::largest_amplitude(&self.case)
    }
}

/// Binds a case to a rig. With `strict`, warnings and missing capabilities are errors.
///
/// # Errors
/// All reasons why it cannot run, at once.
pub fn plan(case: Case, rig: &Rig, strict: bool) -> Result<Plan, Vec<Diagnostic>> {
    plan_among(case, rig, strict, &Circuits::default())
}

/// As [`plan`], one of many cases whose phantoms are shared.
///
/// # Errors
/// All reasons why it cannot run, at once.
pub fn plan_among(
    mut case: Case,
    rig: &Rig,
    strict: bool,
    circuits: &Circuits,
) -> Result<Plan, Vec<Diagnostic>> {
    // A cap that no scenario states is the stimulator's own.
    for check in &mut case.checks {
        if check.measurand == Measurand::CapNeverExceeded && check.criterion == Criterion::Holds {
            check.criterion = Criterion::AtMost(rig.cap);
        }
    }
    let mut problems = Vec::new();
    let programs = programs(&case);
    limits::check(&case, rig, &programs, &mut problems);
    device::check(&case, rig, &programs, &mut problems);
    board::check(&case, rig, &programs, &mut problems);
    for planned in &programs {
        if applied::quantised(planned.program, rig, &case.phantom).amplitude <= 0.0 {
            let what = "this amplitude rounds to zero on the converter";
            problems.push(planned.place(&case, "amplitude").error(what, Some("take a larger amplitude")));
        }
    }
    let applied = applied::quantised(&case.program, rig, &case.phantom);
    shares::check(&case, rig, &programs, &mut problems);
    let peaks = drive::peaks(&case, rig, &programs, circuits, &mut problems);
    let before = problems.len();
    let carried = changes::check(&case, rig, peaks, circuits, &mut problems);
    if problems.len() == before {
        drive::check_compliance(&case, rig, peaks, &mut problems);
    }
    let peaks = carried;
    let settled = changes::settled(&case, rig, circuits);
    check_settled(&case, settled.map(|settled| settled.at), &mut problems);
    let recharged = recharge::largest(&case, rig, peaks);
    recharge::check(&case, rig, &programs, recharged, &mut problems);
    let channels = channels::choose(&case, rig, peaks, recharged, &mut problems);
    record::check(&case, rig, &mut problems);
    unseen::check(&case, rig, circuits, &mut problems);
    expected::check(&case, rig, &channels, &mut problems);
    expected::ramps(&case, rig, &channels, &mut problems);
    let missing = needs::missing(&case, rig);
    if strict {
        for problem in &mut problems {
            problem.severity = Severity::Error;
        }
        problems.extend(missing.iter().map(|(place, what)| {
            place.error(
                &format!("rig `{}` lacks {what}", rig.name),
                Some("without --strict the case is skipped"),
            )
        }));
    }
    problems.sort_by_key(|problem| (problem.place.span.line, problem.place.span.column));
    if problems.iter().any(Diagnostic::is_error) {
        return Err(problems);
    }
    let mut missing: Vec<String> = missing.into_iter().map(|(_, what)| what).collect();
    missing.dedup();
    Ok(Plan {
        attempt: 0,
        channels,
        slow: needs::slow(&case),
        missing,
        applied,
        peak_voltage: peaks.map(|peaks| peaks.source),
        peak_recharge: (recharged > 0.0).then_some(recharged),
        settled: settled.map(|settled| settled.at),
        settling: settled.map(|settled| settled.takes),
        duration: Timeline::of(&case.steps).end,
        warnings: problems,
        case,
    })
}

/// Every program of a case with where it is written and how long it runs at most, s.
struct Planned<'c> {
    program: &'c Program,
    path: String,
    running: f64,
}

impl Planned<'_> {
    fn place(&self, case: &Case, key: &str) -> Place {
        case.places.find(&format!("{}.{key}", self.path))
    }

    /// The key that asks for a recharge.
    fn recharged_by(&self) -> Option<&'static str> {
        match (self.program.recharge, self.program.recovery) {
            (Some(_), _) => Some("recharge"),
            (None, Recovery::Passive { .. }) => Some("recovery"),
            _ => None,
        }
    }
}

fn programs(case: &Case) -> Vec<Planned<'_>> {
    let trains = case.trains();
    // In the longest of its trains, to the end of that: what is changed later may not be taken.
    let running = |path: &str| {
        let all = trains.iter().flat_map(|train| train.programs.iter().map(move |own| (train, own)));
        let own = all.filter(|(_, own)| own.path == path);
        own.map(|(train, own)| train.length - own.at).fold(0.0, f64::max)
    };
    let planned = |program, path: String| Planned { program, running: running(&path), path };
    let changes = case.steps.iter().enumerate().filter_map(|(index, step)| match &step.action {
        Action::Set(program) => Some(planned(program.as_ref(), format!("steps[{index}].set"))),
        Action::Program(program) => Some(planned(program.as_ref(), format!("steps[{index}].program"))),
        _ => None,
    });
    std::iter::once(planned(&case.program, "program".to_owned())).chain(changes).collect()
}

fn check_settled(case: &Case, settled: Option<f64>, problems: &mut Vec<Diagnostic>) {
    let timeline = Timeline::of(&case.steps);
    for check in &case.checks {
        let Some((from, to)) =
            check.window.as_ref().filter(|(from, to)| from == "settled" || to == "settled")
        else {
            continue;
        };
        let error = |what: &str, help| case.problem(check, "in", Severity::Error, what, Some(help));
        let end = timeline.time(to).unwrap_or(timeline.end) - timeline.start.unwrap_or(0.0);
        match settled {
            None => problems.push(error(
                "this never settles: nothing discharges the series capacitor",
                "add a recharge, or begin the window at a named instant",
            )),
            Some(at) if from == "settled" && at + case.program.period() >= end => {
                let what = format!("it settles {at:.3} s after the start, and the window ends at {end:.3} s");
                problems.push(error(&what, "run longer"));
            }
            Some(_) => {}
        }
    }
}
