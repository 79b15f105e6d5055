//! From the units of a check to the one that decides.

use crate::judge::{Limit, Mean, Reason};
use crate::scenario::{Check, Criterion, Decision as CaseDecision, Nominal, Statistic};
use crate::verdict::{Decision, Guards, Percentile, Rule, Worst, decide};

use super::units::{Unit, not_in_a_capture};

/// A decided check.
#[derive(Debug)]
pub(super) struct Judged {
    /// The unit that decided.
    pub unit: Unit,
    /// What it was compared with.
    pub limit: Limit,
    /// How far inside its limit it lies.
    pub margin: f64,
    /// What it had to clear.
    pub guards: Guards,
    pub decision: Decision,
    /// Units there were.
    pub count: usize,
    /// Whether one unit decided, which a person will want to look at.
    pub single: bool,
}

/// A unit beside its limit.
#[derive(Debug, Clone)]
struct Placed {
    unit: Unit,
    limit: Limit,
    /// What the bounds are on: the unit's value or its magnitude.
    figure: f64,
}

/// Decides a check by its statistic.
///
/// # Errors
/// Why there is nothing to decide, for people.
pub(super) fn decided(units: Vec<Unit>, check: &Check, decision: CaseDecision) -> Result<Judged, String> {
    let no_number = |unit: &&Unit| unit.estimate.value.is_nan() || unit.estimate.standard().is_nan();
    if let Some(unit) = units.iter().find(no_number) {
        return Err(Reason::NoNumber { pulse: unit.pulse }.to_string());
    }
    let rule = if decision == CaseDecision::Simple { Rule::Simple } else { Rule::Guarded };
    match check.statistic {
        Statistic::Worst => worst(units, check, rule),
        Statistic::Mean => average(&units, check, rule),
        Statistic::P99 => percentile(units, check, rule),
    }
}

fn judged(placed: Placed, guards: Guards, count: usize, rule: Rule) -> Judged {
    let Placed { unit, limit, figure } = placed;
    let decision = decide(figure, guards.accept, guards.reject, limit.bounds, rule);
    Judged { unit, limit, margin: limit.bounds.margin(figure), guards, decision, count, single: false }
}

/// Every unit must satisfy the check: the one with the least room behind its guard band decides, and to fail it must stand
/// out from what the noise of that many units makes of the worst one.
fn worst(units: Vec<Unit>, check: &Check, rule: Rule) -> Result<Judged, String> {
    let count = units.len();
    let mut worst = Worst::default();
    for unit in units {
        let expanded = if rule == Rule::Simple { 0.0 } else { unit.estimate.expanded() };
        let placed = placed(unit, check)?;
        worst.add(placed.limit.bounds.margin(placed.figure), expanded, placed);
    }
    let decided = |placed: Placed| {
        let estimate = &placed.unit.estimate;
        let guards = Guards::of_worst(estimate.expanded(), estimate.parts(), count as u64);
        let judged = Judged { single: true, ..judged(placed, guards, count, rule) };
        (judged.decision, judged)
    };
    worst.finish(decided).ok_or_else(|| "no pulse to judge".to_owned())
}

fn average(units: &[Unit], check: &Check, rule: Rule) -> Result<Judged, String> {
    let mut mean = Mean::default();
    units.iter().for_each(|unit| mean.add(&unit.estimate));
    let (estimate, count) = mean.finish().ok_or("no pulse to judge")?;
    let nominal = units.first().and_then(|unit| unit.nominal);
    let guards = Guards::of_worst(estimate.expanded(), estimate.parts(), 1);
    let placed = placed(Unit { pulse: None, time: None, estimate, nominal }, check)?;
    Ok(judged(placed, guards, count, rule))
}

/// One unit in a hundred may leave less room to the limit than the one that decides.
fn percentile(units: Vec<Unit>, check: &Check, rule: Rule) -> Result<Judged, String> {
    let count = units.len();
    let mut all = Percentile::new(count);
    for unit in &units {
        let limit = limit(check, unit)?;
        all.add(limit.bounds.margin(limit.figure(unit.estimate.value)));
    }
    let few = || format!("p99 needs at least {} pulses, the record has {count}", Percentile::FEWEST);
    let found = all.finish().ok_or_else(few)?;
    let unit = units.into_iter().nth(found.place as usize).ok_or("no pulse to judge")?;
    let guards = found.guards(unit.estimate.expanded(), unit.estimate.parts());
    Ok(judged(placed(unit, check)?, guards, count, rule))
}

fn placed(unit: Unit, check: &Check) -> Result<Placed, String> {
    let limit = limit(check, &unit)?;
    let figure = limit.figure(unit.estimate.value);
    Ok(Placed { unit, limit, figure })
}

