//! A trend in a terminal: a row of text for each band of values, a column for each run or stretch of runs.

use crate::quantity::engineering;

use super::Trend;
use super::words::{digits, dimension};

const ROWS: usize = 9;

/// Draws the values of a trend, the mean (`─`) and control limits (`┄`), `width` columns wide. Where a column holds several runs,
/// it spans their least to greatest value. Nothing for fewer than two values or values that do not vary.
pub(super) fn draw(trend: &Trend, width: usize) -> Vec<String> {
    let values: Vec<f64> = trend.values().map(|(_, value)| value).collect();
    let control = trend.control.filter(|chart| chart.moving_range > 0.0);
    let marks = control.iter().flat_map(|chart| [chart.lower, chart.upper]);
    let all = || values.iter().copied().chain(marks.clone());
    let low = all().fold(f64::INFINITY, f64::min);
    let high = all().fold(f64::NEG_INFINITY, f64::max);
    if values.len() < 2 || !(high > low && (high - low).is_finite()) || width == 0 {
        return Vec::new();
    }
    let row_of = |value: f64| ((high - value) / (high - low) * (ROWS - 1) as f64).round() as usize;
    let columns = values.len().min(width);
    // Few values stand apart, so that a point is a point.
    let stride = (width / columns).clamp(1, 3);
    let mut grid = vec![vec![' '; columns * stride]; ROWS];
    let mut rule = |value: f64, sign: char| {
        if let Some(row) = grid.get_mut(row_of(value)) {
            row.fill(sign);
        }
    };
    if let Some(chart) = &control {
        rule(chart.lower, '┄');
        rule(chart.upper, '┄');
        rule(chart.mean, '─');
    }
    for column in 0..columns {
        let (from, to) = (column * values.len() / columns, (column + 1) * values.len() / columns);
        let Some(span) = values.get(from..to) else { continue };
        let top = row_of(span.iter().copied().fold(f64::NEG_INFINITY, f64::max));
        let bottom = row_of(span.iter().copied().fold(f64::INFINITY, f64::min));
        let strayed = control.is_some_and(|c| span.iter().any(|v| *v < c.lower || *v > c.upper));
        for row in grid.iter_mut().take(bottom + 1).skip(top) {
            if let Some(cell) = row.get_mut(column * stride) {
                *cell = match (strayed, top == bottom) {
                    (true, _) => '◆',
                    (false, true) => '•',
                    (false, false) => '┃',
                };
            }
        }
    }
    let label = |row: usize| high - (high - low) * row as f64 / (ROWS - 1) as f64;
    let shown = [0, ROWS / 2, ROWS - 1];
    let dimension = dimension(trend);
    let labels: Vec<String> = (0..ROWS)
        .map(|row| {
            if shown.contains(&row) {
                engineering(label(row), dimension, digits(low, high))
            } else {
                String::new()
            }
        })
        .collect();
    let wide = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
    grid.iter()
        .zip(&labels)
        .map(|(row, label)| {
            let tick = if label.is_empty() { '│' } else { '┤' };
            format!("{label:>wide$} {tick}{}", row.iter().collect::<String>().trim_end())
        })
        .collect()
}
