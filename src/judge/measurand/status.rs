//! What the board itself says, and what the links had to put right.

use crate::measure::Measured;
use crate::scenario::{Action, Criterion, FaultCode};

use super::super::{Observation, Reason, Unit, Units, View};

/// A host that looks this seldom, s, was kept from it: it means to look every 10 ms.
const LATE: f64 = 0.015;

/// From the fault to the first status that declares it, s; the poll that saw it may have come up to one poll period
/// late, so that much is its one-sided uncertainty. Without a time limit: whether it was declared at all. That none is declared
/// is said by every status, and by no single one.
pub(super) fn fault_reported(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let after = view.check.after.as_deref().ok_or(Reason::Missing("after"))?;
    let t0 = view.recorded(after)?;
    let until = answered_by(view, after, t0);
    if view.check.is == Some(FaultCode::None) {
        units.push(nothing_declared(view, t0, until)?);
        return Ok(());
    }
    let later = || view.facts.statuses.iter().filter(|status| (t0..=until).contains(&status.sample));
    if later().next().is_none() {
        return Err(Reason::NoStatus);
    }
    let is_before = view.facts.statuses.iter().rfind(|status| status.sample < t0).map(|status| status.fault);
    let is = |fault: FaultCode| view.check.is.map_or(fault != FaultCode::None, |wanted| fault == wanted);
    // A latch that stands already says nothing about this fault.
    if is_before.is_some_and(|code| code != FaultCode::None && is(code)) {
        return Err(Reason::ReportedBefore);
    }
    let first = later().find(|status| is(status.fault));
    let timed = !matches!(view.check.criterion, Criterion::Holds | Criterion::Equals(_));
    let seconds = |sample: u64| (sample - t0) as f64 / view.rate();
    let unit = match (first, timed) {
        (Some(status), false) => Unit { time: Some(view.seconds(status.sample as f64)), ..Unit::exact(1.0) },
        (None, false) => Unit::exact(0.0),
        (Some(status), true) => {
            let (seen, period) = (seconds(status.sample), view.facts.poll_period);
            let value = seen + period;
            // Asked so late that it may well have been declared in time.
            if let Criterion::AtMost(limit) = view.check.criterion
                && period > LATE
                && value > limit
                && seen - period <= limit
            {
                return Err(Reason::AskedLate(period));
            }
            Unit { time: Some(view.seconds(status.sample as f64)), ..Unit::of(Measured::exact(value)) }
        }
        // Never: later than any limit.
        (None, true) => Unit::exact(f64::INFINITY),
    };
    units.push(unit);
    Ok(())
}

/// The status a check of `is: none` is judged by: the first that declares a fault, else the first of all, from which on every one
/// declared none. With a time limit that is when it was first read; what declares a fault at any time was never right.
fn nothing_declared(view: &View<'_>, t0: u64, until: u64) -> Result<Unit, Reason> {
    // One that is as old as the instant itself may have been read before it.
    let mut later = view.facts.statuses.iter().filter(|status| t0 < status.sample && status.sample <= until);
    let first = later.clone().next().ok_or(Reason::NoStatus)?;
    let declared = later.find(|status| status.fault != FaultCode::None);
    let at = |status: &Observation| Some(view.seconds(status.sample as f64));
    let timed = !matches!(view.check.criterion, Criterion::Holds | Criterion::Equals(_));
    let read = (first.sample - t0) as f64 / view.rate() + view.facts.poll_period;
    Ok(match (declared, timed) {
        (Some(status), true) => Unit { time: at(status), ..Unit::exact(f64::INFINITY) },
        (Some(status), false) => Unit { time: at(status), ..Unit::exact(0.0) },
        (None, true) => Unit { time: at(first), ..Unit::exact(read) },
        (None, false) => Unit { time: at(first), ..Unit::exact(1.0) },
    })
}

/// Up to which sample a report can be about the fault at sample `t0`: then another fault comes, or what stands is cleared.
fn answered_by(view: &View<'_>, after: &str, t0: u64) -> u64 {
    let own = view.case.step_of(after);
    let next =
        view.instants_of(|action| action.is_fault() || matches!(action, Action::Start | Action::Acknowledge));
    let later = next.filter(|at| Some(at.step) > own && at.sample > t0);
    later.map(|at| at.sample).min().unwrap_or(u64::MAX)
}

pub(super) fn link_errors(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    units.push(Unit::exact(view.facts.link_errors as f64));
    Ok(())
}
