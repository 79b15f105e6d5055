//! The judgement of a case: its checks against what was recorded.
//!
//! A check looks through a [`View`] (its contact, its window, what was programmed), its measurand turns the rows into
//! [`Unit`]s with their budgets, and the units become one record by the statistic and the decision rule of the case.

mod basis;
mod cycle;
mod declared;
mod expected;
mod facts;
mod figures;
mod found;
mod hidden;
mod level;
mod limits;
mod mean;
mod measurand;
mod median;
mod phase;
mod reason;
mod seen;
mod sketch;
mod statistic;
mod train;
mod unasked;
mod unit;
mod view;
mod zeroed;

pub use basis::{Basis, ProgramChange};
pub use cycle::Cycle;
pub use facts::{Facts, Instant, Observation, Restart, Segment};
pub use figures::figures;
pub use found::Found;
pub use level::{Baseline, Charge};
pub use limits::{Limit, recorded};
pub use mean::Mean;
pub use reason::Reason;
pub use seen::Seen;
pub use train::Placed;
pub use unasked::unasked;
pub use unit::{Unit, Units};
pub use view::{View, Window};

use crate::measure::Recording;
use crate::record::{CaseFigures, CheckRecord, Verdict};
use crate::scenario::{Case, Check, Decision};

/// Judges every check of a case, in the order of the scenario.
pub fn judge(case: &Case, facts: &Facts, recording: &Recording) -> Vec<CheckRecord> {
    let judged = |check| judge_check(case, facts, recording, check, &mut |_| ());
    case.checks.iter().map(judged).collect()
}

/// Judges every check of a case and takes its pictures.
pub fn judge_and_draw(case: &Case, facts: &Facts, recording: &Recording) -> (Vec<CheckRecord>, CaseFigures) {
    let judged = case.checks.iter().map(|check| {
        let mut seen = Seen::default();
        let mut look = |unit: &Unit| {
            if let Some(time) = unit.time {
                seen.add(time, unit.measured.value);
            }
        };
        let record = judge_check(case, facts, recording, check, &mut look);
        (record, seen)
    });
    let (checks, seen): (Vec<CheckRecord>, Vec<Seen>) = judged.unzip();
    let figures = figures(case, facts, recording, &checks, &seen);
    (checks, figures)
}

/// Measures the units of one check, without a decision.
///
/// # Errors
/// The reason that makes the check invalid.
pub fn units(case: &Case, facts: &Facts, recording: &Recording, check: &Check) -> Result<Vec<Unit>, Reason> {
    let mut units = Vec::new();
    let mut keep = |unit| units.push(unit);
    measurand::measure(&View::new(case, facts, recording, check)?, &mut Units::new(&mut keep))?;
    Ok(units)
}

/// Shows the units of the check to `look` on the way.
fn judge_check(
    case: &Case,
    facts: &Facts,
    recording: &Recording,
    check: &Check,
    look: &mut dyn FnMut(&Unit),
) -> CheckRecord {
    let blank = unmeasured(check, case.decision);
    if let Some(expired) = &facts.expired {
        return CheckRecord { reason: Some(expired.clone()), ..blank };
    }
    let judged = View::new(case, facts, recording, check).and_then(|view| {
        let judged = decided(&view, look)?;
        let unit = judged.unit().clone();
        let record = judged.into_record(case, check, blank.clone());
        let wanted = record.verdict != Verdict::Pass;
        let sketch = wanted.then(|| sketch::around(&view, &unit, &record.limit)).flatten();
        Ok(CheckRecord { sketch, ..record })
    });
    match judged {
        // What failed has failed whatever the stimulator says of itself.
        Ok(record) if record.verdict == Verdict::Pass => {
            let unprovoked = declared::unprovoked(case, facts, recording.setup.sample_rate);
            match unprovoked.and_then(|()| zeroed::sound(recording, check)) {
                Ok(()) => record,
                Err(reason) => {
                    CheckRecord { verdict: Verdict::Invalid, reason: Some(reason.to_string()), ..record }
                }
            }
        }
        Ok(record) => record,
        Err(reason) => CheckRecord { reason: Some(reason.to_string()), ..blank },
    }
}

/// Measures a check unit by unit, so that a long train takes no more memory than a short one, and decides it.
fn decided(view: &View<'_>, look: &mut dyn FnMut(&Unit)) -> Result<statistic::Judged, Reason> {
    let mut tally = statistic::Tally::new(view);
    let mut take = |unit: Unit| {
        look(&unit);
        tally.add(unit);
    };
    measurand::measure(view, &mut Units::new(&mut take))?;
    tally.finish(|place| {
        let (mut number, mut found) = (0, None);
        let mut keep = |unit| {
            if number == place {
                found = Some(unit);
            }
            number += 1;
        };
        measurand::measure(view, &mut Units::new(&mut keep))?;
        found.ok_or(Reason::Missing("pulses"))
    })
}

/// The record of a check that was not measured.
pub fn unmeasured(check: &Check, decision: Decision) -> CheckRecord {
    CheckRecord {
        measurand: check.measurand.name().to_owned(),
        verdict: Verdict::Invalid,
        value: None,
        unit: check.measurand.dimension().unit().to_owned(),
        uncertainty: None,
        uncertainty_family: None,
        coverage: None,
        limit: recorded(check.criterion, check.measurand, Limit::of(check, None).as_ref()),
        margin: None,
        statistic: check.statistic.name().to_owned(),
        count: 0,
        worst: None,
        reason: None,
        budget: Vec::new(),
        profile: check.profile.clone(),
        line: check.line,
        text: check.text.clone(),
        decision: match decision {
            Decision::Guarded => "guarded",
            Decision::Simple => "simple",
        }
        .to_owned(),
        upper_bound: None,
        sketch: None,
    }
}
