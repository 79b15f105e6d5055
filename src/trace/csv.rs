//! The matrix as a table: a row for each requirement, scenario and column.

use super::Matrix;
use super::json::status;

const HEAD: [&str; 13] = [
    "requirement",
    "text",
    "status",
    "scenario",
    "fidelity",
    "firmware",
    "current",
    "standing",
    "passed",
    "cases",
    "runs",
    "changed",
    "run",
];

/// CSV with a heading.
///
/// # Errors
/// When the library refuses, which text in memory does not cause.
pub fn csv(matrix: &Matrix) -> Result<String, csv::Error> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(HEAD)?;
    for row in &matrix.rows {
        let head = [row.id.as_str(), row.text.as_str(), status(&row.status)];
        if row.scenarios.is_empty() || matrix.columns.is_empty() {
            let scenario = row.scenarios.first().map_or("", |scenario| scenario.file.as_str());
            let rest = [scenario, "", "", "", "not run", "", "", "", "", ""];
            out.write_record(head.into_iter().chain(rest))?;
            continue;
        }
        for scenario in &row.scenarios {
            for (column, cell) in matrix.columns.iter().zip(&scenario.cells) {
                let numbers = [cell.passed, cell.of, cell.runs].map(|number| number.to_string());
                let changed = cell.changed.join(" ");
                let place = [
                    scenario.file.as_str(),
                    column.level.name(),
                    column.firmware.as_str(),
                    if column.current { "yes" } else { "no" },
                    cell.standing.name(),
                ];
                let rest = [changed.as_str(), cell.run.as_deref().unwrap_or("")];
                out.write_record(
                    head.into_iter().chain(place).chain(numbers.iter().map(String::as_str)).chain(rest),
                )?;
            }
        }
    }
    let bytes = out.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
