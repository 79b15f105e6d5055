//! The drawing itself.

use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::thin::thin;
use super::{Figure, Panel, prefix};

type Failure = DrawingAreaErrorKind<<SVGBackend<'static> as DrawingBackend>::ErrorType>;

/// The drawing library refused.
#[derive(Debug, thiserror::Error)]
#[error("the plot could not be drawn: {0}")]
pub struct PlotError(#[from] Failure);

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

const WIDTH: u32 = 1000;
const PANEL: u32 = 300;
const HEAD: u32 = 64;
const NOTE: u32 = 20;
const INK: RGBColor = RGBColor(34, 34, 34);
const FONT: &str = "sans-serif";
/// Characters of a note that fit in one line.
const NOTE_COLUMNS: usize = 150;

/// Draws a figure as an SVG document.
///
/// # Errors
/// [`PlotError`] when the drawing library cannot draw, which finite data does not cause.
pub fn draw(figure: &Figure) -> Result<String, PlotError> {
    let notes: Vec<String> = figure.notes.iter().flat_map(|note| wrapped(note)).collect();
    let height = HEAD + PANEL * figure.panels.len() as u32 + NOTE * notes.len() as u32 + 14;
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        root.fill(&WHITE)?;
        write(&root, &figure.title, (18, 14), 20, &INK)?;
        write(&root, &figure.subtitle, (18, 40), 14, &INK.mix(0.7))?;
        for (at, panel) in figure.panels.iter().enumerate() {
            let top = HEAD + PANEL * at as u32;
            let area = root.clone().shrink((0, top), (WIDTH, PANEL));
            draw_panel(&area, panel)?;
        }
        for (at, note) in notes.iter().enumerate() {
            let y = HEAD + PANEL * figure.panels.len() as u32 + 4 + NOTE * at as u32;
            write(&root, note, (18, y as i32), 13, &INK)?;
        }
        root.present()?;
    }
    Ok(svg)
}

/// Control characters have no place in XML; the library escapes the rest.
fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

fn write(
    area: &Area<'_>,
    text: &str,
    at: (i32, i32),
    size: i32,
    colour: &impl Color,
) -> Result<(), PlotError> {
    let style = (FONT, size).into_font().color(colour);
    Ok(area.draw_text(&printable(text), &style, at)?)
}

fn wrapped(note: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in note.split_whitespace() {
        let length = word.chars().count();
        match lines.last_mut().filter(|line| line.is_empty() || line.chars().count() + length < NOTE_COLUMNS)
        {
            Some(line) => {
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(word);
            }
            None => lines.push(format!("    {word}")),
        }
    }
    lines
}

/// Bounds of the axes in SI base units: x, y.
fn bounds(panel: &Panel) -> ((f64, f64), (f64, f64)) {
    let empty = (f64::INFINITY, f64::NEG_INFINITY);
    let grow = |(low, high): (f64, f64), v: f64| (low.min(v), high.max(v));
    let all = || panel.series.iter().flat_map(|series| series.points.iter());
    let x = panel.window.unwrap_or_else(|| all().map(|(x, _)| *x).fold(empty, grow));
    let inside = all().filter(|(t, _)| (x.0..=x.1).contains(t)).map(|(_, y)| *y);
    let y = inside.chain(panel.levels.iter().map(|level| level.y)).chain([0.0]).fold(empty, grow);
    let wide = |(low, high): (f64, f64), below: f64, above: f64| {
        let span = if high > low { high - low } else { high.abs().max(1e-12) };
        (low - below * span, high + above * span)
    };
    (if x.1 > x.0 { x } else { (0.0, 1e-3) }, wide(y, 0.14, 0.2))
}

fn draw_panel(area: &Area<'_>, panel: &Panel) -> Result<(), PlotError> {
    let (x, y) = bounds(panel);
    let (x_scale, x_prefix) = prefix(x.0.abs().max(x.1.abs()));
    let (y_scale, y_prefix) = prefix(y.0.abs().max(y.1.abs()));
    let mut chart: Chart<'_, '_> = ChartBuilder::on(area)
        .caption(printable(&panel.title), (FONT, 15).into_font().color(&INK))
        .margin_right(24)
        .margin_left(8)
        .margin_bottom(4)
        .x_label_area_size(38)
        .y_label_area_size(74)
        .build_cartesian_2d(x.0 / x_scale..x.1 / x_scale, y.0 / y_scale..y.1 / y_scale)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(INK.mix(0.1))
        .axis_style(INK.mix(0.5))
        .label_style((FONT, 12).into_font().color(&INK))
        .x_desc(format!("time ({x_prefix}s)"))
        .y_desc(format!("{y_prefix}{}", printable(&panel.unit)))
        .x_labels(11)
        .y_labels(7)
        .x_label_formatter(&|value| tick(*value))
        .y_label_formatter(&|value| tick(*value))
        .draw()?;
    let at = |time: f64, value: f64| (time / x_scale, value / y_scale);
    for band in &panel.bands {
        let (red, green, blue) = band.colour;
        let colour = RGBColor(red, green, blue);
        let corners = [at(band.from.max(x.0), y.0), at(band.to.min(x.1), y.1)];
        chart.draw_series([Rectangle::new(corners, colour.mix(0.12).filled())])?;
        let style =
            TextStyle::from((FONT, 12).into_font()).color(&colour).pos(Pos::new(HPos::Center, VPos::Top));
        let middle = at((band.from + band.to) / 2.0, y.1);
        chart.draw_series([Text::new(printable(&band.label), middle, style)])?;
    }
    let columns = WIDTH as usize;
    for series in &panel.series {
        let (red, green, blue) = series.colour;
        let points = thin(&series.points, x, columns).into_iter().map(|(time, value)| at(time, value));
        let drawn = chart.draw_series(LineSeries::new(points, RGBColor(red, green, blue).stroke_width(1)))?;
        if panel.series.len() > 1 {
            drawn.label(printable(&series.name)).legend(move |(x, y)| {
                PathElement::new([(x, y), (x + 16, y)], RGBColor(red, green, blue).stroke_width(2))
            });
        }
    }
    for level in &panel.levels {
        let (left, right) = (at(level.from, level.y), at(level.to, level.y));
        let mut strokes = vec![PathElement::new([left, right], INK.stroke_width(1))];
        if level.bars {
            let half = 0.02 * (y.1 - y.0) / y_scale;
            let bar =
                |(x, y): (f64, f64)| PathElement::new([(x, y - half), (x, y + half)], INK.stroke_width(1));
            strokes.extend([bar(left), bar(right)]);
        }
        chart.draw_series(strokes)?;
        // Away from the rest level, so that the text stands clear of the trace.
        let (vertical, lift) = if level.y < 0.0 { (VPos::Top, -0.02) } else { (VPos::Bottom, 0.02) };
        let style = TextStyle::from((FONT, 13).into_font()).color(&INK).pos(Pos::new(HPos::Center, vertical));
        let place = at((level.from + level.to) / 2.0, level.y + lift * (y.1 - y.0));
        chart.draw_series([Text::new(printable(&level.label), place, style)])?;
    }
    if panel.series.len() > 1 {
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .background_style(WHITE.mix(0.8))
            .border_style(INK.mix(0.3))
            .label_font((FONT, 12).into_font().color(&INK))
            .draw()?;
    }
    Ok(())
}

/// A tick's number without the digits binary fractions add.
fn tick(value: f64) -> String {
    let text = format!("{value:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}
