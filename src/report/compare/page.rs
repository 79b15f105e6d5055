//! The comparison as a page.

use crate::plot::escape;
use crate::plot::page::{head, page as whole_page, remark, table};
use crate::record::{Outcome, RunRecord, instant};

use super::{Pair, bench, by, limits, outcomes, short, side, what};

/// One self-contained page.
pub fn page(pair: &Pair<'_>, provenance: &str) -> String {
    let good = !pair.found.is_regression() && pair.remarks.is_empty();
    let under = format!("{} and {}. {provenance}", pair.before.id, pair.after.id);
    let remarks: String = pair.remarks.iter().map(|text| remark(text)).collect();
    let head = head("What changed", &under, good, &pair.verdict());
    whole_page("stimrig compare", &(head + &remarks + &body(pair)))
}

/// The tables of that page, for a page that shows more.
pub fn body(pair: &Pair<'_>) -> String {
    let mut text = "<h2>The runs</h2>\n".to_owned();
    let row = |what: &str, of: &dyn Fn(&RunRecord) -> String| {
        vec![(what.to_owned(), ""), (of(pair.before), ""), (of(pair.after), "")]
    };
    let mut lines = vec![
        row("run", &|record| record.id.clone()),
        row("started", &|record| instant(&record.started)),
        row("cases", &|record| record.cases.len().to_string()),
        row("bench", &bench),
    ];
    lines.extend(pair.found.about.iter().map(|(what, before, after)| {
        vec![((*what).to_owned(), ""), (short(before), ""), (short(after), "odd")]
    }));
    text += &table(&["", "before", "after"], &lines);
    if pair.found.cases.is_empty() {
        return text;
    }
    text += "<h2>Cases</h2>\n";
    let lines: Vec<Vec<(String, &str)>> = pair
        .found
        .cases
        .iter()
        .map(|case| {
            let tone = match (case.is_regression(), case.after) {
                (true, _) => "bad",
                (false, Some(Outcome::Passed)) => "good",
                _ => "odd",
            };
            vec![
                (outcomes(case), tone),
                (case.name.clone(), ""),
                (what(case), if case.inputs.is_empty() { "" } else { "odd" }),
                (case.scenario.clone(), ""),
            ]
        })
        .collect();
    text += &table(&["outcome", "case", "what changed", "scenario"], &lines);
    let lines: Vec<Vec<(String, &str)>> = pair
        .found
        .cases
        .iter()
        .flat_map(|case| case.checks.iter().map(move |change| (case, change)))
        .filter_map(|(case, change)| {
            let tone = if change.is_regression() { "bad" } else { "" };
            Some(vec![
                (change.either()?.measurand.clone(), ""),
                (case.name.clone(), ""),
                (side(change.before.as_ref()), ""),
                (side(change.after.as_ref()), tone),
                (
                    by(change),
                    if change.difference.is_some_and(|found| found.is_significant()) { "odd" } else { "" },
                ),
                (limits(change), ""),
            ])
        })
        .collect();
    if !lines.is_empty() {
        text += "<h2>Values</h2>\n";
        text += &table(&["measurand", "case", "before", "after", "difference", "limits"], &lines);
        text += &format!(
            "<p class=\"soft\">{}; ± is the expanded uncertainty (95 %), beyond which five in a hundred values that are the same differ by \
             chance.</p>\n",
            escape(&capital(&pair.shared()))
        );
    }
    text
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
