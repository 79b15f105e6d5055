//! The drawing itself.

use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::thin::thin;
use super::{Colour, Figure, LIMIT, Look, Panel, scaled};

type Failure = DrawingAreaErrorKind<<SVGBackend<'static> as DrawingBackend>::ErrorType>;

/// The drawing library refused.
#[derive(Debug, thiserror::Error)]
#[error("the plot could not be drawn: {0}")]
pub struct PlotError(#[from] Failure);

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
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
            draw_panel(&area, panel, &Fit::WHOLE)?;
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

/// Names a legend needs: of one series alone its panel says what it is.
fn legend_rows(panel: &Panel) -> usize {
    let named = panel.series.iter().filter(|series| !series.name.is_empty()).count();
    if named > 1 { named } else { 0 }
}

/// Bounds of the axes in SI base units: x, y. `legend` is the part of the height that a legend takes.
fn bounds(panel: &Panel, legend: f64) -> ((f64, f64), (f64, f64)) {
    let empty = (f64::INFINITY, f64::NEG_INFINITY);
    let grow = |(low, high): (f64, f64), v: f64| (low.min(v), high.max(v));
    let all = || panel.series.iter().flat_map(|series| series.points.iter());
    let x = panel.window.unwrap_or_else(|| all().map(|(x, _)| *x).fold(empty, grow));
    let inside = all().filter(|(t, _)| (x.0..=x.1).contains(t)).map(|(_, y)| *y);
    let limits = panel.bounds.iter().map(|bound| bound.y);
    let spans = panel.whiskers.iter().flat_map(|whisker| [whisker.y - whisker.u, whisker.y + whisker.u]);
    let zero = panel.from_zero.then_some(0.0);
    let y = inside.chain(panel.levels.iter().map(|level| level.y)).chain(limits).chain(spans).chain(zero);
    let y = y.fold(empty, grow);
    let y = if y.0 > y.1 { (0.0, 0.0) } else { y };
    let wide = |(low, high): (f64, f64), below: f64, above: f64| {
        let span = if high > low { high - low } else { high.abs().max(1e-12) };
        (low - below * span, high + above * span)
    };
    const BELOW: f64 = 0.14;
    // Words of marks stand above what is drawn, and so does a legend: nothing else is behind it on the paper of a page.
    let words: f64 = if panel.marks.is_empty() { 0.2 } else { 0.45 };
    let above = words.max((1.0 + BELOW) * legend / (1.0 - legend));
    (if x.1 > x.0 { x } else { (0.0, 1e-3) }, wide(y, BELOW, above))
}

/// What of a panel depends on how large it is drawn.
pub(super) struct Fit {
    /// Width, pixels.
    pub width: u32,
    /// Size of its title, of other texts, and of its labels.
    pub fonts: (i32, i32),
    /// Room for the numbers below and at the left.
    pub margins: (u32, u32),
    /// Ticks along x and y.
    pub ticks: (usize, usize),
    /// What lies behind a legend, if anything.
    pub paper: Option<RGBColor>,
}

impl Fit {
    const WHOLE: Self =
        Self { width: WIDTH, fonts: (15, 12), margins: (38, 74), ticks: (11, 7), paper: Some(WHITE) };

    /// The part of the height of the axes that a panel's legend takes, in a drawing that is `height` pixels high; at most half.
    fn legend(&self, panel: &Panel, height: u32) -> f64 {
        // What the library leaves above the first name, and some air below the last.
        const EDGES: f64 = 19.0;
        let rows = legend_rows(panel) as f64;
        let (title, small) = (f64::from(self.fonts.0), f64::from(self.fonts.1));
        let axes = f64::from(height)
            - f64::from(self.margins.0)
            - if panel.title.is_empty() { 4.0 } else { 2.0 * title };
        if rows > 0.0 { ((rows * 1.27 * small + EDGES) / axes.max(1.0)).min(0.5) } else { 0.0 }
    }
}

pub(super) fn draw_panel(area: &Area<'_>, panel: &Panel, fit: &Fit) -> Result<(), PlotError> {
    let (x, y) = bounds(panel, fit.legend(panel, area.dim_in_pixel().1));
    let (x_scale, x_unit) = scaled(x.0.abs().max(x.1.abs()), &panel.x_unit);
    let (y_scale, y_unit) = scaled(y.0.abs().max(y.1.abs()), &panel.unit);
    let (title, small) = fit.fonts;
    let mut builder = ChartBuilder::on(area);
    if !panel.title.is_empty() {
        builder.caption(printable(&panel.title), (FONT, title).into_font().color(&INK));
    }
    let mut chart: Chart<'_, '_> = builder
        .margin_right(24)
        .margin_left(8)
        .margin_bottom(4)
        .x_label_area_size(fit.margins.0)
        .y_label_area_size(fit.margins.1)
        .build_cartesian_2d(x.0 / x_scale..x.1 / x_scale, y.0 / y_scale..y.1 / y_scale)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(INK.mix(0.1))
        .axis_style(INK.mix(0.5))
        .label_style((FONT, small).into_font().color(&INK))
        .x_desc(if x_unit.is_empty() { panel.x_name.clone() } else { format!("{} ({x_unit})", panel.x_name) })
        .y_desc(printable(&y_unit))
        .x_labels(fit.ticks.0)
        .y_labels(fit.ticks.1)
        .x_label_formatter(&|value| tick(*value))
        .y_label_formatter(&|value| tick(*value))
        .draw()?;
    let at = |time: f64, value: f64| (time / x_scale, value / y_scale);
    for band in &panel.bands {
        let colour = rgb(band.colour);
        let corners = [at(band.from.max(x.0), y.0), at(band.to.min(x.1), y.1)];
        chart.draw_series([Rectangle::new(corners, colour.mix(0.12).filled())])?;
        let middle = at((band.from + band.to) / 2.0, y.1);
        let style = text(colour, (HPos::Center, VPos::Top), small);
        chart.draw_series([Text::new(printable(&band.label), middle, style)])?;
    }
    for bound in &panel.bounds {
        let colour = rgb(LIMIT);
        let (beyond, inside) =
            if bound.upper { (y.1, bound.y - bound.guard) } else { (y.0, bound.y + bound.guard) };
        let area = |to: f64, part: f64| {
            Rectangle::new([at(x.0, bound.y), at(x.1, to.clamp(y.0, y.1))], colour.mix(part).filled())
        };
        chart.draw_series([area(beyond, 0.13), area(inside, 0.06)])?;
        chart
            .draw_series([PathElement::new([at(x.0, bound.y), at(x.1, bound.y)], colour.stroke_width(1))])?;
        let (vertical, lift) = if bound.upper { (VPos::Bottom, 0.01) } else { (VPos::Top, -0.01) };
        let place = at(x.1, bound.y + lift * (y.1 - y.0));
        let style = text(colour, (HPos::Right, vertical), small);
        chart.draw_series([Text::new(printable(&bound.label), place, style)])?;
    }
    for series in &panel.series {
        let colour = rgb(series.colour);
        if series.look == Look::Area {
            let points: Vec<_> = series.points.iter().map(|(x, y)| at(*x, *y)).collect();
            chart.draw_series([Polygon::new(points.clone(), colour.mix(0.35).filled())])?;
            let outline = chart.draw_series([PathElement::new(points, colour.stroke_width(1))])?;
            if panel.series.len() > 1 && !series.name.is_empty() {
                outline.label(printable(&series.name)).legend(move |(x, y)| key(x, y, colour));
            }
            continue;
        }
        if series.look == Look::Bars {
            let bars = series.points.windows(2).filter_map(|pair| match pair {
                [(from, high), (to, _)] if *high != 0.0 => {
                    Some(Rectangle::new([at(*from, 0.0), at(*to, *high)], colour.mix(0.6).filled()))
                }
                _ => None,
            });
            chart.draw_series(bars)?;
            continue;
        }
        let points: Vec<_> = thin(&series.points, x, fit.width as usize)
            .into_iter()
            .map(|(time, value)| at(time, value))
            .collect();
        if series.look == Look::Dots {
            chart.draw_series(points.into_iter().map(|point| Circle::new(point, 2, colour.filled())))?;
            continue;
        }
        let drawn = chart.draw_series(LineSeries::new(points, colour.stroke_width(1)))?;
        if panel.series.len() > 1 && !series.name.is_empty() {
            drawn.label(printable(&series.name)).legend(move |(x, y)| key(x, y, colour));
        }
    }
    // Words of neighbouring marks stand below each other.
    for (row, mark) in panel.marks.iter().enumerate() {
        let colour = rgb(mark.colour);
        chart
            .draw_series([PathElement::new([at(mark.at, y.0), at(mark.at, y.1)], colour.stroke_width(1))])?;
        let right = mark.at < x.0 + 0.75 * (x.1 - x.0);
        let (side, aside) = if right { (HPos::Left, 0.004) } else { (HPos::Right, -0.004) };
        let place = at(
            mark.at + aside * (x.1 - x.0),
            y.1 - (row % 4) as f64 * f64::from(small + 3) / f64::from(area.dim_in_pixel().1)
                * 1.3
                * (y.1 - y.0),
        );
        let style = text(colour, (side, VPos::Top), small);
        chart.draw_series([Text::new(printable(&mark.label), place, style)])?;
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
        let style = text(INK, (HPos::Center, vertical), small + 1);
        let place = at((level.from + level.to) / 2.0, level.y + lift * (y.1 - y.0));
        chart.draw_series([Text::new(printable(&level.label), place, style)])?;
    }
    for whisker in &panel.whiskers {
        let half = 0.006 * (x.1 - x.0);
        let bar = |from: (f64, f64), to: (f64, f64)| PathElement::new([from, to], INK.stroke_width(2));
        let (low, high) = (whisker.y - whisker.u, whisker.y + whisker.u);
        chart.draw_series([
            bar(at(whisker.x, low), at(whisker.x, high)),
            bar(at(whisker.x - half, low), at(whisker.x + half, low)),
            bar(at(whisker.x - half, high), at(whisker.x + half, high)),
        ])?;
        chart.draw_series([Circle::new(at(whisker.x, whisker.y), 4, INK.filled())])?;
        let style = text(INK, (HPos::Right, VPos::Center), small + 1);
        let place = at(whisker.x - 2.0 * half, whisker.y);
        chart.draw_series([Text::new(printable(&whisker.label), place, style)])?;
    }
    if legend_rows(panel) > 0 {
        let mut legend = chart.configure_series_labels();
        legend.position(SeriesLabelPosition::UpperRight).label_font((FONT, small).into_font().color(&INK));
        if let Some(paper) = fit.paper {
            legend.background_style(paper.mix(0.8)).border_style(INK.mix(0.3));
        }
        legend.draw()?;
    }
    Ok(())
}

/// A stroke beside a name.
fn key(x: i32, y: i32, colour: RGBColor) -> PathElement<(i32, i32)> {
    PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2))
}

fn text(colour: RGBColor, (across, along): (HPos, VPos), size: i32) -> TextStyle<'static> {
    let plain = TextStyle::from((FONT, size).into_font()).pos(Pos::new(across, along));
    TextStyle { color: colour.to_backend_color(), ..plain }
}

fn rgb((red, green, blue): Colour) -> RGBColor {
    RGBColor(red, green, blue)
}

/// A tick's number without the digits binary fractions add.
fn tick(value: f64) -> String {
    let text = format!("{value:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}
