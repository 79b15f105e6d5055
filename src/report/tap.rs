//! Test Anything Protocol, version 14.

use std::fmt::Write as _;

use crate::record::{CaseRecord, Outcome, RunRecord, Verdict};

use super::against::{Against, against, qualified};
use super::check_line::{allowed, measured};
use super::junit::message;
use super::profile;

/// The run as TAP: a line for each case, and a YAML block with what did not pass. A run that was ended early, or in which nothing was
/// judged, has one test more, which failed, and bails out where something ended it, so that no reader takes what there is for all of it.
pub fn tap(record: &RunRecord) -> String {
    tap_of(record, &[])
}

/// The same of a run that is not to be taken for what it says: each of the `doubts` is a failed test more.
pub fn tap_of(record: &RunRecord, doubts: &[String]) -> String {
    let against = against(record, doubts);
    let tests = record.cases.len() + against.len();
    let mut text = format!("TAP version 14\n1..{tests}");
    if tests == 0 {
        text.push_str(" # SKIP nothing ran");
    }
    text.push('\n');
    let (fidelity, rig) = (described(&record.fidelity), described(&record.rig));
    let _ = writeln!(text, "# fidelity: {fidelity}, rig {rig}");
    for (name, value) in qualified(record) {
        let _ = writeln!(text, "# {name}: {}", described(&value));
    }
    for (number, case) in (1..).zip(&record.cases) {
        test(&mut text, number, case);
    }
    for (number, Against { test, kind, message }) in (record.cases.len() + 1..).zip(&against) {
        let _ = writeln!(text, "not ok {number} - {test}\n  ---\n  outcome: {kind}");
        let _ = writeln!(text, "  message: {}\n  ...", quoted(message));
    }
    if let Some(signal) = &record.interrupted {
        let _ = writeln!(text, "Bail out! ended by {}", described(signal));
    }
    text
}

fn test(text: &mut String, number: usize, case: &CaseRecord) {
    let ok = matches!(case.outcome, Outcome::Passed | Outcome::Skipped);
    let word = if ok { "ok" } else { "not ok" };
    // TAP has no word between passed and failed: whoever reads the line is to see that no rig was there.
    let mark = if case.sim_only { " (sim only)" } else { "" };
    let _ = write!(text, "{word} {number} - {}{mark}", described(&case.title()));
    if case.outcome == Outcome::Skipped {
        let _ = write!(text, " # SKIP {}", described(&message(case)));
    }
    text.push('\n');
    if ok {
        return;
    }
    let _ =
        writeln!(text, "  ---\n  outcome: {}\n  safe_state: {}", case.outcome.name(), case.safe_state.name());
    let _ = writeln!(text, "  message: {}", quoted(&message(case)));
    let failing = case.checks.iter().filter(|check| check.verdict != Verdict::Pass);
    for (at, check) in failing.enumerate() {
        if at == 0 {
            text.push_str("  checks:\n");
        }
        let (file, line) = profile::place(case, check);
        let _ = writeln!(text, "    - measurand: {}", quoted(&check.measurand));
        let _ = writeln!(text, "      verdict: {}", check.verdict.name());
        let _ = writeln!(text, "      found: {}", quoted(&measured(check)));
        let _ = writeln!(text, "      wanted: {}", quoted(&allowed(check)));
        let _ = writeln!(text, "      at: {}", quoted(&format!("{file}:{line}")));
    }
    text.push_str("  ...\n");
}

/// A description on one line in which nothing starts a directive.
fn described(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | '#' => safe.extend(['\\', letter]),
            control if control.is_control() => safe.push(' '),
            other => safe.push(other),
        }
    }
    safe
}

/// A string of YAML: JSON's are all of them.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples::{case, check, head};

    #[test]
    fn no_name_makes_a_directive_or_a_line_of_its_own() {
        let mut record = head();
        record.cases = vec![
            CaseRecord {
                outcome: Outcome::Failed,
                checks: vec![check("width", Verdict::Fail)],
                ..case("a # TODO\nok 9")
            },
            CaseRecord { outcome: Outcome::Skipped, reason: Some("no # probe".into()), ..case("b") },
            case("c"),
        ];
        record.interrupted = Some("SIGINT".into());
        let text = tap(&record);
        let lines: Vec<&str> = text.lines().collect();
        let comment = "# fidelity: sim, rig sim";
        assert_eq!(lines[..4], ["TAP version 14", "1..4", comment, "not ok 1 - a \\# TODO ok 9"]);
        assert!(text.contains("\nok 2 - b # SKIP no \\# probe\nok 3 - c\nnot ok 4 - "), "{text}");
        assert!(text.ends_with("\n  ...\nBail out! ended by SIGINT\n"), "{text}");
        assert!(text.contains("      found: \"2.0012 ± 0.0031 mA\"\n"));
        assert!(tap(&head()).contains("1..0 # SKIP"));
        record.rig = "a\nok 5".into();
        assert!(tap(&record).contains("# fidelity: sim, rig a ok 5\n"));
    }

    #[test]
    fn cases_that_never_ran_are_a_test_that_failed() {
        let mut record = RunRecord { cases: vec![case("a")], ..head() };
        record.selected = vec!["a.yaml#1".into(), "a.yaml#2".into()];
        let text = tap(&record);
        let last = "\nok 1 - a\nnot ok 2 - every selected case was run to its end\n  ---\n  outcome: ended-early\n  message: \
                    \"no result of 1 of 2 cases\"\n  ...\n";
        assert!(text.starts_with("TAP version 14\n1..2\n") && text.ends_with(last), "{text}");
        record.cases.clear();
        assert!(
            tap(&record).starts_with("TAP version 14\n1..1\n"),
            "nothing ran is no skip where cases were asked for"
        );
    }

    #[test]
    fn a_pass_where_a_rig_was_asked_for_is_marked() {
        let cases = vec![CaseRecord { sim_only: true, ..case("a") }, case("b")];
        let text = tap(&RunRecord { cases, ..head() });
        assert!(text.ends_with("\n# fidelity: sim, rig sim\nok 1 - a (sim only)\nok 2 - b\n"), "{text}");
    }
}
