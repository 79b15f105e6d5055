//! Declarative lowering: take keys from a map, read values, collect what is wrong, go on.

use std::cell::RefCell;

use super::{Diagnostic, Key, Kind, Node, Place, Severity, Source, Span, nearest};

/// More than anyone repairs at once; a hostile file could have thousands.
const MAX_PROBLEMS: usize = 100;

/// The file being lowered and the problems found so far.
#[derive(Debug)]
pub struct Context<'s> {
    source: &'s Source,
    problems: RefCell<Vec<Diagnostic>>,
}

impl<'s> Context<'s> {
    /// Nothing found yet but what reading the text found.
    pub fn new(source: &'s Source, problems: Vec<Diagnostic>) -> Self {
        Self { source, problems: RefCell::new(problems) }
    }

    /// The file being lowered.
    pub fn source(&self) -> &'s Source {
        self.source
    }

    /// The tree's root.
    pub fn root<'a>(&'a self, node: &'a Node) -> At<'a>
    where
        's: 'a,
    {
        At { context: self, root: node, node, key: None }
    }

    /// Keeps a problem. The same problem at the same place (once per case of a matrix) is kept once.
    pub fn report(&self, problem: Diagnostic) {
        if self.takes(problem.place.span) && !self.problems.borrow().contains(&problem) {
            self.problems.borrow_mut().push(problem);
        }
    }

    /// Whether a problem at a place is kept: not beyond the many there are already, and not beside a `$name` without a value,
    /// which is one problem and not also a bad quantity or word.
    fn takes(&self, span: Span) -> bool {
        let problems = self.problems.borrow();
        let unresolved = |known: &Diagnostic| known.place.span == span && known.what.starts_with("`$");
        problems.len() < MAX_PROBLEMS && !problems.iter().any(unresolved)
    }

    /// True once anything found so far forbids a run.
    pub fn failed(&self) -> bool {
        self.problems.borrow().iter().any(Diagnostic::is_error)
    }

    /// Everything found, in file order.
    pub fn finish(self) -> Vec<Diagnostic> {
        let mut problems = self.problems.into_inner();
        problems.sort_by(|one, other| {
            let key = |problem: &Diagnostic| (problem.place.span.line, problem.place.span.column);
            one.place.file.cmp(&other.place.file).then(key(one).cmp(&key(other)))
        });
        problems
    }
}

/// A value, its place, and the tree it stands in.
#[derive(Debug, Clone)]
pub struct At<'a> {
    context: &'a Context<'a>,
    root: &'a Node,
    node: &'a Node,
    key: Option<Span>,
}

