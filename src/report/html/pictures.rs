//! Figures kept of a case as plots.

use crate::plot::{Bound, LIMIT, Look, Mark, PALETTE, Panel, Series, Size, Whisker, inline};
use crate::quantity::{Dimension, engineering};
use crate::record::{CaseFigures, CheckFigure, CheckRecord, PulseFigure, Trace};

use super::super::check_line::{dimension_of, limit_digits};
use super::Shown;

mod charge;
mod event;

/// A plot, and what it shows.
pub(super) struct Picture {
    pub svg: String,
    pub caption: String,
}

const MEASURED: (u8, u8, u8) = PALETTE[0];
const ASKED: (u8, u8, u8) = PALETTE[1];
const VOLTAGE: (u8, u8, u8) = PALETTE[2];

fn drawn(panels: &[Panel], size: Size, caption: String) -> Option<Picture> {
    let svg = inline(panels, size, &caption).ok()?;
    (!panels.is_empty()).then_some(Picture { svg, caption })
}

fn figure_of<'a>(shown: &Shown<'a>, check: &CheckRecord) -> Option<(&'a CaseFigures, &'a CheckFigure)> {
    let at = shown.case.checks.iter().position(|other| std::ptr::eq(other, check))?;
    let figures = shown.figures?;
    Some((figures, figures.checks.get(at)?))
}

/// What decided a check: its pulse against the programmed one, or the stretch of time it is about.
pub(super) fn of_check(shown: &Shown<'_>, check: &CheckRecord, size: Size) -> Option<Picture> {
    let (figures, figure) = figure_of(shown, check)?;
    if let Some(around) = &figure.around {
        return event::picture(shown.case, figures, around, check, size);
    }
    let pulse = figures.pulses.get(figure.pulse?)?;
    let mut panels = vec![current(pulse)];
    panels.extend(beside(pulse, check, figures.period));
    let of_charge = charge::is_about(check).then(|| charge::without_limits(pulse, check, figures.period));
    let caption = format!(
        "Pulse {} of {} at {:.4} s{}: measured, and as it was programmed. {}",
        pulse.pulse,
        pulse.contact,
        pulse.time,
        why_shown(pulse, check),
        of_charge.flatten().unwrap_or_default()
    );
    let caption = caption.trim_end().to_owned();
    drawn(&panels, size, caption)
}

/// Whether this is the pulse that decided a check. Checks share the picture of a pulse that decided one of them.
fn decided(pulse: &PulseFigure, check: &CheckRecord) -> bool {
    check.worst.as_ref().and_then(|worst| worst.pulse) == Some(pulse.pulse)
}

/// ` (decided)`, or why another pulse stands in its place.
fn why_shown(pulse: &PulseFigure, check: &CheckRecord) -> String {
    match check.worst.as_ref().and_then(|worst| worst.pulse) {
        Some(_) if decided(pulse, check) => " (decided)".to_owned(),
        Some(other) => format!(" (of those kept most like pulse {other}, which decided)"),
        // Another check's word.
        None if pulse.why == "decided" => String::new(),
        None => format!(" ({})", pulse.why),
    }
}

/// What shows the difference a check is about.
fn beside(pulse: &PulseFigure, check: &CheckRecord, period: f64) -> Option<Panel> {
    match check.unit.as_str() {
        _ if charge::is_about(check) => Some(charge::panel(pulse, check, period)),
        "V" | "ohm" => voltage(pulse),
        _ => difference(pulse, check),
    }
}

/// The measured current over the programmed one.
fn current(pulse: &PulseFigure) -> Panel {
    Panel {
        title: format!("current into {}", pulse.contact),
        x_name: "time from the leading edge".to_owned(),
        unit: "A".to_owned(),
        window: window(pulse),
        series: vec![line("measured", &pulse.measured, MEASURED), asked(pulse)],
        ..Panel::default()
    }
}

/// From shortly before the leading edge to the end of what was kept.
fn window(pulse: &PulseFigure) -> Option<(f64, f64)> {
    let trace = &pulse.measured;
    let end = trace.start + trace.step * trace.low.len() as f64;
    (end > trace.start).then_some((trace.start, end))
}

