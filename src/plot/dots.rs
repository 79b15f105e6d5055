//! Values with their intervals in named rows, against marks: what compares many things of one kind.
//!
//! Its SVG takes its colours from the page it is in (`--ink`, `--line`, `--good`, `--odd`, `--bad`), so that it follows a
//! light or a dark page; see [`page`](super::page).

use std::fmt::Write as _;

use super::{escape, ticks};

/// How a row reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Worth a look.
    Odd,
    /// Not as it should be.
    Bad,
}

impl Tone {
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Odd => "odd",
            Self::Bad => "bad",
        }
    }
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Written at its left.
    pub label: String,
    /// Its dot; none where there is no value.
    pub value: Option<f64>,
    /// Its interval.
    pub interval: Option<(f64, f64)>,
    /// Its colour.
    pub tone: Tone,
    /// Written at its right.
    pub note: String,
}

/// A vertical line with a word at its top.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// Where.
    pub at: f64,
    /// Its word.
    pub label: String,
}

/// Rows over one axis.
#[derive(Debug, Clone)]
pub struct Dots {
    /// Written above, and read by whoever cannot see it.
    pub title: String,
    /// Written below the axis.
    pub axis: String,
    /// Decades instead of equal steps; values at or below zero are then left out.
    pub log: bool,
    /// A number of the axis as text.
    pub tick: fn(f64) -> String,
    /// From top to bottom.
    pub rows: Vec<Row>,
    /// Lines across all rows.
    pub marks: Vec<Mark>,
}

const WIDTH: f64 = 960.0;
const LEFT: f64 = 300.0;
const RIGHT: f64 = 230.0;
const ROW: f64 = 22.0;
const HEAD: f64 = 48.0;

impl Dots {
    /// The figure as an SVG element for a page.
    pub fn svg(&self) -> String {
        let (low, high) = self.bounds();
        let span = WIDTH - LEFT - RIGHT;
        let at = |value: f64| LEFT + (self.place(value) - low) / (high - low) * span;
        let bottom = HEAD + ROW * self.rows.len() as f64;
        let mut svg = format!(
            "<svg role=\"img\" aria-label=\"{0}\" viewBox=\"0 0 {WIDTH} {1}\"><text class=\"title\" x=\"0\" y=\"16\">{0}</text>\n",
            escape(&self.title),
            bottom + 44.0
        );
        for tick in self.ticks(low, high) {
            let x = at(tick);
            let _ = writeln!(
                svg,
                "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{HEAD}\" y2=\"{bottom}\"/><text class=\"tick\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>",
                bottom + 16.0,
                escape(&(self.tick)(tick))
            );
        }
        let _ = writeln!(
            svg,
            "<text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            LEFT + span / 2.0,
            bottom + 36.0,
            escape(&self.axis)
        );
        let named = self.marks.iter().filter(|mark| !mark.label.is_empty()).count();
        let mut seen = 0;
        for mark in &self.marks {
            let x = at(mark.at);
            seen += usize::from(!mark.label.is_empty());
            // Two words at neighbouring marks stand on their outer sides.
            let (anchor, aside) = match (named, seen) {
                (0 | 1, _) => ("middle", 0.0),
                (_, 1) => ("end", -3.0),
                _ => ("start", 3.0),
            };
            let _ = writeln!(
                svg,
                "<line class=\"mark\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.1}\" y2=\"{bottom}\"/><text class=\"tick\" style=\"text-anchor:{anchor}\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                HEAD - 6.0,
                x + aside,
                HEAD - 10.0,
                escape(&mark.label)
            );
        }
        for (row, y) in self.rows.iter().zip((0..).map(|row| HEAD + ROW * (f64::from(row) + 0.5))) {
            self.row(&mut svg, row, y, &at);
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn row(&self, svg: &mut String, row: &Row, y: f64, at: &dyn Fn(f64) -> f64) {
        let (class, text) = (row.tone.class(), y + 4.0);
        let _ = write!(
            svg,
            "<g class=\"{class}\"><text class=\"name\" x=\"{:.0}\" y=\"{text:.1}\">{}</text>",
            LEFT - 12.0,
            escape(&row.label)
        );
        if let Some((from, to)) = row.interval.filter(|(from, to)| self.drawn(*from) && self.drawn(*to)) {
            let _ = write!(
                svg,
                "<line class=\"bar\" x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>",
                at(from),
                at(to)
            );
        }
        if let Some(value) = row.value.filter(|value| self.drawn(*value)) {
            let _ = write!(svg, "<circle cx=\"{:.1}\" cy=\"{y:.1}\" r=\"4.5\"/>", at(value));
        }
        let _ = writeln!(
            svg,
            "<text class=\"note\" x=\"{:.0}\" y=\"{text:.1}\">{}</text></g>",
            WIDTH - RIGHT + 14.0,
            escape(&row.note)
        );
    }

    fn drawn(&self, value: f64) -> bool {
        value.is_finite() && (!self.log || value > 0.0)
    }

    fn place(&self, value: f64) -> f64 {
        if self.log { value.log10() } else { value }
    }

    /// What the axis spans, in its own measure, with room at both ends.
    fn bounds(&self) -> (f64, f64) {
        let rows = self.rows.iter().flat_map(|row| {
            let interval = row.interval.map(|(from, to)| [from, to]);
            row.value.into_iter().chain(interval.into_iter().flatten())
        });
        let all = rows.chain(self.marks.iter().map(|mark| mark.at)).filter(|value| self.drawn(*value));
        let (low, high) = all
            .map(|value| self.place(value))
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        if low > high {
            return (0.0, 1.0);
        }
        let room = 0.04 * (high - low).max(if self.log { 0.5 } else { 1e-3 * high.abs().max(1e-9) });
        (low - room, high + room)
    }

    fn ticks(&self, low: f64, high: f64) -> Vec<f64> {
        if self.log {
            let (first, last) = (low.ceil() as i32, high.floor() as i32);
            let step = ((last - first) / 8 + 1) as usize;
            return (first..=last).step_by(step).map(|decade| 10.0_f64.powi(decade)).collect();
        }
        ticks::round(low, high, 7.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dots(log: bool, values: &[f64]) -> Dots {
        let row = |value: &f64| Row {
            label: "<b>".into(),
            value: Some(*value),
            interval: Some((value * 0.9, value * 1.1)),
            tone: Tone::Good,
            note: "a & b".into(),
        };
        Dots {
            title: "t".into(),
            axis: "x".into(),
            log,
            tick: |value| value.to_string(),
            rows: values.iter().map(row).collect(),
            marks: vec![Mark { at: 1.0, label: "limit".into() }],
        }
    }

    #[test]
    fn every_value_lies_inside_and_no_text_leaves_its_element() {
        for (log, values) in [(false, vec![0.5, 2.0]), (true, vec![1e-6, 3e4]), (true, vec![0.0, f64::NAN])] {
            let svg = dots(log, &values).svg();
            assert!(!svg.contains("<b>") && svg.contains("&lt;b&gt;") && !svg.contains("NaN"), "{svg}");
            for place in svg.split("cx=\"").skip(1) {
                let x: f64 = place.split('"').next().unwrap().parse().unwrap();
                assert!((LEFT..=WIDTH - RIGHT).contains(&x), "{x}");
            }
        }
        assert_eq!(dots(true, &[0.0]).svg().matches("<circle").count(), 0);
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(dots(false, &[]).ticks(0.0, 1.0), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
        assert_eq!(dots(true, &[]).ticks(-1.2, 2.1), [0.1, 1.0, 10.0, 100.0]);
    }
}
