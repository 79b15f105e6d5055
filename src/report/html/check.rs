//! One check: value, limit, what it rests on.

use maud::{Markup, PreEscaped, html};

use crate::plot::dots::Tone;
use crate::plot::gauge::Gauge;
use crate::quantity::engineering;
use crate::record::{CaseRecord, CheckRecord, Verdict};

use super::super::check_line::{allowed, dimension_of, margin, measured};
use super::super::failure::{decided_by, repeats};
use super::super::profile;
use super::words::{chip, name, prose, text, verdict};

/// The value against its limits, where there are any.
pub(super) fn gauge(check: &CheckRecord) -> Option<String> {
    let gauge = Gauge {
        // A limit on a magnitude is drawn about zero.
        value: check.value?,
        u: check.uncertainty.unwrap_or(0.0),
        lower: check.limit.lower,
        upper: check.limit.upper,
        tone: match check.verdict {
            Verdict::Pass => Tone::Good,
            Verdict::Inconclusive | Verdict::Invalid => Tone::Odd,
            Verdict::Fail => Tone::Bad,
        },
        label: format!("{} against {}", measured(check), allowed(check)),
    };
    gauge.svg()
}

/// What was measured, against what, how far out.
pub(super) fn said(check: &CheckRecord) -> Markup {
    let (sign, class) = verdict(check.verdict);
    html! {
        div class="said" {
            h4 { (chip((sign, class), check.verdict.name())) br; (check.measurand) }
            div {
                div class={ "value " (class) } { (measured(check)) }
                div class="limit" {
                    @let limits = allowed(check);
                    @if !limits.is_empty() { "allowed " b { (limits) } }
                    @let margin = margin(check);
                    @if !margin.is_empty() { " · " b class=(class) { (margin) } }
                }
            }
            @if let Some(svg) = gauge(check) { (PreEscaped(svg)) }
        }
        @if let Some(reason) = check.reason.as_ref().filter(|reason| !repeats(check, reason)) {
            p class=(class) { (prose(reason)) }
        }
    }
}

/// What decided: a pulse or an instant, where it is one.
fn judged_on(check: &CheckRecord) -> String {
    decided_by(check).unwrap_or_else(|| {
        let words = match check.unit.as_str() {
            _ if check.count == 0 => "nothing",
            "1" if check.limit.criterion != "holds" => "a count over the window",
            _ => "the window as a whole",
        };
        words.to_owned()
    })
}

/// Rule, statistic, coverage, the line of the scenario, and the budget.
pub(super) fn judged(case: &CaseRecord, check: &CheckRecord) -> Markup {
    let dimension = dimension_of(&check.unit);
    let show = |value: f64| engineering(value, dimension, 3);
    let (file, line) = profile::place(case, check);
    html! {
        div class="judged" {
            dl {
                dt { "written at" } dd { code { (name(file)) ":" (line) } br; code { (name(check.text.trim())) } }
                @if let Some(profile) = profile::of_check(case, check) {
                    dt { "limit of" } dd { (name(&profile::cited(profile))) }
                }
                dt { "decision" }
                dd {
                    @if check.decision == "simple" { "simple: the value alone decides" }
                    @else { "guarded: the whole of value ± U must lie inside the limit" }
                }
                dt { "judged" } dd { (judged_on(check)) }
                @if let Some(u) = check.uncertainty.filter(|u| *u > 0.0) {
                    dt { "U" }
                    dd class="num" {
                        (show(u)) " (95 %"
                        @if let Some(k) = check.coverage { (format!(", k = {k:.2}")) }
                        ")"
                        @if let Some(family) = check.uncertainty_family.filter(|family| *family != u) {
                            ", over all " (check.count) ": " (show(family))
                        }
                    }
                }
            }
            (budget(check))
        }
    }
}

/// The budget, largest line first and marked.
fn budget(check: &CheckRecord) -> Markup {
    let total: f64 = check.budget.iter().map(|line| line.contribution * line.contribution).sum();
    let dimension = dimension_of(&check.unit);
    html! {
        @if check.budget.is_empty() || total <= 0.0 {
            p class="soft" { "No uncertainty: a count or a property." }
        } @else {
            table {
                tr { th { "uncertainty from" } th class="r" { "u (k = 1)" } th { "type" } th { "share" } }
                @for (at, line) in check.budget.iter().enumerate() {
                    @let share = line.contribution * line.contribution / total;
                    tr class=[(at == 0).then_some("first")] {
                        td { (name(&line.input)) @if at == 0 { " ◀" } }
                        td class="r" { (engineering(line.contribution, dimension, 2)) }
                        td { (line.kind) }
                        td class="n" { span class="share" style=(format!("width:{:.0}px", 1.0 + 60.0 * share)) {} (format!(" {:.0} %", 100.0 * share)) }
                    }
                }
            }
        }
    }
}

/// The line in which a limit is written, and where that is not the scenario's, of which profile.
fn written(case: &CaseRecord, check: &CheckRecord) -> Markup {
    html! {
        @if let Some(profile) = profile::of_check(case, check) { (name(&profile.name)) ":" }
        (profile::place(case, check).1)
    }
}

/// All checks of a case, one a line.
pub(super) fn table(case: &CaseRecord, checks: &[&CheckRecord]) -> Markup {
    html! {
        div class="wide" {
            table {
                tr { th { "check" } th { "measurand" } th { "value ± U" } th { "allowed" } th { "margin" } th {} th { "judged" } th { "line" } }
                @for check in checks {
                    tr {
                        td { (chip(verdict(check.verdict), check.verdict.name())) }
                        td { (check.measurand) }
                        td class="n" { (measured(check)) }
                        td { (allowed(check)) }
                        td class="n" { (margin(check)) }
                        td { @if let Some(svg) = gauge(check) { (PreEscaped(svg)) } }
                        td { (judged_on(check)) }
                        td title=(text(check.text.trim())) { (written(case, check)) }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples::{case, check, profile};

    #[test]
    fn a_line_of_a_profile_is_not_taken_for_one_of_the_scenario() {
        let own = check("amplitude", Verdict::Pass);
        let taken = CheckRecord { profile: Some("vns-label".into()), line: 8, ..own.clone() };
        let case = CaseRecord { profiles: vec![profile("vns-label")], ..case("a") };
        let table = table(&case, &[&own, &taken]).into_string();
        assert!(table.contains(">17</td>") && table.contains("><bdi>vns-label</bdi>:8</td>"), "{table}");
    }
}
