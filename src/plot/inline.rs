//! Panels as part of a page: no paper of their own, and the colours of the page around them.

use std::fmt::Write as _;

use plotters::prelude::*;

use super::draw::{Fit, PlotError, draw_panel};
use super::{Panel, escape};

/// Style of the page around: the colours of the plots on light and on dark paper. A stroke in the second colour of the palette is
/// what was to be, and broken.
pub const STYLE: &str = "\
.plot{display:block;width:100%;height:auto;font-family:system-ui,sans-serif}.plot text:not([fill]){fill:#222}.plot polyline{fill:none}\
.plot [stroke=\"#D55E00\"]{stroke-dasharray:6 3}\
@media screen and (prefers-color-scheme:dark){\
.plot text:not([fill]),.plot [fill=\"#222222\"]{fill:#e6e8eb}.plot [stroke=\"#222222\"]{stroke:#e6e8eb}\
.plot [fill=\"#0072B2\"]{fill:#5cb8f0}.plot [stroke=\"#0072B2\"]{stroke:#5cb8f0}\
.plot [fill=\"#D55E00\"]{fill:#ff9a4d}.plot [stroke=\"#D55E00\"]{stroke:#ff9a4d}\
.plot [fill=\"#009E73\"]{fill:#3fd1a5}.plot [stroke=\"#009E73\"]{stroke:#3fd1a5}\
.plot [fill=\"#B3261E\"]{fill:#ff8a80}.plot [stroke=\"#B3261E\"]{stroke:#ff8a80}}";

/// How large panels are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Across a page.
    Full,
    /// Two beside each other.
    Half,
}

/// Panels one above the other as an SVG element; `label` is read to whoever cannot see it.
///
/// # Errors
/// [`PlotError`] when the drawing library cannot draw, which finite data does not cause.
pub fn inline(panels: &[Panel], size: Size, label: &str) -> Result<String, PlotError> {
    let (fit, height) = match size {
        Size::Full => {
            (Fit { width: 1000, fonts: (15, 12), margins: (36, 66), ticks: (11, 6), paper: None }, 250)
        }
        Size::Half => {
            (Fit { width: 500, fonts: (13, 11), margins: (32, 54), ticks: (6, 5), paper: None }, 180)
        }
    };
    let mut svg = String::new();
    {
        let all = (fit.width, height * panels.len() as u32);
        let root = SVGBackend::with_string(&mut svg, all).into_drawing_area();
        for (at, panel) in panels.iter().enumerate() {
            let area = root.clone().shrink((0, height * at as u32), (fit.width, height));
            draw_panel(&area, panel, &fit)?;
        }
        root.present()?;
    }
    Ok(lean(&svg, (fit.width, height * panels.len() as u32), label))
}

/// Without what the page says once for all plots.
fn lean(svg: &str, (width, height): (u32, u32), label: &str) -> String {
    let inside = svg.split_once(">\n").map_or("", |(_, inside)| inside);
    let mut text = format!(
        "<svg class=\"plot\" role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {width} {height}\">\n",
        escape(label)
    );
    let mut elements = inside.lines().peekable();
    while let Some(line) = elements.next() {
        if line.starts_with("<text") {
            // A text is written over three lines.
            let words = elements.next().unwrap_or_default();
            let end = elements.next().unwrap_or_default();
            if !words.is_empty() {
                let _ = writeln!(text, "{}{words}{end}", without_defaults(&rounded(line)));
            }
            continue;
        }
        let Some(drawn) = points(line) else {
            let _ = writeln!(text, "{}", without_defaults(line));
            continue;
        };
        let mut line = line.replace(drawn, &thinned(drawn));
        // An area and its outline have the same points: one element draws both.
        if line.starts_with("<polygon")
            && let Some(outline) = elements.next_if(|next| points(next) == Some(drawn))
        {
            let stroke = attribute(outline, "stroke").unwrap_or_default();
            line =
                line.replace(" opacity=", " fill-opacity=").replace("/>", &format!(" stroke=\"{stroke}\"/>"));
        }
        let _ = writeln!(text, "{}", without_defaults(&line));
    }
    text
}

/// The value of an attribute.
fn attribute<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (_, after) = line.split_once(&format!(" {name}=\""))?;
    Some(after.split_once('"')?.0)
}

fn points(line: &str) -> Option<&str> {
    attribute(line, "points")
}

