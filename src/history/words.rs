//! What a trend says, in words: the same in a terminal and on a page.

use crate::quantity::{Dimension, counted, engineering, range, telling_digits, with_uncertainty};
use crate::record::{Bundle, Verdict, short_identity};
use crate::statistics::Signal;

use super::{Flake, Point, Run, Trend};

/// Dimension of a trend's unit.
pub(super) fn dimension(trend: &Trend) -> Dimension {
    Dimension::of_unit(&trend.unit).unwrap_or(Dimension::Number)
}

/// `rig bench-2, device 0042`.
pub(super) fn place(trend: &Trend) -> String {
    let mut parts = vec![match trend.fidelity.as_str() {
        "sim" => format!("simulator {}", trend.rig),
        _ => format!("rig {}", trend.rig),
    }];
    if !trend.settings.is_empty() {
        parts.push(format!("set {}", trend.settings));
    }
    parts.extend(trend.dut.as_ref().map(|dut| format!("device {}", or_none(dut))));
    parts.extend(trend.firmware.as_ref().map(|firmware| format!("firmware {}", firmware_name(firmware))));
    parts.join(", ")
}

/// Text, or a word for its absence.
pub(super) fn or_none(text: &str) -> &str {
    if text.is_empty() { "not stated" } else { text }
}

/// A firmware, short enough for a line.
pub(super) fn firmware_name(firmware: &str) -> String {
    short_identity(or_none(firmware))
}

/// The outcome of a run, which passed on the simulator only where a case of it asks for a rig.
pub(super) fn outcome(run: &Run) -> String {
    let outcome = run.outcome.unwrap_or("nothing ran");
    if run.sim_only > 0 { format!("{outcome}, {} sim only", run.sim_only) } else { outcome.to_owned() }
}

/// Whether a run goes on, or was never closed: nothing proves that what there is of it is all.
pub(super) fn is_open(run: &Run) -> bool {
    run.bundle == Bundle::Unsealed.name()
}

/// What makes a run less, or other, than the whole suite on its bench: one part each.
pub(super) fn marks(run: &Run) -> Vec<String> {
    let mut marks = Vec::new();
    if is_open(run) {
        marks.push("NOT CLOSED".to_owned());
    }
    if !run.partition.is_empty() {
        marks.push(format!("part {}", run.partition));
    }
    if !run.rerun_of.is_empty() {
        marks.push("rerun".to_owned());
    }
    if !run.settings.is_empty() {
        marks.push(format!("set {}", run.settings));
    }
    if !run.defects.is_empty() {
        marks.push(format!("DEFECT ON PURPOSE {}", run.defects.join(", ")));
    }
    marks
}

/// The day of an instant.
pub(super) fn day(instant: &str) -> &str {
    instant.get(..10).unwrap_or(instant)
}

/// `12 runs, 2026-11-02 to 2026-11-30`: how many, and of which days.
pub(super) fn of_days(runs: &[Run]) -> String {
    let count = counted(runs.len(), "run");
    match (runs.first().map(|run| day(&run.started)), runs.last().map(|run| day(&run.started))) {
        (Some(first), Some(last)) if first == last => format!("{count}, {first}"),
        (Some(first), Some(last)) => format!("{count}, {first} to {last}"),
        _ => count,
    }
}

/// Digits that tell values apart which lie so close together.
pub(super) fn digits(low: f64, high: f64) -> usize {
    let (largest, span) = (low.abs().max(high.abs()), high - low);
    if span > 0.0 && largest > 0.0 {
        ((largest / span).log10().ceil() + 2.0).clamp(3.0, 10.0) as usize
    } else {
        6
    }
}

/// Value ± U of a point.
pub(super) fn measured(point: &Point, dimension: Dimension) -> String {
    match (point.value, point.uncertainty) {
        (None, _) => "not measured".to_owned(),
        (Some(value), Some(u)) => with_uncertainty(value, u, dimension),
        (Some(value), None) => engineering(value, dimension, 6),
    }
}

/// The limits of the latest point, with as many digits as tell on which side of them it lies.
pub(super) fn limits(trend: &Trend) -> String {
    let dimension = dimension(trend);
    let Some(point) = trend.points.last() else { return String::new() };
    let digits = telling_digits(point.value, [point.lower, point.upper]);
    let show = |limit: f64| engineering(limit, dimension, digits);
    match (point.lower, point.upper) {
        (Some(lower), Some(upper)) if lower == upper => format!("= {}", show(upper)),
        (Some(lower), Some(upper)) => range(lower, upper, dimension, digits),
        (None, Some(upper)) => format!("≤ {}", show(upper)),
        (Some(lower), None) => format!("≥ {}", show(lower)),
        (None, None) => "none".to_owned(),
    }
}

