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

/// The scenario's tree with every whole value `$name` replaced. Names that are not in the matrix are reported, and so
/// are those of the matrix that nothing uses.
pub(super) fn substitute(root: &At<'_>, combination: &Combination<'_>) -> Node {
    let mut used = vec![false; combination.len()];
    let node = replaced(root, combination, &mut used, true);
    if let Some(matrix) = root.children().iter().find(|child| child.path() == "matrix") {
        for ((name, _), used) in combination.iter().zip(used) {
            if let Some(axis) = matrix.children().iter().find(|child| !used && child.name() == *name) {
                let what = format!("`{name}` varies nothing: no value is `${name}`");
                axis.context().report(axis.key_place().diagnostic(Severity::Warning, &what, None));
            }
        }
    }
    node
}

fn replaced(at: &At<'_>, combination: &Combination<'_>, used: &mut [bool], top: bool) -> Node {
    let node = at.node();
    let name = node.as_text().and_then(|text| text.strip_prefix('$')).filter(|name| is_name(name));
    if let Some(name) = name {
        let mut found = combination.iter().zip(used.iter_mut()).filter(|((own, _), _)| *own == name);
        if let Some(((_, value), used)) = found.next() {
            *used = true;
            return (*value).clone();
        }
        let near = nearest(name, combination.iter().map(|(own, _)| *own))
            .map(|near| format!("did you mean `${near}`?"));
        at.error(&format!("`${name}` is not in the matrix"), near.as_deref());
        return node.clone();
    }
    let kind = match &node.kind {
        Kind::Scalar { .. } => return node.clone(),
        Kind::List(_) => {
            Kind::List(at.children().iter().map(|child| replaced(child, combination, used, false)).collect())
        }
        Kind::Map(entries) => {
            let child = |(child, (key, _)): (&At<'_>, &(crate::source::Key, Node))| {
                let own = top && key.text == "matrix";
                (
                    key.clone(),
                    if own { child.node().clone() } else { replaced(child, combination, used, false) },
                )
            };
            Kind::Map(at.children().iter().zip(entries).map(child).collect())
        }
    };
    Node { span: node.span, kind }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}
