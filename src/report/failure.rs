//! What did not pass, in as few lines as it takes to know where to look.

use crate::quantity::counted;
use crate::record::{BudgetRecord, CaseRecord, CheckRecord, Outcome, Sketch, Verdict};

use super::Paint;
use super::check_line::{against, by_interest};
use super::paint::plain;
use super::profile;
use super::sketch::draw;

/// Size of the waveform sketch, in characters.
const SKETCH: (usize, usize) = (64, 7);

/// What stands left and right of a sketch, in characters: its scale, and the name of a limit.
const MARGIN: usize = 22;

/// A narrower sketch shows nothing.
const NARROWEST: usize = 16;

/// Failures shown in full; the rest is counted, because a screen of failures beyond that has one cause.
const BLOCKS: usize = 12;

/// Failures shown with their waveform: beyond these, one scrolls past pictures instead of reading.
const PICTURES: usize = 3;

/// What did not pass, each after an empty line. Cases that no check explains and that share a reason are one block: an
/// unplugged cable is one thing to know, not forty.
pub(super) fn blocks(cases: &[CaseRecord], paint: Paint, width: Option<usize>) -> Vec<String> {
    let bad = cases.iter().filter(|case| !matches!(case.outcome, Outcome::Passed | Outcome::Skipped));
    let mut groups: Vec<Vec<&CaseRecord>> = Vec::new();
    for case in bad {
        let alike = |other: &&CaseRecord| {
            let told = |case: &CaseRecord| case.checks.iter().any(|check| check.verdict != Verdict::Pass);
            !told(case) && !told(other) && case.outcome == other.outcome && case.reason == other.reason
        };
        match groups.iter_mut().find(|group| group.first().is_some_and(alike)) {
            Some(group) => group.push(case),
            None => groups.push(vec![case]),
        }
    }
    let mut lines = Vec::new();
    for (at, group) in groups.iter().take(BLOCKS).enumerate() {
        lines.push(String::new());
        lines.extend(block(group, paint, width, at < PICTURES));
    }
    if groups.len() > BLOCKS {
        lines.push(String::new());
        lines.push(format!("and {} more; the report has them all", groups.len() - BLOCKS));
    }
    lines
}

/// The block of a case, or of several that share their reason: the name, then each check that did not pass with its place,
/// its numbers, what decided it, and the waveform there if `pictures` are wanted.
fn block(group: &[&CaseRecord], paint: Paint, width: Option<usize>, pictures: bool) -> Vec<String> {
    let Some(case) = group.first() else { return Vec::new() };
    let title = format!("{}  {}", label(case, paint), paint.strong(&plain(&case.title())));
    let mut lines = vec![title];
    if group.len() > 1 {
        let more = counted(group.len() - 1, "more case");
        lines.push(paint.faint(&format!("    and {more} for the same reason")));
    }
    let checks = by_interest(&case.checks);
    let failing: Vec<_> = checks.iter().filter(|check| check.verdict != Verdict::Pass).collect();
    // The case's own reason often repeats that of its first check; then the check says it, with its numbers.
    let said = |reason: &str| {
        failing.iter().filter_map(|check| check.reason.as_deref()).any(|of_check| reason.ends_with(of_check))
    };
    if let Some(reason) = case.reason.as_deref().filter(|reason| !said(reason)) {
        lines.extend(beside(&[plain(reason)], 4, width));
    }
    if failing.is_empty() && group.len() == 1 {
        lines.push(paint.faint(&format!("    {}", plain(&case.scenario))));
    }
    let mut drawn: Vec<&Sketch> = Vec::new();
    for check in failing {
        lines.extend(of_check(case, check, paint, width));
        let sketch = check.sketch.as_ref().filter(|sketch| pictures && !drawn.contains(sketch));
        if let Some(sketch) = sketch.filter(|sketch| is_elsewhere(check, sketch)) {
            let missing = format!("no sketch: what is beyond the limit is not in {}", plain(&sketch.channel));
            lines.push(paint.faint(&format!("          {missing}, but elsewhere in the cycle")));
        } else if let Some(sketch) = sketch {
            drawn.push(sketch);
            // In a narrow terminal its lines would be broken: narrower then, or none.
            let columns = width.map_or(SKETCH.0, |width| SKETCH.0.min(width.saturating_sub(MARGIN)));
            let picture = draw(sketch, if columns < NARROWEST { 0 } else { columns }, SKETCH.1);
            lines.extend(picture.iter().map(|line| format!("    {}", paint.trace(&plain(line)))));
        }
    }
    lines.extend(case.notes.iter().map(|note| paint.faint(&format!("    note: {}", plain(note)))));
    lines
}

