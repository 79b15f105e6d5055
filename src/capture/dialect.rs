//! Whose export it is, and therefore what its columns are.

use super::columns::{Column, column, known_unit};
use super::error::CaptureFault;
use super::header::{Header, HeaderRow, number};

/// More columns than this is no capture.
const MOST_COLUMNS: usize = 64;

/// Whose header a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `Model,…`, `Vertical Units,…`, `TIME,CH1,…`; or settings with time and value beside them.
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
    let layout = if let Some(layout) = rigol_stated(header)? {
        layout
    } else if let Some(layout) = below_settings(header)? {
        layout
    } else {
        with_time_column(header)?
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

/// Settings of which the last, a word alone such as `Data:` or `Waveform Data`, says that the numbers begin: Infiniium and GW Instek
/// scopes name the units of both axes above it, and no columns.
fn below_settings(header: &Header) -> Result<Option<Layout>, CaptureFault> {
    let alone = header.rows.len() > 1 && header.rows.last().is_some_and(|row| row.cells.len() == 1);
    let unit = |keys: [&str; 2]| keys.iter().find_map(|key| header.values(key)?.first());
    let Some(of_time) = unit(["XUnits", "Horizontal Units"]).filter(|_| alone && header.width > 1) else {
        return Ok(None);
    };
    let factor = seconds(of_time).ok_or_else(|| CaptureFault::TimeUnit(of_time.clone()))?;
    let of_value = unit(["YUnits", "Vertical Units"]);
    let (unit, scale) = of_value.and_then(|unit| unit_alone(unit)).unwrap_or((String::new(), 1.0));
    let channel = |index| Column { name: format!("CH{index}"), unit: unit.clone(), factor: scale };
    let channels = (1..header.width).map(channel).collect();
    Ok(Some(Layout { dialect: Dialect::Generic, time: TimeSource::Column(factor), first: 1, channels }))
}

/// Everything that has a time column: names in the last row of the header, perhaps units below them.
fn with_time_column(header: &Header) -> Result<Layout, CaptureFault> {
    let last = header.rows.last();
    let is_units =
        |row: &HeaderRow| row.cells.len() > 1 && row.cells.iter().all(|cell| unit_alone(cell).is_some());
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
    let mut stated = None;
    if dialect == Dialect::Tektronix {
        for (channel, unit) in channels.iter_mut().zip(header.values("Vertical Units").unwrap_or(&[])) {
            // Some write `CH1:V`.
            let unit = unit.rsplit(':').next().unwrap_or(unit);
            (channel.unit, channel.factor) = known_unit(unit).unwrap_or((unit.to_owned(), 1.0));
        }
        stated = header.values("Horizontal Units").and_then(<[String]>::first);
    }
    let first = |row: Option<&HeaderRow>| row.and_then(|row| row.cells.first()).cloned();
    let name = first(names);
    // A unit within the name goes before the row of units below it.
    let own = name.as_deref().is_some_and(|name| !is_bare(name) && time_factor(name).is_some());
    let (cell, factor) = match (stated.cloned().or_else(|| first(units).filter(|_| !own)), name) {
        (Some(unit), _) => (unit.clone(), seconds(unit.trim_matches(|c| "()[]".contains(c)))),
        (None, Some(name)) => (name.clone(), time_factor(&name)),
        (None, None) => (String::new(), Some(1.0)),
    };
    let factor = factor.ok_or(CaptureFault::TimeUnit(cell))?;
    Ok(Layout { dialect, time: TimeSource::Column(factor), first: 1, channels })
}

/// The longest unit of a time column, s: an hour. `Ms` is more likely a misspelt millisecond than a megasecond.
const LONGEST_UNIT: f64 = 3600.0;

/// What a time column in seconds may be called without saying so.
pub(super) fn is_bare(name: &str) -> bool {
    ["t", "time", "x"].iter().any(|bare| name.trim().trim_matches('"').trim().eq_ignore_ascii_case(bare))
}

/// Whether a cell of a comment is the name of a time column and nothing else. A unit in brackets or behind a stroke need not be
/// one that can be read: then it is refused rather than passed over.
pub(super) fn names_time(cell: &str) -> bool {
    let cell = cell.trim().trim_matches('"').trim();
    let (name, unit) = cell.split_at(cell.find(['(', '[', '/', '_', ' ']).unwrap_or(cell.len()));
    let unit = unit.trim();
    let marked = unit.is_empty() || unit.starts_with(['(', '[', '/']);
    is_bare(name) && (marked || !unit.contains(' ') && time_factor(cell).is_some())
}

/// Seconds per unit of a time column of that name: `Time (ms)`, `t [µs]`, `t/us`, `time_s`, `in s`, `usec`, or a bare `t`. None
/// where it says no unit of time: a guess may be wrong by powers of ten, and every charge with it.
pub(super) fn time_factor(name: &str) -> Option<f64> {
    if is_bare(name) {
        return Some(1.0);
    }
    let name = name.trim().trim_matches('"').trim();
    let within = [('(', ')'), ('[', ']')]
        .into_iter()
        .find_map(|(open, close)| name.strip_suffix(close)?.rsplit_once(open).map(|(_, unit)| unit));
    let unit = within.or_else(|| name.rsplit_once(['/', '_', ' ']).map(|(_, unit)| unit));
    match unit {
        Some(unit) => seconds(unit),
        // `min` alone is rather the lower of two envelopes.
        None => seconds(name).filter(|factor| *factor <= 1.0),
    }
}

/// Seconds in a unit of time, whichever way its second is written: `us`, `uS`, `usec`.
fn seconds(unit: &str) -> Option<f64> {
    // Two characters look like this prefix.
    let unit = unit.trim().replace('\u{3bc}', "µ");
    let word = unit.to_ascii_lowercase();
    let prefix =
        ["seconds", "second", "secs", "sec", "s"].iter().find_map(|second| word.strip_suffix(second));
    let unit = match prefix.and_then(|prefix| unit.get(..prefix.len())) {
        Some(prefix) => format!("{prefix}s"),
        None => unit,
    };
    let (symbol, factor) = known_unit(&unit)?;
    (symbol == "s" && factor <= LONGEST_UNIT).then_some(factor)
}

fn dialect_of(header: &Header, names: Option<&HeaderRow>) -> Dialect {
    let has = |key: &str| header.values(key).is_some();
    let first = names.and_then(|names| names.cells.first()).map_or("", String::as_str);
    // Newer ones state a sample interval and vertical units too, as a Tektronix does.
    let siglent = header.values("Record Length").and_then(<[String]>::first);
    if siglent.is_some_and(|value| value.starts_with("Analog")) {
        return Dialect::Siglent;
    }
    if has("Sample Interval") && has("Vertical Units") || header.rows.len() > 3 && first == "TIME" {
        return Dialect::Tektronix;
    }
    if header.rows.len() > 2 && has("Source") {
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

/// The unit in a cell of a row of units: `Volt`, or `(mV)` as PicoScope writes it.
fn unit_alone(cell: &str) -> Option<(String, f64)> {
    let bare = |(open, close)| cell.strip_prefix(open)?.strip_suffix(close);
    known_unit([('(', ')'), ('[', ']')].into_iter().find_map(bare).unwrap_or(cell))
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
    let unit = units.and_then(|units| units.cells.get(index)).and_then(|cell| unit_alone(cell));
    if let Some((symbol, factor)) = unit {
        column.unit = symbol;
        column.factor = factor;
    }
    column
}

fn unnamed(units: Option<&HeaderRow>, index: usize) -> Column {
    let unit = units.and_then(|units| units.cells.get(index)).and_then(|cell| unit_alone(cell));
    let (unit, factor) = unit.unwrap_or((String::new(), 1.0));
    Column { name: format!("CH{index}"), unit, factor }
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;

    /// The interval of a table whose header is this and whose times are 0, 1 and 2.
    fn interval(header: &[u8]) -> Result<f64, CaptureFault> {
        let table = [header, b"\n0,1\n1,2\n2,3\n"].concat();
        read("a.csv", &table).map(|capture| capture.time.dt).map_err(|error| error.fault)
    }

    #[test]
    fn the_unit_of_time_is_read_however_it_is_written() {
        for (header, dt) in [
            ("Time (uS),I (A)", 1e-6),
            ("Time (mS),I (A)", 1e-3),
            ("Time (nS),I (A)", 1e-9),
            ("t/us,I_A", 1e-6),
            ("Time (usec),I (A)", 1e-6),
            ("Time [msec],I (A)", 1e-3),
            ("time_nsec,I (A)", 1e-9),
            ("Time [µs],I (A)", 1e-6),
            ("Time [\u{3bc}s],I (A)", 1e-6),
            ("Time us,I (A)", 1e-6),
            ("t / ms,I (A)", 1e-3),
            ("in s,CH1 in V", 1.0),
            ("us,CH1", 1e-6),
            ("Time,Channel A\n(ms),(V)", 1e-3),
            ("x-axis,1\nsecond,Volt", 1.0),
            ("Time (min),I (A)", 60.0),
            ("t,a", 1.0),
            ("TIME,a", 1.0),
            ("x,a", 1.0),
            ("Seconds,a", 1.0),
            ("s,a", 1.0),
            ("# no header", 1.0),
            ("# time [us], current [mA]", 1e-6),
            ("#t/ms,CH1 (V)", 1e-3),
            ("# by hand\n# columns: Time (us); I (A)\n# 3 rows", 1e-6),
            ("% time_us\tI_A", 1e-6),
            // Said of the file, not of its columns.
            ("# sampled every 10 us, channel 2", 1.0),
            ("# time of day, in ms", 1.0),
            ("# t [us], a, b", 1.0),
            ("# t [us], a\ntime,b", 1.0),
        ] {
            assert!(
                interval(header.as_bytes()).is_ok_and(|found| (found / dt - 1.0).abs() < 1e-9),
                "{header}: {:?}",
                interval(header.as_bytes())
            );
        }
        // `µ` as Latin-1 has it.
        assert!(interval(b"Time [\xb5s],I (A)").is_ok_and(|dt| (dt / 1e-6 - 1.0).abs() < 1e-9));
    }

    #[test]
    fn a_time_in_no_unit_is_refused_rather_than_taken_for_seconds() {
        for name in ["Sample", "index", "Time (ticks)", "Time (MSEC)", "timestamp", "t (V)", "min"] {
            let refused = interval(format!("{name},I (A)").as_bytes());
            assert_eq!(refused, Err(CaptureFault::TimeUnit(name.to_owned())));
        }
        assert_eq!(interval(b",I (A)"), Err(CaptureFault::TimeUnit(String::new())));
        assert_eq!(
            interval(b"# Time (ticks), I (A)"),
            Err(CaptureFault::TimeUnit("Time (ticks)".to_owned()))
        );
    }

    #[test]
    fn settings_above_a_word_that_begins_the_numbers_name_the_units_of_both_axes() {
        let infiniium = "Revision:,0\nType:,raw\nXInc:,1E-6\nXUnits:,second\nYUnits:,Volt\nData:,";
        let gw_instek = "Format,1.0B,\nSource,CH1,\nVertical Units,V,\nHorizontal Units,S,\nSampling Period,1E-06,\nWaveform Data,,";
        for header in [infiniium, gw_instek] {
            let capture = read("a.csv", format!("{header}\n0,1\n1e-6,2\n2e-6,3\n").as_bytes()).unwrap();
            let trace = &capture.traces[0];
            assert_eq!((trace.name.as_str(), trace.unit.as_str()), ("CH1", "V"), "{header}");
            assert!((capture.time.dt / 1e-6 - 1.0).abs() < 1e-9 && trace.values == [1.0, 2.0, 3.0]);
        }
        let of_hertz = infiniium.replace("second", "Hertz");
        assert_eq!(interval(of_hertz.as_bytes()), Err(CaptureFault::TimeUnit("Hertz".to_owned())));
        // Without them nothing says what the columns are.
        assert_eq!(interval(b"Revision:,0\nData:,"), Err(CaptureFault::TimeUnit("Data:".to_owned())));
    }

    #[test]
    fn a_comment_that_names_the_columns_gives_their_units() {
        let capture = read("a.csv", b"# time [us], current [mA]\n0,1\n1,2\n2,3\n").unwrap();
        let trace = &capture.traces[0];
        assert_eq!((trace.name.as_str(), trace.unit.as_str()), ("current", "A"));
        assert_eq!(trace.values, [1.0, 2.0, 3.0].map(|value| value * 1e-3));
    }
}
