//! The closed form of a signal while the drive is constant.

/// y(t) = constant + slope·t + Σ coefficient·exp(−rate·t), t in seconds from the start of a segment.
///
/// Every node voltage and branch current of an R-C network has this form between two changes of its drive.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Waveform {
    /// Constant part, A or V.
    pub constant: f64,
    /// Linear part, A/s or V/s (networks without a DC path under a current).
    pub slope: f64,
    /// Decaying parts: (rate in 1/s, positive; coefficient in A or V).
    pub decays: Vec<(f64, f64)>,
}

impl Waveform {
    /// The value `t` seconds into the segment.
    pub fn at(&self, t: f64) -> f64 {
        let decayed: f64 =
            self.decays.iter().map(|&(rate, coefficient)| coefficient * (-rate * t).exp()).sum();
        self.constant + self.slope * t + decayed
    }

    /// ∫ y dt from 0 to `t` (C for a current).
    pub fn integral(&self, t: f64) -> f64 {
        let decayed: f64 =
            self.decays.iter().map(|&(rate, coefficient)| -coefficient * (-rate * t).exp_m1() / rate).sum();
        (self.constant + 0.5 * self.slope * t) * t + decayed
    }

    /// The first instant in (0, `until`] at which y exceeds `level`, to about 1e-15 s; `None` if it stays at or
    /// below. Exact in the sense that no crossing is stepped over: an interval is skipped only if its upper bound
    /// (each term at its own maximum) stays below.
    pub fn first_above(&self, level: f64, until: f64) -> Option<f64> {
        let size: f64 = self.decays.iter().map(|(_, coefficient)| coefficient.abs()).sum();
        let size = size + self.constant.abs() + (self.slope * until).abs();
        // A signal that sits on the level up to rounding does not cross it.
        self.first_above_in(level + 1e-13 * size, 0.0, until, 64)
    }

    /// As [`first_above`](Self::first_above), for falling below `level`.
    pub fn first_below(&self, level: f64, until: f64) -> Option<f64> {
        self.negated().first_above(-level, until)
    }

    /// Largest |y| over [0, `until`], to about one part in 1e9 (or 1e-12 absolute).
    pub fn peak(&self, until: f64) -> f64 {
        self.peak_above(0.0, until)
    }

    /// The larger of `floor` and [`peak`](Self::peak), which is not looked for where it cannot lie above `floor`.
    pub fn peak_above(&self, floor: f64, until: f64) -> f64 {
        // Constant and line between their ends, and each decaying term between its start and nothing.
        let line = self.constant + self.slope * until;
        let (lowest, highest) = (self.constant.min(line), self.constant.max(line));
        let (lowest, highest) = self.decays.iter().fold((lowest, highest), |(lowest, highest), (_, term)| {
            (lowest + term.min(0.0), highest + term.max(0.0))
        });
        if highest.max(-lowest) <= floor { floor } else { self.extreme_in(floor, 0.0, until, 48) }
    }

    /// −y.
    pub fn negated(&self) -> Self {
        Self {
            constant: -self.constant,
            slope: -self.slope,
            decays: self.decays.iter().map(|&(rate, coefficient)| (rate, -coefficient)).collect(),
        }
    }

    /// Upper bound over [from, to].
    fn bound(&self, from: f64, to: f64) -> f64 {
        let decayed: f64 = self
            .decays
            .iter()
            .map(|&(rate, coefficient)| {
                // A positive term is largest at the start of the interval, a negative one at its end.
                let t = if coefficient > 0.0 { from } else { to };
                coefficient * (-rate * t).exp()
            })
            .sum();
        self.constant + (self.slope * from).max(self.slope * to) + decayed
    }

    fn first_above_in(&self, level: f64, from: f64, to: f64, depth: u32) -> Option<f64> {
        if self.bound(from, to) <= level {
            return None;
        }
        let middle = 0.5 * (from + to);
        if depth == 0 || to - from <= 1e-15 || middle <= from || middle >= to {
            return (self.at(to) > level).then_some(to);
        }
        self.first_above_in(level, from, middle, depth - 1)
            .or_else(|| self.first_above_in(level, middle, to, depth - 1))
    }

