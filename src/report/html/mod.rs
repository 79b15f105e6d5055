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
        .zip(figures_of(figures, &record.cases))
        .enumerate()
        .map(|(at, (case, figures))| Shown { at, case, figures })
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

/// The pictures of each case: those of its place in the record, which lacks cases that never ended, if the name fits as well; else
/// those of its name that are at no case's place. A case that never got as far as pictures has none: it must not show those of
/// another attempt, or of a scenario of the same name, as what it measured.
fn figures_of<'a>(figures: &'a [CaseFigures], cases: &[CaseRecord]) -> Vec<Option<&'a CaseFigures>> {
    let mut left: Vec<Option<&CaseFigures>> = figures.iter().map(Some).collect();
    let mut take = |fits: &dyn Fn(&CaseFigures) -> bool| {
        left.iter_mut().find(|figures| figures.is_some_and(fits)).and_then(Option::take)
    };
    let mut found: Vec<Option<&CaseFigures>> = cases
        .iter()
        .enumerate()
        .map(|(at, case)| take(&|figures| figures.case == at && figures.name == case.name))
        .collect();
    for (found, case) in found.iter_mut().zip(cases).filter(|(found, _)| found.is_none()) {
        *found = take(&|figures| figures.name == case.name);
    }
    found
}

fn is_bad(outcome: Outcome) -> bool {
    !matches!(outcome, Outcome::Passed | Outcome::Skipped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples;

    #[test]
    fn a_case_without_pictures_does_not_show_those_of_another_of_its_name() {
        let whose = |figures: &[CaseFigures], names: &[&str]| -> Vec<Option<usize>> {
            let cases: Vec<CaseRecord> = names.iter().map(|name| samples::case(name)).collect();
            figures_of(figures, &cases).iter().map(|found| found.map(|figures| figures.case)).collect()
        };
        // The second of three attempts met a rig that was not there.
        assert_eq!(
            whose(&[samples::figures(0, "a"), samples::figures(2, "a")], &["a"; 3]),
            [Some(0), None, Some(2)]
        );
        // Of three cases the first never ended and is not in the record.
        assert_eq!(
            whose(&[samples::figures(1, "b"), samples::figures(2, "c")], &["b", "c"]),
            [Some(1), Some(2)]
        );
        assert_eq!(whose(&[samples::figures(0, "a")], &["b"]), [None]);
    }
}