/// The programmed phases as a line.
fn asked(pulse: &PulseFigure) -> Series {
    let (from, to) = window(pulse).unwrap_or_default();
    let mut points = vec![(from, 0.0)];
    for phase in &pulse.programmed {
        let end = phase.start + phase.width;
        points.extend([(phase.start, 0.0), (phase.start, phase.current), (end, phase.current), (end, 0.0)]);
    }
    points.push((to, 0.0));
    Series { name: "programmed".to_owned(), points, colour: ASKED, ..Series::default() }
}

/// A trace as a line, or where it holds stretches as an area.
fn line(name: &str, trace: &Trace, colour: (u8, u8, u8)) -> Series {
    if trace.high.is_empty() {
        let points = trace.spans().map(|(at, value, _)| (at, value)).collect();
        return Series { name: name.to_owned(), points, colour, ..Series::default() };
    }
    let spans: Vec<_> = trace.spans().collect();
    Series::spread(name, spans.into_iter(), colour)
}

/// Measured less programmed current, but for the edges, which no filter follows.
fn difference(pulse: &PulseFigure, check: &CheckRecord) -> Option<Panel> {
    const EDGE: f64 = 12.0;
    let trace = &pulse.measured;
    let edges: Vec<f64> =
        pulse.programmed.iter().flat_map(|phase| [phase.start, phase.start + phase.width]).collect();
    let timed = check.unit == "s";
    let near = |at: f64| !timed && edges.iter().any(|edge| (at - edge).abs() < EDGE * trace.step);
    let now = |at: f64| {
        let phase =
            pulse.programmed.iter().find(|phase| (phase.start..phase.start + phase.width).contains(&at));
        phase.map_or(0.0, |phase| phase.current)
    };
    let points: Vec<(f64, f64)> = trace
        .spans()
        .filter(|(at, ..)| !near(*at))
        .flat_map(|(at, low, high)| [(at, low - now(at)), (at, high - now(at))])
        .collect();
    if points.len() < 2 || edges.is_empty() {
        return None;
    }
    // A tolerance about the programmed amplitude bounds the difference, of either sign; one about another value does not.
    let about = check.limit.nominal.filter(|_| check.measurand == "amplitude");
    let programmed = |nominal: f64, room: f64| {
        pulse.programmed.iter().any(|phase| (phase.current.abs() - nominal).abs() <= 0.1 * room)
    };
    let room = about.and_then(|nominal| {
        let room = check.limit.upper? - nominal;
        programmed(nominal, room).then_some(room)
    });
    let bound = |y: f64, upper: bool| Bound {
        y,
        upper,
        guard: check.uncertainty.unwrap_or(0.0),
        label: if upper { "limit".to_owned() } else { String::new() },
    };
    Some(Panel {
        title: if timed { "measured less programmed" } else { "measured less programmed, without the edges" }
            .to_owned(),
        x_name: "time from the leading edge".to_owned(),
        unit: "A".to_owned(),
        window: window(pulse),
        series: vec![Series { points, colour: MEASURED, ..Series::default() }],
        bounds: room.map_or_else(Vec::new, |room| vec![bound(room, true), bound(-room, false)]),
        ..Panel::default()
    })
}

/// The voltage at the contact, and what the phantom is to show.
fn voltage(pulse: &PulseFigure) -> Option<Panel> {
    let measured = pulse.voltage.as_ref()?;
    let mut series = vec![line("measured", measured, VOLTAGE)];
    series.extend(pulse.predicted.as_ref().map(|trace| line("predicted from the phantom", trace, ASKED)));
    Some(Panel {
        title: format!("voltage at {} ({})", pulse.contact, measured.name),
        x_name: "time from the leading edge".to_owned(),
        unit: "V".to_owned(),
        window: window(pulse),
        series,
        ..Panel::default()
    })
}

fn marks(figures: &CaseFigures, (from, to): (f64, f64)) -> Vec<Mark> {
    let inside = figures.marks.iter().filter(|mark| (from..=to).contains(&mark.time));
    let ink = (34, 34, 34);
    inside
        .map(|mark| Mark {
            at: mark.time,
            label: mark.name.clone(),
            colour: if mark.fault { LIMIT } else { ink },
        })
        .collect()
}

/// Each unit over time, and how often which value came.
pub(super) fn of_units(shown: &Shown<'_>, check: &CheckRecord) -> maud::Markup {
    let pictures = figure_of(shown, check).map(|(_, figure)| units(figure, check)).unwrap_or_default();
    maud::html! {
        @if !pictures.is_empty() {
            div class="pair" {
                @for picture in pictures {
                    figure { (maud::PreEscaped(picture.svg)) figcaption { (picture.caption) } }
                }
            }
        }
    }
}

