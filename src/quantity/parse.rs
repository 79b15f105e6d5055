//! `200 us` → 2e-4 s.

use super::Dimension;

/// A value with its dimension.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantity {
    /// In the SI base unit of `dimension`.
    pub value: f64,
    /// What it measures.
    pub dimension: Dimension,
}

/// Why a text is not a quantity.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum QuantityError {
    /// No number at the start.
    #[error("`{0}` does not start with a number")]
    NoNumber(String),
    /// A number without its unit where one is due.
    #[error("`{0}` has no unit")]
    NoUnit(String),
    /// The unit is not known.
    #[error("`{unit}` is not a known unit")]
    UnknownUnit {
        /// The unit as written.
        unit: String,
        /// The nearest known unit, if one is near.
        nearest: Option<String>,
    },
    /// Known unit, wrong kind.
    #[error("`{text}` is {got}, expected {wanted}, such as `{example}`")]
    WrongDimension {
        /// As written.
        text: String,
        /// What it is.
        got: &'static str,
        /// What is due here.
        wanted: &'static str,
        /// How one is written.
        example: &'static str,
    },
    /// Infinite, not a number, or too large to hold.
    #[error("`{0}` is not a finite number")]
    NotFinite(String),
}

/// Base symbols that take SI prefixes.
const PREFIXED: &[(&str, Dimension)] = &[
    ("ohm", Dimension::Resistance),
    ("Ω", Dimension::Resistance),
    ("\u{2126}", Dimension::Resistance),
    ("Hz", Dimension::Frequency),
    ("A", Dimension::Current),
    ("V", Dimension::Voltage),
    ("C", Dimension::Charge),
    ("s", Dimension::Time),
    ("F", Dimension::Capacitance),
];

/// Symbols that stand alone, with their power of ten and their factor to the SI base unit.
const FIXED: &[(&str, Dimension, i32, f64)] = &[
    ("%", Dimension::Ratio, -2, 1.0),
    ("ppm", Dimension::Ratio, -6, 1.0),
    ("lsb", Dimension::Codes, 0, 1.0),
    ("min", Dimension::Time, 0, 60.0),
    ("h", Dimension::Time, 0, 3600.0),
    ("mm2", Dimension::Area, -6, 1.0),
    ("mm²", Dimension::Area, -6, 1.0),
    ("cm2", Dimension::Area, -4, 1.0),
    ("cm²", Dimension::Area, -4, 1.0),
    ("um2", Dimension::Area, -12, 1.0),
    ("um²", Dimension::Area, -12, 1.0),
    ("µm2", Dimension::Area, -12, 1.0),
    ("µm²", Dimension::Area, -12, 1.0),
    ("m2", Dimension::Area, 0, 1.0),
    ("m²", Dimension::Area, 0, 1.0),
    ("C/m2", Dimension::ChargeDensity, 0, 1.0),
    ("uC/cm2", Dimension::ChargeDensity, -2, 1.0),
    ("uC/cm²", Dimension::ChargeDensity, -2, 1.0),
    ("µC/cm2", Dimension::ChargeDensity, -2, 1.0),
    ("µC/cm²", Dimension::ChargeDensity, -2, 1.0),
    ("mC/cm2", Dimension::ChargeDensity, 1, 1.0),
    ("mC/cm²", Dimension::ChargeDensity, 1, 1.0),
];

const PREFIXES: &[(&str, i32)] =
    &[("p", -12), ("n", -9), ("u", -6), ("µ", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9)];

impl Quantity {
    /// Reads a number with its unit.
    ///
    /// The power of ten of the prefix is joined to the digits before they become binary, so `200 us` is exactly the
    /// double nearest to 2e-4.
    ///
    /// # Errors
    /// Says what is wrong with the text; a bare number is [`QuantityError::NoUnit`].
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let trimmed = text.trim();
        let split = number_length(trimmed);
        let (digits, unit) = trimmed.split_at_checked(split).unwrap_or((trimmed, ""));
        if digits.is_empty() || digits.parse::<f64>().is_err() {
            return Err(QuantityError::NoNumber(text.to_owned()));
        }
        let unit = unit.trim();
        if unit.is_empty() {
            return Err(QuantityError::NoUnit(text.to_owned()));
        }
        let (dimension, exponent, factor) = lookup(unit).ok_or_else(|| QuantityError::UnknownUnit {
            unit: unit.to_owned(),
            nearest: nearest_unit(unit),
        })?;
        let value = scaled(digits, exponent) * factor;
        if !value.is_finite() {
            return Err(QuantityError::NotFinite(text.to_owned()));
        }
        Ok(Self { value, dimension })
    }

    /// Reads a quantity of one dimension and returns its value in the SI base unit.
    ///
    /// # Errors
    /// As [`Quantity::parse`], and [`QuantityError::WrongDimension`].
    pub fn parse_as(text: &str, dimension: Dimension) -> Result<f64, QuantityError> {
        let quantity = Self::parse(text)?;
        if quantity.dimension == dimension {
            return Ok(quantity.value);
        }
        let (wanted, example) = dimension.described();
        Err(QuantityError::WrongDimension {
            text: text.trim().to_owned(),
            got: quantity.dimension.described().0,
            wanted,
            example,
        })
    }
}

