//! Scenario files that have several paths: each run tells the path it was given, and a bench and a CI job seldom give the same.

use std::collections::{BTreeMap, BTreeSet};

/// By which path a file goes, for each path that some run told: the shortest that all its other paths end in. Where two paths end in the
/// same shorter one but neither in the other, they may be two files, and each keeps its own.
pub(super) fn alike(paths: &BTreeSet<String>) -> BTreeMap<String, String> {
    let names: Vec<(&String, Vec<&str>)> = paths.iter().map(|path| (path, names(path))).collect();
    let ends_in = |long: &[&str], short: &[&str]| long.ends_with(short);
    let goes_by = |own: &[&str]| {
        let mut shorter: Vec<_> = names.iter().filter(|(_, other)| ends_in(own, other)).collect();
        shorter.sort_by_key(|(path, other)| (other.len(), path.len()));
        // All that end in it are paths of one file if each ends in the next shorter one.
        let one = |short: &[&str]| {
            let mut all: Vec<&Vec<&str>> =
                names.iter().map(|(_, other)| other).filter(|other| ends_in(other, short)).collect();
            all.sort_by_key(|other| other.len());
            all.windows(2).all(|pair| matches!(pair, [a, b] if ends_in(b, a)))
        };
        shorter.into_iter().find(|(_, short)| one(short)).map(|(path, _)| (*path).clone())
    };
    names
        .iter()
        .map(|(path, own)| ((*path).clone(), goes_by(own).unwrap_or_else(|| (*path).clone())))
        .collect()
}

/// The folders of a path and its file.
fn names(path: &str) -> Vec<&str> {
    path.split(['/', '\\']).filter(|name| !name.is_empty() && *name != ".").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By which path each of these goes.
    fn told(paths: &[&str]) -> Vec<String> {
        let found = alike(&paths.iter().map(|path| (*path).to_owned()).collect());
        paths.iter().map(|path| found[*path].clone()).collect()
    }

    #[test]
    fn a_file_goes_by_the_shortest_of_its_paths() {
        let paths = ["scenarios/a/x.yaml", "/bench/scenarios/a/x.yaml", "./scenarios/a/x.yaml", "a/x.yaml"];
        assert_eq!(told(&paths), ["a/x.yaml"; 4]);
        assert_eq!(told(&["./x.yaml", "x.yaml"]), ["x.yaml"; 2]);
        assert_eq!(told(&["..\\x.yaml", "../x.yaml"]).iter().collect::<BTreeSet<_>>().len(), 1);
    }

    #[test]
    fn what_may_be_two_files_is_not_taken_for_one() {
        let two = ["x.yaml", "a/x.yaml", "b/x.yaml"];
        assert_eq!(told(&two), two);
        let apart = ["a/x.yaml", "a/y.yaml", "ca/x.yaml"];
        assert_eq!(told(&apart), apart);
        // One of the two has another path still.
        assert_eq!(
            told(&["x.yaml", "a/x.yaml", "/bench/a/x.yaml", "b/x.yaml"]),
            ["x.yaml", "a/x.yaml", "a/x.yaml", "b/x.yaml"]
        );
    }
}
