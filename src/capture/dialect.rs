//! Whose export it is, and therefore what its columns are.

use super::columns::{Column, column, known_unit};
use super::error::CaptureFault;
use super::header::{Header, HeaderRow, number};

/// More columns than this is no capture.
const MOST_COLUMNS: usize = 64;

/// Whose header a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `Model,…`, `Vertical Units,…`, `TIME,CH1,…`.
    Tektronix,
    /// `X,CH1,Start,Increment` with a row of units, `Time(s),CH1V`, or `CH1V,t0=…,tInc=…`.
    Rigol,
    /// `Record Length,Analog:…` down to `Second,Volt`.
    Siglent,
    /// A header row and a time column.
    Generic,
    /// A sigrok session.
    Sigrok,
    /// PCM or floats.
    Wav,
    /// A NumPy structured array.
    Npy,
    /// A Parquet table.
    Parquet,
    /// A value change dump.
    Vcd,
    /// Raw samples as `run` keeps them.
    Stimrig,
}

impl Dialect {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tektronix => "tektronix",
            Self::Rigol => "rigol",
            Self::Siglent => "siglent",
            Self::Generic => "generic",
            Self::Sigrok => "sigrok",
            Self::Wav => "wav",
            Self::Npy => "npy",
            Self::Parquet => "parquet",
            Self::Vcd => "vcd",
            Self::Stimrig => "stimrig",
        }
    }
}

/// Where the time of a row comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum TimeSource {
    /// The first column, times this factor, is seconds.
    Column(f64),
    /// The header states start and increment, s.
    Stated {
        /// Time of the first row.
        t0: f64,
        /// Between rows.
        dt: f64,
    },
}

/// What the columns of a file are.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    pub dialect: Dialect,
    pub time: TimeSource,
    /// Index of the first channel's column: 1, or 0 where rows carry neither time nor number.
    pub first: usize,
    /// The channels.
    pub channels: Vec<Column>,
}

impl Layout {
    /// Cells a row must have.
    pub(super) fn width(&self) -> usize {
        self.first + self.channels.len()
    }
}

/// Reads the header.
///
/// # Errors
/// Columns missing or twice, or a time base that cannot be.
pub(super) fn layout(header: &Header) -> Result<Layout, CaptureFault> {
    if header.width > MOST_COLUMNS {
        return Err(CaptureFault::TooManyColumns { found: header.width, limit: MOST_COLUMNS });
    }
    let stated = rigol_stated(header)?;
    let layout = match stated {
        Some(layout) => layout,
        None => with_time_column(header)?,
    };
    if layout.channels.is_empty() || header.width < 2 && layout.first == 1 {
        return Err(CaptureFault::MissingColumns { found: header.width });
    }
    for (index, channel) in layout.channels.iter().enumerate() {
        if layout.channels.iter().take(index).any(|other| other.name == channel.name) {
            return Err(CaptureFault::DuplicateColumn(channel.name.clone()));
        }
    }
    Ok(layout)
}

/// Rigol's two forms with the time base in the header.
fn rigol_stated(header: &Header) -> Result<Option<Layout>, CaptureFault> {
    let named =
        |row: &HeaderRow, name: &str| row.cells.iter().position(|cell| cell.eq_ignore_ascii_case(name));
    for (at, row) in header.rows.iter().enumerate() {
        // X,CH1,CH2,Start,Increment / Sequence,Volt,Volt,-6e-02,2e-05
        if let (Some(start), Some(increment)) = (named(row, "Start"), named(row, "Increment")) {
            let below = header.rows.get(at + 1).ok_or(CaptureFault::NoTimeBase)?;
            let value = |index: usize| below.cells.get(index).and_then(|cell| number(cell.as_bytes(), b','));
            let time = stated(value(start), value(increment))?;
            let channels = (1..start.min(increment)).map(|index| channel(row, Some(below), index)).collect();
            return Ok(Some(Layout { dialect: Dialect::Rigol, time, first: 1, channels }));
        }
        // CH1V,CH2V,t0 = -5e-3, tInc = 1e-6
        let keyed = |key: &str| {
            row.cells.iter().find_map(|cell| {
                let (name, value) = cell.split_once('=')?;
                name.trim()
                    .eq_ignore_ascii_case(key)
                    .then(|| value.trim().trim_end_matches(['s', 'S']).parse().ok())?
            })
        };
        if row.cells.iter().any(|cell| cell.to_ascii_lowercase().starts_with("tinc")) {
            let time = stated(keyed("t0"), keyed("tInc"))?;
            let channels =
                row.cells.iter().filter(|cell| !cell.contains('=')).map(|cell| column(cell)).collect();
            return Ok(Some(Layout { dialect: Dialect::Rigol, time, first: 0, channels }));
        }
    }
    Ok(None)
}

