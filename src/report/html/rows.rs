//! A line for each case, which opens.

use maud::{Markup, PreEscaped, html};

use crate::record::CheckRecord;

use super::super::case_line::explains;
use super::super::check_line::{allowed, by_interest, margin, measured};
use super::words::{chip, name, outcome, prose};
use super::{Shown, case, check, is_bad};

/// All cases in the order of the selection.
pub(super) fn all(cases: &[Shown<'_>]) -> Markup {
    html! {
        section {
            h2 id="cases" { "All cases" }
            p class="soft" {
                "Of each case the check that failed or came nearest to its limit. A bar shows the allowed values shaded, the limits as lines, \
                 the value ± U (95 %), and in amber the guard band in which a value cannot be told from one beyond the limit."
            }
            p class="soft paper" {
                "Printed with every check, and without the pictures and uncertainty budgets of what passed: they are in the page itself, and \
                 the budgets in record.json."
            }
            div class="rows" {
                @for shown in cases {
                    @if is_bad(shown.case.outcome) {
                        a class="line" href={ "#" (shown.anchor()) } { (cells(shown)) }
                    } @else {
                        details {
                            summary class="line" { (cells(shown)) }
                            div class="inside" { (case::passing(shown)) }
                        }
                    }
                }
            }
        }
    }
}

fn cells(shown: &Shown<'_>) -> Markup {
    let case = shown.case;
    let word = if case.sim_only { "sim only" } else { case.outcome.name() };
    let checks = by_interest(&case.checks);
    html! {
        span { (chip(outcome(case.outcome), word)) }
        span class="name" { (name(&case.title())) }
        @if let Some(first) = checks.first() {
            span {
                span class="measurand" { (first.measurand) }
                span class="val" { (measured(first)) }
            }
            span class="g" { (gauge(first)) }
            span class="lim" { (limits(first)) }
        } @else {
            span class="soft" { "no check" }
        }
        @if let (Some(reason), false) = (&case.reason, checks.first().is_some_and(|first| explains(case, first))) {
            span class="beside" { (prose(reason)) }
        }
        @for remark in &case.unasked { span class="beside" { "Seen beside the checks: " (prose(remark)) } }
    }
}

fn gauge(check: &CheckRecord) -> Markup {
    html! { @if let Some(svg) = check::gauge(check) { (PreEscaped(svg)) } }
}

/// `≤ 0.5 %, margin 0.47 %`.
fn limits(check: &CheckRecord) -> String {
    [allowed(check), margin(check)].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use crate::record::samples::{case, check, head};
    use crate::record::{CaseRecord, Outcome, RunRecord, Verdict};
    use crate::report::page;

    #[test]
    fn a_row_whose_check_passed_says_why_its_case_did_not() {
        let why = "stop ignored: the output was on after the stop";
        let of = |outcome: Outcome, verdict: Verdict| {
            let checks = vec![check("amplitude", verdict)];
            let failed = CaseRecord { outcome, checks, reason: Some(why.into()), ..case("a") };
            page(&RunRecord { cases: vec![failed], ..head() }, &[], &[])
        };
        let row = |page: &str| {
            let rows = page.split("class=\"rows\"").nth(1).unwrap_or_default();
            rows.contains("amplitude") && rows.contains(why)
        };
        assert!(row(&of(Outcome::Failed, Verdict::Pass)) && row(&of(Outcome::Unsafe, Verdict::Fail)));
        assert!(!row(&of(Outcome::Failed, Verdict::Fail)), "the check says it");
    }
}
