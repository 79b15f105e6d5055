//! The shape of a phase: what its first edge does beyond its level, how long the edge takes, how the top sinks.
//!
//! Only for contacts whose checks ask for it: a train that nobody asks about pays nothing.

use super::edge::{PhaseEdges, Slope, crossing, last_crossing};
use super::level::state_level;
use super::sample::Sample;
use super::{PhaseRow, ShapeRow};

/// The region of post-transition aberrations is at least this long, s.
const REGION: f64 = 20e-6;

/// Measures the shapes of one contact's pulses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shaper {
    /// [`REGION`] in samples.
    region: f64,
    settling: f64,
}

impl Shaper {
    pub(super) fn new(sample_rate: f64, settling: f64) -> Self {
        Self { region: REGION * sample_rate, settling: settling * sample_rate }
    }

    /// Shapes of the phases found in `samples` (codes); `origin` is the sample that their instants refer to, counted
    /// from the first of `samples`.
    pub(super) fn measure<S: Sample>(
        self,
        samples: &[S],
        origin: f64,
        phases: &[PhaseRow],
        base: f64,
    ) -> [ShapeRow; 3] {
        let mut shapes = [ShapeRow::default(); 3];
        let mut before = (base, f64::NEG_INFINITY);
        for (shape, phase) in shapes.iter_mut().zip(phases) {
            let (start, end) = (f64::from(phase.start) + origin, f64::from(phase.end) + origin);
            let level = f64::from(phase.level);
            // Phases that touch share an edge, whose step is from one level to the other.
            let from = if before.1 == start { before.0 } else { base };
            before = (level, end);
            let edges = PhaseEdges { start, end };
            *shape = ShapeRow {
                peak: median_peak(samples, (start, end), base) as f32,
                third: third(samples, edges, base, origin),
                state: state(samples, edges, self.settling).unwrap_or((phase.level, f32::NAN)),
                ..self.phase(samples, (start, end), (from, level))
            };
        }
        shapes
    }

    fn phase<S: Sample>(
        self,
        samples: &[S],
        (start, end): (f64, f64),
        (from, level): (f64, f64),
    ) -> ShapeRow {
        let transition = transition(samples, (start, end), (from, level));
        let region = self.region.max(if transition.is_finite() { 3.0 * transition } else { 0.0 });
        // The filter shows the next edge a quarter of its settling time early at most.
        let last = end - 0.25 * self.settling;
        let (excess, half) =
            excess(samples, (start, last.min(start + region)), level, (level - from).signum());
        let (top, count) = line(samples, (start, end), self.settling);
        ShapeRow {
            step: (level - from) as f32,
            transition: transition as f32,
            excess: excess as f32,
            half: half as f32,
            top: (top.0 as f32, top.1 as f32),
            count: count as u32,
            ..ShapeRow::default()
        }
    }
}

/// t90 − t10 of the edge at `start`, in samples; NaN if one of them is not found.
fn transition<S: Sample>(samples: &[S], (start, end): (f64, f64), (from, level): (f64, f64)) -> f64 {
    let slope = if level > from { Slope::Rising } else { Slope::Falling };
    let at = |part: f64| from + part * (level - from);
    let middle = start.max(0.0).ceil() as usize;
    let first = last_crossing(samples, middle + 1, at(0.1), slope);
    let last = crossing(samples, middle.saturating_sub(1), at(0.9), slope).filter(|last| *last < end);
    first.zip(last).map_or(f64::NAN, |(first, last)| last - first)
}

/// Largest excess over the level within [from, to], and the time from there until half of it is left (infinite where it
/// does not fall that far).
fn excess<S: Sample>(samples: &[S], (from, to): (f64, f64), level: f64, sign: f64) -> (f64, f64) {
    let first = from.max(0.0).ceil() as usize;
    let region = samples.get(first..(to.max(0.0) as usize + 1).min(samples.len())).unwrap_or(&[]);
    let over = |y: f64| sign * (y - level);
    let Some((peak, highest)) =
        region.iter().map(|sample| over(sample.value())).enumerate().max_by(|a, b| a.1.total_cmp(&b.1))
    else {
        return (f64::NAN, f64::INFINITY);
    };
    let fallen = crossing(
        region,
        peak,
        level + sign * 0.5 * highest,
        if sign > 0.0 { Slope::Falling } else { Slope::Rising },
    );
    (highest, fallen.filter(|_| highest > 0.0).map_or(f64::INFINITY, |fallen| fallen - peak as f64))
}

/// A straight line through the central 80 % of a phase, or what of it has settled: its values at 10 % and 90 %, and how
/// many samples it rests on (0 where they are fewer than eight).
fn line<S: Sample>(samples: &[S], (start, end): (f64, f64), settling: f64) -> ((f64, f64), usize) {
    let trim = 0.1 * (end - start);
    let from = (start + trim.max(settling)).max(0.0).ceil() as usize;
    let to = (end - trim.max(0.25 * settling)).max(0.0) as usize + 1;
    let top = samples.get(from..to.min(samples.len())).filter(|top| top.len() >= 8).unwrap_or(&[]);
    let n = top.len() as f64;
    let centre = 0.5 * (n - 1.0);
    let mean = S::sum(top) / n;
    let moment: f64 =
        top.iter().enumerate().map(|(k, sample)| (k as f64 - centre) * (sample.value() - mean)).sum();
    let slope = moment * 12.0 / (n * (n * n - 1.0));
    let at = |instant: f64| mean + slope * (instant - from as f64 - centre);
    ((at(start + trim), at(end - trim)), top.len())
}

