//! Judged checks in words.

use crate::quantity::{Dimension, engineering, with_uncertainty};
use crate::record::{CheckRecord, Verdict};
use crate::scenario::Measurand;

/// Verdict, check as written, value, reason.
pub(super) fn row(check: &CheckRecord) -> [String; 4] {
    let dimension = dimension_of(&check.measurand);
    let value = check.value.map_or_else(String::new, |value| {
        with_uncertainty(value, check.uncertainty_family.or(check.uncertainty).unwrap_or(0.0), dimension)
    });
    let limit = match (check.limit.lower, check.limit.upper) {
        (Some(lower), Some(upper)) if lower == upper => format!("limit {}", engineering(lower, dimension, 5)),
        (Some(lower), Some(upper)) => {
            format!("limit {} to {}", engineering(lower, dimension, 5), engineering(upper, dimension, 5))
        }
        (None, Some(upper)) => format!("limit {}", engineering(upper, dimension, 5)),
        (Some(lower), None) => format!("limit at least {}", engineering(lower, dimension, 5)),
        (None, None) => String::new(),
    };
    let reason = check.reason.clone().unwrap_or_default();
    // The reason of a failure repeats value and limit.
    let parts = match check.verdict {
        Verdict::Fail | Verdict::Inconclusive => vec![reason],
        Verdict::Pass | Verdict::Invalid => vec![value, limit, reason],
    };
    let shown = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
    [word(check.verdict).to_owned(), check.measurand.clone(), check.text.clone(), shown]
}

/// The verdict as it stands in the JSON.
pub(super) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "FAIL",
        Verdict::Inconclusive => "inconclusive",
        Verdict::Invalid => "invalid",
    }
}

fn dimension_of(name: &str) -> Dimension {
    Measurand::ALL
        .iter()
        .find(|measurand| measurand.name() == name)
        .map_or(Dimension::Number, |m| m.dimension())
}
