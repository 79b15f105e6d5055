//! `expect:` lowered to checks.

use crate::phantom::Phantom;
use crate::quantity::{Dimension, Quantity};
use crate::source::{At, Fields, nearest};

use super::{
    After, Check, Criterion, FaultCode, Measurand, Nominal, PhaseChoice, Statistic, Tolerance, Traits,
    WindowKind, steps,
};

pub(super) const KEYS: &[&str] = &[
    "equals",
    "within",
    "at_most",
    "at_least",
    "between",
    "of",
    "in",
    "statistic",
    "phase",
    "contact",
    "definition",
    "window",
    "note",
    "after",
    "for",
    "is",
];
const CRITERIA: [&str; 5] = ["equals", "within", "at_most", "at_least", "between"];
pub(super) const TOLERANCE_KEYS: &[&str] = &["rel", "abs"];
pub(super) const STATISTICS: &[(&str, Statistic)] =
    &[("worst", Statistic::Worst), ("mean", Statistic::Mean), ("p99", Statistic::P99)];
pub(super) const PHASES: &[(&str, PhaseChoice)] =
    &[("leading", PhaseChoice::Leading), ("recovery", PhaseChoice::Recovery), ("each", PhaseChoice::Each)];
pub(super) const WINDOWS: &[(&str, WindowKind)] =
    &[("cycle", WindowKind::Cycle), ("pulse", WindowKind::Pulse)];

/// Which contacts checks may name.
#[derive(Debug, Clone, Copy)]
pub(super) enum Contacts<'p> {
    /// Those of a phantom, or of one that could not be read: then any.
    Of(Option<&'p Phantom>),
    /// None: a profile's checks hold for any phantom.
    Unnamed,
}

/// Lowers the checks.
pub(super) fn lower(at: &At<'_>, contacts: Contacts<'_>) -> Option<Vec<Check>> {
    let items = at.list()?;
    if items.is_empty() {
        let what = match contacts {
            Contacts::Of(_) => "scenario without a check",
            Contacts::Unnamed => "profile without a limit",
        };
        at.key_error(&format!("a {what} proves nothing"), None);
    }
    let path = at.path();
    let numbered = items.iter().zip(0_usize..);
    Some(numbered.filter_map(|(item, index)| check(item, &format!("{path}[{index}]"), contacts)).collect())
}

