//! A waveform in a terminal, drawn with Braille dots: two columns and four rows of dots to a character.

use crate::quantity::engineering;
use crate::record::Sketch;

use super::check_line::dimension_of;

/// Dots of one Braille character, by row then column; the code point is U+2800 plus their sum.
const DOTS: [[u32; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// Draws a sketch `width` × `height` characters large, with its scale at the left and its times below.
///
/// Each column of dots spans from the least to the greatest value that falls on it and meets the column before, so that an
/// edge is a line and no spike is lost. Zero is always in the picture. Fewer than two values draw nothing, nor does noise.
pub fn draw(sketch: &Sketch, width: usize, height: usize) -> Vec<String> {
    if sketch.values.len() < 2 || width == 0 || height == 0 {
        return Vec::new();
    }
    let all = || sketch.values.iter().chain(&sketch.limits).copied();
    let (low, high) = (all().fold(0.0, f64::min), all().fold(0.0, f64::max));
    if !(high > low && (high - low).is_finite()) {
        return Vec::new();
    }
    // An odd number of dot rows apart, so that the extremes lie on the first and last row.
    let rows = height * 4;
    let row_of = |value: f64| ((high - value) / (high - low) * (rows - 1) as f64).round() as usize;
    let mut dots = raster(&sketch.values, width * 2, rows, &row_of);
    // Where most dots are lit there is noise and no waveform: nothing to see.
    if dots.iter().flatten().filter(|lit| **lit).count() * 2 > width * 2 * rows {
        return Vec::new();
    }
    for limit in &sketch.limits {
        let row = dots.get_mut(row_of(*limit)).into_iter().flatten();
        row.step_by(3).for_each(|dot| *dot = true);
    }
    let limits = sketch.limits.iter().map(|limit| (row_of(*limit) / 4, *limit));
    let ends = [(row_of(high) / 4, high), (row_of(0.0) / 4, 0.0), (row_of(low) / 4, low)];
    let marks: Vec<(usize, f64)> = ends.into_iter().chain(limits).collect();
    frame(sketch, &dots, width, &marks)
}

/// Lights the dots, one `Vec` of columns for each dot row.
fn raster(values: &[f64], columns: usize, rows: usize, row_of: &dyn Fn(f64) -> usize) -> Vec<Vec<bool>> {
    let mut dots = vec![vec![false; columns]; rows];
    let last = values.len() - 1;
    let mut previous: Option<f64> = None;
    for column in 0..columns {
        let from = column * last / columns;
        let to = ((column + 1) * last / columns).max(from);
        let Some(span) = values.get(from..=to) else { continue };
        let seen = span.iter().copied().chain(previous);
        let top = row_of(seen.clone().fold(f64::NEG_INFINITY, f64::max));
        let bottom = row_of(seen.fold(f64::INFINITY, f64::min));
        for row in dots.iter_mut().take(bottom + 1).skip(top) {
            if let Some(dot) = row.get_mut(column) {
                *dot = true;
            }
        }
        previous = span.last().copied();
    }
    dots
}

/// Puts characters, scale and times together.
fn frame(sketch: &Sketch, dots: &[Vec<bool>], width: usize, marks: &[(usize, f64)]) -> Vec<String> {
    let dimension = dimension_of(&sketch.unit);
    let mut lines = Vec::new();
    for (at, group) in dots.chunks(4).enumerate() {
        let mark = marks.iter().find(|(row, _)| *row == at);
        let label = mark.map_or_else(String::new, |(_, value)| engineering(*value, dimension, 3));
        let tick = if mark.is_some() { '┤' } else { '│' };
        let text: String = (0..width).map(|cell| character(group, cell)).collect();
        let limit = sketch.limits.iter().any(|limit| marks.iter().any(|mark| mark == &(at, *limit)));
        let end = if limit { " limit" } else { "" };
        let text = if limit { text.as_str() } else { text.trim_end_matches('\u{2800}') };
        lines.push(format!("{label:>9} {tick}{text}{end}"));
    }
    let seconds = |value: f64| engineering(value, crate::quantity::Dimension::Time, 4);
    let span = sketch.step * (sketch.values.len() - 1) as f64;
    let (from, to) = (seconds(sketch.start), format!("+{}", seconds(span)));
    let channel = &sketch.channel;
    let room = width.saturating_sub(from.chars().count() + to.chars().count());
    // What is drawn has a line of its own where it would run into the times.
    let fits = channel.chars().count() + 2 <= room;
    let between = if fits { channel.as_str() } else { "" };
    lines.push(format!("{:>9} └{from}{between:^room$}{to}", ""));
    if !fits {
        lines.push(format!("{:>9}  {channel:^width$}", "").trim_end().to_owned());
    }
    lines
}

fn character(rows: &[Vec<bool>], cell: usize) -> char {
    let mut code = 0x2800;
    for (row, weights) in rows.iter().zip(DOTS) {
        for (offset, weight) in weights.into_iter().enumerate() {
            if row.get(cell * 2 + offset).copied().unwrap_or(false) {
                code += weight;
            }
        }
    }
    char::from_u32(code).unwrap_or(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sketch(values: Vec<f64>) -> Sketch {
        Sketch { channel: "e1".into(), unit: "A".into(), start: 0.24, step: 1e-6, values, limits: Vec::new() }
    }

    fn biphasic() -> Vec<f64> {
        let level =
            |from: usize, to: usize, value: f64| move |at: usize| (from..to).contains(&at).then_some(value);
        let (first, second) = (level(100, 300, -2e-3), level(350, 550, 2e-3));
        (0..650).map(|at| first(at).or(second(at)).unwrap_or(0.0)).collect()
    }

    #[test]
    fn limits_are_in_the_picture_however_far_away() {
        let grown: Vec<f64> = (0..200).map(|at| f64::from(at) * 3e-11).collect();
        let limited = Sketch { unit: "C".into(), limits: vec![-2e-9, 2e-9], ..sketch(grown) };
        let lines = draw(&limited, 26, 7);
        let limits: Vec<&String> = lines.iter().filter(|line| line.ends_with(" limit")).collect();
        assert_eq!(limits.len(), 2, "{}", lines.join("\n"));
        assert!(limits[0].contains("2 nC ┤") && limits[1].contains("-2 nC ┤"), "{}", lines.join("\n"));
    }

    #[test]
    fn a_biphasic_pulse_looks_like_one() {
        let lines = draw(&sketch(biphasic()), 26, 5);
        // The picture itself is for eyes; what is fixed is where its corners are.
        assert_eq!(lines.len(), 6);
        let has = |line: &str, at: usize| line.chars().nth(11 + at).is_some_and(|c| c != '\u{2800}');
        assert!(has(&lines[0], 16) && !has(&lines[0], 6), "recovery at the top\n{}", lines.join("\n"));
        assert!(
            has(&lines[4], 6) && !has(&lines[4], 16),
            "leading phase at the bottom\n{}",
            lines.join("\n")
        );
        assert!(lines[0].starts_with("     2 mA ┤") && lines[2].starts_with("      0 A ┤"));
        assert!(
            lines[4].starts_with("    -2 mA ┤")
                && lines[5].contains("240 ms")
                && lines[5].contains("+649 µs")
        );
    }

    #[test]
    fn a_long_name_does_not_run_into_the_times() {
        let channel = "e1: charge beyond the programmed in pulse 6, most like pulse 4";
        let lines = draw(&Sketch { channel: channel.into(), ..sketch(biphasic()) }, 64, 5);
        assert_eq!(lines.len(), 7);
        assert!(lines[5].contains("└240 ms ") && lines[5].ends_with(" +649 µs"), "{}", lines[5]);
        assert_eq!(lines[6].trim(), channel);
        assert!(lines.iter().all(|line| line.chars().count() <= 11 + 64), "{}", lines.join("\n"));
    }

    #[test]
    fn one_sample_of_a_spike_is_seen() {
        let mut values = vec![0.0; 5000];
        values[1234] = 1.0;
        let lines = draw(&sketch(values), 40, 4);
        assert!(lines[0].chars().skip(11).any(|c| c != '\u{2800}'), "{}", lines.join("\n"));
    }

    #[test]
    fn nothing_to_see_draws_nothing() {
        assert!(draw(&sketch(vec![0.0; 50]), 40, 4).is_empty());
        assert!(draw(&sketch(vec![1.0]), 40, 4).is_empty());
        assert!(draw(&sketch(vec![0.0, 1.0]), 0, 4).is_empty());
        let noise = (0..5000).map(|at| f64::from(at * 7919 % 1009) / 1009.0 - 0.5).collect();
        assert!(draw(&sketch(noise), 40, 4).is_empty());
    }
}
