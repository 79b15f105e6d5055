//! Pulses that are not like the others of their train: one in ten thousand is in no mean.

use crate::quantity::{Dimension, counted, engineering};

use super::finding::{Finding, FindingCode};
use super::noise::median;
use super::pulse::Setting;
use super::pulses::Pulses;
use super::row::Row;

/// Fewer pulses have no others to be unlike.
const FEWEST: usize = 3;
/// An amplitude or a width further than this part from the median of all is told of …
const APART: f64 = 0.1;
/// … if noise does not do that: so many standard deviations.
const SIGMAS: f64 = 6.0;
/// A period that is longer than the median by this factor lacks a pulse, where such ones are rarer than one in `RARE`: those between
/// bursts are not. One that is shorter by it holds a pulse too many.
const LONGER: f64 = 1.5;
const RARE: usize = 20;

/// What the means over the pulses do not show.
pub(super) fn unequal(pulses: &Pulses) -> Option<Finding> {
    let (rows, setting) = (&pulses.rows, pulses.setting.as_ref()?);
    if rows.len() < FEWEST {
        return None;
    }
    let found = [
        few(rows, |row| row.recovery.is_none(), setting, ["no second phase", "a second phase"]),
        few(
            rows,
            |row| row.leading.level * setting.scale.gain > 0.0,
            setting,
            ["an anodic first phase", "a cathodic first phase"],
        ),
        amplitudes(rows, setting),
        widths(rows, setting),
        periods(rows, setting),
    ];
    let found: Vec<String> = found.into_iter().flatten().collect();
    let message = format!(
        "not all {} pulses are alike, which their means do not show: {}",
        rows.len(),
        found.join("; ")
    );
    (!found.is_empty()).then_some(Finding { code: FindingCode::UnequalPulses, message })
}

/// Those of which something is true or not, whichever are fewer; the first words say what is true.
fn few(rows: &[Row], is: impl Fn(&Row) -> bool, setting: &Setting, words: [&str; 2]) -> Option<String> {
    let count = rows.iter().filter(|row| is(row)).count();
    let ([what, other], fewer) = (words, 2 * count <= rows.len());
    let (count, what) = if fewer { (count, what) } else { (rows.len() - count, other) };
    let first = rows.iter().find(|row| is(row) == fewer)?;
    Some(format!("{count} with {what}{}", at(setting, first, count)))
}

/// Those that lie far from the median of all: how many, and where the one is that lies furthest.
fn far(rows: &[Row], of: impl Fn(&Row) -> f64, noise: f64) -> Option<(usize, f64, &Row)> {
    let middle = median(&mut rows.iter().map(&of).collect::<Vec<_>>());
    let off = |row: &&Row| (of(row) - middle).abs();
    let apart = (APART * middle).max(SIGMAS * noise);
    let furthest = rows.iter().max_by(|a, b| off(a).total_cmp(&off(b)))?;
    let count = rows.iter().filter(|row| off(row) > apart).count();
    (count > 0).then_some((count, middle, furthest))
}

fn amplitudes(rows: &[Row], setting: &Setting) -> Option<String> {
    let level = |row: &Row| setting.scale.size(row.leading.level);
    let (count, middle, furthest) = far(rows, level, setting.noise)?;
    let shown = |value: f64| engineering(value, Dimension::Current, 3);
    Some(format!(
        "{count} of an amplitude more than 10 % off the median of {}, the furthest {}{}",
        shown(middle),
        shown(level(furthest)),
        at(setting, furthest, 1)
    ))
}

fn widths(rows: &[Row], setting: &Setting) -> Option<String> {
    let width = |row: &Row| row.leading.edges.width() * setting.dt;
    // An edge lies within a sample, or as far off as noise moves it along its slope.
    let slowest = rows.iter().map(|row| row.leading.transition).fold(1.0, f64::max);
    let least = rows.iter().map(|row| setting.scale.size(row.leading.level)).fold(f64::INFINITY, f64::min);
    let noise = (0.5 + setting.noise * slowest / least) * setting.dt;
    let (count, middle, furthest) = far(rows, width, noise)?;
    let shown = |value: f64| engineering(value, Dimension::Time, 3);
    Some(format!(
        "{count} of a width more than 10 % off the median of {}, the furthest {}{}",
        shown(middle),
        shown(width(furthest)),
        at(setting, furthest, 1)
    ))
}

fn periods(rows: &[Row], setting: &Setting) -> Option<String> {
    let pairs = || rows.iter().zip(rows.iter().skip(1));
    let period = |(row, next): (&Row, &Row)| next.leading.edges.start - row.leading.edges.start;
    let middle = median(&mut pairs().map(period).collect::<Vec<_>>());
    let shown = engineering(middle * setting.dt, Dimension::Time, 3);
    let odd = |is: &dyn Fn(f64) -> bool, words: &str| {
        let count = pairs().filter(|pair| is(period(*pair))).count();
        let (first, _) = pairs().find(|pair| is(period(*pair)))?;
        let many = counted(count, "period");
        let place = at(setting, first, count);
        (count * RARE < rows.len())
            .then(|| format!("{many} {words} the median of {shown}, behind the pulse{place}"))
    };
    let found = [
        odd(&|period| period > LONGER * middle, "longer than 1.5 times"),
        odd(&|period| LONGER * period < middle, "shorter than two thirds of"),
    ];
    let found: Vec<String> = found.into_iter().flatten().collect();
    (!found.is_empty()).then(|| found.join("; "))
}

/// Where the first of so many is.
fn at(setting: &Setting, row: &Row, count: usize) -> String {
    let time = engineering(setting.t0 + row.leading.edges.start * setting.dt, Dimension::Time, 6);
    if count == 1 { format!(" at {time}") } else { format!(", the first at {time}") }
}
