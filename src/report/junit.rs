//! JUnit XML in the dialect of nextest and Jenkins.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use crate::record::{CaseRecord, CheckRecord, Outcome, RunRecord, Verdict};

use super::against::{Against, RUN, against, qualified};
use super::attachments::attachments;
use super::check_line::{allowed, margin, measured};
use super::profile;

/// The run as JUnit XML: a suite for each scenario file, a test case for each case.
///
/// A failed or inconclusive case is a `failure`: it was measured and did not pass. What could not be measured, and whatever
/// went wrong with the rig, is an `error`; so is, in a suite of its own, a run that was ended early or in which nothing was judged.
/// `folder` is where the run is kept: cases that did not pass link to files in it, as Jenkins and GitLab read it. Characters that XML
/// cannot hold are left out.
pub fn junit(record: &RunRecord, folder: Option<&Path>) -> String {
    junit_of(record, folder, &[])
}

/// The same of a run that is not to be taken for what it says, such as one that was altered after it ended: each of the `doubts` is an
/// `error` more.
pub fn junit_of(record: &RunRecord, folder: Option<&Path>, doubts: &[String]) -> String {
    let mut report = Report::new("stimrig");
    report.set_time(seconds(record.elapsed));
    for (scenario, cases) in by_scenario(&record.cases) {
        let mut suite = TestSuite::new(scenario);
        suite.add_property(Property::new("run", record.id.as_str()));
        suite.add_property(Property::new("fidelity", record.fidelity.as_str()));
        suite.add_property(Property::new("rig", record.rig.as_str()));
        suite.add_property(Property::new("safe_state", record.safe_state.name()));
        for (name, value) in qualified(record) {
            suite.add_property(Property::new(name, value));
        }
        suite.set_time(seconds(cases.iter().map(|case| case.elapsed).sum()));
        for case in cases {
            suite.add_test_case(test_case(scenario, case, folder));
        }
        report.add_test_suite(suite);
    }
    let against = against(record, doubts);
    if !against.is_empty() {
        report.add_test_suite(of_run(&against));
    }
    // Quotes and brackets are escaped by the writer; what XML cannot hold even escaped goes here, markup being ASCII.
    // Only a failing writer can make this an error, and a string does not fail; should it ever, the file says so.
    let text = report
        .to_string()
        .unwrap_or_else(|_| "<?xml version=\"1.0\"?><testsuites name=\"stimrig\" errors=\"1\"/>".to_owned());
    text.chars().filter(|c| is_xml(*c)).collect()
}

fn of_run(all: &[Against]) -> TestSuite {
    let mut suite = TestSuite::new(RUN);
    suite.set_time(Duration::ZERO);
    for Against { test, kind, message } in all {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_type(*kind).set_message(message.as_str()).set_description(message.as_str());
        let mut test = TestCase::new(*test, status);
        test.set_classname(RUN).set_time(Duration::ZERO);
        suite.add_test_case(test);
    }
    suite
}

/// `Char` of XML 1.0.
fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Cases grouped by file, files in the order in which they first appear.
fn by_scenario(cases: &[CaseRecord]) -> Vec<(&str, Vec<&CaseRecord>)> {
    let mut groups: Vec<(&str, Vec<&CaseRecord>)> = Vec::new();
    for case in cases {
        match groups.iter_mut().find(|(scenario, _)| *scenario == case.scenario) {
            Some((_, group)) => group.push(case),
            None => groups.push((&case.scenario, vec![case])),
        }
    }
    groups
}

fn test_case(scenario: &str, case: &CaseRecord, folder: Option<&Path>) -> TestCase {
    let mut test = TestCase::new(case.title(), status(case));
    test.set_classname(scenario).set_time(seconds(case.elapsed)).set_assertions(case.checks.len());
    test.add_property(Property::new("outcome", case.outcome.name()));
    test.add_property(Property::new("safe_state", case.safe_state.name()));
    test.add_property(Property::new("phantom", case.phantom.as_str()));
    if case.sim_only {
        test.add_property(Property::new("sim_only", "true"));
    }
    for profile in &case.profiles {
        test.add_property(Property::new("limits", profile::cited(profile)));
    }
    for requirement in &case.verifies {
        test.add_property(Property::new("requirement", requirement.as_str()));
    }
    let mut output = checks(case);
    for file in attachments(case, folder) {
        let _ = writeln!(output, "[[ATTACHMENT|{}]]", file.path);
    }
    test.set_system_out(output);
    test
}