fn units(figure: &CheckFigure, check: &CheckRecord) -> Vec<Picture> {
    let over_time = figure.units.as_ref().and_then(|points| {
        let spans: Vec<_> = points.spans().collect();
        let series = if points.high.is_empty() {
            let points = spans.iter().map(|(at, value, _)| (*at, *value)).collect();
            Series { points, colour: MEASURED, look: Look::Dots, ..Series::default() }
        } else {
            Series::spread("", spans.into_iter(), MEASURED)
        };
        let panel = Panel {
            x_name: "time from the first sample".to_owned(),
            unit: points.unit.clone(),
            from_zero: false,
            series: vec![series],
            bounds: if figure.varied { Vec::new() } else { limits(check) },
            ..Panel::default()
        };
        let own = if figure.varied { " Each has limits of its own, which are not drawn." } else { "" };
        let caption = format!("{}, each of {} over time.{own}", check.measurand, points.count);
        drawn(&[panel], Size::Half, caption)
    });
    let histogram = figure.histogram.as_ref().and_then(|histogram| {
        let at = |k: usize| histogram.from + k as f64 * histogram.step;
        let counts = histogram.counts.iter().enumerate().map(|(k, count)| (at(k), f64::from(*count)));
        let end = at(histogram.counts.len());
        let points: Vec<(f64, f64)> = counts.chain([(end, 0.0)]).collect();
        let (span, from) = (end - histogram.from, histogram.from);
        // A limit so far away that the bars would be a line is not in the picture.
        let near = |limit: &f64| (from - 3.0 * span..=end + 3.0 * span).contains(limit);
        let common = [check.limit.lower, check.limit.upper].into_iter().flatten().filter(|_| !figure.varied);
        let limits: Vec<f64> = common.filter(near).collect();
        let (low, high) =
            limits.iter().fold((from, end), |(low, high), limit| (low.min(*limit), high.max(*limit)));
        let room = 0.05 * (high - low);
        let panel = Panel {
            x_name: check.measurand.clone(),
            x_unit: histogram.unit.clone(),
            window: Some((low - room, high + room)),
            series: vec![Series { points, colour: MEASURED, look: Look::Bars, ..Series::default() }],
            marks: limits
                .iter()
                .map(|at| Mark { at: *at, label: "limit".to_owned(), colour: LIMIT })
                .collect(),
            ..Panel::default()
        };
        drawn(&[panel], Size::Half, "How often which value came.".to_owned())
    });
    over_time.into_iter().chain(histogram).collect()
}

fn limits(check: &CheckRecord) -> Vec<Bound> {
    let guard = check.uncertainty.unwrap_or(0.0);
    let show = |value: f64| engineering(value, dimension_of(&check.unit), limit_digits(check));
    let bound = |y: f64, upper: bool| Bound { y, upper, guard, label: show(y) };
    let lower = check.limit.lower.map(|y| bound(y, false));
    lower.into_iter().chain(check.limit.upper.map(|y| bound(y, true))).collect()
}

/// The case as a whole: everything over time, all pulses over each other, their charges, the voltage against the prediction.
pub(super) fn of_case(shown: &Shown<'_>, size: Size) -> Vec<Picture> {
    let Some(figures) = shown.figures else { return Vec::new() };
    let small = size == Size::Half;
    let overview = || {
        let panels: Vec<Panel> = figures.overview.iter().map(|trace| whole(figures, trace)).collect();
        drawn(&panels, Size::Half, "The whole case, with what happened when.".to_owned())
    };
    let first = figures.pulses.first();
    let pulse = || {
        let pulse = first?;
        let panels: Vec<Panel> = std::iter::once(current(pulse)).chain(voltage(pulse)).collect();
        let caption = format!("Pulse {}, measured and as it was to be.", pulse.pulse);
        drawn(&panels, Size::Half, caption)
    };
    let overlay = || {
        let overlay = figures.overlay.as_ref()?;
        let mut series = vec![line("", &overlay.envelope, MEASURED)];
        series.extend(first.filter(|pulse| pulse.contact == overlay.envelope.name).map(asked));
        let trace = &overlay.envelope;
        let panel = Panel {
            x_name: "time from the leading edge".to_owned(),
            unit: "A".to_owned(),
            window: Some((trace.start, trace.start + trace.step * trace.low.len() as f64)),
            series,
            ..Panel::default()
        };
        let many = overlay.pulses;
        drawn(
            &[panel],
            Size::Half,
            format!("All {many} pulses over each other: smallest to largest at each instant."),
        )
    };
    let charge = || {
        let points = figures.charge.as_ref()?;
        let spans: Vec<_> = points.spans().collect();
        let dots = points.high.is_empty();
        let series = if dots {
            let points = spans.iter().map(|(at, value, _)| (*at, *value)).collect();
            Series { points, colour: MEASURED, look: Look::Dots, ..Series::default() }
        } else {
            Series::spread("", spans.into_iter(), MEASURED)
        };
        let panel = Panel {
            x_name: "time from the first sample".to_owned(),
            unit: "C".to_owned(),
            series: vec![series],
            ..Panel::default()
        };
        drawn(&[panel], Size::Half, format!("Net charge of each of {} pulses.", points.count))
    };
    if small {
        return [overview(), pulse()].into_iter().flatten().collect();
    }
    [overview(), overlay(), pulse(), charge()].into_iter().flatten().collect()
}

