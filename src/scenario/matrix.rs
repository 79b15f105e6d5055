//! The matrix of a scenario: its combinations, and `$name` replaced by its value.

use std::collections::HashSet;

use crate::source::{At, Kind, Node, Severity, nearest};

/// Combinations beyond this are a mistake, not a test plan.
const MAX_CASES: usize = 10_000;

/// One combination: name → value, in matrix order.
pub(super) type Combination<'a> = Vec<(&'a str, &'a Node)>;

/// Every combination that is not excluded, the last name varying fastest; one empty combination without a matrix.
pub(super) fn combinations<'a>(matrix: Option<&At<'a>>) -> Option<Vec<Combination<'a>>> {
    let Some(matrix) = matrix else { return Some(vec![Vec::new()]) };
    let mut axes: Vec<(&'a str, Vec<At<'a>>)> = Vec::new();
    let mut excluded = Vec::new();
    for (key, at) in matrix.entries()? {
        if key.text == "exclude" {
            excluded = at.list().unwrap_or_default();
            continue;
        }
        if !is_name(&key.text) {
            at.key_error(
                &format!("`{}` cannot be used as `${}`", key.text, key.text),
                Some("letters, digits, `_` and `-`"),
            );
        }
        let values = at.list()?;
        if values.is_empty() {
            at.error(&format!("`{}` has no values, so the matrix is empty", key.text), None);
            return None;
        }
        let mut seen = HashSet::new();
        for value in values.iter().filter(|value| !seen.insert(value.node().inline())) {
            let what = format!(
                "{} stands in `{}` before: two cases would have one name",
                value.described(),
                key.text
            );
            value.error(&what, Some("take one of them away"));
        }
        axes.push((&key.text, values));
    }
    if axes.is_empty() {
        matrix.error("the matrix is empty", Some("such as `amplitude: [0.5 mA, 2 mA]`"));
        return None;
    }
    let total = axes.iter().try_fold(1_usize, |total, (_, values)| total.checked_mul(values.len()));
    if total.is_none_or(|total| total > MAX_CASES) {
        matrix.error(&format!("more than {MAX_CASES} combinations"), None);
        return None;
    }
    let mut all: Vec<Combination<'a>> = vec![Vec::new()];
    for (name, values) in &axes {
        let extend = |so_far: &Combination<'a>| {
            let so_far = so_far.clone();
            values
                .iter()
                .map(move |value| so_far.iter().copied().chain([(*name, value.node())]).collect())
                .collect::<Vec<_>>()
        };
        all = all.iter().flat_map(extend).collect();
    }
    for pattern in &excluded {
        exclude(pattern, &axes, &mut all);
    }
    if all.is_empty() {
        matrix.key_error("every combination of the matrix is excluded", None);
        return None;
    }
    Some(all)
}

fn exclude(pattern: &At<'_>, axes: &[(&str, Vec<At<'_>>)], all: &mut Vec<Combination<'_>>) -> Option<()> {
    let entries = pattern.entries()?;
    if entries.is_empty() {
        pattern.error("this excludes every combination", None);
        return None;
    }
    for (key, value) in &entries {
        let axis = axes.iter().find(|(name, _)| *name == key.text);
        match axis {
            None => value.key_error(&format!("`{}` is not in the matrix", key.text), None),
            Some((_, values)) if values.iter().all(|own| own.node().inline() != value.node().inline()) => {
                value.error(
                    &format!("{} is not one of the values of `{}`", value.described(), key.text),
                    None,
                );
            }
            Some(_) => {}
        }
    }
    let matches = |combination: &Combination<'_>| {
        entries.iter().all(|(key, value)| {
            combination.iter().any(|(name, own)| *name == key.text && own.inline() == value.node().inline())
        })
    };
    all.retain(|combination| !matches(combination));
    Some(())
}

/// The scenario's tree with every whole value `$name` replaced; `None` where it has no such value. Names that are not in the
/// matrix are reported, and so are those of the matrix that nothing uses.
pub(super) fn substitute(root: &At<'_>, combination: &Combination<'_>) -> Option<Node> {
    let mut used = vec![false; combination.len()];
    let node = has_names(root.node(), true).then(|| {
        let mut node = root.node().clone();
        let known = replace(&mut node, combination, &mut used, true);
        if !known {
            report_unknown(root, combination, true);
        }
        node
    });
    if used.contains(&false)
        && let Some(matrix) = root.children().iter().find(|child| child.path() == "matrix")
    {
        for ((name, _), used) in combination.iter().zip(used) {
            if let Some(axis) = matrix.children().iter().find(|child| !used && child.name() == *name) {
                let what = format!("`{name}` varies nothing: no value is `${name}`");
                axis.context().report(axis.key_place().diagnostic(Severity::Warning, &what, None));
            }
        }
    }
    node
}

