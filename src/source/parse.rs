//! YAML events to a positioned tree, within a budget.

use std::collections::HashMap;

use granit_parser::{ErrorKind, Event, Options, Parser, ScalarStyle};

use super::{Diagnostic, Key, Kind, Node, Source, Span};

/// Nodes a file may hold, its aliases expanded.
const MAX_NODES: usize = 50_000;
/// Levels a file may nest, its aliases expanded.
const MAX_DEPTH: usize = 32;
/// Problems after which a file is given up.
const MAX_PROBLEMS: usize = 100;

/// Reads one YAML document.
///
/// Anchors and merge keys are expanded; tags, keys that are not text, and a second document are refused. The tree is
/// returned together with the problems that do not prevent reading on (duplicate keys), so that all are shown at once.
///
/// # Errors
/// The problem that ended reading, last, after those found before it.
pub fn parse(source: &Source) -> Result<(Node, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut options = Options::default();
    options.emit_comments = false;
    let mut builder = Builder {
        source,
        open: Vec::new(),
        root: None,
        anchors: HashMap::new(),
        nodes: 0,
        problems: Vec::new(),
    };
    for event in Parser::new_from_str_with_options(&source.text, options) {
        let outcome = match event {
            Ok((event, span)) => builder.take(event, position(&span)),
            Err(error) => {
                let mark = error.marker();
                let span = Span { line: mark.line() as u32, column: mark.col() as u32 + 1, length: 1 };
                // The scanner looks ahead, so it may meet the limit before the tree does.
                let what = if *error.kind() == ErrorKind::RecursionLimitExceeded {
                    format!("nested deeper than {MAX_DEPTH} levels")
                } else {
                    format!("not YAML: {}", error.info())
                };
                Err(Box::new(source.place(span, "").error(&what, None)))
            }
        };
        if let Err(fatal) = outcome {
            builder.problems.push(*fatal);
            return Err(builder.problems);
        }
    }
    match builder.root {
        Some(root) if !root.is_null() => Ok((root, builder.problems)),
        _ => {
            builder.problems.push(Diagnostic::of_file(
                &source.name,
                "the file is empty",
                Some("`stimrig new` writes one to start from"),
            ));
            Err(builder.problems)
        }
    }
}

fn position(span: &granit_parser::Span) -> Span {
    let (start, end) = (span.start, span.end);
    let length = if end.line() == start.line() { end.col().saturating_sub(start.col()).max(1) } else { 0 };
    Span { line: start.line() as u32, column: start.col() as u32 + 1, length: length as u32 }
}

/// A list or map whose end has not come yet.
struct Open {
    span: Span,
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map { entries: Entries, merges: Vec<Node>, key: Option<Key> },
}

/// The entries of a map, each key once.
#[derive(Default)]
struct Entries {
    all: Vec<(Key, Node)>,
    /// Keys and their lines, of a map with more entries than are looked through.
    lines: HashMap<String, u32>,
}

impl Entries {
    /// As many keys are compared one by one.
    const FEW: usize = 16;

    /// Adds an entry, or returns the line on which its key stands already.
    fn add(&mut self, key: Key, node: Node) -> Result<(), (Key, u32)> {
        let first = if self.all.len() <= Self::FEW {
            self.all.iter().find(|(own, _)| own.text == key.text).map(|(own, _)| own.span.line)
        } else {
            self.lines.get(&key.text).copied()
        };
        if let Some(line) = first {
            return Err((key, line));
        }
        self.all.push((key, node));
        if self.all.len() > Self::FEW {
            // Those that are not listed yet: all at first, then one at a time.
            let new = self.all.iter().skip(self.lines.len());
            self.lines.extend(new.map(|(key, _)| (key.text.clone(), key.span.line)));
        }
        Ok(())
    }
}

struct Builder<'s> {
    source: &'s Source,
    open: Vec<Open>,
    root: Option<Node>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    problems: Vec<Diagnostic>,
}

type Outcome = Result<(), Box<Diagnostic>>;