impl<'a> At<'a> {
    /// The value itself.
    pub fn node(&self) -> &'a Node {
        self.node
    }

    /// The file being lowered and its problems.
    pub fn context(&self) -> &'a Context<'a> {
        self.context
    }

    /// The way to it from the root, such as `steps[2].inject`. It is looked for in the whole tree: most values are never asked.
    pub fn path(&self) -> String {
        path_of(self.root, self.node)
    }

    /// The place of its key, or its own where it has none.
    pub fn key_place(&self) -> Place {
        self.context.source.place(self.key_span(), &self.path())
    }

    /// The line of its key, or its own where it has none, as far as a diagnostic shows it.
    pub fn key_excerpt(&self) -> &'a str {
        self.context.source.excerpt(self.key_span())
    }

    /// Where its key stands, or itself where it has none.
    pub fn key_span(&self) -> Span {
        self.key.unwrap_or(self.node.span)
    }

    /// Reports an error at it.
    pub fn error(&self, what: &str, help: Option<&str>) {
        self.report(self.node.span, Severity::Error, what, help);
    }

    /// Reports an error at its key.
    pub fn key_error(&self, what: &str, help: Option<&str>) {
        self.report(self.key_span(), Severity::Error, what, help);
    }

    /// Reports a warning at it.
    pub fn warning(&self, what: &str, help: Option<&str>) {
        self.report(self.node.span, Severity::Warning, what, help);
    }

    /// Reports a problem; its path is not looked for where nobody would see it.
    fn report(&self, span: Span, severity: Severity, what: &str, help: Option<&str>) {
        if self.context.takes(span) {
            let place = self.context.source.place(span, &self.path());
            self.context.report(place.diagnostic(severity, what, help));
        }
    }

    /// The items of a list, or a problem.
    pub fn list(&self) -> Option<Vec<Self>> {
        let Kind::List(items) = &self.node.kind else {
            let such = match &self.node.kind {
                Kind::Scalar { text, .. } if !self.node.is_null() => {
                    format!("such as `[{}]`", shortened(text))
                }
                _ => "such as `[a, b]`".to_owned(),
            };
            self.error(&format!("expected a list, found {}", self.described()), Some(&such));
            return None;
        };
        Some(items.iter().map(|node| At { node, key: None, ..self.clone() }).collect())
    }

    /// The entries of a map with keys of the user's choosing, or a problem.
    pub fn entries(&self) -> Option<Vec<(&'a Key, Self)>> {
        self.entries_or(|| "such as `{ key: value }`".to_owned())
    }

    /// The same, where a problem needs a help of its own.
    pub fn entries_or(&self, help: impl FnOnce() -> String) -> Option<Vec<(&'a Key, Self)>> {
        Some(self.map(help)?.iter().map(|(key, node)| (key, self.under(key, node))).collect())
    }

    /// The entries of a map as they stand, or a problem.
    fn map(&self, help: impl FnOnce() -> String) -> Option<&'a [(Key, Node)]> {
        if let Kind::Map(entries) = &self.node.kind {
            return Some(entries);
        }
        let what = format!("expected a map, found {}", self.described());
        self.error(&what, Some(&help()));
        None
    }

    /// A map of known keys; every key that is not one of them is a problem.
    pub fn fields(&self, keys: &'static [&'static str]) -> Option<Fields<'a>> {
        let help = || match keys {
            [] => "write `{}`".to_owned(),
            keys => format!("a map takes these keys: {}", keys.join(", ")),
        };
        let unknown = self.map(help)?.iter().filter(|(key, _)| !keys.contains(&key.text.as_str()));
        for (key, node) in unknown.take(MAX_PROBLEMS) {
            let what = format!("unknown key `{}`", key.text);
            let help = suggestion(&key.text, keys.iter().copied());
            self.under(key, node).key_error(&what, Some(&help));
        }
        Some(Fields { at: self.clone(), keys })
    }

    /// The values directly under it; none for text.
    pub fn children(&self) -> Vec<Self> {
        match &self.node.kind {
            Kind::Scalar { .. } => Vec::new(),
            Kind::List(_) => self.list().unwrap_or_default(),
            Kind::Map(entries) => entries.iter().map(|(key, node)| self.under(key, node)).collect(),
        }
    }

    /// What it is, for a message.
    pub fn described(&self) -> String {
        match &self.node.kind {
            Kind::Scalar { .. } if self.node.is_null() => "nothing".to_owned(),
            Kind::Scalar { text, .. } => format!("`{}`", shortened(text)),
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a map".to_owned(),
        }
    }

    /// The last word of its path.
    pub fn name(&self) -> String {
        let path = self.path();
        path.rsplit('.').next().map(str::to_owned).unwrap_or(path)
    }

    fn under(&self, key: &Key, node: &'a Node) -> Self {
        At { node, key: Some(key.span), ..self.clone() }
    }
}

/// The beginning of a text that is too long to be said again; a file of another kind is one text.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut letters = text.chars();
    let head: String = letters.by_ref().take(LONGEST).collect();
    if letters.next().is_some() { format!("{}…", head.trim_end()) } else { head }
}

/// One step of a path.
enum Step<'n> {
    Key(&'n str),
    Index(usize),
}

/// The way from a tree's root to a node of it.
fn path_of(root: &Node, node: &Node) -> String {
    let mut steps = Vec::new();
    lead(root, node, &mut steps);
    let mut path = String::new();
    for step in steps.iter().rev() {
        match step {
            Step::Key(key) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key);
            }
            Step::Index(index) => path.push_str(&format!("[{index}]")),
        }
    }
    path
}

/// Whether `node` is `from` or below it; if so, the steps to it are added, the last one first.
fn lead<'n>(from: &'n Node, node: &Node, steps: &mut Vec<Step<'n>>) -> bool {
    if std::ptr::eq(from, node) {
        return true;
    }
    let step = match &from.kind {
        Kind::Scalar { .. } => None,
        Kind::List(items) => items.iter().position(|item| lead(item, node, steps)).map(Step::Index),
        Kind::Map(entries) => {
            let found = entries.iter().find(|(_, value)| lead(value, node, steps));
            found.map(|(key, _)| Step::Key(&key.text))
        }
    };
    let found = step.is_some();
    steps.extend(step);
    found
}