/// Whether the charge of a failed check ends between its limits in the sketch: of a pulse whose charge a recharge or another pulse is to
/// take back, or of one beside that which decided. A curve within its limits would be believed rather than the verdict.
fn is_elsewhere(check: &CheckRecord, sketch: &Sketch) -> bool {
    let limits = || sketch.limits.iter().copied();
    let (low, high) = (limits().fold(f64::INFINITY, f64::min), limits().fold(f64::NEG_INFINITY, f64::max));
    let last = sketch.values.last().filter(|_| check.verdict == Verdict::Fail && sketch.unit == "C");
    last.is_some_and(|last| (low..=high).contains(last))
}

fn of_check(case: &CaseRecord, check: &CheckRecord, paint: Paint, width: Option<usize>) -> Vec<String> {
    let (file, line) = profile::place(case, check);
    let place = format!("{}:{line}", plain(file));
    let mut lines: Vec<String> =
        beside(&[place, plain(check.text.trim())], 4, width).iter().map(|line| paint.faint(line)).collect();
    let (value, limit) = against(check);
    let (name, value) = (&check.measurand, [value, limit].join("  "));
    let reason = check.reason.as_ref().filter(|reason| !repeats(check, reason));
    let reason = reason.map(|reason| plain(reason.strip_prefix(&format!("{name}: ")).unwrap_or(reason)));
    let word = check.verdict.name();
    let parts: Vec<String> = [format!("{word}  {name}"), value].into_iter().chain(reason).collect();
    let painted = if check.verdict == Verdict::Fail { paint.bad(word) } else { paint.odd(word) };
    for (at, line) in beside(&parts, 4, width).into_iter().enumerate() {
        lines.push(if at == 0 { line.replacen(word, &painted, 1) } else { line });
    }
    let details: Vec<String> =
        [decided_by(check), family(check), dominating(&check.budget)].into_iter().flatten().collect();
    let details: Vec<String> = details
        .into_iter()
        .enumerate()
        .map(|(at, detail)| if at == 0 { detail } else { format!("· {detail}") })
        .collect();
    lines.extend(beside(&details, 10, width).iter().map(|line| paint.faint(line)));
    if let Some(profile) = profile::of_check(case, check) {
        let cited = format!("limit of {}", plain(&profile::cited(profile)));
        lines.extend(beside(&[cited], 10, width).iter().map(|line| paint.faint(line)));
    }
    lines
}

/// A plain failure's reason says its value and its limit once more.
pub(super) fn repeats(check: &CheckRecord, reason: &str) -> bool {
    check.verdict == Verdict::Fail && check.value.is_some() && reason.starts_with(check.measurand.as_str())
}

/// Parts of a line beside each other as far as they fit, the rest below them; the first `indent` from the left.
fn beside(parts: &[String], indent: usize, width: Option<usize>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts.iter().filter(|part| !part.is_empty()) {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 2 + part.chars().count() <= width.unwrap_or(usize::MAX) => {
                line.push_str("  ");
                line.push_str(part);
            }
            Some(_) => lines.push(format!("          {part}")),
            None => lines.push(format!("{:indent$}{part}", "")),
        }
    }
    lines
}

/// `worst of 25: pulse 12 at 0.241 s`, so that one can look at it.
pub(super) fn decided_by(check: &CheckRecord) -> Option<String> {
    let mut text = match check.count {
        0 => return None,
        // The worst of one is that one.
        1 => String::new(),
        count => format!("{} of {count}:", check.statistic),
    };
    if let Some(worst) = check.worst.as_ref().filter(|_| check.statistic == "worst") {
        let pulse = worst.pulse.map(|pulse| format!(" pulse {pulse}"));
        let time = worst.time.map(|time| format!(" at {time:.4} s"));
        if pulse.is_some() || time.is_some() {
            text.push_str(&format!("{}{}", pulse.unwrap_or_default(), time.unwrap_or_default()));
        }
    }
    Some(text.trim().trim_end_matches(':').to_owned()).filter(|text| !text.is_empty())
}

