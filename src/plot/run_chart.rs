//! Values in order of the runs they are from, with their mean, control limits and limits.
//!
//! Its SVG takes its colours from the page it is in, as that of [`dots`](super::dots) does.

use std::fmt::Write as _;

use super::dots::Tone;
use super::{escape, ticks};

/// One run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunPoint {
    /// Its value; none where it could not be measured.
    pub value: Option<f64>,
    /// Half its interval.
    pub half: Option<f64>,
    /// Its colour.
    pub tone: Tone,
    /// Shown where a pointer rests on it.
    pub about: String,
}

/// A chart of runs.
pub struct RunChart<'a> {
    /// Written above, and read by whoever cannot see it.
    pub title: String,
    /// A number of the axis as text.
    pub tick: &'a dyn Fn(f64) -> String,
    /// Oldest first.
    pub points: Vec<RunPoint>,
    /// Mean, lower and upper control limit.
    pub control: Option<(f64, f64, f64)>,
    /// What must not be left: lower and upper.
    pub limits: (Option<f64>, Option<f64>),
    /// Where something became another: the first point after it, and what.
    pub breaks: Vec<(usize, String)>,
    /// Written below the first and the last point.
    pub ends: (String, String),
}

const WIDTH: f64 = 960.0;
const LEFT: f64 = 92.0;
const RIGHT: f64 = 150.0;
const TOP: f64 = 34.0;
const PLOT: f64 = 190.0;
/// How many heights of the data away a limit may be and still be drawn.
const NEAR: f64 = 1.5;

impl RunChart<'_> {
    /// The figure as an SVG element for a page; nothing without a value.
    pub fn svg(&self) -> String {
        let Some((low, high)) = self.bounds() else { return String::new() };
        let bottom = TOP + PLOT;
        let y = |value: f64| bottom - (value - low) / (high - low) * PLOT;
        let last = self.points.len().saturating_sub(1).max(1) as f64;
        let x = |at: usize| LEFT + 12.0 + at as f64 / last * (WIDTH - LEFT - RIGHT - 24.0);
        let mut svg = format!(
            "<svg role=\"img\" aria-label=\"{0}\" viewBox=\"0 0 {WIDTH} {1}\"><text class=\"title\" x=\"0\" y=\"16\">{0}</text>\n",
            escape(&self.title),
            bottom + 26.0
        );
        let _ = writeln!(
            svg,
            "<rect x=\"{LEFT}\" y=\"{TOP}\" width=\"{:.0}\" height=\"{PLOT}\" fill=\"none\" class=\"grid\"/>",
            WIDTH - LEFT - RIGHT
        );
        for tick in ticks::round(low, high, 5.0) {
            let _ = writeln!(
                svg,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.0}\" y1=\"{2:.1}\" y2=\"{2:.1}\"/><text class=\"name\" x=\"{:.0}\" y=\"{3:.1}\">{4}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                y(tick),
                y(tick) + 4.0,
                escape(&(self.tick)(tick))
            );
        }
        self.rules(&mut svg, low, high, &y);
        for (at, what) in &self.breaks {
            let middle = (x(at.saturating_sub(1)) + x(*at)) / 2.0;
            let _ = writeln!(
                svg,
                "<line class=\"mark\" x1=\"{middle:.1}\" x2=\"{middle:.1}\" y1=\"{TOP}\" y2=\"{bottom}\"/><text class=\"note\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                middle + 4.0,
                TOP + 12.0,
                escape(what)
            );
        }
        let line: Vec<String> = self
            .points
            .iter()
            .enumerate()
            .filter_map(|(at, point)| Some(format!("{:.1},{:.1}", x(at), y(point.value?))))
            .collect();
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"var(--soft)\" stroke-opacity=\".5\"/>",
            line.join(" ")
        );
        for (at, point) in self.points.iter().enumerate() {
            draw_point(&mut svg, point, x(at), &y, bottom);
        }
        let _ = writeln!(
            svg,
            "<text class=\"note\" x=\"{LEFT}\" y=\"{0:.1}\">{1}</text><text class=\"note\" style=\"text-anchor:end\" x=\"{2:.1}\" y=\"{0:.1}\">{3}</text></svg>",
            bottom + 18.0,
            escape(&self.ends.0),
            WIDTH - RIGHT,
            escape(&self.ends.1)
        );
        svg
    }

    /// The mean, the control limits, and the limits that are near enough to be drawn.
    fn rules(&self, svg: &mut String, low: f64, high: f64, y: &dyn Fn(f64) -> f64) {
        let mut rules: Vec<(f64, &str, String)> = Vec::new();
        if let Some((mean, from, to)) = self.control {
            let soft = "stroke=\"var(--soft)\"";
            rules.push((mean, soft, "mean".to_owned()));
            if to > from {
                let dashed = "stroke=\"var(--soft)\" stroke-dasharray=\"6 4\"";
                rules.extend([(to, dashed, "control limit".to_owned()), (from, dashed, String::new())]);
            }
        }
        for (limit, sign) in [(self.limits.0, "≥"), (self.limits.1, "≤")] {
            if let Some(limit) = limit.filter(|limit| (low..=high).contains(limit)) {
                let strong = "stroke=\"var(--bad)\" stroke-width=\"1.5\"";
                rules.push((limit, strong, format!("{sign} {}", (self.tick)(limit))));
            }
        }
        // Words that would stand on one another keep their distance, in order of height.
        rules.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut free = TOP;
        for (value, stroke, word) in rules {
            let at = y(value);
            let _ = writeln!(
                svg,
                "<line x1=\"{LEFT}\" x2=\"{:.0}\" y1=\"{at:.1}\" y2=\"{at:.1}\" {stroke}/>",
                WIDTH - RIGHT
            );
            if !word.is_empty() {
                let place = (at + 4.0).max(free);
                free = place + 14.0;
                let _ = writeln!(
                    svg,
                    "<text class=\"note\" x=\"{:.0}\" y=\"{place:.1}\">{}</text>",
                    WIDTH - RIGHT + 8.0,
                    escape(&word)
                );
            }
        }
    }

    /// What the y axis spans: values, their intervals, control limits, and limits that are not far away.
    fn bounds(&self) -> Option<(f64, f64)> {
        let empty = (f64::INFINITY, f64::NEG_INFINITY);
        let grow = |(low, high): (f64, f64), v: f64| (low.min(v), high.max(v));
        let values = self.points.iter().filter_map(|point| Some((point.value?, point.half.unwrap_or(0.0))));
        let values = values.flat_map(|(value, half)| [value - half, value + half]);
        let control = self.control.iter().flat_map(|(mean, from, to)| [*mean, *from, *to]);
        let (low, high) = values.chain(control).filter(|value| value.is_finite()).fold(empty, grow);
        if low > high {
            return None;
        }
        let span = (high - low).max(1e-9 * high.abs().max(low.abs())).max(f64::MIN_POSITIVE);
        let near = |limit: &f64| (low - NEAR * span..=high + NEAR * span).contains(limit);
        let limits = [self.limits.0, self.limits.1].into_iter().flatten().filter(near);
        let (low, high) = limits.fold((low, high), grow);
        let room = 0.08 * (high - low).max(span);
        Some((low - room, high + room))
    }
}

