//! A straight line through what was read.

/// A straight line by least squares, with the standard uncertainties that its residuals give (k = 1; Student's factor for
/// the few degrees of freedom is included).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Line {
    pub(super) slope: f64,
    pub(super) slope_u: f64,
    pub(super) intercept: f64,
    pub(super) intercept_u: f64,
}

impl Line {
    /// Through as many pairs as there are of both.
    pub(super) fn through(x: &[f64], y: &[f64]) -> Self {
        let n = x.len().min(y.len()) as f64;
        let (mean_x, mean_y) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
        let spread: f64 = x.iter().map(|x| (x - mean_x).powi(2)).sum();
        let common: f64 = x.iter().zip(y).map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
        let slope = common / spread;
        let intercept = mean_y - slope * mean_x;
        let residual: f64 = x.iter().zip(y).map(|(x, y)| (y - intercept - slope * x).powi(2)).sum();
        let scatter = (residual / (n - 2.0).max(1.0)).sqrt();
        // t(0.975, 7) / 1.960: a coverage factor of 2 then holds 95 %.
        const FEW: f64 = 2.365 / 1.960;
        Self {
            slope,
            slope_u: FEW * scatter / spread.sqrt(),
            intercept,
            intercept_u: FEW * scatter * (1.0 / n + mean_x * mean_x / spread).sqrt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_with_the_scatter_about_it() {
        let x = [-2.0, -1.0, 0.0, 1.0, 2.0];
        let exact = Line::through(&x, &x.map(|x| 3.0 + 2.0 * x));
        assert!((exact.slope - 2.0).abs() < 1e-12 && (exact.intercept - 3.0).abs() < 1e-12);
        assert!(exact.slope_u < 1e-12 && exact.intercept_u < 1e-12);
        // Residuals of ±0.1: NumPy's polyfit gives the same line, and s = 0.1265 by hand.
        let y = [-1.1, 1.1, 2.9, 5.1, 6.9];
        let line = Line::through(&x, &y);
        assert!((line.slope - 2.0).abs() < 1e-12 && (line.intercept - 2.98).abs() < 1e-12, "{line:?}");
    }
}
