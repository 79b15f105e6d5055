//! Integral non-linearity of the converter, as the calibration states it.

use crate::signal::Calibration;

use super::Input;

const KNOTS: usize = 33;

/// Sensitivity of a linear combination of codes to the error at each knot.
///
/// The error of a code is piecewise linear between 33 knots over full scale, each drawn independently within ± inl. A
/// combination Σ cⱼ·e(xⱼ) therefore has the variance inl²/3·Σ wₖ² with wₖ = Σ cⱼ·hatₖ(xⱼ): codes between the same two
/// knots share their error, a code midway between two has √½ of a knot's, and +I and −I, far apart, share nothing:
/// which is why non-linearity is what limits charge balance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nonlinearity {
    weights: [f64; KNOTS],
    /// Code of the first knot, and codes between two.
    grid: (f64, f64),
}

impl Default for Nonlinearity {
    fn default() -> Self {
        Self { weights: [0.0; KNOTS], grid: (-32_768.0, 2048.0) }
    }
}

impl Nonlinearity {
    /// Of no code yet, over the full scale of a converter.
    pub fn of(calibration: &Calibration) -> Self {
        let (low, high) = calibration.rails;
        let pitch = (f64::from(high) - f64::from(low) + 1.0) / (KNOTS as f64 - 1.0);
        Self { grid: (f64::from(low), pitch), ..Self::default() }
    }

    /// Adds `weight` times the error at `code`.
    pub fn add(&mut self, code: f64, weight: f64) {
        let position = ((code - self.grid.0) / self.grid.1).clamp(0.0, KNOTS as f64 - 1.0);
        let knot = (position as usize).min(KNOTS - 2);
        let part = position - knot as f64;
        if let Some([left, right]) = self.weights.get_mut(knot..knot + 2) {
            *left += weight * (1.0 - part);
            *right += weight * part;
        }
    }

    /// Adds `factor` times another combination.
    pub fn add_scaled(&mut self, other: &Self, factor: f64) {
        for (weight, more) in self.weights.iter_mut().zip(&other.weights) {
            *weight += factor * more;
        }
    }

    /// The budget line, for knots within ± `inl` codes; `scale` turns codes into the unit of the measurand.
    pub fn input(&self, inl: f64, scale: f64) -> Input {
        let unit = (inl * scale).abs() / 3_f64.sqrt();
        let squares: f64 = self.weights.iter().map(|w| w * w).sum();
        let fourth: f64 = self.weights.iter().map(|w| w.powi(4)).sum();
        Input { bounded: fourth * unit.powi(4), ..Input::common("non-linearity", squares.sqrt() * unit) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_cancel_and_opposites_do_not() {
        let u = |terms: &[(f64, f64)]| {
            let mut inl = Nonlinearity::default();
            for (code, weight) in terms {
                inl.add(*code, *weight);
            }
            inl.input(1.0, 1.0).u
        };
        let knot = 1.0 / 3_f64.sqrt();
        assert!((u(&[(0.0, 1.0)]) - knot).abs() < 1e-12);
        assert!((u(&[(1024.0, 1.0)]) - knot * 0.5_f64.sqrt()).abs() < 1e-12);
        assert!(u(&[(10.0, 1.0), (10.0, -1.0)]) < 1e-12);
        assert!((u(&[(16_384.0, 1.0), (-16_384.0, 1.0)]) - knot * 2_f64.sqrt()).abs() < 1e-12);
        // A knot between two codes takes the part of either that is its own.
        assert!((u(&[(1024.0, 1.0), (2048.0, 1.0)]) - knot * 2.5_f64.sqrt()).abs() < 1e-12);
        assert!((u(&[(1024.0, 1.0), (2048.0, -1.0)]) - knot * 0.5_f64.sqrt()).abs() < 1e-12);
        // At the end of the scale and beyond it there is one knot.
        for code in [32_768.0, -32_768.0, 1e6, -1e6] {
            assert!((u(&[(code, 1.0)]) - knot).abs() < 1e-12, "{code}");
        }
        // Between the same two knots only the difference counts.
        assert!((u(&[(512.0, 1.0), (0.0, -1.0)]) - knot * 0.25 * 2_f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn knots_lie_over_the_full_scale_of_the_converter() {
        // Eight bits: a knot every eight codes from −128 on.
        let mut inl = Nonlinearity::of(&Calibration { rails: (-128, 127), ..Calibration::default() });
        inl.add(-120.0, 1.0);
        // Half-way between the second and the third, and twice of each half taken off.
        let mut other = Nonlinearity::of(&Calibration { rails: (-128, 127), ..Calibration::default() });
        other.add(-116.0, 1.0);
        assert!((other.input(1.0, 1.0).u - (1.0 / 3_f64.sqrt()) * 0.5_f64.sqrt()).abs() < 1e-12);
        inl.add_scaled(&other, -4.0);
        // Weights 1 − 2 and −2 of rectangles of 3 codes of 0.1 mV, and the fourth powers of both.
        let line = inl.input(3.0, 1e-4);
        let unit = 3e-4 / 3_f64.sqrt();
        assert!((line.u / (unit * 5_f64.sqrt()) - 1.0).abs() < 1e-12, "{}", line.u);
        assert!((line.bounded / (17.0 * unit.powi(4)) - 1.0).abs() < 1e-12, "{}", line.bounded);
        // Two equal ones: twice the fourth power, where the variance squared is four times it.
        let mut two = Nonlinearity::default();
        two.add(0.0, 1.0);
        two.add(16_384.0, -1.0);
        let line = two.input(3.0, 1e-4);
        assert!((line.u.powi(4) / line.bounded - 2.0).abs() < 1e-12);
    }
}
