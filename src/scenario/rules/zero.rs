//! A zero is taken where it hides nothing: while the load's inputs are shorted, what flows is not seen.

use crate::quantity::{Dimension, engineering};
use crate::source::Context;

use super::super::{Action, Case, Check, Criterion, Fault, Measurand, Step, Timeline, step_duration};
use super::after::RELAY;

/// Why a zero would hide something, and what to do instead.
type Hidden = (String, &'static str);

/// Reports every `zero` that would hide what a check is about.
pub(super) fn check(case: &Case, timeline: &Timeline, context: &Context<'_>) {
    let zeros = case.steps.iter().enumerate().filter(|(_, step)| step.action == Action::Zero);
    for (index, _) in zeros {
        let hidden = running(case, index)
            .or_else(|| case.checks.iter().find_map(|check| followed(case, check, index)))
            .or_else(|| case.checks.iter().find_map(|check| averaged(timeline, check, index)));
        if let Some((what, help)) = hidden {
            let place = case.places.find(&format!("steps[{index}].zero"));
            context.report(place.error(&what, Some(help)));
        }
    }
}

/// The output is under way. A fault does not end it here: that it does is what has to be seen.
fn running(case: &Case, zero: usize) -> Option<Hidden> {
    let mut before = case.steps.iter().take(zero).rev().map(|step| &step.action);
    let last = before.find(|action| matches!(action, Action::Start | Action::Stop));
    (last == Some(&Action::Start)).then(|| {
        let what = "the inputs are shorted while the output runs: what flows meanwhile is not seen";
        (what.to_owned(), "take the zero before the `start`, or behind the `stop`")
    })
}

/// A check looks at what follows an instant before the zero, and has not seen enough of it yet.
fn followed(case: &Case, check: &Check, zero: usize) -> Option<Hidden> {
    let time = |seconds: f64| engineering(seconds, Dimension::Time, 4);
    let before = case.steps.get(..zero)?;
    // What follows an instant ends at the next start, and before the first there is nothing to see.
    let start = before.iter().rposition(|step| step.action == Action::Start)?;
    let event = looked_from(case, check, before).filter(|event| *event >= start)?;
    let judged = judged(case, check, event)?;
    let passed: f64 = before.iter().skip(event).map(|step| step_duration(&step.action)).sum();
    if passed >= judged - 1e-9 {
        return None;
    }
    let name = check.measurand.name();
    let what = if judged.is_finite() {
        format!(
            "the inputs are shorted {} after an instant of which `{name}` judges {}: what flows meanwhile is not seen",
            time(passed),
            time(judged)
        )
    } else {
        format!("the inputs are shorted where `{name}` still looks: what flows meanwhile is not seen")
    };
    let help = if judged.is_finite() {
        "take the zero before the first `start`, or `wait` longer before it"
    } else if check.measurand == Measurand::StaysOff {
        "take the zero before the first `start`, or limit the `shutdown_latency` or `stop_latency` too"
    } else {
        "take the zero before the first `start`: it looks until the next one"
    };
    Some((what, help))
}

/// The last step before a zero from which a check looks on.
fn looked_from(case: &Case, check: &Check, before: &[Step]) -> Option<usize> {
    let stop = before.iter().rposition(|step| step.action == Action::Stop);
    let named = check.after.as_deref().map(|after| case.step_of(after));
    let event = match (check.measurand, named) {
        (Measurand::RestartRefused, _) => case.refusing_fault(check),
        (_, Some(named)) => named,
        (Measurand::StopLatency | Measurand::NoTruncatedPulse, None) => stop,
        (Measurand::AccumulatedCharge, None) if check.window.is_none() => stop,
        _ => None,
    };
    event.filter(|event| *event < before.len())
}

/// How long after a step a check judges what flows, s: without end where it looks until the next start, or from wherever the
/// output ends. `None` if it does not look at it.
fn judged(case: &Case, check: &Check, event: usize) -> Option<f64> {
    let quiet = case.in_force(event).longest_rest().max(0.1);
    let action = case.steps.get(event).map(|step| &step.action)?;
    let hold = check.hold.unwrap_or(f64::INFINITY);
    match check.measurand {
        Measurand::ShutdownLatency | Measurand::StopLatency => Some(highest(check) + quiet),
        Measurand::StaysOff => {
            let limits = [case.shutdown_limit(check.after.as_deref()), stop_limit(case, action)];
            let limit = limits.into_iter().flatten().min_by(f64::total_cmp);
            Some(limit.map_or(f64::INFINITY, |limit| limit + hold + RELAY))
        }
        Measurand::PulsesAfterFault => Some(hold + RELAY),
        Measurand::ChargeAfterFault => Some(f64::INFINITY),
        // What was begun is finished, and recharged.
        Measurand::NoTruncatedPulse | Measurand::AccumulatedCharge => Some(quiet),
        Measurand::RestartRefused => {
            let lasting = match action {
                Action::Inject(Fault::BrownOut { duration }) | Action::HostSilence(duration) => *duration,
                Action::Inject(Fault::CoreHalt) => case.halted_for(event),
                _ => 0.0,
            };
            // It is sent after as long as it is watched for.
            Some(lasting + 2.0 * quiet)
        }
        _ => None,
    }
}

/// The highest value that the criterion of a latency allows, s.
fn highest(check: &Check) -> f64 {
    match check.criterion {
        Criterion::AtMost(limit) | Criterion::Magnitude(limit) | Criterion::Between(_, limit) => limit,
        _ => f64::INFINITY,
    }
}

/// What is after a stop has the limit of the stop too, as when it is judged.
fn stop_limit(case: &Case, action: &Action) -> Option<f64> {
    let limits = case.checks.iter().filter_map(|check| match (check.measurand, check.criterion) {
        (Measurand::StopLatency, Criterion::AtMost(limit)) if *action == Action::Stop => Some(limit),
        _ => None,
    });
    limits.min_by(f64::total_cmp)
}

/// A mean over time takes the shorted input for the output's current.
fn averaged(timeline: &Timeline, check: &Check, zero: usize) -> Option<Hidden> {
    if check.measurand != Measurand::DcLeakageCurrent {
        return None;
    }
    let step = |name: &str| timeline.instants.iter().find(|(own, ..)| own == name).map(|(.., step)| *step);
    // Without one it ends at the first stop, and up to there the output runs.
    let (from, to) = check.window.as_ref()?;
    let (from, to) = (step(from).or(step("start"))?, step(to)?);
    (from..to).contains(&zero).then(|| {
        let what = "the inputs are shorted in the window of `dc_leakage_current`, whose mean would take that for the output's current";
        (what.to_owned(), "take the zero before that window begins")
    })
}
