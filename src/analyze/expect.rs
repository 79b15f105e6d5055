//! Judging a capture by a scenario's checks: what was measured against what its program asks for.

use crate::judge::{recorded, unmeasured};
use crate::measure::Evaluation;
use crate::quantity::{Dimension, engineering, with_uncertainty};
use crate::record::{BudgetRecord, CheckRecord, LimitRecord, Verdict, WorstRecord};
use crate::scenario::{Case, Check, Measurand, Statistic};
use crate::verdict::{Decision, Guards, Percentile};

use super::pulse::in_step;
use super::statistic::{Judged, decided};
use super::units::units;
use super::{Analysis, FindingCode};

/// Judges every check of a case. Its phantom and steps are ignored; the program in force is that after any ramp.
pub fn judge(analysis: &Analysis, case: &Case) -> Vec<CheckRecord> {
    case.checks.iter().map(|check| one(analysis, case, check)).collect()
}

fn one(analysis: &Analysis, case: &Case, check: &Check) -> CheckRecord {
    let record = unmeasured(check, case.decision);
    let mut units = units(analysis, &case.program, check);
    if let (Ok(units), Statistic::Mean) = (&mut units, check.statistic) {
        let share = analysis.pulses.in_step();
        units.iter_mut().for_each(|unit| unit.estimate = in_step(std::mem::take(&mut unit.estimate), share));
    }
    let judged = units.and_then(|units| decided(units, check, case.decision));
    match judged {
        Ok(judged) => fill(record, analysis, check, judged),
        Err(reason) => CheckRecord { reason: Some(reason), ..record },
    }
}

fn fill(record: CheckRecord, analysis: &Analysis, check: &Check, judged: Judged) -> CheckRecord {
    let Judged { unit, limit, margin, guards: Guards { accept, reject }, decision, count, single } = judged;
    let dimension = check.measurand.dimension();
    let estimate = &unit.estimate;
    let shown = |u: f64| with_uncertainty(estimate.value, u, dimension);
    let limit = recorded(check.criterion, check.measurand, Some(&limit));
    let range = range(&limit, dimension);
    let clipped = analysis.has(FindingCode::Clipped) && matters_when_clipped(check.measurand);
    // What is read of a balance or of a ratio may be too large because something was cut off.
    let at_least = matches!(check.measurand, Measurand::Amplitude | Measurand::ChargePerPhase);
    let beyond = at_least && limit.upper.is_some_and(|upper| estimate.value.abs() > upper);
    let (verdict, reason) = match decision {
        // What is cut off is at least as large as what is seen: only a value already too large is sure.
        Decision::Pass | Decision::Inconclusive { .. } if clipped => {
            (Verdict::Invalid, Some("clipped".to_owned()))
        }
        Decision::Fail if clipped && !beyond => (Verdict::Invalid, Some("clipped".to_owned())),
        Decision::Pass => (Verdict::Pass, None),
        Decision::Fail => (Verdict::Fail, Some(format!("{} is outside {range}", shown(reject)))),
        Decision::Inconclusive { needed } => {
            let dominant = estimate.dominant().unwrap_or("");
            // Inside its limits a value lacks what it must clear to pass, beyond one what it must clear to fail.
            let held = if margin < 0.0 { reject } else { accept };
            let reason = format!(
                "a limit of {range} lies inside {}: U must be at most {} (its largest input: {dominant})",
                shown(held),
                engineering(needed, dimension, 2)
            );
            (Verdict::Inconclusive, Some(reason))
        }
    };
    let excluded = analysis.max_error.is_none() && !matches!(dimension, Dimension::Number | Dimension::Time);
    let few = check.statistic == Statistic::P99 && verdict == Verdict::Pass && record.decision != "simple";
    let assumed = [
        excluded.then(|| "U excludes the instrument's own error".to_owned()),
        is_balance(check.measurand)
            .then(|| "an input coupled to DC is assumed, which the samples cannot tell".to_owned()),
        if few { Percentile::said(count as u64) } else { None },
    ];
    let assumed: Vec<String> = assumed.into_iter().flatten().collect();
    let reason = reason.or_else(|| (!assumed.is_empty()).then(|| assumed.join("; ")));
    let mut budget: Vec<BudgetRecord> = estimate
        .budget
        .iter()
        .map(|line| BudgetRecord {
            input: line.name.to_owned(),
            contribution: line.u,
            kind: match line.evaluation {
                Evaluation::A => "A",
                Evaluation::B => "B",
            }
            .to_owned(),
        })
        .collect();
    budget.sort_by(|a, b| b.contribution.total_cmp(&a.contribution));
    CheckRecord {
        verdict,
        value: Some(estimate.value),
        uncertainty: Some(if verdict == Verdict::Fail { reject } else { accept } + 0.0),
        uncertainty_family: matches!(verdict, Verdict::Fail | Verdict::Inconclusive).then_some(reject),
        coverage: Some(estimate.coverage()),
        limit,
        margin: margin.is_finite().then_some(margin),
        count: count as u64,
        worst: single.then_some(WorstRecord { pulse: unit.pulse, time: unit.time }),
        reason,
        budget,
        ..record
    }
}

/// Whether a measurand is a difference of charges, which an AC coupling takes away with the mean.
fn is_balance(measurand: Measurand) -> bool {
    matches!(measurand, Measurand::NetCharge | Measurand::ChargeImbalance | Measurand::MeanDcCurrent)
}

fn matters_when_clipped(measurand: Measurand) -> bool {
    use Measurand as M;
    matches!(
        measurand,
        M::Amplitude
            | M::ChargePerPhase
            | M::NetCharge
            | M::ChargeImbalance
            | M::MeanDcCurrent
            | M::AccessResistance
            | M::Polarization
            | M::Width
            | M::Gap
    )
}

fn range(limit: &LimitRecord, dimension: Dimension) -> String {
    let shown = |value| engineering(value, dimension, 4);
    match (limit.lower, limit.upper) {
        (Some(lower), Some(upper)) if lower == upper => shown(lower),
        (Some(lower), Some(upper)) => format!("{} to {}", shown(lower), shown(upper)),
        (None, Some(upper)) => format!("at most {}", shown(upper)),
        (Some(lower), None) => format!("at least {}", shown(lower)),
        (None, None) => String::new(),
    }
}
