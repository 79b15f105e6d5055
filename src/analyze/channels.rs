//! Which column is the current, which the voltage, and what a displayed unit means.

use crate::capture::CaptureError;
use crate::quantity::{Dimension, Quantity, QuantityError, engineering};

use super::{Finding, FindingCode, Options};

/// Why a capture cannot be analysed as asked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AnalyzeError {
    /// A column that is not there.
    #[error("there is no column `{name}`; the file has {columns}")]
    NoColumn {
        /// The name asked for.
        name: String,
        /// What is there.
        columns: String,
    },
    /// No column is in ampere.
    #[error("no column is in ampere; the file has {columns}")]
    NoCurrent {
        /// What is there.
        columns: String,
    },
    /// The current's column is not in ampere and no scale says what it means.
    #[error("column `{name}` is in {unit}, not in ampere")]
    NeedsScale {
        /// The column.
        name: String,
        /// Its unit.
        unit: String,
    },
    /// The scale is for another unit than the column's.
    #[error("the scale is per {per}, but column `{name}` is in {unit}")]
    ScaleUnit {
        /// Unit below the scale's stroke.
        per: &'static str,
        /// The column.
        name: String,
        /// Its unit.
        unit: String,
    },
    /// Not a scale.
    #[error("`{0}` is not a scale; one is written like `1 mA/A`")]
    BadScale(String),
    /// Not a scale, because of a quantity in it.
    #[error("in the scale `{text}`: {source}")]
    ScaleQuantity {
        /// As given.
        text: String,
        /// What is wrong with it.
        source: QuantityError,
    },
    /// The samples cannot be read.
    #[error(transparent)]
    Capture(Box<CaptureError>),
}

impl From<CaptureError> for AnalyzeError {
    fn from(error: CaptureError) -> Self {
        Self::Capture(Box::new(error))
    }
}

impl AnalyzeError {
    /// What to try next.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NoColumn { .. } => "column names are those of the header row",
            Self::NoCurrent { .. } | Self::NeedsScale { .. } => {
                "name the current and what its unit means, such as --current CH2 --scale '10 mA/V'"
            }
            Self::ScaleUnit { .. } | Self::BadScale(_) | Self::ScaleQuantity { .. } => {
                "a scale is a current per displayed unit: --scale '1 mA/A' or --scale '10 mA/V'"
            }
            Self::Capture(error) => error.fault.help(),
        }
    }
}

/// What one displayed unit of the current's column stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// Ampere per displayed SI base unit.
    pub factor: f64,
    /// The displayed unit, `A` or `V`.
    pub per: &'static str,
}

impl Scale {
    /// Reads `1 mA/A`, `10 mA/V`, `2 mA/100 mV`.
    ///
    /// # Errors
    /// When it is not a current per volt or ampere.
    pub fn parse(text: &str) -> Result<Self, AnalyzeError> {
        let bad = || AnalyzeError::BadScale(text.to_owned());
        let (above, below) = text.split_once('/').ok_or_else(bad)?;
        let quantity = |source| AnalyzeError::ScaleQuantity { text: text.to_owned(), source };
        let current = Quantity::parse_as(above, Dimension::Current).map_err(quantity)?;
        let below = below.trim();
        let counted = below.starts_with(|first: char| first.is_ascii_digit());
        let per = Quantity::parse(&if counted { below.to_owned() } else { format!("1 {below}") })
            .map_err(quantity)?;
        let named = matches!(per.dimension, Dimension::Current | Dimension::Voltage);
        if !named || per.value == 0.0 || current == 0.0 {
            return Err(bad());
        }
        Ok(Self { factor: current / per.value, per: per.dimension.unit() })
    }
}

/// The channels that were measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Channels {
    /// The current, A.
    pub current: Trace,
    /// The voltage, V, if there is one.
    pub voltage: Option<Trace>,
    /// Whether a scale was given.
    pub scaled: bool,
}

/// A channel and its pictures: (time, s; value).
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// Its column.
    pub name: String,
    /// The whole record: every sample, or the extremes of stretches where there are more than a screen has columns.
    pub whole: Vec<(f64, f64)>,
    /// The first pulse and what lies around it; empty without a pulse.
    pub first: Vec<(f64, f64)>,
}

/// Which columns are the channels.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chosen {
    /// Index of the current.
    pub current: usize,
    pub current_name: String,
    /// Index of the voltage.
    pub voltage: Option<usize>,
    pub voltage_name: Option<String>,
    /// Ampere per unit of the current's column.
    pub factor: f64,
    /// Whether a scale was given.
    pub scaled: bool,
}