/// A map whose known keys are taken one by one.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    at: At<'a>,
    keys: &'static [&'static str],
}

impl<'a> Fields<'a> {
    /// The map itself.
    pub fn at(&self) -> &At<'a> {
        &self.at
    }

    /// True if the key is written.
    pub fn has(&self, key: &str) -> bool {
        self.at.node.get(key).is_some()
    }

    /// The value of an optional key; a key without a value is a problem.
    pub fn get(&self, key: &str) -> Option<At<'a>> {
        debug_assert!(self.keys.contains(&key), "`{key}` is not a declared key of {}", self.at.path());
        let Kind::Map(entries) = &self.at.node.kind else { return None };
        let (key, node) = entries.iter().find(|(own, _)| own.text == key)?;
        let at = self.at.under(key, node);
        if node.is_null() {
            at.key_error(&format!("`{}` has no value", key.text), None);
            return None;
        }
        Some(at)
    }

    /// The value of a key that must be there.
    pub fn require(&self, key: &str) -> Option<At<'a>> {
        if !self.has(key) {
            let what = if self.at.path().is_empty() {
                format!("`{key}` is missing")
            } else {
                format!("`{}` needs `{key}`", self.at.name())
            };
            self.at.key_error(&what, None);
            return None;
        }
        self.get(key)
    }

    /// Checks `version: 1`, which every file must state.
    pub fn check_version(&self) {
        let Some(at) = self.require("version") else { return };
        if at.node.as_text() != Some("1") {
            at.error(
                &format!("version {} is not known", at.described()),
                Some("this stimrig reads version 1"),
            );
        }
    }

    /// The value of an optional key as `read` understands it, or the default: also after a problem, so that lowering
    /// goes on.
    pub fn or<T>(&self, key: &str, default: T, read: impl FnOnce(&At<'a>) -> Option<T>) -> T {
        self.get(key).and_then(|at| read(&at)).unwrap_or(default)
    }
}

/// What to say about a word that is not one of the known ones.
pub(super) fn suggestion<'w>(word: &str, known: impl Iterator<Item = &'w str> + Clone) -> String {
    if known.clone().next().is_none() {
        return "there are none here".to_owned();
    }
    match nearest(word, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("one of: {}", known.collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    #[test]
    fn every_value_knows_the_way_to_it() {
        let source = Source::new("f", "a:\n  b: [x, [y, { c: z }]]\n  d: x\n");
        let (node, problems) = parse(&source).unwrap();
        let context = Context::new(&source, problems);
        let mut paths = Vec::new();
        let mut open = vec![context.root(&node)];
        while let Some(at) = open.pop() {
            paths.push((at.path(), at.name()));
            open.extend(at.children().into_iter().rev());
        }
        let expected = [
            ("", ""),
            ("a", "a"),
            ("a.b", "b"),
            ("a.b[0]", "b[0]"),
            ("a.b[1]", "b[1]"),
            ("a.b[1][0]", "b[1][0]"),
            ("a.b[1][1]", "b[1][1]"),
            ("a.b[1][1].c", "c"),
            ("a.d", "d"),
        ];
        assert_eq!(paths, expected.map(|(path, name)| (path.to_owned(), name.to_owned())));
    }

    #[test]
    fn a_text_that_is_no_map_is_said_in_part_and_with_the_keys_that_are_due() {
        let text = format!("{}\n", "root:x:0:0 ".repeat(400));
        let source = Source::new("f", &text);
        let (node, problems) = parse(&source).unwrap();
        let context = Context::new(&source, problems);
        assert!(context.root(&node).fields(&["up", "law"]).is_none());
        let found = context.finish();
        assert!(found[0].what.chars().count() < 80 && found[0].what.ends_with("…`"), "{}", found[0].what);
        assert!(
            found[0].help.as_deref().is_some_and(|help| help.ends_with("up, law")),
            "{:?}",
            found[0].help
        );
    }

    #[test]
    fn of_very_many_problems_the_first_hundred_are_kept() {
        let text: String = (0..40_000).map(|k| format!("- x{k}\n")).collect();
        let source = Source::new("f", &text);
        let (node, problems) = parse(&source).unwrap();
        let context = Context::new(&source, problems);
        for at in context.root(&node).children() {
            at.error("wrong", None);
        }
        let found = context.finish();
        assert_eq!(found.len(), MAX_PROBLEMS);
        assert_eq!((found[99].place.path.as_str(), found[99].place.span.line), ("[99]", 100));
    }
}
