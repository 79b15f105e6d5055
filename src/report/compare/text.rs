//! The comparison for a terminal.

use crate::plot::harmless;
use crate::quantity::counted;
use crate::record::instant;

use super::{Pair, bench, by, limits, outcomes, short, side, what};

/// What is other, worst first.
pub fn text(pair: &Pair<'_>) -> String {
    harmless::lines(&whole(pair))
}

fn whole(pair: &Pair<'_>) -> String {
    let line = |record: &crate::record::RunRecord| {
        let outcome = record.outcome.map_or("nothing ran", crate::record::Outcome::name);
        let cases = counted(record.cases.len(), "case");
        format!("{}  {}  {outcome}, {cases} on {}\n", record.id, instant(&record.started), bench(record))
    };
    let mut out: String = pair.remarks.iter().map(|remark| format!("note: {remark}\n")).collect();
    out += &format!("before  {}after   {}", line(pair.before), line(pair.after));
    for (what, before, after) in &pair.found.about {
        out += &format!("  {what}: {} → {}\n", short(before), short(after));
    }
    out += &format!("{}\n", pair.verdict());
    let differences = pair.found.cases.iter().flat_map(|case| &case.checks);
    if differences.clone().any(|change| change.difference.is_some()) {
        out += &format!("  {}\n", pair.shared());
    }
    for case in &pair.found.cases {
        let worse = if case.is_regression() { "WORSE  " } else { "" };
        let what = what(case);
        let what = if what.is_empty() { what } else { format!("  ({what})") };
        out += &format!("\n{worse}{}  {}{what}\n", outcomes(case), case.name);
        for change in &case.checks {
            let Some(check) = change.either() else { continue };
            let parts = [
                format!("{} → {}", side(change.before.as_ref()), side(change.after.as_ref())),
                by(change),
                limits(change),
            ];
            let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            out += &format!("  {}  {}\n", check.measurand, parts.join("  "));
        }
    }
    out
}
