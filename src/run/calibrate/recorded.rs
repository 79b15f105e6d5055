//! What a traceable instrument recorded of the test source's current, laid over the levels that were driven.
//!
//! Instrument and bench share no clock: the record is shifted until its means within the levels follow them best. It must then
//! be steady within each level and lie on a straight line with what was driven, or it is of something else.

use super::line::Line;

/// A level that was driven.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Window {
    /// When it was read, s of the bench's clock.
    pub(super) from: f64,
    pub(super) to: f64,
    /// What the source was told, A.
    pub(super) current: f64,
}

/// A record of the current, from before the first level to behind the last.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Its samples, A.
    pub current: Vec<f64>,
    /// Interval between them, s.
    pub period: f64,
    /// Relative standard uncertainty of the instrument.
    pub u: f64,
}

/// Samples that a level must have.
const SAMPLES: f64 = 4.0;
/// The middle of a level: what lies closer to its ends may belong to a neighbour, as far as clocks and delays go.
const MIDDLE: f64 = 0.6;
/// How far the record may lie off a straight line with what was driven, of the largest level.
const STRAIGHT: f64 = 0.01;
/// How far the two halves of a level may differ, of the largest level.
const STEADY: f64 = 0.002;
/// What it may show of what was driven: a source that is further off is broken.
const SCALE: std::ops::RangeInclusive<f64> = 0.9..=1.1;

impl Recorded {
    /// The current in each of the levels, A.
    ///
    /// # Errors
    /// A lowercase fragment: why this is no record of these levels.
    pub(super) fn currents(&self, windows: &[Window]) -> Result<Vec<f64>, String> {
        let refused = |why: String| Err(format!("the reference {why}"));
        let (Some(first), Some(last)) = (windows.first(), windows.last()) else {
            return refused("has no levels to be compared with".to_owned());
        };
        let shortest = windows.iter().map(|window| window.to - window.from).fold(f64::INFINITY, f64::min);
        if MIDDLE * shortest < SAMPLES * self.period {
            return refused(format!(
                "is sampled every {:.3} s, and a level lasts {shortest:.3} s: sample faster, or drive longer (--dwell)",
                self.period
            ));
        }
        let (length, lasted) = (self.current.len() as f64 * self.period, last.to - first.from);
        if length < lasted {
            return refused(format!(
                "is {length:.2} s long, and the levels took {lasted:.2} s: record from before the first to behind the last"
            ));
        }
        let sums = Sums::of(&self.current);
        let driven: Vec<f64> = windows.iter().map(|window| window.current).collect();
        let shift = self.shift(&sums, (windows, &driven), length - lasted, shortest);
        let means: Vec<f64> =
            windows.iter().map(|window| self.mean(&sums, *window, shift, (0.0, 1.0))).collect();
        let largest = driven.iter().fold(0.0_f64, |largest, current| largest.max(current.abs()));
        let line = Line::through(&driven, &means);
        if line.slope < 0.0 && SCALE.contains(&-line.slope) {
            return refused(
                "has the opposite sign of what was driven: swap its leads, or its sign".to_owned(),
            );
        }
        let most = STRAIGHT * largest * line.slope.abs().max(1.0);
        // A mean that is no number follows nothing.
        let follows = driven
            .iter()
            .zip(&means)
            .all(|(current, mean)| (mean - line.intercept - line.slope * current).abs() <= most);
        if !follows {
            return refused(
                "does not follow the levels that were driven: record this current while they are driven"
                    .to_owned(),
            );
        }
        if !SCALE.contains(&line.slope) {
            return refused(format!(
                "shows {:.4} of what was driven: check its unit, its range and its shunt",
                line.slope
            ));
        }
        let unsteady = windows.iter().find(|window| {
            let half = |part| self.mean(&sums, **window, shift, part);
            (half((0.0, 0.5)) - half((0.5, 1.0))).abs() > STEADY * largest
        });
        if let Some(window) = unsteady {
            return refused(format!(
                "is not steady at {:.3e} A: let it settle, or drive longer (--dwell)",
                window.current
            ));
        }
        Ok(means)
    }

    /// The middle of the shifts, s, at which the record follows the levels best.
    fn shift(&self, sums: &Sums, (windows, driven): (&[Window], &[f64]), room: f64, shortest: f64) -> f64 {
        let origin = windows.first().map_or(0.0, |window| window.from);
        // Fine enough that several of them lie within the shortest level.
        let step = (shortest * (1.0 - MIDDLE) / 4.0).max(self.period);
        let mut best: (f64, f64, f64) = (f64::INFINITY, 0.0, 0.0);
        for number in 0..=(room / step) as u64 {
            let shift = number as f64 * step - origin;
            // A reference of another scale is told from one of another time by its straightness.
            let means: Vec<f64> =
                windows.iter().map(|window| self.mean(sums, *window, shift, (0.0, 1.0))).collect();
            let line = Line::through(driven, &means);
            let average = means.iter().sum::<f64>() / means.len() as f64;
            let follows = |current: &f64| line.intercept + line.slope * current;
            let residual: f64 =
                means.iter().zip(driven).map(|(mean, current)| (mean - follows(current)).powi(2)).sum();
            let spread: f64 = means.iter().map(|mean| (mean - average).powi(2)).sum();
            let off = residual / spread.max(f64::MIN_POSITIVE);
            if off < 0.5 * best.0 {
                best = (off, shift, shift);
            } else if off <= 2.0 * best.0 && shift - best.2 < 1.5 * step {
                best = (best.0.min(off), best.1, shift);
            }
        }
        0.5 * (best.1 + best.2)
    }

