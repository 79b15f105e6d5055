//! One check in words: what was measured, what was allowed, how far from it.

use crate::quantity::{Dimension, engineering, range, telling_digits, with_uncertainty};
use crate::record::{CheckRecord, Verdict};

/// Value ± U with its unit, as the check itself states it. Without a value `not measured`, or `not seen` where that is the failure: what
/// was to come never came.
pub fn measured(check: &CheckRecord) -> String {
    let Some(value) = check.value else {
        return if check.verdict == Verdict::Fail { "not seen" } else { "not measured" }.to_owned();
    };
    let dimension = dimension_of(&check.unit);
    if check.limit.criterion == "holds" && check.uncertainty.unwrap_or(0.0) == 0.0 {
        return if value == 0.0 { "no".to_owned() } else { "yes".to_owned() };
    }
    match check.uncertainty.filter(|u| *u > 0.0) {
        // Only a bound is known: a plus-minus of itself would say no more.
        Some(_) if check.upper_bound == Some(value) => format!("≤ {}", engineering(value, dimension, 2)),
        Some(uncertainty) => with_uncertainty(value, uncertainty, dimension),
        None => engineering(value, dimension, 6),
    }
}

/// The limit in the notation of a drawing: `≤ 0.5 %`, `1.94 … 2.06 mA`, `= 100`; and behind it that U was left out of the decision,
/// where it was: a pass right at its limit must not look like one that cleared its guard band.
pub fn allowed(check: &CheckRecord) -> String {
    let bounds = bounds(check);
    if is_simple(check) && !bounds.is_empty() { format!("{bounds} by the value alone") } else { bounds }
}

/// Whether the value alone decided although it has an uncertainty (`decision: simple`).
pub(super) fn is_simple(check: &CheckRecord) -> bool {
    check.decision == "simple" && check.uncertainty.is_some_and(|u| u > 0.0)
}

fn bounds(check: &CheckRecord) -> String {
    let (dimension, digits) = (dimension_of(&check.unit), limit_digits(check));
    let show = |value: f64| engineering(value, dimension, digits);
    let limit = &check.limit;
    match (limit.nominal, limit.lower, limit.upper) {
        _ if limit.criterion == "holds" => "must hold".to_owned(),
        (Some(nominal), None, None) => format!("= {}", show(nominal)),
        (_, Some(lower), Some(upper)) if lower == upper => format!("= {}", show(upper)),
        // A bound on a magnitude reads best as one.
        (None, Some(lower), Some(upper)) if lower == -upper => format!("within ±{}", show(upper)),
        (_, Some(lower), Some(upper)) => range(lower, upper, dimension, digits),
        (_, None, Some(upper)) => format!("≤ {}", show(upper)),
        (_, Some(lower), None) => format!("≥ {}", show(lower)),
        (None, None, None) => String::new(),
    }
}

/// Significant digits that show on which side of its limits the value lies.
pub(super) fn limit_digits(check: &CheckRecord) -> usize {
    telling_digits(check.value, [check.limit.lower, check.limit.upper])
}

/// `margin 0.488 %`, or `beyond by 83 µA`; empty where there is no distance to speak of (counts that match, properties that
/// hold).
pub(super) fn margin(check: &CheckRecord) -> String {
    let Some(margin) = check.margin else { return String::new() };
    let distance = engineering(margin.abs(), dimension_of(&check.unit), 3);
    match margin {
        _ if check.limit.criterion == "holds" => String::new(),
        m if m > 0.0 => format!("margin {distance}"),
        0.0 => String::new(),
        _ => format!("beyond by {distance}"),
    }
}

/// What was measured, and in brackets what was allowed and how far from it: `0.03 ± 0.06 %` and `(≤ 0.5 %, margin 0.47 %)`.
pub(super) fn against(check: &CheckRecord) -> (String, String) {
    let parts = [allowed(check), margin(check)];
    let parts: Vec<&str> = parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    let limit = if parts.is_empty() { String::new() } else { format!("({})", parts.join(", ")) };
    (measured(check), limit)
}

/// What the text of a check says beyond its measurand: what tells two checks of one measurand apart.
pub(super) fn options(check: &CheckRecord) -> &str {
    let text = check.text.trim().trim_start_matches("- ");
    let inside = text.split_once(':').map_or("", |(_, inside)| inside.trim());
    inside.strip_prefix('{').and_then(|inside| inside.strip_suffix('}')).unwrap_or(inside).trim()
}

/// How much of its limit a check has left, as a fraction of the widest it could have: what decides which check is a case's
/// headline. 0 is at the limit, 1 is as far from it as can be.
fn slack(check: &CheckRecord) -> f64 {
    let Some(margin) = check.margin else { return f64::INFINITY };
    let limit = &check.limit;
    let width = match (limit.lower, limit.upper) {
        // A property that holds has no distance from its limit; a number tells more.
        _ if limit.criterion == "holds" => return f64::INFINITY,
        (Some(lower), Some(upper)) => (upper - lower) / 2.0,
        (_, Some(bound)) | (Some(bound), _) => bound.abs(),
        _ => return f64::INFINITY,
    };
    if width > 0.0 { (margin - check.uncertainty.unwrap_or(0.0)) / width } else { f64::INFINITY }
}

