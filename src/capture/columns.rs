//! Names and units as they stand in header cells.

use crate::quantity::{Dimension, Quantity};

/// A column's name, its unit in SI base units, and the factor to it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Column {
    /// As the header calls it, without its unit.
    pub name: String,
    /// `V`, `A`, `s`, or as written where it is none we know; empty if the header says nothing.
    pub unit: String,
    /// Factor from the written values to `unit`.
    pub factor: f64,
}

/// `Time (ms)`, `CH1 [V]`, `CH1V`, `e1_A`, or a bare name.
pub(super) fn column(cell: &str) -> Column {
    let cell = cell.trim().trim_matches('"').trim();
    for (open, close) in [('(', ')'), ('[', ']')] {
        let inner = cell.strip_suffix(close).and_then(|rest| rest.rsplit_once(open));
        if let Some((name, unit)) = inner
            && let Some((symbol, factor)) = known_unit(unit)
        {
            return Column { name: name.trim().to_owned(), unit: symbol, factor };
        }
    }
    // `t_s`, `e1_A`: the unit after the last underscore, where there is a name before it.
    if let Some((name, unit)) = cell.rsplit_once('_')
        && !name.is_empty()
        && let Some((symbol, factor)) = known_unit(unit)
    {
        return Column { name: name.to_owned(), unit: symbol, factor };
    }
    // `CH1V`: a channel number with its unit behind it.
    let channel =
        cell.strip_suffix(['V', 'A']).filter(|name| name.ends_with(|last: char| last.is_ascii_digit()));
    if let Some(name) = channel.filter(|name| name.to_ascii_uppercase().starts_with("CH")) {
        let unit = cell.get(name.len()..).unwrap_or_default();
        return Column { name: name.to_owned(), unit: unit.to_owned(), factor: 1.0 };
    }
    worded(cell).unwrap_or_else(|| Column { name: cell.to_owned(), unit: String::new(), factor: 1.0 })
}

/// `CH1 in V`, `i/mA`, `CH1 mV`, `CH1 {mV}`, `mA`. A bare `A` or `V` at the end is rather a letter of the name (`Channel A`), but a
/// prefix before it is none: not to see it would be wrong by powers of ten.
fn worded(cell: &str) -> Option<Column> {
    let stated = cell.rsplit_once(" in ").or_else(|| cell.rsplit_once('/'));
    if let Some((name, (unit, factor))) = stated.and_then(|(name, unit)| Some((name, known_unit(unit)?)))
        && !name.is_empty()
    {
        return Some(Column { name: name.trim().to_owned(), unit, factor });
    }
    let word = cell.trim_end_matches(|last: char| !last.is_alphanumeric());
    let (name, word) = match word.rfind(|separator: char| !separator.is_alphanumeric()) {
        Some(at) => word.split_at(at),
        None => ("", word),
    };
    let (unit, factor) = known_unit(word.trim_start_matches(|first: char| !first.is_alphanumeric()))?;
    let name = name.trim_end_matches(|last: char| !last.is_alphanumeric());
    let name = if name.is_empty() { cell } else { name };
    (factor < 1.0).then(|| Column { name: name.to_owned(), unit, factor })
}

/// The SI base unit a unit text stands for, and the factor to it.
pub(super) fn known_unit(text: &str) -> Option<(String, f64)> {
    let text = text.trim();
    let word = text.to_ascii_lowercase();
    let spelled = match word.trim_end_matches('s') {
        "second" | "sec" => Some("s"),
        "volt" => Some("V"),
        "ampere" | "amp" => Some("A"),
        _ => None,
    };
    if let Some(symbol) = spelled {
        return Some((symbol.to_owned(), 1.0));
    }
    // Tektronix writes the second as `S`; no scope exports siemens.
    let text = if text == "S" { "s" } else { text };
    let unit = Quantity::parse(&format!("1 {text}")).ok()?;
    matches!(unit.dimension, Dimension::Time | Dimension::Voltage | Dimension::Current)
        .then(|| (unit.dimension.unit().to_owned(), unit.value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_found_however_a_header_writes_them() {
        for (cell, name, unit, factor) in [
            ("Time (ms)", "Time", "s", 1e-3),
            ("Time(s)", "Time", "s", 1.0),
            ("CH1 [mV]", "CH1", "V", 1e-3),
            ("CH2V", "CH2", "V", 1.0),
            ("e1_A", "e1", "A", 1.0),
            ("t_s", "t", "s", 1.0),
            ("I_stim (µA)", "I_stim", "A", 1e-6),
            ("X(CH1)", "X(CH1)", "", 1.0),
            ("probe", "probe", "", 1.0),
            ("CH1 in V", "CH1", "V", 1.0),
            ("CH1 in mV", "CH1", "V", 1e-3),
            ("i/mA", "i", "A", 1e-3),
            ("CH2 mV", "CH2", "V", 1e-3),
            ("CH2 - uA", "CH2", "A", 1e-6),
            ("CH2 {mV}", "CH2", "V", 1e-3),
            ("mA", "mA", "A", 1e-3),
            // Letters, and words of which the end is none.
            ("Channel A", "Channel A", "", 1.0),
            ("V", "V", "", 1.0),
            ("Current mean", "Current mean", "", 1.0),
        ] {
            assert_eq!(column(cell), Column { name: name.into(), unit: unit.into(), factor }, "{cell}");
        }
        assert_eq!(known_unit("Second"), Some(("s".into(), 1.0)));
        assert_eq!(known_unit("S"), Some(("s".into(), 1.0)));
        assert_eq!(known_unit("dBm"), None);
    }
}
