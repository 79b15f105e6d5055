//! The matrix as JSON.

use serde_json::{Value, json};

use super::{Cell, Level, Matrix, Row, Status};

/// One object, ending in a newline.
pub fn json(matrix: &Matrix) -> String {
    let columns = matrix.columns.iter().map(|column| {
        json!({ "fidelity": column.level.name(), "firmware": column.firmware, "current": column.current })
    });
    let value = json!({
        "version": 1,
        "columns": columns.collect::<Vec<Value>>(),
        "requirements": matrix.rows.iter().map(row).collect::<Vec<Value>>(),
        "unknown": matrix.unknown.iter().map(|(id, file)| json!({ "id": id, "scenario": file })).collect::<Vec<Value>>(),
        "gaps": matrix.gaps,
        "runs_counted": matrix.counted,
        "runs_not_counted": matrix.not_counted.iter().map(|(run, why)| json!({ "run": run, "why": why })).collect::<Vec<Value>>(),
    });
    format!("{value:#}\n")
}

/// The name of a status in data.
pub(super) fn status(status: &Status) -> &'static str {
    match status {
        Status::Rig => "rig",
        Status::SimOnly => "sim-only",
        Status::Hole(_) => "hole",
    }
}

fn row(row: &Row) -> Value {
    let scenarios = row.scenarios.iter().map(|scenario| {
        json!({ "scenario": scenario.file, "cells": scenario.cells.iter().map(cell).collect::<Vec<Value>>() })
    });
    json!({
        "id": row.id,
        "text": row.text,
        "status": status(&row.status),
        "missing": row.missing(Level::Sim),
        "missing_on_rig": row.missing(Level::Rig),
        "scenarios": scenarios.collect::<Vec<Value>>(),
    })
}

fn cell(cell: &Cell) -> Value {
    json!({
        "standing": cell.standing.name(),
        "passed": cell.passed,
        "cases": cell.of,
        "runs": cell.runs,
        "changed": cell.changed,
        "run": cell.run,
        "passed_by": cell.passed_by,
        "case": cell.case,
    })
}
