//! What every record keeps: no number in it is infinite or NaN, whatever was measured.
//!
//! JSON has no such numbers, and a reader that finds `null` where the schema promises a number stops reading. A value that
//! is not finite was not measured, so it becomes null where null is allowed and disappears from lists.

use super::{CaseRecord, CheckRecord};

/// Makes a case conform.
pub(super) fn case(case: &mut CaseRecord) {
    if !case.elapsed.is_finite() {
        case.elapsed = 0.0;
    }
    for event in &mut case.events {
        finite(&mut event.time);
    }
    case.checks.iter_mut().for_each(check);
}

/// Makes a check conform; its budget ends up with the largest line first.
pub(super) fn check(check: &mut CheckRecord) {
    for number in [
        &mut check.value,
        &mut check.uncertainty,
        &mut check.uncertainty_family,
        &mut check.coverage,
        &mut check.limit.nominal,
        &mut check.limit.lower,
        &mut check.limit.upper,
        &mut check.margin,
        &mut check.upper_bound,
    ] {
        finite(number);
    }
    if let Some(worst) = &mut check.worst {
        finite(&mut worst.time);
    }
    check.budget.retain(|line| line.contribution.is_finite());
    check.budget.sort_by(|a, b| b.contribution.abs().total_cmp(&a.contribution.abs()));
    let drawable = |sketch: &super::Sketch| {
        sketch.start.is_finite()
            && sketch.step.is_finite()
            && sketch.values.iter().chain(&sketch.limits).all(|v| v.is_finite())
    };
    if !check.sketch.as_ref().is_none_or(drawable) {
        check.sketch = None;
    }
}

fn finite(number: &mut Option<f64>) {
    // Adding zero turns a negative zero (the sum of no terms) into the plain one.
    *number = number.filter(|value| value.is_finite()).map(|value| value + 0.0);
}

#[cfg(test)]
mod tests {
    use super::super::samples::{budget_line, check as sample};
    use super::super::{Sketch, Verdict};
    use super::*;

    #[test]
    fn a_negative_zero_becomes_zero() {
        let mut exact = CheckRecord { uncertainty: Some(-0.0), ..sample("pulse_count", Verdict::Pass) };
        check(&mut exact);
        assert!(exact.uncertainty.is_some_and(f64::is_sign_positive));
    }

    #[test]
    fn numbers_that_are_none_become_null() {
        let mut bad = CheckRecord {
            value: Some(f64::NAN),
            uncertainty: Some(f64::INFINITY),
            margin: Some(f64::NEG_INFINITY),
            budget: vec![budget_line("noise", 1e-9), budget_line("gain", f64::NAN), budget_line("inl", 2e-9)],
            sketch: Some(Sketch {
                channel: "e1".into(),
                unit: "A".into(),
                start: 0.0,
                step: 1e-6,
                values: vec![0.0, f64::NAN],
                limits: Vec::new(),
            }),
            ..sample("amplitude", Verdict::Invalid)
        };
        check(&mut bad);
        assert_eq!((bad.value, bad.uncertainty, bad.margin, &bad.sketch), (None, None, None, &None));
        let inputs: Vec<_> = bad.budget.iter().map(|line| line.input.as_str()).collect();
        assert_eq!(inputs, ["inl", "noise"], "largest first, nothing that is not a number");
    }
}