/// The checks of a case, the one that a person should see first at the head: the worst verdict, then the least slack.
pub(super) fn by_interest(checks: &[CheckRecord]) -> Vec<&CheckRecord> {
    let mut sorted: Vec<&CheckRecord> = checks.iter().collect();
    sorted.sort_by(|a, b| b.verdict.badness().cmp(&a.verdict.badness()).then(slack(a).total_cmp(&slack(b))));
    sorted
}

/// The dimension whose SI base unit stands in the record.
pub(super) fn dimension_of(unit: &str) -> Dimension {
    Dimension::of_unit(unit).unwrap_or(Dimension::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples::check;
    use crate::record::{LimitRecord, Verdict};

    fn limit(criterion: &str, nominal: Option<f64>, lower: Option<f64>, upper: Option<f64>) -> LimitRecord {
        LimitRecord { criterion: criterion.into(), nominal, lower, upper }
    }

    #[test]
    fn limits_read_as_on_a_drawing() {
        for (limit, unit, text) in [
            (limit("at_most", None, None, Some(0.005)), "ratio", "≤ 0.5 %"),
            (limit("within", Some(2e-3), Some(1.94e-3), Some(2.06e-3)), "A", "1.94 … 2.06 mA"),
            (limit("within", None, Some(-1e-6), Some(1e-6)), "A", "within ±1 µA"),
            (limit("equals", Some(100.0), Some(100.0), Some(100.0)), "1", "= 100"),
            (limit("at_least", None, Some(1.0), None), "s", "≥ 1 s"),
            (limit("holds", None, None, None), "1", "must hold"),
        ] {
            let check = CheckRecord { limit, unit: unit.into(), ..check("any", Verdict::Pass) };
            assert_eq!(allowed(&check), text);
        }
    }

    #[test]
    fn a_limit_that_was_held_against_the_value_alone_says_so() {
        let of = |decision: &str, uncertainty| {
            let decision = decision.to_owned();
            allowed(&CheckRecord { decision, uncertainty, ..check("amplitude", Verdict::Pass) })
        };
        assert_eq!(of("guarded", Some(3.1e-6)), "1.94 … 2.06 mA");
        assert_eq!(of("simple", Some(3.1e-6)), "1.94 … 2.06 mA by the value alone");
        // Nothing was left out of the decision on a count, nor on what was not measured.
        assert_eq!((of("simple", Some(0.0)), of("simple", None)), (of("guarded", None), of("guarded", None)));
    }

    #[test]
    fn a_limit_is_shown_to_as_many_digits_as_tell_the_side_of_the_value() {
        let at_most = |bound: f64, value: f64| {
            let limit = limit("at_most", None, None, Some(bound));
            allowed(&CheckRecord { limit, value: Some(value), ..check("amplitude", Verdict::Fail) })
        };
        assert_eq!(at_most(2.000_04e-3, 2.1e-3), "≤ 2 mA");
        assert_eq!(at_most(2.000_04e-3, 2.000_06e-3), "≤ 2.00004 mA");
        // Exactly at it: all there is.
        assert_eq!(at_most(2e-3 / 3.0, 2e-3 / 3.0), "≤ 666.666667 µA");
    }

    #[test]
    fn measured_values_carry_their_uncertainty() {
        let sample = check("amplitude", Verdict::Pass);
        assert_eq!(measured(&sample), "2.0012 ± 0.0031 mA");
        assert_eq!(margin(&sample), "margin 58.8 µA");
        assert_eq!(margin(&CheckRecord { margin: Some(-8.3e-5), ..sample.clone() }), "beyond by 83 µA");
        let (never, failed) = (CheckRecord { value: None, ..sample.clone() }, Verdict::Fail);
        assert_eq!(measured(&never), "not measured");
        assert_eq!(measured(&CheckRecord { verdict: failed, ..never }), "not seen");
        assert_eq!(
            options(&CheckRecord { text: "amplitude: { of: programmed }".into(), ..sample }),
            "of: programmed"
        );
        let bound = CheckRecord {
            upper_bound: check("any", Verdict::Pass).value,
            ..check("transition_time", Verdict::Pass)
        };
        assert_eq!(measured(&bound), "≤ 2 mA");
        let holds = CheckRecord {
            limit: limit("holds", None, None, None),
            value: Some(1.0),
            uncertainty: Some(0.0),
            unit: "1".into(),
            ..check("stays_off", Verdict::Pass)
        };
        assert_eq!(measured(&holds), "yes");
    }

    #[test]
    fn the_headline_is_what_failed_or_else_what_is_nearest_its_limit() {
        let near = CheckRecord { margin: Some(4e-6), ..check("near", Verdict::Pass) };
        let far = check("far", Verdict::Pass);
        let exact = CheckRecord {
            limit: limit("equals", Some(100.0), Some(100.0), Some(100.0)),
            margin: Some(0.0),
            uncertainty: Some(0.0),
            ..check("exact", Verdict::Pass)
        };
        let invalid = check("invalid", Verdict::Invalid);
        let checks = [exact, far, near, invalid, check("failed", Verdict::Fail)];
        let names: Vec<_> = by_interest(&checks).iter().map(|check| check.measurand.as_str()).collect();
        assert_eq!(names, ["failed", "invalid", "near", "far", "exact"]);
    }
}
