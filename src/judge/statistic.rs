//! From units to one verdict.

use crate::measure::{Evaluation, Input, Measured};
use crate::quantity::engineering;
use crate::record::{BudgetRecord, CheckRecord, Verdict, WorstRecord};
use crate::scenario::{Case, Check, Decision as CaseDecision, Measurand, Statistic};
use crate::verdict::{Decision, Rule, decide, family_expanded};

use super::limits::{Limit, recorded};
use super::percentile::{FEWEST, Found, Percentile};
use super::{Reason, Unit, View};

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

/// Units of one check as they come in.
pub struct Tally<'a> {
    check: &'a Check,
    rule: Rule,
    count: u64,
    clipped: bool,
    /// Least room to the limit so far, less what is uncertain.
    least: Option<(f64, Unit, Limit)>,
    /// The one that is farthest beyond the limit for all that is uncertain, where it is another.
    beyond: Option<(f64, Unit, Limit)>,
    mean: Mean,
    percentile: Percentile,
    /// The first that could not be compared.
    wrong: Option<Reason>,
}

impl<'a> Tally<'a> {
    /// Of a check.
    pub fn new(view: &View<'a>) -> Self {
        let (case, check) = (view.case, view.check);
        let contacts = &view.recording.contacts;
        let joint = view.recording.joint.as_ref().map_or(0, |joint| joint.rows.len());
        let longest = contacts.iter().map(|contact| contact.pulses.len()).fold(joint, usize::max);
        // Three phases and a cycle of each pulse, where it says so of each contact.
        let every = if check.contact.as_deref() == Some("idle") { contacts.len() } else { 1 };
        let most = if check.statistic == Statistic::P99 { 4 * longest * every } else { 0 };
        let rule = if case.decision == CaseDecision::Simple { Rule::Simple } else { Rule::Guarded };
        Self {
            check,
            rule,
            count: 0,
            clipped: false,
            least: None,
            beyond: None,
            mean: Mean::default(),
            percentile: Percentile::new(most),
            wrong: None,
        }
    }

    /// Takes one more unit.
    pub fn add(&mut self, unit: Unit) {
        self.count += 1;
        let Measured { value, .. } = unit.measured;
        if value.is_nan() || unit.measured.standard().is_nan() {
            // It compares with nothing, and would be passed over.
            self.wrong.get_or_insert(Reason::NoNumber { pulse: unit.pulse });
            return;
        }
        let taken = match self.check.statistic {
            Statistic::Worst => self.compare(unit),
            Statistic::Mean => {
                self.mean.add(&unit);
                Ok(())
            }
            Statistic::P99 => Limit::of(self.check, &unit).ok_or(NO_NOMINAL).map(|limit| {
                self.clipped |= unit.clipped;
                self.percentile.add(limit.bounds.margin(limit.figure(unit.measured.value)));
            }),
        };
        if let Err(reason) = taken {
            self.wrong.get_or_insert(reason);
        }
    }

    fn compare(&mut self, unit: Unit) -> Result<(), Reason> {
        const ROUGH: f64 = 1.960;
        let limit = Limit::of(self.check, &unit).ok_or(NO_NOMINAL)?;
        let guard = if self.rule == Rule::Simple { 0.0 } else { ROUGH * unit.measured.standard() };
        let margin = limit.bounds.margin(limit.figure(unit.measured.value));
        let (room, left) = (margin - guard, margin + guard);
        self.clipped |= unit.clipped;
        let less =
            |held: &Option<(f64, Unit, Limit)>, by: f64| held.as_ref().is_none_or(|(least, ..)| by < *least);
        if left < 0.0 && less(&self.beyond, left) {
            self.beyond = Some((left, unit.clone(), limit));
        }
        if less(&self.least, room) {
            self.least = Some((room, unit, limit));
        }
        Ok(())
    }

    /// Every unit must satisfy the criterion: the one with the least room decides. To pass, it clears its own guard
    /// band; to fail it must stray farther than the worst of N good ones may. A mean is one unit. `again` gives the unit
    /// that came in at a place, from 0.
    ///
    /// # Errors
    /// [`Reason::Missing`] when no unit came in, or a tolerance has nothing to be about.
    pub fn finish(mut self, again: impl FnOnce(u64) -> Result<Unit, Reason>) -> Result<Judged, Reason> {
        if let Some(reason) = self.wrong {
            return Err(reason);
        }
        if self.check.statistic == Statistic::P99 && self.count > 0 {
            return self.rank(again);
        }
        let mut family_of = self.count;
        if let Some(mean) = std::mem::take(&mut self.mean).finish() {
            family_of = 1;
            self.compare(mean)?;
        }
        let (rule, count, clipped) = (self.rule, self.count, self.clipped);
        let judged = |(_, unit, limit): (f64, Unit, Limit)| {
            let single = unit.measured.expanded();
            let (common, random) = unit.measured.parts();
            let family = if family_of > 1 && single > 0.0 {
                family_expanded(common, random, family_of).max(single)
            } else {
                single
            };
            let decision = decide(limit.figure(unit.measured.value), single, family, limit.bounds, rule);
            let family = (family_of > 1 && family > single).then_some(family);
            Judged { unit, limit, count, single, family, decision, clipped }
        };
        let least = judged(self.least.ok_or(Reason::Missing("pulses"))?);
        // One that is uncertain must not hide one that is not.
        let beyond = self.beyond.filter(|_| !matches!(least.decision, Decision::Fail)).map(judged);
        let beyond = beyond.filter(|beyond| matches!(beyond.decision, Decision::Fail));
        Ok(beyond.unwrap_or(least))
    }
}

