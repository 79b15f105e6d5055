//! Two runs side by side: what is other, in words, as data and as a page.

mod json;
mod page;
mod text;

use crate::quantity::{Dimension, counted, engineering, short_hash, with_uncertainty};
use crate::record::{CaseChange, CheckChange, CheckRecord, Comparison, Outcome, RunRecord, Verdict, spelled};

use super::check_line::{allowed, dimension_of, measured};

pub use json::json;
pub use page::{body, page};
pub use text::text;

/// Two runs and what is other in the second.
#[derive(Debug, Clone, Copy)]
pub struct Pair<'a> {
    /// The earlier one.
    pub before: &'a RunRecord,
    /// The later one.
    pub after: &'a RunRecord,
    /// What is other.
    pub found: &'a Comparison,
    /// What a reader should know first, such as that one of them was altered.
    pub remarks: &'a [String],
}

impl Pair<'_> {
    /// The whole in a sentence, and in another one what became of the run itself.
    fn verdict(&self) -> String {
        let mut said = self.of_cases();
        if !self.found.worse.is_empty() {
            said += &format!(" The run itself came out worse: {}.", self.found.worse.join(", "));
        }
        said
    }

    fn of_cases(&self) -> String {
        let worse = self.found.regressions().count();
        let other = self.found.cases.len();
        match (other, worse) {
            (0, _) => format!("Nothing differs in {}.", counted(self.found.same, "case")),
            (_, 0) => {
                format!(
                    "{} changed, none of them for the worse; {} the same.",
                    counted(other, "case"),
                    self.found.same
                )
            }
            _ => format!(
                "{} changed, {worse} of them for the worse; {} the same.",
                counted(other, "case"),
                self.found.same
            ),
        }
    }

    /// Which errors of the instruments count in a difference.
    fn shared(&self) -> String {
        match &self.found.not_shared {
            None => "the same instruments measured both: their gain, shunt and clock are off by the same amount each time and cancel in a \
                     difference, where scenario and phantom are the same"
                .to_owned(),
            Some(why) => format!("nothing of the instruments cancels in a difference: {why}"),
        }
    }
}

/// `sim (simulated)`: what was measured on a simulated bench is marked wherever it is shown, also where both runs are.
fn bench(record: &RunRecord) -> String {
    let kind = if record.fidelity == "sim" { "simulated" } else { record.fidelity.as_str() };
    format!("{} ({kind})", record.rig)
}

/// `passed → failed`.
fn outcomes(case: &CaseChange) -> String {
    let name = |outcome: Option<Outcome>, sim_only| match outcome {
        Some(Outcome::Passed) if sim_only => "sim only",
        other => other.map_or("not run", Outcome::name),
    };
    let (before, after) = (name(case.before, case.sim_only.0), name(case.after, case.sim_only.1));
    if before == after { after.to_owned() } else { format!("{before} → {after}") }
}

/// What changed in a case besides its outcome: `2 values differ, 1 check gone, another scenario`.
fn what(case: &CaseChange) -> String {
    let count = |is: &dyn Fn(&CheckChange) -> bool| case.checks.iter().filter(|change| is(change)).count();
    let verdict = |change: &CheckChange| other(change, |old, new| old.verdict != new.verdict);
    let limit = |change: &CheckChange| other(change, |old, new| old.limit != new.limit);
    let value = |change: &CheckChange| change.difference.is_some_and(|found| found.is_significant());
    let many = |count: usize, one: &str, more: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {more}")),
    };
    let parts = [
        many(count(&verdict), "verdict changed", "verdicts changed"),
        many(count(&value), "value differs", "values differ"),
        many(count(&limit), "limit changed", "limits changed"),
        many(count(&|change| change.after.is_none()), "check gone", "checks gone"),
        many(count(&|change| change.before.is_none()), "check new", "checks new"),
    ];
    let inputs = case.inputs.iter().map(|input| format!("another {input}"));
    parts.into_iter().flatten().chain(inputs).collect::<Vec<_>>().join(", ")
}

/// Whether a check that is in both runs is other in something.
fn other(change: &CheckChange, differs: impl Fn(&CheckRecord, &CheckRecord) -> bool) -> bool {
    change.before.as_ref().zip(change.after.as_ref()).is_some_and(|(old, new)| differs(old, new))
}

/// Value, limit and verdict of one side, the latter where it is no pass.
fn side(check: Option<&CheckRecord>) -> String {
    let Some(check) = check else { return "no such check".to_owned() };
    let verdict =
        if check.verdict == Verdict::Pass { String::new() } else { format!(" {}", check.verdict.name()) };
    format!("{}{verdict}", measured(check))
}

/// `by 4.0 ± 2.8 µA, significant (4.2 µA of the instrument cancel)`.
fn by(change: &CheckChange) -> String {
    let Some(found) = change.difference else { return String::new() };
    let dimension = change.either().map_or(Dimension::Number, |check| dimension_of(&check.unit));
    let word = if found.is_significant() { "significant" } else { "within U" };
    let cancelled = match found.cancelled > 0.0 {
        true => format!("; ± {} of the instrument cancel", engineering(found.cancelled, dimension, 2)),
        false => String::new(),
    };
    format!("by {} ({word}{cancelled})", with_uncertainty(found.value, found.uncertainty, dimension))
}

