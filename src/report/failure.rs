//! What did not pass, in as few lines as it takes to know where to look.

use crate::record::{BudgetRecord, CaseRecord, CheckRecord, Outcome, Verdict};

use super::Paint;
use super::check_line::{against, by_interest};
use super::paint::plain;
use super::sketch::draw;

/// Size of the waveform sketch, in characters.
const SKETCH: (usize, usize) = (64, 7);

/// The block of one case: its name, then each check that did not pass with its place, its numbers, what decided it, and the
/// waveform there if `pictures` are wanted.
pub(super) fn block(case: &CaseRecord, paint: Paint, pictures: bool) -> Vec<String> {
    let title = format!("{}  {}", label(case, paint), paint.strong(&plain(&case.name)));
    let mut lines = vec![title];
    let checks = by_interest(&case.checks);
    let failing: Vec<_> = checks.iter().filter(|check| check.verdict != Verdict::Pass).collect();
    // The case's own reason often repeats that of its first check; then the check says it, with its numbers.
    let said = |reason: &str| {
        failing.iter().filter_map(|check| check.reason.as_deref()).any(|of_check| reason.ends_with(of_check))
    };
    if let Some(reason) = case.reason.as_deref().filter(|reason| !said(reason)) {
        lines.push(format!("    {}", plain(reason)));
    }
    if failing.is_empty() {
        lines.push(paint.faint(&format!("    {}", plain(&case.scenario))));
    }
    for check in failing {
        lines.extend(of_check(case, check, paint));
        if pictures && let Some(sketch) = &check.sketch {
            let drawn = draw(sketch, SKETCH.0, SKETCH.1);
            lines.extend(drawn.iter().map(|line| format!("    {}", paint.trace(&plain(line)))));
        }
    }
    lines.extend(case.notes.iter().map(|note| paint.faint(&format!("    note: {}", plain(note)))));
    lines
}

fn of_check(case: &CaseRecord, check: &CheckRecord, paint: Paint) -> Vec<String> {
    let mut lines = vec![paint.faint(&format!(
        "    {}:{}  {}",
        plain(&case.scenario),
        check.line,
        plain(check.text.trim())
    ))];
    let verdict = match check.verdict {
        Verdict::Fail => paint.bad("fail"),
        other => paint.odd(other.name()),
    };
    let (value, limit) = against(check);
    let mut line = format!("    {verdict}  {}  {value}  {limit}", check.measurand);
    if let Some(reason) = &check.reason {
        line.push_str(&format!("  {}", plain(reason)));
    }
    lines.push(line);
    let details: Vec<String> =
        [decided_by(check), family(check), dominating(&check.budget)].into_iter().flatten().collect();
    if !details.is_empty() {
        lines.push(paint.faint(&format!("          {}", details.join(" · "))));
    }
    lines
}

/// `worst of 25: pulse 12 at 0.241 s`, so that one can look at it.
fn decided_by(check: &CheckRecord) -> Option<String> {
    let mut text = format!("{} of {}", check.statistic, check.count);
    if check.count == 0 {
        return None;
    }
    if let Some(worst) = check.worst.as_ref().filter(|_| check.statistic == "worst") {
        let pulse = worst.pulse.map(|pulse| format!(" pulse {pulse}"));
        let time = worst.time.map(|time| format!(" at {time:.4} s"));
        if pulse.is_some() || time.is_some() {
            text.push_str(&format!(":{}{}", pulse.unwrap_or_default(), time.unwrap_or_default()));
        }
    }
    Some(text)
}

/// Says which uncertainty a rejection used, and that a simple decision used none.
fn family(check: &CheckRecord) -> Option<String> {
    if check.decision == "simple" {
        return Some("simple decision, uncertainty not considered".to_owned());
    }
    let dimension = super::check_line::dimension_of(&check.unit);
    check.uncertainty_family.map(|family| {
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
