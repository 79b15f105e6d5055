//! One case: in full where it did not pass, folded where it did.

use maud::{Markup, PreEscaped, html};

use crate::plot::Size;
use crate::quantity::counted;
use crate::record::{CaseRecord, CheckRecord, SafeState, Verdict};

use super::super::check_line::by_interest;
use super::words::{chip, name, outcome, prose, text};
use super::{Shown, check, pictures};

/// A case that did not pass. In `full` with all pictures, else with those of its worst check.
pub(super) fn failing(shown: &Shown<'_>, full: bool) -> Markup {
    let case = shown.case;
    let (sign, class) = outcome(case.outcome);
    let checks = by_interest(&case.checks);
    let (bad, good): (Vec<&CheckRecord>, Vec<&CheckRecord>) =
        checks.into_iter().partition(|check| check.verdict != Verdict::Pass);
    let said =
        |reason: &str| bad.iter().filter_map(|check| check.reason.as_deref()).any(|of| reason.ends_with(of));
    html! {
        article class=(class) id=(shown.anchor()) {
            div class="top" { (chip((sign, class), case.outcome.name())) h3 { (name(&case.title())) } }
            (about(shown))
            @if let Some(reason) = case.reason.as_deref().filter(|reason| !said(reason)) { p class=(class) { b { (prose(reason)) } } }
            (safe_state(case))
            @for (rank, check) in bad.iter().enumerate() {
                div class="check" {
                    (check::said(check))
                    @if full || rank == 0 { (of_check(shown, check, full)) }
                    (check::judged(case, check))
                    @if full { (pictures::of_units(shown, check)) }
                }
            }
            @if !good.is_empty() {
                div class="check" {
                    details open[bad.is_empty()] {
                        summary { (counted(good.len(), "other check")) " passed" }
                        (check::table(case, &good))
                    }
                }
            }
            @if full {
                div class="check" { details open { summary { "The case as a whole" } (whole(shown, Size::Full)) } }
            }
            (notes(case))
        }
    }
}

/// The inside of a case that passed.
pub(super) fn passing(shown: &Shown<'_>) -> Markup {
    let case = shown.case;
    let checks: Vec<&CheckRecord> = case.checks.iter().collect();
    html! {
        (about(shown))
        @if let Some(reason) = &case.reason { p { (prose(reason)) } }
        (safe_state(case))
        @if !checks.is_empty() { (check::table(case, &checks)) }
        (whole(shown, Size::Half))
        @if !checks.is_empty() {
            details {
                summary { "How each was judged" }
                @for check in &case.checks { p { b { (check.measurand) } } (check::judged(case, check)) }
            }
        }
        (notes(case))
    }
}

/// File, requirements, phantom, program.
fn about(shown: &Shown<'_>) -> Markup {
    let case = shown.case;
    html! {
        p class="soft" {
            code { (name(&case.scenario)) }
            @if !case.verifies.is_empty() { " · verifies " (name(&case.verifies.join(", "))) }
            " · phantom " (name(&case.phantom))
            @if let Some(figures) = shown.figures { " · " (text(&figures.program)) }
        }
    }
}

fn safe_state(case: &CaseRecord) -> Markup {
    html! {
        @if case.safe_state != SafeState::Confirmed {
            p class="bad" { b { "Safe state " (case.safe_state.name()) ": treat the output as live." } }
        }
    }
}

fn notes(case: &CaseRecord) -> Markup {
    html! {
        @for remark in &case.unasked { p { "Seen beside the checks: " (prose(remark)) } }
        @for note in &case.notes { p class="soft" { "Note: " (prose(note)) } }
        @if let Some(folder) = &case.evidence { p class="soft" { "Raw samples: " code { (name(folder)) } } }
    }
}

/// The picture of what decided a check.
fn of_check(shown: &Shown<'_>, check: &CheckRecord, full: bool) -> Markup {
    html! {
        @if let Some(picture) = pictures::of_check(shown, check, if full { Size::Full } else { Size::Half }) {
            figure { div class="wide" { (PreEscaped(picture.svg)) } figcaption { (picture.caption) } }
        }
    }
}

/// The pictures that belong to no check.
fn whole(shown: &Shown<'_>, size: Size) -> Markup {
    let pictures = pictures::of_case(shown, size);
    html! {
        @if !pictures.is_empty() {
            div class=[(size == Size::Half || pictures.len() > 1).then_some("pair")] {
                @for picture in pictures {
                    figure { (PreEscaped(picture.svg)) figcaption { (picture.caption) } }
                }
            }
        }
    }
}
