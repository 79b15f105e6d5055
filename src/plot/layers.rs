//! What lies on the axes of a panel, one function for each kind.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::draw::{Chart, FONT, INK, PlotError, printable};
use super::thin::thin;
use super::{Band, Bound, Colour, LIMIT, Level, Look, Mark, Series, Whisker};

/// The axes that everything is placed on: bounds in SI base units, and what one unit of an axis is.
pub(super) struct Frame {
    /// First and last x.
    pub x: (f64, f64),
    /// Lowest and highest y.
    pub y: (f64, f64),
    /// SI base units in one of the axis.
    pub x_scale: f64,
    /// SI base units in one of the axis.
    pub y_scale: f64,
    /// Of the drawing, pixels.
    pub height: u32,
    /// Of the drawing, pixels.
    pub width: usize,
    /// Size of texts, pixels.
    pub small: i32,
}

impl Frame {
    fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (x / self.x_scale, y / self.y_scale)
    }

    /// A part of the width or height of the axes, in SI base units.
    fn part(bounds: (f64, f64), part: f64) -> f64 {
        part * (bounds.1 - bounds.0)
    }

    /// Shaded stretches of x, with a word at their top.
    pub(super) fn bands(&self, chart: &mut Chart<'_, '_>, bands: &[Band]) -> Result<(), PlotError> {
        for band in bands {
            let colour = rgb(band.colour);
            let corners =
                [self.at(band.from.max(self.x.0), self.y.0), self.at(band.to.min(self.x.1), self.y.1)];
            chart.draw_series([Rectangle::new(corners, colour.mix(0.12).filled())])?;
            let middle = self.at((band.from + band.to) / 2.0, self.y.1);
            let style = text(colour, (HPos::Center, VPos::Top), self.small);
            chart.draw_series([Text::new(printable(&band.label), middle, style)])?;
        }
        Ok(())
    }

    /// Limits, what is beyond them tinted, their guard band less so.
    pub(super) fn bounds(&self, chart: &mut Chart<'_, '_>, bounds: &[Bound]) -> Result<(), PlotError> {
        let (x, y) = (self.x, self.y);
        for bound in bounds {
            let colour = rgb(LIMIT);
            let (beyond, inside) =
                if bound.upper { (y.1, bound.y - bound.guard) } else { (y.0, bound.y + bound.guard) };
            let area = |to: f64, part: f64| {
                let corners = [self.at(x.0, bound.y), self.at(x.1, to.clamp(y.0, y.1))];
                Rectangle::new(corners, colour.mix(part).filled())
            };
            chart.draw_series([area(beyond, 0.13), area(inside, 0.06)])?;
            let line = [self.at(x.0, bound.y), self.at(x.1, bound.y)];
            chart.draw_series([PathElement::new(line, colour.stroke_width(1))])?;
            let (vertical, lift) = if bound.upper { (VPos::Bottom, 0.01) } else { (VPos::Top, -0.01) };
            let place = self.at(x.1, bound.y + Self::part(y, lift));
            let style = text(colour, (HPos::Right, vertical), self.small);
            chart.draw_series([Text::new(printable(&bound.label), place, style)])?;
        }
        Ok(())
    }

    /// The traces; one alone needs no name, its panel says what it is.
    pub(super) fn series(&self, chart: &mut Chart<'_, '_>, all: &[Series]) -> Result<(), PlotError> {
        for series in all {
            let colour = rgb(series.colour);
            let points = || series.points.iter().map(|(x, y)| self.at(*x, *y));
            let drawn = match series.look {
                Look::Area => {
                    let points: Vec<_> = points().collect();
                    chart.draw_series([Polygon::new(points.clone(), colour.mix(0.35).filled())])?;
                    chart.draw_series([PathElement::new(points, colour.stroke_width(1))])?
                }
                Look::Bars => {
                    let bars = series.points.windows(2).filter_map(|pair| match pair {
                        [(from, high), (to, _)] if *high != 0.0 => {
                            let corners = [self.at(*from, 0.0), self.at(*to, *high)];
                            Some(Rectangle::new(corners, colour.mix(0.6).filled()))
                        }
                        _ => None,
                    });
                    chart.draw_series(bars)?;
                    continue;
                }
                Look::Dots => {
                    let dots = self.thinned(series);
                    let dots = dots.into_iter().map(|point| Circle::new(point, 2, colour.filled()));
                    chart.draw_series(dots)?;
                    continue;
                }
                Look::Line => {
                    chart.draw_series(LineSeries::new(self.thinned(series), colour.stroke_width(1)))?
                }
            };
            if all.len() > 1 && !series.name.is_empty() {
                drawn.label(printable(&series.name)).legend(move |(x, y)| key(x, y, colour));
            }
        }
        Ok(())
    }

    /// The points of a series that can be told apart at this width, on the axes.
    fn thinned(&self, series: &Series) -> Vec<(f64, f64)> {
        let points = thin(&series.points, self.x, self.width);
        points.into_iter().map(|(x, y)| self.at(x, y)).collect()
    }

    /// Instants. Words of neighbouring ones stand below each other.
    pub(super) fn marks(&self, chart: &mut Chart<'_, '_>, marks: &[Mark]) -> Result<(), PlotError> {
        let (x, y) = (self.x, self.y);
        for (row, mark) in marks.iter().enumerate() {
            let colour = rgb(mark.colour);
            let line = [self.at(mark.at, y.0), self.at(mark.at, y.1)];
            chart.draw_series([PathElement::new(line, colour.stroke_width(1))])?;
            let right = mark.at < x.0 + Self::part(x, 0.75);
            let (side, aside) = if right { (HPos::Left, 0.004) } else { (HPos::Right, -0.004) };
            let line = f64::from(self.small + 3) / f64::from(self.height) * 1.3;
            let place = self.at(mark.at + Self::part(x, aside), y.1 - Self::part(y, (row % 4) as f64 * line));
            let style = text(colour, (side, VPos::Top), self.small);
            chart.draw_series([Text::new(printable(&mark.label), place, style)])?;
        }
        Ok(())
    }

    /// Horizontal marks with a text.
    pub(super) fn levels(&self, chart: &mut Chart<'_, '_>, levels: &[Level]) -> Result<(), PlotError> {
        for level in levels {
            let (left, right) = (self.at(level.from, level.y), self.at(level.to, level.y));
            let mut strokes = vec![PathElement::new([left, right], INK.stroke_width(1))];
            if level.bars {
                let half = Self::part(self.y, 0.02) / self.y_scale;
                let bar = |(x, y): (f64, f64)| {
                    PathElement::new([(x, y - half), (x, y + half)], INK.stroke_width(1))
                };
                strokes.extend([bar(left), bar(right)]);
            }
            chart.draw_series(strokes)?;
            // Away from the rest level, so that the text stands clear of the trace.
            let (vertical, lift) = if level.y < 0.0 { (VPos::Top, -0.02) } else { (VPos::Bottom, 0.02) };
            let style = text(INK, (HPos::Center, vertical), self.small + 1);
            let place = self.at((level.from + level.to) / 2.0, level.y + Self::part(self.y, lift));
            chart.draw_series([Text::new(printable(&level.label), place, style)])?;
        }
        Ok(())
    }

    /// Values with their uncertainty.
    pub(super) fn whiskers(&self, chart: &mut Chart<'_, '_>, whiskers: &[Whisker]) -> Result<(), PlotError> {
        for whisker in whiskers {
            let half = Self::part(self.x, 0.006);
            let bar = |from: (f64, f64), to: (f64, f64)| {
                PathElement::new([self.at(from.0, from.1), self.at(to.0, to.1)], INK.stroke_width(2))
            };
            let (low, high) = (whisker.y - whisker.u, whisker.y + whisker.u);
            let (left, right) = (whisker.x - half, whisker.x + half);
            chart.draw_series([
                bar((whisker.x, low), (whisker.x, high)),
                bar((left, low), (right, low)),
                bar((left, high), (right, high)),
            ])?;
            chart.draw_series([Circle::new(self.at(whisker.x, whisker.y), 4, INK.filled())])?;
            let style = text(INK, (HPos::Right, VPos::Center), self.small + 1);
            let place = self.at(whisker.x - 2.0 * half, whisker.y);
            chart.draw_series([Text::new(printable(&whisker.label), place, style)])?;
        }
        Ok(())
    }
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
