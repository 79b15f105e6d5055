//! Which parts of a suite that was divided (`--partition hash:1/3`) are not among those that are to be one.

use std::collections::{BTreeMap, BTreeSet};

/// Missing parts that are named; of more their number is told.
const NAMED: usize = 5;

/// What is missing, one sentence for each division: two parts of three, merged, are no suite. `parts` are the partitions of the runs as
/// their records have them, of those that have one.
pub(super) fn missing<'a>(parts: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut divisions: BTreeMap<(&str, u64), BTreeSet<u64>> = BTreeMap::new();
    for (by, part, of) in parts.filter_map(parsed) {
        divisions.entry((by, of)).or_default().insert(part);
    }
    let missing = divisions.iter().filter_map(|((by, of), there)| {
        let count = of.checked_sub(there.len() as u64).filter(|count| *count > 0)?;
        let named: Vec<String> = (1..=*of)
            .filter(|part| !there.contains(part))
            .take(NAMED)
            .map(|part| format!("{by}:{part}/{of}"))
            .collect();
        let more = count.saturating_sub(named.len() as u64);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let verb = if count == 1 { "is" } else { "are" };
        Some(format!("part {}{more} of the suite {verb} not among them", named.join(", ")))
    });
    missing.collect()
}

/// How it is divided, which part, of how many.
fn parsed(partition: &str) -> Option<(&str, u64, u64)> {
    let (by, part) = partition.split_once(':')?;
    let (part, of) = part.split_once('/')?;
    Some((by, part.parse().ok()?, of.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_named_and_a_whole_suite_lacks_nothing() {
        let of = |parts: &[&str]| missing(parts.iter().copied());
        assert!(
            of(&["hash:1/2", "hash:2/2"]).is_empty() && of(&[]).is_empty() && of(&["slice:1/1"]).is_empty()
        );
        assert_eq!(of(&["hash:1/3", "hash:3/3"]), ["part hash:2/3 of the suite is not among them"]);
        assert_eq!(
            of(&["slice:2/4"]),
            ["part slice:1/4, slice:3/4, slice:4/4 of the suite are not among them"]
        );
        // Parts of two divisions are parts of neither.
        assert_eq!(
            of(&["hash:1/2", "slice:2/2"]),
            ["part hash:2/2 of the suite is not among them", "part slice:1/2 of the suite is not among them"]
        );
        let many = of(&["hash:1/18446744073709551615"]);
        assert!(
            many[0].ends_with(
                "hash:6/18446744073709551615 and 18446744073709551609 more of the suite are not among them"
            ),
            "{many:?}"
        );
    }
}