/// Everything a trend says besides its points, one sentence each.
pub(super) fn sentences(trend: &Trend) -> Vec<String> {
    let dimension = dimension(trend);
    let mut said = Vec::new();
    if let Some(last) = trend.points.last() {
        let verdict = match last.verdict {
            pass if pass == Verdict::Pass.name() && last.sim_only => {
                ": sim only, its case asks for a rig".to_owned()
            }
            pass if pass == Verdict::Pass.name() => String::new(),
            other => format!(": {other}"),
        };
        said.push(format!("latest {}{verdict}; limits {}", measured(last, dimension), limits(trend)));
    }
    match &trend.control {
        Some(chart) if chart.moving_range == 0.0 => {
            said.push(format!("always {}: nothing varies", engineering(chart.mean, dimension, 6)));
        }
        Some(chart) => {
            let digits = digits(chart.lower, chart.upper);
            said.push(format!(
                "mean {}, control limits {} (mean ± 2.66 × mean moving range)",
                engineering(chart.mean, dimension, digits),
                range(chart.lower, chart.upper, dimension, digits)
            ));
        }
        None => said.push("fewer than five values: no control limits".to_owned()),
    }
    if let Some(found) = &trend.capability {
        said.push(match found.lower > 100.0 {
            true => "Cpk above 100".to_owned(),
            false => format!("Cpk {:.2} (95 %: {:.2} … {:.2})", found.cpk, found.lower, found.upper),
        });
    }
    if trend.limits_changed {
        said.push("the limits changed on the way: no Cpk, no forecast".to_owned());
    }
    if trend.unmeasured > 0 {
        said.push(format!("{} of {} could not be measured", trend.unmeasured, trend.points.len()));
    }
    if let Some(erosion) = &trend.erosion {
        let show = |value: f64| engineering(value, dimension, 2);
        let (steep, flat) = erosion.slope_interval;
        said.push(format!(
            "MARGIN SHRINKS: {} left beyond U, {} less each run (95 %: {} … {}); used up in about {:.0} runs ({:.0} … {:.0})",
            show(erosion.left),
            show(-erosion.slope),
            show(-flat),
            show(-steep),
            erosion.runs,
            erosion.runs_interval.0,
            erosion.runs_interval.1
        ));
    }
    let outside: Vec<&Point> = trend
        .signals
        .iter()
        .filter_map(|signal| match signal {
            Signal::Outside(at) => trend.points.get(*at),
            Signal::OneSide(..) => None,
        })
        .collect();
    if let (Some(last), count) = (outside.last(), outside.len()) {
        let times = if count == 1 { "once".to_owned() } else { format!("{count} times, last") };
        said.push(format!(
            "outside the control limits {times} in run {} ({}): {}",
            last.run,
            day(&last.started),
            measured(last, dimension)
        ));
    }
    let shifts = trend.signals.iter().filter_map(|signal| match signal {
        Signal::OneSide(from, to) => Some((to - from + 1, trend.points.get(*from)?, trend.points.get(*to)?)),
        Signal::Outside(_) => None,
    });
    let shifts: Vec<(usize, &Point, &Point)> = shifts.collect();
    if let Some((length, first, last)) = shifts.last() {
        let times = if shifts.len() == 1 { String::new() } else { format!(", the last of {}", shifts.len()) };
        said.push(format!(
            "a shift{times}: {length} in a row on one side of the mean, runs {} ({}) to {} ({})",
            first.run,
            day(&first.started),
            last.run,
            day(&last.started)
        ));
    }
    said.extend(changes(trend).into_iter().map(|(at, what)| {
        let run = trend.points.get(at).map_or("", |point| point.run.as_str());
        format!("{what} with run {run}")
    }));
    said
}

/// Where the firmware or the device became another one.
pub(super) fn changes(trend: &Trend) -> Vec<(usize, String)> {
    let pairs = trend.points.iter().zip(trend.points.iter().skip(1)).enumerate();
    let changed = pairs.filter_map(|(at, (before, after))| {
        if before.firmware != after.firmware {
            Some((at + 1, format!("firmware {}", firmware_name(&after.firmware))))
        } else if before.dut != after.dut {
            Some((at + 1, format!("device {}", or_none(&after.dut))))
        } else {
            None
        }
    });
    let all: Vec<(usize, String)> = changed.collect();
    // Devices that take turns are no change worth a line each.
    if all.len() > 6 { Vec::new() } else { all }
}

/// `2 of 40 (95 %: 1.4 … 16.5 %)`.
pub(super) fn rate(flake: &Flake) -> String {
    let (low, high) = flake.interval;
    format!("{} of {} (95 %: {:.1} … {:.1} %)", flake.strayed, flake.of, 100.0 * low, 100.0 * high)
}

/// `38 passed, 2 failed`.
pub(super) fn outcomes(flake: &Flake) -> String {
    let mut all: Vec<(&&str, &u64)> = flake.outcomes.iter().collect();
    all.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    all.iter().map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_on_the_side_of_the_value_that_it_was_on() {
        let of = |value: f64, lower: Option<f64>, upper: f64| {
            let point = Point {
                run: "a".into(),
                started: String::new(),
                dut: String::new(),
                firmware: String::new(),
                value: Some(value),
                uncertainty: Some(1e-9),
                lower,
                upper: Some(upper),
                margin: None,
                verdict: Verdict::Fail.name(),
                sim_only: false,
            };
            limits(&Trend {
                measurand: "amplitude".into(),
                unit: "A".into(),
                case: String::new(),
                scenario: String::new(),
                text: String::new(),
                statistic: "worst".into(),
                profile: String::new(),
                fidelity: "rig".into(),
                rig: "bench".into(),
                settings: String::new(),
                dut: None,
                firmware: None,
                points: vec![point],
                unmeasured: 0,
                control: None,
                signals: Vec::new(),
                capability: None,
                limits_changed: false,
                erosion: None,
            })
        };
        assert_eq!(of(2.1e-3, None, 2.000_04e-3), "≤ 2 mA");
        // In four digits the value would be beyond its limit: 2.00004 mA against 2 mA.
        assert_eq!(of(2.000_04e-3, None, 2.000_06e-3), "≤ 2.00006 mA");
        assert_eq!(of(2.000_04e-3, Some(1.9e-3), 2.000_06e-3), "1.9 … 2.00006 mA");
    }
}
