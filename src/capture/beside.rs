//! Tektronix scopes of the TDS, TPS and TBS1000 kind, which write one channel a file: settings in the first three columns, and
//! beside them, from the first line on, time and value.

use super::columns::{Column, known_unit};
use super::dialect::{Dialect, Layout, TimeSource, time_factor};
use super::error::{CaptureError, CaptureFault};
use super::header::number;
use super::table::{Numbers, line_of, sample};
use super::trace::{Capture, assemble};

/// Columns of time and value.
const TIME: usize = 3;
const VALUE: usize = 4;

/// Reads such a file; `None` where it is none.
pub(super) fn read(file: &str, text: &[u8]) -> Option<Result<Capture, CaptureError>> {
    let line = text.split(|byte| *byte == b'\n' || *byte == b'\r').next()?;
    let cells: Vec<&[u8]> = line.split(|byte| *byte == b',').collect();
    let is_number = |at: usize| cells.get(at).is_some_and(|cell| number(cell, b',').is_some());
    let ours = cells.first()?.trim_ascii() == b"Record Length" && is_number(TIME) && is_number(VALUE);
    ours.then(|| rows(file, text))
}

fn rows(file: &str, text: &[u8]) -> Result<Capture, CaptureError> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(text);
    let mut record = csv::ByteRecord::new();
    let mut settings: Vec<(String, String)> = Vec::new();
    let mut numbers = Numbers { first_line: 1, values: vec![Vec::new()], ..Numbers::default() };
    let (mut previous, mut fraction) = (f64::NEG_INFINITY, false);
    while matches!(reader.read_byte_record(&mut record), Ok(true)) {
        if record.iter().all(<[u8]>::is_empty) {
            continue;
        }
        let line = || line_of(text, record.position().map_or(0, csv::Position::byte));
        let cell = |at: usize| record.get(at).unwrap_or_default();
        let words = |at: usize| String::from_utf8_lossy(cell(at)).trim_matches('"').to_owned();
        let read = |at: usize, name: &str| sample(cell(at), b',', || name.to_owned());
        let pair = read(TIME, "time").and_then(|time| Ok((time, read(VALUE, "value")?)));
        let (time, value) = pair.map_err(|fault| CaptureError::at(file, line(), fault))?;
        if time < previous {
            let fault = CaptureFault::TimeNotGrowing { before: previous, after: time };
            return Err(CaptureError::at(file, line(), fault));
        }
        previous = time;
        numbers.time_digits.see(cell(TIME), &mut fraction);
        numbers.time.push(time);
        numbers.values.iter_mut().for_each(|values| values.push(value));
        if !cell(0).is_empty() {
            settings.push((words(0), words(1)));
        }
    }
    numbers.time_digits.fixed |= !fraction;
    let layout = layout(&settings, &mut numbers).map_err(|fault| CaptureError::whole(file, fault))?;
    assemble(file, layout, numbers)
}

/// What the settings say of the columns; puts these into their units.
fn layout(settings: &[(String, String)], numbers: &mut Numbers) -> Result<Layout, CaptureFault> {
    let setting = |key: &str| {
        settings.iter().find(|(own, _)| own.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_str())
    };
    let found = numbers.time.len();
    let stated = setting("Record Length").and_then(|length| length.parse::<f64>().ok());
    if let Some(stated) = stated.filter(|stated| *stated > found as f64) {
        let why = format!("it is cut off: {found} of {stated} samples are there");
        return Err(CaptureFault::Unreadable { what: "Tektronix file", why });
    }
    let horizontal = setting("Horizontal Units").unwrap_or("s");
    let factor = time_factor(horizontal).ok_or_else(|| CaptureFault::TimeUnit(horizontal.to_owned()))?;
    let unit = setting("Vertical Units").unwrap_or_default();
    let name = setting("Source").filter(|name| !name.is_empty()).unwrap_or("CH1").to_owned();
    let (unit, scale) = known_unit(unit).unwrap_or((unit.to_owned(), 1.0));
    numbers.time.iter_mut().for_each(|time| *time *= factor);
    numbers.values.iter_mut().flatten().for_each(|value| *value *= scale);
    let channels = vec![Column { name, unit, factor: scale }];
    Ok(Layout { dialect: Dialect::Tektronix, time: TimeSource::Column(factor), first: 1, channels })
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;

    /// A file of 20 rows, as such a scope writes it.
    fn file() -> String {
        let settings = [
            "Record Length,2.000000e+01",
            "Sample Interval,4.000000e-07",
            "Trigger Point,1.000000000000e+01",
            ",",
            "Source,CH2",
            "Vertical Units,mV",
            "Vertical Scale,1.000000e+00",
            "Horizontal Units,s",
            "Model Number,TDS2014",
        ];
        let row = |at: usize| {
            let settings = settings.get(at).unwrap_or(&",");
            format!("{settings},,{:+015.12},  {:.5},\r\n", (at as f64 - 10.0) * 4e-7, at as f64)
        };
        (0..20).map(row).collect()
    }

    #[test]
    fn time_and_value_stand_beside_the_settings() {
        let capture = read("F0000CH2.CSV", file().as_bytes()).unwrap();
        assert_eq!((capture.dialect, capture.samples()), (Dialect::Tektronix, 20));
        assert!((capture.time.dt - 4e-7).abs() < 1e-15 && (capture.time.t0 + 4e-6).abs() < 1e-15);
        assert!(capture.time.is_uniform(), "{:?}", capture.time);
        let trace = &capture.traces[0];
        assert_eq!((trace.name.as_str(), trace.unit.as_str()), ("CH2", "V"));
        assert_eq!(trace.values[3], 3.0 * 1e-3);
    }

    #[test]
    fn what_is_missing_is_named() {
        let whole = file();
        let fault = |text: &str| read("F0000CH2.CSV", text.as_bytes()).unwrap_err();
        let lines: Vec<&str> = whole.lines().collect();
        let cut = fault(&lines[..15].join("\r\n"));
        assert!(cut.to_string().contains("15 of 20 samples"), "{cut}");
        let empty = fault(&whole.replace("  7.00000", ""));
        assert_eq!((empty.fault, empty.line), (CaptureFault::EmptyCell("value".to_owned()), Some(8)));
        let infinite = fault(&whole.replace("  7.00000", "9.9E37"));
        assert!(matches!(infinite.fault, CaptureFault::NotFinite { .. }), "{infinite}");
    }
}
