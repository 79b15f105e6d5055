//! What one reads first: outcome, safe state, whether hardware was there at all.

use maud::{Markup, html};

use crate::quantity::counted;
use crate::record::{Outcome, RunRecord, SafeState, instant, readable};

use super::super::ending::looked;
use super::super::{counts, profile, repeats};
use super::words::{name, outcome, text};

/// Everything above the cases.
pub(super) fn head(record: &RunRecord, remarks: &[String]) -> Markup {
    let (sign, class) = record.outcome.map_or(("–", "odd"), outcome);
    let word = record.outcome.map_or("nothing ran", Outcome::name);
    html! {
        @if record.fidelity == "sim" {
            div class="sim" { b { "SIMULATED BENCH · no hardware was measured" } }
        }
        header {
            div class={ "verdict " (class) } {
                h1 {
                    span aria-hidden="true" { (sign) } " " (capital(word))
                    @if record.fidelity == "sim" { " " small { "simulated" } }
                    @if !record.defects.is_empty() { " " small { "with a defect on purpose" } }
                }
                (safe_state(record))
                p class="counts" { (counts::counts(record)) " · " (format!("{:.1} s", record.elapsed)) }
                nav { a href="#cases" { "All cases" } " · " a href="#provenance" { "Provenance" } }
            }
            @if let Some(signal) = &record.interrupted {
                p class="remark" { "Ended early by " (text(signal)) "." }
            }
            @if !record.defects.is_empty() {
                p class="remark" {
                    b { "The stimulator was wrong on purpose: " code { (name(&record.defects.join(", "))) } }
                    ". This run shows what the checks notice, and nothing about a device."
                }
            }
            @if !record.overrides.is_empty() {
                p class="remark" { "The rig was changed on the command line: " code { (name(&record.overrides.join(" "))) } }
            }
            @let never = record.selected.len().saturating_sub(record.cases.len());
            @if never > 0 {
                p class="remark" { b { (counted(never, "selected case")) " never ran" } " and are not in this report." }
            }
            @if let Some(part) = record.partition.as_ref().filter(|part| !part.contains('+')) {
                p class="remark" {
                    b { "Part " (text(part)) " of the suite" } ": what the other parts showed is not in this report."
                }
            }
            @if let Some(earlier) = &record.rerun_of {
                p class="remark" { "Runs again what had not passed in run " (name(earlier)) ", whose record stays as it is." }
            }
            @if let Some(simple) = counts::simple(record) { p class="remark" { b { (simple) } "." } }
            @for flaky in repeats::lines(&record.cases) { p class="remark" { (name(&flaky)) } }
            @let unverified = unverified(record);
            @if !unverified.is_empty() {
                p class="remark" { "Limits that nobody has compared with their source: " (name(&unverified)) "." }
            }
            @for remark in remarks { p class="remark" { (name(remark)) } }
            dl class="facts" {
                (fact("Device under test", record.dut.as_deref().unwrap_or("not stated")))
                (fact("Operator", record.operator.as_deref().unwrap_or("not stated")))
                (fact("Rig", &format!("{} ({})", record.rig, fidelity(record))))
                (fact("Started", &instant(&record.started)))
                @for instrument in record.instruments.iter().filter(|instrument| instrument.role == "stimulator") {
                    (fact("Stimulator", &format!("{} · uid {}", instrument.model, readable(&instrument.uid))))
                    (fact("Firmware", &readable(&instrument.firmware)))
                }
                (fact("Run", &record.id))
                @if let Some(part) = record.partition.as_ref().filter(|part| part.contains('+')) { (fact("Parts of the suite", part)) }
                (fact("Exit code", &record.exit_code.to_string()))
            }
        }
    }
}

