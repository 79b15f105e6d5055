//! What a reader of a history should know of the runs it is of.

use std::collections::BTreeSet;
use std::path::Path;

use crate::quantity::counted;
use crate::record::Bundle;
use crate::store::chain::Ended;

use super::found::{Found, Query, wants};

/// What is wrong with the runs there are, and which are left out or missing.
pub(super) fn notes(query: &Query, ordered: &[Found], chain: &[Ended], runs: &Path) -> Vec<String> {
    let mut notes = Vec::new();
    for found in ordered {
        let folder = &found.run.folder;
        match &found.trouble {
            Some(trouble) => notes.push(format!("left out: {trouble}")),
            None if found.run.bundle == Bundle::Altered => notes
                .push(format!("left out: {folder} was altered after it ended: `stimrig verify` says what")),
            None => {}
        }
    }
    let dated = ordered.iter().filter(|found| found.started_ns > 0 && found.run.bundle == Bundle::Sealed);
    let dated: Vec<&Found> = dated.collect();
    for pair in dated.windows(2) {
        if let [before, after] = pair
            && before.started_ns > after.started_ns
            && before.run.rig == after.run.rig
        {
            notes.push(format!(
                "they ran at once, or the clock went backwards: {} started {}, the run before it {}; their order is the chain's",
                after.run.folder, after.run.started, before.run.started
            ));
        }
    }
    notes.extend(gone(query, ordered, chain, runs));
    notes.extend(wrong_on_purpose(query, ordered));
    notes
}

/// How many runs the chain lists that are not there: what is left may look better than it was.
fn gone(query: &Query, ordered: &[Found], chain: &[Ended], runs: &Path) -> Option<String> {
    let there: BTreeSet<&str> =
        ordered.iter().flat_map(|found| [found.run.id.as_str(), found.run.folder.as_str()]).collect();
    let asked = |line: &&Ended| {
        let started = started_ns(&line.started);
        query.rig.as_ref().is_none_or(|rig| *rig == line.rig)
            && query.since.is_none_or(|since| started.is_none_or(|started| started >= since))
    };
    // One that has just ended may have been sealed since the others were looked at.
    let away = |line: &&Ended| !there.contains(line.run.as_str()) && !runs.join(&line.run).exists();
    let missing = chain.iter().filter(asked).filter(away).count();
    let verb = if missing == 1 { "run is" } else { "runs are" };
    (missing > 0).then(|| {
        format!("{missing} {verb} in chain.jsonl and not here any more: what was taken away is missing from this history")
    })
}

/// How many runs are left out for what was wrong with their stimulator on purpose.
fn wrong_on_purpose(query: &Query, ordered: &[Found]) -> Option<String> {
    let all = Query { defects: true, ..query.clone() };
    let wrong = ordered.iter().filter(|found| !found.run.defects.is_empty() && wants(&all, found)).count();
    (wrong > 0 && !query.defects).then(|| {
        format!(
            "left out: {} of a stimulator with a deliberate defect (--defects shows them)",
            counted(wrong, "run")
        )
    })
}

/// Nanoseconds since 1970 of an instant; none of what is no instant.
pub(super) fn started_ns(text: &str) -> Option<i64> {
    let started: jiff::Timestamp = text.parse().ok()?;
    i64::try_from(started.as_nanosecond()).ok()
}