    /// The mean over a part of the middle of a level, A.
    fn mean(&self, sums: &Sums, window: Window, shift: f64, (from, to): (f64, f64)) -> f64 {
        let length = MIDDLE * (window.to - window.from);
        let begin = window.from + shift + 0.5 * (1.0 - MIDDLE) * (window.to - window.from);
        let at = |part: f64| ((begin + part * length) / self.period).round().max(0.0) as usize;
        sums.mean(at(from), at(to))
    }
}

/// Running sums, so that a mean costs the same however long it is.
struct Sums(Vec<f64>);

impl Sums {
    fn of(samples: &[f64]) -> Self {
        let mut sum = 0.0;
        let mut sums = Vec::with_capacity(samples.len() + 1);
        sums.push(sum);
        sums.extend(samples.iter().map(|sample| {
            sum += sample;
            sum
        }));
        Self(sums)
    }

    /// The mean of samples `from..to`; none of no samples.
    fn mean(&self, from: usize, to: usize) -> f64 {
        match (self.0.get(from), self.0.get(to)) {
            (Some(before), Some(after)) if to > from => (after - before) / (to - from) as f64,
            _ => f64::NAN,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two ranges of nine levels, driven from 2 s on.
    fn windows() -> Vec<Window> {
        let mut from = 2.0;
        let mut windows = Vec::new();
        for range in [4e-3, 32e-3] {
            for step in -4..=4 {
                let current = 0.8 * range * f64::from(step) / 4.0;
                windows.push(Window { from, to: from + 0.05, current });
                from += 0.055;
            }
            from += 0.01;
        }
        windows
    }

    /// What an instrument records that begins so long before the first level and shows `of` of it, a sample each millisecond.
    fn recorded(before: f64, of: impl Fn(f64, usize) -> f64) -> Recorded {
        let windows = windows();
        let current = |number: usize| {
            let t = number as f64 * 1e-3 - before + 2.0;
            // A level is there from 5 ms before it is read.
            let now = windows.iter().find(|window| (window.from - 0.005..window.to).contains(&t));
            of(now.map_or(0.0, |window| window.current), number)
        };
        Recorded { current: (0..2000).map(current).collect(), period: 1e-3, u: 1e-4 }
    }

    #[test]
    fn a_record_is_found_wherever_it_begins() {
        for before in [0.03, 0.2, 0.4321, 0.9] {
            // The source gives 0.3 % more than it is told, and 2 µA.
            let seen = recorded(before, |current, number| {
                let noise = if number % 2 == 0 { 1e-6 } else { -1e-6 };
                1.003 * current + 2e-6 + noise
            });
            let currents = seen.currents(&windows()).unwrap();
            for (current, window) in currents.iter().zip(windows()) {
                assert!(
                    (current - 1.003 * window.current - 2e-6).abs() < 1e-7,
                    "{before}: {current} {window:?}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_record_of_these_levels_is_refused_by_name() {
        let refused = |seen: Recorded| seen.currents(&windows()).unwrap_err();
        for (seen, why) in [
            (recorded(0.2, |_, number| 1e-3 * (number as f64 * 0.1).sin()), "does not follow the levels"),
            (recorded(0.2, |current, _| -current), "opposite sign"),
            (recorded(0.2, |current, _| 1e3 * current), "shows 1000"),
            (recorded(0.2, |current, _| 0.8 * current), "shows 0.8"),
            (recorded(0.2, |current, _| current.clamp(-10e-3, 10e-3)), "does not follow the levels"),
            (recorded(0.2, |_, _| 0.0), "shows 0.0000"),
            (recorded(0.2, |_, _| f64::NAN), "does not follow the levels"),
        ] {
            let said = refused(seen);
            assert!(said.contains(why), "{why}: {said}");
        }
        let whole = recorded(0.2, |current, _| current);
        let cut = Recorded { current: whole.current[..900].to_vec(), ..whole.clone() };
        assert!(refused(cut).contains("is 0.90 s long"));
        let slow =
            Recorded { current: whole.current.iter().step_by(20).copied().collect(), period: 0.02, ..whole };
        assert!(refused(slow).contains("sample faster"));
    }
}
