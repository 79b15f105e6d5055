//! One self-contained page.

use crate::plot::{PlotError, draw, escape};
use crate::record::CheckRecord;

use super::figure::figure;
use super::words::{PULSE_COLUMNS, headline, pulse_row, rows, scope_of_u};
use super::{Analysis, checks};

/// Rows of pulses a page shows.
const LISTED: usize = 1000;

const STYLE: &str = "body{font:15px/1.45 system-ui,sans-serif;color:#222;max-width:1040px;margin:2em auto;padding:0 1em}\
table{border-collapse:collapse;margin:1em 0}th,td{text-align:left;padding:.25em .9em .25em 0;border-bottom:1px solid #ddd;font-variant-numeric:tabular-nums}\
.finding{background:#fff4e5;border-left:4px solid #d55e00;padding:.5em .8em;margin:.5em 0}.pass{color:#00734f}.FAIL{color:#b3261e;font-weight:600}\
svg{max-width:100%;height:auto}small{color:#555}";

/// The page of several files.
///
/// # Errors
/// [`PlotError`] if a figure cannot be drawn.
pub fn html(results: &[(Analysis, Vec<CheckRecord>)]) -> Result<String, PlotError> {
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>stimrig analyze</title><style>{STYLE}</style></head><body>\n"
    );
    for (analysis, judged) in results {
        page.push_str(&format!(
            "<h1>{}</h1>\n<p>{}</p>\n",
            escape(&analysis.file),
            escape(&headline(analysis))
        ));
        for finding in &analysis.findings {
            page.push_str(&format!(
                "<p class=\"finding\"><b>{}</b>: {}</p>\n",
                finding.code.name(),
                escape(&finding.message)
            ));
        }
        page.push_str(&draw(&figure(analysis))?);
        if !judged.is_empty() {
            let lines = judged.iter().map(|check| checks::row(check).to_vec());
            page.push_str(&table(&["verdict", "measurand", "check", "result"], lines));
        }
        if !analysis.pulses.is_empty() {
            let summary = rows(analysis).into_iter();
            let lines = summary.map(|row| vec![row.name, row.value, row.count.to_string(), row.dominant]);
            page.push_str(&table(&["measurand", "value ± U", "of", "U mostly from"], lines));
            page.push_str(&format!("<p><small>{}</small></p>\n", escape(&scope_of_u(analysis))));
            let lines = analysis.pulses.iter().take(LISTED).map(|pulse| pulse_row(&pulse).to_vec());
            page.push_str(&table(&PULSE_COLUMNS, lines));
        }
    }
    page.push_str("</body></html>\n");
    Ok(page)
}

fn table(head: &[&str], lines: impl Iterator<Item = Vec<String>>) -> String {
    let mut text = "<table><tr>".to_owned();
    for cell in head {
        text.push_str(&format!("<th>{}</th>", escape(cell)));
    }
    text.push_str("</tr>\n");
    for line in lines {
        text.push_str("<tr>");
        for cell in line {
            let class = if matches!(cell.as_str(), "pass" | "FAIL") {
                format!(" class=\"{cell}\"")
            } else {
                String::new()
            };
            text.push_str(&format!("<td{class}>{}</td>", escape(&cell)));
        }
        text.push_str("</tr>\n");
    }
    text.push_str("</table>\n");
    text
}
