//! The table a person reads at the terminal.

use crate::quantity::counted;
use crate::record::CheckRecord;

use super::words::{PULSE_COLUMNS, headline, pulse_row, rows, scope_of_u};
use super::{Analysis, checks};

/// More pulses than this are summed up rather than listed.
const LISTED: usize = 12;

/// The result as text: findings first, because they say how far to trust the rest.
pub fn table(analysis: &Analysis, judged: &[CheckRecord]) -> String {
    let mut text = format!("{}\n{}\n", analysis.file, headline(analysis));
    for finding in &analysis.findings {
        text.push_str(&format!("\n! {}: {}\n", finding.code.name(), finding.message));
    }
    if !analysis.pulses.is_empty() {
        let count = analysis.pulses.len();
        text.push_str(&format!("\n{}\n", counted(count, "pulse")));
        let mut lines = vec![PULSE_COLUMNS.map(str::to_owned).to_vec()];
        lines.extend(analysis.pulses.iter().take(LISTED).map(|pulse| pulse_row(&pulse).to_vec()));
        text.push_str(&aligned(&lines));
        if count > LISTED {
            text.push_str(&format!("  … and {} more\n", count - LISTED));
        }
        text.push('\n');
        let mut lines = vec![["measurand", "value ± U", "of", "U mostly from"].map(str::to_owned).to_vec()];
        let summary = rows(analysis).into_iter().filter(|row| row.name != "pulse count");
        lines.extend(summary.map(|row| vec![row.name, row.value, row.count.to_string(), row.dominant]));
        text.push_str(&aligned(&lines));
        text.push_str(&format!("\n{}\n", scope_of_u(analysis)));
    }
    if !judged.is_empty() {
        text.push('\n');
        let lines: Vec<Vec<String>> = judged.iter().map(|check| checks::row(check).to_vec()).collect();
        text.push_str(&aligned(&lines));
    }
    text
}

/// Columns two spaces apart.
fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| {
        lines.iter().filter_map(|line| line.get(at)).map(|c| c.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for line in lines {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        text.push_str("  ");
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}