/// Finds the channels among columns (name, unit): as named, letter case aside, else by their units.
///
/// # Errors
/// A column is missing, or no column is known to be a current.
pub(super) fn choose(columns: &[(&str, &str)], options: &Options) -> Result<Chosen, AnalyzeError> {
    let Options { current, contact, voltage, scale, .. } = options;
    let at = |index: usize| columns.get(index).copied().unwrap_or_default();
    let named = |name: &str| {
        let found = columns.iter().position(|(own, _)| own.eq_ignore_ascii_case(name));
        found.ok_or_else(|| AnalyzeError::NoColumn { name: name.to_owned(), columns: listed(columns) })
    };
    let current = match current {
        Some(name) => named(name)?,
        None => {
            let is_current = |(name, unit): &(&str, &str)| *unit == "A" && Some(*name) != voltage.as_deref();
            let own = |(name, _): &(&str, &str)| {
                contact.as_deref().is_some_and(|own| name.eq_ignore_ascii_case(own))
            };
            let found = columns.iter().position(|column| is_current(column) && own(column));
            let found = found.or_else(|| columns.iter().position(is_current));
            found.ok_or_else(|| AnalyzeError::NoCurrent { columns: listed(columns) })?
        }
    };
    let (name, unit) = at(current);
    let shown = || if unit.is_empty() { "no stated unit".to_owned() } else { unit.to_owned() };
    let factor = match scale {
        Some(Scale { factor, per }) if unit == *per || unit.is_empty() => *factor,
        Some(Scale { per, .. }) => {
            return Err(AnalyzeError::ScaleUnit { per, name: name.to_owned(), unit: shown() });
        }
        None if unit == "A" => 1.0,
        None => return Err(AnalyzeError::NeedsScale { name: name.to_owned(), unit: shown() }),
    };
    let voltage = match voltage {
        Some(name) => Some(named(name)?),
        None => columns.iter().position(|(own, unit)| *unit == "V" && *own != name),
    };
    Ok(Chosen {
        current,
        current_name: name.to_owned(),
        voltage,
        voltage_name: voltage.map(|index| at(index).0.to_owned()),
        factor,
        scaled: scale.is_some(),
    })
}

/// A neural stimulator's amplitude lies between these, A; outside, the scale is more likely wrong than the device.
const PLAUSIBLE: (f64, f64) = (100e-9, 0.1);

/// … and the phases of one last between these, s.
const LASTING: (f64, f64) = (1e-6, 0.1);

/// Says so when the phases are too long or too short to be a stimulator's.
pub(super) fn suspect_time(width: f64) -> Option<Finding> {
    let (least, most) = LASTING;
    if (least..=most).contains(&width) {
        return None;
    }
    let shown = engineering(width, Dimension::Time, 3);
    let message =
        format!("phases last {shown}, which no neural stimulator's do; check the unit of the time column");
    Some(Finding { code: FindingCode::UnitsSuspect, message })
}

/// Says so when the currents are too large or too small to be a stimulator's.
pub(super) fn suspect_units(channels: &Channels, largest: f64) -> Option<Finding> {
    let (least, most) = PLAUSIBLE;
    if largest == 0.0 || (least..=most).contains(&largest) {
        return None;
    }
    let shown = engineering(largest, Dimension::Current, 3);
    let hint = if channels.scaled {
        "check --scale"
    } else {
        "a scope with a current-probe unit may show 1 A per mA: give --scale, such as '1 mA/A'"
    };
    let message = format!(
        "`{}` reaches {shown}, which no neural stimulator delivers as its signal; {hint}",
        channels.current.name
    );
    Some(Finding { code: FindingCode::UnitsSuspect, message })
}

fn listed(columns: &[(&str, &str)]) -> String {
    let shown = columns.iter().map(|(name, unit)| match *unit {
        "" => format!("`{name}`"),
        unit => format!("`{name}` ({unit})"),
    });
    shown.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contact_that_is_judged_goes_before_the_first_in_ampere() {
        let columns = [("case", "A"), ("e1", "A"), ("v1", "V")];
        let chosen = |current: Option<&str>, contact: Option<&str>| {
            let [current, contact] = [current, contact].map(|name| name.map(str::to_owned));
            choose(&columns, &Options { current, contact, ..Options::default() }).unwrap().current_name
        };
        assert_eq!(chosen(None, None), "case");
        assert_eq!(chosen(None, Some("E1")), "e1");
        assert_eq!(chosen(None, Some("v1")), "case", "it is no current");
        assert_eq!(chosen(Some("case"), Some("e1")), "case");
    }

    #[test]
    fn a_scale_is_a_current_per_displayed_unit() {
        assert_eq!(Scale::parse("1 mA/A"), Ok(Scale { factor: 1e-3, per: "A" }));
        assert_eq!(Scale::parse("10 mA / V"), Ok(Scale { factor: 1e-2, per: "V" }));
        assert!((Scale::parse("2 mA/100 mV").unwrap().factor - 0.02).abs() < 1e-15);
        for bad in ["1 mA", "1 V/A", "1 mA/s", "x/V", "1 mA/0 V"] {
            assert!(Scale::parse(bad).is_err(), "{bad}");
        }
    }
}