/// Says which uncertainty a rejection used, and that a simple decision used none.
fn family(check: &CheckRecord) -> Option<String> {
    if check.decision == "simple" {
        return Some("simple decision, uncertainty not considered".to_owned());
    }
    let dimension = super::check_line::dimension_of(&check.unit);
    // A failure's U is that of the family already.
    check.uncertainty_family.filter(|family| check.uncertainty != Some(*family)).map(|family| {
        format!("U over all {}: {}", check.count, crate::quantity::engineering(family, dimension, 2))
    })
}

/// `U mostly from gain: 96 % (type B)`: the budget line with the largest part of the variance.
fn dominating(budget: &[BudgetRecord]) -> Option<String> {
    let total: f64 = budget.iter().map(|line| line.contribution * line.contribution).sum();
    let largest = budget.iter().max_by(|a, b| a.contribution.abs().total_cmp(&b.contribution.abs()))?;
    if total <= 0.0 {
        return None;
    }
    let part = 100.0 * largest.contribution * largest.contribution / total;
    Some(format!("U mostly from {}: {part:.0} % (type {})", largest.input, largest.kind))
}

/// The outcome as a right-aligned, coloured word.
pub(super) fn label(case: &CaseRecord, paint: Paint) -> String {
    let word = match case.outcome {
        Outcome::Passed if case.sim_only => "sim only",
        outcome => outcome.name(),
    };
    let word = format!("{word:>12}");
    match case.outcome {
        Outcome::Passed if case.sim_only => paint.odd(&word),
        Outcome::Passed => paint.good(&word),
        Outcome::Skipped => paint.faint(&word),
        Outcome::Inconclusive | Outcome::Invalid => paint.odd(&word),
        Outcome::RigError | Outcome::Failed | Outcome::Aborted | Outcome::Unsafe => paint.bad(&word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples::{case, check};

    #[test]
    fn a_sketch_is_no_wider_than_the_terminal() {
        let sketch = || Sketch {
            channel: "e1".into(),
            unit: "C".into(),
            start: 0.164,
            step: 1e-6,
            values: (0..100).map(|k| f64::from(k) * 1e-10).collect(),
            limits: vec![-1e-9, 1e-9],
        };
        let widest = |width: Option<usize>| {
            let checks =
                vec![CheckRecord { sketch: Some(sketch()), ..check("charge_imbalance", Verdict::Fail) }];
            let cases = [CaseRecord { outcome: Outcome::Failed, checks, ..case("a") }];
            let lines = blocks(&cases, Paint::new(false), width);
            let drawn = lines.iter().filter(|line| line.contains(['┤', '│', '└']));
            drawn.map(|line| line.chars().count()).max()
        };
        for width in [40, 60, 80] {
            assert!(widest(Some(width)).is_some_and(|widest| widest <= width), "{width}");
        }
        assert_eq!(widest(Some(30)), None, "too narrow to show anything");
        assert!(widest(None).is_some_and(|widest| widest > 80));
    }

    #[test]
    fn a_sketch_that_speaks_against_a_failure_is_not_drawn() {
        let said = |last: f64, verdict: Verdict| {
            let sketch = Sketch {
                channel: "e1: charge beyond the programmed in pulse 0, most like pulse 25".into(),
                unit: "C".into(),
                start: 0.164,
                step: 1e-6,
                values: (0..100).map(|k| f64::from(k) / 99.0 * last).collect(),
                limits: vec![-1e-9, 1e-9],
            };
            let checks = vec![CheckRecord { sketch: Some(sketch), ..check("charge_imbalance", verdict) }];
            let outcome = Outcome::Failed;
            blocks(&[CaseRecord { outcome, checks, ..case("a") }], Paint::new(false), None).join("\n")
        };
        let within = said(2e-10, Verdict::Fail);
        assert!(!within.contains('┤') && !within.contains("limit\n"), "{within}");
        let why = "no sketch: what is beyond the limit is not in e1: charge beyond the programmed in pulse 0, most like pulse 25, but \
                   elsewhere in the cycle";
        assert!(within.contains(why), "{within}");
        for drawn in
            [said(2e-9, Verdict::Fail), said(-2e-9, Verdict::Fail), said(2e-10, Verdict::Inconclusive)]
        {
            assert!(drawn.contains('┤') && !drawn.contains("no sketch"), "{drawn}");
        }
    }
}
