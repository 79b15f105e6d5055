//! A case in one line of the console: outcome, name, and the one check that a person should see.

use crate::record::{CaseRecord, CheckRecord, Outcome, Verdict};

use super::Paint;
use super::check_line::{against, allowed, by_interest, margin, measured, options};
use super::failure::label;
use super::paint::plain;

/// Columns of the outcome (with the blanks after it), of the measurand and of the value.
const COLUMNS: (usize, usize, usize) = (14, 18, 22);
/// What the widest usual limit and margin take, with the blanks before them.
const LIMIT: usize = 36;
/// The name where no terminal limits it, and the most and the least that it gets on one.
const NAME: (usize, usize) = (68, 12);

/// Outcome, name, measurand, value ± U, and as much of `limit, margin` as fits a terminal of `width` characters. Values stand
/// with their ± below each other. The check is the worst, or of those that pass the one nearest its limit; where none is why the case came
/// out as it did, the reason stands in its place.
pub(super) fn case_line(case: &CaseRecord, paint: Paint, width: Option<usize>) -> String {
    let (outcome, measurand, value) = COLUMNS;
    let fixed = outcome + measurand + value + 3;
    let column = match width {
        None => NAME.0,
        // The limit is what a narrow terminal goes without: a check that did not pass tells it below.
        Some(width) if width < fixed + 24 + LIMIT => width.saturating_sub(fixed).clamp(NAME.1, 24),
        Some(width) => (width - fixed - LIMIT).min(NAME.0),
    };
    let name = plain(&case.title());
    let name = if width.is_some() { shortened(&name, column) } else { name };
    let head = format!("{}  {name:<column$}", label(case, paint));
    let used = outcome + name.chars().count().max(column);
    let room = width.map_or(usize::MAX, |width| width.saturating_sub(used));
    let checks = by_interest(&case.checks);
    let Some(check) = checks.first().filter(|check| explains(case, check)) else {
        let reason = shortened(&plain(case.reason.as_deref().unwrap_or("")), room.saturating_sub(2));
        return format!("{head}  {}", paint.faint(&reason)).trim_end().to_owned();
    };
    let text = format!("  {:<measurand$} {}", check.measurand, on_its_sign(&measured(check)));
    let text = format!("{text:<pad$}", pad = 2 + measurand + 1 + value);
    let room = room.saturating_sub(text.chars().count() + 2);
    let limit = [format!("{}, {}", allowed(check), margin(check)), allowed(check)]
        .into_iter()
        .map(|limit| limit.trim_matches([',', ' ']).to_owned())
        .find(|limit| !limit.is_empty() && limit.chars().count() <= room);
    let text = if limit.is_some() { text } else { text.trim_end().to_owned() };
    let text = match check.verdict {
        Verdict::Pass => text,
        Verdict::Fail => paint.bad(&text),
        _ => paint.odd(&text),
    };
    match limit {
        Some(limit) => format!("{head}{text}  {}", paint.faint(&limit)),
        None => format!("{head}{text}"),
    }
}

/// Whether the worst check of a case is why it came out as it did: what the output guard, the teardown or a signal ended may have checks
/// that pass, and a value within its limits beside `failed` would be read instead.
pub(super) fn explains(case: &CaseRecord, worst: &CheckRecord) -> bool {
    match case.outcome {
        Outcome::Failed => worst.verdict == Verdict::Fail || case.reason.is_none(),
        Outcome::RigError | Outcome::Aborted | Outcome::Unsafe => case.reason.is_none(),
        Outcome::Passed | Outcome::Skipped | Outcome::Inconclusive | Outcome::Invalid => true,
    }
}

/// All checks of a case, one a line; two of one measurand are told apart by what else they say.
pub(super) fn check_lines(case: &CaseRecord, paint: Paint) -> Vec<String> {
    let line = |check: &CheckRecord| {
        let limit = against(check).1;
        let twin = case.checks.iter().filter(|other| other.measurand == check.measurand).count() > 1;
        let of = check.profile.as_ref().map(|profile| format!("[{}]", plain(profile)));
        let said =
            [twin.then(|| plain(options(check))), of].into_iter().flatten().collect::<Vec<_>>().join("  ");
        let (verdict, value) = (check.verdict.name(), on_its_sign(&measured(check)));
        let line =
            format!("{:>14}{verdict:<12}  {:<18} {value:<22} {limit:<38}  {said}", "", check.measurand);
        paint.faint(line.trim_end())
    };
    case.checks.iter().map(line).collect()
}

/// Pads a value at its left so that its ± (or the blank before its unit) stands where that of other values stands.
fn on_its_sign(value: &str) -> String {
    let at = value.find(" ±").or_else(|| value.find(' ')).unwrap_or(value.len());
    let whole = value.chars().next().is_some_and(|first| first.is_ascii_alphabetic());
    let before = if whole { 0 } else { value.get(..at).map_or(0, |digits| digits.chars().count()) };
    format!("{:pad$}{value}", "", pad = 9_usize.saturating_sub(before) * usize::from(!whole))
}