/// The limits, and those before where they were others.
fn limits(change: &CheckChange) -> String {
    match (&change.before, &change.after) {
        (Some(before), Some(after)) if before.limit != after.limit => {
            format!("{} → {}", allowed(before), allowed(after))
        }
        _ => change.either().map(allowed).unwrap_or_default(),
    }
}

/// A hash or a text, short enough for a line.
fn short(text: &str) -> String {
    if let Some(name) = spelled(text) {
        return name;
    }
    let hash = text.len() > 24 && text.chars().all(|letter| letter.is_ascii_hexdigit());
    match (text, hash) {
        ("", _) => "not stated".to_owned(),
        (_, true) => format!("{}…", short_hash(text)),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples::{case, check, head};
    use crate::record::{CaseRecord, compare};

    #[test]
    fn every_form_says_what_is_other_and_no_text_leaves_its_element() {
        let run = |outcome, value: f64, verdict| {
            let checks = vec![CheckRecord { value: Some(value), ..check("amplitude", verdict) }];
            RunRecord { cases: vec![CaseRecord { outcome, checks, ..case("<b>a</b>") }], ..head() }
        };
        let before = run(Outcome::Passed, 2.0e-3, Verdict::Pass);
        let mut after = run(Outcome::Failed, 2.1e-3, Verdict::Fail);
        after.dut = Some("<i>7</i>".into());
        let found = compare(&before, &after);
        let pair = Pair { before: &before, after: &after, found: &found, remarks: &[] };
        let said = text(&pair);
        for words in [
            "device under test",
            "not stated → <i>7</i>",
            "passed → failed",
            "2.1000 ± 0.0031 mA fail",
            "by 100.0 ± 4.4 µA (significant",
            "1 of them for the worse",
        ] {
            assert!(said.contains(words), "{words}: {said}");
        }
        let value: serde_json::Value = serde_json::from_str(&json(&pair)).unwrap();
        assert_eq!(value["cases"][0]["checks"][0]["difference"]["significant"], true);
        assert_eq!(value["regressions"], 1);
        let page = page(&pair, "test");
        assert!(said.contains(", 1 case on sim (simulated)\n"), "{said}");
        assert!(page.contains("<td>bench</td><td>sim (simulated)</td><td>sim (simulated)</td>"), "{page}");
        assert!(
            !page.contains("<i>7") && !page.contains("<b>a") && page.contains("passed → failed"),
            "{page}"
        );
        let same = compare(&before, &before);
        assert!(
            text(&Pair { before: &before, after: &before, found: &same, remarks: &[] })
                .contains("Nothing differs in 1 case.\n")
        );
    }

    #[test]
    fn every_form_says_what_makes_a_run_doubtful_and_no_page_is_good_then() {
        let run = RunRecord { outcome: Some(Outcome::Passed), cases: vec![case("a")], ..head() };
        let found = compare(&run, &run);
        let remarks = ["r1: <altered> after the run ended".to_owned()];
        let pair = Pair { before: &run, after: &run, found: &found, remarks: &remarks };
        assert!(text(&pair).starts_with("note: r1: <altered> after the run ended\n"), "{}", text(&pair));
        let value: serde_json::Value = serde_json::from_str(&json(&pair)).unwrap();
        assert_eq!(value["remarks"][0], "r1: <altered> after the run ended");
        let shown = page(&pair, "test");
        assert!(
            shown.contains("r1: &lt;altered&gt; after") && shown.contains("class=\"verdict bad\""),
            "{shown}"
        );
        let sound = Pair { remarks: &[], ..pair };
        assert!(page(&sound, "test").contains("class=\"verdict good\""));
    }

    #[test]
    fn a_case_says_what_is_other_in_it() {
        let of = |checks, sim_only| RunRecord {
            cases: vec![CaseRecord { checks, sim_only, ..case("a") }],
            ..head()
        };
        let before = of(vec![check("amplitude", Verdict::Pass), check("width", Verdict::Pass)], false);
        let wide = CheckRecord { value: Some(2.1e-3), ..check("amplitude", Verdict::Inconclusive) };
        let mut after = of(vec![wide], true);
        after.scenarios.values_mut().for_each(|hash| *hash = "12".into());
        let found = compare(&before, &after);
        assert_eq!(outcomes(&found.cases[0]), "passed → sim only");
        assert_eq!(
            what(&found.cases[0]),
            "1 verdict changed, 1 value differs, 1 check gone, another scenario"
        );
        let pair = Pair { before: &before, after: &after, found: &found, remarks: &[] };
        assert!(text(&pair).contains("WORSE  passed → sim only  a  (1 verdict changed, "), "{}", text(&pair));
    }

    #[test]
    fn a_run_that_became_worse_is_not_told_as_one_in_which_nothing_is_other() {
        let before = RunRecord { outcome: Some(Outcome::Passed), cases: vec![case("a")], ..head() };
        let after = RunRecord { outcome: Some(Outcome::Aborted), ..before.clone() };
        let found = compare(&before, &after);
        let pair = Pair { before: &before, after: &after, found: &found, remarks: &[] };
        let words = "Nothing differs in 1 case. The run itself came out worse: passed → aborted.";
        assert!(text(&pair).contains(words), "{}", text(&pair));
        let value: serde_json::Value = serde_json::from_str(&json(&pair)).unwrap();
        assert_eq!((&value["run_worse"][0], &value["regressions"]), (&"passed → aborted".into(), &0.into()));
        assert!(
            page(&pair, "test").contains("class=\"verdict bad\""),
            "and no tone of a run that is as it was"
        );
    }
}
