//! Test Anything Protocol, version 14.

use std::fmt::Write as _;

use crate::record::{CaseRecord, Outcome, RunRecord, Verdict};

use super::check_line::{allowed, measured};
use super::junit::message;
use super::profile;

/// The run as TAP: a line for each case, and a YAML block with what did not pass. A run that was ended early bails out, so that no
/// reader takes what there is for all of it.
pub fn tap(record: &RunRecord) -> String {
    let mut text = format!("TAP version 14\n1..{}", record.cases.len());
    if record.cases.is_empty() {
        text.push_str(" # SKIP nothing ran");
    }
    text.push('\n');
    for (number, case) in (1..).zip(&record.cases) {
        test(&mut text, number, case);
    }
    if let Some(signal) = &record.interrupted {
        let _ = writeln!(text, "Bail out! ended by {}", described(signal));
    }
    text
}

fn test(text: &mut String, number: usize, case: &CaseRecord) {
    let ok = matches!(case.outcome, Outcome::Passed | Outcome::Skipped);
    let word = if ok { "ok" } else { "not ok" };
    let _ = write!(text, "{word} {number} - {}", described(&case.title()));
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
        assert_eq!(lines[..3], ["TAP version 14", "1..3", "not ok 1 - a \\# TODO ok 9"]);
        assert!(
            text.contains("\nok 2 - b # SKIP no \\# probe\nok 3 - c\nBail out! ended by SIGINT\n"),
            "{text}"
        );
        assert!(text.contains("      found: \"2.0012 ± 0.0031 mA\"\n"));
        assert!(tap(&head()).contains("1..0 # SKIP"));
    }
}
