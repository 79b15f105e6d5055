//! A column of a capture as integer codes with a calibration.

use crate::capture::Trace;
use crate::driver::noise::scatter;
use crate::rig::{Channel, Input};
use crate::signal::{Calibration, Sensed};

/// Codes that a column is spread over at most.
const SPREAD: f64 = 60_000.0;
/// A recording does not say which converter it is from. Eight bits are the coarsest: so many steps over the values it holds, and
/// each may be off by one.
const STEPS: f64 = 256.0;

/// A channel of a recording.
pub(super) struct Column {
    pub(super) codes: Vec<i16>,
    pub(super) calibration: Calibration,
    pub(super) notes: Vec<String>,
}

impl Column {
    /// A trace as the rig file states it; the reason when nothing says what its unit stands for.
    pub(super) fn of(trace: &Trace, stated: &Channel) -> Result<Self, String> {
        let factor = stated.factor();
        let unit = if stated.quantity == Sensed::Current { "A" } else { "V" };
        let displayed = match &stated.input {
            Input::Scale { per, .. } => per.as_str(),
            Input::Shunt(_) | Input::Monitor(_) | Input::Differential { .. } => "V",
            Input::Own => unit,
        };
        if trace.unit != displayed && !trace.unit.is_empty() {
            return Err(format!("its column `{}` is in {}, not in {displayed}", trace.name, trace.unit));
        }
        let values = trace.values.iter().map(|value| value * factor);
        let (low, high) = values
            .clone()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(y), high.max(y)));
        let span = (high - low).max(f64::MIN_POSITIVE);
        let lsb = (trace.step * factor.abs()).max(span / SPREAD);
        // On one of the file's own steps: half-way between two, all would be rounded away from it, and a code would be missing.
        let middle = low + (0.5 * span / lsb).round() * lsb;
        let code = |value: f64| ((value - middle) / lsb).round();
        let codes: Vec<i16> = values.map(|value| code(value) as i16).collect();
        let mut notes = Vec::new();
        let rails = match stated.ranges.last() {
            Some(range) => (code(-range) as i16, code(*range) as i16),
            None => {
                notes.push(format!(
                    "{}: the recording does not say where its range ends (`ranges`), so saturation cannot be seen",
                    stated.name
                ));
                (i16::MIN, i16::MAX)
            }
        };
        let largest = low.abs().max(high.abs());
        let accuracy = &stated.accuracy;
        let reading = accuracy.reading.unwrap_or(0.0);
        let offset = accuracy.offset.map_or(reading * largest, |offset| offset);
        let noise = accuracy.noise.map_or_else(|| scatter(&codes), |noise| noise / lsb);
        let uniform = 3_f64.sqrt().recip();
        let calibration = Calibration {
            lsb,
            offset: -middle / lsb,
            offset_u: uniform * offset / lsb,
            gain_u: uniform * reading.hypot(accuracy.element),
            inl: span / STEPS / lsb,
            noise,
            rails,
            element_u: uniform * accuracy.element,
            common_mode: 0.0,
        };
        Ok(Self { codes, calibration, notes })
    }
}
