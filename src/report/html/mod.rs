//! The page of a run: one file, no script, nothing fetched, on light, dark and printed paper.
//!
//! What did not pass comes first and is open; what passed is a line that opens. A page is a function of the record and of the
//! figures kept beside it, so that it can be made again to the byte.

mod case;
mod check;
mod head;
mod pictures;
mod provenance;
mod rows;
mod style;
mod words;

use maud::{DOCTYPE, PreEscaped, html};

use crate::record::{CaseFigures, CaseRecord, Outcome, RunRecord};

/// Cases that did not pass which are shown with all their pictures; beyond these one cause shows in the first.
const IN_FULL: usize = 12;

/// The page of a run. `figures` may lack cases; `remarks` are what a reader should know first.
pub fn page(record: &RunRecord, figures: &[CaseFigures], remarks: &[String]) -> String {
    let outcome = record.outcome.map_or("nothing ran", Outcome::name);
    let cases: Vec<Shown<'_>> = record
        .cases
        .iter()
        .enumerate()
        .map(|(at, case)| Shown { at, case, figures: figures_of(figures, at, case) })
        .collect();
    let mut bad: Vec<&Shown<'_>> = cases.iter().filter(|shown| is_bad(shown.case.outcome)).collect();
    bad.sort_by_key(|shown| std::cmp::Reverse(shown.case.outcome));
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (outcome) ": stimrig run " (words::text(&record.id)) }
                style { (PreEscaped(style::sheet())) }
            }
            body {
                (head::head(record, remarks))
                main {
                    @if !bad.is_empty() {
                        section {
                            h2 { "What did not pass" }
                            @for (rank, shown) in bad.iter().enumerate() { (case::failing(shown, rank < IN_FULL)) }
                        }
                    }
                    (rows::all(&cases))
                    (provenance::provenance(record))
                }
            }
        }
    }
    .into_string()
}

/// A case with its pictures.
struct Shown<'a> {
    at: usize,
    case: &'a CaseRecord,
    figures: Option<&'a CaseFigures>,
}

impl Shown<'_> {
    /// Where the page has it.
    fn anchor(&self) -> String {
        format!("case-{}", self.at + 1)
    }
}

/// The pictures of the case at a place of the record, which lacks cases that never ended: the name must fit as well.
fn figures_of<'a>(figures: &'a [CaseFigures], at: usize, case: &CaseRecord) -> Option<&'a CaseFigures> {
    let fits = |figures: &&CaseFigures| figures.name == case.name;
    figures.iter().find(|figures| figures.case == at).filter(fits).or_else(|| figures.iter().find(fits))
}

fn is_bad(outcome: Outcome) -> bool {
    !matches!(outcome, Outcome::Passed | Outcome::Skipped)
}