fn stated(t0: Option<f64>, dt: Option<f64>) -> Result<TimeSource, CaptureFault> {
    match (t0, dt) {
        (Some(t0), Some(dt)) if t0.is_finite() && dt.is_finite() && dt > 0.0 => {
            Ok(TimeSource::Stated { t0, dt })
        }
        _ => Err(CaptureFault::NoTimeBase),
    }
}

/// Everything that has a time column: names in the last row of the header, perhaps units below them.
fn with_time_column(header: &Header) -> Result<Layout, CaptureFault> {
    let last = header.rows.last();
    let is_units =
        |row: &HeaderRow| row.cells.len() > 1 && row.cells.iter().all(|cell| known_unit(cell).is_some());
    let (names, units) = match last {
        Some(row) if is_units(row) => {
            let above = header.rows.len().checked_sub(2).and_then(|at| header.rows.get(at));
            (
                above.filter(|above| above.cells.len() == row.cells.len() && !looks_like_setting(above)),
                Some(row),
            )
        }
        other => (other, None),
    };
    let dialect = dialect_of(header, names);
    let width = names.map_or(header.width, |names| names.cells.len().max(header.width.min(2)));
    let mut channels: Vec<Column> = (1..width)
        .map(|index| match names {
            Some(names) => channel(names, units, index),
            None => unnamed(units, index),
        })
        .collect();
    let mut time_unit = match (names, units) {
        (Some(names), _) if !column(names.cells.first().map_or("", String::as_str)).unit.is_empty() => {
            let time = column(names.cells.first().map_or("", String::as_str));
            (time.unit, time.factor)
        }
        (_, Some(units)) => {
            units.cells.first().and_then(|cell| known_unit(cell)).unwrap_or(("s".to_owned(), 1.0))
        }
        _ => ("s".to_owned(), 1.0),
    };
    if dialect == Dialect::Tektronix {
        for (channel, unit) in channels.iter_mut().zip(header.values("Vertical Units").unwrap_or(&[])) {
            (channel.unit, channel.factor) = known_unit(unit).unwrap_or((unit.clone(), 1.0));
        }
        if let Some(unit) = header.values("Horizontal Units").and_then(<[String]>::first) {
            time_unit = known_unit(unit).unwrap_or((unit.clone(), 1.0));
        }
    }
    if time_unit.0 != "s" {
        return Err(CaptureFault::TimeUnit(time_unit.0));
    }
    Ok(Layout { dialect, time: TimeSource::Column(time_unit.1), first: 1, channels })
}

fn dialect_of(header: &Header, names: Option<&HeaderRow>) -> Dialect {
    let has = |key: &str| header.values(key).is_some();
    let first = names.and_then(|names| names.cells.first()).map_or("", String::as_str);
    if has("Sample Interval") && has("Vertical Units") || header.rows.len() > 3 && first == "TIME" {
        return Dialect::Tektronix;
    }
    let siglent = header.values("Record Length").and_then(<[String]>::first);
    if siglent.is_some_and(|value| value.starts_with("Analog")) || header.rows.len() > 2 && has("Source") {
        return Dialect::Siglent;
    }
    let channel = names.and_then(|names| names.cells.get(1)).map_or("", String::as_str);
    let rigol = first.starts_with("Time(s)") && channel.starts_with("CH")
        || first == "Time" && channel.starts_with("X(CH")
        || first == "X" && channel.starts_with("CH");
    if rigol { Dialect::Rigol } else { Dialect::Generic }
}

/// `Source,CH1` names the channels below it; `Vertical Scale,CH1:0.05` is a setting.
fn looks_like_setting(row: &HeaderRow) -> bool {
    row.cells.iter().skip(1).any(|cell| cell.contains(':') || number(cell.as_bytes(), b',').is_some())
}

fn channel(names: &HeaderRow, units: Option<&HeaderRow>, index: usize) -> Column {
    let mut column = names.cells.get(index).map_or_else(|| column(""), |cell| column(cell));
    // `X(CH1)` of older scopes is channel 1.
    if let Some(inner) = column.name.strip_prefix("X(").and_then(|rest| rest.strip_suffix(')')) {
        column.name = inner.to_owned();
    }
    if column.name.is_empty() {
        column.name = format!("CH{index}");
    }
    let unit = units.and_then(|units| units.cells.get(index)).and_then(|cell| known_unit(cell));
    if let Some((symbol, factor)) = unit {
        column.unit = symbol;
        column.factor = factor;
    }
    column
}

fn unnamed(units: Option<&HeaderRow>, index: usize) -> Column {
    let unit = units.and_then(|units| units.cells.get(index)).and_then(|cell| known_unit(cell));
    let (unit, factor) = unit.unwrap_or((String::new(), 1.0));
    Column { name: format!("CH{index}"), unit, factor }
}
