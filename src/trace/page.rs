//! The matrix as a page.

use crate::plot::escape;
use crate::plot::page::{head, page as whole_page, remark, table};

use super::text::{column_name, counted, proof};
use super::{Cell, Level, Matrix, Row, Standing, Status};

/// One self-contained page.
pub fn page(matrix: &Matrix, provenance: &str) -> String {
    let count = |wanted: fn(&Status) -> bool| matrix.rows.iter().filter(|row| wanted(&row.status)).count();
    let (rig, sim) = (count(|s| *s == Status::Rig), count(|s| *s == Status::SimOnly));
    let holes = matrix.rows.len() - rig - sim;
    let verdict = format!(
        "{} requirements: {rig} proved on a rig, {sim} on the simulator only, {holes} not proved.",
        matrix.rows.len()
    );
    let under = format!("{}. {provenance}", counted(matrix));
    let good = rig == matrix.rows.len() && rig > 0 && matrix.gaps.is_empty();
    let mut body = head("What is proved, and by what", &under, good, &verdict);
    body.extend(matrix.gaps.iter().map(|gap| remark(gap)));
    for (title, on_a_rig) in [("Not proved", false), ("Proved on a rig, but not on the simulator", true)] {
        let rows = matrix.rows.iter().filter(|row| (row.status == Status::Rig) == on_a_rig);
        let lines: Vec<Vec<(String, &str)>> = rows
            .filter_map(|row| Some((row, row.missing(Level::Sim)?)))
            .map(|(row, why)| vec![(row.id.clone(), "bad"), (row.text.clone(), ""), (why.to_owned(), "")])
            .collect();
        if !lines.is_empty() {
            body.push_str(&format!("<h2>{title}</h2>\n"));
            body.push_str(&table(&["requirement", "demands", "why not"], &lines));
        }
    }
    body.push_str("<h2>Every requirement</h2>\n");
    body.push_str(&matrix_table(matrix));
    if !matrix.unknown.is_empty() {
        let lines: Vec<Vec<(String, &str)>> =
            matrix.unknown.iter().map(|(id, file)| vec![(id.clone(), "bad"), (file.clone(), "")]).collect();
        body.push_str("<h2>Ids that no requirement has</h2>\n");
        body.push_str(&table(&["id", "verified by"], &lines));
    }
    if !matrix.not_counted.is_empty() {
        let lines: Vec<Vec<(String, &str)>> = matrix
            .not_counted
            .iter()
            .map(|(run, why)| vec![(run.clone(), ""), (why.clone(), "odd")])
            .collect();
        body.push_str("<h2>Runs that do not count</h2>\n");
        body.push_str(&table(&["run", "why"], &lines));
    }
    body.push_str(
        "<h2>How to read it</h2>\n<p class=\"soft\">A column is one firmware, as it was read back, at one fidelity. A run counts if its bundle is sealed and intact and \
         its stimulator had no deliberate defect; of one that was killed, what had failed. A record proves a case while scenario, limit profiles, phantom and firmware are those it was \
         judged with; what is older is stale. Of the current records of a case the worst judgement stands, so running it again never turns \
         it green; a run that judged nothing (invalid, rig error, aborted) stands until a later one judges. A requirement is proved when every \
         case that verifies it passed. A pass on the simulator never counts for a rig; of a case that asks for one it is shown as sim only.</p>\n",
    );
    whole_page("stimrig trace", &body)
}

fn matrix_table(matrix: &Matrix) -> String {
    let columns: Vec<String> = matrix.columns.iter().map(column_name).collect();
    let mut heads = vec!["requirement", "proved", "scenario"];
    heads.extend(columns.iter().map(String::as_str));
    let mut lines: Vec<Vec<(String, &str)>> = Vec::new();
    for row in &matrix.rows {
        let (word, tone) = proved(row);
        let asked = format!("{}: {}", row.id, row.text);
        if row.scenarios.is_empty() {
            let mut line =
                vec![(asked.clone(), ""), (word.to_owned(), tone), ("no scenario".to_owned(), "bad")];
            line.extend(columns.iter().map(|_| (String::new(), "")));
            lines.push(line);
        }
        for (at, scenario) in row.scenarios.iter().enumerate() {
            let first = at == 0;
            let of_first = |text: &str| if first { text.to_owned() } else { String::new() };
            let mut line = vec![(of_first(&asked), ""), (of_first(word), tone), (scenario.file.clone(), "")];
            line.extend(scenario.cells.iter().map(|found| (proof(found), tone_of(found))));
            lines.push(line);
        }
    }
    if matrix.columns.is_empty() {
        return format!("<p>{}</p>\n", escape("No run counts: nothing is proved yet."))
            + &table(&heads, &lines);
    }
    table(&heads, &lines)
}

fn proved(row: &Row) -> (&'static str, &'static str) {
    match row.status {
        Status::Rig => ("rig", "good"),
        Status::SimOnly => ("simulator only", "odd"),
        Status::Hole(_) => ("no", "bad"),
    }
}

fn tone_of(cell: &Cell) -> &'static str {
    match cell.standing {
        Standing::Passed => "good",
        Standing::SimOnly | Standing::Stale => "odd",
        Standing::NotRun => "",
        Standing::Not(_) => "bad",
    }
}