/// Without points that lie between their neighbours on a level or upright stretch.
fn thinned(points: &str) -> String {
    let parse = |pair: &str| -> Option<(i32, i32)> {
        let (x, y) = pair.split_once(',')?;
        Some((x.parse().ok()?, y.parse().ok()?))
    };
    let pairs: Vec<(i32, i32)> = points.split(' ').filter_map(parse).collect();
    let mut kept: Vec<(i32, i32)> = Vec::with_capacity(pairs.len());
    for (at, point) in pairs.iter().enumerate() {
        let between = |a: &(i32, i32), c: &(i32, i32)| {
            let inside = |a: i32, b: i32, c: i32| (a <= b && b <= c) || (a >= b && b >= c);
            (a.1 == point.1 && point.1 == c.1 && inside(a.0, point.0, c.0))
                || (a.0 == point.0 && point.0 == c.0 && inside(a.1, point.1, c.1))
        };
        let redundant = kept.last().zip(pairs.get(at + 1)).is_some_and(|(a, c)| between(a, c));
        if !redundant {
            kept.push(*point);
        }
    }
    let mut text = String::with_capacity(8 * kept.len());
    for (x, y) in kept {
        let _ = write!(text, "{x},{y} ");
    }
    text.pop();
    text
}

/// A font's size to a tenth.
fn rounded(line: &str) -> String {
    let size = attribute(line, "font-size").unwrap_or_default();
    let short = size.parse::<f64>().map_or_else(|_| size.to_owned(), |size| format!("{size:.1}"));
    line.replace(size, &short)
}

fn without_defaults(line: &str) -> String {
    let mut line = line.to_owned();
    let of_all = [" opacity=\"1\"", " font-family=\"sans-serif\"", " stroke-width=\"1\"", " fill=\"none\""];
    for default in of_all {
        line = line.replace(default, "");
    }
    if line.starts_with("<text") { line.replace(" fill=\"#222222\"", "") } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::{PALETTE, Series};

    #[test]
    fn what_is_left_out_is_not_seen() {
        assert_eq!(thinned("0,5 1,5 2,5 3,9 3,8 3,7 4,7"), "0,5 2,5 3,9 3,7 4,7");
        assert_eq!(thinned("0,5 2,5 1,5"), "0,5 2,5 1,5", "it turns back");
        assert_eq!(rounded("<text font-size=\"8.8709\">"), "<text font-size=\"8.9\">");
    }

    #[test]
    fn a_legend_stands_above_what_it_explains() {
        let high = vec![(0.0, -1e-3), (0.5, -1e-3), (0.5, 1e-3), (1.0, 1e-3)];
        let named = |name: &str| Series { name: name.into(), points: high.clone(), ..Series::default() };
        let series = vec![named("measured"), named("predicted from the phantom")];
        for (size, title) in [(Size::Half, "voltage"), (Size::Half, ""), (Size::Full, "voltage")] {
            let panel =
                Panel { title: title.into(), unit: "A".into(), series: series.clone(), ..Panel::default() };
            let svg = inline(&[panel], size, "a").unwrap();
            let tops = |of_legend: bool| -> Vec<i32> {
                let strokes = svg.lines().filter(|line| {
                    line.starts_with("<polyline stroke=\"#000000\"")
                        && line.contains("stroke-width=\"2\"") == of_legend
                });
                let y = |pair: &str| pair.split_once(',').unwrap().1.parse::<i32>().unwrap();
                strokes.map(|line| points(line).unwrap().split(' ').map(y).min().unwrap()).collect()
            };
            let (keys, traces) = (tops(true), tops(false));
            assert_eq!((keys.len(), traces.len()), (2, 2), "{svg}");
            // The last name reaches half a line below its stroke.
            assert!(keys.iter().max().unwrap() + 6 < *traces.iter().min().unwrap(), "{keys:?} {traces:?}");
        }
    }

    #[test]
    fn a_panel_is_an_element_without_paper_or_size_of_its_own() {
        let spans: Vec<_> = (0..300).map(|k| (f64::from(k), -1e-3, f64::from(k % 3) * 1e-3)).collect();
        let series = vec![Series::spread("<all>", spans.into_iter(), PALETTE[0])];
        let svg =
            inline(&[Panel { unit: "A".into(), series, ..Panel::default() }], Size::Half, "a & b").unwrap();
        assert!(svg.starts_with(
            "<svg class=\"plot\" role=\"img\" aria-label=\"a &amp; b\" viewBox=\"0 0 500 180\">"
        ));
        assert!(
            svg.trim_end().ends_with("</svg>") && !svg.contains("width=\"500\"") && !svg.contains("FFFFFF")
        );
        assert_eq!(svg.matches("<polygon").count(), 1);
        assert!(
            svg.contains("fill-opacity=\"0.35\"") && svg.contains("stroke=\"#0072B2\""),
            "one element for both"
        );
        assert!(svg.len() < 10_000, "{}", svg.len());
    }
}