fn whole(figures: &CaseFigures, trace: &Trace) -> Panel {
    let end = trace.start + trace.step * trace.low.len() as f64;
    Panel {
        title: trace.name.clone(),
        x_name: "time from the first sample".to_owned(),
        unit: trace.unit.clone(),
        window: Some((trace.start, end)),
        series: vec![line("", trace, if trace.unit == "A" { MEASURED } else { VOLTAGE })],
        marks: marks(figures, (trace.start, end)),
        ..Panel::default()
    }
}

/// A value with its interval at the end of a panel.
fn whisker(x: f64, y: f64, u: f64, dimension: Dimension) -> Whisker {
    Whisker { x, y, u, label: engineering(y, dimension, 3) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples::check;
    use crate::record::{LimitRecord, PhaseFigure, Verdict};

    #[test]
    fn a_pulse_that_decided_another_check_is_not_said_to_have_decided_this_one() {
        let pulse = |pulse: u64, why: &str| PulseFigure {
            pulse,
            contact: "e1".into(),
            time: 0.1,
            why: why.into(),
            measured: Trace::of("e1", "A", (0.0, 1e-6), &[0.0, 0.0]),
            programmed: Vec::new(),
            recharge: None,
            charge_error: Trace::of("e1", "C", (0.0, 1e-6), &[0.0, 0.0]),
            voltage: None,
            predicted: None,
        };
        // That of the sample is pulse 12.
        let mut check = check("amplitude", Verdict::Fail);
        assert_eq!(why_shown(&pulse(12, "first pulse"), &check), " (decided)");
        let stands_in = " (of those kept most like pulse 12, which decided)";
        assert_eq!(why_shown(&pulse(0, "decided"), &check), stands_in);
        check.worst = None;
        assert_eq!(why_shown(&pulse(0, "decided"), &check), "");
        assert_eq!(why_shown(&pulse(0, "first pulse"), &check), " (first pulse)");
    }

    /// What is drawn is measured less programmed: 2 mA that were programmed and came are no distance from 1 mA that were asked for.
    #[test]
    fn a_tolerance_about_another_value_than_the_programmed_is_not_drawn_about_it() {
        let amperes: Vec<f64> = (0..300).map(|k| if k < 200 { -2e-3 } else { 0.0 }).collect();
        let pulse = PulseFigure {
            pulse: 0,
            contact: "e1".into(),
            time: 0.1,
            why: "decided".into(),
            measured: Trace::of("e1", "A", (0.0, 1e-6), &amperes),
            programmed: vec![PhaseFigure { start: 0.0, width: 2e-4, current: -2e-3 }],
            recharge: None,
            charge_error: Trace::of("e1", "C", (0.0, 1e-6), &[0.0, 0.0]),
            voltage: None,
            predicted: None,
        };
        let bounds = |nominal: f64| {
            let limit = LimitRecord {
                criterion: "within".into(),
                nominal: Some(nominal),
                lower: Some(0.97 * nominal),
                upper: Some(1.03 * nominal),
            };
            let check = CheckRecord { limit, ..check("amplitude", Verdict::Fail) };
            difference(&pulse, &check).unwrap().bounds.len()
        };
        assert_eq!((bounds(2e-3), bounds(1e-3)), (2, 0));
        assert_eq!(bounds(2.001e-3), 2, "a step of the stimulator away");
    }
}
