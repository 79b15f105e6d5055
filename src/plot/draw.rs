//! The drawing itself.

use plotters::coord::ranged1d::{BoldPoints, Ranged};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use super::layers::Frame;
use super::{Figure, Panel, scaled};

type Failure = DrawingAreaErrorKind<<SVGBackend<'static> as DrawingBackend>::ErrorType>;

/// The drawing library refused.
#[derive(Debug, thiserror::Error)]
#[error("the plot could not be drawn: {0}")]
pub struct PlotError(#[from] Failure);

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
pub(super) type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

const WIDTH: u32 = 1000;
const PANEL: u32 = 300;
const HEAD: u32 = 64;
const NOTE: u32 = 20;
pub(super) const INK: RGBColor = RGBColor(34, 34, 34);
pub(super) const FONT: &str = "sans-serif";
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
pub(super) fn printable(text: &str) -> String {
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

    /// Room above axes without a title: the upper half of a number at their top.
    fn untitled(&self) -> i32 {
        self.fonts.1 / 2 + 2
    }

    /// The part of the height of the axes that a panel's legend takes, in a drawing that is `height` pixels high; at most half.
    fn legend(&self, panel: &Panel, height: u32) -> f64 {
        // What the library leaves above the first name, and some air below the last.
        const EDGES: f64 = 19.0;
        let rows = legend_rows(panel) as f64;
        let (title, small) = (f64::from(self.fonts.0), f64::from(self.fonts.1));
        let axes = f64::from(height)
            - f64::from(self.margins.0)
            - if panel.title.is_empty() { 4.0 + f64::from(self.untitled()) } else { 2.0 * title };
        if rows > 0.0 { ((rows * 1.27 * small + EDGES) / axes.max(1.0)).min(0.5) } else { 0.0 }
    }
}

/// Axes, and on them in this order all that a panel holds: what comes later lies above.
pub(super) fn draw_panel(area: &Area<'_>, panel: &Panel, fit: &Fit) -> Result<(), PlotError> {
    let (x, y) = bounds(panel, fit.legend(panel, area.dim_in_pixel().1));
    let (x_scale, x_unit) = scaled(x.0.abs().max(x.1.abs()), &panel.x_unit);
    let (y_scale, y_unit) = scaled(y.0.abs().max(y.1.abs()), &panel.unit);
    let (title, small) = fit.fonts;
    let mut builder = ChartBuilder::on(area);
    if panel.title.is_empty() {
        builder.margin_top(fit.untitled());
    } else {
        builder.caption(printable(&panel.title), (FONT, title).into_font().color(&INK));
    }
    let (across, up) = (x.0 / x_scale..x.1 / x_scale, y.0 / y_scale..y.1 / y_scale);
    let places = [(&across, fit.ticks.0), (&up, fit.ticks.1)].map(|(range, most)| decimals(range, most));
    let mut chart: Chart<'_, '_> = builder
        .margin_right(24)
        .margin_left(8)
        .margin_bottom(4)
        .x_label_area_size(fit.margins.0)
        .y_label_area_size(fit.margins.1)
        .build_cartesian_2d(across, up)?;
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
        .x_label_formatter(&|value| tick(*value, places[0]))
        .y_label_formatter(&|value| tick(*value, places[1]))
        .draw()?;
    let height = area.dim_in_pixel().1;
    let frame = Frame { x, y, x_scale, y_scale, height, width: fit.width as usize, small };
    frame.bands(&mut chart, &panel.bands)?;
    frame.bounds(&mut chart, &panel.bounds)?;
    frame.series(&mut chart, &panel.series)?;
    frame.marks(&mut chart, &panel.marks)?;
    frame.levels(&mut chart, &panel.levels)?;
    frame.whiskers(&mut chart, &panel.whiskers)?;
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

/// Decimal places that every tick of an axis needs, at most six: those of one axis are written alike.
fn decimals(range: &std::ops::Range<f64>, most: usize) -> usize {
    let needed = |value: f64| {
        let text = format!("{value:.6}");
        let text = text.trim_end_matches('0');
        text.split_once('.').map_or(0, |(_, behind)| behind.len())
    };
    let axis = RangedCoordf64::from(range.clone());
    axis.key_points(BoldPoints(most)).into_iter().map(needed).max().unwrap_or(0)
}

/// A tick's number, without the sign that a zero may have.
fn tick(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    if text.bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.')) { "0".to_owned() } else { text }
}