impl Tally<'_> {
    /// The 99th percentile. To pass, the upper end of its interval clears its guard band; to fail, the lower end lies
    /// farther beyond the limit than noise brings one of a hundred good units.
    fn rank(self, again: impl FnOnce(u64) -> Result<Unit, Reason>) -> Result<Judged, Reason> {
        let Found { place, worse, better } = self.percentile.finish()?;
        let unit = again(place)?;
        let limit = Limit::of(self.check, &unit).ok_or(NO_NOMINAL)?;
        let (common, random) = unit.measured.parts();
        let single = unit.measured.expanded() + worse;
        let family = family_expanded(common, random, FEWEST).max(unit.measured.expanded()) + better;
        let decision = decide(limit.figure(unit.measured.value), single, family, limit.bounds, self.rule);
        let clipped = self.clipped;
        Ok(Judged { unit, limit, count: self.count, single, family: Some(family), decision, clipped })
    }
}

/// What a tolerance lacks that is about nothing.
const NO_NOMINAL: Reason = Reason::Missing("a nominal (`of:`)");

/// Mean of all units: common lines stay, independent ones shrink with √N.
#[derive(Default)]
struct Mean {
    count: f64,
    value: f64,
    nominal: Option<f64>,
    clipped: bool,
    /// Per line: Σ u (common) or Σ u² (independent) in `u`, Σ of the bounded parts.
    budget: Vec<Input>,
}

impl Mean {
    fn add(&mut self, unit: &Unit) {
        if self.count == 0.0 {
            self.nominal = unit.nominal.map(|_| 0.0);
        }
        self.count += 1.0;
        self.value += unit.measured.value;
        self.nominal = self.nominal.map(|sum| sum + unit.nominal.unwrap_or(0.0));
        self.clipped |= unit.clipped;
        for line in &unit.measured.budget {
            // Not every unit has every line: what no quiet level supports leans on a stated offset.
            let at = self.budget.iter().position(|total| total.name == line.name).unwrap_or_else(|| {
                self.budget.push(Input { u: 0.0, bounded: 0.0, ..*line });
                self.budget.len() - 1
            });
            let Some(total) = self.budget.get_mut(at) else { continue };
            total.u += if line.common { line.u } else { line.u * line.u };
            total.bounded += line.bounded;
        }
    }

    fn finish(self) -> Option<Unit> {
        let n = self.count;
        let average = |line: Input| {
            let (u, bounded) = if line.common {
                (line.u / n, line.bounded / n)
            } else {
                (line.u.sqrt() / n, line.bounded / n.powi(4))
            };
            Input { u, bounded, ..line }
        };
        let budget = self.budget.into_iter().map(average).collect();
        (n > 0.0).then(|| Unit {
            nominal: self.nominal.map(|sum| sum / n),
            clipped: self.clipped,
            ..Unit::of(Measured::new(self.value / n, budget))
        })
    }
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

    /// The signal went beyond its range: a magnitude is at least what was read, a headroom at most that, and a check fails if
    /// every value from there on fails. A balance of two phases is not bounded: which of them is larger than it seems is not
    /// known. Nor is what is read at a part of a level, of which only the range was seen. A unit that did not clip fails by
    /// itself.
    fn fails_in_spite_of_clipping(&self, check: &Check, figure: f64) -> bool {
        use Measurand as M;
        let bounds = self.limit.bounds;
        let beyond = match check.measurand {
            M::NetCharge | M::ChargeImbalance | M::MeanDcCurrent | M::AccumulatedCharge => false,
            M::Width | M::Gap | M::Overshoot | M::Droop | M::TransitionTime => false,
            M::ComplianceHeadroom => bounds.lower.is_some_and(|lower| figure < lower),
            _ => bounds.upper.is_some_and(|upper| figure.abs() > upper),
        };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Criterion;

    fn unit(value: f64, budget: Vec<Input>) -> Unit {
        Unit::of(Measured::new(value, budget))
    }

    #[test]
    fn a_mean_keeps_a_line_that_only_later_units_have() {
        let mut mean = Mean::default();
        mean.add(&unit(1.0, vec![Input::common("gain", 0.1)]));
        mean.add(&unit(3.0, vec![Input::common("gain", 0.1), Input::common("offset", 0.8)]));
        let found = mean.finish().unwrap().measured;
        let lines: Vec<_> = found.budget.iter().map(|line| (line.name, line.u)).collect();
        assert_eq!((found.value, lines), (2.0, vec![("gain", 0.1), ("offset", 0.4)]));
    }

    #[test]
    fn a_unit_that_is_uncertain_does_not_hide_one_that_fails() {
        let check = Check::new(Measurand::Amplitude, Criterion::AtMost(10.0));
        let verdict = |units: &[(f64, f64)]| {
            let mut tally = Tally {
                check: &check,
                rule: Rule::Guarded,
                count: 0,
                clipped: false,
                least: None,
                beyond: None,
                mean: Mean::default(),
                percentile: Percentile::new(0),
                wrong: None,
            };
            for (value, u) in units {
                tally.add(unit(*value, vec![Input::common("gain", *u)]));
            }
            let judged = tally.finish(|_| Err(Reason::NoTop)).unwrap();
            (judged.decision, judged.unit.measured.value)
        };
        // 9 ± 4 alone is inconclusive; beside it 12 ± 0.2 is beyond the limit.
        assert!(matches!(verdict(&[(9.0, 2.0)]).0, Decision::Inconclusive { .. }));
        assert_eq!(verdict(&[(12.0, 0.1), (9.0, 2.0)]), (Decision::Fail, 12.0));
        assert_eq!(verdict(&[(9.0, 2.0), (12.0, 0.1), (8.0, 3.0)]), (Decision::Fail, 12.0));
        assert_eq!(verdict(&[(9.0, 0.1), (8.0, 0.1)]).0, Decision::Pass);
    }
}