fn check(item: &At<'_>, path: &str, contacts: Contacts<'_>) -> Option<Check> {
    let such = "such as `- amplitude: { of: programmed, within: 3 % }`";
    let entries = item.entries_or(|| such.to_owned())?;
    let [(key, at)] = entries.as_slice() else {
        item.error("a check names one measurand", Some(such));
        return None;
    };
    let Some(measurand) = Measurand::ALL.iter().copied().find(|measurand| measurand.name() == key.text)
    else {
        let near = nearest(&key.text, Measurand::ALL.iter().map(|measurand| measurand.name())).map_or_else(
            || "`stimrig explain` lists them".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        at.key_error(&format!("there is no measurand `{}`", key.text), Some(&near));
        return None;
    };
    let traits = measurand.traits();
    let line = key.span.line;
    let text = at.key_excerpt().trim().trim_start_matches("- ").to_owned();
    let path = format!("{path}.{}", key.text);
    let mut check = Check { line, text, path, ..Check::new(measurand, Criterion::Holds) };
    // A property may be written as `restart_refused: true`.
    if traits.holds && at.node().as_text() == Some("true") {
        if traits.hold || traits.after == After::Fault {
            at.error(&format!("`{}` needs its `after`", key.text), None);
        }
        return Some(check);
    }
    let fields = at.fields(KEYS)?;
    check.criterion = criterion(&fields, measurand, &traits).unwrap_or(Criterion::Holds);
    options(&fields, &traits, contacts, &mut check);
    Some(check)
}

fn options(fields: &Fields<'_>, traits: &Traits, contacts: Contacts<'_>, check: &mut Check) {
    let name = check.measurand.name();
    let refuse = |key: &str, allowed: bool| {
        if let Some(at) = fields.get(key).filter(|_| !allowed) {
            at.key_error(&format!("`{name}` takes no `{key}`"), None);
        }
        allowed
    };
    if refuse("in", check.measurand.takes_window()) {
        check.window = fields.get("in").and_then(|at| window(&at));
    }
    check.statistic = fields.or("statistic", Statistic::Worst, |at| at.word("a statistic", STATISTICS));
    refuse(
        "statistic",
        // Of one value the mean is that value; of a property or a sign there is none.
        traits.bounds && !(traits.equals && traits.per == super::Per::Unit)
            || check.statistic == Statistic::Worst,
    );
    if let Some(at) = fields.get("statistic")
        && check.statistic == Statistic::P99
        && traits.per != super::Per::Unit
    {
        at.error(&format!("`{name}` is one value: there is no percentile of it"), None);
    }
    if refuse("phase", traits.phase) {
        check.phase = fields.or("phase", PhaseChoice::Leading, |at| at.word("a phase", PHASES));
    }
    if refuse("contact", traits.contact) {
        check.contact = fields.get("contact").and_then(|at| {
            let idle = matches!(check.measurand, Measurand::DcLeakageCurrent | Measurand::CurrentShare)
                && at.node().as_text() == Some("idle");
            match contacts {
                _ if idle => Some("idle".to_owned()),
                Contacts::Of(phantom) => steps::contact(&at, phantom),
                Contacts::Unnamed => {
                    at.error("a profile names no contact: it holds for any phantom", None);
                    None
                }
            }
        });
    }
    if refuse("definition", !traits.definitions.is_empty()) {
        let known: Vec<(&str, &str)> = traits.definitions.iter().map(|name| (*name, *name)).collect();
        let chosen =
            fields.get("definition").and_then(|at| at.word(&format!("a definition of {name}"), &known));
        check.definition = chosen.map(str::to_owned);
    }
    if refuse("window", traits.window) {
        check.window_kind = fields.or("window", WindowKind::Cycle, |at| at.word("a window", WINDOWS));
    }
    if refuse("after", traits.after != After::No) {
        let needed = matches!(traits.after, After::Instant | After::Fault);
        let at = if needed { fields.require("after") } else { fields.get("after") };
        check.after = at.and_then(|at| at.text().map(str::to_owned));
    }
    if refuse("for", traits.hold) {
        let needed = check.measurand == Measurand::StaysOff;
        let at = if needed { fields.require("for") } else { fields.get("for") };
        check.hold = at.and_then(|at| at.positive(Dimension::Time));
    }
    if refuse("is", check.measurand == Measurand::FaultReported) {
        let known: Vec<(&str, FaultCode)> =
            FaultCode::ALL.iter().map(|(code, name)| (*name, *code)).collect();
        check.is = fields.require("is").and_then(|at| at.word("a fault code", &known));
    }
    check.note = fields.get("note").and_then(|at| at.text().map(str::to_owned));
}

fn window(at: &At<'_>) -> Option<(String, String)> {
    let ends = at.list()?;
    match ends.as_slice() {
        [from, to] => Some((from.text()?.to_owned(), to.text()?.to_owned())),
        _ => {
            at.error("a window lies between two instants", Some("such as `[start, stop]`"));
            None
        }
    }
}

fn criterion(fields: &Fields<'_>, measurand: Measurand, traits: &Traits) -> Option<Criterion> {
    let name = measurand.name();
    let given: Vec<&str> = CRITERIA.into_iter().filter(|key| fields.has(key)).collect();
    let key = match given.as_slice() {
        [] if traits.holds => return Some(Criterion::Holds),
        [] => {
            fields.at().key_error(
                &format!("`{name}` has no criterion"),
                Some("one of: equals, within, at_most, at_least, between"),
            );
            return None;
        }
        [key] => *key,
        [_, second, ..] => {
            fields.get(second)?.key_error("a check has one criterion", Some("write a second check"));
            return None;
        }
    };
    let at = fields.get(key)?;
    if let Some(of) = fields.get("of").filter(|_| key != "within") {
        of.key_error(&format!("`of` goes with `within`, not with `{key}`"), None);
    }
    let allowed = match key {
        "equals" => traits.equals,
        _ if measurand == Measurand::FaultReported => key == "at_most",
        _ => traits.bounds,
    };
    if !allowed {
        let help = match (key, traits.holds) {
            (_, true) => "it holds or not",
            _ if measurand == Measurand::Polarity => "write `equals: cathodic` or `equals: anodic`",
            ("equals", _) => "a measured quantity is never exactly equal: use `of` with `within`",
            _ => "see `stimrig explain`",
        };
        at.key_error(&format!("`{name}` cannot be judged by `{key}`"), Some(help));
        return None;
    }
    match key {
        "within" => within(fields, &at, measurand, traits),
        "at_most" => at.not_negative_unless_log(measurand).map(Criterion::AtMost),
        "at_least" => {
            let limit = at.not_negative_unless_log(measurand)?;
            if limit == 0.0 && measurand != Measurand::ShannonK {
                at.error(
                    "a magnitude is always at least 0, so this could never fail",
                    Some("state a limit above it"),
                );
            }
            Some(Criterion::AtLeast(limit))
        }
        "between" => {
            let ends = at.list()?;
            let [low, high] = ends.as_slice() else {
                at.error("`between` takes two limits", Some("such as `[1 mA, 2 mA]`"));
                return None;
            };
            let (low, high) = (limit(low, measurand), limit(high, measurand));
            let (low, high) = (low?, high?);
            if low > high {
                at.error("the lower limit comes first", None);
            }
            Some(Criterion::Between(low, high))
        }
        _ => equals(&at, measurand).map(Criterion::Equals),
    }
}

impl At<'_> {
    /// A limit on a magnitude, which cannot be negative; Shannon's k is a logarithm and can.
    fn not_negative_unless_log(&self, measurand: Measurand) -> Option<f64> {
        if measurand == Measurand::ShannonK {
            self.number()
        } else {
            self.not_negative(measurand.dimension())
        }
    }
}

