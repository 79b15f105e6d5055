//! Where the parts of a lowered file stood, for problems found later.

use std::sync::Arc;

use super::{At, Kind, Node, Place, Source, Span};

/// Path in the tree → place, in the one file that was lowered or in what was laid over it: what was laid over it stands behind.
///
/// Every case has one and hardly any is asked, so the trees are kept as they are and walked when a path is asked for.
#[derive(Debug, Clone, Default)]
pub struct Places(Vec<(Arc<Node>, Arc<Source>)>);

/// Two files that say the same in different places are the same.
impl PartialEq for Places {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Places {
    /// Remembers where the root of a tree and everything under it stand.
    pub fn keep_all(&mut self, root: &At<'_>) {
        self.keep(Arc::new(root.node().clone()), Arc::new(root.context().source().clone()));
    }

    /// As [`Places::keep_all`], of a tree and a file that others keep too.
    pub fn keep(&mut self, root: Arc<Node>, source: Arc<Source>) {
        self.0.push((root, source));
    }

    /// The place of a path, or of the nearest value above it.
    pub fn find(&self, path: &str) -> Place {
        let mut path = path;
        loop {
            if let Some((source, span)) = self.stands(path) {
                return source.place(span, path);
            }
            if path.is_empty() {
                return Place::default();
            }
            path = path.get(..path.rfind(['.', '[']).unwrap_or(0)).unwrap_or("");
        }
    }

    /// True if the value was written.
    pub fn has(&self, path: &str) -> bool {
        self.stands(path).is_some()
    }

    fn stands(&self, path: &str) -> Option<(&Source, Span)> {
        self.0
            .iter()
            .rev()
            .find_map(|(root, source)| Some((source.as_ref(), span_of(root, root.span, path, true)?)))
    }
}

/// Where a value under `node` stands, `rest` being what is left of its path; the last one, for a key may look like a path.
///
/// `here` is where `node` itself stands. Nothing of the path precedes what is `first`.
fn span_of(node: &Node, here: Span, rest: &str, first: bool) -> Option<Span> {
    let under = match &node.kind {
        Kind::Scalar { .. } => None,
        Kind::List(items) => rest.strip_prefix('[').and_then(|rest| {
            let (index, rest) = rest.split_once(']')?;
            let item = items.get(index.parse::<usize>().ok().filter(|at| at.to_string() == index)?)?;
            span_of(item, item.span, rest, false)
        }),
        Kind::Map(entries) => {
            let rest = if first { Some(rest) } else { rest.strip_prefix('.') };
            entries.iter().rev().find_map(|(key, value)| {
                let rest = rest?.strip_prefix(key.text.as_str())?;
                let here = if matches!(value.kind, Kind::Scalar { .. }) { value.span } else { key.span };
                // Behind a key without a name the path is still empty.
                span_of(value, here, rest, first && key.text.is_empty())
            })
        }
    };
    under.or_else(|| rest.is_empty().then_some(here))
}

#[cfg(test)]
mod tests {
    use super::super::{Context, parse};
    use super::*;

    fn keep(places: &mut Places, name: &str, text: &str) {
        let source = Source::new(name, text);
        let (node, problems) = parse(&source).unwrap();
        assert!(problems.is_empty(), "{problems:?}");
        places.keep_all(&Context::new(&source, problems).root(&node));
    }

    fn kept(text: &str) -> Places {
        let mut places = Places::default();
        keep(&mut places, "f", text);
        places
    }

    /// File, line, column and length of what is found.
    fn found(places: &Places, path: &str) -> (String, u32, u32, u32) {
        let place = places.find(path);
        assert!(place.path == path || !places.has(path), "{place:?}");
        (place.file, place.span.line, place.span.column, place.span.length)
    }

    #[test]
    fn a_path_leads_to_its_value_or_to_the_key_of_what_is_below() {
        let places = kept("version: 1\nsteps:\n  - start\n  - inject: { open-lead: e1 }\n    as: cut\n");
        let at = |path: &str| {
            let (_, line, column, length) = found(&places, path);
            (line, column, length)
        };
        assert_eq!(at("version"), (1, 10, 1), "a value stands at itself");
        assert_eq!(at("steps"), (2, 1, 5), "a list at its key");
        assert_eq!(at("steps[0]"), (3, 5, 5));
        assert_eq!(at("steps[1].inject"), (4, 5, 6));
        assert_eq!(at("steps[1].inject.open-lead"), (4, 26, 2));
        assert_eq!(at("steps[1].as"), (5, 9, 3));
        assert_eq!(places.find("steps[1].as").excerpt, "    as: cut");
    }

    #[test]
    fn what_was_not_written_stands_where_the_nearest_above_it_does() {
        let places = kept("a:\n  b: [x, { c: 1 }]\n");
        for (path, above) in [
            ("a.b[1].d.e", "a.b[1]"),
            ("a.b[7]", "a.b"),
            ("a.b[01]", "a.b"),
            ("a.b[+1]", "a.b"),
            ("a.bc", "a"),
            ("a.b.c", "a.b"),
            ("b", ""),
        ] {
            assert!(!places.has(path) && places.has(above), "{path}");
            assert_eq!(places.find(path), places.find(above), "{path}");
        }
        assert_eq!(Places::default().find("a"), Place::default());
    }

    #[test]
    fn what_is_laid_over_a_file_hides_what_it_repeats() {
        let mut places = kept("sim: { seed: 1, gain: 2 }\n");
        keep(&mut places, "--set", "sim: { seed: 7 }\n");
        assert_eq!(found(&places, "sim.seed").0, "--set");
        assert_eq!(found(&places, "sim.gain").0, "f");
        assert_eq!(found(&places, "sim.other").0, "--set", "it stands in both, and the last counts");
    }

    #[test]
    fn a_key_may_look_like_a_path() {
        let places = kept("a.b: 1\na: { b: 2, '[0]': 3, '': { c: 4 } }\n'': { d: 5 }\n");
        assert_eq!(found(&places, "a.b").1, 2, "the last of both");
        assert_eq!(found(&places, "a.[0]").1, 2);
        assert_eq!(found(&places, "a..c").1, 2);
        assert_eq!(found(&places, "d").1, 3);
        assert_eq!(found(&kept("- x\n- [y]\n"), "[1][0]").1, 2);
    }
}
