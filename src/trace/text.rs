//! The matrix as text for a terminal.

use crate::plot::harmless;
use crate::record::short_identity;

use super::{Cell, Column, Level, Matrix, Row, Standing, Status};

/// The whole matrix, holes first.
pub fn text(matrix: &Matrix) -> String {
    harmless::lines(&whole(matrix))
}

fn whole(matrix: &Matrix) -> String {
    let mut out = String::new();
    let count = |status: fn(&Status) -> bool| matrix.rows.iter().filter(|row| status(&row.status)).count();
    let (rig, sim) = (count(|s| *s == Status::Rig), count(|s| *s == Status::SimOnly));
    out += &format!(
        "{} requirements: {rig} proved on a rig, {sim} on the simulator only, {} not proved\n",
        matrix.rows.len(),
        matrix.rows.len() - rig - sim
    );
    out += &format!("{}\n", counted(matrix));
    for (at, column) in matrix.columns.iter().enumerate() {
        out += &format!("  [{}] {}\n", at + 1, column_name(column));
    }
    for gap in &matrix.gaps {
        out += &format!("  MISSING: {gap}\n");
    }
    let section = |title: &str, wanted: fn(&Row) -> bool| {
        let rows: Vec<&Row> = matrix.rows.iter().filter(|row| wanted(row)).collect();
        if rows.is_empty() {
            return String::new();
        }
        rows.iter().fold(format!("\n{title}\n"), |out, row| out + &told(row))
    };
    out += &section("NOT PROVED", |row| matches!(row.status, Status::Hole(_)));
    out += &section("proved on the simulator only", |row| row.status == Status::SimOnly);
    out += &section("proved on a rig", |row| row.status == Status::Rig);
    if !matrix.unknown.is_empty() {
        out += "\nunknown requirement ids\n";
        for (id, file) in &matrix.unknown {
            out += &format!("  {id}  verified by {file}\n");
        }
    }
    if !matrix.not_counted.is_empty() {
        out += "\nruns that do not count\n";
        for (run, why) in &matrix.not_counted {
            out += &format!("  {run}  {why}\n");
        }
    }
    out
}

/// `1 run counts, 2 do not`.
pub(super) fn counted(matrix: &Matrix) -> String {
    let (noun, verb) = if matrix.counted == 1 { ("run", "counts") } else { ("runs", "count") };
    let others = matrix.not_counted.len();
    format!("{} {noun} {verb}, {others} {} not", matrix.counted, if others == 1 { "does" } else { "do" })
}

/// `simulator, firmware 3fa9c2d81b07 (current)`.
pub(super) fn column_name(column: &Column) -> String {
    let place = match column.level {
        Level::Sim => "simulator",
        Level::Rig => "rig",
    };
    let current = if column.current { " (current)" } else { "" };
    let firmware =
        if column.firmware.is_empty() { "not stated".to_owned() } else { short_identity(&column.firmware) };
    format!("{place}, firmware {firmware}{current}")
}

/// `passed 12/12`, `sim only 2/2`, `failed, 11/12 passed`, `stale: scenario`, `not run`.
pub(super) fn cell(cell: &Cell) -> String {
    match cell.standing {
        Standing::Passed | Standing::SimOnly => {
            format!("{} {}/{}", cell.standing.name(), cell.passed, cell.of)
        }
        Standing::Stale if cell.passed == 0 => format!("stale: {} changed", cell.changed.join(", ")),
        Standing::NotRun if cell.passed == 0 => "not run".to_owned(),
        other => format!("{}, {}/{} passed", other.name(), cell.passed, cell.of),
    }
}

/// The same, and by which runs what passed did: `passed 12/12 by run 0190c0de-…`.
pub(super) fn proof(found: &Cell) -> String {
    match found.passed_by.as_slice() {
        [] => cell(found),
        [run] => format!("{} by run {run}", cell(found)),
        runs => format!("{} by runs {}", cell(found), runs.join(", ")),
    }
}

fn told(row: &Row) -> String {
    let mut out = format!("  {}  {}\n", row.id, row.text);
    match (&row.status, row.missing(Level::Sim)) {
        (Status::Rig, Some(why)) => out += &format!("    but on the simulator: {why}\n"),
        (_, Some(why)) => out += &format!("    {why}\n"),
        (_, None) => {}
    }
    for scenario in &row.scenarios {
        let cells = scenario.cells.iter().enumerate();
        // What was never run there is no news in a long line.
        let cells = cells.filter(|(_, found)| found.standing != Standing::NotRun || found.passed > 0);
        let cells: Vec<String> = cells.map(|(at, found)| format!("[{}] {}", at + 1, proof(found))).collect();
        let cells = if cells.is_empty() { "not run".to_owned() } else { cells.join("  ") };
        out += &format!("    {}  {cells}\n", scenario.file);
    }
    out
}