/// Whether a value is a `$name`, outside of the `matrix` at the `top`.
fn has_names(node: &Node, top: bool) -> bool {
    match &node.kind {
        Kind::Scalar { .. } => name_in(node).is_some(),
        Kind::List(items) => items.iter().any(|item| has_names(item, false)),
        Kind::Map(entries) => {
            entries.iter().any(|(key, value)| !(top && key.text == "matrix") && has_names(value, false))
        }
    }
}

/// Puts values in the place of their names. False if a name has none, and stays.
fn replace(node: &mut Node, combination: &Combination<'_>, used: &mut [bool], top: bool) -> bool {
    if let Some(name) = name_in(node) {
        let mut found = combination.iter().zip(used).filter(|((own, _), _)| *own == name);
        let Some(((_, value), used)) = found.next() else { return false };
        *used = true;
        *node = (*value).clone();
        return true;
    }
    // What follows a name without a value is replaced too: all of them are told.
    let mut known = true;
    match &mut node.kind {
        Kind::Scalar { .. } => {}
        Kind::List(items) => {
            for item in items {
                known &= replace(item, combination, used, false);
            }
        }
        Kind::Map(entries) => {
            for (_, value) in entries.iter_mut().filter(|(key, _)| !(top && key.text == "matrix")) {
                known &= replace(value, combination, used, false);
            }
        }
    }
    known
}

fn report_unknown(at: &At<'_>, combination: &Combination<'_>, top: bool) {
    for child in at.children() {
        if !(top && child.path() == "matrix") {
            report_unknown(&child, combination, false);
        }
    }
    let Some(name) = name_in(at.node()) else { return };
    if combination.iter().all(|(own, _)| *own != name) {
        let near = nearest(name, combination.iter().map(|(own, _)| *own))
            .map(|near| format!("did you mean `${near}`?"));
        at.error(&format!("`${name}` is not in the matrix"), near.as_deref());
    }
}

/// The name of a value `$name`.
fn name_in(node: &Node) -> Option<&str> {
    node.as_text().and_then(|text| text.strip_prefix('$')).filter(|name| is_name(name))
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Context, Diagnostic, Source, parse};

    /// The trees of all combinations on one line each, `None` where nothing is replaced, and what is said.
    fn trees(text: &str) -> (Vec<Option<String>>, Vec<String>) {
        let source = Source::new("f", text);
        let (node, problems) = parse(&source).unwrap();
        let context = Context::new(&source, problems);
        let root = context.root(&node);
        let matrix = root.children().into_iter().find(|child| child.path() == "matrix");
        let all = combinations(matrix.as_ref()).unwrap();
        let program = |tree: Node| tree.get("program").unwrap().inline();
        let trees = all.iter().map(|combination| substitute(&root, combination).map(program)).collect();
        let said = |problem: Diagnostic| format!("{problem}; {}", problem.help.as_deref().unwrap_or(""));
        (trees, context.finish().into_iter().map(said).collect())
    }

    #[test]
    fn a_tree_is_copied_only_where_a_name_stands_in_it() {
        assert_eq!(trees("program: { a: 1, b: [x, $, $1, a$b] }\n"), (vec![None], Vec::new()));
        let (found, said) = trees("matrix: { a: [$b, 2] }\nprogram: { a: 1 }\n");
        assert_eq!(found, [None, None], "what stands in the matrix is a value, and no name");
        assert_eq!(said, ["f:1:11: warning: `a` varies nothing: no value is `$a`; "]);
    }

    #[test]
    fn names_are_replaced_by_whole_values_wherever_they_stand() {
        let matrix = "matrix: { a: [1 mA, { ratio: 4 }], b: [$a, y] }\n";
        let (found, said) = trees(&format!("{matrix}program: {{ p: $a, q: [x, [$b]], matrix: $b }}\n"));
        let tree = |a: &str, b: &str| Some(format!("{{p: {a}, q: [x, [{b}]], matrix: {b}}}"));
        let ratio = "{ratio: 4}";
        assert_eq!(found, [tree("1 mA", "$a"), tree("1 mA", "y"), tree(ratio, "$a"), tree(ratio, "y")]);
        assert_eq!(said, Vec::<String>::new());
    }

    #[test]
    fn a_name_that_is_not_in_the_matrix_stays_and_is_told_of_once() {
        let (found, said) = trees("matrix: { amp: [1, 2] }\nprogram: [$amp, $amb, $w]\n");
        assert_eq!(found, ["[1, $amb, $w]", "[2, $amb, $w]"].map(|tree| Some(tree.to_owned())));
        assert_eq!(
            said,
            [
                "f:2:17: error: `$amb` is not in the matrix; did you mean `$amp`?",
                "f:2:23: error: `$w` is not in the matrix; ",
            ]
        );
        assert_eq!(trees("program: $w\n").1, ["f:1:10: error: `$w` is not in the matrix; "]);
    }
}