/// `text` in at most `room` characters: cut in the middle of the words, never in the matrix values at the end, which tell cases apart.
/// Where these leave little of the words, they stand without their keys.
fn shortened(text: &str, room: usize) -> String {
    const WORDS: usize = 10;
    let length = text.chars().count();
    if length <= room {
        return text.to_owned();
    }
    let (words, values) = match text.rfind(" [") {
        Some(at) if text.ends_with(']') => text.split_at(at),
        _ => (text, ""),
    };
    let beside = |values: &str| room.saturating_sub(values.chars().count() + 1);
    let bare = without_keys(values);
    let values = if beside(values) < WORDS { bare.as_str() } else { values };
    let keep = beside(values);
    if keep < 3 && !values.is_empty() {
        return text.chars().take(room.saturating_sub(1)).chain(['…']).collect();
    }
    let head: String = words.chars().take(keep).collect();
    format!("{}…{values}", head.trim_end())
}

/// ` [load=r500, amplitude=2 mA]` → ` [r500, 2 mA]`.
fn without_keys(values: &str) -> String {
    let inside = values.trim_start_matches(" [").trim_end_matches(']');
    let bare = inside.split(", ").map(|value| value.split_once('=').map_or(value, |(_, value)| value));
    let bare = bare.collect::<Vec<_>>().join(", ");
    if bare.is_empty() { bare } else { format!(" [{bare}]") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples::{case, check};

    fn sample() -> CaseRecord {
        CaseRecord {
            name: "Symmetric biphasic pulses stay charge balanced [amplitude=0.5 mA]".into(),
            checks: vec![check("cap_never_exceeded", Verdict::Pass)],
            ..case("any")
        }
    }

    #[test]
    fn a_line_fits_its_terminal_and_keeps_the_matrix_value() {
        for width in [72, 80, 100, 120, 160] {
            let line = case_line(&sample(), Paint::new(false), Some(width));
            assert!(line.chars().count() <= width, "{width}: {line}");
            assert!(line.contains("2.0012 ± 0.0031 mA"), "{width}: {line}");
            assert!(
                width < 80 || line.contains("… [0.5 mA]  ") || line.contains("[amplitude=0.5 mA]  "),
                "{line}"
            );
            assert_eq!(line.contains("margin 58.8 µA"), width >= 120, "{line}");
        }
    }

    #[test]
    fn a_value_within_its_limits_does_not_stand_beside_an_outcome_that_it_does_not_explain() {
        let line = |outcome: Outcome, verdict: Verdict, reason: Option<&str>| {
            let checks = vec![check("rate", verdict)];
            let case = CaseRecord { outcome, checks, reason: reason.map(str::to_owned), ..case("any") };
            case_line(&case, Paint::new(false), None)
        };
        let guard = "output guard: amplitude 12.9 mA exceeds the bench's limit 12.1 mA";
        let why = Some(guard);
        for outcome in [Outcome::Failed, Outcome::RigError, Outcome::Aborted, Outcome::Unsafe] {
            for verdict in [Verdict::Pass, Verdict::Invalid] {
                let line = line(outcome, verdict, why);
                assert!(line.ends_with(guard) && !line.contains("margin"), "{line}");
            }
        }
        assert!(line(Outcome::Failed, Verdict::Fail, why).contains("rate"), "its check says why");
        assert!(line(Outcome::Passed, Verdict::Pass, None).contains("margin"));
        assert!(
            line(Outcome::Failed, Verdict::Pass, None).contains("rate"),
            "an older record gives no reason"
        );
    }

    #[test]
    fn cases_of_one_scenario_are_told_apart_on_a_narrow_terminal() {
        let name = "Output is right into the loads of the regulators [load=r500, amplitude=0.3 mA]";
        assert_eq!(shortened(name, 24), "Output i… [r500, 0.3 mA]");
        assert_eq!(shortened(name, 48), "Output is right i… [load=r500, amplitude=0.3 mA]");
        assert_eq!(shortened(name, 15), "Output is righ…", "nothing of the words would be left");
        assert_eq!(shortened("Output is right", 10), "Output is…");
    }

    #[test]
    fn values_stand_on_their_sign() {
        let column = |value: &str| on_its_sign(value).chars().take_while(|c| *c != '±').count();
        assert_eq!(column("2.0012 ± 0.0031 mA"), column("-0.010 ± 0.033 %"));
        assert_eq!(on_its_sign("not measured"), "not measured");
        assert_eq!(on_its_sign("20 ms"), "       20 ms");
        assert_eq!(on_its_sign("0"), "        0");
    }
}