    /// The larger of `best` and the largest |y| over [from, to].
    fn extreme_in(&self, best: f64, from: f64, to: f64, depth: u32) -> f64 {
        // y at both ends, and bounds of y and of y' in between: a decaying term and its derivative lie between their ends.
        let line = |t: f64| self.constant + self.slope * t;
        let (mut first, mut last) = (line(from), line(to));
        let (mut lowest, mut highest) = (first.min(last), first.max(last));
        let (mut falls, mut climbs) = (self.slope, self.slope);
        for &(rate, coefficient) in &self.decays {
            let (start, end) = (coefficient * (-rate * from).exp(), coefficient * (-rate * to).exp());
            (first, last) = (first + start, last + end);
            (lowest, highest) = (lowest + start.min(end), highest + start.max(end));
            (falls, climbs) = (falls - rate * start.max(end), climbs - rate * start.min(end));
        }
        let best = best.max(first.abs()).max(last.abs());
        let monotone = falls >= 0.0 || climbs <= 0.0;
        if depth == 0 || monotone || highest.max(-lowest) <= best + (best * 1e-9).max(1e-12) {
            return best;
        }
        let middle = 0.5 * (from + to);
        let left = self.extreme_in(best, from, middle, depth - 1);
        self.extreme_in(left, middle, to, depth - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1 + 2 e^{-t} − 4 e^{-3t}: rises from −1 through a maximum at t = ln(6)/2 and falls to 1.
    fn humped() -> Waveform {
        Waveform { constant: 1.0, slope: 0.0, decays: vec![(1.0, 2.0), (3.0, -4.0)] }
    }

    #[test]
    fn an_interior_maximum_is_found() {
        let t = 6.0_f64.ln() / 2.0;
        let expected = 1.0 + 2.0 * (-t).exp() - 4.0 * (-3.0 * t).exp();
        assert!((humped().peak(10.0) - expected).abs() < 1e-8);
        assert!((humped().negated().peak(10.0) - expected).abs() < 1e-8);
        assert_eq!(humped().peak(0.1), 1.0, "at its start, where it is negative");
    }

    #[test]
    fn a_peak_is_looked_for_only_above_what_is_known() {
        let peak = humped().peak(10.0);
        assert!((peak - 1.5443).abs() < 1e-4, "{peak}");
        assert!((humped().peak_above(1.54, 10.0) - peak).abs() < 1e-8);
        assert!((humped().negated().peak_above(1.54, 10.0) - peak).abs() < 1e-8);
        assert_eq!((humped().peak_above(1.55, 10.0), humped().peak_above(7.0, 10.0)), (1.55, 7.0));
        let falling = Waveform { constant: 1.0, slope: -3.0, decays: Vec::new() };
        assert_eq!((falling.peak_above(0.0, 2.0), falling.peak_above(4.9, 2.0)), (5.0, 5.0));
    }

    #[test]
    fn the_first_of_two_crossings_is_found() {
        // 2 e^{-t} = 4 e^{-3t} at t = ln(2)/2; the signal is above 1 from there on.
        let t = humped().first_above(1.0, 50.0).unwrap();
        assert!((t - 2.0_f64.ln() / 2.0).abs() < 1e-11, "{t}");
        assert_eq!(humped().first_above(1.6, 50.0), None);
        let wave = Waveform { constant: 1.0, slope: -2.0, decays: Vec::new() };
        assert!((wave.first_below(-0.5, 1.0).unwrap() - 0.75).abs() < 1e-12);
        assert_eq!(Waveform { constant: 1.0, ..Waveform::default() }.first_above(1.0, 1.0), None);
    }

    #[test]
    fn a_signal_on_the_level_up_to_rounding_does_not_cross_it() {
        // Two terms of 1e6 that cancel after 100 s: 1e-13 of them is 2e-7.
        let wave = |above: f64| Waveform { constant: above - 1e6, slope: 1e4, decays: Vec::new() };
        assert_eq!(wave(1.5e-7).first_above(0.0, 100.0), None);
        let instant = wave(1e-3).first_above(0.0, 100.0).unwrap();
        assert!((instant - (100.0 - 1e-7)).abs() < 1e-10, "{instant}");
    }

    #[test]
    fn the_integral_is_the_antiderivative() {
        let wave = Waveform { constant: 0.3, slope: -0.2, decays: vec![(5.0, 1.0), (40.0, -2.0)] };
        let steps = 20_000;
        let h = 2.0 / f64::from(steps);
        let midpoint: f64 = (0..steps).map(|n| wave.at((f64::from(n) + 0.5) * h) * h).sum();
        assert!((wave.integral(2.0) - midpoint).abs() < 1e-6);
    }

    #[test]
    fn what_is_known_does_not_hide_a_larger_peak_of_either_sign() {
        // ∓3 e^{-t} is largest at once, and ∓3 (1 − e^{-t}) at the end.
        let sinking = Waveform { constant: 0.0, slope: 0.0, decays: vec![(1.0, -3.0)] };
        let rising = Waveform { constant: -3.0, slope: 0.0, decays: vec![(1.0, 3.0)] };
        for (wave, peak) in [(sinking, 3.0), (rising, 3.0 * -(-10.0_f64).exp_m1())] {
            for wave in [wave.negated(), wave] {
                assert!((wave.peak_above(2.5, 10.0) - peak).abs() < 1e-8);
                assert_eq!(wave.peak_above(3.5, 10.0), 3.5);
            }
        }
    }
}