fn draw_point(svg: &mut String, point: &RunPoint, x: f64, y: &dyn Fn(f64) -> f64, bottom: f64) {
    let about = escape(&point.about);
    let Some(value) = point.value else {
        // Not measured: a cross on the axis.
        let _ = writeln!(
            svg,
            "<g class=\"bad\"><title>{about}</title><path style=\"stroke:var(--bad)\" d=\"M{0:.1} {2:.1}L{1:.1} {3:.1}M{1:.1} {2:.1}L{0:.1} {3:.1}\"/></g>",
            x - 4.0,
            x + 4.0,
            bottom - 8.0,
            bottom
        );
        return;
    };
    let _ = write!(svg, "<g class=\"{}\"><title>{about}</title>", point.tone.class());
    if let Some(half) = point.half.filter(|half| *half > 0.0) {
        let _ = write!(
            svg,
            "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.1}\" y2=\"{:.1}\" stroke-opacity=\".45\"/>",
            y(value - half),
            y(value + half)
        );
    }
    let radius = if point.tone == Tone::Good { 3.0 } else { 4.5 };
    let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{:.1}\" r=\"{radius}\"/></g>", y(value));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(values: &[Option<f64>], limits: (Option<f64>, Option<f64>)) -> String {
        let point = |value: &Option<f64>| RunPoint {
            value: *value,
            half: Some(0.1),
            tone: Tone::Good,
            about: "<run>".into(),
        };
        RunChart {
            title: "<t>".into(),
            tick: &|value| format!("{value}"),
            points: values.iter().map(point).collect(),
            control: None,
            limits,
            breaks: vec![(1, "<b>".into())],
            ends: ("a".into(), "z".into()),
        }
        .svg()
    }

    #[test]
    fn points_lie_inside_and_far_limits_do_not_flatten_them() {
        let svg = chart(&[Some(1.0), None, Some(2.0)], (Some(0.5), Some(100.0)));
        let heights: Vec<f64> =
            svg.split("cy=\"").skip(1).map(|rest| rest.split('"').next().unwrap().parse().unwrap()).collect();
        assert!(heights.iter().all(|y| (TOP..TOP + PLOT).contains(y)), "{heights:?}");
        assert!(heights[0] - heights[1] > PLOT / 3.0, "the values fill the picture: {heights:?}");
        assert!(svg.contains("≥ 0.5") && !svg.contains("≤ 100"));
        assert!(
            svg.contains("<path") && !svg.contains("<t>") && !svg.contains("<run>") && !svg.contains("<b>")
        );
        assert_eq!(chart(&[None], (None, None)), "");
        assert!(!chart(&[Some(0.0), Some(0.0)], (None, None)).contains("NaN"));
    }
}
