//! From units to one verdict.

use crate::measure::{Evaluation, Input, Measured};
use crate::quantity::engineering;
use crate::record::{BudgetRecord, CheckRecord, Verdict, WorstRecord};
use crate::scenario::{Case, Check, Decision as CaseDecision, Measurand, Statistic};
use crate::verdict::{Decision, Guards, Percentile, Rule, Worst, decide};

use super::limits::{Limit, recorded};
use super::{Mean, Reason, Unit, View};

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
    worst: Worst<(Unit, Limit)>,
    mean: Mean,
    /// Σ of what a tolerance is about, over the units of a mean.
    nominal: Option<f64>,
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
        Self::of(check, rule, most)
    }

    /// By a rule; a percentile is one of at most so many units.
    fn of(check: &'a Check, rule: Rule, most: usize) -> Self {
        Self {
            check,
            rule,
            count: 0,
            clipped: false,
            worst: Worst::default(),
            mean: Mean::default(),
            nominal: Some(0.0),
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
                self.mean.add(&unit.measured);
                // One that has nothing to be about leaves nothing for their mean.
                self.nominal = self.nominal.zip(unit.nominal).map(|(sum, nominal)| sum + nominal);
                self.clipped |= unit.clipped;
                Ok(())
            }
            Statistic::P99 => Limit::of(self.check, unit.nominal).ok_or(NO_NOMINAL).map(|limit| {
                self.clipped |= unit.clipped;
                self.percentile.add(limit.bounds.margin(limit.figure(unit.measured.value)));
            }),
        };
        if let Err(reason) = taken {
            self.wrong.get_or_insert(reason);
        }
    }

    fn compare(&mut self, unit: Unit) -> Result<(), Reason> {
        let limit = Limit::of(self.check, unit.nominal).ok_or(NO_NOMINAL)?;
        let expanded = if self.rule == Rule::Simple { 0.0 } else { unit.measured.expanded() };
        let margin = limit.bounds.margin(limit.figure(unit.measured.value));
        self.clipped |= unit.clipped;
        self.worst.add(margin, expanded, (unit, limit));
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
        if let Some((measured, count)) = std::mem::take(&mut self.mean).finish() {
            family_of = 1;
            let nominal = self.nominal.map(|sum| sum / count as f64);
            self.compare(Unit { nominal, clipped: self.clipped, ..Unit::of(measured) })?;
        }
        let (rule, count, clipped) = (self.rule, self.count, self.clipped);
        let judged = |(unit, limit): (Unit, Limit)| {
            let guards = Guards::of_worst(unit.measured.expanded(), unit.measured.parts(), family_of);
            let Guards { accept: single, reject } = guards;
            let decision = decide(limit.figure(unit.measured.value), single, reject, limit.bounds, rule);
            let family = (reject > single).then_some(reject);
            (decision, Judged { unit, limit, count, single, family, decision, clipped })
        };
        self.worst.finish(judged).ok_or(Reason::Missing("pulses"))
    }
}

impl Tally<'_> {
    /// The 99th percentile: one unit, guarded by the interval of its rank too.
    fn rank(self, again: impl FnOnce(u64) -> Result<Unit, Reason>) -> Result<Judged, Reason> {
        let few = Reason::FewUnits { have: self.count, need: Percentile::FEWEST };
        let found = self.percentile.finish().ok_or(few)?;
        let unit = again(found.place)?;
        let limit = Limit::of(self.check, unit.nominal).ok_or(NO_NOMINAL)?;
        let Guards { accept: single, reject } = found.guards(unit.measured.expanded(), unit.measured.parts());
        let decision = decide(limit.figure(unit.measured.value), single, reject, limit.bounds, self.rule);
        let (count, clipped) = (self.count, self.clipped);
        Ok(Judged { unit, limit, count, single, family: Some(reject), decision, clipped })
    }
}

/// What a tolerance lacks that is about nothing.
const NO_NOMINAL: Reason = Reason::Missing("a nominal (`of:`)");

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
        let guarded = case.decision == CaseDecision::Guarded && verdict == Verdict::Pass;
        let few =
            (check.statistic == Statistic::P99 && guarded).then(|| Percentile::said(self.count)).flatten();
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
            reason: reason.or(simple).or(few),
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
    /// known; nor is what one contact has of the current of all. Nor is what is read at a part of a level, of which only the range was seen. A unit that did not clip fails by
    /// itself.
    fn fails_in_spite_of_clipping(&self, check: &Check, figure: f64) -> bool {
        use Measurand as M;
        let bounds = self.limit.bounds;
        let beyond = match check.measurand {
            M::NetCharge | M::ChargeImbalance | M::MeanDcCurrent | M::AccumulatedCharge => false,
            M::Width | M::Gap | M::Overshoot | M::Droop | M::TransitionTime => false,
            M::CurrentShare | M::KirchhoffResidual | M::ResidualVoltageError => false,
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
    use crate::scenario::{Criterion, Nominal, Tolerance};

    fn unit(value: f64, budget: Vec<Input>) -> Unit {
        Unit::of(Measured::new(value, budget))
    }

    #[test]
    fn a_unit_that_is_uncertain_does_not_hide_one_that_fails() {
        let check = Check::new(Measurand::Amplitude, Criterion::AtMost(10.0));
        let verdict = |units: &[(f64, f64)]| {
            let mut tally = Tally::of(&check, Rule::Guarded, 0);
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

    #[test]
    fn room_is_what_the_own_interval_of_a_unit_leaves() {
        let check = Check::new(Measurand::Amplitude, Criterion::AtMost(10.0));
        let mut tally = Tally::of(&check, Rule::Guarded, 0);
        // One rectangle is covered by 1.645 u, so 8.1 clears its band and 8.05 ± 1.96 does not.
        tally.add(unit(8.1, vec![Input::rectangular("step", 3_f64.sqrt())]));
        tally.add(unit(8.05, vec![Input::common("gain", 1.0)]));
        let judged = tally.finish(|_| Err(Reason::NoTop)).unwrap();
        assert!(matches!(judged.decision, Decision::Inconclusive { .. }), "{:?}", judged.decision);
    }

    #[test]
    fn a_mean_of_which_one_has_nothing_to_be_about_has_no_nominal() {
        let within =
            Criterion::Within { of: Nominal::Programmed, tolerance: Tolerance { rel: 0.1, abs: 0.0 } };
        let check = Check { statistic: Statistic::Mean, ..Check::new(Measurand::Amplitude, within) };
        let of = |nominals: [Option<f64>; 2]| {
            let mut tally = Tally::of(&check, Rule::Guarded, 0);
            for nominal in nominals {
                tally.add(Unit { nominal, ..unit(2.0, Vec::new()) });
            }
            tally.finish(|_| Err(Reason::NoTop)).map(|judged| (judged.decision, judged.limit.nominal))
        };
        assert_eq!(of([Some(1.0), Some(3.0)]).unwrap(), (Decision::Pass, Some(2.0)));
        assert_eq!(of([Some(2.0), None]).err(), Some(NO_NOMINAL));
    }
}
