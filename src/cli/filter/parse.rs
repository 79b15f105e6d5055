//! Text to expression, by recursive descent.

use crate::source::nearest;

use super::{Expression, Field, FilterError, Matcher};

/// Brackets and negations inside one another; far beyond what a person writes, far below what fits the stack.
const DEPTH: usize = 64;
/// Length of an expression, bytes.
const LENGTH: usize = 64 * 1024;

/// Parses a whole expression.
pub(super) fn expression(text: &str) -> Result<Expression, FilterError> {
    let mut parser = Parser { text, at: 0 };
    if text.len() > LENGTH {
        return Err(parser.error(0, 1, "longer than 64 KiB"));
    }
    let found = parser.or(0)?;
    parser.blanks();
    if parser.at < text.len() {
        let rest = parser.word_length();
        let error = parser.error(parser.at, rest, "expected `&`, `|`, `-` or the end");
        return Err(error);
    }
    Ok(found)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn or(&mut self, depth: usize) -> Result<Expression, FilterError> {
        let mut left = self.and(depth)?;
        while self.operator(&["|", "+", "or"]).is_some() {
            left = Expression::Or(Box::new(left), Box::new(self.and(depth)?));
        }
        Ok(left)
    }

    fn and(&mut self, depth: usize) -> Result<Expression, FilterError> {
        let mut left = self.unary(depth)?;
        while let Some(operator) = self.operator(&["&", "-", "and"]) {
            let right = self.unary(depth)?;
            let right = if operator == "-" { Expression::Not(Box::new(right)) } else { right };
            left = Expression::And(Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn unary(&mut self, depth: usize) -> Result<Expression, FilterError> {
        if depth > DEPTH {
            return Err(self.error(self.at, 1, "nested too deeply"));
        }
        if self.operator(&["!", "not"]).is_some() {
            return Ok(Expression::Not(Box::new(self.unary(depth + 1)?)));
        }
        self.blanks();
        let opened = self.at;
        if self.accept("(") {
            let inner = self.or(depth + 1)?;
            self.blanks();
            if !self.accept(")") {
                return Err(self.error(opened, 1, "this bracket is not closed"));
            }
            return Ok(inner);
        }
        self.predicate()
    }

    fn predicate(&mut self) -> Result<Expression, FilterError> {
        let start = self.at;
        let length = self.word_length();
        let word = self.text.get(start..start + length).unwrap_or("");
        if !word.starts_with(char::is_alphabetic) {
            return Err(self.error(start, length, "expected a predicate, such as `tag(smoke)`"));
        }
        let field = Field::ALL.iter().find(|(name, _)| *name == word).map(|(_, field)| *field);
        if field.is_none() && !matches!(word, "all" | "none") {
            let mut error = self.error(start, length, &format!("`{word}` is not a predicate"));
            let names = || Field::ALL.iter().map(|(name, _)| *name).chain(["all", "none"]);
            let near = nearest(word, names()).map(|near| format!("did you mean `{near}`?"));
            error.help = near.or_else(|| Some(format!("one of: {}", names().collect::<Vec<_>>().join(", "))));
            return Err(error);
        }
        self.at += length;
        self.blanks();
        let opened = self.at;
        if !self.accept("(") {
            return Err(self.error(start, length, &format!("`{word}` needs brackets: `{word}(…)`")));
        }
        let Some(field) = field else {
            self.blanks();
            if !self.accept(")") {
                return Err(self.error(opened, 1, &format!("`{word}()` takes nothing")));
            }
            return Ok(if word == "all" { Expression::All } else { Expression::None });
        };
        self.matcher(opened).map(|matcher| Expression::Is(field, matcher))
    }

    /// What stands between the brackets of a predicate; the opening one is at `opened`.
    fn matcher(&mut self, opened: usize) -> Result<Matcher, FilterError> {
        self.blanks();
        if self.accept("/") {
            return self.regex(opened);
        }
        let equals = self.accept("=");
        if !equals {
            self.accept("~");
        }
        let start = self.at;
        let text = self.until(')', opened)?;
        if text.is_empty() {
            return Err(self.error(start, 1, "expected text to look for"));
        }
        Ok(if equals { Matcher::Equals(text) } else { Matcher::Contains(text) })
    }

    fn regex(&mut self, opened: usize) -> Result<Matcher, FilterError> {
        let start = self.at;
        // Only `\/` is ours; every other escape belongs to the expression.
        let mut escaped = false;
        let end = self.rest().find(|c: char| {
            let stop = c == '/' && !escaped;
            escaped = c == '\\' && !escaped;
            stop
        });
        let Some(length) = end else { return Err(self.error(start - 1, 1, "this `/` is not closed")) };
        let source = self.text.get(start..start + length).unwrap_or("").replace("\\/", "/");
        self.at = start + length + 1;
        self.blanks();
        if !self.accept(")") {
            return Err(self.error(
                opened,
                1,
                "this bracket is not closed right after the regular expression",
            ));
        }
        let built = regex::RegexBuilder::new(&source).size_limit(1 << 20).build();
        built.map(Matcher::Regex).map_err(|error| {
            let mut wrong = self.error(start, length, "not a regular expression");
            wrong.help = error.to_string().lines().last().map(|line| line.trim().to_owned());
            wrong
        })
    }

    /// Text up to an unescaped `end`, blanks around it removed.
    fn until(&mut self, end: char, opened: usize) -> Result<String, FilterError> {
        let mut text = String::new();
        // Where the text ends without its trailing blanks; an escaped blank is kept.
        let mut kept = 0;
        self.blanks();
        let mut characters = self.rest().char_indices();
        while let Some((offset, c)) = characters.next() {
            match c {
                '\\' => {
                    text.extend(characters.next().map(|(_, c)| c));
                    kept = text.len();
                }
                c if c == end => {
                    self.at += offset + c.len_utf8();
                    text.truncate(kept);
                    return Ok(text);
                }
                c => {
                    text.push(c);
                    if !c.is_whitespace() {
                        kept = text.len();
                    }
                }
            }
        }
        Err(self.error(opened, 1, "this bracket is not closed"))
    }

    /// Accepts one of these operators; words only when they stand alone.
    fn operator(&mut self, choices: &[&'static str]) -> Option<&'static str> {
        self.blanks();
        let word = self.text.get(self.at..self.at + self.word_length()).unwrap_or("");
        let found = choices.iter().find(|choice| {
            if choice.starts_with(|c: char| c.is_ascii_alphabetic()) {
                word == **choice
            } else {
                self.rest().starts_with(**choice)
            }
        })?;
        self.at += found.len();
        Some(found)
    }

    fn accept(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// Length in bytes of the word (or else the character) here.
    fn word_length(&self) -> usize {
        let rest = self.rest();
        let word = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        if word > 0 { word } else { rest.chars().next().map_or(0, char::len_utf8) }
    }

    fn error(&self, at: usize, length: usize, what: &str) -> FilterError {
        FilterError { text: self.text.to_owned(), at, length, what: what.to_owned(), help: None }
    }
}