impl Builder<'_> {
    fn take(&mut self, event: Event<'_>, span: Span) -> Outcome {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_tag(tag.is_some_and(|tag| tag.core_suffix() != Some("str")), span)?;
                let quoted = style != ScalarStyle::Plain;
                let span = self.within_line(span);
                self.place(
                    Node { span, kind: Kind::Scalar { text: text.into_owned(), quoted } },
                    anchor,
                    (1, 1),
                )
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.refuse_tag(tag.is_some(), span)?;
                self.push(Open { span, anchor, content: Content::List(Vec::new()) })
            }
            Event::MappingStart(_, anchor, tag) => {
                self.refuse_tag(tag.is_some(), span)?;
                let content = Content::Map { entries: Entries::default(), merges: Vec::new(), key: None };
                self.push(Open { span, anchor, content })
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(id) => {
                let Some(node) = self.anchors.get(&id) else {
                    return self.fatal(span, "the alias stands inside its own anchor", None);
                };
                // Counted before it is copied: an alias bomb never unfolds.
                let size = node.size();
                if self.nodes + size.0 > MAX_NODES {
                    return self.fatal(
                        span,
                        &format!("aliases unfold to more than {MAX_NODES} values"),
                        None,
                    );
                }
                let node = node.clone();
                self.place(node, 0, size)
            }
            Event::DocumentStart(..) if self.root.is_some() => {
                self.fatal(span, "a second document begins", Some("one file holds one document"))
            }
            _ => Ok(()),
        }
    }

    fn push(&mut self, open: Open) -> Outcome {
        if self.open.len() >= MAX_DEPTH {
            return self.fatal(open.span, &format!("nested deeper than {MAX_DEPTH} levels"), None);
        }
        self.open.push(open);
        Ok(())
    }

    fn close(&mut self, end: Span) -> Outcome {
        let Some(Open { mut span, anchor, content }) = self.open.pop() else { return Ok(()) };
        let same_line = end.line == span.line && end.column > span.column;
        span.length = if same_line { end.column + end.length - span.column } else { 0 };
        let span = self.within_line(span);
        let kind = match content {
            Content::List(items) => Kind::List(items),
            Content::Map { mut entries, merges, .. } => {
                for (key, value) in merges.into_iter().flat_map(entries_of) {
                    // What is written in the map itself wins over what is merged in, wherever it stands.
                    let _ = entries.add(key, value);
                }
                Kind::Map(entries.all)
            }
        };
        self.place(Node { span, kind }, anchor, (1, 1))
    }

    /// Puts a finished node where it belongs.
    fn place(&mut self, node: Node, anchor: usize, (count, depth): (usize, usize)) -> Outcome {
        self.nodes += count;
        if self.nodes > MAX_NODES {
            return self.fatal(node.span, &format!("more than {MAX_NODES} values"), None);
        }
        if self.open.len() + depth > MAX_DEPTH + 1 {
            return self.fatal(node.span, &format!("nested deeper than {MAX_DEPTH} levels"), None);
        }
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => {
                self.root = Some(node);
                Ok(())
            }
            Some(Content::List(items)) => {
                items.push(node);
                Ok(())
            }
            Some(Content::Map { key: key @ None, .. }) => match node.kind {
                Kind::Scalar { text, .. } => {
                    *key = Some(Key { text, span: node.span });
                    Ok(())
                }
                _ => self.fatal(node.span, "a key must be text", None),
            },
            Some(Content::Map { entries, merges, key }) => {
                let Some(key) = key.take() else { return Ok(()) };
                if key.text == "<<" {
                    if merges_maps(&node) {
                        merges.push(node);
                        return Ok(());
                    }
                    return self.fatal(node.span, "`<<` merges a map, and this is none", None);
                }
                if let Err((key, line)) = entries.add(key, node) {
                    let what = format!("the key `{}` stands here a second time", key.text);
                    let help = format!("the first is on line {line}");
                    self.problems.push(self.source.place(key.span, &key.text).error(&what, Some(&help)));
                    if self.problems.len() >= MAX_PROBLEMS {
                        return self.fatal(key.span, "too many problems to go on", None);
                    }
                }
                Ok(())
            }
        }
    }

    fn refuse_tag(&self, tagged: bool, span: Span) -> Outcome {
        if tagged {
            self.fatal(span, "YAML tags mean nothing here", Some("write the value without `!…`"))
        } else {
            Ok(())
        }
    }

    /// Cuts a span that runs over several lines at the end of its first.
    fn within_line(&self, mut span: Span) -> Span {
        if span.length == 0 {
            let line = self.source.line(span.line).chars().count() as u32;
            span.length = (line + 1).saturating_sub(span.column).max(1);
        }
        span
    }

    fn fatal(&self, span: Span, what: &str, help: Option<&str>) -> Outcome {
        Err(Box::new(self.source.place(self.within_line(span), "").error(what, help)))
    }
}

fn merges_maps(node: &Node) -> bool {
    match &node.kind {
        Kind::Map(_) => true,
        Kind::List(items) => items.iter().all(|item| matches!(item.kind, Kind::Map(_))),
        Kind::Scalar { .. } => false,
    }
}

