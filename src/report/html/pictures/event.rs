//! A stretch of time with what happened in it, and until when something had to happen.

use crate::plot::{LIMIT, Mark, Panel, Size};
use crate::quantity::{Dimension, engineering};
use crate::record::{CaseFigures, CaseRecord, CheckRecord, Trace};

use super::super::super::check_line::measured;
use super::{MEASURED, Picture, drawn, line, marks};

/// The current around what decided a check that is about no pulse.
pub(super) fn picture(
    case: &CaseRecord,
    figures: &CaseFigures,
    around: &Trace,
    check: &CheckRecord,
    size: Size,
) -> Option<Picture> {
    let end = around.start + around.step * around.low.len() as f64;
    let mut marks = marks(figures, (around.start, end));
    marks.extend(latest(case, check));
    let panel = Panel {
        title: format!("current into {}", around.name),
        x_name: "time from the first sample".to_owned(),
        unit: "A".to_owned(),
        window: Some((around.start, end)),
        series: vec![line("", around, MEASURED)],
        marks,
        ..Panel::default()
    };
    // A count has no instant that decided it.
    let what = if check.worst.is_some() { "what decided" } else { "the first gap" };
    drawn(&[panel], size, format!("Around {what}: {} {}.", check.measurand, measured(check)))
}

/// When a latency was used up. It is counted from the instant that the check is about, and not from whatever fault stands last in the
/// picture: a board declares a fault some milliseconds after it came, and a limit that is drawn from there would clear what failed.
fn latest(case: &CaseRecord, check: &CheckRecord) -> Option<Mark> {
    /// More than what a filter delays, s.
    const NEAR: f64 = 1e-3;
    let limit = check.limit.upper.filter(|_| check.unit == "s")?;
    let since = check.worst.as_ref()?.time? - check.value?;
    let (since, what) = match check.measurand.as_str() {
        "shutdown_latency" | "stop_latency" => (since, "off by here"),
        // Its value is longer than what was seen by the time between two questions: the instant itself is the next one named.
        "fault_reported" => {
            let mut named = case.events.iter().filter_map(|instant| instant.time);
            (named.find(|at| *at >= since - NEAR)?, "reported by here")
        }
        _ => return None,
    };
    let label = format!("{what}: {}", engineering(limit, Dimension::Time, 4));
    Some(Mark { at: since + limit, label, colour: LIMIT })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples::{case, check};
    use crate::record::{InstantRecord, LimitRecord, Verdict, WorstRecord};

    /// A lead opens at 0.2 s; the fault is declared 8 ms later, and read 10 ms after that at the latest; the output ends at 0.23 s.
    #[test]
    fn a_limit_of_time_is_drawn_from_the_instant_that_the_check_is_about() {
        let instant = |name: &str, time| InstantRecord { name: name.into(), time: Some(time), sample: None };
        let case =
            CaseRecord { events: vec![instant("start", 0.01), instant("lead_opens", 0.2)], ..case("a") };
        let of = |measurand: &str, (value, time): (f64, f64), unit: &str| {
            let limit =
                LimitRecord { criterion: "at_most".into(), nominal: None, lower: None, upper: Some(0.025) };
            latest(
                &case,
                &CheckRecord {
                    value: Some(value),
                    worst: Some(WorstRecord { pulse: None, time: Some(time) }),
                    unit: unit.into(),
                    limit,
                    ..check(measurand, Verdict::Fail)
                },
            )
        };
        for (measurand, decided, label) in [
            ("shutdown_latency", (0.03, 0.23), "off by here: 25 ms"),
            ("stop_latency", (0.03, 0.23), "off by here: 25 ms"),
            ("fault_reported", (0.028, 0.218), "reported by here: 25 ms"),
        ] {
            let mark = of(measurand, decided, "s").unwrap();
            assert!((mark.at - 0.225).abs() < 1e-9 && mark.label == label, "{mark:?}");
        }
        assert_eq!(of("cycle_on", (0.03, 0.23), "s"), None, "no latency");
        assert_eq!(of("pulses_after_fault", (0.03, 0.23), "1"), None, "no time");
    }
}
