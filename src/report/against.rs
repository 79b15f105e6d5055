//! What speaks against a run as a whole, and stands in none of its cases.
//!
//! Who counts what did not pass in a file for a CI system would take the part that was run, or what somebody made of it, for the run:
//! each of these is a test more there, which failed.

use crate::record::{Outcome, RunRecord};

use super::counts::simple;
use super::ending::early;

/// Suite of these tests.
pub(super) const RUN: &str = "run";

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Against {
    /// Name of the test that stands for it: what should have been so.
    pub test: &'static str,
    /// What it has where those of cases have an outcome.
    pub kind: &'static str,
    /// What is so.
    pub message: String,
}

/// Everything that speaks against a run: it was ended early, nothing in it was judged, and each of the `doubts` about it, such as that
/// it was altered after it ended.
pub(super) fn against(record: &RunRecord, doubts: &[String]) -> Vec<Against> {
    let early = early(record).map(|message| Against {
        test: "every selected case was run to its end",
        kind: "ended-early",
        message,
    });
    let unjudged = (record.outcome == Some(Outcome::Skipped)).then(|| Against {
        test: "at least one case was judged",
        kind: "nothing-judged",
        message: "every case was skipped: nothing was judged".to_owned(),
    });
    let doubts = doubts.iter().map(|doubt| Against {
        test: "the run is what it was when it ended",
        kind: "doubtful",
        message: doubt.clone(),
    });
    early.into_iter().chain(unjudged).chain(doubts).collect()
}

