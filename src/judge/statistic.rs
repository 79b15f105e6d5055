//! From units to one verdict.

use crate::measure::{Evaluation, Input, Measured};
use crate::quantity::engineering;
use crate::record::{BudgetRecord, CheckRecord, Verdict, WorstRecord};
use crate::scenario::{Case, Check, Decision as CaseDecision, Measurand, Statistic};
use crate::verdict::{Decision, Rule, decide, family_expanded};

use super::limits::{Limit, recorded};
use super::{Reason, Unit};

/// A decided check.
pub struct Judged {
    unit: Unit,
    limit: Limit,
    count: u64,
    single: f64,
    family: Option<f64>,
    decision: Decision,
    clipped: bool,
}

/// Applies the statistic and the rule.
///
/// # Errors
/// [`Reason::Missing`] when a tolerance has nothing to be about, [`Reason::NotYet`] for a percentile.
pub fn apply(case: &Case, check: &Check, units: &[Unit]) -> Result<Judged, Reason> {
    let rule = if case.decision == CaseDecision::Simple { Rule::Simple } else { Rule::Guarded };
    match check.statistic {
        Statistic::Worst => worst(check, units, rule),
        Statistic::Mean => {
            let mean = mean(units).ok_or(Reason::Missing("pulses"))?;
            let mut judged = worst(check, std::slice::from_ref(&mean), rule)?;
            judged.count = units.len() as u64;
            Ok(judged)
        }
        Statistic::P99 => Err(Reason::NotYet("statistic p99".to_owned())),
    }
}

/// Every unit must satisfy the criterion: the one with the least room decides. To pass, it clears its own guard band;
/// to fail it must stray farther than the worst of N good ones may.
fn worst(check: &Check, units: &[Unit], rule: Rule) -> Result<Judged, Reason> {
    const ROUGH: f64 = 1.960;
    let mut least: Option<(f64, &Unit, Limit)> = None;
    for unit in units {
        let limit = Limit::of(check.criterion, unit).ok_or(Reason::Missing("a nominal (`of:`)"))?;
        let guard = if rule == Rule::Simple { 0.0 } else { ROUGH * unit.measured.standard() };
        let room = limit.bounds.margin(limit.figure(unit.measured.value)) - guard;
        if least.as_ref().is_none_or(|(so_far, _, _)| room < *so_far) {
            least = Some((room, unit, limit));
        }
    }
    let (_, unit, limit) = least.ok_or(Reason::Missing("pulses"))?;
    let count = units.len() as u64;
    let single = unit.measured.expanded();
    let (common, random) = unit.measured.parts();
    let family =
        if count > 1 && single > 0.0 { family_expanded(common, random, count).max(single) } else { single };
    let figure = limit.figure(unit.measured.value);
    let decision = decide(figure, single, family, limit.bounds, rule);
    let clipped = units.iter().any(|unit| unit.clipped);
    Ok(Judged {
        unit: unit.clone(),
        limit,
        count,
        single,
        family: (count > 1 && family > single).then_some(family),
        decision,
        clipped,
    })
}

/// Mean of all units: common lines stay, independent ones shrink with √N.
fn mean(units: &[Unit]) -> Option<Unit> {
    let n = units.len() as f64;
    let first = units.first()?;
    let average = |value: &dyn Fn(&Unit) -> f64| units.iter().map(value).sum::<f64>() / n;
    let mut budget: Vec<Input> =
        first.measured.budget.iter().map(|line| Input { u: 0.0, bounded: 0.0, ..*line }).collect();
    for unit in units {
        for line in &unit.measured.budget {
            let Some(total) = budget.iter_mut().find(|total| total.name == line.name) else { continue };
            if line.common {
                total.u += line.u / n;
                total.bounded += line.bounded / n;
            } else {
                total.u = total.u.hypot(line.u / n);
                total.bounded += line.bounded / n.powi(4);
            }
        }
    }
    let nominal = first.nominal.map(|_| average(&|unit| unit.nominal.unwrap_or(0.0)));
    let measured = Measured::new(average(&|unit| unit.measured.value), budget);
    Some(Unit { nominal, clipped: units.iter().any(|unit| unit.clipped), ..Unit::of(measured) })
}

impl Judged {
    /// The unit that decided.
    pub fn unit(&self) -> &Unit {
        &self.unit
    }

