//! Judging a capture by a scenario's checks: what was measured against what its program asks for.

use crate::judge::unmeasured;
use crate::measure::Evaluation;
use crate::quantity::{Dimension, engineering, with_uncertainty};
use crate::record::{BudgetRecord, CheckRecord, LimitRecord, Verdict, WorstRecord};
use crate::scenario::{Case, Check, Criterion, Decision as Rule, Measurand, Nominal, Statistic};
use crate::verdict::{Bounds, Decision, Rule as Guard, decide, family_expanded};

use super::mean::Mean;
use super::units::{Unit, not_in_a_capture, units};
use super::{Analysis, FindingCode};

/// Judges every check of a case. Its phantom and steps are ignored; the program in force is that after any ramp.
pub fn judge(analysis: &Analysis, case: &Case) -> Vec<CheckRecord> {
    case.checks.iter().map(|check| one(analysis, case, check)).collect()
}

fn one(analysis: &Analysis, case: &Case, check: &Check) -> CheckRecord {
    let record = blank(check, case.decision);
    let units = match units(analysis, &case.program, check) {
        Ok(units) => units,
        Err(reason) => return CheckRecord { reason: Some(reason), ..record },
    };
    let judged = match check.statistic {
        Statistic::Worst => worst(units, check, case.decision),
        Statistic::Mean => average(units, check, case.decision),
        Statistic::P99 => p99(units, check, case.decision),
    };
    match judged {
        Ok(judged) => fill(record, analysis, check, judged),
        Err(reason) => CheckRecord { reason: Some(reason), ..record },
    }
}

/// A decided value.
struct Judged {
    unit: Unit,
    limit: LimitRecord,
    margin: f64,
    accept: f64,
    reject: f64,
    decision: Decision,
    count: usize,
    /// Whether one unit decided, which a person will want to look at.
    single: bool,
}

fn decided(
    unit: Unit,
    accept: f64,
    reject: f64,
    count: usize,
    check: &Check,
    rule: Rule,
) -> Result<Judged, String> {
    let (bounds, limit, value) = bounds(check, &unit)?;
    let guard = if rule == Rule::Simple { Guard::Simple } else { Guard::Guarded };
    let decision = decide(value, accept, reject, bounds, guard);
    Ok(Judged { unit, limit, margin: bounds.margin(value), accept, reject, decision, count, single: false })
}

/// Every unit must satisfy the check: the one with the least margin decides, and to fail it must stand out from what
/// the noise of that many units makes of the worst one.
fn worst(units: Vec<Unit>, check: &Check, rule: Rule) -> Result<Judged, String> {
    let count = units.len();
    let mut least: Option<(f64, Unit)> = None;
    for unit in units {
        let (bounds, _, value) = bounds(check, &unit)?;
        let margin = bounds.margin(value);
        if least.as_ref().is_none_or(|(so_far, _)| margin < *so_far) {
            least = Some((margin, unit));
        }
    }
    let (_, unit) = least.ok_or("no pulse to judge")?;
    let accept = unit.estimate.expanded();
    let (common, random) = unit.estimate.parts();
    let reject = if count > 1 { family_expanded(common, random, count as u64).max(accept) } else { accept };
    decided(unit, accept, reject, count, check, rule).map(|judged| Judged { single: true, ..judged })
}

fn average(units: Vec<Unit>, check: &Check, rule: Rule) -> Result<Judged, String> {
    let mut mean = Mean::default();
    units.iter().for_each(|unit| mean.add(&unit.estimate));
    let (estimate, count) = mean.finish().ok_or("no pulse to judge")?;
    let nominal = units.first().and_then(|unit| unit.nominal);
    let expanded = estimate.expanded();
    decided(Unit { pulse: None, time: None, estimate, nominal }, expanded, expanded, count, check, rule)
}