/// The profiles whose limits nobody has compared with the document that they cite.
fn unverified(record: &RunRecord) -> String {
    let profiles = profile::of_cases(&record.cases).into_iter().filter(|profile| !profile.verified);
    profiles.map(|profile| profile.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn fidelity(record: &RunRecord) -> String {
    match (record.fidelity.as_str(), record.seed) {
        ("sim", Some(seed)) => format!("simulated, seed {seed}"),
        ("sim", None) => "simulated".to_owned(),
        ("rig", _) => "hardware".to_owned(),
        (other, _) => other.to_owned(),
    }
}

pub(super) fn fact(what: &str, value: &str) -> Markup {
    html! { div { dt { (what) } dd { (name(value)) } } }
}

fn safe_state(record: &RunRecord) -> Markup {
    let (class, sign, words) = match record.safe_state {
        _ if record.cases.is_empty() => ("odd", "–", "No case ended: nothing is known of the output"),
        SafeState::Confirmed if !looked(record) => {
            ("odd", "–", "Nothing was energised by this run; the output was not measured")
        }
        SafeState::Confirmed => ("good", "✔", "Safe state confirmed: the output was measured to be off"),
        SafeState::Unconfirmed => {
            ("bad", "✘", "Safe state NOT confirmed: treat the output as live and disconnect the stimulator")
        }
        SafeState::Impossible => {
            ("bad", "✘", "Safe state could not be measured: treat the output as live until it is")
        }
    };
    html! { p class="safe" { span class=(class) { span aria-hidden="true" { (sign) } " " (words) } } }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples;
    use crate::record::{CaseRecord, InstrumentRecord, ProfileRecord};

    #[test]
    fn a_pass_with_a_defect_or_of_a_part_is_no_plain_pass_at_the_head() {
        let of = |record: RunRecord| {
            let record =
                RunRecord { outcome: Some(Outcome::Passed), cases: vec![samples::case("a")], ..record };
            head(&record, &[]).into_string()
        };
        let plain = of(samples::head());
        assert!(
            !plain.contains("on purpose") && !plain.contains("of the suite") && !plain.contains("again"),
            "{plain}"
        );
        let wrong = of(RunRecord { defects: vec!["gain_error".into(), "droop".into()], ..samples::head() });
        assert!(wrong.contains("<small>with a defect on purpose</small>"), "{wrong}");
        assert!(
            wrong.contains("The stimulator was wrong on purpose: <code><bdi>gain_error, droop</bdi></code>"),
            "{wrong}"
        );
        let part = of(RunRecord { partition: Some("hash:1/2".into()), ..samples::head() });
        assert!(
            part.contains("<b>Part hash:1/2 of the suite</b>: what the other parts showed is not"),
            "{part}"
        );
        let whole = of(RunRecord { partition: Some("hash:1/2 + hash:2/2".into()), ..samples::head() });
        assert!(!whole.contains("what the other parts showed"), "{whole}");
        let again = of(RunRecord { rerun_of: Some("r0".into()), ..samples::head() });
        assert!(again.contains("Runs again what had not passed in run <bdi>r0</bdi>"), "{again}");
    }

    #[test]
    fn cases_that_did_not_repeat_and_limits_that_nobody_compared_are_told_at_the_head() {
        let attempt = |attempt, outcome| CaseRecord { attempt, outcome, ..samples::case("rate") };
        let cases = vec![attempt(1, Outcome::Passed), attempt(2, Outcome::Failed)];
        let page = head(&RunRecord { cases, ..samples::head() }, &[]).into_string();
        assert!(page.contains("flaky: rate: 1 of 2 attempts passed; 2 failed"), "{page}");
        assert!(!page.contains("nobody has compared"), "{page}");
        let read = ProfileRecord { verified: true, ..samples::profile("read") };
        let profiles = vec![samples::profile("dc-leakage"), read];
        let cases = vec![CaseRecord { profiles, ..samples::case("a") }];
        let page = head(&RunRecord { cases, ..samples::head() }, &[]).into_string();
        let words = "Limits that nobody has compared with their source: <bdi>dc-leakage</bdi>.";
        assert!(page.contains(words) && !page.contains("flaky"), "{page}");
    }

    #[test]
    fn a_simulated_board_is_called_by_the_name_it_spells() {
        let stimulator = InstrumentRecord {
            role: "stimulator".into(),
            driver: "native".into(),
            model: "board".into(),
            uid: "53494d2d5354494d2d303031".into(),
            firmware: "73696d756c617465642d7374696d2d31".into(),
            calibration: None,
        };
        let page = head(&RunRecord { instruments: vec![stimulator], ..samples::head() }, &[]).into_string();
        assert!(page.contains("board · uid SIM-STIM-001") && page.contains("simulated-stim-1"), "{page}");
    }

    #[test]
    fn a_run_in_which_nothing_was_opened_does_not_claim_a_measurement() {
        let of = |outcome: Outcome| {
            let cases = vec![CaseRecord { outcome, ..samples::case("a") }];
            head(&RunRecord { cases, ..samples::head() }, &[]).into_string()
        };
        for unopened in [Outcome::Skipped, Outcome::RigError] {
            let page = of(unopened);
            assert!(
                page.contains("Nothing was energised by this run; the output was not measured"),
                "{page}"
            );
            assert!(!page.contains("confirmed"), "{page}");
        }
        assert!(of(Outcome::Passed).contains("Safe state confirmed: the output was measured to be off"));
    }
}