/// Largest median of three neighbouring |y − base| between two instants and one sample beyond either.
fn median_peak<S: Sample>(samples: &[S], (start, end): (f64, f64), base: f64) -> f64 {
    let from = (start.floor() - 1.0).max(0.0) as usize;
    let to = (end.max(0.0).ceil() as usize + 2).min(samples.len());
    let distance = |sample: &S| (sample.value() - base).abs();
    let three = samples.get(from..to).unwrap_or(&[]).windows(3).filter_map(<[S]>::as_array::<3>);
    three
        .map(|three| three.each_ref().map(distance))
        .map(|[a, b, c]| a.max(b).min(a.min(b).max(c)))
        .fold(0.0, f64::max)
}

/// State level of the top from where it has settled to where the next edge begins, which the filter makes a quarter of
/// its settling time early at most.
fn state<S: Sample>(samples: &[S], edge: PhaseEdges, settle: f64) -> Option<(f32, f32)> {
    let (from, to) = ((edge.start + settle).max(0.0) as usize, (edge.end - 0.25 * settle).max(0.0) as usize);
    let top = samples.get(from..to.min(samples.len())).filter(|top| top.len() >= 8)?;
    state_level(top, 1.0).map(|(level, bin)| (level as f32, bin as f32))
}

/// Instants at a third of the phase's peak, relative to `origin`.
fn third<S: Sample>(samples: &[S], edge: PhaseEdges, base: f64, origin: f64) -> (f32, f32) {
    let (from, to) = (edge.start.max(0.0) as usize, edge.end.max(0.0) as usize + 1);
    let mut peak = (from, 0.0_f64);
    for (k, sample) in samples.iter().enumerate().take(to).skip(from) {
        let y = sample.value() - base;
        if y.abs() > peak.1.abs() {
            peak = (k, y);
        }
    }
    PhaseEdges::at(samples, peak.0, base, base + peak.1, 1.0 / 3.0)
        .map_or((f32::NAN, f32::NAN), |third| ((third.start - origin) as f32, (third.end - origin) as f32))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPER: Shaper = Shaper { region: 20.0, settling: 4.0 };

    #[test]
    fn a_sinking_overshooting_phase_has_the_shape_it_was_drawn_with() {
        // From 0 to 100 in ten samples, 20 above at the edge's end, halved every three; the top sinks by a tenth a sample.
        let y = |k: i32| match k - 20 {
            ..0 => 0.0,
            t @ 0..10 => 10.0 * f64::from(t),
            t @ 10..210 => 100.0 - 0.1 * f64::from(t - 110) + 20.0 * 0.5_f64.powf(f64::from(t - 10) / 3.0),
            _ => 0.0,
        };
        let samples: Vec<f64> = (0..300).map(y).collect();
        let phase = PhaseRow { start: 25.0, end: 229.5, level: 100.0, ..PhaseRow::default() };
        let [shape, ..] = SHAPER.measure(&samples, 0.0, &[phase], 0.0);
        assert!((shape.transition - 8.0).abs() < 1e-4, "{shape:?}");
        // 100 + 10 (the line's own) + 20.
        assert!((shape.excess - 30.0).abs() < 1e-4, "{shape:?}");
        assert_eq!(shape.step, 100.0);
        let sunk = shape.top.0 - shape.top.1;
        assert!((sunk - 0.1 * 0.8 * 204.5).abs() < 0.2, "{sunk}");
    }

    #[test]
    fn what_the_filter_shows_of_the_next_edge_is_no_excess() {
        // A top of 16 samples at −100 before a phase of the same sign twice as large, which shows a sample early.
        let mut samples = vec![0.0; 10];
        samples.extend([-100.0; 16]);
        samples.extend([-150.0, -200.0, -200.0]);
        let phase = PhaseRow { start: 9.5, end: 26.5, level: -100.0, ..PhaseRow::default() };
        let [shape, ..] = SHAPER.measure(&samples, 0.0, &[phase], 0.0);
        assert_eq!(shape.excess, 0.0, "{shape:?}");
    }

    #[test]
    fn half_of_an_excess_is_left_after_its_half_life() {
        let samples: Vec<f64> = (0..100).map(|t| -100.0 - 20.0 * 0.5_f64.powf(f64::from(t) / 3.0)).collect();
        let (highest, half) = excess(&samples, (0.0, 30.0), -100.0, -1.0);
        assert!((highest - 20.0).abs() < 1e-12 && (half - 3.0).abs() < 1e-12);
        assert_eq!(excess(&[5.0; 9], (0.0, 8.0), 5.0, 1.0), (0.0, f64::INFINITY));
    }

    #[test]
    fn a_line_is_found_exactly_and_a_short_top_has_none() {
        let samples: Vec<f64> = (0..200).map(|k| 50.0 - 0.25 * f64::from(k)).collect();
        let ((a, b), n) = line(&samples, (20.0, 120.0), 4.0);
        assert!(
            (a - (50.0 - 0.25 * 30.0)).abs() < 1e-9 && (b - (50.0 - 0.25 * 110.0)).abs() < 1e-9,
            "{a} {b}"
        );
        assert_eq!(n, 81);
        assert_eq!(line(&samples, (20.0, 30.0), 4.0).1, 0);
    }
}