/// What a run would compare the unit with.
fn limit(check: &Check, unit: &Unit) -> Result<Limit, String> {
    match check.criterion {
        Criterion::Within { of: Nominal::Applied, .. } => {
            Err("a capture does not know what the stimulator applied: state `of: programmed`".to_owned())
        }
        Criterion::Holds => Err(not_in_a_capture(check.measurand)),
        _ => Limit::of(check, unit.nominal)
            .ok_or_else(|| "the program has no nominal for this measurand".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Input, Measured};
    use crate::scenario::Measurand;

    /// Decides values with these standard uncertainties of their own: the verdict, and the value that decided.
    fn of(
        measurand: Measurand,
        limit: Criterion,
        statistic: Statistic,
        values: &[(f64, f64)],
    ) -> (Decision, f64) {
        let judged = all(measurand, limit, statistic, values).unwrap();
        (judged.decision, judged.unit.estimate.value)
    }

    fn all(
        measurand: Measurand,
        limit: Criterion,
        statistic: Statistic,
        values: &[(f64, f64)],
    ) -> Result<Judged, String> {
        let check = Check { statistic, ..Check::new(measurand, limit) };
        let unit = |(at, (value, u)): (usize, &(f64, f64))| {
            let estimate = Measured::new(*value, vec![Input::noise("noise", *u)]);
            Unit { pulse: Some(at as u64), time: None, estimate, nominal: None }
        };
        decided(values.iter().enumerate().map(unit).collect(), &check, CaseDecision::Guarded)
    }

    #[test]
    fn a_percentile_is_ranked_by_the_room_to_its_limit() {
        let ohms = |low: usize, limit| {
            let values: Vec<_> = (0..100).map(|at| (if at < low { 100.0 } else { 1000.0 }, 1.0)).collect();
            of(Measurand::AccessResistance, limit, Statistic::P99, &values)
        };
        // Half of them lie far below a limit from below, however large the others are; one of a hundred may.
        assert_eq!(ohms(50, Criterion::AtLeast(500.0)), (Decision::Fail, 100.0));
        assert_eq!(ohms(50, Criterion::AtMost(500.0)), (Decision::Fail, 1000.0));
        assert_eq!(ohms(0, Criterion::AtLeast(500.0)), (Decision::Pass, 1000.0));
        // Of a range, what lies beyond its lower end is not the largest either.
        assert_eq!(ohms(50, Criterion::Between(500.0, 1100.0)), (Decision::Fail, 100.0));
        // A sign does not matter to a limit on a magnitude.
        let volts: Vec<_> = (0..100).map(|at| (if at % 2 == 0 { -0.3 } else { 0.9 }, 1e-3)).collect();
        let of_volts = |limit| of(Measurand::Polarization, limit, Statistic::P99, &volts);
        assert_eq!(of_volts(Criterion::AtLeast(0.5)), (Decision::Fail, -0.3));
    }

    #[test]
    fn a_percentile_passes_and_fails_with_the_interval_of_its_rank() {
        let last = |value: f64| -> Vec<_> {
            (0..100).map(|at| (if at == 99 { value } else { 1.0 }, 0.01)).collect()
        };
        let at_most = |values: &[(f64, f64)]| {
            all(Measurand::AccessResistance, Criterion::AtMost(2.0), Statistic::P99, values).unwrap()
        };
        // The value is that of rank 99, and the interval goes up to rank 100: one that strays is none too many, but of so few
        // it cannot be told that it is the only one.
        let strays = at_most(&last(3.0));
        assert_eq!(strays.unit.estimate.value, 1.0);
        assert!(matches!(strays.decision, Decision::Inconclusive { .. }), "{strays:?}");
        assert!((strays.guards.accept - (2.0 + 0.0196)).abs() < 1e-9, "{strays:?}");
        assert_eq!(at_most(&last(1.5)).decision, Decision::Pass);
        // Ranks 98 to 100 are beyond the limit, but the interval begins with rank 97.
        let three: Vec<_> = (0..100).map(|at| (if at < 97 { 1.0 } else { 3.0 }, 0.01)).collect();
        let three = at_most(&three);
        assert!(matches!(three.decision, Decision::Inconclusive { .. }) && three.margin < 0.0, "{three:?}");
        let four: Vec<_> = (0..100).map(|at| (if at < 96 { 1.0 } else { 3.0 }, 0.01)).collect();
        assert_eq!(at_most(&four).decision, Decision::Fail);
    }

    #[test]
    fn a_range_bounds_the_signed_value_as_in_a_run() {
        let charge = |lower, upper, value: f64| {
            let limit = Criterion::Between(lower, upper);
            of(Measurand::NetCharge, limit, Statistic::Worst, &[(value, 0.1e-9)]).0
        };
        assert_eq!(charge(0.0, 5e-9, 2e-9), Decision::Pass);
        assert_eq!(charge(0.0, 5e-9, -2e-9), Decision::Fail);
        assert_eq!(charge(-1e-9, 5e-9, -2e-9), Decision::Fail);
        assert_eq!(charge(-3e-9, 5e-9, -2e-9), Decision::Pass);
    }

    #[test]
    fn every_unit_clears_its_own_guard_band() {
        let amplitude = |values: &[(f64, f64)]| {
            of(Measurand::Amplitude, Criterion::AtMost(2.06e-3), Statistic::Worst, values)
        };
        let sure = (2.04e-3, 0.005e-3);
        // Farther from the limit, and not sure to be within it.
        for values in [[sure, (2.03e-3, 0.025e-3)], [(2.03e-3, 0.025e-3), sure]] {
            let (decision, value) = amplitude(&values);
            assert!(matches!(decision, Decision::Inconclusive { .. }) && value == 2.03e-3, "{decision:?}");
        }
        assert_eq!(amplitude(&[sure, (2.03e-3, 0.005e-3)]), (Decision::Pass, 2.04e-3));
        // Nor does one that is uncertain hide one that fails.
        assert_eq!(amplitude(&[(2.03e-3, 0.1e-3), (2.2e-3, 0.005e-3)]), (Decision::Fail, 2.2e-3));
    }

    #[test]
    fn a_value_that_is_no_number_leaves_nothing_to_decide() {
        for statistic in [Statistic::Worst, Statistic::Mean, Statistic::P99] {
            for odd in [(f64::NAN, 0.01), (1.0, f64::NAN)] {
                let values: Vec<_> = (0..200).map(|at| if at == 7 { odd } else { (1.0, 0.01) }).collect();
                let said = all(Measurand::Amplitude, Criterion::AtMost(2.0), statistic, &values).unwrap_err();
                assert!(said.contains("could not be computed at pulse 7"), "{said}");
            }
        }
    }
}
