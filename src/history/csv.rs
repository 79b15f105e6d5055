//! The history as a table: a row for each value.

use super::History;

const HEAD: [&str; 21] = [
    "run",
    "started",
    "fidelity",
    "rig",
    "dut",
    "firmware",
    "scenario",
    "case",
    "measurand",
    "unit",
    "statistic",
    "profile",
    "check",
    "value",
    "uncertainty",
    "lower",
    "upper",
    "margin",
    "verdict",
    "sim_only",
    "settings",
];

/// CSV with a heading, numbers in SI base units.
///
/// # Errors
/// When the library refuses, which text in memory does not cause.
pub fn csv(history: &History) -> Result<String, csv::Error> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(HEAD)?;
    for trend in &history.trends {
        for point in &trend.points {
            let sim_only = if point.sim_only { "yes" } else { "no" };
            let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
            out.write_record([
                &point.run,
                &point.started,
                &trend.fidelity,
                &trend.rig,
                &point.dut,
                &point.firmware,
                &trend.scenario,
                &trend.case,
                &trend.measurand,
                &trend.unit,
                &trend.statistic,
                &trend.profile,
                trend.text.trim(),
                &number(point.value),
                &number(point.uncertainty),
                &number(point.lower),
                &number(point.upper),
                &number(point.margin),
                point.verdict,
                sim_only,
                &trend.settings,
            ])?;
        }
    }
    let bytes = out.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