/// Length in bytes of the leading decimal number; an `e` belongs to it only when digits follow.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut at = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    while digit(at) || bytes.get(at) == Some(&b'.') {
        at += 1;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let signed = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        if digit(at + 1 + signed) {
            at += 1 + signed;
            while digit(at) {
                at += 1;
            }
        }
    }
    at
}

fn lookup(unit: &str) -> Option<(Dimension, i32, f64)> {
    // The Greek letter is what the sign for micro decomposes into.
    let unit = &unit.replace('\u{3bc}', "µ");
    if let Some((_, dimension, exponent, factor)) = FIXED.iter().find(|(symbol, ..)| *symbol == unit) {
        return Some((*dimension, *exponent, *factor));
    }
    PREFIXED.iter().find_map(|(symbol, dimension)| {
        let prefix = unit.strip_suffix(symbol)?;
        let (_, exponent) = PREFIXES.iter().find(|(text, _)| *text == prefix)?;
        Some((*dimension, *exponent, 1.0))
    })
}

fn scaled(digits: &str, exponent: i32) -> f64 {
    let (mantissa, own) = digits
        .split_once(['e', 'E'])
        .map_or((digits, 0), |(mantissa, power)| (mantissa, power.parse::<i32>().unwrap_or(i32::MAX)));
    format!("{mantissa}e{}", own.saturating_add(exponent)).parse().unwrap_or(f64::NAN)
}

fn nearest_unit(unit: &str) -> Option<String> {
    let mut best: Option<(f64, String)> = None;
    let prefixed = PREFIXED
        .iter()
        .flat_map(|(symbol, _)| PREFIXES.iter().map(move |(prefix, _)| format!("{prefix}{symbol}")));
    let alone = FIXED.iter().map(|(symbol, ..)| (*symbol).to_owned());
    for candidate in prefixed.chain(alone) {
        let near = strsim::jaro_winkler(&unit.to_lowercase(), &candidate.to_lowercase());
        if near > 0.6 && best.as_ref().is_none_or(|(so_far, _)| near > *so_far) {
            best = Some((near, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_units_of_the_language() {
        for (text, value, dimension) in [
            ("2 mA", 2e-3, Dimension::Current),
            ("200 us", 2e-4, Dimension::Time),
            ("200 µs", 2e-4, Dimension::Time),
            ("10 kΩ", 1e4, Dimension::Resistance),
            ("10 kohm", 1e4, Dimension::Resistance),
            ("4.7 uF", 4.7e-6, Dimension::Capacitance),
            ("0.5 %", 0.005, Dimension::Ratio),
            ("-100 %", -1.0, Dimension::Ratio),
            ("25ppm", 25e-6, Dimension::Ratio),
            ("1e3 Hz", 1000.0, Dimension::Frequency),
            ("0.12 cm2", 0.12e-4, Dimension::Area),
            ("0.7 lsb", 0.7, Dimension::Codes),
            ("2 min", 120.0, Dimension::Time),
        ] {
            assert_eq!(Quantity::parse(text), Ok(Quantity { value, dimension }), "{text}");
        }
    }

    #[test]
    fn names_what_is_wrong() {
        assert_eq!(Quantity::parse("200"), Err(QuantityError::NoUnit("200".into())));
        assert!(matches!(Quantity::parse("fast"), Err(QuantityError::NoNumber(_))));
        assert!(matches!(Quantity::parse("1e999 s"), Err(QuantityError::NotFinite(_))));
        assert!(
            matches!(Quantity::parse("2 ma"), Err(QuantityError::UnknownUnit { nearest: Some(near), .. }) if near == "mA")
        );
        assert!(matches!(
            Quantity::parse_as("2 mA", Dimension::Time),
            Err(QuantityError::WrongDimension { got: "a current", wanted: "a time", .. })
        ));
    }
}
