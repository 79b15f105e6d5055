//! Declarative lowering: take keys from a map, read values, collect what is wrong, go on.

use std::cell::RefCell;

use super::{Diagnostic, Key, Kind, Node, Place, Source, Span, nearest};

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
        At { context: self, node, key: None, path: String::new() }
    }

    /// Keeps a problem. The same problem at the same place (once per case of a matrix) is kept once.
    pub fn report(&self, problem: Diagnostic) {
        let mut problems = self.problems.borrow_mut();
        // A `$name` without a value is one problem, not also a bad quantity or word.
        let unresolved =
            |known: &Diagnostic| known.place.span == problem.place.span && known.what.starts_with("`$");
        if problems.iter().any(unresolved) {
            return;
        }
        if problems.len() < MAX_PROBLEMS && !problems.contains(&problem) {
            problems.push(problem);
        }
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

/// A value, its place, and the way to it from the root.
#[derive(Debug, Clone)]
pub struct At<'a> {
    context: &'a Context<'a>,
    node: &'a Node,
    key: Option<Span>,
    path: String,
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

    /// The way to it, such as `steps[2].inject`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The way to it, without the rest.
    pub(super) fn into_path(self) -> String {
        self.path
    }

    /// Where it stands: at its key where that is all there is to see, else at itself.
    pub fn span(&self) -> Span {
        match (&self.node.kind, self.key) {
            (Kind::Scalar { .. }, _) | (_, None) => self.node.span,
            (_, Some(key)) => key,
        }
    }

    /// Its place.
    pub fn place(&self) -> Place {
        self.context.source.place(self.node.span, &self.path)
    }

    /// The place of its key, or its own where it has none.
    pub fn key_place(&self) -> Place {
        self.context.source.place(self.key.unwrap_or(self.node.span), &self.path)
    }

    /// Reports an error at it.
    pub fn error(&self, what: &str, help: Option<&str>) {
        self.context.report(self.place().error(what, help));
    }

    /// Reports an error at its key.
    pub fn key_error(&self, what: &str, help: Option<&str>) {
        self.context.report(self.key_place().error(what, help));
    }

    /// Reports a warning at it.
    pub fn warning(&self, what: &str, help: Option<&str>) {
        self.context.report(self.place().warning(what, help));
    }

    /// The items of a list, or a problem.
    pub fn list(&self) -> Option<Vec<Self>> {
        let Kind::List(items) = &self.node.kind else {
            self.error(&format!("expected a list, found {}", self.described()), Some("such as `[a, b]`"));
            return None;
        };
        let item =
            |(at, node)| At { context: self.context, node, key: None, path: format!("{}[{at}]", self.path) };
        Some(items.iter().enumerate().map(item).collect())
    }

    /// The entries of a map with keys of the user's choosing, or a problem.
    pub fn entries(&self) -> Option<Vec<(&'a Key, Self)>> {
        Some(self.map()?.iter().map(|(key, node)| (key, self.under(key, node))).collect())
    }

    /// The entries of a map as they stand, or a problem.
    fn map(&self) -> Option<&'a [(Key, Node)]> {
        if let Kind::Map(entries) = &self.node.kind {
            return Some(entries);
        }
        let what = format!("expected a map, found {}", self.described());
        self.error(&what, Some("such as `{ key: value }`"));
        None
    }

    /// A map of known keys; every key that is not one of them is a problem.
    pub fn fields(&self, keys: &'static [&'static str]) -> Option<Fields<'a>> {
        let unknown = self.map()?.iter().filter(|(key, _)| !keys.contains(&key.text.as_str()));
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
            Kind::Scalar { text, .. } => format!("`{text}`"),
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a map".to_owned(),
        }
    }

    /// The last word of its path.
    pub fn name(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or(&self.path)
    }

    fn under(&self, key: &Key, node: &'a Node) -> Self {
        let mut path = String::with_capacity(self.path.len() + 1 + key.text.len());
        path.push_str(&self.path);
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(&key.text);
        At { context: self.context, node, key: Some(key.span), path }
    }
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
        debug_assert!(self.keys.contains(&key), "`{key}` is not a declared key of {}", self.at.path);
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
            let what = if self.at.path.is_empty() {
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
