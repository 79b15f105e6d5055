//! Reading scalars: quantities, numbers, words.

use crate::quantity::{Dimension, Quantity, QuantityError};

use super::At;
use super::fields::suggestion;

impl<'a> At<'a> {
    /// Text, or a problem.
    pub fn text(&self) -> Option<&'a str> {
        match self.node().as_text() {
            Some(text) if !self.node().is_null() => Some(text),
            _ => {
                self.error(&format!("expected text, found {}", self.described()), None);
                None
            }
        }
    }

    /// A quantity of one dimension in its SI base unit; a bare number is a problem, except where a number is due.
    pub fn quantity(&self, dimension: Dimension) -> Option<f64> {
        if dimension == Dimension::Number {
            return self.number();
        }
        let (wanted, example) = dimension.described();
        let Some(text) = self.node().as_text().filter(|_| !self.node().is_null()) else {
            self.error(
                &format!("expected {wanted}, found {}", self.described()),
                Some(&format!("such as `{example}`")),
            );
            return None;
        };
        match Quantity::parse_as(text, dimension) {
            Ok(value) => Some(value),
            Err(error) => {
                let help = match &error {
                    QuantityError::UnknownUnit { nearest: Some(near), .. } => {
                        format!("did you mean `{near}`? expected {wanted}, such as `{example}`")
                    }
                    QuantityError::WrongDimension { .. } | QuantityError::NotFinite(_) => String::new(),
                    _ => format!("expected {wanted}, such as `{example}`"),
                };
                self.error(&error.to_string(), Some(help.as_str()).filter(|help| !help.is_empty()));
                None
            }
        }
    }

    /// A quantity above zero.
    pub fn positive(&self, dimension: Dimension) -> Option<f64> {
        let value = self.quantity(dimension)?;
        if value > 0.0 {
            return Some(value);
        }
        self.error(&format!("`{}` must be above zero", self.name()), None);
        None
    }

    /// A quantity that is not negative.
    pub fn not_negative(&self, dimension: Dimension) -> Option<f64> {
        let value = self.quantity(dimension)?;
        if value >= 0.0 {
            return Some(value);
        }
        self.error(&format!("`{}` cannot be negative", self.name()), None);
        None
    }

    /// A bare finite number.
    pub fn number(&self) -> Option<f64> {
        let value =
            self.node().as_text().and_then(|text| text.parse::<f64>().ok()).filter(|value| value.is_finite());
        if value.is_none() {
            let unit = self.node().as_text().is_some_and(|text| Quantity::parse(text).is_ok());
            let help = if unit { "it takes no unit" } else { "such as `5`" };
            self.error(&format!("expected a number, found {}", self.described()), Some(help));
        }
        value
    }

    /// A whole number from `least` on.
    pub fn count(&self, least: u64) -> Option<u64> {
        let plain = |text: &&str| {
            text.bytes().all(|byte| byte.is_ascii_digit()) && (text.len() == 1 || !text.starts_with('0'))
        };
        let value = self.node().as_text().filter(plain).and_then(|text| text.parse::<u64>().ok());
        match value.filter(|value| *value >= least) {
            Some(value) => Some(value),
            None => {
                self.error(
                    &format!("expected a whole number of at least {least}, found {}", self.described()),
                    None,
                );
                None
            }
        }
    }

    /// `true` or `false`.
    pub fn flag(&self) -> Option<bool> {
        self.word("true or false", &[("true", true), ("false", false)])
    }

    /// One of the known words.
    pub fn word<T: Clone>(&self, what: &str, known: &[(&str, T)]) -> Option<T> {
        let Some(text) = self.node().as_text().filter(|_| !self.node().is_null()) else {
            let names = known.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
            self.error(
                &format!("expected {what}, found {}", self.described()),
                Some(&format!("one of: {names}")),
            );
            return None;
        };
        let found = known.iter().find(|(name, _)| *name == text).map(|(_, value)| value.clone());
        if found.is_none() {
            let help = suggestion(text, known.iter().map(|(name, _)| *name));
            self.error(&format!("`{text}` is not {what}"), Some(&help));
        }
        found
    }

    /// Reports a name that is not among the known ones.
    pub fn unknown<'w>(&self, what: &str, known: impl Iterator<Item = &'w str> + Clone) {
        let text = self.node().inline();
        let none = known.clone().next().is_none();
        let help = if none { format!("there is no {what}") } else { suggestion(&text, known) };
        self.error(&format!("there is no {what} `{text}`"), Some(&help));
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Context, Source, parse};
    use super::*;

    fn lowered(text: &str) -> Vec<String> {
        let source = Source::new("f", text);
        let (node, problems) = parse(&source).unwrap();
        let context = Context::new(&source, problems);
        let root = context.root(&node);
        if let Some(fields) = root.fields(&["width", "count", "mode", "on"]) {
            fields.require("width").and_then(|at| at.positive(Dimension::Time));
            fields.get("count").and_then(|at| at.count(1));
            fields.get("mode").and_then(|at| at.word("a mode", &[("fast", 1), ("slow", 2)]));
            fields.get("on").and_then(|at| at.flag());
        }
        context.finish().iter().map(|p| format!("{p}; {}", p.help.clone().unwrap_or_default())).collect()
    }

    #[test]
    fn all_problems_are_collected_with_what_was_expected() {
        assert_eq!(
            lowered("widht: 1 ms\ncount: 017\nmode: fsat\non: yes\n"),
            [
                "f:1:1: error: unknown key `widht`; did you mean `width`?",
                "f:1:1: error: `width` is missing; ",
                "f:2:8: error: expected a whole number of at least 1, found `017`; ",
                "f:3:7: error: `fsat` is not a mode; did you mean `fast`?",
                "f:4:5: error: `yes` is not true or false; one of: true, false",
            ]
        );
        assert_eq!(
            lowered("width: 200\n"),
            ["f:1:8: error: `200` has no unit; expected a time, such as `200 us`"]
        );
        assert_eq!(lowered("width: -1 us\n"), ["f:1:8: error: `width` must be above zero; "]);
        assert_eq!(lowered("width:\n"), ["f:1:1: error: `width` has no value; "]);
    }
}
