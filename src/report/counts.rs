//! How many of what.

use crate::quantity::counted;
use crate::record::{Outcome, RunRecord};

use super::check_line::is_simple;

/// Every outcome that there is, the worst first, with how many cases ended in it.
pub(super) fn by_outcome(record: &RunRecord) -> Vec<(Outcome, usize)> {
    let count = |outcome| record.cases.iter().filter(|case| case.outcome == outcome).count();
    let worst_first = Outcome::ALL.into_iter().rev();
    worst_first.map(|outcome| (outcome, count(outcome))).filter(|(_, count)| *count > 0).collect()
}

/// `3 failed, 138 passed · 472 checks in 141 cases`.
pub(super) fn counts(record: &RunRecord) -> String {
    let parts: Vec<String> = by_outcome(record)
        .into_iter()
        .map(|(outcome, count)| format!("{count} {}", outcome.name()))
        .collect();
    let sim_only = record.cases.iter().filter(|case| case.sim_only).count();
    let sim_only = if sim_only > 0 { format!(" ({sim_only} on the simulator only)") } else { String::new() };
    format!("{}{sim_only} · {}", parts.join(", "), totals(record)).trim_start_matches(" · ").to_owned()
}

/// `472 checks in 141 cases`.
pub(super) fn totals(record: &RunRecord) -> String {
    let checks: usize = record.cases.iter().map(|case| case.checks.len()).sum();
    format!("{} in {}", counted(checks, "check"), counted(record.cases.len(), "case"))
}

/// `1 check judged by the value alone, without its uncertainty (decision: simple)`; `None` where every check was guarded.
pub(super) fn simple(record: &RunRecord) -> Option<String> {
    let checks = record.cases.iter().flat_map(|case| &case.checks);
    let count = checks.filter(|check| is_simple(check)).count();
    (count > 0).then(|| {
        let (checks, their) = (counted(count, "check"), if count == 1 { "its" } else { "their" });
        format!("{checks} judged by the value alone, without {their} uncertainty (decision: simple)")
    })
}
