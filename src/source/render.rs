//! Diagnostics as a person reads them: the line, a caret, what to do.

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode,
    SourceSpan, SpanContents,
};

use super::{Diagnostic, Place, Severity};

/// All diagnostics, each beginning with its `file:line:column: error: …` line. `color` as the terminal and `NO_COLOR`
/// allow.
pub fn render(diagnostics: &[Diagnostic], color: bool) -> String {
    let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(110).with_links(false);
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&diagnostic.to_string());
        text.push('\n');
        let mut shown = String::new();
        if !diagnostic.place.excerpt.is_empty()
            && handler.render_report(&mut shown, &Excerpt::of(diagnostic)).is_ok()
        {
            // The handler repeats the message on its first lines; ours above is the one editors understand.
            for line in shown.lines().skip_while(|line| !line.contains('╭')).skip(1) {
                text.push_str(line.trim_end());
                text.push('\n');
            }
        } else if let Some(help) = &diagnostic.help {
            text.push_str(&format!("  help: {help}\n"));
        }
    }
    text
}

/// A diagnostic with the one line of its file that it carries.
#[derive(Debug)]
struct Excerpt<'d> {
    diagnostic: &'d Diagnostic,
    start: usize,
    length: usize,
}

impl<'d> Excerpt<'d> {
    fn of(diagnostic: &'d Diagnostic) -> Self {
        let Place { span, excerpt, .. } = &diagnostic.place;
        let bytes = |characters: usize| excerpt.chars().take(characters).map(char::len_utf8).sum::<usize>();
        let start = bytes(span.column.saturating_sub(1) as usize);
        let end = bytes(span.column.saturating_sub(1) as usize + span.length as usize);
        Self { diagnostic, start, length: end.saturating_sub(start) }
    }
}

impl std::fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.diagnostic.what)
    }
}

impl std::error::Error for Excerpt<'_> {}

impl miette::Diagnostic for Excerpt<'_> {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.diagnostic.help.as_ref().map(|help| Box::new(help) as Box<dyn std::fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.diagnostic.place)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = Some(self.diagnostic.place.path.clone()).filter(|path| !path.is_empty());
        Some(Box::new(std::iter::once(LabeledSpan::new(label, self.start, self.length))))
    }
}

impl SourceCode for Place {
    fn read_span<'a>(
        &'a self,
        _: &SourceSpan,
        _: usize,
        _: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let whole = SourceSpan::new(0.into(), self.excerpt.len());
        let line = self.span.line.saturating_sub(1) as usize;
        Ok(Box::new(MietteSpanContents::new(self.excerpt.as_bytes(), whole, line, 0, 1)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Source, Span};
    use super::*;

    #[test]
    fn the_caret_stands_under_the_value() {
        let source = Source::new("s.yaml", "program:\n  µwidth: 200\n");
        let span = Span { line: 2, column: 11, length: 3 };
        let problem =
            source.place(span, "program.width").error("`200` has no unit", Some("such as `200 us`"));
        let text = render(&[problem], false);
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("s.yaml:2:11: error: `200` has no unit"));
        let excerpt = lines.next().unwrap();
        let marks = lines.next().unwrap();
        let column = |line: &str, what: &str| line[..line.find(what).unwrap()].chars().count();
        assert_eq!(column(excerpt, "200"), column(marks, "─┬─"), "{text}");
        assert!(text.contains("program.width") && text.contains("such as `200 us`"), "{text}");
    }
}
