//! One value against its limits, in the height of a line: where it lies, how uncertain it is, and where the guard band begins.
//!
//! Limits are drawn at the same places whatever the measurand, so that a column of gauges is read at a glance. Colours are those of
//! the page around: `--ink`, `--line`, `--good`, `--odd`, `--bad`.

use std::fmt::Write as _;

use super::dots::Tone;
use super::escape;

/// A value against its limits.
#[derive(Debug, Clone, PartialEq)]
pub struct Gauge {
    /// The value.
    pub value: f64,
    /// Half of its interval.
    pub u: f64,
    /// Lower limit.
    pub lower: Option<f64>,
    /// Upper limit.
    pub upper: Option<f64>,
    /// How it reads.
    pub tone: Tone,
    /// Read to whoever cannot see it.
    pub label: String,
}

/// Style of the page around.
pub const STYLE: &str = "\
.gauge{display:block;width:100%;max-width:260px;height:22px}.gauge .base{stroke:var(--line)}\
.gauge .allowed{fill:var(--good);opacity:.16}.gauge .guard{fill:var(--odd);opacity:.3}.gauge .limit{stroke:var(--ink);stroke-width:1.5}\
.gauge .good{stroke:var(--good);fill:var(--good)}.gauge .odd{stroke:var(--odd);fill:var(--odd)}.gauge .bad{stroke:var(--bad);fill:var(--bad)}\
.gauge .u{stroke-width:2}.gauge .good,.gauge .odd,.gauge .bad{-webkit-print-color-adjust:exact;print-color-adjust:exact}";

const WIDTH: f64 = 240.0;
const HEIGHT: f64 = 22.0;
/// Where limits lie, as parts of the width: two of them, and one alone.
const TWO: (f64, f64) = (0.25, 0.75);
const ONE: f64 = 0.7;
/// Room for an arrow at either end.
const END: f64 = 8.0;

impl Gauge {
    /// As an SVG element; `None` without a limit or a width between limits.
    pub fn svg(&self) -> Option<String> {
        let (from, to) = self.span()?;
        let place = |value: f64| END + (value - from) / (to - from) * (WIDTH - 2.0 * END);
        let clip = |value: f64| place(value).clamp(END, WIDTH - END);
        let (low, high) = (self.lower.map_or(END, clip), self.upper.map_or(WIDTH - END, clip));
        let class = match self.tone {
            Tone::Good => "good",
            Tone::Odd => "odd",
            Tone::Bad => "bad",
        };
        let middle = HEIGHT / 2.0;
        let mut svg = format!(
            "<svg class=\"gauge\" role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\">\
             <path class=\"base\" d=\"M{END} {middle}H{}\"/><rect class=\"allowed\" x=\"{low:.1}\" y=\"4\" width=\"{:.1}\" height=\"14\"/>",
            escape(&self.label),
            WIDTH - END,
            high - low
        );
        // Within its guard band a value cannot be told from one beyond the limit.
        let guard = (self.u / (to - from) * (WIDTH - 2.0 * END)).min(high - low);
        for (limit, edge) in [(self.lower, low), (self.upper, high - guard)] {
            if limit.is_some() && guard >= 0.5 {
                let _ = write!(
                    svg,
                    "<rect class=\"guard\" x=\"{edge:.1}\" y=\"4\" width=\"{guard:.1}\" height=\"14\"/>"
                );
            }
        }
        for limit in [self.lower.map(|_| low), self.upper.map(|_| high)].into_iter().flatten() {
            let _ = write!(svg, "<path class=\"limit\" d=\"M{limit:.1} 1V21\"/>");
        }
        let at = place(self.value);
        if (END..=WIDTH - END).contains(&at) {
            let (left, right) = (clip(self.value - self.u), clip(self.value + self.u));
            let _ = write!(
                svg,
                "<path class=\"u {class}\" d=\"M{left:.1} {middle}H{right:.1}M{left:.1} 7V15M{right:.1} 7V15\"/><circle class=\"{class}\" cx=\"{at:.1}\" cy=\"{middle}\" r=\"3.5\"/>"
            );
        } else {
            let (tip, back) = if at < END { (1.0, END + 2.0) } else { (WIDTH - 1.0, WIDTH - END - 2.0) };
            let _ = write!(svg, "<path class=\"{class}\" d=\"M{tip} {middle}L{back} 5V17Z\"/>");
        }
        svg.push_str("</svg>");
        Some(svg)
    }

    /// What the width stands for.
    fn span(&self) -> Option<(f64, f64)> {
        let finite = |value: &f64| value.is_finite();
        let (lower, upper) = (self.lower.filter(finite), self.upper.filter(finite));
        if !self.value.is_finite() || !self.u.is_finite() {
            return None;
        }
        let span = match (lower, upper) {
            (Some(lower), Some(upper)) if upper > lower => {
                let whole = (upper - lower) / (TWO.1 - TWO.0);
                (lower - TWO.0 * whole, upper + (1.0 - TWO.1) * whole)
            }
            // From zero to beyond the limit, or from a value below zero.
            (None, Some(limit)) | (Some(limit), None) if limit > 0.0 => {
                (0.0_f64.min(self.value), limit / ONE)
            }
            (None, Some(limit)) | (Some(limit), None) if limit < 0.0 => {
                (limit / ONE, 0.0_f64.max(self.value))
            }
            _ => return None,
        };
        // A floor is passed by any amount: what lies above it is in the picture.
        let span = if upper.is_none() && lower.is_some_and(|limit| limit > 0.0) {
            (0.0, (self.value + self.u).clamp(2.0 * lower?, 5.0 * lower?))
        } else {
            span
        };
        (span.1 > span.0).then_some(span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gauge(value: f64, lower: Option<f64>, upper: Option<f64>) -> Gauge {
        Gauge { value, u: 0.1, lower, upper, tone: Tone::Good, label: "<v>".into() }
    }

    #[test]
    fn limits_are_at_the_same_places_and_what_is_far_off_is_an_arrow() {
        let svg = gauge(2.0, Some(1.0), Some(3.0)).svg().unwrap();
        assert!(
            svg.contains("cx=\"120.0\"") && svg.contains("M64.0 1V21") && svg.contains("M176.0 1V21"),
            "{svg}"
        );
        assert!(svg.contains("&lt;v&gt;"));
        let far = gauge(99.0, Some(1.0), Some(3.0)).svg().unwrap();
        assert!(!far.contains("<circle") && far.contains("M239 11"), "{far}");
        assert!(gauge(0.2, None, Some(1.0)).svg().unwrap().contains("<circle"));
        assert!(gauge(50.0, Some(1.0), None).svg().unwrap().contains("M239"));
        for without in
            [gauge(1.0, None, None), gauge(1.0, Some(1.0), Some(1.0)), gauge(f64::NAN, None, Some(1.0))]
        {
            assert_eq!(without.svg(), None);
        }
    }
}