fn entries_of(node: Node) -> Vec<(Key, Node)> {
    match node.kind {
        Kind::Map(entries) => entries,
        Kind::List(items) => items.into_iter().flat_map(entries_of).collect(),
        Kind::Scalar { .. } => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> Node {
        let (node, problems) = parse(&Source::new("f", text)).unwrap();
        assert!(problems.is_empty(), "{problems:?}");
        node
    }

    fn problems(text: &str) -> Vec<String> {
        match parse(&Source::new("f", text)) {
            Ok((_, problems)) | Err(problems) => problems.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn every_key_and_value_knows_its_place() {
        let node = tree("version: 1\nprogram:\n  width: 200 µs # why\n  contacts: { e1: -100 % }\n");
        let program = node.get("program").unwrap();
        assert_eq!(program.get("width").unwrap().span, Span { line: 3, column: 10, length: 6 });
        assert_eq!(program.get("contacts").unwrap().span, Span { line: 4, column: 13, length: 14 });
        assert_eq!(program.get("contacts").unwrap().inline(), "{e1: -100 %}");
    }

    #[test]
    fn words_and_numbers_stay_what_was_written() {
        let node = tree("a: no\nb: 017\nc: 1_000\nd: \"~\"\ne: ~\n");
        let text = |key: &str| node.get(key).unwrap().as_text().unwrap().to_owned();
        assert_eq!([text("a"), text("b"), text("c")], ["no", "017", "1_000"]);
        assert!(!node.get("d").unwrap().is_null() && node.get("e").unwrap().is_null());
    }

    #[test]
    fn all_duplicate_keys_are_reported_at_their_lines() {
        assert_eq!(
            problems("a: 1\nb: 2\na: 3\nc: {x: 1, x: 2}\n"),
            [
                "f:3:1: error: the key `a` stands here a second time",
                "f:4:11: error: the key `x` stands here a second time"
            ]
        );
    }

    /// Keys of long maps are looked up in another way than those of short ones.
    #[test]
    fn a_key_that_stands_twice_is_found_in_maps_of_any_length() {
        for count in [1, 15, 16, 17, 18, 40] {
            let keys: String = (1..=count).map(|k| format!("k{k}: 1\n")).collect();
            for again in [1, count.min(16), count] {
                assert_eq!(
                    problems(&format!("{keys}k{again}: 2\n")),
                    [format!("f:{}:1: error: the key `k{again}` stands here a second time", count + 1)]
                );
                let first = parse(&Source::new("f", &format!("{keys}k{again}: 2\n"))).unwrap().1;
                assert_eq!(first[0].help, Some(format!("the first is on line {again}")));
            }
            let base: String = (1..=count + 1).map(|k| format!("  k{k}: 3\n")).collect();
            let node = tree(&format!("base: &b\n{base}use:\n  <<: *b\n  {}", keys.replace('\n', "\n  ")));
            let merged = node.get("use").unwrap();
            assert_eq!(merged.get("k1").and_then(Node::as_text), Some("1"));
            assert_eq!(merged.get(&format!("k{count}")).and_then(Node::as_text), Some("1"));
            assert_eq!(merged.get(&format!("k{}", count + 1)).and_then(Node::as_text), Some("3"));
            assert_eq!(merged.size().0, count + 2);
        }
    }

    #[test]
    fn anchors_and_merges_unfold_and_own_keys_win() {
        let node = tree("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\nlist: [*b]\n");
        assert_eq!(node.get("use").unwrap().inline(), "{y: 3, x: 1}");
        assert_eq!(node.get("list").unwrap().inline(), "[{x: 1, y: 2}]");
    }

    #[test]
    fn hostile_files_are_refused_quickly() {
        let started = std::time::Instant::now();
        let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for level in 1..12 {
            let before = level - 1;
            let items = vec![format!("*a{before}"); 10].join(",");
            bomb.push_str(&format!("a{level}: &a{level} [{items}]\n"));
        }
        assert_eq!(problems(&bomb), ["f:5:22: error: aliases unfold to more than 50000 values"]);
        let deep = ["[".repeat(100_000), "{a: ".repeat(100_000), "- ".repeat(100_000)];
        for text in deep {
            let found = problems(&text);
            assert!(found[0].contains("nested deeper than 32 levels"), "{found:?}");
        }
        assert!(problems(&"- x\n".repeat(60_000))[0].contains("more than 50000 values"));
        assert!(started.elapsed().as_secs_f64() < 1.0, "{:?}", started.elapsed());
    }

    #[test]
    fn what_is_not_one_plain_document_is_refused() {
        assert_eq!(problems("a: 1\n---\nb: 2\n"), ["f:2:1: error: a second document begins"]);
        assert_eq!(problems("# nothing\n"), ["f: error: the file is empty"]);
        assert_eq!(problems("a: !x 1\n"), ["f:1:7: error: YAML tags mean nothing here"]);
        assert_eq!(problems("? [a]\n: 1\n"), ["f:1:3: error: a key must be text"]);
        assert!(problems("a: [1, 2\nb: 3")[0].contains("not YAML"), "{:?}", problems("a: [1, 2\nb: 3"));
        assert!(problems("a: *none\n")[0].contains("f:1:4"), "{:?}", problems("a: *none\n"));
    }
}
