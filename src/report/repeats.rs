//! Cases that were repeated and did not end alike: what a flaky stimulator or bench looks like.

use std::collections::BTreeMap;

use crate::record::{CaseRecord, Outcome};

/// A line for each repeated case whose attempts did not all end alike.
pub(super) fn lines(cases: &[CaseRecord]) -> Vec<String> {
    let mut attempts: BTreeMap<(&str, usize), Vec<&CaseRecord>> = BTreeMap::new();
    for case in cases.iter().filter(|case| case.attempt > 0) {
        attempts.entry((&case.scenario, case.number)).or_default().push(case);
    }
    let line = |attempts: &Vec<&CaseRecord>| {
        let (first, rest) = attempts.split_first()?;
        if rest.iter().all(|other| other.outcome == first.outcome) {
            return None;
        }
        let passed = attempts.iter().filter(|case| case.outcome == Outcome::Passed).count();
        let others = attempts.iter().filter(|case| case.outcome != Outcome::Passed);
        let others: Vec<String> =
            others.map(|case| format!("{} {}", case.attempt, case.outcome.name())).collect();
        let (name, count) = (&first.name, attempts.len());
        Some(format!("flaky: {name}: {passed} of {count} attempts passed; {}", others.join(", ")))
    };
    attempts.values().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples::case;

    #[test]
    fn only_attempts_that_differ_are_told() {
        let attempt = |attempt, number, outcome| CaseRecord { attempt, number, outcome, ..case("rate") };
        let (passed, failed) = (Outcome::Passed, Outcome::Failed);
        let cases = [
            attempt(1, 1, passed),
            attempt(2, 1, failed),
            attempt(3, 1, passed),
            attempt(1, 2, failed),
            attempt(2, 2, failed),
        ];
        assert_eq!(lines(&cases), ["flaky: rate: 2 of 3 attempts passed; 2 failed"]);
        assert!(lines(&[case("once"), CaseRecord { outcome: failed, ..case("once") }]).is_empty());
    }
}