/// What makes a run less, or other, than the whole suite on its bench, judged with its uncertainty, and is no fault of it: name and
/// value.
pub(super) fn qualified(record: &RunRecord) -> Vec<(&'static str, String)> {
    let lists = [("defects", record.defects.join(" ")), ("overrides", record.overrides.join(" "))];
    let lists = lists.into_iter().filter(|(_, list)| !list.is_empty());
    let partition = record.partition.iter().map(|part| ("partition", part.clone()));
    let rerun = record.rerun_of.iter().map(|earlier| ("rerun_of", earlier.clone()));
    let simple = simple(record).map(|simple| ("decision", simple));
    lists.chain(partition).chain(rerun).chain(simple).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples::{case, check, head};
    use crate::record::{CaseRecord, CheckRecord, Verdict};
    use crate::report::{ctrf, ctrf_of, junit, junit_of, page, step_summary, tap, tap_of};

    fn kinds(record: &RunRecord, doubts: &[String]) -> Vec<&'static str> {
        against(record, doubts).iter().map(|against| against.kind).collect()
    }

    #[test]
    fn nothing_speaks_against_a_run_that_was_run_and_judged() {
        let passed = RunRecord { outcome: Some(Outcome::Passed), cases: vec![case("a")], ..head() };
        assert!(kinds(&passed, &[]).is_empty());
        let skipped = CaseRecord { outcome: Outcome::Skipped, ..case("a") };
        let none = RunRecord { outcome: Some(Outcome::Skipped), cases: vec![skipped], ..head() };
        assert_eq!(kinds(&none, &[]), ["nothing-judged"], "its exit code is 4");
        let cut = RunRecord { interrupted: Some("SIGINT".into()), ..none };
        assert_eq!(kinds(&cut, &["altered".into()]), ["ended-early", "nothing-judged", "doubtful"]);
    }

    #[test]
    fn no_form_for_machines_is_green_of_a_run_that_was_altered() {
        let record = RunRecord { outcome: Some(Outcome::Passed), cases: vec![case("a")], ..head() };
        let doubts = ["r1: altered <after> it ended # SKIP".to_owned()];
        let xml = junit_of(&record, None, &doubts);
        let report = quick_junit::Report::deserialize_from_str(&xml).unwrap();
        assert_eq!((report.tests, report.failures, report.errors), (2, 0, 1), "{xml}");
        assert!(xml.contains("message=\"r1: altered &lt;after&gt; it ended # SKIP\""), "{xml}");
        let json: serde_json::Value = serde_json::from_str(&ctrf_of(&record, None, &doubts)).unwrap();
        let summary = &json["results"]["summary"];
        let counted = ["tests", "passed", "failed", "suites"].map(|key| summary[key].as_u64().unwrap());
        assert_eq!(counted, [2, 1, 1, 2], "{json:#}");
        let schema = std::fs::read_to_string("fixtures/schemas/ctrf-schema-0.0.json").unwrap();
        let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
        let problems: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
        assert!(problems.is_empty(), "{problems:#?}");
        let text = tap_of(&record, &doubts);
        assert!(text.starts_with("TAP version 14\n1..2\n"), "{text}");
        let last = "\nnot ok 2 - the run is what it was when it ended\n  ---\n  outcome: doubtful\n  message: \"r1: altered <after> it ended \
                    # SKIP\"\n  ...\n";
        assert!(text.ends_with(last), "{text}");
    }

    #[test]
    fn what_qualifies_a_run_is_in_every_form() {
        let record = RunRecord {
            outcome: Some(Outcome::Passed),
            cases: vec![case("a")],
            defects: vec!["gain_error".into()],
            partition: Some("hash:1/2".into()),
            rerun_of: Some("r0".into()),
            ..head()
        };
        let xml = junit(&record, None);
        let json: serde_json::Value = serde_json::from_str(&ctrf(&record, None)).unwrap();
        let text = tap(&record);
        for (name, value) in [("defects", "gain_error"), ("partition", "hash:1/2"), ("rerun_of", "r0")] {
            assert!(xml.contains(&format!("<property name=\"{name}\" value=\"{value}\"/>")), "{name}: {xml}");
            assert_eq!(json["results"]["environment"]["extra"][name], value, "{json:#}");
            assert!(text.contains(&format!("\n# {name}: {value}\n")), "{text}");
        }
        assert!(qualified(&head()).is_empty());
    }

    /// A pass of which U was left out is no pass like any other, whichever form one reads.
    #[test]
    fn a_simple_decision_is_told_in_every_form() {
        let simple = |verdict| CheckRecord { decision: "simple".into(), ..check("amplitude", verdict) };
        let cases = vec![
            CaseRecord { checks: vec![simple(Verdict::Pass), check("width", Verdict::Pass)], ..case("a") },
            CaseRecord { outcome: Outcome::Failed, checks: vec![simple(Verdict::Fail)], ..case("b") },
        ];
        let record = RunRecord { cases, ..head() };
        let said = "2 checks judged by the value alone, without their uncertainty (decision: simple)";
        let xml = junit(&record, None);
        assert!(xml.contains(&format!("<property name=\"decision\" value=\"{said}\"/>")), "{xml}");
        let limit = "1.94 … 2.06 mA by the value alone";
        assert!(xml.contains(&format!("pass amplitude: 2.0012 ± 0.0031 mA against {limit}")), "{xml}");
        assert!(xml.contains("pass width: 2.0012 ± 0.0031 mA against 1.94 … 2.06 mA  margin"), "{xml}");
        let json: serde_json::Value = serde_json::from_str(&ctrf(&record, None)).unwrap();
        assert_eq!(json["results"]["environment"]["extra"]["decision"], said, "{json:#}");
        let text = tap(&record);
        assert!(text.contains(&format!("\n# decision: {said}\n")), "{text}");
        assert!(text.contains(&format!("wanted: \"{limit}\"")), "{text}");
        let summary = step_summary(&record, None);
        assert!(summary.contains(&format!("decision: {said}\n\n")) && summary.contains(limit), "{summary}");
        let page = page(&record, &[], &[]);
        assert!(page.contains(said) && page.contains(&format!("<td>{limit}</td>")), "{page}");
        assert!(page.contains("a guarded check passes only if"), "{page}");
    }
}
