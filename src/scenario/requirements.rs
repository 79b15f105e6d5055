//! `requirements.yaml`: what the ids under `verifies:` demand.

use crate::source::{Context, Diagnostic, Kind, Source, parse};

/// One requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// Its id, as scenarios name it.
    pub id: String,
    /// What it demands.
    pub text: String,
    /// Line in its file, from 1.
    pub line: u32,
}

/// Reads a file of `id: text`.
///
/// # Errors
/// Everything that is wrong with it: no map, an id twice (found while it is parsed), a text that is none.
pub fn read_requirements(source: &Source) -> Result<Vec<Requirement>, Vec<Diagnostic>> {
    let (root, problems) = parse(source)?;
    let context = Context::new(source, problems);
    let at = context.root(&root);
    let mut requirements = Vec::new();
    match &root.kind {
        Kind::Map(entries) => {
            for (key, value) in entries {
                match value.as_text().map(str::trim).filter(|_| !value.is_null()) {
                    Some(text) if !text.is_empty() => requirements.push(Requirement {
                        id: key.text.clone(),
                        text: text.to_owned(),
                        line: key.span.line,
                    }),
                    _ => {
                        let what = format!("`{}` demands nothing: expected a sentence", key.text);
                        context.report(source.place(value.span, &key.text).error(&what, None));
                    }
                }
            }
        }
        _ => at.error("expected a map of requirement ids and what they demand", Some("SYS-1: a sentence")),
    }
    if context.failed() { Err(context.finish()) } else { Ok(requirements) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_texts_are_read_and_what_is_none_is_placed() {
        let read = |text: &str| read_requirements(&Source::new("requirements.yaml", text));
        let found = read("A-1: One.\nA-2: >\n  Two\n  lines.\n").unwrap();
        assert_eq!((found[0].id.as_str(), found[1].text.as_str(), found[1].line), ("A-1", "Two lines.", 2));
        let problems = read("A-1: One.\nA-2:\nA-3: [x]\n").unwrap_err();
        let lines: Vec<u32> = problems.iter().map(|problem| problem.place.span.line).collect();
        assert_eq!(lines, [2, 3], "{problems:?}");
        assert!(read("- A-1\n").unwrap_err()[0].what.contains("map"));
        assert!(!read("A-1: One.\nA-1: Two.\n").unwrap_err().is_empty());
    }
}