/// A bound or a nominal, which is negative only where the measurand can be.
fn limit(at: &At<'_>, measurand: Measurand) -> Option<f64> {
    let value = at.quantity(measurand.dimension())?;
    if value < 0.0 && !signed(measurand) {
        at.error(&format!("`{}` is never negative", measurand.name()), Some("state it without a sign"));
    }
    Some(value)
}

/// Whether its value has a sign: all others are magnitudes, counts or times that pass.
fn signed(measurand: Measurand) -> bool {
    use Measurand as M;
    matches!(
        measurand,
        M::Gap
            | M::Overshoot
            | M::Droop
            | M::NetCharge
            | M::ChargeImbalance
            | M::MeanDcCurrent
            | M::DcLeakageCurrent
            | M::ResidualVoltage
            | M::ResidualVoltageError
            | M::Polarization
            | M::ShannonK
            | M::CurrentShare
    )
}

fn equals(at: &At<'_>, measurand: Measurand) -> Option<f64> {
    if measurand == Measurand::Polarity {
        let signs = [("-1", -1.0), ("1", 1.0), ("+1", 1.0), ("cathodic", -1.0), ("anodic", 1.0)];
        return at.word("a polarity", &signs);
    }
    at.count(0).map(|count| count as f64)
}

fn within(fields: &Fields<'_>, at: &At<'_>, measurand: Measurand, traits: &Traits) -> Option<Criterion> {
    let dimension = measurand.dimension();
    let Some(of) = fields.get("of") else {
        let percent = dimension != Dimension::Ratio
            && at.node().as_text().is_some_and(|text| Quantity::parse_as(text, Dimension::Ratio).is_ok());
        if percent {
            at.error(
                "a percentage of what?",
                Some("add `of: programmed`, `of: applied` or `of: <quantity>`"),
            );
            return None;
        }
        return at.not_negative(dimension).map(Criterion::Magnitude);
    };
    let name = measurand.name();
    let nominal = match of.node().as_text() {
        Some("programmed") if traits.programmed => Some(Nominal::Programmed),
        Some("applied") if traits.applied => Some(Nominal::Applied),
        Some(word @ ("programmed" | "applied")) => {
            of.error(&format!("`{name}` has no {word} value"), Some("state the nominal as a quantity"));
            None
        }
        text => match text.and_then(|text| meant(text, traits)) {
            Some(near) => {
                of.error(
                    &format!("`{}` is no nominal", text.unwrap_or_default()),
                    Some(&format!("did you mean `{near}`?")),
                );
                None
            }
            None => limit(&of, measurand).map(Nominal::Value),
        },
    };
    let tolerance = tolerance(at, dimension);
    if nominal == Some(Nominal::Value(0.0)) && tolerance.is_some_and(|tolerance| tolerance.abs == 0.0) {
        at.error(
            "a percentage of zero is zero",
            Some("leave `of` out, or state the tolerance as `{ abs: … }`"),
        );
    }
    Some(Criterion::Within { of: nominal?, tolerance: tolerance? })
}

/// Which word for a nominal, of those that the measurand has, a misspelt one was to be.
fn meant(text: &str, traits: &Traits) -> Option<&'static str> {
    let words = [("programmed", traits.programmed), ("applied", traits.applied)];
    nearest(text, words.into_iter().filter(|(_, known)| *known).map(|(word, _)| word))
}

/// A percentage of the nominal, a quantity, or both, of which the larger counts.
fn tolerance(at: &At<'_>, dimension: Dimension) -> Option<Tolerance> {
    if at.node().as_text().is_none() {
        let fields = at.fields(TOLERANCE_KEYS)?;
        if !fields.has("rel") && !fields.has("abs") {
            at.error("a tolerance has `rel`, `abs` or both", None);
        }
        let rel = fields.or("rel", 0.0, |at| at.not_negative(Dimension::Ratio));
        return Some(Tolerance { rel, abs: fields.or("abs", 0.0, |at| at.not_negative(dimension)) });
    }
    let relative = at.node().as_text().is_some_and(|text| Quantity::parse_as(text, Dimension::Ratio).is_ok());
    if relative {
        return Some(Tolerance { rel: at.not_negative(Dimension::Ratio)?, abs: 0.0 });
    }
    Some(Tolerance { rel: 0.0, abs: at.not_negative(dimension)? })
}
