//! The experiments as pages.

use crate::plot::dots::{Dots, Mark, Row as DotRow, Tone};
use crate::plot::page::{head, page, table};

use super::alarms::Alarms;
use super::coverage::{Coverage, Share};
use super::defects::{Matrix, Row, told};
use super::speed::{Goal, Speed, goal};

fn percent(value: f64) -> String {
    let text = format!("{:.1}", 100.0 * value);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// Coverage: each measurand, then each stratum of each.
pub fn coverage_page(found: &Coverage, provenance: &str) -> String {
    let mut verdict = found.verdict() + ".";
    if let Some(first) = verdict.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let under = format!("{} benches, seed {}. {provenance}", found.benches, found.seed);
    let mut body = head("Does value ± U hold the truth?", &under, found.holds(), &verdict);
    body.push_str(
        "<p>Every bench is new: gain, offset, non-linearity, clock and filter are drawn from the distributions that the uncertainty \
         budgets state, and what was driven is known exactly. A bar is the 95 % interval of a share. Where an uncertainty is made of bounds \
         for the most part, more than 95 % may be held.</p>\n",
    );
    let dot = |label: String, share: &Share, floor: f64| {
        let (low, high) = share.interval();
        let tone = if share.measured == 0 || high < floor {
            Tone::Bad
        } else if share.fraction() < floor || share.invalid > 0 {
            Tone::Odd
        } else {
            Tone::Good
        };
        let invalid = if share.invalid > 0 { format!(", {} invalid", share.invalid) } else { String::new() };
        DotRow {
            label,
            value: Some(share.fraction()),
            interval: Some((low, high)),
            tone,
            note: format!("{:.2} % of {}{invalid}", 100.0 * share.fraction(), share.measured),
        }
    };
    let marks = |at: &[(f64, &str)]| -> Vec<Mark> {
        at.iter().map(|(at, label)| Mark { at: *at, label: (*label).to_owned() }).collect()
    };
    let figure = |title: &str, rows: Vec<DotRow>, at: &[(f64, &str)]| {
        let axis = "share of benches whose interval holds the truth".to_owned();
        Dots { title: title.to_owned(), axis, log: false, tick: percent, rows, marks: marks(at) }.svg()
    };
    let overall = found.overall.iter().map(|(name, share)| dot((*name).to_owned(), share, 0.94)).collect();
    body.push_str(&figure("All benches", overall, &[(0.94, ""), (0.95, "95 %"), (0.96, "")]));
    for name in found.overall.keys() {
        let rows: Vec<DotRow> = found
            .strata
            .iter()
            .filter_map(|(stratum, shares)| shares.get(name).map(|share| dot(stratum.clone(), share, 0.93)))
            .collect();
        if rows.len() > 1 {
            body.push_str(&figure(name, rows, &[(0.93, "93 %"), (0.95, "95 %")]));
        }
    }
    body.push_str(&decisions(found));
    page("stimrig bench coverage", &body)
}

/// One-sided claims and the decisions at the limit.
fn decisions(found: &Coverage) -> String {
    let tone = |good: bool| if good { "good" } else { "bad" };
    let mut body = "<h2>Bounds on one side</h2>\n<p>The output was off by value + U, in at least 99 % of benches; U is no larger than three \
                    samples and the filter's tail.</p>\n"
        .to_owned();
    let lines: Vec<Vec<(String, &str)>> = found
        .one_sided
        .iter()
        .map(|(name, one)| {
            let tight = one.tight as f64 / one.share.measured.max(1) as f64;
            vec![
                ((*name).to_owned(), ""),
                (one.share.measured.to_string(), ""),
                (format!("{:.2} %", 100.0 * one.share.fraction()), tone(one.share.fraction() >= 0.99)),
                (format!("{:.2} %", 100.0 * tight), tone(one.tight == one.share.measured)),
                (one.share.invalid.to_string(), tone(one.share.invalid == 0)),
            ]
        })
        .collect();
    body.push_str(&table(&["bound", "measured", "holds", "U as small as stated", "invalid"], &lines));
    body.push_str(
        "<h2>At the limit itself</h2>\n<p>Every pulse lies exactly at the limit. The worst of them may then be accepted or rejected in at \
         most 2.5 % of benches each; the rest is inconclusive, as it should be.</p>\n",
    );
    let lines: Vec<Vec<(String, &str)>> = found
        .at_limit
        .iter()
        .map(|(name, at)| {
            let cell = |count: u64| {
                let share = count as f64 / at.judged.max(1) as f64;
                (format!("{:.2} %", 100.0 * share), tone(share <= 0.025 + 3.0 * at.standard_error()))
            };
            vec![((*name).to_owned(), ""), (at.judged.to_string(), ""), cell(at.passed), cell(at.failed)]
        })
        .collect();
    body.push_str(&table(&["worst of", "judged", "passed", "failed"], &lines));
    body
}

/// Alarms: how near each check of a clean bench comes to its limit.
pub fn alarms_page(found: &Alarms, provenance: &str) -> String {
    let verdict = match found.alarms.len() {
        0 => format!("No alarm in {} checks.", found.checks),
        1 => format!("One case in {} did not pass.", found.cases),
        count => format!("{count} cases in {} did not pass.", found.cases),
    };
    let under = format!(
        "{} seeds from {}, {} cases, {} checks on clean benches. {provenance}",
        found.seeds, found.first_seed, found.cases, found.checks
    );
    let mut body = head("Does a clean bench raise an alarm?", &under, found.holds(), &verdict);
    body.push_str(&format!(
        "<p>A check of a clean bench alarms in at most {:.3} % of cases (95 % confidence).</p>\n",
        100.0 * found.rate_bound()
    ));
    if !found.alarms.is_empty() {
        let lines: Vec<Vec<(String, &str)>> = found
            .alarms
            .iter()
            .map(|alarm| {
                vec![
                    (alarm.seed.to_string(), ""),
                    (alarm.outcome.name().to_owned(), "bad"),
                    (alarm.case.clone(), ""),
                    (alarm.reason.clone(), ""),
                ]
            })
            .collect();
        body.push_str(&table(&["seed", "outcome", "case", "reason"], &lines));
    }
    let near: Vec<DotRow> = found
        .by_check
        .iter()
        .filter(|tally| tally.used.is_some())
        .take(40)
        .map(|tally| DotRow {
            label: shortened(&tally.case, 38),
            value: tally.used_median,
            interval: tally.used_median.zip(tally.used),
            tone: match tally.used {
                Some(used) if used >= 1.0 => Tone::Bad,
                Some(used) if used >= 0.8 => Tone::Odd,
                _ => Tone::Good,
            },
            note: tally.measurand.clone(),
        })
        .collect();
    body.push_str(
        &Dots {
            title: "The 40 checks nearest to their limits: median, and the largest of all seeds".to_owned(),
            axis: "part of the limit that value and uncertainty take together".to_owned(),
            log: false,
            tick: percent,
            rows: near,
            marks: vec![Mark { at: 1.0, label: "limit".to_owned() }],
        }
        .svg(),
    );
    page("stimrig bench alarms", &body)
}

/// Defects: what catches each, and how far below its size.
pub fn defects_page(matrix: &Matrix, provenance: &str, size: &dyn Fn(&Row, f64) -> String) -> String {
    let missed: Vec<&str> =
        matrix.defects.iter().filter(|row| !row.is_caught()).map(|row| row.defect.as_str()).collect();
    let verdict = if missed.is_empty() {
        let tried = if matrix.untried.is_empty() { "" } else { " that were tried" };
        format!("All {} defects{tried} are caught.", matrix.defects.len())
    } else {
        format!("Not caught: {}.", missed.join(", "))
    };
    let under =
        format!("{} defects, one at a time, seed {}. {provenance}", matrix.defects.len(), matrix.seed);
    let mut body = head("Which check catches which defect?", &under, matrix.holds(), &verdict);
    let rows: Vec<DotRow> = matrix
        .defects
        .iter()
        .filter_map(|row| {
            let best = row.caught.first()?;
            let reach = row.reach(best)?;
            Some(DotRow {
                label: format!("{} {}", row.defect, row.shown),
                value: Some(reach),
                interval: Some((reach, 1.0)),
                tone: if reach > 0.8 { Tone::Odd } else { Tone::Good },
                note: told(row, best, size),
            })
        })
        .collect();
    body.push_str(
        &Dots {
            title: "How small it may be and still be caught".to_owned(),
            axis: "smallest size caught, as a part of the size tried".to_owned(),
            log: true,
            tick: percent,
            rows,
            marks: vec![Mark { at: 1.0, label: "size tried".to_owned() }],
        }
        .svg(),
    );
    let lines: Vec<Vec<(String, &str)>> = matrix
        .defects
        .iter()
        .map(|row| {
            let mut by: Vec<String> = row.caught.iter().map(|catch| told(row, catch, size)).collect();
            by.extend(row.otherwise.iter().cloned());
            let (by, class) =
                if by.is_empty() { ("not caught".to_owned(), "bad") } else { (by.join(" · "), "") };
            let clearest = row.caught.first().map(|catch| catch.case.clone()).unwrap_or_default();
            vec![
                (row.defect.clone(), ""),
                (row.shown.clone(), ""),
                (row.cases.to_string(), ""),
                (by, class),
                (clearest, ""),
            ]
        })
        .collect();
    body.push_str("<h2>Every defect</h2>\n");
    body.push_str(&table(
        &["defect", "size", "cases", "caught by (smallest size)", "most clearly in"],
        &lines,
    ));
    if !matrix.untried.is_empty() {
        let groups = matrix.untried.iter();
        let lines: Vec<Vec<(String, &str)>> =
            groups.map(|group| vec![(group.why.clone(), ""), (group.defects.join(", "), "")]).collect();
        body.push_str("<h2>Not tried</h2>\n");
        body.push_str(&table(&["why", "defects"], &lines));
    }
    page("stimrig bench defects", &body)
}

/// Speed: each figure against its goal.
pub fn speed_page(found: &Speed, provenance: &str) -> String {
    let verdict = match (found.optimised, found.holds()) {
        (false, _) => "Not a build for speed: these figures say nothing.",
        (true, true) => "Every goal is reached.",
        (true, false) => "Not every goal is reached.",
    };
    let under = format!(
        "One look (sum, minimum, maximum, count) at {:.0} M samples: {:.0} M samples/s on one thread. {provenance}",
        found.samples as f64 * 1e-6,
        found.look * 1e-6
    );
    let mut body =
        head("How fast does it measure and simulate?", &under, found.optimised && found.holds(), verdict);
    let rows = found
        .figures
        .iter()
        .map(|figure| DotRow {
            label: figure.name.clone(),
            value: Some(match figure.goal {
                Goal::Looks(most) => most / figure.looks,
                Goal::Rate(least) => figure.rate / least,
            }),
            interval: None,
            tone: if figure.reached() { Tone::Good } else { Tone::Bad },
            note: format!("{:.0} M/s, {:.2} looks; {}", figure.rate * 1e-6, figure.looks, goal(figure.goal)),
        })
        .collect();
    body.push_str(
        &Dots {
            title: "How far beyond its goal".to_owned(),
            axis: "speed as a multiple of the goal".to_owned(),
            log: true,
            tick: |value| format!("{value}×"),
            rows,
            marks: vec![Mark { at: 1.0, label: "goal".to_owned() }],
        }
        .svg(),
    );
    page("stimrig bench speed", &body)
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let (words, values) = text.rfind(" [").map_or((text, ""), |at| text.split_at(at));
    let keep = most.saturating_sub(values.chars().count() + 1);
    let head: String = words.chars().take(keep).collect();
    format!("{}…{values}", head.trim_end())
}
