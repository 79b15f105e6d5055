//! A straight line through values in order.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// A least-squares line over 0, 1, 2, …
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// Change from one value to the next.
    pub slope: f64,
    /// 95 % interval of the slope, from Student's t with n − 2 degrees of freedom; values that depend on each other make it too narrow.
    pub interval: (f64, f64),
    /// The line at the last value.
    pub last: f64,
    /// How probable a slope as far down as this one is where there is none: one side of the same distribution.
    pub chance_down: f64,
}

impl Line {
    /// After how many further values the line reaches zero from above: at its slope, and at the steep and the flat end of the
    /// slope's interval. Nothing while a slope of zero lies within the interval, or the line is at zero already.
    pub fn reaches_zero(&self) -> Option<(f64, f64, f64)> {
        let (steep, flat) = self.interval;
        let after = |slope: f64| -self.last / slope;
        (flat < 0.0 && self.last > 0.0).then(|| (after(self.slope), after(steep), after(flat)))
    }
}

/// Fits values in order; nothing for fewer than five, as two lines through four points are as good.
pub fn fit(values: &[f64]) -> Option<Line> {
    if values.len() < 5 {
        return None;
    }
    let n = values.len() as f64;
    let middle = (n - 1.0) / 2.0;
    let mean = values.iter().sum::<f64>() / n;
    let at = |place: usize| place as f64 - middle;
    let xx: f64 = (0..values.len()).map(|place| at(place).powi(2)).sum();
    let xy: f64 = values.iter().enumerate().map(|(place, value)| at(place) * (value - mean)).sum();
    let slope = xy / xx;
    let left: f64 =
        values.iter().enumerate().map(|(place, value)| (value - mean - slope * at(place)).powi(2)).sum();
    let student = StudentsT::new(0.0, 1.0, n - 2.0).ok()?;
    let error = (left / (n - 2.0) / xx).sqrt();
    let half = student.inverse_cdf(0.975) * error;
    // Without any scatter a slope is what it is.
    let chance_down = match error > 0.0 {
        true => student.cdf(slope / error),
        false if slope < 0.0 => 0.0,
        false => 1.0,
    };
    Some(Line { slope, interval: (slope - half, slope + half), last: mean + slope * middle, chance_down })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fit_is_that_of_a_textbook() {
        // x = 0…4, y = 1, 3, 2, 5, 4: slope 0.8, standard error 0.34641, t(0.975, 3) = 3.18245.
        let line = fit(&[1.0, 3.0, 2.0, 5.0, 4.0]).unwrap();
        assert!((line.slope - 0.8).abs() < 1e-12 && (line.last - 4.6).abs() < 1e-12, "{line:?}");
        assert!((line.interval.1 - (0.8 + 3.18245 * 0.346_410_16)).abs() < 1e-5, "{line:?}");
        assert_eq!(line.reaches_zero(), None, "it grows");
        // t = 0.8/0.34641 = 2.3094 with 3 degrees of freedom: 5.2 % beyond it on one side.
        assert!((line.chance_down - 0.947_96).abs() < 1e-4, "{line:?}");
        let down = fit(&[-1.0, -3.0, -2.0, -5.0, -4.0]).unwrap();
        assert!((down.chance_down + line.chance_down - 1.0).abs() < 1e-12, "{down:?}");
        assert_eq!(fit(&[5.0, 4.0, 3.0, 2.0, 1.0]).unwrap().chance_down, 0.0);
        assert_eq!(fit(&[1.0; 5]).unwrap().chance_down, 1.0);
    }

    #[test]
    fn a_shrinking_line_says_when_it_is_used_up() {
        let values: Vec<f64> = (0..20).map(|at| 100.0 - f64::from(at) + 0.1 * f64::from(at % 3)).collect();
        let (after, early, late) = fit(&values).unwrap().reaches_zero().unwrap();
        assert!((after - 81.0).abs() < 1.0 && early < after && late > after, "{after} {early} {late}");
        let exact: Vec<f64> = (0..5).map(|at| 10.0 - 2.0 * f64::from(at)).collect();
        assert_eq!(fit(&exact).unwrap().reaches_zero(), Some((1.0, 1.0, 1.0)));
        let steep = [40.0, 31.0, 24.0, 13.0, 6.0];
        let line = fit(&steep).unwrap();
        // Slope −8.6, residuals 0, −0.4, 1.2, −1.2, 0.4: s² = 3.2/3, half = 3.18245·√(s²/10).
        let half = 3.182_446 * (3.2_f64 / 3.0 / 10.0).sqrt();
        let (after, early, late) = line.reaches_zero().unwrap();
        assert!((line.last - 5.6).abs() < 1e-9 && (after - 5.6 / 8.6).abs() < 1e-9, "{line:?}");
        assert!((early - 5.6 / (8.6 + half)).abs() < 1e-6, "{early}");
        assert!((late - 5.6 / (8.6 - half)).abs() < 1e-6, "{late}");
        // Beyond zero there is nothing left to reach, and four values are no line.
        assert_eq!(fit(&steep.map(|value| value - 50.0)).unwrap().reaches_zero(), None);
        assert_eq!(fit(&steep[..4]), None);
        let flat: Vec<f64> = (0..20).map(|at| 1.0 + f64::from(at * 7 % 5)).collect();
        assert_eq!(fit(&flat).unwrap().reaches_zero(), None);
    }
}
