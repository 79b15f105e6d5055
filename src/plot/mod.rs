//! Figures as SVG text: stacked panels of traces with phases shaded and levels labelled.
//!
//! What a figure shows is data ([`Figure`]); [`draw`] alone knows the drawing library. Values are handed in in SI base
//! units; each panel picks the prefix its axis reads best in.

pub mod dots;
mod draw;
pub mod gauge;
pub mod harmless;
mod inline;
mod layers;
pub mod page;
pub mod run_chart;
mod thin;
mod ticks;

pub use draw::{PlotError, draw};
pub use inline::{STYLE, Size, inline};

/// A colour, red, green, blue.
pub type Colour = (u8, u8, u8);

/// Distinguishable with any colour vision (Okabe and Ito's palette).
pub const PALETTE: [Colour; 6] =
    [(0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (86, 180, 233), (230, 159, 0)];

/// The colour of a limit, and of what is beyond it.
pub const LIMIT: Colour = (179, 38, 30);

/// How a series is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Look {
    /// A line.
    #[default]
    Line,
    /// The area between a line to the right and another one back.
    Area,
    /// Dots.
    Dots,
    /// Bars from zero, each as wide as the distance to the next point.
    Bars,
}

/// Points in order of x.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// What it is, for the legend.
    pub name: String,
    /// (x, y) in SI base units.
    pub points: Vec<(f64, f64)>,
    /// Its colour.
    pub colour: Colour,
    /// How it is drawn.
    pub look: Look,
}

impl Series {
    /// The area from the smallest to the largest value at each instant.
    pub fn spread(
        name: &str,
        spans: impl DoubleEndedIterator<Item = (f64, f64, f64)> + Clone,
        colour: Colour,
    ) -> Self {
        let low = spans.clone().map(|(at, low, _)| (at, low));
        let high = spans.rev().map(|(at, _, high)| (at, high));
        Self { name: name.to_owned(), points: low.chain(high).collect(), colour, look: Look::Area }
    }
}

/// An instant.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// When.
    pub at: f64,
    /// A word beside it; may be empty.
    pub label: String,
    /// Its colour.
    pub colour: Colour,
}

/// A limit of y. Beyond it the panel is tinted.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// Where.
    pub y: f64,
    /// Values above it are beyond it, else those below.
    pub upper: bool,
    /// How far inside it a value that is as uncertain as this one cannot be told from one beyond it.
    pub guard: f64,
    /// Written at it; may be empty.
    pub label: String,
}

/// A value with its uncertainty.
#[derive(Debug, Clone, PartialEq)]
pub struct Whisker {
    /// Where.
    pub x: f64,
    /// The value.
    pub y: f64,
    /// Half of its interval.
    pub u: f64,
    /// Written beside it.
    pub label: String,
}

/// A shaded stretch of the x axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Band {
    /// Where it begins.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// Its colour, drawn lightly.
    pub colour: Colour,
    /// A word at its top; may be empty.
    pub label: String,
}

/// A horizontal mark with a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// Where it begins.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// Its height.
    pub y: f64,
    /// What is written at it; may be empty.
    pub label: String,
    /// Whether its ends carry bars, as a dimension in a drawing has.
    pub bars: bool,
}

/// One pair of axes.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// Written above it.
    pub title: String,
    /// What x is.
    pub x_name: String,
    /// SI base unit of x.
    pub x_unit: String,
    /// SI base unit of y.
    pub unit: String,
    /// Whether zero is in the picture in any case.
    pub from_zero: bool,
    /// First and last x; `None` for what the series span.
    pub window: Option<(f64, f64)>,
    /// The traces.
    pub series: Vec<Series>,
    /// Shaded stretches.
    pub bands: Vec<Band>,
    /// Marks.
    pub levels: Vec<Level>,
    /// Instants.
    pub marks: Vec<Mark>,
    /// Limits.
    pub bounds: Vec<Bound>,
    /// Values with their uncertainty.
    pub whiskers: Vec<Whisker>,
}

impl Default for Panel {
    fn default() -> Self {
        Self {
            title: String::new(),
            x_name: "time".to_owned(),
            x_unit: "s".to_owned(),
            unit: String::new(),
            from_zero: true,
            window: None,
            series: Vec::new(),
            bands: Vec::new(),
            levels: Vec::new(),
            marks: Vec::new(),
            bounds: Vec::new(),
            whiskers: Vec::new(),
        }
    }
}

/// Panels one above the other, over an x axis in seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Written above all.
    pub title: String,
    /// Written under the title.
    pub subtitle: String,
    /// From top to bottom.
    pub panels: Vec<Panel>,
    /// Lines of text under the panels.
    pub notes: Vec<String>,
}

/// Text made harmless in HTML and XML, in elements and in quoted attributes.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // XML 1.0 has no other control characters, not even escaped; a mark of direction would turn what is around the text.
            '\t' | '\n' | '\r' => safe.push(letter),
            harmful if harmless::harms(harmful) => safe.push('\u{fffd}'),
            other => safe.push(other),
        }
    }
    safe
}

/// The factor of an axis in this unit whose largest value is `largest`, and what is written at it.
pub fn scaled(largest: f64, unit: &str) -> (f64, String) {
    match unit {
        "ratio" => (1e-2, "%".to_owned()),
        "C/m2" => (1e-2, "µC/cm²".to_owned()),
        "" | "1" | "lsb" => (1.0, unit.trim_start_matches('1').to_owned()),
        _ => {
            let (scale, prefix) = prefix(largest);
            (scale, format!("{prefix}{}", if unit == "ohm" { "Ω" } else { unit }))
        }
    }
}

/// The power of ten and the prefix in which `largest` has one to three digits before the point.
pub fn prefix(largest: f64) -> (f64, &'static str) {
    const PREFIXES: [(f64, &str); 6] =
        [(1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"), (1e-12, "p")];
    let magnitude = largest.abs() * (1.0 + 1e-9);
    PREFIXES.into_iter().find(|(scale, _)| magnitude >= *scale).unwrap_or((1.0, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_can_leave_its_element() {
        assert_eq!(escape("<b a=\"1\" c='2'>&\u{1}"), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;\u{fffd}");
    }

    #[test]
    fn a_figure_is_one_well_formed_document_whatever_it_is_called() {
        let points: Vec<_> =
            (0..10_000).map(|k| (f64::from(k) * 1e-6, (f64::from(k) / 500.0).sin() * 1e-3)).collect();
        let figure = Figure {
            title: "<script>alert(1)</script>".into(),
            subtitle: "a & b".into(),
            panels: vec![Panel {
                title: "current".into(),
                unit: "A".into(),
                window: None,
                series: vec![Series { name: "e1".into(), points, colour: PALETTE[0], look: Look::Line }],
                bands: vec![Band { from: 1e-3, to: 2e-3, colour: PALETTE[1], label: "x<y".into() }],
                ..Panel::default()
            }],
            notes: vec!["\u{2}".into()],
        };
        let svg = draw(&figure).unwrap();
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
        assert!(!svg.contains("<script>") && svg.contains("&lt;script&gt;"), "{}", &svg[..600]);
        // Ten thousand points are drawn as what a screen can show of them.
        assert!(svg.len() < 60_000, "{}", svg.len());
    }
}