/// Order statistic ⌈0.99 N⌉ by distance from the nominal or zero.
fn p99(mut units: Vec<Unit>, check: &Check, rule: Rule) -> Result<Judged, String> {
    let count = units.len();
    if count < 100 {
        return Err(format!("p99 needs at least 100 pulses, the record has {count}"));
    }
    let distance = |unit: &Unit| (unit.estimate.value - unit.nominal.unwrap_or(0.0)).abs();
    units.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
    let unit = units.into_iter().nth((0.99 * count as f64).ceil() as usize - 1).ok_or("no pulse to judge")?;
    let expanded = unit.estimate.expanded();
    decided(unit, expanded, expanded, count, check, rule)
}

/// The bounds, the limit as recorded, and the value they bound (a magnitude where the check judges one).
fn bounds(check: &Check, unit: &Unit) -> Result<(Bounds, LimitRecord, f64), String> {
    let value = unit.estimate.value;
    let record = |criterion: &str, nominal, lower, upper| LimitRecord {
        criterion: criterion.to_owned(),
        nominal,
        lower,
        upper,
    };
    let (limit, value) = match check.criterion {
        Criterion::Within { of, tolerance } => {
            let nominal = match of {
                Nominal::Value(value) => value,
                Nominal::Programmed => unit.nominal.ok_or("the program has no nominal for this measurand")?,
                Nominal::Applied => {
                    return Err(
                        "a capture does not know what the stimulator applied: state `of: programmed`"
                            .to_owned(),
                    );
                }
            };
            let about = tolerance.about(nominal);
            (record("within", Some(nominal), Some(nominal - about), Some(nominal + about)), value)
        }
        Criterion::Magnitude(limit) => (record("within", None, None, Some(limit)), value.abs()),
        Criterion::AtMost(limit) => (record("at_most", None, None, Some(limit)), value.abs()),
        Criterion::AtLeast(limit) => (record("at_least", None, Some(limit), None), value.abs()),
        Criterion::Between(lower, upper) => (record("between", None, Some(lower), Some(upper)), value),
        Criterion::Equals(exact) => (record("equals", Some(exact), Some(exact), Some(exact)), value),
        Criterion::Holds => return Err(not_in_a_capture(check.measurand)),
    };
    Ok((Bounds { lower: limit.lower, upper: limit.upper }, limit, value))
}

fn fill(record: CheckRecord, analysis: &Analysis, check: &Check, judged: Judged) -> CheckRecord {
    let Judged { unit, limit, margin, accept, reject, decision, count, single } = judged;
    let dimension = check.measurand.dimension();
    let estimate = &unit.estimate;
    let shown = |u: f64| with_uncertainty(estimate.value, u, dimension);
    let range = range(&limit, dimension);
    let clipped = analysis.has(FindingCode::Clipped) && matters_when_clipped(check.measurand);
    let beyond = limit.upper.is_some_and(|upper| estimate.value.abs() > upper);
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
            let reason = format!(
                "a limit of {range} lies inside {}: U must be at most {} (its largest input: {dominant})",
                shown(accept),
                engineering(needed, dimension, 2)
            );
            (Verdict::Inconclusive, Some(reason))
        }
    };
    let excluded = analysis.max_error.is_none() && !matches!(dimension, Dimension::Number | Dimension::Time);
    let reason = match reason {
        None if excluded => Some("U excludes the instrument's own error".to_owned()),
        other => other,
    };
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

fn blank(check: &Check, rule: Rule) -> CheckRecord {
    let (criterion, nominal, lower, upper) = match check.criterion {
        Criterion::Within { of: Nominal::Value(nominal), tolerance } => {
            let about = tolerance.about(nominal);
            ("within", Some(nominal), Some(nominal - about), Some(nominal + about))
        }
        Criterion::Within { .. } => ("within", None, None, None),
        Criterion::Magnitude(limit) => ("within", None, None, Some(limit)),
        Criterion::AtMost(limit) => ("at_most", None, None, Some(limit)),
        Criterion::AtLeast(limit) => ("at_least", None, Some(limit), None),
        Criterion::Between(lower, upper) => ("between", None, Some(lower), Some(upper)),
        Criterion::Equals(exact) => ("equals", Some(exact), Some(exact), Some(exact)),
        Criterion::Holds => ("holds", None, None, None),
    };
    let limit = LimitRecord { criterion: criterion.to_owned(), nominal, lower, upper };
    CheckRecord { limit, ..unmeasured(check, rule) }
}