    /// The record of the check, on top of a blank one.
    pub fn into_record(self, case: &Case, check: &Check, blank: CheckRecord) -> CheckRecord {
        let figure = self.limit.figure(self.unit.measured.value);
        let margin = self.limit.bounds.margin(figure);
        let (verdict, reason) = self.verdict(check, figure);
        let finite = |value: f64| value.is_finite().then_some(value);
        let mut budget: Vec<&Input> = self.unit.measured.budget.iter().filter(|line| line.u > 0.0).collect();
        budget.sort_by(|a, b| b.u.total_cmp(&a.u));
        let budget = budget
            .into_iter()
            .map(|line| BudgetRecord {
                input: line.name.to_owned(),
                contribution: line.u,
                kind: if line.evaluation == Evaluation::A { "A" } else { "B" }.to_owned(),
            })
            .collect();
        let simple = (case.decision == CaseDecision::Simple)
            .then(|| "simple acceptance: the value alone decided".to_owned());
        let used_family = verdict != Verdict::Pass;
        CheckRecord {
            verdict,
            value: finite(self.unit.measured.value).filter(|_| verdict != Verdict::Invalid),
            uncertainty: Some(match (verdict, self.family) {
                (Verdict::Fail, Some(family)) => family,
                _ => self.single,
            })
            .filter(|_| verdict != Verdict::Invalid),
            uncertainty_family: self.family.filter(|_| used_family && verdict != Verdict::Invalid),
            coverage: (self.single > 0.0).then(|| self.unit.measured.coverage()),
            limit: recorded(check.criterion, check.measurand, Some(&self.limit)),
            margin: finite(margin),
            count: self.count,
            worst: (self.unit.pulse.is_some() || self.unit.time.is_some())
                .then_some(WorstRecord { pulse: self.unit.pulse, time: self.unit.time }),
            reason: reason.or(simple),
            budget,
            upper_bound: self.unit.upper_bound.and_then(finite),
            ..blank
        }
    }

    fn verdict(&self, check: &Check, figure: f64) -> (Verdict, Option<String>) {
        let dimension = check.measurand.dimension();
        let show = |value: f64| engineering(value, dimension, 4);
        if self.clipped && !self.fails_in_spite_of_clipping(check, figure) {
            return (Verdict::Invalid, Some(Reason::Clipped.to_string()));
        }
        match self.decision {
            Decision::Pass => (Verdict::Pass, None),
            Decision::Fail => (Verdict::Fail, Some(self.failure(check, figure))),
            Decision::Inconclusive { needed } => {
                let held = self.family.unwrap_or(self.single).max(self.single);
                let held = if self.limit.bounds.margin(figure) >= 0.0 { self.single } else { held };
                let ratio = if needed > 0.0 { held / needed } else { f64::INFINITY };
                let by = if ratio.is_finite() {
                    format!("{ratio:.2} times smaller ({} instead of {})", show(needed), show(held))
                } else {
                    "smaller than any: the value is on the limit".to_owned()
                };
                let line = self.unit.measured.dominant().unwrap_or("none");
                (
                    Verdict::Inconclusive,
                    Some(format!(
                        "the limit lies inside the uncertainty; U must be {by}; `{line}` dominates"
                    )),
                )
            }
        }
    }

    /// The signal went beyond its range: a magnitude is at least what was read, and its check fails if every value from
    /// there on fails. A balance of two phases is not bounded: which of them is larger than it seems is not known. A
    /// unit that did not clip fails by itself.
    fn fails_in_spite_of_clipping(&self, check: &Check, figure: f64) -> bool {
        let balance = matches!(
            check.measurand,
            Measurand::NetCharge
                | Measurand::ChargeImbalance
                | Measurand::MeanDcCurrent
                | Measurand::AccumulatedCharge
        );
        let beyond = !balance && self.limit.bounds.upper.is_some_and(|upper| figure.abs() > upper);
        self.decision == Decision::Fail && (beyond || !self.unit.clipped)
    }

    fn failure(&self, check: &Check, figure: f64) -> String {
        let dimension = check.measurand.dimension();
        let show = |value: f64| engineering(value, dimension, 5);
        let name = check.measurand.name();
        let place = self.unit.pulse.map_or(String::new(), |pulse| format!(" at pulse {pulse}"));
        let bounds = self.limit.bounds;
        let side = match (bounds.lower, bounds.upper) {
            (Some(lower), Some(upper)) if lower == upper => format!("is not {}", show(lower)),
            (Some(lower), _) if figure < lower => format!("is below {}", show(lower)),
            (_, Some(upper)) => format!("is above {}", show(upper)),
            _ => "is outside".to_owned(),
        };
        let measured = if figure.is_finite() { show(figure) } else { "never seen".to_owned() };
        match check.criterion {
            crate::scenario::Criterion::Holds => format!("{name} does not hold"),
            _ if !figure.is_finite() => format!("{name}: not seen before the record ended"),
            _ => format!("{name} {measured}{place} {side}"),
        }
    }
}