fn status(case: &CaseRecord) -> TestCaseStatus {
    let kind = match case.outcome {
        Outcome::Passed => return TestCaseStatus::success(),
        Outcome::Skipped => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(case.reason.as_deref().unwrap_or("skipped"));
            return status;
        }
        Outcome::Failed | Outcome::Inconclusive => NonSuccessKind::Failure,
        Outcome::RigError | Outcome::Invalid | Outcome::Aborted | Outcome::Unsafe => NonSuccessKind::Error,
    };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(case.outcome.name()).set_message(message(case)).set_description(description(case));
    status
}

/// The check that says how a case ended: of those that did not pass the first with the worst verdict, which the case's reason is about.
pub(super) fn decisive(case: &CaseRecord) -> Option<&CheckRecord> {
    let bad = case.checks.iter().filter(|check| check.verdict != Verdict::Pass);
    bad.min_by_key(|check| std::cmp::Reverse(check.verdict.badness()))
}

/// One sentence that tells what happened.
pub(super) fn message(case: &CaseRecord) -> String {
    let of_check = || decisive(case).map(CheckRecord::why);
    case.reason.clone().or_else(of_check).unwrap_or_else(|| case.outcome.name().to_owned())
}

/// The checks that did not pass, with the place of each in the scenario.
pub(super) fn description(case: &CaseRecord) -> String {
    let mut text = message(case);
    for check in case.checks.iter().filter(|check| check.verdict != Verdict::Pass) {
        let (file, line) = profile::place(case, check);
        let _ = write!(
            text,
            "\n{file}:{line}: {} {}: {} against {}",
            check.verdict.name(),
            check.measurand,
            measured(check),
            allowed(check)
        );
        if let Some(reason) = &check.reason {
            let _ = write!(text, " ({reason})");
        }
        if let Some(line) = check.budget.first() {
            let _ = write!(text, "; largest uncertainty: {}", line.input);
        }
    }
    text
}

/// Every check on a line of its own, with its margin.
fn checks(case: &CaseRecord) -> String {
    let mut text = String::new();
    for check in &case.checks {
        let of = profile::of_check(case, check);
        let of = of.map(|of| format!("  [{}, {}]", of.name, profile::standing(of))).unwrap_or_default();
        let _ = writeln!(
            text,
            "{} {}: {} against {}  {}{of}",
            check.verdict.name(),
            check.measurand,
            measured(check),
            allowed(check),
            margin(check)
        );
    }
    for remark in &case.unasked {
        let _ = writeln!(text, "seen beside the checks: {remark}");
    }
    for note in &case.notes {
        let _ = writeln!(text, "note: {note}");
    }
    text
}

fn seconds(value: f64) -> Duration {
    Duration::try_from_secs_f64(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::HOST_LOST;
    use crate::record::samples::{case, head};

    #[test]
    fn a_run_that_was_ended_early_has_an_error_that_says_by_what() {
        let mut record = RunRecord { cases: vec![case("a")], ..head() };
        let read = |record: &RunRecord| {
            let text = junit(record, None);
            let report = Report::deserialize_from_str(&text).unwrap();
            (report.tests, report.failures, report.errors, text)
        };
        assert_eq!(read(&record).2, 0, "all that was selected had passed");
        record.selected = vec!["a.yaml#1".into(), "a.yaml#2".into()];
        let (tests, failures, errors, text) = read(&record);
        assert_eq!((tests, failures, errors), (2, 0, 1));
        assert!(text.contains("message=\"no result of 1 of 2 cases\""), "{text}");
        record.interrupted = Some(HOST_LOST.into());
        let (tests, failures, errors, text) = read(&record);
        assert_eq!((tests, failures, errors), (2, 0, 1));
        let message =
            "message=\"ended early because its process was killed or its computer lost power: 1 of 2";
        assert!(text.contains("<testsuite name=\"run\"") && text.contains(message), "{text}");
    }
}
