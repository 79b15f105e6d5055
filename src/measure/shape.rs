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

    #[test]
    fn a_shape_does_not_depend_on_where_it_stands_nor_on_its_sign() {
        // Two phases that touch: up to 100 with an overshoot of 20 and a slope, then to −60.
        let y = |k: i32| match k - 20 {
            ..0 => 0.0,
            t @ 0..10 => 10.0 * f64::from(t),
            t @ 10..210 => 100.0 - 0.1 * f64::from(t - 110) + 20.0 * 0.5_f64.powf(f64::from(t - 10) / 3.0),
            210..213 => -80.0,
            213..310 => -60.0,
            _ => 0.0,
        };
        let shaper = Shaper::new(1e6, 4e-6);
        assert_eq!((shaper.region, shaper.settling), (20.0, 4.0));
        let shapes = |sign: f64, base: f64, origin: usize| {
            let mut samples = vec![base; origin];
            samples.extend((0..400).map(|k| base + sign * y(k)));
            let phase = |start: f32, end: f32, level: f64| PhaseRow {
                start,
                end,
                level: (base + sign * level) as f32,
                ..PhaseRow::default()
            };
            let phases = [phase(25.0, 229.5, 100.0), phase(229.5, 329.5, -60.0)];
            shaper.measure(&samples, origin as f64, &phases, base)
        };
        let [first, second, none] = shapes(1.0, 0.0, 0);
        assert_eq!(none, ShapeRow::default());
        assert_eq!((first.step, second.step), (100.0, -160.0), "the second from the level of the first");
        assert!(
            (first.excess - 30.0).abs() < 1e-4 && (second.excess - 20.0).abs() < 1e-4,
            "{first:?} {second:?}"
        );
        // From 130 half of the 30 above the level are left where 0.1 t and 20 halved every three come to 15 less.
        let left = |t: f64| 10.0 - 0.1 * t + 20.0 * 0.5_f64.powf(t / 3.0);
        assert!((left(f64::from(first.half)) - 15.0).abs() < 0.3, "{first:?}");
        // A third of the largest sample, 130, is crossed on the way up and on the way from 90 to −60.
        let third = 130.0 / 3.0;
        assert!((f64::from(first.third.0) - (20.0 + third / 10.0)).abs() < 1e-4, "{first:?}");
        assert!((f64::from(first.third.1) - (229.0 + (90.1 - third) / 170.1)).abs() < 1e-3, "{first:?}");
        // The second largest of the samples about the top's beginning.
        assert!((f64::from(first.peak) - (109.9 + 20.0 * 0.5_f64.powf(1.0 / 3.0))).abs() < 1e-3, "{first:?}");
        // One sample before the second phase lie the last two of the first.
        assert!((f64::from(second.peak) - 90.1).abs() < 1e-3 && second.state.0 == -60.0, "{second:?}");
        for (sign, base, origin) in [(-1.0, 0.0, 0), (1.0, 7.0, 0), (1.0, 0.0, 33), (-1.0, -12.0, 5)] {
            for (shape, plain) in shapes(sign, base, origin).iter().zip([first, second]) {
                let near = |a: f32, b: f64| assert!((f64::from(a) - b).abs() < 1e-3, "{shape:?} {plain:?}");
                let turned = |value: f32| base + sign * f64::from(value);
                near(shape.step, sign * f64::from(plain.step));
                near(shape.transition, f64::from(plain.transition));
                near(shape.excess, f64::from(plain.excess));
                near(shape.top.0, turned(plain.top.0));
                near(shape.top.1, turned(plain.top.1));
                near(shape.peak, f64::from(plain.peak));
                near(shape.third.0, f64::from(plain.third.0));
                near(shape.third.1, f64::from(plain.third.1));
                // Of a histogram, whose bins do not turn with the samples.
                let state = f64::from(shape.state.0) - turned(plain.state.0);
                assert!(state.abs() <= f64::from(plain.state.1), "{shape:?} {plain:?}");
                assert_eq!(shape.count, plain.count);
            }
        }
    }

    #[test]
    fn an_excess_is_looked_for_behind_the_edge_for_as_long_as_an_edge_may_ring() {
        // A fast edge: for twenty samples behind its middle at 19.5.
        let excess = |samples: &[f64], start: f32, end: f32| {
            let phase = PhaseRow { start, end, level: 100.0, ..PhaseRow::default() };
            SHAPER.measure(samples, 0.0, &[phase], 0.0)[0].excess
        };
        for (at, found) in [(39, 30.0), (40, 0.0)] {
            let mut samples = vec![0.0; 20];
            samples.extend([100.0; 100]);
            samples[at] = 130.0;
            assert_eq!(excess(&samples, 19.5, 119.5), found, "{at}");
        }
        // One of 16 samples from a tenth to nine: for three times as long behind its middle at 30.
        for (at, found) in [(77, 30.0), (79, 0.0)] {
            let mut samples: Vec<f64> =
                (0..120).map(|k| (5.0 * (f64::from(k) - 20.0)).clamp(0.0, 100.0)).collect();
            samples[at] = 130.0;
            assert_eq!(excess(&samples, 30.0, 119.5), found, "{at}");
        }
        // And not within a quarter of the settling before its end.
        for (end, found) in [(40.5, 30.0), (39.9, 0.0)] {
            let mut samples = vec![0.0; 20];
            samples.extend([100.0; 100]);
            samples[39] = 130.0;
            assert_eq!(excess(&samples, 19.5, end), found, "{end}");
        }
    }

    #[test]
    fn a_peak_takes_two_samples_from_a_sample_before_the_phase_to_one_behind() {
        let peak = |at: usize, span: (f64, f64)| {
            let mut samples = vec![10.0; 100];
            samples[at] = -110.0;
            samples[at + 1] = -90.0;
            median_peak(&samples, span, 10.0)
        };
        assert_eq!((peak(28, (30.5, 60.5)), peak(28, (29.5, 60.5))), (0.0, 100.0));
        assert_eq!((peak(62, (30.5, 60.5)), peak(62, (30.5, 61.5))), (0.0, 100.0));
        assert_eq!((peak(45, (30.5, 60.5)), peak(0, (0.2, 60.5))), (100.0, 100.0));
        let mut lone = vec![10.0; 100];
        lone[45] = 500.0;
        assert_eq!(median_peak(&lone, (30.5, 60.5), 10.0), 0.0);
    }

    #[test]
    fn a_state_is_that_of_the_settled_top() {
        // Settled from 24 to a sample before the end at 59.5.
        let mut samples = vec![0.0; 100];
        samples[20..60].fill(300.0);
        samples[24..58].fill(100.0);
        let edges = |start, end| PhaseEdges { start, end };
        let (level, bin) = state(&samples, edges(20.0, 59.5), 4.0).unwrap();
        assert!((level - 100.0).abs() <= bin && bin <= 1.0, "{level} {bin}");
        // Eight samples are enough.
        assert!(state(&samples, edges(20.0, 33.0), 4.0).is_some());
        assert!(state(&samples, edges(20.0, 32.9), 4.0).is_none());
        assert_eq!(line(&samples, (20.0, 34.0), 4.0).1, 9);
        assert_eq!(line(&samples, (20.0, 32.9), 4.0).1, 8);
        assert_eq!(line(&samples, (20.0, 31.9), 4.0).1, 0);
        // Settled from 36, and no tenth of the phase but a quarter of the settling before its end: to 46.
        assert_eq!(line(&samples, (20.0, 50.0), 16.0).1, 11);
    }

    #[test]
    fn a_third_of_the_peak_counts_the_last_sample_of_a_phase_that_rises_to_its_end() {
        let (from, to) = third(&[0.0, 30.0, 60.0, 90.0, 0.0], PhaseEdges { start: 0.5, end: 3.5 }, 0.0, 0.0);
        assert!((from - 1.0).abs() < 1e-6 && (to - (3.0 + 60.0 / 90.0)).abs() < 1e-6, "{from} {to}");
    }
}
